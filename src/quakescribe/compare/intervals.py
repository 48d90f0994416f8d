"""Intervals of shares and quantiles of things that come in clusters: events of a swarm are missed together.

Closed forms instead of resampling, so that hundreds of classes and stations cost nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, t

Array = NDArray[np.float64]

_Z = float(norm.ppf(0.975))
_FEW = 3
"""With fewer blocks than this their scatter says nothing, and all things count as independent."""


def shares(part: ArrayLike, whole: ArrayLike) -> tuple[Array, Array, Array]:
    """Return shares and their 95% intervals, with things of one block of time taken as alike.

    Parameters
    ----------
    part, whole
        Shape (groups, blocks): how many of how many, by group and block of time.

    Returns
    -------
    tuple
        Share, lower and upper end, each of shape (groups,); not a number where there is nothing.

    Notes
    -----
    Interval of Wilson (1927) at the effective number of Korn & Graubard (1998, Survey Methodology 24, 193-201):
    n / deff * (t_n / t_K)^2, where deff is the variance of the ratio between blocks over that of independent things
    (never below one) and t_n, t_K are 97.5% quantiles at n - 1 and K - 1 degrees of freedom, K blocks.
    """
    k, n = np.atleast_2d(np.asarray(part, np.float64)), np.atleast_2d(np.asarray(whole, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(k.sum(1) / n.sum(1), 0.0, 1.0)
    return share, *_wilson(share, _effective(k, n, share))


def _effective(k: Array, n: Array, share: Array) -> Array:
    """Return the effective number of things of every group."""
    total, blocks = n.sum(1), (n > 0).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = ((k - share[:, None] * n) ** 2).sum(1) * blocks / np.maximum(blocks - 1, 1) / total**2
        deff = np.fmax(1.0, between / (share * (1.0 - share) / total))
        shrink = (t.ppf(0.975, np.maximum(total - 1, 1)) / t.ppf(0.975, np.maximum(blocks - 1, 1))) ** 2
        return np.where(blocks >= _FEW, total / deff * np.minimum(shrink, 1.0), total)


def _wilson(share: Array, known: Array) -> tuple[Array, Array]:
    """Return Wilson's interval of shares of so many things."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1.0 + _Z**2 / known
        middle = (share + _Z**2 / (2.0 * known)) / scale
        half = _Z / scale * np.sqrt(share * (1.0 - share) / known + _Z**2 / (4.0 * known**2))
        return np.clip(middle - half, 0.0, share), np.clip(middle + half, share, 1.0)


def quantile(values: ArrayLike, q: float, block: ArrayLike) -> tuple[float, float, float]:
    """Return a quantile and its 95% interval, with values of one block of time taken as alike.

    Parameters
    ----------
    values
        Shape (n,); those that are not finite are left out.
    q
        0.5 for the median.
    block
        Shape (n,), whole numbers from 0.

    Returns
    -------
    tuple
        Quantile, lower and upper end; not a number with fewer than three values.

    Notes
    -----
    Woodruff (1952, J. Am. Stat. Assoc. 47, 635-646): the interval of the share q, read off the values. Its effective
    number is that of :func:`shares` for the values below the quantile and half of those equal to it (the
    mid-distribution): in rounded lists many values are equal, and far more than q lie at or below the quantile.
    O(n log n).
    """
    x, where = np.asarray(values, np.float64), np.asarray(block, np.int64)
    finite = np.isfinite(x)
    x, where = x[finite], where[finite]
    if len(x) < _FEW:
        return (float("nan"),) * 3
    found = float(np.quantile(x, q))
    k, n = (np.bincount(where, weight)[None].astype(np.float64)
            for weight in ((x < found) + 0.5 * (x == found), np.ones(len(x))))
    low, high = _wilson(np.array([q]), _effective(k, n, k.sum(1) / n.sum(1)))
    ends = np.quantile(x, [float(low[0]), float(high[0])])
    return found, min(found, float(ends[0])), max(found, float(ends[1]))


def tally(group: ArrayLike, block: ArrayLike, groups: int, blocks: int, weight: ArrayLike | None = None) -> Array:
    """Return how many things there are by group and block (shape (groups, blocks)), or the sum of their weights."""
    cell = np.asarray(group, np.int64) * blocks + np.asarray(block, np.int64)
    counted = np.bincount(cell, None if weight is None else np.asarray(weight, np.float64), minlength=groups * blocks)
    return counted.reshape(groups, blocks).astype(np.float64)
