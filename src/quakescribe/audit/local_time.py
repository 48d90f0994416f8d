"""When events happen: local hour, weekday and day; how long each was recorded; which events are independent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, t

from quakescribe.audit.case import Case
from quakescribe.audit.completeness import chosen
from quakescribe.tables.matching import nanoseconds

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

HOUR_S, DAY_S = 3600.0, 86_400.0
LINK_S = 43_200.0
"""A longer link of a family is cut: what follows after half a day is counted by itself. Blasts of one quarry on one
day after another look like a family and would vanish otherwise."""
_GRID_S = 600.0  # exposure is counted in pieces of this length


@dataclass(frozen=True)
class EventTimes:
    """Events of a catalogue in time, in the catalogue's order.

    Attributes
    ----------
    seconds
        Shape (n,): after the start of the span (s).
    span_s
        Length of the span (s); 0 without one.
    start
        Its start, UTC; 1970 without one.
    hour, day
        Shape (n,): local hour in [0, 24), and local day since 1970.
    magnitude
        Shape (n,): not a number where unknown.
    background
        Shape (n,): not an aftershock, foreshock or member of a swarm.
    unit
        Shape (n,): events of one unit follow each other in one family by less than LINK_S.
    zone
        The time zone, for people.
    sure
        Clusters and background were told apart; where not, neither background nor units mean anything.
    completeness
        The magnitude of completeness of the whole that ``settings.magnitudes`` choose; not a number without one.
    grid
        Columns day, hour, hours: how long each local hour of each day lies within the span.
    """

    seconds: Array
    span_s: float
    start: pd.Timestamp
    hour: Array
    day: Rows
    magnitude: Array
    background: Mask
    unit: Rows
    zone: str
    sure: bool
    completeness: float
    grid: pd.DataFrame

    @property
    def n(self) -> int:
        """Return the number of events."""
        return len(self.seconds)

    @property
    def days(self) -> float:
        """Return the length of the span in days."""
        return self.span_s / DAY_S

    @cached_property
    def first(self) -> Mask:
        """Return which events are the first of their unit: these are independent of each other."""
        out = np.zeros(self.n, dtype=bool)
        out[np.unique(self.unit, return_index=True)[1]] = True
        return out


def weekday(day: NDArray) -> NDArray:
    """Return the weekday (0 = Monday) of days since 1970-01-01, a Thursday."""
    return (day + 3) % 7


def event_times(case: Case) -> EventTimes:
    """Return when the events of a catalogue happened.

    Local time is that of ``case.settings.timezone``; without one, mean solar time at the median longitude of the
    events. Families come from the declustering of the catalogue.
    """
    catalogue = case.facts.catalogue
    times = catalogue["time"]
    start, end = _span(case)
    offset_s, zone = _solar(case)
    local = _local_seconds(times, case.settings.timezone, offset_s)
    seconds = np.asarray((times - start).dt.total_seconds(), dtype=np.float64)
    background, parent = _families(case)
    return EventTimes(
        seconds, (end - start).total_seconds(), start, (local % DAY_S) / HOUR_S,
        np.floor(local / DAY_S).astype(np.int64), catalogue["magnitude"].to_numpy(np.float64), background,
        units(seconds, parent), case.settings.timezone or zone, case.declustered.sure, chosen(case)[1],
        _grid(start, end, case.settings.timezone, offset_s))


def units(seconds: Array, parent: Rows) -> Rows:
    """Return the unit of every event: the row of the event that its chain of short links leads back to.

    Parameters
    ----------
    seconds
        Shape (n,): time of every event (s).
    parent
        Shape (n,): row of its parent in its family, itself or -1 without one.
    """
    rows = np.arange(len(seconds))
    root = np.where((parent >= 0) & (parent < rows), parent, rows)
    root = np.where(seconds - seconds[root] < LINK_S, root, rows)
    while (root[root] != root).any():
        root = root[root]
    return np.asarray(root, dtype=np.int64)


def ratio_interval(log_ratio: float, repeats: Array, poisson_se: float, n_blocks: int) -> tuple[float, float]:
    """Return the 95% interval of a ratio from its logarithm, from resampling of blocks and not below Poisson's.

    Parameters
    ----------
    log_ratio
        Natural logarithm of the ratio.
    repeats
        The same of resampled blocks.
    poisson_se
        Standard error if events were independent.
    n_blocks
        Blocks; few of them widen the interval by Student's t with n_blocks - 1 degrees of freedom.
    """
    finite = repeats[np.isfinite(repeats)]
    if n_blocks < 3 or len(finite) < len(repeats) // 2 or not math.isfinite(log_ratio + poisson_se):
        return float("nan"), float("nan")
    spread = float(np.std(finite)) * math.sqrt(n_blocks / (n_blocks - 1))
    half = max(float(norm.ppf(0.975)) * poisson_se, float(t.ppf(0.975, n_blocks - 1)) * spread)
    return math.exp(log_ratio - half), math.exp(log_ratio + half)


def _span(case: Case) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the span, wide enough for all events; the start of 1970 without events or span."""
    times, span = case.facts.catalogue["time"], case.facts.span
    if times.empty:
        return span or (pd.Timestamp(0, tz="UTC"), pd.Timestamp(0, tz="UTC"))
    first, last = times.min(), times.max()
    return (min(span[0], first), max(span[1], last)) if span else (first, last)


def _solar(case: Case) -> tuple[float, str]:
    """Return how much later than UTC the sun's mean time is (s), by the events' (or stations') median longitude."""
    longitude = case.facts.catalogue["longitude"].to_numpy(np.float64)
    longitude = longitude[np.isfinite(longitude)]
    if not len(longitude):
        longitude = case.facts.stations["longitude"].to_numpy(np.float64)
    if not len(longitude):
        return 0.0, "UTC"
    angle = np.radians(longitude)
    middle = np.degrees(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean()))
    median = middle + np.median((longitude - middle + 180.0) % 360.0 - 180.0)
    hours = ((float(median) + 180.0) % 360.0 - 180.0) / 15.0
    return round(hours * HOUR_S), f"mean solar time, UTC{hours:+.1f} h"


def _local_seconds(times: pd.Series, timezone: str, offset_s: float) -> Array:
    """Return seconds of local clock time since 1970."""
    if not timezone:
        return np.asarray(nanoseconds(times) * 1e-9 + offset_s)
    return np.asarray(nanoseconds(times.dt.tz_convert(timezone).dt.tz_localize(None)) * 1e-9)


def _grid(start: pd.Timestamp, end: pd.Timestamp, timezone: str, offset_s: float) -> pd.DataFrame:
    """Return the hours within the span of each local hour of each day."""
    length = (end - start).total_seconds()
    n = math.ceil(length / _GRID_S)
    if not n:
        return pd.DataFrame({"day": np.empty(0, np.int64), "hour": np.empty(0, np.int64), "hours": np.empty(0)})
    piece = length / n
    middle = pd.Series(start + pd.to_timedelta(((np.arange(n) + 0.5) * piece * 1e9).round(), unit="ns"))
    local = _local_seconds(middle, timezone, offset_s)
    code, count = np.unique(np.floor(local / HOUR_S).astype(np.int64), return_counts=True)
    return pd.DataFrame({"day": code // 24, "hour": code % 24, "hours": count * piece / HOUR_S})


def _families(case: Case) -> tuple[Mask, Rows]:
    """Return which events are background, and each one's parent in its family (itself for the background)."""
    found = case.declustered
    background = np.asarray(found.background, dtype=bool)
    rows = np.arange(len(background))
    return background, np.where(background, rows, np.asarray(found.parent, dtype=np.int64))
