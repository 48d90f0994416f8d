"""A recording to curves of probability: windows on an absolute grid, in batches that are the same wherever one cuts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quakescribe.waveforms.block import Block, lone_horizontal
from quakescribe.waveforms.resample import resample

if TYPE_CHECKING:
    from quakescribe.nets.pickers import Picker

SECOND = 1_000_000_000
PAD_S = 10  # of resampling and of filters, on both sides of a batch
LARGEST_RATIO = 64


@dataclass(frozen=True)
class Curves:
    """Probabilities of P and S, shape (2, n) float32; sample i lies (first + i) / rate seconds after 1970."""

    values: NDArray[np.float32]
    first: int
    rate: float


@dataclass(frozen=True)
class Grid:
    """Where the windows of a network lie: window j begins j strides after 1970, a batch holds ``batch`` of them.

    A batch is always whole and always of the same windows, so that the arithmetic, and with it every last bit, is the
    same wherever a recording is cut into units of work.
    """

    window: int
    stride: int
    rate: float
    batch: int

    def batches(self, start_ns: int, end_ns: int) -> range:
        """Return the numbers of the batches that see the time from start to end (ns after 1970)."""
        low, high = (int(ns * self.rate // SECOND) for ns in (start_ns, end_ns))
        first, last = (low - self.window) // self.stride + 1, high // self.stride
        return range(first // self.batch, last // self.batch + 1)

    def begin(self, batch: int) -> int:
        """Return the first sample of a batch, counted from 1970."""
        return batch * self.batch * self.stride

    @property
    def length(self) -> int:
        """Samples of one batch."""
        return (self.batch - 1) * self.stride + self.window

    def reach_ns(self, batches: range) -> tuple[int, int]:
        """Return the time that some batches need (ns after 1970), margins of resampling and filters included."""
        begin, end = self.begin(batches.start), self.begin(batches.stop - 1) + self.length
        return (int(begin / self.rate * SECOND) - PAD_S * SECOND, int(end / self.rate * SECOND) + PAD_S * SECOND)


def grid_of(picker: Picker, batch: int, overlap: float) -> Grid:
    """Return the grid of a network; a batch spans whole seconds, as the stride is a multiple of 25 samples."""
    form = picker.form
    stride = form.stride if overlap < 0 else max(25, round(form.window * (1 - overlap)) // 25 * 25)
    size = batch * (16 if picker.device == "cuda" else 1)
    return Grid(form.window, stride, form.rate, -(-size // 4) * 4)


def ratio(rate: float, wanted: float) -> Fraction | None:
    """Return wanted / rate as a fraction of small numbers, or None if it is none."""
    found = Fraction(wanted / rate).limit_denominator(LARGEST_RATIO)
    exact = found > 0 and abs(float(found) * rate / wanted - 1) < 1e-9 and found.numerator <= LARGEST_RATIO
    return found if exact else None


def curves(block: Block, picker: Picker, grid: Grid, batches: range, replace: bool, largest: bool = False) -> Curves:
    """Return the probabilities of a block over some batches; where windows overlap, their mean, or the largest.

    Parameters
    ----------
    block
        As the network wants it: band-passed or as recorded. Masked samples count as zeros, after the mean is taken
        off the valid ones.
    replace
        A horizontal that was not recorded is replaced by the one that was.
    """
    begin, end = grid.begin(batches.start), grid.begin(batches.stop - 1) + grid.length
    total = np.zeros((2, end - begin), dtype=np.float32)
    seen = np.zeros(end - begin, dtype=np.uint8)
    left, right = picker.form.blinding
    for number in batches:
        x, valid = _cut(block, picker, grid, number, replace)
        if not valid.any():
            continue
        windows = _windows(x, grid)
        found = picker(windows, None if valid.all() else _windows(valid, grid))
        at = grid.begin(number) - begin + left
        inner = grid.window - left - right
        for one in found[:, :, left:grid.window - right]:
            part = total[:, at:at + inner]
            (np.maximum if largest else np.add)(part, one, out=part)
            seen[at:at + inner] += 1
            at += grid.stride
    if not largest:
        np.divide(total, seen, out=total, where=seen > 1)
    return Curves(total, begin, grid.rate)


def _windows(x: NDArray[Any], grid: Grid) -> NDArray[Any]:
    """Return the windows of a batch, (batch, 3, window), of its samples (3, length)."""
    view = np.lib.stride_tricks.sliding_window_view(x, grid.window, axis=1)[:, ::grid.stride]
    return np.ascontiguousarray(view.transpose(1, 0, 2))


def _cut(block: Block, picker: Picker, grid: Grid, number: int,
         replace: bool) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return samples and validity of one batch, (3, length), at the network's rate and in its order of components."""
    begin = grid.begin(number)
    up = ratio(block.sampling_rate, grid.rate)
    same = up == 1 and picker.filter is None
    pad = 0 if same else PAD_S
    first = round((begin / grid.rate - pad) * block.sampling_rate)
    count = grid.length if same else round((grid.length / grid.rate + 2 * pad) * block.sampling_rate)
    x, valid = _slice(block, first, first + count)
    if replace and (there := lone_horizontal(block.present)):
        x[3 - there], valid[3 - there] = x[there], valid[there]
    if picker.filter is not None:
        x = _filtered(x, valid, block.sampling_rate, picker.filter)
    if up is not None and up != 1:
        x, masked = resample(_centred(x, valid), ~valid, up.numerator, up.denominator)
        valid = ~masked
        x[masked] = 0.0
    start = round(pad * grid.rate)
    order = ["ZNE".index(name) for name in picker.form.components]
    return (np.ascontiguousarray(x[order, start:start + grid.length]),
            np.ascontiguousarray(valid[order, start:start + grid.length]))


def _slice(block: Block, first: int, last: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return samples and validity of [first, last), counted from 1970; not valid where there is nothing."""
    x = np.zeros((3, last - first), dtype=np.float32)
    valid = np.zeros((3, last - first), dtype=bool)
    low, high = max(first, block.first + block.lead), min(last, block.first + block.n)
    if high > low:
        here, there = slice(low - first, high - first), slice(low - block.first, high - block.first)
        data = block.data[:, there]
        good = ~block.mask[:, there] & np.isfinite(data)
        valid[:, here] = good
        x[:, here] = np.where(good, data, 0.0)
    return x, valid


def _centred(x: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    mean = x.sum(axis=1, keepdims=True, dtype=np.float64) / np.maximum(valid.sum(axis=1, keepdims=True), 1)
    return np.where(valid, x - mean, 0.0)


def _filtered(x: NDArray[np.float32], valid: NDArray[np.bool_], rate: float,
              wanted: tuple[float, float, int, bool]) -> NDArray[np.float32]:
    """Return samples through the Butterworth filter that a SeisBench model asks for."""
    from scipy.signal import sosfilt, sosfiltfilt

    low, high, corners, zero_phase = wanted
    sos = _design(low, high, corners, rate)
    if sos is None:
        return x
    centred = _centred(x, valid)
    out = sosfiltfilt(sos, centred, axis=1) if zero_phase else sosfilt(sos, centred, axis=1)
    return np.where(valid, out, 0.0).astype(np.float32)


@lru_cache(maxsize=8)
def _design(low: float, high: float, corners: int, rate: float) -> NDArray[np.float64] | None:
    """Return the second-order sections of the filter; None if it passes everything."""
    from scipy.signal import butter

    if high >= 0.5 * rate and low <= 0:
        return None
    if high >= 0.5 * rate:
        return np.asarray(butter(corners, low, "highpass", fs=rate, output="sos"))
    return np.asarray(butter(corners, high if low <= 0 else (low, high), "lowpass" if low <= 0 else "bandpass", fs=rate,
                             output="sos"))
