"""Magnitudes of stations and of the network, from amplitudes and distances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.measure import limits
from quakescribe.measure.attenuation import NEAREST_KM, attenuation
from quakescribe.settings.measure import MeasureSettings
from quakescribe.tables import MAGNITUDES, SKIPS

POSSIBLE = (-5.0, 11.0)  # magnitudes; MAGNITUDES holds no others
SMALLEST_LIMIT = 0.3  # a station value nearer to the median than this is never an outlier
PRIOR_SCATTER, PRIOR_STATIONS = 0.25, 2  # scatter of station values taken for granted, and its worth in stations
MEDIAN_LOSS = 1.2533  # standard error of a median over that of a mean
ROBUST = 1.4826  # standard deviation over median absolute deviation
ROUNDS, ENOUGH = 60, 1e-3  # of the station corrections
SCATTER = (0.1, 0.6)  # of station values, smallest and largest that is believed


def measure(origins: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame, settings: MeasureSettings,
            amplitudes: pd.DataFrame | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return MAGNITUDES (one row per event and kind, and one per station value) and SKIPS.

    ML needs `amplitudes` (Wood-Anderson); M_PAL takes the amplitudes of the picks, which travel with the arrivals.
    """
    frames, skips = [], []
    for kind in settings.kinds:
        if kind == "ML":
            if amplitudes is None:
                continue
            values = amplitudes[["event_id", "station_id", "amplitude_m", "limit"]].assign(
                snr=amplitudes.get("snr", np.nan))
        else:
            values = _pick_amplitudes(arrivals)
        table, reasons = _distances(values, origins, stations, settings, kind)
        table, others = _one_per_station(table, kind)
        skips += reasons + others
        table["value"], zero, sigma = _station_values(table, settings, kind)
        absurd = ~table["value"].between(*POSSIBLE)
        skips += _count(table[absurd], "absurd", f"{kind}: a value outside {POSSIBLE}")
        table = table[~absurd].reset_index(drop=True)
        network, lost = _network(table, settings, kind, zero, sigma)
        frames += network
        skips += lost
    magnitudes = pd.concat(frames, ignore_index=True) if frames else None
    made = MAGNITUDES.empty() if magnitudes is None else MAGNITUDES.order(MAGNITUDES.conform(magnitudes))
    return made, SKIPS.order(SKIPS.conform(pd.DataFrame(skips))) if skips else SKIPS.empty()


def _pick_amplitudes(arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return one amplitude per event and station, that of the S where there is one."""
    known = arrivals[arrivals["amplitude_m"] > 0]
    ordered = known.sort_values(["event_id", "station_id", "phase", "time"], kind="stable")
    last = ordered.drop_duplicates(["event_id", "station_id"], keep="last")
    return last[["event_id", "station_id", "amplitude_m"]].assign(snr=np.nan, limit=False).reset_index(drop=True)


def _distances(values: pd.DataFrame, origins: pd.DataFrame, stations: pd.DataFrame, settings: MeasureSettings,
               kind: str) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Add the hypocentral distance `r_km`; leave out what has no origin, no station, no amplitude, or is too far."""
    table = values.merge(origins[["event_id", "time", "latitude", "longitude", "depth_km"]], on="event_id")
    table = table[np.isfinite(table["amplitude_m"]) & (table["amplitude_m"] > 0)].reset_index(drop=True)
    place = stations.rename(columns={"latitude": "to_latitude", "longitude": "to_longitude"})
    placed = table.assign(row=np.arange(len(table))).merge(place, on="station_id")
    stale = (placed["valid_from"] > placed["time"]) | (placed["valid_to"] <= placed["time"])
    placed = placed[~stale].drop_duplicates("row").sort_values("row")
    unknown = table.drop(index=placed["row"])
    skips = _count(unknown, "no-station", f"{kind}: the station table does not know the station at that time")
    table = placed.reset_index(drop=True)
    epicentral, _ = distance_azimuth(table["latitude"], table["longitude"], table["to_latitude"], table["to_longitude"])
    rise = table["depth_km"] + (table["elevation_m"] - table["burial_m"].fillna(0.0)) / 1000.0
    table["r_km"] = np.hypot(epicentral, rise.to_numpy(dtype=np.float64))
    far = table["r_km"] > settings.max_distance_km
    skips += _count(table[far], "too-far", f"{kind}: beyond max_distance_km")
    return table[~far].reset_index(drop=True), skips


def _one_per_station(table: pd.DataFrame, kind: str) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Keep one sensor per event and station NET.STA: a value before a limit, the largest snr, the first id."""
    ranked = table.assign(station=table["station_id"].str.rsplit(".", n=1).str[0]).sort_values(
        ["event_id", "station", "limit", "snr", "station_id"], ascending=[True, True, True, False, True], kind="stable")
    spare = ranked.index[ranked.duplicated(["event_id", "station"])].sort_values()
    skips = _count(table.loc[spare], "other-sensor", f"{kind}: another sensor of the station gives its value")
    return table.drop(index=spare).reset_index(drop=True), skips


def _station_values(table: pd.DataFrame, settings: MeasureSettings,
                    kind: str) -> tuple[NDArray[np.float64], float, float]:
    """Return the magnitude of every station value, the standard error of their common zero, and their scatter.

    ML = log10(A in mm) - log A0(r) + correction; M_PAL = log10(A in um) + log10(r in km) + 1. Solved corrections have
    mean zero over the stations there are: were these others, all values would move by the corrections' scatter over the
    root of their number.
    """
    amplitude, r = (table[name].to_numpy(dtype=np.float64) for name in ("amplitude_m", "r_km"))
    if kind == "M_PAL":
        return np.asarray(np.log10(amplitude * 1e6) + np.log10(np.maximum(r, NEAREST_KM)) + 1.0), 0.0, PRIOR_SCATTER
    given = table["station_id"].map(settings.station_corrections).astype("float64").fillna(0.0).to_numpy()
    values, zero = np.log10(amplitude * 1e3) + attenuation(settings)(r) + given, 0.0
    sigma = PRIOR_SCATTER
    if settings.solve_corrections and len(values):
        solved, sigma = solve_corrections(table.assign(value=values), settings)
        values = values + table["station_id"].map(solved).astype("float64").fillna(0.0).to_numpy()
        moved = solved[solved != 0.0]
        zero = float(moved.std() / np.sqrt(len(moved))) if len(moved) > 1 else 0.0
    return np.asarray(values), zero, sigma


def solve_corrections(table: pd.DataFrame, settings: MeasureSettings) -> tuple[pd.Series, float]:
    """Return a correction per station with enough events, and the scatter of the values that is left.

    A correction is minus the station's term in value = event + station, mean zero. All events and stations are solved
    together, by least squares with Huber's weights. Station by station would not do: where most events are small and
    seen by amplifying stations only, each of these agrees with the others, and only the few events that all see tell
    that they are too large. A value that is only a limit counts as the mean of what lies below it (EM).
    """
    names = pd.Index(sorted(table["station_id"].unique()))
    correction = pd.Series(0.0, index=names)
    many = table["event_id"].map(table[~table["limit"]].groupby("event_id").size()) >= 3
    by_station = table[many & ~table["limit"]].groupby("station_id").size()
    often = table["station_id"].map(by_station) >= settings.min_correction_events
    used = table[many & often]
    used = used[used["event_id"].isin(used.loc[~used["limit"], "event_id"])]  # limits alone say nothing
    if used.empty:
        return correction, PRIOR_SCATTER
    event, _ = pd.factorize(used["event_id"])
    station, members = pd.factorize(used["station_id"], sort=True)
    value, limit = used["value"].to_numpy(dtype=np.float64), used["limit"].to_numpy(dtype=bool)
    y, weight, term, sigma = value.copy(), np.ones(len(used)), np.zeros(len(members)), PRIOR_SCATTER
    free = len(used) - event.max() - len(members)  # values less events and stations, but for the corrections' mean
    first = np.bincount(event, value * ~limit) / np.bincount(event, ~limit)
    y[limit] = np.minimum(value, first[event])[limit]
    for _ in range(ROUNDS):
        n = coo_array((weight, (event, station))).tocsr()
        per_event = np.asarray(n.sum(axis=1))
        normal = np.diag(np.bincount(station, weight)) - (n.T @ (n / per_event[:, None])).toarray()
        middle = np.bincount(event, weight * y) / per_event
        right = np.bincount(station, weight * y) - n.T @ middle
        before, term = term, np.linalg.lstsq(normal, right, rcond=1e-9)[0]  # the shortest: of mean zero
        left = y - term[station]
        mean = (np.bincount(event, weight * left) / per_event)[event]
        left = left - mean
        apart = np.abs(left)
        scale = max(ROBUST * float(np.median(apart[~limit])), 0.05)
        weight = 1.0 / np.maximum(apart / (1.5 * scale), 1.0)
        predicted = (mean + term[station])[limit]
        squares = float((np.minimum(apart[~limit], 3 * scale) ** 2).sum())
        squares += float(limits.variance_below(predicted, value[limit], sigma).sum())
        if free > 0:
            sigma = float(np.clip(np.sqrt(squares / free), *SCATTER))
        y[limit] = limits.expected_below(predicted, value[limit], sigma)
        if float(np.abs(term - before).max()) < ENOUGH:
            break
    correction[members] = term.mean() - term
    return correction, sigma


def _network(table: pd.DataFrame, settings: MeasureSettings, kind: str, zero: float,
             sigma: float) -> tuple[list[pd.DataFrame], list[dict[str, Any]]]:
    """Return the rows of the network's and the stations' values.

    ``zero`` is the standard error of all values' zero, ``sigma`` the scatter of a station value. Stations where nothing
    stood out hold the mean down (`limits.centre`); a median cannot be held.
    """
    rows, few = [], []
    used = np.zeros(len(table), dtype=bool)
    all_values, is_limit = table["value"].to_numpy(dtype=np.float64), table["limit"].to_numpy(dtype=bool)
    for event, rows_of in table.groupby("event_id", sort=True).indices.items():
        every = np.asarray(rows_of, dtype=np.int64)
        index, held = every[~is_limit[every]], all_values[every[is_limit[every]]]
        if not len(index):
            continue
        values = all_values[index]
        keep = _drop_worst(values) if kind == "M_PAL" else _inliers(values, settings.outlier_mad)
        used[index] = keep
        n = int(keep.sum())
        if n < settings.min_stations:
            few.append(table["time"].iloc[index[0]])
            used[index] = False
            continue
        average = "median" if kind == "M_PAL" else settings.average
        value, weight = float(np.median(values[keep])), float(n)
        if average == "mean":
            value, weight = limits.centre(values[keep], held, sigma)
        error = float(np.hypot(_uncertainty(values[keep], average) * np.sqrt(n / weight), zero))
        rows.append({"event_id": event, "station_id": None, "kind": kind, "value": value, "amplitude_m": np.nan,
                     "uncertainty": error, "n_stations": n, "used": True})
    each = table[["event_id", "station_id", "value", "amplitude_m"]].assign(
        kind=kind, uncertainty=np.nan, n_stations=1, used=used)[~is_limit]
    frames = [frame for frame in (pd.DataFrame(rows), each) if len(frame)]
    skips = [{"stage": "measure", "reason": "few-stations", "count": len(few), "start": min(few), "end": max(few),
              "detail": f"{kind}: events with values from fewer than min_stations = {settings.min_stations} stations"}
             ] if few else []
    return frames, skips


def _inliers(values: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Return which values lie near the median; with fewer than four, all do."""
    if len(values) < 4:
        return np.ones(len(values), dtype=bool)
    apart = np.abs(values - np.median(values))
    return np.asarray(apart <= max(SMALLEST_LIMIT, limit * ROBUST * float(np.median(apart))))


def _drop_worst(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return all values but the one furthest from the median (PAL's rule); with fewer than three, all."""
    keep = np.ones(len(values), dtype=bool)
    if len(values) >= 3:
        keep[np.argmax(np.abs(values - np.median(values)))] = False
    return keep


def _uncertainty(values: NDArray[np.float64], average: str) -> float:
    """Return the standard error of the network's value: scatter / sqrt(n), with a prior so that two stations that agree
    by chance do not claim to be exact; a median is worth less than a mean.
    """
    n = len(values)
    squares = float(np.sum((values - values.mean()) ** 2)) + PRIOR_STATIONS * PRIOR_SCATTER**2
    scatter = np.sqrt(squares / (n - 1 + PRIOR_STATIONS))
    return float(scatter / np.sqrt(n) * (MEDIAN_LOSS if average == "median" and n > 2 else 1.0))


def _count(rows: pd.DataFrame, reason: str, detail: str) -> list[dict[str, Any]]:
    return [{"stage": "measure", "station_id": station, "reason": reason, "detail": detail, "count": len(mine),
             "start": mine["time"].min(), "end": mine["time"].max()}
            for station, mine in rows.groupby("station_id", sort=True)]
