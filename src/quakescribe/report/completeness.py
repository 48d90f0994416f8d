"""First estimates of a catalogue's completeness and b value, for the report only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ENOUGH = 50  # events at or above the completeness magnitude that a b value needs


@dataclass(frozen=True)
class FrequencyMagnitude:
    """The distribution in bins, and what was estimated from it (NaN where there were too few events).

    Attributes
    ----------
    magnitude
        Middle of every bin, ascending without holes.
    incremental, cumulative
        Events in the bin; events in it and above.
    peak
        Magnitude of the fullest bin (the lowest of equals): maximum-curvature estimate of completeness.
    completeness
        Peak plus the correction: the lower end of the events used for b.
    b, b_error, a
        log10 N(>= m) = a - b m, with one standard error of b.
    used
        Events at or above ``completeness``.
    """

    magnitude: NDArray[np.float64]
    incremental: NDArray[np.int64]
    cumulative: NDArray[np.int64]
    peak: float
    completeness: float
    b: float
    b_error: float
    a: float
    used: int


def frequency_magnitude(magnitudes: ArrayLike, width: float, correction: float) -> FrequencyMagnitude | None:
    """Return the distribution and its first estimates; None without a finite magnitude.

    With magnitudes rounded to bins of `width` d and Mc the lowest bin used, b = log10(1 + d / (mean(m) - Mc)) / d, the
    maximum-likelihood value of grouped magnitudes (Tinti & Mulargia 1987; Aki 1965 for d = 0). Its standard error is
    b^2 ln(10) sqrt(sum((m - mean)^2) / (N (N-1))) (Shi & Bolt 1982).
    Mc = magnitude of the fullest bin + `correction` (Wiemer & Wyss 2000; Woessner & Wiemer 2005).
    """
    finite = np.asarray(magnitudes, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return None
    index = np.floor(finite / width + 0.5 + 1e-9).astype(np.int64)
    lowest = int(index.min())
    incremental = np.bincount(index - lowest).astype(np.int64)
    cumulative = incremental[::-1].cumsum()[::-1]
    magnitude = np.round((np.arange(len(incremental)) + lowest) * width, 9)
    peak = int(incremental.argmax())
    step = int(np.ceil(correction / width - 1e-9))
    used = index - lowest >= peak + step
    rounded = index[used] * width
    completeness = float(np.round((peak + step + lowest) * width, 9))
    b = b_error = a = float("nan")
    if rounded.size >= ENOUGH and rounded.max() > completeness:
        mean = rounded.mean()
        b = float(np.log10(1.0 + width / (mean - completeness)) / width)
        b_error = float(
            b**2 * np.log(10) * np.sqrt(((rounded - mean) ** 2).sum() / (rounded.size * (rounded.size - 1)))
        )
        a = float(np.log10(rounded.size) + b * completeness)
    return FrequencyMagnitude(
        magnitude, incremental, cumulative, float(magnitude[peak]), completeness, b, b_error, a, int(rounded.size)
    )
