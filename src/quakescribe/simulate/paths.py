"""The rays from every event to every station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.rays import first_arrivals
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.network import Station
from quakescribe.simulate.other_sources import distant_p
from quakescribe.simulate.streams import STREAM_PATHS, stream


@dataclass(frozen=True)
class Paths:
    """Every event-station-phase ray; arrays of shape (n_events, n_stations) or (n_events, n_stations, 2 [P, S])."""

    distance_km: NDArray[np.float64]
    azimuth_deg: NDArray[np.float64]
    hypocentral_km: NDArray[np.float64]
    onset_ns: NDArray[np.int64]
    takeoff_deg: NDArray[np.float64]
    incidence_deg: NDArray[np.float64]
    head_wave: NDArray[np.bool_]


def paths(settings: SimulateSettings, model: VelocityModel, stations: tuple[Station, ...],
          events: pd.DataFrame) -> Paths:
    """Trace first arrivals in the layers, at any distance; add each station's delay and each path's own noise.

    Teleseisms come as a front with the slowness of their P at the middle of the network, without noise of the path;
    their S is not simulated, its entries repeat those of P.
    """
    shape = (len(events), len(stations))
    distance, azimuth = distance_azimuth(
        events["latitude"].to_numpy()[:, None], events["longitude"].to_numpy()[:, None],
        np.array([s.latitude for s in stations]), np.array([s.longitude for s in stations]))
    depth = events["depth_km"].to_numpy(dtype=np.float64)
    travel, takeoff, sine = (np.empty((*shape, 2)) for _ in range(3))  # sine: of the angle of incidence
    head = np.empty((*shape, 2), dtype=bool)
    rise = np.array([s.elevation_m for s in stations]) / 1000.0
    layer = np.maximum(np.searchsorted(model.top_km, -rise, side="right") - 1, 0)
    for j in range(shape[1]):
        noise = settings.earth.path_noise * stream(settings, STREAM_PATHS, j).standard_normal((shape[0], 2))
        for k, velocity in enumerate((model.vp, model.vs)):
            time, slowness, takeoff[:, j, k], head[:, j, k] = first_arrivals(
                model.top_km, velocity, distance[:, j].copy(), depth, -rise[j])
            travel[:, j, k] = time * (1.0 + noise[:, k])
            sine[:, j, k] = slowness * velocity[layer[j]]
    net = settings.network
    for i in np.flatnonzero(events["kind"] == "teleseism"):
        epicentre = events["latitude"].iloc[i], events["longitude"].iloc[i]
        middle, _ = distance_azimuth(*epicentre, net.latitude, net.longitude)
        time, slowness, takeoff[i] = distant_p(float(middle), depth[i])
        sine[i] = (slowness * model.vp[layer])[:, None]
        up = rise * np.sqrt(1.0 / model.vp[layer] ** 2 - slowness**2)  # from sea level to the station
        travel[i] = (time + slowness * (distance[i] - middle) + up)[:, None]
        head[i] = False
    delay = np.array([s.delay_s for s in stations])[:, None] * np.array([1.0, settings.earth.vp_vs])
    origin = events["time"].dt.tz_convert(None).to_numpy().astype("datetime64[ns]").view(np.int64)
    onset = origin[:, None, None] + np.round((travel + delay) * 1e9).astype(np.int64)
    return Paths(distance, azimuth, np.hypot(distance, depth[:, None] + rise), onset, takeoff,
                 np.degrees(np.arcsin(np.minimum(sine, 1.0))), head)
