"""When P and S of the events should come to a station, the events located without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case
from quakescribe.audit.statistics import running_median
from quakescribe.earth.geodesy import LocalFrame
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.tables.matching import seconds

Array = NDArray[np.float64]

LEAST_OTHERS = 4
"""Stations that an event must have besides the one that is asked about."""
REACH = 1.3
"""An event should be seen up to so many times the distance of the farthest other station that has it."""
POOL = 4
"""Events that are looked at, over those of one station: not every station is in reach of every event."""
DAMPING = (0.0, 0.002, 0.002, 0.002)
"""Of time, east, north, depth: variance of an onset over that of a hypocentre, (0.2 s / 4.5 km)^2."""
LONGEST_STEP_KM = 5.0
MOST_DELAY_S = 1.0
"""What a station's ground can delay onsets by; a larger median residual is a fault, which must not be corrected for."""
FARTHEST_KM = 500.0
USUAL_DEPTH_KM = 8.0


@dataclass(frozen=True)
class Geometry:
    """Events, stations, and travel times between them.

    Attributes
    ----------
    time, x, y, depth
        Shape (n_events,): origin (s), kilometres east and north, and down.
    sx, sy
        Shape (n_stations,): kilometres east and north.
    table
        Travel times at the mean elevation; delays hold the rest.
    delay
        Shape (n_stations, 2): added to P and S of every station (s).
    bend
        For P and S: predicted travel times and the median residual there, for a model that is only roughly right.
    """

    time: Array
    x: Array
    y: Array
    depth: Array
    sx: Array
    sy: Array
    table: TravelTimes
    delay: Array
    bend: tuple[tuple[Array, Array], tuple[Array, Array]]

    def distance(self, event: NDArray[np.int64], station: NDArray[np.int64]) -> Array:
        """Return epicentral distances (km)."""
        return np.hypot(self.x[event] - self.sx[station], self.y[event] - self.sy[station])

    def travel(self, distance: Array, depth: Array, station: NDArray[np.int64]) -> Array:
        """Return shape (2, n): times of P and S (s)."""
        times = self.table.at(np.zeros(len(distance), np.int64), distance, depth)
        for k, (at, late) in enumerate(self.bend):
            times[k] += np.interp(times[k], at, late) + self.delay[station, k]
        return times


@dataclass(frozen=True)
class Observed:
    """Arrivals by number of event and station, their phase (0 P, 1 S), time (s), and whether the location used them."""

    event: NDArray[np.int64]
    station: NDArray[np.int64]
    phase: NDArray[np.int64]
    time: Array
    used: NDArray[np.bool_]


def prepared(case: Case) -> tuple[Geometry, Observed, pd.Index]:
    """Return geometry, arrivals and stations of the events that are looked at, evenly taken in time.

    Parameters
    ----------
    case
        With stations, events and arrivals.
    """
    facts = case.facts
    events = facts.catalogue
    counts = facts.arrivals.groupby("event_id")["station_id"].nunique()
    events = events[events["event_id"].map(counts).fillna(0) >= LEAST_OTHERS]
    most = POOL * case.settings.picks.lift_events
    if len(events) > most:
        events = events.iloc[np.linspace(0, len(events) - 1, most).round().astype(np.int64)]
    stations = pd.Index(facts.stations["station_id"])
    ids = pd.Index(events["event_id"])
    part = facts.arrivals[facts.arrivals["event_id"].isin(ids) & facts.arrivals["station_id"].isin(stations)]
    part = part.sort_values("time", kind="stable").drop_duplicates(["event_id", "station_id", "phase"])
    weight = part["weight"].to_numpy(np.float64)
    seen = Observed(ids.get_indexer(part["event_id"]), stations.get_indexer(part["station_id"]),
                    part["phase"].eq("S").to_numpy().astype(np.int64), seconds(part["time"]), ~(weight <= 0))
    return _geometry(case, events, seen), seen, stations


def _geometry(case: Case, events: pd.DataFrame, seen: Observed) -> Geometry:
    """Return the geometry, with its residuals taken into delays: those of distance first, then those of stations."""
    stations = case.facts.stations
    latitude = np.concatenate([stations["latitude"], events["latitude"]])
    frame = LocalFrame.around(latitude, np.concatenate([stations["longitude"], events["longitude"]]))
    x, y = frame.to_xy(events["latitude"], events["longitude"])
    sx, sy = frame.to_xy(stations["latitude"], stations["longitude"])
    depth = events["depth_km"].to_numpy(np.float64)
    known = depth[np.isfinite(depth)]
    depth = np.where(np.isfinite(depth), depth, np.median(known) if len(known) else USUAL_DEPTH_KM)
    reach = np.hypot(x[seen.event] - sx[seen.station], y[seen.event] - sy[seen.station])
    farthest = float(np.clip(REACH * reach.max(initial=10.0), 20.0, FARTHEST_KM))
    elevation = float(np.nanmean(stations["elevation_m"])) if stations["elevation_m"].notna().any() else 0.0
    table = TravelTimes.build(case.model, [elevation], farthest, float(depth.min(initial=-1.0)),
                              float(depth.max(initial=5.0)) + 1.0, 1.0, 1.0)
    none = (np.array([0.0]), np.array([0.0]))
    plain = Geometry(seconds(events["time"]), x, y, depth, sx, sy, table, np.zeros((len(stations), 2)), (none, none))
    travel, residual = _residuals(plain, seen)
    p, s = (_bend(travel[seen.phase == k], residual[seen.phase == k]) for k in (0, 1))
    bent = replace(plain, bend=(p, s))
    _, residual = _residuals(bent, seen)
    median = pd.Series(residual).groupby(2 * seen.station + seen.phase).median()
    delay = np.zeros(2 * len(stations))
    delay[median.index] = np.clip(median, -MOST_DELAY_S, MOST_DELAY_S)
    return replace(bent, delay=delay.reshape(-1, 2))


def _residuals(geometry: Geometry, seen: Observed) -> tuple[Array, Array]:
    """Return predicted travel time and residual (observed - predicted, s) of every arrival."""
    travel = geometry.travel(geometry.distance(seen.event, seen.station), geometry.depth[seen.event], seen.station)
    own = travel[seen.phase, np.arange(len(seen.phase))]
    return own, seen.time - geometry.time[seen.event] - own


def _bend(at: Array, values: Array) -> tuple[Array, Array]:
    """Return medians of both in up to ten classes of at least 30; zero everywhere with fewer."""
    found = running_median(at, values, 10, 30)
    return found if len(found[0]) else (np.array([0.0]), np.array([0.0]))


@dataclass(frozen=True)
class Lever:
    """How the hypocentres depend on the arrivals: rows [1, dT/dx, dT/dy, dT/dz], residuals, sums over each event."""

    rows: Array
    residual: Array
    normal: Array

    @classmethod
    def of(cls, geometry: Geometry, seen: Observed) -> Lever:
        """Return it by finite differences of the travel times."""
        e, s, n = seen.event, seen.station, np.arange(len(seen.event))
        distance, depth = geometry.distance(e, s), geometry.depth[e]
        far, near = (geometry.travel(np.maximum(distance + h, 0.0), depth, s)[seen.phase, n] for h in (1.0, -1.0))
        down, up = (geometry.travel(distance, depth + h, s)[seen.phase, n] for h in (1.0, -1.0))
        slowness = (far - near) / (1.0 + np.minimum(distance, 1.0))
        over = slowness / np.maximum(distance, 1e-3)
        rows = np.stack([np.ones(len(e)), over * (geometry.x[e] - geometry.sx[s]),
                         over * (geometry.y[e] - geometry.sy[s]), (down - up) / 2.0], axis=1)
        rows = np.where(seen.used[:, None], rows, 0.0)
        _, residual = _residuals(geometry, seen)
        normal = np.empty((len(geometry.time), 4, 4))
        for a in range(4):
            for b in range(4):
                normal[:, a, b] = np.bincount(e, rows[:, a] * rows[:, b], len(geometry.time))
        return cls(rows, residual, normal)


def steps_without(lever: Lever, seen: Observed, mine: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    """Return the events of some arrivals, and how their hypocentres move when these arrivals are left out.

    Parameters
    ----------
    lever
        Of all arrivals.
    mine
        Rows of the arrivals that are left out: those of one station.

    Returns
    -------
    tuple
        Events, ascending, and shape (n, 4): change of time (s), x, y, depth (km); a step in space of more than 5 km is
        cut to that.

    Notes
    -----
    At the least-squares hypocentre G'r = 0 over all arrivals, so that without those of the station, J, one Gauss-Newton
    step is -(G'G - J'J + D)^-1 J'r_J (deletion formula of Belsley, Kuh & Welsch 1980, eq. 2.1), D the damping.
    """
    events, where = np.unique(seen.event[mine], return_inverse=True)
    rows, residual = lever.rows[mine], lever.residual[mine]
    own, pull = np.zeros((len(events), 4, 4)), np.zeros((len(events), 4))
    np.add.at(own, where, rows[:, :, None] * rows[:, None, :])
    np.add.at(pull, where, rows * residual[:, None])
    left = lever.normal[events] - own + np.diag(DAMPING) + 1e-9 * np.eye(4)
    step = -np.linalg.solve(left, pull[:, :, None])[:, :, 0]
    length = np.linalg.norm(step[:, 1:], axis=1, keepdims=True)
    return events, step * np.minimum(1.0, LONGEST_STEP_KM / np.maximum(length, 1e-12))


@dataclass(frozen=True)
class Others:
    """Of every event: how many stations it has, distances of its farthest and second farthest, which is farthest."""

    count: Array
    far: Array
    second: Array
    farthest: NDArray[np.int64]

    @classmethod
    def of(cls, geometry: Geometry, seen: Observed) -> Others:
        """Return it from the arrivals."""
        one = pd.DataFrame({"event": seen.event, "station": seen.station}).drop_duplicates()
        e, s = one["event"].to_numpy(), one["station"].to_numpy()
        distance = geometry.distance(e, s)
        order = np.lexsort((distance, e))
        e, s, distance = e[order], s[order], distance[order]
        last = np.flatnonzero(np.append(e[1:] != e[:-1], len(e) > 0))
        n = len(geometry.time)
        count, far, second, farthest = np.bincount(e, minlength=n), np.zeros(n), np.zeros(n), np.full(n, -1)
        far[e[last]], farthest[e[last]] = distance[last], s[last]
        several = last[count[e[last]] > 1]
        second[e[several]] = distance[several - 1]
        return cls(count.astype(np.float64), far, second, farthest)


def predicted_at(j: int, geometry: Geometry, seen: Observed, lever: Lever, others: Others, most: int) -> Array:
    """Return when P and S of the events should come to a station, the events located without it.

    Parameters
    ----------
    j
        Number of the station.
    geometry, seen, lever, others
        Of all events.
    most
        Events that are taken, evenly in time.

    Returns
    -------
    ndarray
        Shape (2, n): times of P and S (s) of the n events that have enough other stations and reach this one.
    """
    mine = np.flatnonzero(seen.station == j)
    has = np.zeros(len(geometry.time))
    has[seen.event[mine]] = 1.0
    distance = np.hypot(geometry.x - geometry.sx[j], geometry.y - geometry.sy[j])
    reach = REACH * np.where(others.farthest == j, others.second, others.far)
    events = np.flatnonzero((others.count - has >= LEAST_OTHERS) & (distance <= reach))
    if len(events) > most:
        events = events[np.linspace(0, len(events) - 1, most).round().astype(np.int64)]
    moved = np.zeros((len(geometry.time), 4))
    if len(mine):
        which, step = steps_without(lever, seen, mine)
        moved[which] = step
    t, x, y, z = moved[events].T
    distance = np.hypot(geometry.x[events] + x - geometry.sx[j], geometry.y[events] + y - geometry.sy[j])
    depth = np.maximum(geometry.depth[events] + z, geometry.table.top_km)
    travel = geometry.travel(distance, depth, np.full(len(events), j))
    return np.asarray(geometry.time[events] + t + travel)
