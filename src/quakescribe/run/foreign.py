"""What a stranger's catalogue leaves out and its numbers tell: which picks are its arrivals, geometry, residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.hypocentre import gaps
from quakescribe.tables import ARRIVALS, ORIGINS
from quakescribe.tables.matching import close, codes, match_stations, nanoseconds, one_to_one

Tables = dict[str, pd.DataFrame]

LATE_S, LATE_SHARE = 1.0, 0.05
"""A pick is an event's if it comes within LATE_S + LATE_SHARE times the travel time of the predicted onset (s)."""

FAR_KM = 150.0
"""Onsets are predicted to this distance."""

_STEP_KM = 1.0
_WORDS = {"rms_s": "RMS", "gap_deg": "gap", "dmin_km": "distance of the nearest station",
          "n_phases": "number of phases", "n_stations": "number of stations"}


def complete(tables: Tables, model: VelocityModel) -> tuple[Tables, list[str], set[str]]:
    """Fill in what follows from the rest, where stations are known, and say what was filled in.

    Arrivals that were not given are the picks near the predicted onsets; distances, azimuths and residuals of arrivals,
    and gap, nearest station, RMS and numbers of phases of origins are computed where they are null or zero. What was
    given stays.

    Parameters
    ----------
    tables
        As read; any may be absent.
    model
        For predicted onsets.

    Returns
    -------
    tuple
        The tables, one sentence per thing that was filled in, and the columns that were computed in the model.
    """
    said: list[str] = []
    computed: set[str] = set()
    tables = dict(tables)
    origins, stations = tables.get("origins"), tables.get("stations")
    if origins is None or origins.empty or stations is None or stations.empty:
        return tables, said, computed
    if _empty(tables.get("arrivals")) and not _empty(tables.get("picks")):
        tables["arrivals"] = assigned(origins, tables["picks"], stations, model)
        said.append(f"The catalogue does not say which picks are its own: the {len(tables['arrivals']):,} picks within "
                    f"{LATE_S:g} s and {LATE_SHARE:.0%} of the travel time of a predicted onset were taken.")
    if not _empty(tables.get("arrivals")):
        given = int(tables["arrivals"]["residual_s"].notna().sum())
        arrivals = tables["arrivals"] = _filled_arrivals(tables["arrivals"], origins, stations, model, said)
        tables["origins"] = _filled_origins(origins, arrivals, said)
        if int(arrivals["residual_s"].notna().sum()) > given:
            computed |= {"residual_s"} | ({"rms_s"} if origins["rms_s"].isna().any() else set())
    return tables, said, computed


def _empty(frame: pd.DataFrame | None) -> bool:
    return frame is None or frame.empty


def assigned(origins: pd.DataFrame, picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel) -> pd.DataFrame:
    """Return as arrivals the picks near the predicted onsets of events, each pick and each onset once, nearest first.

    Parameters
    ----------
    origins, picks, stations
        Tables ORIGINS, PICKS and STATIONS.
    model
        For the predictions, out to FAR_KM.
    """
    names = stations.drop_duplicates("station_id", keep="last").reset_index(drop=True)
    predicted = _predicted(origins, names, model)
    parts = []
    for phase in ("P", "S"):
        mine = picks[(picks["phase"] == phase) & picks["station_id"].isin(names["station_id"])].reset_index(drop=True)
        there, here = codes(predicted["station_id"], mine["station_id"])
        late = nanoseconds(predicted["time"]) + (predicted[phase].to_numpy() * 1e9).astype(np.int64)
        most = LATE_S + LATE_SHARE * float(predicted[phase].max()) if len(predicted) else LATE_S
        i, j = close((there, late), (here, nanoseconds(mine["time"])), most)
        off = (nanoseconds(mine["time"])[j] - late[i]) / 1e9
        near = np.abs(off) <= LATE_S + LATE_SHARE * predicted[phase].to_numpy()[i]
        i, j = one_to_one(i[near], j[near], np.abs(off[near]))
        rows = mine.iloc[j].reset_index(drop=True)
        parts.append(rows.assign(event_id=predicted["event_id"].to_numpy()[i]))
    return ARRIVALS.order(ARRIVALS.conform(pd.concat(parts, ignore_index=True)))


def _predicted(origins: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel) -> pd.DataFrame:
    """Return event_id, station_id, time (of the event), P and S (s) of all events at all stations within FAR_KM."""
    table = _table(stations, model, origins["depth_km"], FAR_KM)
    parts = []
    places = stations[["latitude", "longitude"]].to_numpy(np.float64)
    for k, name in enumerate(stations["station_id"]):
        distance, _ = distance_azimuth(origins["latitude"], origins["longitude"], *places[k])
        near = np.flatnonzero(distance <= FAR_KM)
        travel = table.at(np.full(len(near), table.surface[k]), distance[near],
                          origins["depth_km"].to_numpy(np.float64)[near])
        parts.append(pd.DataFrame({"event_id": origins["event_id"].to_numpy()[near], "station_id": name,
                                   "time": origins["time"].iloc[near].array, "P": travel[0], "S": travel[1]}))
    return pd.concat(parts, ignore_index=True)


def _table(stations: pd.DataFrame, model: VelocityModel, depth: pd.Series, far_km: float) -> TravelTimes:
    elevation = stations["elevation_m"].to_numpy(np.float64) - stations["burial_m"].fillna(0.0).to_numpy(np.float64)
    return TravelTimes.build(model, elevation, far_km, float(depth.min()), float(depth.max()) + _STEP_KM, _STEP_KM,
                             _STEP_KM)


def _filled_arrivals(arrivals: pd.DataFrame, origins: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
                     said: list[str]) -> pd.DataFrame:
    """Return the arrivals with distance, azimuth and residual where they were null."""
    event = pd.Index(origins["event_id"]).get_indexer(arrivals["event_id"])
    station = match_stations(arrivals["station_id"], nanoseconds(arrivals["time"]), stations)
    use = np.flatnonzero((event >= 0) & (station >= 0))
    out = arrivals.copy()
    if not len(use):
        return out
    at, place = origins.iloc[event[use]], stations.iloc[station[use]]
    distance, azimuth = distance_azimuth(at["latitude"], at["longitude"], place["latitude"], place["longitude"])
    _fill(out, "distance_km", use, distance)
    _fill(out, "azimuth_deg", use, azimuth)
    if out["residual_s"].isna().to_numpy()[use].any():
        table = _table(stations, model, origins["depth_km"], float(distance.max()) + 1.0)
        travel = table.at(table.surface[station[use]], distance, at["depth_km"].to_numpy(np.float64))
        predicted = np.where(out["phase"].to_numpy()[use] == "S", travel[1], travel[0])
        observed = (nanoseconds(out["time"])[use] - nanoseconds(at["time"])) / 1e9
        count = int(out["residual_s"].isna().to_numpy()[use].sum())
        _fill(out, "residual_s", use, observed - predicted)
        said.append(f"Residuals of {count:,} arrivals were not given: they were computed in the velocity model "
                    f"'{model.name}'.")
    return ARRIVALS.check(out)


def _fill(frame: pd.DataFrame, name: str, rows: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    """Write values into the rows that are null."""
    column = frame[name].to_numpy(np.float64, copy=True)
    null = np.isnan(column[rows])
    column[rows[null]] = np.asarray(values)[null]
    frame[name] = column


def _filled_origins(origins: pd.DataFrame, arrivals: pd.DataFrame, said: list[str]) -> pd.DataFrame:
    """Return the origins with RMS, gap, nearest station and numbers of phases where they were null or zero."""
    used = arrivals[~(arrivals["weight"] == 0.0)]
    group = used.groupby("event_id")
    ids = origins["event_id"]
    sites = used.drop_duplicates(["event_id", "station_id"]).dropna(subset=["azimuth_deg"])
    sites = sites.sort_values("event_id", kind="stable")
    offsets = np.concatenate([[0], np.cumsum(sites.groupby("event_id").size().to_numpy())]).astype(np.int64)
    gap = pd.Series(gaps(sites["azimuth_deg"].to_numpy(), offsets), index=sites["event_id"].unique(), dtype=float)
    square = (used["residual_s"] ** 2).groupby(used["event_id"]).mean()
    known: dict[str, pd.Series] = {
        "rms_s": np.sqrt(square), "gap_deg": gap, "dmin_km": group["distance_km"].min(),
        "n_phases": group.size(), "n_stations": group["station_id"].nunique()}
    out, filled = origins.copy(), []
    for name, values in known.items():
        given = out[name].astype(float)
        missing = given.isna() | (given == 0.0 if name.startswith("n_") else False)
        value = ids.map(values)
        if (missing & value.notna()).any():
            filled.append(name)
        out[name] = given.mask(missing, value)
    if filled:
        said.append(f"Computed from the arrivals, where the catalogue does not give it: "
                    f"{', '.join(_WORDS[name] for name in filled)}.")
    return ORIGINS.conform(out.fillna({"n_phases": 0, "n_stations": 0}))
