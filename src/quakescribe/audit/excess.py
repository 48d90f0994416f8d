"""What is counted beyond chance, where chance is counted too: with its interval and its verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH
from quakescribe.audit.statistics import poisson_interval, resampled_share


@dataclass(frozen=True)
class Excess:
    """How many pairs or events were counted, per event, against chance.

    Attributes
    ----------
    value
        Counted, per event.
    low, high
        Its 95% interval; the uncertainty of ``expected`` is in it, so that both ends can be compared with that.
    expected
        What chance gives, per event.
    """

    value: float
    low: float
    high: float
    expected: float

    @property
    def beyond(self) -> float:
        """Counted beyond chance, per event."""
        return self.value - self.expected


def excess(found: NDArray[np.float64], null: NDArray[np.float64], scale: float, block: NDArray[np.int64],
           rng: np.random.Generator, repeats: int) -> Excess:
    """Return what was counted and what chance gives, per event.

    Parameters
    ----------
    found
        Shape (n,): counted at every event.
    null
        Shape (n,): counted at every event where only chance counts, in a window 1 / scale times as wide.
    scale
        Expected = scale * null.
    block, rng, repeats
        See :func:`quakescribe.audit.statistics.resampled_share`.

    Notes
    -----
    The wider of two intervals: two Poisson numbers, each with its exact interval (Garwood 1936), their difference by
    recovered variances (Zou & Donner 2008); and blocks of time drawn again, which sees that pairs come in clusters.
    """
    n, k, m = len(found), float(found.sum()), float(null.sum())
    (k_low, k_high), (m_low, m_high) = poisson_interval(k), poisson_interval(m)
    low = k - np.hypot(k - k_low, scale * (m_high - m))
    high = k + np.hypot(k_high - k, scale * (m - m_low))
    drawn = resampled_share(found - scale * null, block, rng, repeats)
    return Excess(k / n, float(np.fmax(np.fmin(low / n, drawn[0] + scale * m / n), 0.0)),
                  float(np.fmax(high / n, drawn[1] + scale * m / n)), scale * m / n)


def excess_verdict(found: Excess, good: float, bad: float) -> str:
    """Return the verdict of what was counted beyond chance.

    Bad: surely more than ``bad``. Watch: surely more than ``good``. Good: surely no more than ``bad`` and perhaps no
    more than ``good``. Cannot tell: anything from nothing to more than ``bad``.
    """
    low, high = found.low - found.expected, found.high - found.expected
    if low > bad:
        return BAD
    if low > good:
        return WATCH
    return GOOD if high <= bad else CANNOT_TELL
