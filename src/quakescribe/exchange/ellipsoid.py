"""Confidence regions from the covariance of a location, as QuakeML wants them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 68.27  # percent


def scale_2d(level: float) -> float:
    """Return how many standard errors the ellipse is large that holds a share (percent) of a normal distribution.

    The square root of the quantile of chi-square with 2 degrees of freedom: 1.515 for 68.27%, 2.146 for 90%.
    """
    return math.sqrt(-2.0 * math.log(1.0 - level / 100.0))


SCALE_2D = scale_2d(LEVEL)
SCALE_3D = 1.87796  # square root of the 68.27% quantile of chi-square with 3 degrees of freedom


class Ellipse(NamedTuple):
    """Half axes (km) and azimuth of the longer one (deg from north, 0-180)."""

    minor_km: float
    major_km: float
    azimuth_deg: float


class Ellipsoid(NamedTuple):
    """Half axes (km) and direction of the major axis: plunge down, azimuth from north, rotation about it (deg)."""

    major_km: float
    minor_km: float
    intermediate_km: float
    plunge_deg: float
    azimuth_deg: float
    rotation_deg: float


def horizontal(covariance: NDArray[np.float64]) -> Ellipse:
    """Return the 68% ellipse of the epicentre from the covariance (km2) of east and north."""
    values, vectors = np.linalg.eigh(covariance[:2, :2])
    axes = SCALE_2D * np.sqrt(np.maximum(values, 0.0))
    return Ellipse(float(axes[0]), float(axes[1]), float(np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])) % 180.0))


def spatial(covariance: NDArray[np.float64]) -> Ellipsoid:
    """Return the 68% ellipsoid from the covariance (km2) of east, north and depth.

    The rotation turns about the major axis, from the horizontal towards down; 0 = the minor axis is horizontal.
    """
    ned = covariance[np.ix_([1, 0, 2], [1, 0, 2])]
    values, vectors = np.linalg.eigh(ned)
    axes = SCALE_3D * np.sqrt(np.maximum(values, 0.0))
    major, minor = vectors[:, 2], vectors[:, 0]
    if major[2] < 0:
        major = -major
    azimuth = math.atan2(major[1], major[0])
    plunge = math.asin(min(1.0, max(-1.0, major[2])))
    level = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    rotation = math.degrees(math.atan2(float(minor @ np.cross(major, level)), float(minor @ level))) % 180.0
    return Ellipsoid(float(axes[2]), float(axes[0]), float(axes[1]), math.degrees(plunge),
                     math.degrees(azimuth) % 360.0, rotation)
