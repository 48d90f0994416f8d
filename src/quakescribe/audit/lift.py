"""Association lift: whether a station has the onsets that the events, made without it, predict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.association import judged_share, pairs_of, poisson_interval
from quakescribe.audit.case import Case
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, NAN, WATCH, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.statistics import resampled, wilson
from quakescribe.earth.geodesy import LocalFrame
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.tables.matching import seconds

Array = NDArray[np.float64]

SHIFTS, SHIFT_S = 40, (60.0, 900.0)
"""How often and how far (s, either way) a station's picks are shifted: beyond any event, within its hours."""
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
FALSE_WINDOW_S = 3.0
"""How wide the window is in which an event's place and time let a false pair join it (s)."""
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


def _prepared(case: Case) -> tuple[Geometry, Observed, pd.Index]:
    """Return geometry, arrivals and stations of the events that are looked at, evenly taken in time."""
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
    p, s = (_running_median(travel[seen.phase == k], residual[seen.phase == k]) for k in (0, 1))
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


def _running_median(at: Array, values: Array) -> tuple[Array, Array]:
    """Return medians of both in up to ten classes of equal size, of at least 30 each."""
    classes = min(10, len(at) // 30)
    if classes < 1:
        return np.array([0.0]), np.array([0.0])
    pieces = np.array_split(np.argsort(at, kind="stable"), classes)
    return (np.array([np.median(at[piece]) for piece in pieces]),
            np.array([np.median(values[piece]) for piece in pieces]))


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
class _Others:
    """Of every event: how many stations it has, its farthest and second farthest, and which station is farthest."""

    count: Array
    far: Array
    second: Array
    farthest: NDArray[np.int64]

    @classmethod
    def of(cls, geometry: Geometry, seen: Observed) -> _Others:
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


def _predicted(geometry: Geometry, seen: Observed, lever: Lever, others: _Others, j: int, mine: NDArray[np.int64],
               most: int) -> Array:
    """Return shape (2, n): when P and S of the events should come to station j, the events located without it."""
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


def hits(onsets: tuple[Array, Array], predicted: Array, within: tuple[float, float]) -> int:
    """Return how many events have a P and an S near their predictions.

    Parameters
    ----------
    onsets
        Times of P and of S, each ascending (s).
    predicted
        Shape (2, n): times of P and S (s).
    within
        How near P and S (s).
    """
    both = np.ones(predicted.shape[1], dtype=bool)
    for times, wanted, apart in zip(onsets, predicted, within, strict=True):
        both &= np.searchsorted(times, wanted + apart, "right") > np.searchsorted(times, wanted - apart, "left")
    return int(both.sum())


def by_chance(onsets: tuple[Array, Array], predicted: Array, within: tuple[float, float], span: tuple[float, float],
              rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the hits of 40 shifts of the picks by 60 to 900 s, either way, round the span.

    The predictions are shifted instead, which is the same; one that leaves the span comes in at the other end.
    """
    by = rng.uniform(*SHIFT_S, SHIFTS) * rng.choice([-1.0, 1.0], SHIFTS)
    start, length = span[0], max(span[1] - span[0], 1.0)
    found = []
    for shift in by:
        p = start + (predicted[0] + shift - start) % length
        found.append(hits(onsets, np.stack([p, p + predicted[1] - predicted[0]]), within))
    return np.array(found, dtype=np.int64)


_METRICS = (
    Metric("association_lift", "Association lift", "-",
           "Check the station's clock, coordinates and noise: its picks lie where the events predict them hardly more "
           "often than by chance. Leave it out and associate again."),
    Metric("chance_arrivals", "Arrivals by chance", "-",
           "Treat this station's arrivals with suspicion, above all in events with few stations: raise its weight only "
           "when its picks without event have become fewer."),
    Metric("expected_contamination", "Events that meet a false pair", "-",
           "Make fewer false picks at this station (threshold, training with its noise), or leave it out: so many "
           "events will find a false pair at their time whether it recorded them or not."),
)


def _run(case: Case) -> Outcome:
    rows, facts = Rows(_METRICS), case.facts
    contamination = _contamination(rows, case)
    reason = ("There are no picks." if facts.picks.empty else "There is no table of stations." if facts.stations.empty
              else "No pick belongs to an event." if facts.arrivals.empty or facts.catalogue.empty else
              "There are no S picks." if facts.picks["phase"].eq("P").all() else
              "There are no P picks." if facts.picks["phase"].eq("S").all() else "")
    if not reason:
        geometry, seen, stations = _prepared(case)
        if not len(geometry.time):
            reason = f"No event has arrivals of {LEAST_OTHERS} stations."
    if reason:
        for metric in ("association_lift", "chance_arrivals"):
            rows.cannot_tell(metric, reason)
        return Outcome(rows.rows, {"stations": contamination})
    table = _lifts(case, geometry, seen, stations)
    one: Any
    for one in table.itertuples():
        _say(rows, one, case)
    _network(rows, table, case)
    table = table.merge(contamination, on="station_id", how="outer").assign(least=case.settings.picks.lift_least)
    return Outcome(rows.rows, {"stations": table})


def _lifts(case: Case, geometry: Geometry, seen: Observed, stations: pd.Index) -> pd.DataFrame:
    """Return station_id, events, k, k0, k0_low, k0_high, z and lift with its interval, of stations that have picks."""
    rules, picks = case.settings.picks, case.facts.picks
    lever, others = Lever.of(geometry, seen), _Others.of(geometry, seen)
    time, is_s = seconds(picks["time"]), picks["phase"].eq("S").to_numpy()
    station = stations.get_indexer(pd.Index(picks["station_id"]))
    start, end = (float(seconds(pd.Series([one]))[0]) for one in case.facts.span or (picks["time"].min(),) * 2)
    within, found = (rules.lift_p_s, rules.lift_s_s), []
    for j, name in enumerate(stations):
        own = station == j
        if not own.any():
            continue
        onsets = np.sort(time[own & ~is_s]), np.sort(time[own & is_s])
        predicted = _predicted(geometry, seen, lever, others, j, np.flatnonzero(seen.station == j), rules.lift_events)
        k = hits(onsets, predicted, within)
        null = by_chance(onsets, predicted, within, (start, end), case.rng(641, j))
        found.append((name, len(onsets[0]), len(onsets[1]), predicted.shape[1], k, *_null(null)))
    table = pd.DataFrame(found, columns=["station_id", "p", "s", "events", "k", "k0", "k0_low", "k0_high", "var"])
    table["z"] = (table["k"] - table["k0"]) / np.sqrt(np.maximum(table[["k0", "var"]].max(axis=1), 1.0 / SHIFTS))
    least = np.where(table["k0"] > 0, table["k0"], table["k0_high"])
    table["lift"] = np.where(table["events"] > 0, table["k"] / np.maximum(least, 1e-9), np.nan)
    bounds = np.array([_k_interval(k, n) for k, n in zip(table["k"], table["events"], strict=True)]).reshape(-1, 2)
    table["low"] = np.minimum(bounds[:, 0] / np.maximum(table["k0_high"], 1e-9), table["lift"])
    table["high"] = np.where(table["k0_low"] > 0, bounds[:, 1] / np.maximum(table["k0_low"], 1e-9), np.inf)
    table["high"] = np.maximum(table["high"], table["lift"])
    return table


def _null(found: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """Return mean, interval of the mean, and variance of the hits of the shifts.

    The sum of all shifts is Poissonian (exact interval), or as much wider as they scatter more than that.
    """
    total, variance = float(found.sum()), float(found.var(ddof=1))
    mean = total / len(found)
    low, high = (end / len(found) for end in poisson_interval(total))
    wider = float(np.sqrt(max(variance / mean, 1.0))) if mean > 0 else 1.0
    return mean, max(mean - wider * (mean - low), 0.0), mean + wider * (high - mean), variance


def _k_interval(k: int, n: int) -> tuple[float, float]:
    """Return the interval of the number of hits of n events."""
    low, high = wilson(k, n)
    return low * n, high * n


def _verdict(value: float, low: float, high: float, k0: float, least: float) -> str:
    """Return the verdict of a lift: bad only if all of its interval lies below the limit."""
    if np.isnan(value):
        return CANNOT_TELL
    if low >= least:
        return GOOD
    if high < least:
        return BAD
    return WATCH if value < least and k0 >= 5.0 else CANNOT_TELL


def _say(rows: Rows, one: Any, case: Case) -> None:
    least, more = case.settings.picks.lift_least, {"scope": "station", "key": one.station_id, "n": one.events}
    because = (f"No event of {LEAST_OTHERS} other stations lies in its reach." if not one.events else
               "It has no P, or no S: were all its components recorded?" if not min(one.p, one.s) else "")
    if because:
        for metric in ("association_lift", "chance_arrivals"):
            rows.cannot_tell(metric, because, **more)
        return
    verdict = _verdict(one.lift, one.low, one.high, one.k0, least)
    told = (f"Of {one.events:,} events made without it, it has P and S as predicted in {one.k:,}, and in {one.k0:.1f} "
            f"with its picks shifted in time")
    bound = "at least " if one.k0 == 0 and one.k else ""
    tail = ("; too few to tell." if verdict == CANNOT_TELL else f": {bound}{one.lift:.1f} times as often as by chance.")
    rows.add("association_lift", one.lift, verdict, told + tail, low=one.low, expected=1.0,
             high=one.high if np.isfinite(one.high) else NAN, **more)
    if not one.k:
        rows.cannot_tell("chance_arrivals", f"It has none of the {one.events:,} events as predicted.", **more)
        return
    value, low, high = (min(share, 1.0) for share in (one.k0 / one.k, 1.0 / one.high, 1.0 / max(one.low, 1e-9)))
    rows.add("chance_arrivals", value, judged_share(value, low, high, 0.5 / least, 1.0 / least),
             f"About {value:.1%} of its {one.k:,} arrivals as predicted would be there by chance.",
             low=min(low, value), high=max(high, value), **more)


def _network(rows: Rows, table: pd.DataFrame, case: Case) -> None:
    """Say the lift of all stations together; the interval is from drawing stations again."""
    rules = case.settings.picks
    k, k0, n = (table[name].to_numpy(np.float64) for name in ("k", "k0", "events"))
    if not n.sum() > 0:
        because = f"No event of {LEAST_OTHERS} other stations lies in reach of a station with picks."
        for metric in ("association_lift", "chance_arrivals"):
            rows.cannot_tell(metric, because, n=0)
        return
    if not k0.sum() > 0:  # the upper limit of what 40 shifts did not find
        k0 = np.full(len(k), poisson_interval(0.0)[1] / SHIFTS / len(k))
    value = float(k.sum() / k0.sum())
    low, high = resampled(lambda i: k[i].sum() / k0[i].sum() if k0[i].sum() > 0 else NAN, np.arange(len(k)),
                          case.rng(642), case.settings.resamples)
    low, high = min(low, value), max(high, value)
    verdict = _verdict(value, low, high, float(k0.sum()), rules.lift_least) if np.isfinite(low) else CANNOT_TELL
    weak = int((table["high"] < rules.lift_least).sum())
    rows.add("association_lift", value, verdict, f"Events have P and S of a station as predicted {k.sum():,.0f} "
             f"times, and {k0.sum():,.1f} times with picks shifted in time: {value:.1f} times as often as by chance; "
             f"{weak} of {len(table)} stations surely stay below {rules.lift_least:g}.", low=low, high=high,
             expected=1.0, n=float(n.sum()))
    share = min(1.0 / value, 1.0) if value > 0 else 1.0
    low, high = (min(1.0 / max(end, 1e-9), 1.0) for end in (high, low))
    verdict = CANNOT_TELL if verdict == CANNOT_TELL else judged_share(
        share, low, high, 0.5 / rules.lift_least, 1.0 / rules.lift_least)
    rows.add("chance_arrivals", share, verdict,
             f"About {share:.1%} of the arrivals as predicted would be there by chance.", low=low, high=high,
             n=float(k.sum()))


def _contamination(rows: Rows, case: Case) -> pd.DataFrame:
    """Say how many events meet a false pair at each station: 1 - exp(-rate * 3 s), rate that of its lone pairs."""
    rules, picks = case.settings.picks, case.facts.picks
    columns = ["station_id", "false", "contamination"]
    if picks.empty or not case.hours > 0:
        rows.cannot_tell("expected_contamination", "There are no picks over a span of time.")
        return pd.DataFrame(columns=columns).astype({"station_id": "str", "false": float, "contamination": float})
    pairs = pairs_of(picks)
    kind = "pairs" if len(pairs) else "P picks"
    false = pairs.loc[~pairs["associated"], "station_id"] if len(pairs) else picks.loc[
        picks["phase"].eq("P") & picks["event_id"].eq(0), "station_id"]
    names = sorted(set(picks["station_id"]))
    count = false.value_counts().reindex(names).fillna(0).to_numpy(np.float64)
    recorded = _recorded_s(case, names)
    shares = 1.0 - np.exp(-count / recorded * FALSE_WINDOW_S)
    for name, k, length, share in zip(names, count, recorded, shares, strict=True):
        low, high = (1.0 - float(np.exp(-rules.overdispersion * end / length * FALSE_WINDOW_S))
                     for end in poisson_interval(k / rules.overdispersion))
        rows.add("expected_contamination", share, judge(low, high, rules.contamination_good, rules.contamination_bad),
                 f"{k:,.0f} {kind} without event in {length / 86_400:.1f} days: {share:.1%} of the events find one "
                 f"within {FALSE_WINDOW_S:g} s.", scope="station", key=name, low=min(low, share), high=max(high, share),
                 n=float(k))
    value = float(shares.mean())
    low, high = resampled(lambda i: float(shares[i].mean()), np.arange(len(names)), case.rng(643),
                          case.settings.resamples)
    most = names[int(np.argmax(shares))]
    verdict = judge(low, high, rules.contamination_good, rules.contamination_bad)
    rows.add("expected_contamination", value, verdict, f"On the average of {len(names)} stations {value:.1%} of the "
             f"events find false {kind} within {FALSE_WINDOW_S:g} s, most at {most} ({shares.max():.1%}).",
             low=min(low, value), high=max(high, value), n=float(count.sum()))
    return pd.DataFrame({"station_id": names, "false": count, "contamination": shares})


def _recorded_s(case: Case, names: list[str]) -> Array:
    """Return how long each station recorded within the span (s); the whole span where that is not known."""
    span = np.full(len(names), case.hours * 3600.0)
    if case.coverage.empty or case.facts.span is None:
        return span
    start, end = case.facts.span
    low, high = case.coverage["start"], case.coverage["end"]
    length = (high.where(high < end, end) - low.where(low > start, start)).dt.total_seconds().clip(lower=0.0)
    known = length.groupby(case.coverage["station_id"]).sum().reindex(names).to_numpy(np.float64)
    return np.where(known > 60.0, np.minimum(known, span), span)


LIFT = Check(
    name="lift",
    section="associate",
    question="Does every station have the onsets that the events, made without it, predict?",
    method=(
        "For every station the events that have at least four others are taken, and moved by one Gauss-Newton step to "
        "where they would be without its arrivals. K of them have a P within 1 s and an S within 1.5 s of prediction; "
        "K0 is the mean of that over 40 shifts of the station's picks by 60 to 900 s. The lift is K/K0, with the "
        "interval of both counts, and 1 by chance. Predictions carry the median residuals against travel time and of "
        "each station and phase, so the model needs to be roughly right only. The rate of pairs without event gives "
        "the share of events that meet a false pair, 1 - exp(-rate * 3 s)."),
    references=(
        "Belsley, D. A., Kuh, E. & Welsch, R. E. (1980). Regression diagnostics. Wiley, New York (eq. 2.1: deletion of "
        "rows).",
        "Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.",
        "Zhou, Y. & Zhou, S. (2026). AI- and rule-based earthquake cataloguing. Earth Science 51(2), 690-702, "
        "doi 10.3799/dqkx.2025.177 (the fault that it detects)."),
    metrics=_METRICS,
    run=_run,
)
