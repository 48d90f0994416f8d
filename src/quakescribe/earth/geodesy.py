"""Geodesic distances on WGS84 and the local projection in kilometres."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod, Transformer

_GEOD = Geod(ellps="WGS84")


def distance_azimuth(latitude: ArrayLike, longitude: ArrayLike, to_latitude: ArrayLike,
                     to_longitude: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return geodesic distance (km) and azimuth (deg, clockwise from north, in [0, 360)); they broadcast."""
    a, b, c, d = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in
                                       (latitude, longitude, to_latitude, to_longitude)))
    azimuth, _, metres = _GEOD.inv(b, a, d, c)
    return np.asarray(metres) / 1000.0, np.asarray(azimuth) % 360.0


def destination(latitude: ArrayLike, longitude: ArrayLike, azimuth_deg: ArrayLike,
                distance_km: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return latitude and longitude (deg, in [-180, 180)) at a geodesic distance and azimuth; they broadcast."""
    a, b, c, d = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in
                                       (latitude, longitude, azimuth_deg, distance_km)))
    lon, lat, _ = _GEOD.fwd(b, a, c, d * 1000.0)
    return np.asarray(lat), (np.asarray(lon) + 180.0) % 360.0 - 180.0


@dataclass(frozen=True)
class LocalFrame:
    """Azimuthal equidistant projection around a centre: x east, y north, in km."""

    latitude: float
    longitude: float

    @classmethod
    def around(cls, latitude: ArrayLike, longitude: ArrayLike) -> LocalFrame:
        """Return the frame centred on the middle of the points (robust across the date line)."""
        lat = np.asarray(latitude, dtype=np.float64)
        lon = np.radians(np.asarray(longitude, dtype=np.float64))
        middle = np.degrees(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean()))
        return cls(round(float((lat.min() + lat.max()) / 2), 6), round(float(middle), 6))

    @cached_property
    def _forward(self) -> Transformer:
        local = f"+proj=aeqd +lat_0={self.latitude} +lon_0={self.longitude} +datum=WGS84 +units=km"
        return Transformer.from_crs("EPSG:4326", local, always_xy=True)

    def to_xy(self, latitude: ArrayLike, longitude: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x (km east) and y (km north)."""
        x, y = self._forward.transform(np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64))
        return np.asarray(x), np.asarray(y)

    def to_geographic(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return latitude and longitude (deg)."""
        lon, lat = self._forward.transform(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64),
                                           direction="INVERSE")
        return np.asarray(lat), np.asarray(lon)
