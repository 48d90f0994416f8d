"""The rays from every event to every station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.network import Station
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
    """Trace first arrivals in the layers; add each station's delay and each path's own noise."""
    shape = (len(events), len(stations))
    distance, azimuth = distance_azimuth(
        events["latitude"].to_numpy()[:, None], events["longitude"].to_numpy()[:, None],
        np.array([s.latitude for s in stations]), np.array([s.longitude for s in stations]))
    depth = events["depth_km"].to_numpy(dtype=np.float64)
    origin = events["time"].dt.tz_convert(None).to_numpy().astype("datetime64[ns]").view(np.int64)
    noise = settings.earth.path_noise * stream(settings, STREAM_PATHS).standard_normal((*shape, 2))
    onset = np.empty((*shape, 2), dtype=np.int64)
    takeoff, incidence = np.empty((*shape, 2)), np.empty((*shape, 2))
    head = np.zeros((*shape, 2), dtype=bool)
    for j, station in enumerate(stations):
        surface = -station.elevation_m / 1000.0
        layer = max(int(np.searchsorted(model.top_km, surface, side="right")) - 1, 0)
        for k, velocity in enumerate((model.vp, model.vs)):
            delay = station.delay_s * (1.0 if k == 0 else settings.earth.vp_vs)
            for i in range(shape[0]):
                time, slowness, _, angle = first_arrival(model.top_km, velocity, distance[i, j], depth[i], surface)
                onset[i, j, k] = origin[i] + round((time * (1.0 + noise[i, j, k]) + delay) * 1e9)
                takeoff[i, j, k] = angle
                incidence[i, j, k] = np.degrees(np.arcsin(min(slowness * velocity[layer], 1.0)))
    rise = depth[:, None] + np.array([s.elevation_m for s in stations]) / 1000.0
    return Paths(distance, azimuth, np.hypot(distance, rise), onset, takeoff, incidence, head)
