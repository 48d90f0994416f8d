"""Magnitudes counted in bins, and what all statistics of their distribution are made from.

Catalogues and their resamples are rows of counts, shape (n, bins), so that a bootstrap costs no loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

WIDTHS = (1.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001)  # what magnitudes are rounded to
ON_GRID = 0.99  # share of magnitudes on the grid of a width; the rest may be typed in by hand
LEAST_TO_TELL = 10  # fewer magnitudes lie on a coarse grid by chance
SMALL = 1e-9  # magnitude units: edges of bins are not moved by the last digit of a number
# Quantiles of the Lilliefors statistic of the exponential law with estimated mean, in the form of Stephens (1974, table
# 1.1; J. Am. Stat. Assoc. 69, 730-737) that hardly depends on n: 300,000 samples of n = 1000. Its .10, .05 and .01
# points there are .990, 1.094 and 1.308.
LILLIEFORS = (
    (0.341, 0.399, 0.439, 0.463, 0.505, 0.536, 0.562, 0.610, 0.655, 0.701, 0.751, 0.808, 0.841, 0.881, 0.928, 0.991,
     1.044, 1.090, 1.157, 1.206, 1.288, 1.364, 1.463, 1.535, 1.608, 1.751),
    (0.999, 0.99, 0.97, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02,
     0.01, 0.005, 0.002, 0.001, 0.0005, 0.0001))


@dataclass(frozen=True)
class Bins:
    """Magnitudes in bins of one width, without holes.

    Attributes
    ----------
    magnitude
        Shape (k,): the middle of every bin, ascending.
    counts
        Shape (n, k), float64: events in it, one row per catalogue or resample.
    width
        Of a bin.
    """

    magnitude: Array
    counts: Array
    width: float

    @property
    def above(self) -> Array:
        """Return events in every bin and higher ones, shape (n, k)."""
        return np.asarray(self.counts[:, ::-1].cumsum(axis=1)[:, ::-1])

    def resampled(self, rng: np.random.Generator, repeats: int) -> Bins:
        """Return resamples of the events of the first row, with replacement: multinomial counts."""
        total = int(self.counts[0].sum())
        drawn = rng.multinomial(total, self.counts[0] / total, size=repeats).astype(np.float64)
        return Bins(self.magnitude, drawn, self.width)


def rounding(magnitudes: ArrayLike) -> float:
    """Return the coarsest width that nearly all magnitudes are multiples of; 0 where there is none or too few."""
    values = np.asarray(magnitudes, np.float64)
    if len(values) < LEAST_TO_TELL or np.ptp(values) == 0:
        return 0.0
    for width in WIDTHS:
        off = np.abs(values / width - np.round(values / width)) * width
        if np.mean(off < 1e-5) >= ON_GRID:
            return width
    return 0.0


def bin_width(magnitudes: ArrayLike, wanted: float) -> float:
    """Return the width to count magnitudes with: `wanted`, or the smallest multiple of their rounding above it.

    Other widths would hold now more, now fewer of the values that occur, and make a comb of a smooth distribution.
    """
    own = rounding(magnitudes)
    return float(np.round(own * np.ceil(wanted / own - SMALL), 9)) if own else wanted


def binned(magnitudes: ArrayLike, width: float) -> Bins:
    """Return finite magnitudes in bins centred on multiples of `width`; no bins of none.

    A bin holds middle - width/2 <= m < middle + width/2.
    """
    values = np.asarray(magnitudes, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Bins(np.empty(0), np.empty((1, 0)), width)
    index = np.floor(values / width + 0.5 + SMALL).astype(np.int64)
    counts = np.bincount(index - index.min()).astype(np.float64)
    return Bins(np.round((np.arange(len(counts)) + index.min()) * width, 9), counts[None], width)


def first_moments(bins: Bins) -> tuple[Array, Array, Array]:
    """Return, of the events at or above every bin: their number, and mean and variance of their height above it.

    Shapes (n, k), in bins (not magnitude units); not a number where there is no event.
    """
    index = np.arange(len(bins.magnitude), dtype=np.float64)
    n, first, second = ((bins.counts * index**power)[:, ::-1].cumsum(axis=1)[:, ::-1] for power in (0, 1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = first / n
        return n, mean - index, np.maximum(second / n - mean**2, 0.0)


def tinti(bins: Bins, least: int = 2) -> tuple[Array, Array]:
    """Return b and its standard error for every cut-off, shape (n, k); not a number with fewer than `least` events.

    Notes
    -----
    b = log10(1 + d / (mean - Mc)) / d, the maximum-likelihood value of grouped magnitudes (Tinti & Mulargia 1987, BSSA
    77, 2125-2134, eq. 2.5; Bender 1983). Standard error ln(10) b^2 sqrt(sum (m - mean)^2 / (n (n - 1))) (Shi & Bolt
    1982, BSSA 72, 1677-1687).
    """
    n, height, variance = first_moments(bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        b = np.log10(1.0 + 1.0 / height) / bins.width
        error = np.log(10) * b**2 * bins.width * np.sqrt(variance / (n - 1))
    known = (n >= max(least, 2)) & (height > 0)
    return np.where(known, b, np.nan), np.where(known, error, np.nan)


def maximum_curvature(bins: Bins) -> Array:
    """Return the magnitude of the fullest bin (the lowest of equals), shape (n,); Wiemer & Wyss (2000)."""
    return np.asarray(bins.magnitude[bins.counts.argmax(axis=1)])


def exponential_p(height: Array) -> float:
    """Return the p of a sample above a cut-off under an exponential law whose mean is the sample's own.

    Parameters
    ----------
    height
        Shape (n,), ascending: magnitude above the cut-off, continuous, not negative.

    Notes
    -----
    Lilliefors (1969, J. Am. Stat. Assoc. 64, 387-389): D = sup |F_n - F|; the statistic
    (D - 0.2/n)(sqrt(n) + 0.26 + 0.5/sqrt(n)) of Stephens (1974) is looked up in LILLIEFORS. Between 0.0001 and 0.999.
    """
    n = len(height)
    law = -np.expm1(-height / height.mean())
    step = np.arange(n) / n
    distance = max(float((law - step).max()), float((step - law).max()) + 1.0 / n)
    root = np.sqrt(n)
    return float(np.interp((distance - 0.2 / n) * (root + 0.26 + 0.5 / root), *LILLIEFORS))


class Dithered:
    """Events spread over their bins as an exponential law would, so that a continuous test can be applied to them.

    Within a bin a height x above its lower edge has the density of the truncated exponential law with the b value of
    the cut-off: x = -ln(1 - u (1 - exp(-beta d))) / beta with u uniform (arXiv 2512.13599). Spreading evenly instead
    makes the test reject true exponential laws of many events.
    """

    def __init__(self, counts: Array, width: float, rng: np.random.Generator) -> None:
        self._width = width
        n = counts.astype(np.int64)
        start = np.concatenate([[0], np.cumsum(n)])
        self._start = start
        self._bin = np.repeat(np.arange(len(n)), n)
        # uniform numbers, ascending within every bin: partial sums of exponential steps over their total
        steps = rng.exponential(size=start[-1] + len(n)).cumsum()
        ends = start + np.arange(len(start))
        before = np.where(ends > 0, steps[ends - 1], 0.0)
        self._uniform = (steps[np.arange(start[-1]) + self._bin] - before[self._bin]) / np.diff(before)[self._bin]

    def heights(self, cut: int, b: float) -> Array:
        """Return heights above the lower edge of bin `cut` (magnitude units), ascending, spread with the value b."""
        first = self._start[cut]
        beta = b * np.log(10)
        inside = -np.log1p(self._uniform[first:] * np.expm1(-beta * self._width)) / beta
        return np.asarray((self._bin[first:] - cut) * self._width + inside)
