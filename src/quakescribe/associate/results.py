"""What association hands back: its tables, made from places in the local frame and from the onsets of each event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.associate.network import Sites
from quakescribe.associate.pairs import Ints, Onsets
from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.tables import ARRIVALS, EVENTS, SKIPS, event_ids


class Associated(NamedTuple):
    """What association makes: events, the arrivals of each, and what was left out with its reason."""

    events: pd.DataFrame
    arrivals: pd.DataFrame
    skips: pd.DataFrame


class Found(NamedTuple):
    """Events in the local frame, and the onsets of each: members[bounds[k]:bounds[k + 1]]."""

    places: NDArray[np.float64]
    times: Ints
    members: Ints
    bounds: Ints
    residuals: NDArray[np.float64]


def count_distinct(event: Ints, station: Ints, n_events: int) -> Ints:
    """Return the number of distinct stations of each event."""
    pairs = np.unique(np.stack([event, station], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=n_events)


def events_table(found: Found, onsets: Onsets, sites: Sites, associator: str) -> pd.DataFrame:
    """Return the table ``events``; ``found`` is in order of time."""
    latitude, longitude = sites.frame.to_geographic(found.places[:, 0], found.places[:, 1])
    time = pd.Series(pd.to_datetime(found.times, utc=True))
    n_events = len(found.times)
    owner = np.repeat(np.arange(n_events), np.diff(found.bounds))
    n_stations = count_distinct(owner, sites.network.station[onsets.site[found.members]], n_events)
    return EVENTS.make({"event_id": event_ids(time), "time": time, "latitude": latitude, "longitude": longitude,
                        "depth_km": found.places[:, 2], "n_picks": np.diff(found.bounds), "n_stations": n_stations,
                        "associator": [associator] * n_events})


def arrivals_table(found: Found, events: pd.DataFrame, onsets: Onsets, sites: Sites, picks: pd.DataFrame,
                    stations: pd.DataFrame) -> pd.DataFrame:
    """Return the table ``arrivals``: geodesic distances, residuals of the search, and what the picks carry."""
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


def skips_table(picks: pd.DataFrame, site: Ints) -> pd.DataFrame:
    """Return one row per station and reason for picks that could not be used."""
    lost = picks[["station_id", "time"]].assign(site=site)[site < 0]
    if lost.empty:
        return SKIPS.empty()
    by = lost.groupby(["station_id", "site"], sort=True)["time"].agg(["min", "max", "size"]).reset_index()
    known = by["site"].to_numpy() == -2
    return SKIPS.make({
        "stage": ["associate"] * len(by), "station_id": by["station_id"],
        "reason": np.where(known, "no-epoch", "unknown-station"),
        "detail": np.where(known, "picks at times when the stations table has no epoch of the station",
                           "picks of a station that the stations table does not have"),
        "start": by["min"], "end": by["max"], "count": by["size"]})
