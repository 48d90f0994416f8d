"""How samples are varied: where the window lies, what is added to it, what is taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quakescribe.settings.train import AugmentSettings
from quakescribe.train.targets import Onsets

EDGE_S = 0.5  # an onset that must be in the window is no nearer to its ends than this
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Pieces:
    """Samples as stored, (n, 3, length), and the onsets within; ``p`` and ``s`` (samples) are NaN of negatives."""

    x: Floats
    p: NDArray[np.float64]
    s: NDArray[np.float64]
    onsets: Onsets
    station: NDArray[np.object_]


def windows(pieces: Pieces, window: int, rate: float, settings: AugmentSettings, random: np.random.Generator | None,
            noise: Floats | None = None) -> tuple[Floats, Onsets]:
    """Return windows (n, 3, window) and the onsets within them.

    Parameters
    ----------
    pieces
        What is cut and varied; not changed.
    window, rate
        Samples; samples per second.
    settings
        How samples are varied.
    random
        Draws everything; None = no variation, the window begins where the middle of the pair lies in its middle.
    noise
        Shape (n, 3, length): background to be added to positives, of the same stations; zeros where there is none.
    """
    n = len(pieces.x)
    begin = _begins(pieces, window, rate, settings, random)
    x, onsets = _cut(pieces, np.arange(n), begin, window)
    if random is None:
        return x, onsets
    positive = np.isfinite(pieces.p)
    x, onsets = _stack(x, onsets, pieces, window, settings, random)
    if noise is not None:
        _add_noise(x, noise, positive, settings, random)
    _vary_components(x, settings, random)
    return x, onsets


def _begins(pieces: Pieces, window: int, rate: float, settings: AugmentSettings,
            random: np.random.Generator | None) -> NDArray[np.int64]:
    """Return the first sample of every window."""
    n, last = len(pieces.x), pieces.x.shape[2] - window
    edge = EDGE_S * rate
    draw = np.full(n, 0.5) if random is None or not settings.shift else random.random(n)
    partial = np.zeros(n, bool) if random is None else random.random(n) < settings.partial_share
    low, high = pieces.s + edge - window, pieces.p - edge
    low, high = (np.where(partial, pieces.p + edge - window, low), np.where(partial, pieces.s - edge, high))
    low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), last, high)
    low, high = np.clip(low, 0, last), np.clip(high, 0, last)
    return np.round(low + draw * np.maximum(high - low, 0)).astype(np.int64)


def _cut(pieces: Pieces, rows: NDArray[np.int64], begin: NDArray[np.int64], window: int) -> tuple[Floats, Onsets]:
    """Return windows of some rows and their onsets; window k is of row ``rows[k]``."""
    x = np.stack([pieces.x[row, :, b:b + window] for row, b in zip(rows, begin, strict=True)]) if len(rows) else (
        np.empty((0, 3, window), np.float32))
    marks = pieces.onsets
    found = []
    for k, (row, b) in enumerate(zip(rows, begin, strict=True)):
        mine = (marks.window == row) & (marks.at >= b) & (marks.at < b + window)
        found.append(Onsets(np.full(mine.sum(), k), marks.at[mine] - b, marks.phase[mine], marks.learn[mine]))
    return x, Onsets.together(found)


def _stack(x: Floats, onsets: Onsets, pieces: Pieces, window: int, settings: AugmentSettings,
           random: np.random.Generator) -> tuple[Floats, Onsets]:
    """Add another positive of the batch, of the same station where there is one, at another place and size."""
    positive = np.flatnonzero(np.isfinite(pieces.p))
    chosen = positive[random.random(len(positive)) < settings.stack_share]
    if len(positive) < 2 or not len(chosen):
        return x, onsets
    other = np.empty(len(chosen), np.int64)
    for k, row in enumerate(chosen):
        same = positive[(pieces.station[positive] == pieces.station[row]) & (positive != row)]
        pool = same if len(same) else positive[positive != row]
        other[k] = pool[random.integers(len(pool))]
    last = pieces.x.shape[2] - window
    low = np.clip(pieces.p[other] - 0.9 * window, 0, last)
    high = np.clip(pieces.p[other], 0, last)
    begin = np.round(low + random.random(len(chosen)) * (high - low)).astype(np.int64)
    added, more = _cut(pieces, other, begin, window)
    size = 10.0 ** random.uniform(-1.0, 0.5, len(chosen))
    x[chosen] += (added * size[:, None, None]).astype(np.float32)
    return x, Onsets.together([onsets, Onsets(chosen[more.window], more.at, more.phase, more.learn)])


def _add_noise(x: Floats, noise: Floats, positive: NDArray[np.bool_], settings: AugmentSettings,
               random: np.random.Generator) -> None:
    """Add background to some positives, in place, at a random level against their largest sample."""
    chosen = np.flatnonzero(positive & (random.random(len(x)) < settings.noise_share))
    level = random.random(len(x)) * settings.noise_level_max
    for row in chosen:
        begin = int(random.integers(noise.shape[2] - x.shape[2] + 1))
        part = noise[row, :, begin:begin + x.shape[2]]
        top = np.abs(part).max()
        if top > 0:
            x[row] += part * np.float32(level[row] * np.abs(x[row]).max() / top)


def _vary_components(x: Floats, settings: AugmentSettings, random: np.random.Generator) -> None:
    """Silence components, change their gains against each other, and turn windows upside down, in place."""
    n = len(x)
    dropped = random.random(n) < settings.drop_share
    keep = random.random((n, 3)) < 0.6
    keep[~keep.any(axis=1), 0] = True
    gain = 10.0 ** (random.uniform(-1, 1, (n, 3)) * settings.gain_db / 20.0)
    gain[dropped] *= keep[dropped]
    gain *= np.where(random.random(n) < settings.polarity_share, -1.0, 1.0)[:, None]
    x *= gain[:, :, None].astype(np.float32)
