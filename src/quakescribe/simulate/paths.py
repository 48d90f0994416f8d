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

SP_SCATTER = 0.05  # of the lead of Sp from event to event, as a share of its range


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
    direct_s: NDArray[np.float64]  # how long after a head wave the direct one comes; 0 = the first is the direct one
    heading_deg: NDArray[np.float64]  # azimuth in which the wave runs at the station (n_events, n_stations)
    precursor_s: NDArray[np.float64]  # how long before S the converted Sp comes (n_events, n_stations)


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
    direct = np.zeros((*shape, 2))
    own = np.empty((*shape, 3))  # each path's own standard normal numbers, by event and not by its row
    for row, event_id in enumerate(events["event_id"]):
        own[row] = stream(settings, STREAM_PATHS, int(event_id)).standard_normal((shape[1], 3))
    for j in range(shape[1]):
        noise = settings.earth.path_noise * own[:, j, :2]
        for k, velocity in enumerate((model.vp, model.vs)):
            time, slowness, takeoff[:, j, k], head[:, j, k] = first_arrivals(
                model.top_km, velocity, distance[:, j].copy(), depth, -rise[j])
            travel[:, j, k] = time * (1.0 + noise[:, k])
            sine[:, j, k] = slowness * velocity[layer[j]]
            direct[:, j, k] = _direct(model.top_km, velocity, distance[:, j], depth, -rise[j], head[:, j, k]) - time
    net = settings.network
    for i in np.flatnonzero(events["kind"] == "teleseism"):
        epicentre = events["latitude"].iloc[i], events["longitude"].iloc[i]
        middle, _ = distance_azimuth(*epicentre, net.latitude, net.longitude)
        time, slowness, takeoff[i] = distant_p(float(middle), depth[i])
        sine[i] = (slowness * model.vp[layer])[:, None]
        up = rise * np.sqrt(1.0 / model.vp[layer] ** 2 - slowness**2)  # from sea level to the station
        travel[i] = (time + slowness * (distance[i] - middle) + up)[:, None]
        head[i], direct[i] = False, 0.0
    delay = np.array([s.delay_s for s in stations])[:, None] * np.array([1.0, settings.earth.vp_vs])
    origin = events["time"].dt.tz_convert(None).to_numpy().astype("datetime64[ns]").view(np.int64)
    onset = origin[:, None, None] + np.round((travel + delay) * 1e9).astype(np.int64)
    _, back = distance_azimuth(np.array([s.latitude for s in stations]), np.array([s.longitude for s in stations]),
                               events["latitude"].to_numpy()[:, None], events["longitude"].to_numpy()[:, None])
    low, high = settings.earth.converted_lead_s
    share = 0.5 * (1.0 + np.tanh([stream(settings, STREAM_PATHS, j).standard_normal() for j in range(shape[1])]))
    lead = np.clip(low + (high - low) * (share + SP_SCATTER * own[:, :, 2]), low, high)
    return Paths(distance, azimuth, np.hypot(distance, depth[:, None] + rise), onset, takeoff,
                 np.degrees(np.arcsin(np.minimum(sine, 1.0))), head, direct, (back + 180.0) % 360.0, lead)


def _direct(tops: NDArray[np.float64], velocity: NDArray[np.float64], distance: NDArray[np.float64],
            depth: NDArray[np.float64], receiver_km: float, head: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the direct wave's time (s) where the first is a head wave: in a model that ends in the source's layer."""
    first, *_ = first_arrivals(tops, velocity, distance.copy(), depth, receiver_km)
    layer = np.maximum(np.searchsorted(tops, depth, side="right"), 1)
    for end in np.unique(layer[head]):
        mine = np.flatnonzero(head & (layer == end))
        first[mine], *_ = first_arrivals(tops[:end].copy(), velocity[:end].copy(), distance[mine], depth[mine],
                                         receiver_km)
    return first
