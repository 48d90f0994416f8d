"""Which way the ground moves: the double couple's radiation, and the polarisation of P, SV and SH."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEAN = (0.52, 0.63)  # root mean square over the focal sphere, P and S (Boore & Boatwright 1984)
FLOOR = 0.1  # scattering fills the nodes
SCATTER_HZ = 12.0  # frequency at which half of the energy has lost the pattern


def double_couple(azimuth_deg: float, takeoff_deg: tuple[float, float], strike_deg: float, dip_deg: float,
                  rake_deg: float) -> NDArray[np.float64]:
    """Return the far-field radiation (3,) of P, SV and SH (Aki & Richards 2002, eq. 4.89-4.91).

    ``azimuth_deg`` leads from the source to the station, ``takeoff_deg`` of P and S counts from down.
    """
    sin, cos = np.sin, np.cos
    phi, d, r, i, j = np.radians((azimuth_deg - strike_deg, dip_deg, rake_deg, *takeoff_deg))
    p = (cos(r) * sin(d) * sin(i) ** 2 * sin(2 * phi) - cos(r) * cos(d) * sin(2 * i) * cos(phi)
         + sin(r) * sin(2 * d) * (cos(i) ** 2 - sin(i) ** 2 * sin(phi) ** 2)
         + sin(r) * cos(2 * d) * sin(2 * i) * sin(phi))
    sv = (sin(r) * cos(2 * d) * cos(2 * j) * sin(phi) - cos(r) * cos(d) * cos(2 * j) * cos(phi)
          + 0.5 * cos(r) * sin(d) * sin(2 * j) * sin(2 * phi)
          - 0.5 * sin(r) * sin(2 * d) * sin(2 * j) * (1 + sin(phi) ** 2))
    sh = (cos(r) * cos(d) * cos(j) * sin(phi) + cos(r) * sin(d) * sin(j) * cos(2 * phi)
          + sin(r) * cos(2 * d) * cos(j) * cos(phi) - 0.5 * sin(r) * sin(2 * d) * sin(j) * sin(2 * phi))
    return np.array([p, sv, sh])


def blurred(pattern: NDArray[np.float64], frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the size (3, n) of a pattern (3,) at each frequency: at high ones scattering leaves its mean only.

    Above some Hz the observed pattern is nearly round (Takemura et al. 2009, GJI 178, 1223-1231).
    """
    own = np.maximum(np.abs(pattern), FLOOR)[:, None] ** 2
    share = 1.0 / (1.0 + (frequency_hz / SCATTER_HZ) ** 2)
    mean = np.array([MEAN[0], MEAN[1] / np.sqrt(2.0), MEAN[1] / np.sqrt(2.0)])[:, None] ** 2
    return np.asarray(np.sqrt(share * own + (1.0 - share) * mean))


def directions(azimuth_deg: float, incidence_deg: tuple[float, float]) -> NDArray[np.float64]:
    """Return unit vectors (3, 3), rows P, SV, SH in Z, N, E: P along the ray, SV across it upright, SH level.

    ``azimuth_deg`` is the direction in which the wave runs at the station, ``incidence_deg`` of P and S counts from the
    vertical. SV points as that of `double_couple` does: along the growing angle from down.
    """
    azimuth, p, s = np.radians((azimuth_deg, *incidence_deg))
    north, east = np.cos(azimuth), np.sin(azimuth)
    return np.array([[np.cos(p), np.sin(p) * north, np.sin(p) * east],
                     [np.sin(s), -np.cos(s) * north, -np.cos(s) * east],
                     [0.0, -east, north]])
