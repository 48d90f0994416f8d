"""Two events side by side: the onsets they share, and whether the smaller one's fit the other's origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case
from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.tables.matching import seconds

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_DEPTH_KM = 8.0  # of events without a depth
_FARTHEST_KM = 500.0  # onsets farther away are not compared with a layered model


@dataclass(frozen=True)
class Onsets:
    """The arrivals of the catalogue's events, in the order of its rows.

    Attributes
    ----------
    first
        Shape (n_events + 1,): where the arrivals of each row of the catalogue begin.
    event, station, phase
        Shape (n,), int64: row of the catalogue, number of the station, 0 = P and 1 = S.
    time
        Shape (n,): onset (s after 2000).
    place
        Shape (n,), int64: row of the table of stations, -1 where it is unknown.
    row
        Shape (n,), int64: row of the table of arrivals.
    """

    first: Rows
    event: Rows
    station: Rows
    phase: Rows
    time: Array
    place: Rows
    row: Rows


def onsets(case: Case) -> Onsets:
    """Return the arrivals by event; those of unknown events are left out."""
    arrivals, stations = case.facts.arrivals, case.facts.stations
    row = pd.Index(case.facts.catalogue["event_id"]).get_indexer(arrivals["event_id"])
    station, names = pd.factorize(arrivals["station_id"], sort=True)
    phase = (arrivals["phase"] == "S").to_numpy().astype(np.int64)
    order = np.argsort((row * (len(names) + 1) + station) * 2 + phase, kind="stable")
    order = order[row[order] >= 0]
    place = pd.Index(stations["station_id"]).get_indexer(names) if len(names) else np.empty(0, np.int64)
    first = np.searchsorted(row[order], np.arange(len(case.facts.catalogue) + 1))
    return Onsets(first.astype(np.int64), row[order].astype(np.int64), station[order].astype(np.int64), phase[order],
                  seconds(arrivals["time"])[order], place[station[order]].astype(np.int64), order.astype(np.int64))


def travel_times(case: Case, event: Rows, place: Rows, phase: Rows) -> Array:
    """Return travel times (s) from events to stations; not a number without a station or too far.

    All stations stand at their median elevation: the difference is a small part of what is tolerated here.

    Parameters
    ----------
    event, place, phase
        Shape (n,): rows of the catalogue and of the table of stations (-1 = unknown), 0 = P and 1 = S.
    """
    out = np.full(len(event), np.nan)
    stations, events = case.facts.stations, case.facts.catalogue
    known = np.flatnonzero(place >= 0)
    if not len(known):
        return out
    to = stations[["latitude", "longitude"]].to_numpy()[place[known]]
    at = events[["latitude", "longitude"]].to_numpy()[event[known]]
    distance, _ = distance_azimuth(at[:, 0], at[:, 1], to[:, 0], to[:, 1])
    near = distance <= _FARTHEST_KM
    known, distance = known[near], distance[near]
    if not len(known):
        return out
    depth = events["depth_km"].fillna(_DEPTH_KM).to_numpy()[event[known]]
    elevation = [float(stations["elevation_m"].fillna(0.0).median())]
    table = TravelTimes.build(case.model, elevation, float(distance.max()) + 1.0, float(depth.min()) - 1.0,
                              float(depth.max()) + 1.0)
    both = table.at(np.zeros(len(known), np.int64), distance, depth)
    out[known] = both[phase[known], np.arange(len(known))]
    return out


def compare(case: Case, found: Onsets, one: Rows, two: Rows, moved_s: Array | None = None) -> pd.DataFrame:
    """Return what pairs of events have in common, one row per pair.

    Parameters
    ----------
    found
        The arrivals.
    one, two
        Shape (n,): rows of the catalogue.
    moved_s
        Shape (n,): added to origin and onsets of ``two`` (s).

    Returns
    -------
    pd.DataFrame
        large, small: rows of the catalogue, by number of onsets; n_large, n_small: onsets; stations: distinct
        stations of the smaller; shared_stations: those that the larger has too; overlap: share of the smaller's onsets
        whose station and phase the larger has too; same_onsets: of these, onsets no farther apart than
        ``same_onset_s``; fit: share of the smaller's onsets within ``onset_fit_s`` of the larger's origin plus travel
        time, not a number without onsets, stations or place.
    """
    limits = case.settings.seismicity
    counts = np.diff(found.first)
    swap = counts[two] > counts[one]
    large, small = np.where(swap, two, one), np.where(swap, one, two)
    moved = np.zeros(len(one)) if moved_s is None else moved_s
    to_large = np.where(swap, moved, -moved)  # what takes the smaller one's times to the larger one's
    pair = np.repeat(np.arange(len(one)), counts[small])
    pick = _spread(found.first[small], counts[small])
    n_stations = int(found.station.max(initial=0)) + 1
    key = (found.event * n_stations + found.station) * 2 + found.phase
    wanted = (large[pair] * n_stations + found.station[pick]) * 2 + found.phase[pick]
    at = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    both = key[at] == wanted if len(key) else np.zeros(len(pick), dtype=bool)
    time = found.time[pick] - to_large[pair]
    same = both & (np.abs(found.time[at] - time) <= limits.same_onset_s) if len(key) else both
    travel = travel_times(case, large[pair], found.place[pick], found.phase[pick])
    origin = seconds(case.facts.catalogue["time"])[large[pair]] if len(pair) else np.empty(0)
    fits = np.abs(time - origin - travel) <= limits.onset_fit_s
    checked = np.bincount(pair, np.isfinite(travel), minlength=len(one))
    new = np.r_[True, (np.diff(pair) != 0) | (np.diff(found.station[pick]) != 0)][: len(pair)]
    any_phase = np.isin(wanted // 2, key // 2)

    def total(what: NDArray[np.bool_]) -> Array:
        return np.asarray(np.bincount(pair, what, minlength=len(one)), np.float64)

    n_small = counts[small]
    return pd.DataFrame({
        "large": large, "small": small, "n_large": counts[large], "n_small": n_small,
        "stations": total(new).astype(np.int64), "shared_stations": total(new & any_phase).astype(np.int64),
        "overlap": np.where(n_small > 0, total(both) / np.maximum(n_small, 1), np.nan),
        "same_onsets": total(same).astype(np.int64),
        "fit": np.where(checked > 0, total(fits) / np.maximum(checked, 1), np.nan)})


def split(compared: pd.DataFrame, case: Case) -> NDArray[np.bool_]:
    """Return which compared pairs look like one event: other onsets, and these fit the larger one's origin."""
    limits = case.settings.seismicity
    return np.asarray((compared["overlap"] <= limits.split_shared) & (compared["fit"] >= limits.split_fit))


def _spread(first: Rows, lengths: Rows) -> Rows:
    """Return first[0], first[0] + 1, ..., first[1], ... with the given lengths, in one array."""
    ends = np.cumsum(lengths)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - lengths, lengths) + np.repeat(first, lengths)
