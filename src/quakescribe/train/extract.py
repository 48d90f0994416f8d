"""One cut-out of a filtered block, at the rate the networks see."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from quakescribe.waveforms.block import Block
from quakescribe.waveforms.prepare import grid_time_ns
from quakescribe.waveforms.resample import reach_of, resample


@dataclass(frozen=True)
class Cut:
    """A stretch of one station at a given rate.

    Attributes
    ----------
    start_ns
        Time of the first sample (ns after 1970), by the digitiser's clock in the middle of the cut.
    data, mask
        Shape (3, n): float32, zero where masked; True where there is no valid sample. Rows Z, N, E.
    present
        Which components have a valid sample, in this order.
    """

    start_ns: int
    data: NDArray[np.float32]
    mask: NDArray[np.bool_]
    present: str

    @property
    def rows(self) -> list[int]:
        """The rows of the present components."""
        return ["ZNE".index(one) for one in self.present]


def cut_out(block: Block, middle_ns: int, n: int, rate: float) -> Cut:
    """Cut n samples at a rate (Hz) out of a block, with the sample nearest to a time in the middle (index n // 2).

    Nothing is moved by less than a sample: at the block's own rate the samples are the block's. At another rate they
    are filtered and resampled (a polyphase filter of SciPy's), the sample in the middle staying where it is; what the
    filter would take from masked samples is masked. Beyond the block's ends all is masked.
    """
    ratio = Fraction(rate / block.sampling_rate).limit_denominator(1000)
    up, down = ratio.numerator, ratio.denominator
    middle = block.index(middle_ns)
    half = n // 2
    if up == down:
        data, mask = _slice(block, middle - half, n)
    else:
        data, mask = _resampled(block, middle, n, up, down)
    data[mask] = 0.0
    present = "".join(one for c, one in enumerate("ZNE") if one in block.present and not mask[c].all())
    at = min(max(middle, 0), block.n - 1)
    time = grid_time_ns(block.first + middle, block.sampling_rate) + int(block.offset_ns[at])
    return Cut(time - round(half / rate * 1e9), data, mask, present)


def _slice(block: Block, first: int, n: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return n samples from an index on, float32, and their mask."""
    data, mask = np.zeros((3, n), dtype=np.float32), np.ones((3, n), dtype=bool)
    low, high = min(max(first, 0), block.n), max(min(first + n, block.n), 0)
    if high > low:
        data[:, low - first:high - first] = block.data[:, low:high]
        mask[:, low - first:high - first] = block.mask[:, low:high]
    return data, mask


def _resampled(block: Block, middle: int, n: int, up: int, down: int) -> tuple[NDArray[np.float32],
                                                                              NDArray[np.bool_]]:
    """Return n samples at up / down times the block's rate; sample n // 2 falls on the block's sample ``middle``."""
    reach = reach_of(up, down)
    before = -(-(-(-(n // 2) * down // up) + reach) // down) * down
    after = -(-(n - n // 2) * down // up) + reach + 1
    data, mask = _slice(block, middle - before, before + after)
    data[mask] = 0.0
    fine, masked = resample(data, mask, up, down)
    first = before * up // down - n // 2
    return fine[:, first:first + n], masked[:, first:first + n]


def runs_of(block: Block, start_ns: int, end_ns: int) -> NDArray[np.int64]:
    """Return shape (n, 2): where the vertical is valid within a span, from and until before (ns).

    A sample is left off at both ends, so that a time within can be moved to the nearest sample.
    """
    first, last = max(block.index(start_ns), 0), min(block.index(end_ns), block.n)
    if "Z" not in block.present or last - first < 3:
        return np.empty((0, 2), dtype=np.int64)
    valid = np.concatenate([[False], ~block.mask[0, first:last], [False]])
    runs = np.flatnonzero(valid[1:] != valid[:-1]).reshape(-1, 2)
    runs = runs[runs[:, 1] - runs[:, 0] > 2]
    inner = [(block.first + first + int(low) + 1, block.first + first + int(high) - 1) for low, high in runs]
    return np.array([[grid_time_ns(i, block.sampling_rate) for i in pair] for pair in inner],
                    dtype=np.int64).reshape(-1, 2)
