"""Layered one-dimensional velocity models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quakescribe.errors import VelocityError


@dataclass(frozen=True)
class VelocityModel:
    """Homogeneous layers over a half-space.

    Attributes
    ----------
    name
        Where it came from.
    top_km
        Shape (n,), float64, ascending: depth of each layer's top below sea level (km). The first layer reaches up
        without end, so that stations and events above sea level lie inside the model.
    vp, vs
        Shape (n,), float64: velocities (km/s).
    """

    name: str
    top_km: NDArray[np.float64]
    vp: NDArray[np.float64]
    vs: NDArray[np.float64]

    def __post_init__(self) -> None:
        for label, values in (("vp", self.vp), ("vs", self.vs)):
            if len(values) != len(self.top_km) or not np.all(np.isfinite(values)) or not np.all(values > 0):
                raise VelocityError(f"velocity model {self.name}: {label} must be {len(self.top_km)} positive numbers, "
                                    f"got {list(values)}")
        if len(self.top_km) == 0 or not np.all(np.isfinite(self.top_km)) or np.any(np.diff(self.top_km) <= 0):
            raise VelocityError(f"velocity model {self.name}: layer tops must ascend, got {list(self.top_km)}")
        if np.any(self.vs >= self.vp):
            raise VelocityError(f"velocity model {self.name}: vs must be below vp in every layer")
