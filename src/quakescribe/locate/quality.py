"""What is said about an origin besides its place: errors, geometry, quality letter, flags, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.kernels.hypocentre import gaps
from quakescribe.settings.locate import LocateSettings
from quakescribe.tables.origins import DISQUALIFYING

UNRESOLVED = 99.0  # km and s: an error the data do not resolve
USED = 0.1  # arrivals with at least this weight count as used

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Geometry:
    """Per event, from the arrivals used: counts, gap (deg), nearest station (km), and how elongated the network is.

    A station is a ``NET.STA``: two sensors at one place, told apart by their location codes, are one.
    """

    n_phases: NDArray[np.int64]
    n_stations: NDArray[np.int64]
    gap_deg: Array
    dmin_km: Array
    elongation: Array


def geometry(event: NDArray[np.int64], n_events: int, site: NDArray[np.int64], distance_km: Array,
             azimuth_deg: Array, weight: Array) -> Geometry:
    """Describe the geometry of the arrivals with weight >= 0.1. Nothing used: gap 360, nearest station null."""
    used = weight >= USED
    who = event[used]
    n_phases = np.bincount(who, minlength=n_events)
    dmin = np.full(n_events, np.inf)
    np.minimum.at(dmin, who, distance_km[used])
    pairs = np.unique(np.column_stack([who, site[used]]), axis=0, return_index=True)[1]
    owner, n_stations = who[pairs], np.bincount(who[pairs], minlength=n_events)
    offsets = np.concatenate([[0], np.cumsum(n_stations)]).astype(np.int64)
    azimuth = azimuth_deg[used][pairs]
    angle = np.radians(azimuth)
    x, y = distance_km[used][pairs] * np.sin(angle), distance_km[used][pairs] * np.cos(angle)
    return Geometry(n_phases, n_stations, gaps(azimuth, offsets), np.where(np.isfinite(dmin), dmin, np.nan),
                    _elongation(owner, n_events, n_stations, x, y))


def _elongation(owner: NDArray[np.int64], n_events: int, count: NDArray[np.int64], x: Array, y: Array) -> Array:
    """Return the ratio of smallest to largest spread of each event's stations: 0 = on one line (or one place)."""
    safe = np.maximum(count, 1)

    def mean(values: Array) -> Array:
        return np.bincount(owner, values, minlength=n_events) / safe

    dx, dy = x - mean(x)[owner], y - mean(y)[owner]
    xx, yy, xy = mean(dx * dx), mean(dy * dy), mean(dx * dy)
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    large = middle + half
    return np.sqrt(np.maximum(middle - half, 0.0) / np.where(large > 0, large, 1.0))


def standard_errors(covariance: Array, depth_range_km: float) -> tuple[Array, Array, Array]:
    """Return ERH (km), ERZ (km) and ERT (s) of covariances (n, 4, 4; east, north, depth, time).

    ERH is the largest horizontal standard error, the half axis of the one-sigma ellipse. Not resolved, and 99: ERH and
    ERT above a third of what was assumed beforehand (99 km, 16.5 s), and ERZ above a fifth of the depths allowed (a
    depth anywhere between them would have 0.29).
    """
    xx, yy, xy = covariance[:, 0, 0], covariance[:, 1, 1], covariance[:, 0, 1]
    erh = np.sqrt((xx + yy) / 2 + np.hypot((xx - yy) / 2, xy))
    erz, ert = np.sqrt(covariance[:, 2, 2]), np.sqrt(covariance[:, 3, 3])
    return (np.where(erh > 33.0, UNRESOLVED, erh), np.where(erz > 0.2 * depth_range_km, UNRESOLVED, erz),
            np.where(ert > 5.5, UNRESOLVED, ert))


def quality(rms_s: Array, erh_km: Array, erz_km: Array, depth_km: Array, place: Geometry) -> NDArray[np.str_]:
    """Return the letter A to D: the mean, rounded down in quality, of a statistical and a geometrical grade.

    Statistical: A rms < 0.15 s, ERH <= 1 km, ERZ <= 2 km; B < 0.30, 2.5, 5; C < 0.50, 5, any; else D.
    Geometrical, with at least 6 arrivals used: A gap <= 90 deg and nearest station within the depth or 5 km; B 135 and
    twice the depth or 10 km; C 180 and 50 km; else D. The limits are HYPOINVERSE's (Klein 2002, USGS OFR 02-171).
    """
    statistical = np.select([(rms_s < 0.15) & (erh_km <= 1) & (erz_km <= 2),
                             (rms_s < 0.30) & (erh_km <= 2.5) & (erz_km <= 5),
                             (rms_s < 0.50) & (erh_km <= 5)], [1, 2, 3], 4)
    gap, near, enough = place.gap_deg, np.nan_to_num(place.dmin_km, nan=np.inf), place.n_phases >= 6
    geometrical = np.select([enough & (gap <= 90) & (near <= np.maximum(depth_km, 5)),
                             enough & (gap <= 135) & (near <= np.maximum(2 * depth_km, 10)),
                             enough & (gap <= 180) & (near <= 50)], [1, 2, 3], 4)
    return np.array(["A", "B", "C", "D"])[(statistical + geometrical + 1) // 2 - 1]


def join_flags(words: dict[str, NDArray[np.bool_]], n_events: int) -> NDArray[np.object_]:
    """Return the flags of every event as comma-separated words, null where none holds."""
    out = np.full(n_events, "", dtype=object)
    for word, holds in words.items():
        out[holds] += f",{word}"
    return np.array([text[1:] or None for text in out], dtype=object)


def well_located(origins: pd.DataFrame, flagged: dict[str, NDArray[np.bool_]],
                 settings: LocateSettings) -> NDArray[np.bool_]:
    """Return which origins keep the rule of the settings ``well_*`` and bear no disqualifying flag."""
    good = ((origins["n_phases"] >= settings.well_min_phases) & (origins["n_stations"] >= settings.well_min_stations)
            & (origins["rms_s"] <= settings.well_max_rms_s) & (origins["erh_km"] <= settings.well_max_erh_km)
            & (origins["erz_km"] <= settings.well_max_erz_km) & (origins["gap_deg"] <= settings.well_max_gap_deg))
    out = good.to_numpy(dtype=bool, copy=True)
    for word in DISQUALIFYING:
        if word in flagged:
            out &= ~flagged[word]
    return out
