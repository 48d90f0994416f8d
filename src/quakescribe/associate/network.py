"""The network as the search sees it: sites in a local frame, travel-time tables, start grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import LocalFrame
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import SettingsError, StationError
from quakescribe.kernels.gridsearch import Network, fill_nodes
from quakescribe.settings.associate import AssociateSettings

TABLE_STEP_KM = 0.5
MOST_NODE_TIMES = 100_000_000


@dataclass(frozen=True)
class Sites:
    """One row per row of the stations table, in its sort order, and all that is computed from them once.

    Attributes
    ----------
    table
        station_id, from_ns, to_ns (half-open; the ends of int64 where open) of each site.
    frame
        The local projection of ``network``.
    network
        What the kernels need.
    lag_s, p_s
        Shape (n_surfaces, n_distance): S-P time and P time at the middle depth, ascending with distance (s).
    longest_s
        The longest travel time of an S within reach (s).
    """

    table: pd.DataFrame
    frame: LocalFrame
    network: Network
    lag_s: NDArray[np.float64]
    p_s: NDArray[np.float64]
    longest_s: float


def prepare(stations: pd.DataFrame, model: VelocityModel, settings: AssociateSettings) -> Sites:
    """Return the sites of a stations table; the last few are remembered by content."""
    ordered = stations.sort_values(["station_id", "valid_from"], kind="stable", na_position="first")
    key = (tuple(ordered["station_id"]),
           tuple(ordered[["latitude", "longitude", "elevation_m"]].to_numpy(np.float64).ravel().tolist()),
           tuple(ordered["burial_m"].fillna(0.0).to_numpy(np.float64).tolist()),
           tuple(_edges(ordered["valid_from"], first=True)), tuple(_edges(ordered["valid_to"], first=False)))
    earth = tuple(tuple(np.asarray(values).tolist()) for values in (model.top_km, model.vp, model.vs))
    return _prepare(key, earth, settings)


def _edges(times: pd.Series, first: bool) -> list[int]:
    limits = np.iinfo(np.int64)
    values = times.to_numpy("datetime64[ns]").view(np.int64)
    return np.where(times.isna().to_numpy(), limits.min if first else limits.max, values).tolist()


@lru_cache(maxsize=4)
def _prepare(key: tuple[tuple, ...], earth: tuple[tuple[float, ...], ...], settings: AssociateSettings) -> Sites:
    ids, places, burial, start, end = key
    table = pd.DataFrame({"station_id": list(ids), "from_ns": start, "to_ns": end})
    latitude, longitude, elevation = np.array(places).reshape(-1, 3).T
    if not len(ids) or not np.all(np.isfinite(latitude + longitude + elevation)):
        raise StationError("association needs at least one station, and a latitude, longitude and elevation of each")
    model = VelocityModel("association", *(np.array(values) for values in earth))
    frame = LocalFrame.around(latitude, longitude)
    x, y = frame.to_xy(latitude, longitude)
    times = TravelTimes.build(model, elevation - np.array(burial), settings.max_distance_km, settings.depth_top_km,
                              settings.depth_bottom_km, TABLE_STEP_KM, TABLE_STEP_KM)
    box, nodes = _grid(x, y, settings)
    code = pd.Series(list(ids)).str.rsplit(".", n=1).str[0]
    empty = np.empty((len(ids), len(nodes)), dtype=np.float32)
    network = Network(x, y, np.unique(code, return_inverse=True)[1].astype(np.int64),
                      table[["from_ns", "to_ns"]].to_numpy(np.int64), times.surface, times.times,
                      np.array([times.distance_step_km, times.depth_step_km, times.top_km]), box,
                      float(settings.max_distance_km), nodes, empty, empty.copy())
    fill_nodes(network)
    middle = round((settings.depth_bottom_km - settings.depth_top_km) / 2 / TABLE_STEP_KM)
    at_middle = times.times[:, :, :, middle].astype(np.float64)
    lag = np.maximum.accumulate(at_middle[1] - at_middle[0], axis=1)
    return Sites(table, frame, network, lag, at_middle[0], float(times.times[1].max()))


def _grid(x: NDArray[np.float64], y: NDArray[np.float64],
          settings: AssociateSettings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the box of hypocentres and the nodes of the start grid; the margin follows the longer span."""
    margin = max(settings.grid_margin * max(np.ptp(x), np.ptp(y)), settings.grid_km)
    low = np.array([x.min() - margin, y.min() - margin, settings.depth_top_km])
    high = np.array([x.max() + margin, y.max() + margin, settings.depth_bottom_km])
    spacing = np.array([settings.grid_km, settings.grid_km, settings.grid_depth_km])
    counts = np.ceil((high - low) / spacing - 1e-9).astype(np.int64) + 1
    if np.prod(counts.astype(np.float64)) * len(x) > MOST_NODE_TIMES:
        raise SettingsError(f"associate: a network {high[0] - low[0]:.0f} by {high[1] - low[1]:.0f} km wide with "
                            f"{len(x)} stations needs too large a grid; give a larger associate.grid_km than "
                            f"{settings.grid_km:g} km, or leave far stations out of the stations table")
    axes = [np.linspace(a, b, n) for a, b, n in zip(low, high, counts, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.concatenate([low, high]), np.ascontiguousarray(nodes)
