"""The default mode: global search on tables, then robust refinement with exact rays, for all events in two calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import LocalFrame, destination, distance_azimuth
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import StationError
from quakescribe.kernels.hypocentre import refine_events
from quakescribe.kernels.search import search_events
from quakescribe.locate.inputs import Gathered, Located, gather, update_arrivals
from quakescribe.locate.quality import Geometry, geometry, join_flags, quality, standard_errors, well_located
from quakescribe.settings.locate import LocateSettings
from quakescribe.tables import ORIGINS

METHOD = "quakescribe:default"
ELEVATION_STEP_M = 50.0  # tables of the search share sensors within half of this; the refinement uses the exact height

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """All events' hypocentres, and all arrivals as predicted from them."""

    latitude: Array
    longitude: Array
    depth_km: Array
    origin_s: Array
    covariance: Array
    converged: NDArray[np.bool_]
    dropped: NDArray[np.bool_]
    at_edge: NDArray[np.bool_]
    depth_limits: tuple[float, float]
    distance_km: Array
    azimuth_deg: Array
    takeoff_deg: Array
    travel_s: Array
    residual_s: Array
    weight: Array


def locate_default(events: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
                   settings: LocateSettings, corrections: pd.DataFrame | None = None) -> Located:
    """Locate every event; see :func:`quakescribe.locate.locate`."""
    gathered = gather(events, arrivals, stations, settings)
    if len(gathered.events) == 0:
        return Located(ORIGINS.empty(), update_arrivals(arrivals, gathered.row, _NOTHING), gathered.skips)
    depth_limits = _depth_limits(stations, settings)
    correction = arrival_corrections(gathered, stations, corrections)
    starts, boxes = _search(gathered, stations, model, settings, depth_limits, correction)
    solution = _refine(gathered, stations, model, settings, starts, boxes, correction)
    updated = update_arrivals(arrivals, gathered.row, {
        "distance_km": solution.distance_km, "azimuth_deg": solution.azimuth_deg, "takeoff_deg": solution.takeoff_deg,
        "residual_s": solution.residual_s, "weight": solution.weight})
    return Located(_origins(gathered, solution, settings), updated, gathered.skips)


_NOTHING = {name: np.zeros(0) for name in ("distance_km", "azimuth_deg", "takeoff_deg", "residual_s", "weight")}


def sensor_elevation_m(stations: pd.DataFrame) -> Array:
    """Return the height of every sensor above sea level (m): the ground minus the burial."""
    burial = stations["burial_m"].fillna(0.0).to_numpy(dtype=np.float64) if "burial_m" in stations else 0.0
    return stations["elevation_m"].to_numpy(dtype=np.float64) - burial


def arrival_corrections(gathered: Gathered, stations: pd.DataFrame, corrections: pd.DataFrame | None) -> Array:
    """Return the correction (s) added to each arrival's prediction; 0 where there is none."""
    if corrections is None or len(corrections) == 0:
        return np.zeros(len(gathered.row))
    known = dict(zip(zip(corrections["station_id"], corrections["phase"], strict=True), corrections["correction_s"],
                     strict=True))
    by_row = np.array([[known.get((name, phase), 0.0) for phase in "PS"] for name in stations["station_id"]])
    return by_row[gathered.station, gathered.phase]


def _depth_limits(stations: pd.DataFrame, settings: LocateSettings) -> tuple[float, float]:
    top = settings.min_depth_km
    if top is None:
        top = -float(sensor_elevation_m(stations).max()) / 1000.0
    if not top < settings.max_depth_km:
        raise StationError(f"locate: the shallowest depth ({top:g} km, the height of the highest station) must be less "
                           f"than max_depth_km ({settings.max_depth_km:g} km); set locate.min_depth_km or max_depth_km")
    return max(top, -10.0), settings.max_depth_km


def _search(gathered: Gathered, stations: pd.DataFrame, model: VelocityModel, settings: LocateSettings,
            depth_limits: tuple[float, float], correction: Array) -> tuple[pd.DataFrame, Array]:
    """Return each event's start (latitude, longitude, depth_km, origin_s) and its box around it (km)."""
    frame = LocalFrame.around(stations["latitude"], stations["longitude"])
    x, y = frame.to_xy(stations["latitude"], stations["longitude"])
    used, place = np.unique(gathered.station, return_inverse=True)
    x, y = x[used], y[used]
    reach = float(np.hypot(np.ptp(x) + 2 * settings.margin_km, np.ptp(y) + 2 * settings.margin_km))
    step = settings.grid_finest_km / 2
    elevation = np.round(sensor_elevation_m(stations)[used] / ELEVATION_STEP_M) * ELEVATION_STEP_M
    tables = TravelTimes.build(model, elevation, reach, depth_limits[0], depth_limits[1], step, step)
    layer = (depth_limits[1] - depth_limits[0]) / settings.grid_layers
    coarse = TravelTimes.build(model, elevation, reach, depth_limits[0] + layer / 2, depth_limits[1] - layer / 2,
                               4 * step, layer)
    n_events = len(gathered.events)
    found, boxes = np.zeros((n_events, 5)), np.zeros((n_events, 3, 2))
    boxes[:, 2] = depth_limits
    which = np.column_stack([gathered.phase, tables.surface[place]]).astype(np.int64)
    weights = 1.0 / np.hypot(gathered.sigma_s, settings.model_error_s)
    grid = np.array([settings.grid_cells, settings.grid_cells, settings.grid_layers, settings.grid_kept,
                     settings.grid_finest_km, settings.margin_km], dtype=np.float64)
    steps = np.array([tables.distance_step_km, tables.depth_step_km, tables.top_km, coarse.distance_step_km])
    search_events(found, boxes, gathered.offsets, x[place], y[place], which, gathered.observed_s - correction, weights,
                  coarse.times, tables.times, steps, grid)
    latitude, longitude = frame.to_geographic(found[:, 1], found[:, 2])
    boxes[:, 0] -= found[:, 1, None]
    boxes[:, 1] -= found[:, 2, None]
    starts = pd.DataFrame({"latitude": latitude, "longitude": longitude, "depth_km": found[:, 3],
                           "origin_s": found[:, 4]})
    return starts, boxes


def _refine(gathered: Gathered, stations: pd.DataFrame, model: VelocityModel, settings: LocateSettings,
            starts: pd.DataFrame, boxes: Array, correction: Array) -> Solution:
    """Refine in a plane around each start, in which distances to the stations are geodesic."""
    latitude = stations["latitude"].to_numpy(dtype=np.float64)[gathered.station]
    longitude = stations["longitude"].to_numpy(dtype=np.float64)[gathered.station]
    event, n = gathered.event, len(gathered.row)
    start_lat, start_lon = starts["latitude"].to_numpy(), starts["longitude"].to_numpy()
    distance, azimuth = distance_azimuth(start_lat[event], start_lon[event], latitude, longitude)
    x, y = distance * np.sin(np.radians(azimuth)), distance * np.cos(np.radians(azimuth))
    depth = -sensor_elevation_m(stations)[gathered.station] / 1000.0
    n_events = len(gathered.events)
    place = np.column_stack([np.zeros((n_events, 2)), starts["depth_km"], starts["origin_s"]])
    rows, weight = np.zeros((n, 5)), np.zeros(n)
    covariance, state = np.zeros((n_events, 4, 4)), np.zeros((n_events, 3))
    options = np.array([settings.residual_full, settings.residual_zero, settings.max_iterations,
                        settings.distance_cut_km, settings.distance_full, settings.distance_zero,
                        settings.model_error_s, settings.model_error_fraction, settings.prior_arrivals,
                        settings.model_error_s_over_p, settings.model_error_correlation])
    data = np.column_stack([x, y, depth, gathered.phase, gathered.observed_s, gathered.sigma_s, correction])
    layers = np.stack([model.top_km, model.vp, model.vs])
    refine_events(place, rows, weight, covariance, state, gathered.offsets, data, layers, boxes, options)
    lat, lon = destination(start_lat, start_lon, np.degrees(np.arctan2(place[:, 0], place[:, 1])),
                           np.hypot(place[:, 0], place[:, 1]))
    distance, azimuth = distance_azimuth(lat[event], lon[event], latitude, longitude)
    edge = np.any(np.abs(place[:, :2, None] - boxes[:, :2]) < 0.1, axis=(1, 2))
    return Solution(lat, lon, place[:, 2], place[:, 3], covariance, state[:, 1] > 0, state[:, 2] > 0,
                    np.asarray(edge), (float(boxes[0, 2, 0]), float(boxes[0, 2, 1])), distance, azimuth, rows[:, 4],
                    rows[:, 0], gathered.observed_s - place[event, 3] - rows[:, 0], weight)


def _origins(gathered: Gathered, solution: Solution, settings: LocateSettings) -> pd.DataFrame:
    """Put the origins table together."""
    event, n_events = gathered.event, len(gathered.events)
    place = geometry(event, n_events, gathered.site, solution.distance_km, solution.azimuth_deg, solution.weight)
    erh, erz, ert = standard_errors(solution.covariance, solution.depth_limits[1] - solution.depth_limits[0])
    constant = settings.model_error_s * np.where(gathered.phase == 1, settings.model_error_s_over_p, 1.0)
    model_error = np.hypot(constant, settings.model_error_fraction * solution.travel_s)
    nothing = np.bincount(event, solution.weight, n_events) == 0
    power = np.where(nothing[event], 1.0, solution.weight) / (gathered.sigma_s**2 + model_error**2)
    rms = np.sqrt(np.bincount(event, power * solution.residual_s**2, n_events) / np.bincount(event, power, n_events))
    frame = pd.DataFrame({
        "event_id": gathered.events["event_id"], "source_id": gathered.events["source_id"],
        "time": pd.to_datetime(gathered.zero_ns + np.round(solution.origin_s * 1e9).astype(np.int64), utc=True),
        "latitude": solution.latitude, "longitude": solution.longitude, "depth_km": solution.depth_km,
        "erh_km": erh, "erz_km": erz, "ert_s": ert, "rms_s": rms, "gap_deg": place.gap_deg, "dmin_km": place.dmin_km,
        "n_phases": place.n_phases, "n_stations": place.n_stations, "method": METHOD,
        "quality": quality(rms, erh, erz, solution.depth_km, place)})
    for i, j, name in ((0, 0, "xx"), (0, 1, "xy"), (0, 2, "xz"), (1, 1, "yy"), (1, 2, "yz"), (2, 2, "zz"),
                       (0, 3, "xt"), (1, 3, "yt"), (2, 3, "zt"), (3, 3, "tt")):
        frame[f"covariance_{name}"] = solution.covariance[:, i, j]
    flagged = _flags(gathered, solution, place, erz, settings)
    frame["flags"] = join_flags(flagged, n_events)
    frame["well_located"] = well_located(frame, flagged, settings)
    return ORIGINS.order(ORIGINS.conform(frame))


def _flags(gathered: Gathered, solution: Solution, place: Geometry, erz_km: Array,
           settings: LocateSettings) -> dict[str, NDArray[np.bool_]]:
    """Return every flag, and which events bear it; docs/locate.md explains them."""
    event, n_events = gathered.event, len(gathered.events)
    left_out = np.bincount(event, solution.weight < 0.1, n_events)
    top, bottom = solution.depth_limits
    return {
        "few-phases": place.n_phases < 4,
        "single-station": place.n_stations < 2,
        "collinear": (place.n_stations > 1) & (place.elongation < 0.1),
        "out-of-network": place.gap_deg > 180.0,
        "large-gap": place.gap_deg > settings.well_max_gap_deg,
        "depth-unresolved": erz_km > settings.well_max_erz_km,
        "at-top": solution.depth_km <= top + 0.01,
        "at-bottom": solution.depth_km >= bottom - 0.01,
        "at-edge": solution.at_edge,
        "outliers": left_out > 0.2 * np.diff(gathered.offsets),
        "weights-dropped": solution.dropped,
        "not-converged": ~solution.converged,
    }
