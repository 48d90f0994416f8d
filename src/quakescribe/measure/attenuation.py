"""How Wood-Anderson amplitudes decay with distance: published functions of one form.

-log A0(r) = n log10(r / r0) + K (r - r0) + c, r = hypocentral distance (km), so that
ML = log10(amplitude in mm, zero to peak) - log A0(r) + station correction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quakescribe.settings.measure import MeasureSettings

NEAREST_KM = 1.0  # the formulas have no end at the source; nearer than this counts as this


@dataclass(frozen=True)
class Attenuation:
    """One published function: its coefficients, where it comes from, and the distances of its data."""

    n: float
    k: float
    r0_km: float
    c: float
    range_km: tuple[float, float]
    reference: str

    def __call__(self, distance_km: ArrayLike) -> NDArray[np.float64]:
        """Return -log A0 at hypocentral distances (km)."""
        r = np.maximum(np.asarray(distance_km, dtype=np.float64), NEAREST_KM)
        return np.asarray(self.n * np.log10(r / self.r0_km) + self.k * (r - self.r0_km) + self.c)


ATTENUATIONS = {
    "hutton-boore-1987": Attenuation(
        1.110, 0.00189, 100.0, 3.0, (10.0, 700.0), "Hutton & Boore (1987), BSSA 77, 2074-2094; southern California"),
    "bakun-joyner-1984": Attenuation(
        1.000, 0.00301, 100.0, 3.0, (0.0, 400.0), "Bakun & Joyner (1984), BSSA 74, 1827-1843; central California"),
    "di-bona-2016": Attenuation(
        1.667, 0.001736, 100.0, 3.0, (20.0, 600.0), "Di Bona (2016), BSSA 106, 242-258; Italy"),
    "langston-1998": Attenuation(
        0.776, 0.000902, 17.0, 2.0, (0.0, 1000.0), "Langston et al. (1998), BSSA 88, 712-721; Tanzania"),
}


def attenuation(settings: MeasureSettings) -> Attenuation:
    """Return the function the settings name."""
    if settings.attenuation == "custom":
        n, k, r0, c = settings.attenuation_custom
        return Attenuation(n, k, r0, c, (0.0, float("inf")), "settings")
    return ATTENUATIONS[settings.attenuation]
