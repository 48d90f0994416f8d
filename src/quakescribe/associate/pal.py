"""The PAL associator: clusters of single-station origin times, then the spatial grid, then the picks left over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.associate.network import Sites, prepare
from quakescribe.associate.pairs import Ints, Onsets, Pairs, find_onsets, find_pairs
from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.cluster import Rules, grow
from quakescribe.kernels.gather import gather, settle
from quakescribe.settings.associate import AssociateSettings
from quakescribe.tables import ARRIVALS, EVENTS, SKIPS, event_ids


class Associated(NamedTuple):
    """What association makes: events, the arrivals of each, and what was left out with its reason."""

    events: pd.DataFrame
    arrivals: pd.DataFrame
    skips: pd.DataFrame


class _Found(NamedTuple):
    """Events in the local frame, and the onsets of each: members[bounds[k]:bounds[k + 1]]."""

    places: NDArray[np.float64]
    times: Ints
    members: Ints
    bounds: Ints
    residuals: NDArray[np.float64]


def associate(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
              settings: AssociateSettings) -> Associated:
    """Return the events that the picks make.

    Parameters
    ----------
    picks
        Table ``picks``, rows in any order.
    stations
        Table ``stations``. The search grid covers all of them, with picks or without.
    model
        Velocities of P and S.
    settings
        Section ``associate``.

    Returns
    -------
    Associated
        Tables ``events``, ``arrivals`` and ``skips``. Every pick belongs to one event at most.
    """
    sites = prepare(stations, model, settings)
    onsets, site = find_onsets(picks, sites)
    pairs = find_pairs(onsets, sites, settings)
    owner, places, times = _cluster(onsets, pairs, sites, settings)
    gather(sites.network, places, times, onsets.site, onsets.phase, onsets.time, owner,
           settings.max_added_residual_s, np.int64(sites.longest_s * 1e9), np.int64(settings.duplicate_s * 1e9))
    found = _finish(onsets, sites, settings, owner, places, times)
    events = _events_table(found, onsets, sites)
    return Associated(events, _arrivals_table(found, events, onsets, sites, picks, stations), _skips(picks, site))


def groups(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
           settings: AssociateSettings) -> list[pd.DataFrame]:
    """Split picks into groups that do not know of one another: associating each gives what associating all gives.

    A group is what lies within reach of one or more clusters of ``min_stations`` stations that follow each other
    without a quiet gap. Picks that no event can reach are in no group. Groups are in order of time.
    """
    sites = prepare(stations, model, settings)
    onsets, _ = find_onsets(picks, sites)
    pairs = find_pairs(onsets, sites, settings)
    spans = _spans(onsets, pairs, sites, settings)
    first = np.searchsorted(onsets.time, spans[:, 0])
    last = np.searchsorted(onsets.time, spans[:, 1], side="right")
    return [picks.iloc[np.sort(onsets.row[a:b])] for a, b in zip(first, last, strict=True)]


def _spans(onsets: Onsets, pairs: Pairs, sites: Sites, settings: AssociateSettings) -> Ints:
    """Return start and end (ns) of the stretches in which events can have picks: shape (n, 2)."""
    deviation = settings.origin_time_deviation_s
    chain = np.concatenate([[0], np.cumsum(np.diff(pairs.t0) > int(2 * deviation * 1e9))]) if len(pairs.t0) else \
        np.empty(0, np.int64)
    size = np.bincount(chain)
    edges = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    live = np.flatnonzero(size >= settings.min_stations)
    margin = 4 * deviation + max(settings.max_residual_s, settings.max_added_residual_s) + settings.duplicate_s
    start = pairs.t0[edges[live]] - int(margin * 1e9)
    end = pairs.t0[edges[live + 1] - 1] + int((margin + sites.longest_s) * 1e9)
    if not len(live):
        return np.empty((0, 2), np.int64)
    new = np.concatenate([[True], start[1:] > np.maximum.accumulate(end)[:-1]])
    return np.stack([start[new], np.maximum.reduceat(end, np.flatnonzero(new))], axis=1)


def _cluster(onsets: Onsets, pairs: Pairs, sites: Sites,
             settings: AssociateSettings) -> tuple[Ints, NDArray[np.float64], Ints]:
    """Return the owner of every onset (-1 none, -2 duplicate), and place and time of every event."""
    rules = Rules(settings.origin_time_deviation_s, settings.max_residual_s, settings.count_share, settings.max_mean_residual_s,
                  settings.duplicate_s, settings.s_weight, settings.grid_km, settings.min_stations,
                  min(settings.min_pairs, settings.min_stations), settings.max_drops)
    event, s_fits, places, times = grow(sites.network, rules, pairs.t0, onsets.site[pairs.p], onsets.time[pairs.p],
                                onsets.time[pairs.s])
    owner = np.full(len(onsets.time), -1, dtype=np.int64)
    owner[pairs.p] = event
    owner[pairs.s] = np.where((event >= 0) & ~s_fits, -1, event)
    return owner, places, times


def _finish(onsets: Onsets, sites: Sites, settings: AssociateSettings, owner: Ints,
            places: NDArray[np.float64], times: Ints) -> _Found:
    """Locate with all picks, drop those that do not fit, dissolve events that fall below ``min_stations``."""
    members = np.flatnonzero(owner >= 0)
    members = members[np.argsort(owner[members], kind="stable")]
    bounds = np.searchsorted(owner[members], np.arange(len(times) + 1))
    residuals = settle(sites.network, onsets.site, onsets.phase, onsets.time, members, bounds, places, times,
                       settings.max_residual_s, settings.count_share, settings.s_weight, settings.grid_km / 2)
    fits = np.abs(residuals) <= settings.max_residual_s
    n_stations = _distinct(owner[members][fits], sites.network.station[onsets.site[members[fits]]], len(times))
    good = n_stations >= settings.min_stations
    fits &= good[owner[members]]
    order = np.lexsort((places[:, 2], places[:, 1], places[:, 0], times))
    order = order[good[order]]
    rank = np.full(len(times), -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    kept, event, residuals = members[fits], rank[owner[members[fits]]], residuals[fits]
    by = np.argsort(event, kind="stable")
    return _Found(places[order], times[order], kept[by], np.searchsorted(event[by], np.arange(len(order) + 1)),
                  residuals[by])


def _distinct(event: Ints, station: Ints, n_events: int) -> Ints:
    """Return the number of distinct stations of each event."""
    pairs = np.unique(np.stack([event, station], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=n_events)


def _events_table(found: _Found, onsets: Onsets, sites: Sites) -> pd.DataFrame:
    latitude, longitude = sites.frame.to_geographic(found.places[:, 0], found.places[:, 1])
    time = pd.Series(pd.to_datetime(found.times, utc=True))
    n_events = len(found.times)
    owner = np.repeat(np.arange(n_events), np.diff(found.bounds))
    n_stations = _distinct(owner, sites.network.station[onsets.site[found.members]], n_events)
    return EVENTS.make({"event_id": event_ids(time), "time": time, "latitude": latitude, "longitude": longitude,
                        "depth_km": found.places[:, 2], "n_picks": np.diff(found.bounds), "n_stations": n_stations,
                        "associator": ["pal"] * n_events})


def _arrivals_table(found: _Found, events: pd.DataFrame, onsets: Onsets, sites: Sites, picks: pd.DataFrame,
                    stations: pd.DataFrame) -> pd.DataFrame:
    own = picks.iloc[onsets.row[found.members]]
    owner = np.repeat(np.arange(len(events)), np.diff(found.bounds))
    at = found.members
    place = stations.sort_values(["station_id", "valid_from"], kind="stable", na_position="first").iloc[onsets.site[at]]
    source = events.iloc[owner]
    distance, azimuth = distance_azimuth(source["latitude"], source["longitude"], place["latitude"],
                                         place["longitude"])
    return ARRIVALS.make({"event_id": source["event_id"].to_numpy(), "pick_id": own["pick_id"].to_numpy(),
                          "station_id": own["station_id"].to_numpy(), "phase": own["phase"].to_numpy(),
                          "time": own["time"].array, "uncertainty_s": own["uncertainty_s"].to_numpy(),
                          "amplitude_m": own["amplitude_m"].to_numpy(), "distance_km": distance,
                          "azimuth_deg": azimuth, "residual_s": found.residuals, "weight": np.ones(len(at))})


def _skips(picks: pd.DataFrame, site: Ints) -> pd.DataFrame:
    """Return one row per station and reason for picks that could not be used."""
    lost = picks[["station_id", "time"]].assign(site=site)[site < 0]
    if lost.empty:
        return SKIPS.empty()
    by = lost.groupby(["station_id", "site"], sort=True)["time"].agg(["min", "max", "size"]).reset_index()
    known = by["site"].to_numpy() == -2
    return SKIPS.make({
        "stage": ["associate"] * len(by), "station_id": by["station_id"],
        "reason": np.where(known, "no_epoch", "unknown_station"),
        "detail": np.where(known, "picks at times when the stations table has no epoch of the station",
                           "picks of a station that the stations table does not have"),
        "start": by["min"], "end": by["max"], "count": by["size"]})
