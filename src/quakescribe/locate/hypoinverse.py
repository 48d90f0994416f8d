"""The mode 'hypoinverse': HYPOINVERSE's weights, trial depths, errors and flags, to match old studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels import hypoinverse as kernel
from quakescribe.kernels.hypoinverse_step import Rules
from quakescribe.locate.inputs import Gathered, Located, gather, update_arrivals
from quakescribe.locate.quality import Geometry, geometry, join_flags
from quakescribe.locate.search import arrival_corrections, sensor_elevation_m
from quakescribe.settings.hypoinverse import HypoinverseSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.tables import ORIGINS

METHOD = "quakescribe:hypoinverse"
DEPTH_RANGE_KM = (-10.0, 800.0)  # of the origins table; no ray carries an event out of it, a wild step may
START_OFFSET_DEG = 0.005  # the start lies this far north and west of the first station, to have an azimuth to it
START_BEFORE_S = 2.0  # and this long before the first arrival

Array = NDArray[np.float64]


def locate_hypoinverse(events: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
                       settings: LocateSettings, corrections: pd.DataFrame | None = None) -> Located:
    """Locate every event from every trial depth and keep the best; see :func:`quakescribe.locate.locate`.

    Of ``settings`` it uses ``hypoinverse``, and the limits ``well_max_gap_deg`` and ``well_max_erz_km`` for flags.
    An origin is well located in this mode if its solution has neither of HYPOINVERSE's marks '-' and '#'.
    """
    gathered = _by_station(gather(events, arrivals, stations, settings))
    if len(gathered.events) == 0:
        return Located(ORIGINS.empty(), update_arrivals(arrivals, gathered.row, _columns(np.zeros((0, 3)))),
                       gathered.skips)
    latitude = stations["latitude"].to_numpy(dtype=np.float64)[gathered.station]
    longitude = stations["longitude"].to_numpy(dtype=np.float64)[gathered.station]
    receiver = -sensor_elevation_m(stations) / 1000.0
    top = float(min(model.top_km[0], receiver.min()))
    observed = gathered.observed_s - arrival_corrections(gathered, stations, corrections)
    first = _first(gathered, observed)
    start_lat = np.minimum(latitude[first] + START_OFFSET_DEG, 90.0)
    start_lon = longitude[first] - START_OFFSET_DEG
    starts = np.column_stack([observed[first] - START_BEFORE_S, start_lat, start_lon])
    summary, covariance, rays = _run(gathered, settings.hypoinverse, model, top, starts,
                                     (latitude, longitude, receiver[gathered.station], gathered.phase, observed))
    lat = np.clip(summary[:, kernel.LATITUDE], -90.0, 90.0)
    lon = (summary[:, kernel.LONGITUDE] + 180.0) % 360.0 - 180.0
    distance, azimuth = distance_azimuth(lat[gathered.event], lon[gathered.event], latitude, longitude)
    columns = {**_columns(rays), "distance_km": distance, "azimuth_deg": azimuth}
    network = geometry(gathered.event, len(gathered.events), gathered.site, distance, azimuth, rays[:, 1])
    origins = _origins(gathered, settings, summary, covariance, lat, lon)
    origins["n_stations"] = network.n_stations
    given_up = summary[:, kernel.FLAG] == kernel.FAILED
    origins["dmin_km"] = np.where(given_up, np.nan, network.dmin_km)  # an event given up is where the search began
    left_out = np.bincount(gathered.event, rays[:, 1] < kernel.COUNTED, len(gathered.events))
    origins["flags"] = _flags(settings, summary, network, left_out > 0.2 * np.diff(gathered.offsets), top)
    return Located(ORIGINS.order(ORIGINS.conform(origins)), update_arrivals(arrivals, gathered.row, columns),
                   gathered.skips)


def _by_station(gathered: Gathered) -> Gathered:
    """Sort each event's arrivals by station and phase, so that P and S of a station share a ray."""
    order = np.lexsort((gathered.phase, gathered.station, gathered.event))
    return Gathered(gathered.events, gathered.row[order], gathered.offsets, gathered.zero_ns, gathered.station[order],
                    gathered.site[order], gathered.phase[order], gathered.observed_s[order],
                    gathered.sigma_s[order], gathered.skips)


def _first(gathered: Gathered, observed: Array) -> NDArray[np.int64]:
    """Return each event's earliest P arrival; its earliest S where it has no P."""
    order = np.lexsort((observed, gathered.phase, gathered.event))
    return order[gathered.offsets[:-1]]


def _run(gathered: Gathered, settings: HypoinverseSettings, model: VelocityModel, top_km: float, starts: Array,
         arrivals: tuple[Array, Array, Array, NDArray[np.int64], Array]) -> tuple[Array, Array, Array]:
    """Call the kernel; return solutions, covariances (time, north, east, depth) and rays."""
    n_events = len(gathered.events)
    values = settings.model_dump(exclude={"trial_depths_km", "p_weight", "s_weight"})
    rules = Rules(**values, model_top_km=top_km)
    base = np.where(gathered.phase == 1, settings.s_weight, settings.p_weight)
    summary = np.zeros((n_events, kernel.SUMMARY))
    covariance, rays = np.zeros((n_events, 4, 4)), np.zeros((len(gathered.row), 3))
    kernel.locate_all(rules, np.array(settings.trial_depths_km, dtype=np.float64), gathered.offsets, starts,
                      (*arrivals, base), (model.top_km, model.vp, model.vs), summary,
                      covariance, rays)
    return summary, covariance, rays


def _columns(rays: Array) -> dict[str, Array]:
    """Return what the kernel says of each arrival as columns of the arrivals table."""
    empty = np.zeros(len(rays))
    return {"distance_km": empty, "azimuth_deg": empty, "takeoff_deg": rays[:, 2], "residual_s": rays[:, 0],
            "weight": rays[:, 1]}


def _origins(gathered: Gathered, settings: LocateSettings, summary: Array, covariance: Array, latitude: Array,
             longitude: Array) -> pd.DataFrame:
    """Return the origins without their flags."""
    seconds = np.round(summary[:, kernel.TIME] * 1e9).astype(np.int64)
    flag = summary[:, kernel.FLAG]
    enough = summary[:, kernel.COUNT] >= settings.hypoinverse.min_phases
    frame = pd.DataFrame({
        "event_id": gathered.events["event_id"], "source_id": gathered.events["source_id"],
        "time": pd.to_datetime(gathered.zero_ns + seconds, utc=True), "latitude": latitude, "longitude": longitude,
        "depth_km": np.clip(summary[:, kernel.DEPTH], *DEPTH_RANGE_KM),
        "erh_km": summary[:, kernel.ERH], "erz_km": summary[:, kernel.ERZ],
        "ert_s": np.minimum(np.sqrt(covariance[:, 0, 0]), kernel.UNRESOLVED), "rms_s": summary[:, kernel.RMS],
        "gap_deg": summary[:, kernel.GAP],
        "n_phases": summary[:, kernel.COUNT].astype(np.int64),
        "quality": np.array(["A", "B", "C", "D"])[summary[:, kernel.GRADE].astype(np.int64) - 1],
        "well_located": (flag == kernel.PLAIN) & enough, "method": METHOD})
    for name, a, b in (("xx", 2, 2), ("xy", 2, 1), ("xz", 2, 3), ("yy", 1, 1), ("yz", 1, 3), ("zz", 3, 3), ("xt", 2, 0),
                       ("yt", 1, 0), ("zt", 3, 0), ("tt", 0, 0)):
        frame[f"covariance_{name}"] = covariance[:, a, b]
    return frame


def _flags(settings: LocateSettings, summary: Array, network: Geometry, outliers: NDArray[np.bool_],
           top_km: float) -> NDArray[np.object_]:
    """Return each event's flags; docs/hypoinverse.md explains them."""
    flag = summary[:, kernel.FLAG]
    return join_flags({
        "hypoinverse-minus": flag == kernel.MINUS,
        "hypoinverse-hash": flag == kernel.HASH,
        "few-phases": (flag == kernel.FAILED) | (summary[:, kernel.COUNT] < settings.hypoinverse.min_phases),
        "single-station": network.n_stations < 2,
        "collinear": (network.n_stations > 1) & (network.elongation < 0.1),
        "out-of-network": summary[:, kernel.GAP] > 180.0,
        "large-gap": summary[:, kernel.GAP] > settings.well_max_gap_deg,
        "depth-unresolved": summary[:, kernel.ERZ] > settings.well_max_erz_km,
        "at-top": summary[:, kernel.DEPTH] <= top_km + 0.01,
        "outliers": outliers,
        "weights-dropped": summary[:, kernel.CANCELLED] > 0,
        "not-converged": summary[:, kernel.ITERATIONS] > settings.hypoinverse.max_iterations,
    }, len(summary))
