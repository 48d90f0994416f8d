"""How much associates by chance, from what the associator makes of picks that were shifted in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t

from quakescribe.audit.check import NAN
from quakescribe.audit.statistics import mad_scale, poisson_interval
from quakescribe.settings.audit_picks import AuditPicksSettings

STRETCHES = 4
"""So many stretches of time stand for a span with too many picks."""


@dataclass(frozen=True)
class Chance:
    """How much associates by chance, of a sample that the associator made `real` events (or picks, or pairs) of.

    Attributes
    ----------
    whole
        Picks (pairs) of the sample; not a number for events.
    real
        Associated picks (pairs), or events.
    null, low, high
        Mean of the same with shifted picks, and its interval.
    """

    whole: float
    real: float
    null: float
    low: float
    high: float

    @property
    def share(self) -> tuple[float, float, float]:
        """Return null / real with its interval: of this catalogue, so real is no random number; it may exceed 1."""
        return self.null / self.real, min(self.low / self.real, 1.0), max(self.high / self.real, self.null / self.real)

    def corrected(self, real_events: float) -> tuple[float, float, float]:
        """Return R* = (real - null) / whole with its interval.

        The events are Poissonian; the difference of two estimates from their intervals (Zou & Donner 2008).
        """
        each = self.real / max(real_events, 1.0)
        low, high = (each * end for end in poisson_interval(real_events))
        value = self.real - self.null
        below = np.hypot(self.real - min(low, self.real), self.high - self.null)
        above = np.hypot(max(high, self.real) - self.real, self.null - self.low)
        return value / self.whole, (value - below) / self.whole, (value + above) / self.whole


def chance_of(null: pd.DataFrame, what: str) -> Chance | None:
    """Return the chance association from the repeats; none without any, or where it was not counted.

    Parameters
    ----------
    null
        ``Case.null``.
    what
        'events', 'picks', 'p', 's' or 'pairs'.

    Notes
    -----
    Chance events are few and independent, so their sum over m repeats is Poissonian (Garwood 1936) and gives the
    interval; picks and pairs come with them in lumps of the mean size. Where repeats scatter more than that, Student's
    interval of their mean holds instead.
    """
    needed = ["real_events", f"real_{what}", "null_events", f"null_{what}"] + [what] * (what != "events")
    if not set(needed) <= set(null.columns):
        return None
    null = null.dropna(subset=needed)
    m = len(null)
    if not m or not null[f"real_{what}"].sum() > 0:
        return None
    real, found, events = (null[name].to_numpy(np.float64) for name in (f"real_{what}", f"null_{what}", "null_events"))
    lump = found.sum() / events.sum() if events.sum() > 0 else real.sum() / max(null["real_events"].sum(), 1.0)
    low, high = (end * lump / m for end in poisson_interval(float(events.sum())))
    mean = float(found.mean())
    if m > 1:
        half = float(t.ppf(0.975, m - 1) * found.std(ddof=1) / np.sqrt(m))
        if m > 2 and mad_scale(found) > np.sqrt(lump * mean):
            low, high = min(low, max(mean - half, 0.0)), max(high, mean + half)
    whole = float(null[what].mean()) if what != "events" else NAN
    return Chance(whole, float(real.mean()), mean, min(low, mean), max(high, mean))


def stretches(count: int, start: pd.Timestamp, end: pd.Timestamp, most: int
              ) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Return the stretches of time that a sample of picks is taken from: the whole, or evenly spaced ones.

    Parameters
    ----------
    count
        Picks of the whole span.
    start, end
        The span (UTC).
    most
        About how many picks the stretches should hold together.
    """
    if count <= most:
        return [(start, end)]
    length = (end - start) * (most / count / STRETCHES)
    first = [start + (end - start) * ((k + 0.5) / STRETCHES) - length / 2 for k in range(STRETCHES)]
    return [(low, low + length) for low in first]


def own_rate(picks: pd.DataFrame, sample: float, most: int) -> float:
    """Return which share of the sampled picks the catalogue itself has in events.

    Parameters
    ----------
    picks
        ``Facts.picks``.
    sample
        How many picks were sampled; where that is not what :func:`stretches` give, all picks count.
    most
        As for :func:`stretches`.
    """
    kept, time = picks["event_id"] > 0, picks["time"]
    inside = pd.Series(False, index=picks.index)
    for low, high in stretches(len(picks), time.min(), time.max(), most):
        inside |= time.between(low, high)
    return float(kept[inside].mean() if inside.sum() == sample else kept.mean())


def other_associator(chance: Chance | None, picks: pd.DataFrame, rules: AuditPicksSettings) -> str:
    """Return why what was counted is not the chance of this catalogue; '' where it is.

    Parameters
    ----------
    chance
        Of 'picks'.
    picks
        ``Facts.picks``.
    rules
        By how much the rates may differ where the associator is the same.
    """
    if chance is None or picks.empty or not chance.whole > 0:
        return ""
    ours, own = chance.real / chance.whole, own_rate(picks, chance.whole, rules.null_most_picks)
    if own / rules.null_factor <= ours <= own * rules.null_factor:
        return ""
    return (f"our associator makes {ours:.1%} of these picks into events, the catalogue {own:.1%}: what chance gives "
            f"with another associator is not known (with ours it is {chance.share[0]:.1%} of what is associated)")
