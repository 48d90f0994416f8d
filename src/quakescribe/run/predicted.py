"""Where the onsets of located events are expected, also at stations that did not pick them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.earth.velocity import VelocityModel
from quakescribe.settings.measure import MeasureSettings
from quakescribe.tables.matching import match_stations, nanoseconds

REACH = 1.3
"""An event is expected up to this many times the distance of the farthest station that picked it."""

_STEP_KM = 1.0


def predict(origins: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame,
            model: VelocityModel) -> pd.DataFrame:
    """Return the expected P and S of every event at every station within its reach.

    Parameters
    ----------
    origins, arrivals, stations
        Tables ORIGINS, ARRIVALS and STATIONS. An event without an arrival at a listed station is expected nowhere.

    Returns
    -------
    DataFrame
        event_id, station_id, p_ns, s_ns (ns after 1970), by station and then in the order of the origins.
    """
    reach = _reach(origins, arrivals, stations)
    known = np.flatnonzero(reach > 0)
    if not len(known) or stations.empty:
        return _nothing()
    events = origins.iloc[known].reset_index(drop=True)
    zero = nanoseconds(events["time"])
    depth = events["depth_km"].to_numpy(np.float64)
    table = _table(model, stations, float(reach.max()), depth)
    frames = []
    for station_id in sorted(set(stations["station_id"])):
        row = match_stations(pd.Series([station_id] * len(events)), zero, stations)
        distance = _distance(events, stations.iloc[row])
        near = np.flatnonzero(distance <= reach[known])
        travel = np.round(table.at(table.surface[row[near]], distance[near], depth[near]) * 1e9).astype(np.int64)
        frames.append(pd.DataFrame({"event_id": events["event_id"].to_numpy()[near], "station_id": station_id,
                                    "p_ns": zero[near] + travel[0], "s_ns": zero[near] + travel[1]}))
    return pd.concat(frames, ignore_index=True)


def expected_onsets(origins: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
                    settings: MeasureSettings) -> pd.DataFrame:
    """Return where events would be seen if they were larger: event_id, station_id, p_ns, s_ns without an arrival."""
    if not settings.limits or "ML" not in settings.kinds:
        return _nothing()
    found = predict(origins, arrivals, stations, model)
    seen = pd.MultiIndex.from_frame(arrivals[["event_id", "station_id"]])
    return found[~pd.MultiIndex.from_frame(found[["event_id", "station_id"]]).isin(seen)].reset_index(drop=True)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"event_id": np.empty(0, np.int64), "station_id": np.empty(0, object),
                         "p_ns": np.empty(0, np.int64), "s_ns": np.empty(0, np.int64)})


def _reach(origins: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame) -> NDArray[np.float64]:
    """Return per origin how far it is expected (km): REACH times the farthest pick; 0 without a pick."""
    out = np.zeros(len(origins))
    place = pd.Series(np.arange(len(origins)), index=origins["event_id"].to_numpy())
    event = place.reindex(arrivals["event_id"].to_numpy()).to_numpy(np.float64)
    station = match_stations(arrivals["station_id"].reset_index(drop=True), nanoseconds(arrivals["time"]), stations)
    use = np.flatnonzero(np.isfinite(event) & (station >= 0))
    at = event[use].astype(np.int64)
    distance = _distance(origins.iloc[at], stations.iloc[station[use]])
    np.maximum.at(out, at, REACH * np.maximum(distance, 0.1))
    return out


def _distance(events: pd.DataFrame, stations: pd.DataFrame) -> NDArray[np.float64]:
    return distance_azimuth(events["latitude"], events["longitude"], stations["latitude"].to_numpy(),
                            stations["longitude"].to_numpy())[0]


def _table(model: VelocityModel, stations: pd.DataFrame, reach_km: float, depth: NDArray[np.float64]) -> TravelTimes:
    elevation = stations["elevation_m"].to_numpy(np.float64) - stations["burial_m"].fillna(0.0).to_numpy(np.float64)
    return TravelTimes.build(model, elevation, reach_km, float(depth.min()), float(depth.max()) + _STEP_KM,
                             _STEP_KM, _STEP_KM)
