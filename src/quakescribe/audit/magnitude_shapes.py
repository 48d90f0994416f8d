"""What a distribution of magnitudes may have that no Gutenberg-Richter law has: spikes and two peaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression
from scipy.special import xlogy
from scipy.stats import norm

from quakescribe.audit.magnitude_bins import Array, Bins
from quakescribe.audit.statistics import false_discovery

LEAST_IN_BIN = 8  # events that a bin and its four neighbours need, for the logarithm to be nearly normal
CHANCE = 0.01  # false-discovery rate of bins


def excess(bins: Bins) -> pd.DataFrame:
    """Return magnitude, count, expected, excess, error, z and flagged for every bin of the first row.

    Notes
    -----
    The logarithm of the expected count is (4 (l[-1] + l[1]) - l[-2] - l[2]) / 6 with l of the neighbours: exact for a
    cubic, so neither the law's slope nor the bend of gradual detection makes an excess (a line through two neighbours
    finds one at every peak). Its variance is (16 (1/n[-1] + 1/n[1]) + 1/n[-2] + 1/n[2]) / 36, and 1/expected is added
    for the count itself. Not a number where a count is below LEAST_IN_BIN. One-sided, flagged with a false-discovery
    rate CHANCE over the bins.
    """
    count = bins.counts[0]
    expected, spread = np.full((2, len(count)), np.nan)
    if len(count) >= 5:
        before2, before, here, after, after2 = np.lib.stride_tricks.sliding_window_view(count, 5).T
        known = np.minimum.reduce([before2, before, here, after, after2]) >= LEAST_IN_BIN
        one, two, three, four = (np.where(known, part, 1.0) for part in (before2, before, after, after2))
        log = (4 * (np.log(two) + np.log(three)) - np.log(one) - np.log(four)) / 6
        variance = (16 * (1 / two + 1 / three) + 1 / one + 1 / four) / 36
        expected[2:-2] = np.where(known, np.exp(log), np.nan)
        spread[2:-2] = variance
    z = (np.log(np.maximum(count, 1.0)) - np.log(expected)) / np.sqrt(spread + 1.0 / expected)
    flagged = np.zeros(len(count), dtype=bool)
    tested = np.isfinite(z)
    flagged[tested] = false_discovery(norm.sf(z[tested]), CHANCE)
    error = np.sqrt(count + expected**2 * spread)
    return pd.DataFrame({"magnitude": bins.magnitude, "count": count, "expected": expected, "excess": count - expected,
                         "error": error, "z": z, "flagged": flagged})


def one_peak(counts: Array) -> Array:
    """Return the most likely expected counts that rise to one peak and fall from it, shape (k,), of Poisson counts.

    Isotonic regression up to every possible peak and down from it (Barlow et al. 1972); the likeliest is kept.
    """
    k = len(counts)
    best, kept = -np.inf, counts
    for peak in range(k):
        left = isotonic_regression(counts[:peak]).x if peak else np.empty(0)
        fit = np.concatenate([left, isotonic_regression(counts[peak:], increasing=False).x])
        likelihood = float(xlogy(counts, fit).sum())  # the sum of expected counts is always that of the counts
        if likelihood > best + 1e-9:
            best, kept = likelihood, fit
    return np.asarray(kept, np.float64)


def out_of_place(counts: Array, fit: Array) -> float:
    """Return the share of events that would have to change bins for a distribution to follow another."""
    return float(np.maximum(counts - fit, 0.0).sum() / counts.sum())


@dataclass(frozen=True)
class SecondPeak:
    """Share of events out of place for one peak, the same by chance (mean and 97.5% quantile), and p."""

    share: float
    by_chance: float
    chance_high: float
    p: float
    fit: Array


def second_peak(bins: Bins, rng: np.random.Generator, repeats: int) -> SecondPeak:
    """Test whether the distribution of the first row has one peak, against resamples of its best fit with one peak."""
    counts = bins.counts[0]
    fit = one_peak(counts)
    share = out_of_place(counts, fit)
    drawn = rng.multinomial(int(counts.sum()), fit / fit.sum(), size=repeats).astype(np.float64)
    null = np.array([out_of_place(one, one_peak(one)) for one in drawn])
    p = (1 + np.count_nonzero(null >= share)) / (1 + repeats)
    return SecondPeak(share, float(null.mean()), float(np.quantile(null, 0.975)), float(p), fit)
