"""Completeness magnitude and b value of a list of magnitudes, in bins of 0.1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Array = NDArray[np.float64]
WIDTH = 0.1
ENOUGH = 20  # events that b needs


def maximum_curvature(magnitudes: Array, correction: float = 0.2) -> float:
    """Return the fullest bin's magnitude (the lowest of equals) plus a correction; NaN of nothing.

    Wiemer & Wyss 2000 (BSSA 90, 859-869); the correction after Woessner & Wiemer 2005 (BSSA 95, 684-698).
    """
    if not len(magnitudes):
        return float("nan")
    bins = _bins(magnitudes)
    return float((np.bincount(bins - bins.min()).argmax() + bins.min()) * WIDTH + correction)


def b_value(magnitudes: Array, mc: float) -> tuple[float, float, int]:
    """Return b, its standard error, and the number of events in the bins from `mc` on that it rests on.

    b = log10(e) / (mean - (Mc - WIDTH / 2)) with magnitudes in bins (Aki 1965; Utsu 1966 for the half bin), error
    2.30 b^2 sqrt(sum((m - mean)^2) / (n (n - 1))) (Shi & Bolt 1982, BSSA 72, 1677-1687). NaN with fewer than ENOUGH.
    """
    if not np.isfinite(mc):
        return float("nan"), float("nan"), 0
    lowest = int(_bins(np.array([mc]))[0])
    bins = _bins(magnitudes)
    used = bins[bins >= lowest] * WIDTH
    n = len(used)
    if n < ENOUGH:
        return float("nan"), float("nan"), n
    b = np.log10(np.e) / (used.mean() - (lowest - 0.5) * WIDTH)
    error = np.log(10) * b**2 * np.sqrt(used.var() / (n - 1))
    return float(b), float(error), n


def goodness_of_fit(magnitudes: Array, share: float = 0.9) -> float:
    """Return the lowest Mc from which the law explains `share` of the bins' numbers; NaN if none does.

    R = 1 - sum |N_found - N_law| / sum N_found over the cumulative numbers of all bins from Mc on (Wiemer & Wyss 2000).
    """
    if len(magnitudes) < ENOUGH:
        return float("nan")
    bins = _bins(magnitudes)
    lowest, n = int(bins.min()), np.bincount(bins - bins.min())
    above = n[::-1].cumsum()[::-1].astype(np.float64)
    for k in range(len(n)):
        b = b_value(magnitudes, (lowest + k) * WIDTH)[0]
        if not np.isfinite(b):
            break
        law = above[k] * 10.0 ** (-b * WIDTH * np.arange(len(n) - k))
        if 1.0 - np.abs(above[k:] - law).sum() / above[k:].sum() >= share:
            return float((lowest + k) * WIDTH)
    return float("nan")


def recall_reaches(magnitudes: Array, found: NDArray[np.bool_], level: float) -> float:
    """Return the smallest magnitude at which the chance to be found is `level`; NaN if it never is.

    The chance is the isotonic regression of found (0, 1) on magnitude: the most likely curve that never falls (Barlow
    et al. 1972, Statistical Inference under Order Restrictions).
    """
    if not len(magnitudes):
        return float("nan")
    values, member = np.unique(magnitudes, return_inverse=True)
    weight = np.bincount(member).astype(np.float64)
    curve = isotonic_regression(np.bincount(member, found.astype(np.float64)) / weight, weights=weight).x
    reached = np.flatnonzero(curve >= level - 1e-9)
    return float(values[reached[0]]) if len(reached) else float("nan")


def _bins(magnitudes: Array) -> NDArray[np.int64]:
    return np.floor(np.asarray(magnitudes) / WIDTH + 0.5 + 1e-9).astype(np.int64)
