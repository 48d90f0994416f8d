"""Intervals, robust scatter and corrections for many tests, for all checks alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Array = NDArray[np.float64]


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
