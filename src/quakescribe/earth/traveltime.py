"""Travel-time tables: exact first arrivals of P and S at every distinct sensor elevation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import VelocityError
from quakescribe.kernels.grid import fill_times

PHASES = ("P", "S")


@dataclass(frozen=True)
class TravelTimes:
    """Exact first-arrival times on a grid of distance and source depth.

    Attributes
    ----------
    times
        Shape (2, n_surfaces, n_distance, n_depth), float32 (s): phase (0 = P, 1 = S), sensor elevation, node.
    surface
        Shape (n_stations,), int64: which elevation each station uses.
    elevations_m
        Shape (n_surfaces,), float64, ascending: the distinct sensor elevations (m).
    distance_step_km, depth_step_km, top_km
        Node (i, j) lies at distance i * distance_step_km and depth top_km + j * depth_step_km below sea level.
    """

    times: NDArray[np.float32]
    surface: NDArray[np.int64]
    elevations_m: NDArray[np.float64]
    distance_step_km: float
    depth_step_km: float
    top_km: float

    @classmethod
    def build(cls, model: VelocityModel, elevations_m: ArrayLike, max_distance_km: float, top_km: float,
              bottom_km: float, distance_step_km: float = 0.5, depth_step_km: float = 0.5) -> TravelTimes:
        """Shoot the tables that cover distances up to ``max_distance_km`` and source depths top to bottom.

        Parameters
        ----------
        elevations_m
            Shape (n_stations,): elevation of each station's sensor (m above sea level; ground minus burial).
        """
        elevation = np.asarray(elevations_m, dtype=np.float64)
        if not np.all(np.isfinite(elevation)):
            raise VelocityError("station elevations must be numbers to compute travel times; at least one is missing")
        if not (max_distance_km > 0 and bottom_km > top_km and distance_step_km > 0 and depth_step_km > 0):
            raise VelocityError("travel-time tables need distance > 0 km and bottom > top: got "
                                f"{max_distance_km:g} km, {top_km:g} to {bottom_km:g} km")
        distinct, surface = np.unique(elevation, return_inverse=True)
        shape = (int(np.ceil(max_distance_km / distance_step_km)) + 2,
                 int(np.ceil((bottom_km - top_km) / depth_step_km)) + 2)
        times = np.empty((2, len(distinct), *shape), dtype=np.float32)
        ratio = model.vp / model.vs
        proportional = bool(np.all(np.abs(ratio - ratio[0]) < 1e-12 * ratio[0]))
        for k, metres in enumerate(distinct):
            for phase, velocities in enumerate((model.vp, model.vs)):
                if phase == 1 and proportional:
                    times[1, k] = times[0, k] * ratio[0]
                else:
                    fill_times(times[phase, k], model.top_km, velocities, -metres / 1000.0, distance_step_km,
                               top_km, depth_step_km)
        return cls(times, surface.astype(np.int64), distinct, distance_step_km, depth_step_km, top_km)

    def at(self, surface: NDArray[np.int64], distance_km: NDArray[np.float64],
           depth_km: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shape (2, n): times of P and S (s), between the nodes of the table along straight lines.

        Parameters
        ----------
        surface, distance_km, depth_km
            Shape (n,): elevation (a row of ``elevations_m``), distance and depth; outside the table the nearest cell
            is drawn out.
        """
        x, y = distance_km / self.distance_step_km, (depth_km - self.top_km) / self.depth_step_km
        i = np.clip(x.astype(np.int64), 0, self.times.shape[2] - 2)
        j = np.clip(y.astype(np.int64), 0, self.times.shape[3] - 2)
        u, v = x - i, y - j
        corner = {(a, b): self.times[:, surface, i + a, j + b].astype(np.float64) for a in (0, 1) for b in (0, 1)}
        near = corner[0, 0] * (1 - v) + corner[0, 1] * v
        far = corner[1, 0] * (1 - v) + corner[1, 1] * v
        return near * (1 - u) + far * u
