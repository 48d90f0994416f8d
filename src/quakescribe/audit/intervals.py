"""Intervals that hold for independent events and for sequences alike, for all checks of locations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.statistics import resampled_share, wilson

_BINS = 2000  # classes of a distribution whose quantiles are resampled: 0.05% of the events each


def share_interval(part: ArrayLike, times: pd.Series, case: Case, purpose: int) -> tuple[float, float]:
    """Return the 95% interval of the share of events that are ``part``.

    Parameters
    ----------
    part
        Shape (n,), bool.
    times
        Shape (n,), UTC: for the blocks of time.
    case
        Whose blocks and random numbers are taken.
    purpose
        Tells apart the random numbers of different uses.

    Notes
    -----
    The hull of Wilson's interval (Wilson 1927) and of that from resampled blocks (Kuensch 1989): the first is right
    where events are independent and where no or all events are ``part``, the second where they come in sequences.
    """
    flags = np.asarray(part, dtype=np.float64)
    low, high = wilson(float(flags.sum()), len(flags))
    again = resampled_share(flags, blocks(times, case), case.rng(purpose), case.settings.resamples)
    return float(np.fmin(low, again[0])), float(np.fmax(high, again[1]))


def quantile_interval(values: ArrayLike, q: float, times: pd.Series, case: Case, purpose: int
                      ) -> tuple[float, float, float]:
    """Return a quantile and its 95% interval.

    Parameters
    ----------
    values
        Shape (n,), finite.
    q
        In (0, 1).
    times, case, purpose
        As in :func:`share_interval`.

    Returns
    -------
    tuple
        Quantile, lower and upper end; not a number for fewer than three values.

    Notes
    -----
    The hull of the interval from order statistics (David & Nagaraja 2003, section 7.1; normal approximation to the
    binomial) and of that from resampled blocks. Values are put into at most 2,000 classes of equal size, so that a
    resample is a sum of histograms: O(n log n + repeats * blocks * classes).
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    if len(x) < 3:
        return float("nan"), float("nan"), float("nan")
    value = float(np.quantile(x, q))
    half = 1.96 * np.sqrt(q * (1 - q) * len(x))
    ends = np.clip([np.floor(q * len(x) - half), np.ceil(q * len(x) + half)], 0, len(x) - 1).astype(np.int64)
    low, high = float(x[ends[0]]), float(x[ends[1]])
    again = _resampled_quantile(np.asarray(values, np.float64), x, q, blocks(times, case), case.rng(purpose),
                                case.settings.resamples)
    return value, float(min(np.fmin(low, again[0]), value)), float(max(np.fmax(high, again[1]), value))


def _resampled_quantile(values: NDArray[np.float64], ordered: NDArray[np.float64], q: float, block: NDArray[np.int64],
                        rng: np.random.Generator, repeats: int) -> tuple[float, float]:
    """Return the ends of the interval of a quantile by resampling blocks; not a number with fewer than three."""
    labels, where = np.unique(block, return_inverse=True)
    if len(labels) < 3:
        return float("nan"), float("nan")
    tops = np.unique(ordered[np.linspace(0, len(ordered) - 1, min(_BINS, len(ordered))).round().astype(np.int64)])
    cell = where * len(tops) + np.searchsorted(tops, values)
    counts = np.bincount(cell, minlength=len(labels) * len(tops)).reshape(len(labels), len(tops)).astype(np.float64)
    drawn = rng.multinomial(len(labels), np.full(len(labels), 1.0 / len(labels)), size=repeats)
    total = np.cumsum(drawn @ counts, axis=1)
    found = tops[np.minimum((total < q * total[:, -1:]).sum(axis=1), len(tops) - 1)]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
