"""What a network shall answer: curves of noise, P and S for every sample, or one class for every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOISE, P, S = 0, 1, 2


@dataclass(frozen=True)
class Onsets:
    """Onsets within some windows: which window, where (samples, fractional), P (1) or S (2), and whether to be learned.

    An onset that is not to be learned is doubtful: no loss is counted round it.
    """

    window: NDArray[np.int64]
    at: NDArray[np.float64]
    phase: NDArray[np.int64]
    learn: NDArray[np.bool_]

    @classmethod
    def together(cls, parts: Sequence[Onsets]) -> Onsets:
        """Return the onsets of all parts; of none, no onsets."""
        nothing = cls(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64), np.empty(0, bool))
        names = ("window", "at", "phase", "learn")
        return cls(*(np.concatenate([getattr(one, name) for one in (nothing, *parts)]) for name in names))


def curves(onsets: Onsets, n_windows: int, n: int, sigma: float,
           ignore: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return targets (n_windows, 3, n) and weights (n_windows, n) for every sample.

    An onset is a Gaussian of height 1 and standard deviation ``sigma`` (samples), of P and S the larger one; noise is
    what is left of 1. The weight is 0 within ``ignore`` samples of a doubtful onset and 1 elsewhere; a Gaussian that
    is learned counts also there.
    """
    target = np.zeros((n_windows, 3, n), dtype=np.float32)
    weight = np.ones((n_windows, n), dtype=np.float32)
    for k in np.flatnonzero(~onsets.learn):
        low, high = _span(onsets.at[k], ignore, n)
        weight[onsets.window[k], low:high] = 0.0
    for k in np.flatnonzero(onsets.learn):
        low, high = _span(onsets.at[k], 4 * sigma, n)
        bell = np.exp(-0.5 * ((np.arange(low, high) - onsets.at[k]) / sigma) ** 2)
        part = target[onsets.window[k], onsets.phase[k], low:high]
        np.maximum(part, bell, out=part, casting="same_kind")
        near = slice(*_span(onsets.at[k], 2 * sigma, n))
        weight[onsets.window[k], near] = 1.0
    both = target[:, P] + target[:, S]
    target[:, 1:] /= np.maximum(both, 1.0)[:, None]
    target[:, NOISE] = np.maximum(1.0 - target[:, P] - target[:, S], 0.0)
    return target, weight


def steps(onsets: Onsets, n_windows: int, n_steps: int, step: int, frame: int,
          ignore: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return targets (n_windows, 3, n_steps) and weights (n_windows, n_steps), as AI-PAL's SAR is taught.

    A step is P where its frame of ``frame`` samples holds a P, S where it holds an S (S wins), else noise.
    """
    kind = np.zeros((n_windows, n_steps), dtype=np.int64)
    weight = np.ones((n_windows, n_steps), dtype=np.float32)
    begins = np.arange(n_steps) * step
    for k in np.flatnonzero(~onsets.learn):
        weight[onsets.window[k], (begins + frame > onsets.at[k] - ignore) & (begins <= onsets.at[k] + ignore)] = 0.0
    for phase in (P, S):
        for k in np.flatnonzero(onsets.learn & (onsets.phase == phase)):
            holds = (begins <= onsets.at[k]) & (onsets.at[k] < begins + frame)
            kind[onsets.window[k], holds] = phase
            weight[onsets.window[k], holds] = 1.0
    target = np.zeros((n_windows, 3, n_steps), dtype=np.float32)
    np.put_along_axis(target, kind[:, None], 1.0, axis=1)
    return target, weight


def _span(at: float, reach: float, n: int) -> tuple[int, int]:
    return max(0, int(np.ceil(at - reach))), min(n, int(np.floor(at + reach)) + 1)
