"""Intervals, robust scatter, comparisons and corrections for many tests, for all checks alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import chi2, norm

from quakescribe.audit.check import CANNOT_TELL, WATCH, judge
from quakescribe.settings.audit_picks import AuditPicksSettings

Array = NDArray[np.float64]

LOGIT_FLOOR = 0.23
"""Least scatter of stations' log odds: 0.1 in log10, as between the logarithms of their counts."""
MEDIAN_ERROR = 1.2533
"""Standard error of a median over that of a mean, for normal values: sqrt(pi / 2)."""


def wilson(k: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share k/n of independent things (Wilson 1927); not a number for n = 0."""
    if n <= 0:
        return float("nan"), float("nan")
    z = float(norm.ppf(0.5 + level / 2))
    share, scale = k / n, 1.0 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def resampled_share(part: ArrayLike, block: ArrayLike, rng: np.random.Generator, repeats: int,
                    level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of `part` by resampling whole blocks (Kuensch 1989; Efron & Tibshirani 1993).

    Parameters
    ----------
    part
        Shape (n,): 0 or 1, or any number.
    block
        Shape (n,): the block of each; blocks are drawn with replacement.
    rng, repeats, level
        Random numbers, how often, and the share of the interval.

    Returns
    -------
    tuple
        Lower and upper end; not a number with fewer than three blocks.

    Notes
    -----
    O(n + repeats * blocks).
    """
    values = np.asarray(part, np.float64)
    _, where = np.unique(np.asarray(block), return_inverse=True)
    if not len(values) or where.max() < 2:
        return float("nan"), float("nan")
    total = np.bincount(where, values)
    count = np.bincount(where).astype(np.float64)
    drawn = rng.multinomial(len(total), np.full(len(total), 1.0 / len(total)), size=repeats)
    means = (drawn @ total) / np.maximum(drawn @ count, 1e-12)
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def resampled(statistic: Callable[[NDArray[np.int64]], float], block: ArrayLike, rng: np.random.Generator,
              repeats: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of any statistic of rows by resampling whole blocks of rows.

    Parameters
    ----------
    statistic
        Takes rows (with repetition) and returns a number; those that are not numbers are left out.
    block, rng, repeats, level
        As in :func:`resampled_share`.
    """
    labels, where = np.unique(np.asarray(block), return_inverse=True)
    if len(labels) < 3:
        return float("nan"), float("nan")
    order = np.argsort(where, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(where))[:-1])
    found = np.array([statistic(np.concatenate([members[k] for k in rng.integers(0, len(labels), len(labels))]))
                      for _ in range(repeats)], dtype=np.float64)
    found = found[np.isfinite(found)]
    if len(found) < repeats // 2:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def mad_scale(values: ArrayLike) -> float:
    """Return 1.4826 times the median absolute deviation: the standard deviation of normal values."""
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    return float(1.4826 * np.median(np.abs(finite - np.median(finite)))) if len(finite) else float("nan")


def robust_z(values: ArrayLike, floor: float, errors: ArrayLike | None = None) -> Array:
    """Return how many robust standard deviations each value lies from the median.

    Parameters
    ----------
    values
        Shape (n,).
    floor
        Least scatter, so that a network of equals does not make small differences large.
    errors
        Shape (n,): standard error of each value, where it is larger than the scatter it counts instead.
    """
    x = np.asarray(values, np.float64)
    if not np.isfinite(x).any():
        return np.full(len(x), np.nan)
    scale = np.full(len(x), max(mad_scale(x), floor))
    if errors is not None:
        scale = np.maximum(scale, np.asarray(errors, np.float64))
    return np.asarray((x - np.nanmedian(x)) / scale)


def false_discovery(p: ArrayLike, rate: float) -> NDArray[np.bool_]:
    """Return which of many tests are rejected at a false-discovery rate (Benjamini & Hochberg 1995)."""
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    below = np.flatnonzero(values[order] <= rate * np.arange(1, len(values) + 1) / max(len(values), 1))
    out = np.zeros(len(values), dtype=bool)
    if len(below):
        out[order[: below[-1] + 1]] = True
    return out


def poisson_interval(count: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of a Poissonian count >= 0, exact (Garwood 1936)."""
    low = chi2.ppf(0.5 - level / 2, 2 * count) / 2 if count > 0 else 0.0
    return float(low), float(chi2.ppf(0.5 + level / 2, 2 * count + 2) / 2)


def running_median(at: ArrayLike, values: ArrayLike, most: int, least: int) -> tuple[Array, Array]:
    """Return medians of both in classes of equal size along `at`, up to `most` of at least `least`; none with fewer."""
    x, y = np.asarray(at, np.float64), np.asarray(values, np.float64)
    classes = min(most, len(x) // least)
    if classes < 1:
        return np.empty(0), np.empty(0)
    pieces = np.array_split(np.argsort(x, kind="stable"), classes)
    return np.array([np.median(x[piece]) for piece in pieces]), np.array([np.median(y[piece]) for piece in pieces])


def absolute(low: float, high: float) -> tuple[float, float]:
    """Return the interval of the absolute value of what lies between low and high."""
    if np.isnan(low) or np.isnan(high):
        return float("nan"), float("nan")
    return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def compared(part: ArrayLike, whole: ArrayLike, settings: AuditPicksSettings) -> pd.DataFrame:
    """Compare shares of stations (or days) among each other.

    Parameters
    ----------
    part, whole
        Shape (n,): counts; the share of each is part / whole.
    settings
        Their overdispersion, how many picks a share needs to be compared, and how far is out of line.

    Returns
    -------
    DataFrame
        share; low and high, its Wilson interval of as many picks as are independent of each other; odds, the odds
        over those of the network's median; z, robust standard deviations of its log odds from that median; least and
        most, the shares from where on a station with very many picks would be out of line. Not a number where there are
        fewer picks than needed; odds, z, least and most also with fewer than six stations.

    Notes
    -----
    Log odds L = log((k + 1/2) / (n - k + 1/2)) (Haldane 1956) have the variance phi / (k + 1/2) + phi / (n - k + 1/2)
    with overdispersion phi; z = (L - median) / max(1.4826 MAD, 0.23, error).
    """
    k, n = (np.asarray(values, np.float64) for values in (part, whole))
    phi = settings.overdispersion
    enough = n >= settings.least_picks
    share = np.where(n > 0, k / np.maximum(n, 1), np.nan)
    bounds = np.array([wilson(a / phi, b / phi) for a, b in zip(k, n, strict=True)]).reshape(-1, 2)
    log_odds = np.where(enough, np.log((k + 0.5) / (n - k + 0.5)), np.nan)
    error = np.sqrt(phi / (k + 0.5) + phi / (n - k + 0.5))
    far = np.full(len(k), np.nan)
    z, least, most = far.copy(), far.copy(), far.copy()
    if enough.sum() >= settings.least_stations:
        middle, scatter = float(np.nanmedian(log_odds)), max(mad_scale(log_odds), LOGIT_FLOOR)
        far = log_odds - middle
        z = far / np.maximum(scatter, error)
        limit = max(settings.z_limit * scatter, float(np.log(settings.ratio_limit)))
        least[:], most[:] = expit(middle - limit), expit(middle + limit)
    return pd.DataFrame({"share": share, "low": bounds[:, 0], "high": bounds[:, 1], "odds": np.exp(far), "z": z,
                         "least": least, "most": most, "enough": enough})


def judge_surely(low: float, high: float, good: float, bad: float) -> str:
    """Return the verdict of a value known to lie between low and high, 'watch' only where none of it is good.

    Parameters
    ----------
    low, high, good, bad
        As of :func:`quakescribe.audit.check.judge`, which says 'watch' also where the interval reaches from good to
        neither good nor bad: in a small catalogue that is what every rare fault does which did not occur.
    """
    verdict = judge(low, high, good, bad)
    reaches_good = low <= good if good < bad else high >= good
    return CANNOT_TELL if verdict == WATCH and reaches_good else verdict
