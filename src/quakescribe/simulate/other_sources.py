"""Sources outside the network's faults: quarry blasts, regional earthquakes, teleseisms.

Frames with the columns of the true events, but ``time_s`` (after the first sample) in place of the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import LocalFrame, destination
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.etas import DAY_S, HOUR_S, magnitudes

KM_PER_DEG = 111.195
QUARRIES_WITHIN = 0.6  # of the network's width, from its middle
QUARRY_KM = 0.2  # standard deviation of the blasts' places in a quarry
REGIONAL_KM, REGIONAL_MAGNITUDE = (150.0, 500.0), (3.0, 6.0)
REGIONAL_TOP_KM = 3.0
DISTANT_KM, DISTANT_MAGNITUDE = (3340.0, 9200.0), (5.5, 7.5)  # P comes alone, with slownesses of 0.08 to 0.05 s/km
DISTANT_DEPTH_KM = (10.0, 60.0, 600.0)  # shallowest, mean above it (exponential), deepest


def blasts(rng: np.random.Generator, settings: SimulateSettings) -> pd.DataFrame:
    """Draw quarry blasts: Poisson in the working hours of weekdays, at the stations' mean height, without mechanism."""
    rules, net = settings.other, settings.network
    radius = QUARRIES_WITHIN * net.aperture_km * np.sqrt(rng.random(rules.quarries))
    angle = rng.uniform(0.0, 2.0 * np.pi, rules.quarries)
    start_s = settings.start.timestamp() + settings.noise.local_time_h * HOUR_S  # of the local clock
    days = np.arange(start_s // DAY_S, (start_s + settings.hours * HOUR_S) // DAY_S + 1.0)
    days = days[(days + 3.0) % 7.0 < 5.0]  # 1970 began on a Thursday
    counts = rng.poisson(rules.blasts_per_day, (len(days), rules.quarries))
    day, quarry = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1)
    n = len(day)
    time = days[day] * DAY_S + HOUR_S * rng.uniform(*rules.blast_hours, n) - start_s
    x, y = QUARRY_KM * rng.standard_normal((2, n)) + (radius * np.array([np.sin(angle), np.cos(angle)]))[:, quarry]
    latitude, longitude = LocalFrame(net.latitude, net.longitude).to_geographic(x, y)
    frame = _frame(settings, rng, "blast", time, latitude, longitude, np.full(n, -0.001 * np.mean(net.elevation_m)),
                   rng.uniform(*rules.blast_magnitude, n))
    frame[["strike_deg", "dip_deg", "rake_deg"]] = np.nan
    quiet = settings.seismicity.quiet_end_s
    return frame[frame["time_s"].between(quiet, settings.hours * HOUR_S - quiet)]


def regional(rng: np.random.Generator, settings: SimulateSettings) -> pd.DataFrame:
    """Draw earthquakes in the crust round the network; at its middle P arrives within the recordings."""
    net, earth = settings.network, settings.earth
    arrival = _arrivals(rng, settings, settings.other.regional_per_day)
    n = len(arrival)
    distance = _ring_km(rng, n, REGIONAL_KM)
    latitude, longitude = destination(net.latitude, net.longitude, rng.uniform(0.0, 360.0, n), distance)
    depth = rng.uniform(REGIONAL_TOP_KM, max(earth.layer_top_km[-1], 2.0 * REGIONAL_TOP_KM), n)
    size = magnitudes(rng, n, *REGIONAL_MAGNITUDE, settings.seismicity.b_value)
    return _frame(settings, rng, "regional", arrival - distance / earth.layer_vp[-1], latitude, longitude, depth, size)


def teleseisms(rng: np.random.Generator, settings: SimulateSettings) -> pd.DataFrame:
    """Draw earthquakes 30 to 83 degrees away; at the middle of the network P arrives within the recordings."""
    net = settings.network
    arrival = _arrivals(rng, settings, settings.other.teleseisms_per_day)
    n = len(arrival)
    distance = _ring_km(rng, n, DISTANT_KM)
    latitude, longitude = destination(net.latitude, net.longitude, rng.uniform(0.0, 360.0, n), distance)
    top, mean, bottom = DISTANT_DEPTH_KM
    depth = np.minimum(top + rng.exponential(mean, n), bottom)
    size = magnitudes(rng, n, *DISTANT_MAGNITUDE, settings.seismicity.b_value)
    travel = np.array([distant_p(*pair)[0] for pair in zip(distance, depth, strict=True)]).reshape(n)
    return _frame(settings, rng, "teleseism", arrival - travel, latitude, longitude, depth, size)


def distant_p(distance_km: float, depth_km: float) -> tuple[float, float, float]:
    """Return travel time (s), slowness (s/km) and take-off angle (deg, 0 = down) of P in iasp91 (Kennett 1991)."""
    ray = _iasp91().get_travel_times(depth_km, distance_km / KM_PER_DEG, ["P"])[0]
    return float(ray.time), float(ray.ray_param_sec_degree) / KM_PER_DEG, float(ray.takeoff_angle)


@lru_cache(maxsize=1)
def _iasp91() -> Any:
    from obspy.taup import TauPyModel

    return TauPyModel("iasp91")


def _arrivals(rng: np.random.Generator, settings: SimulateSettings, per_day: float) -> NDArray[np.float64]:
    """Draw the Poisson times (s) at which P arrives, clear of both ends."""
    quiet, seconds = settings.seismicity.quiet_end_s, settings.hours * HOUR_S
    return rng.uniform(quiet, seconds - quiet, rng.poisson(per_day * (seconds - 2.0 * quiet) / DAY_S))


def _ring_km(rng: np.random.Generator, n: int, ends_km: tuple[float, float]) -> NDArray[np.float64]:
    """Draw distances that fill a ring evenly."""
    return np.sqrt(rng.uniform(ends_km[0] ** 2, ends_km[1] ** 2, n))


def _frame(settings: SimulateSettings, rng: np.random.Generator, kind: str, time_s: NDArray[np.float64],
           latitude: NDArray[np.float64], longitude: NDArray[np.float64], depth_km: NDArray[np.float64],
           magnitude: NDArray[np.float64]) -> pd.DataFrame:
    """Return events without parents, with random double couples."""
    n = len(time_s)
    return pd.DataFrame({
        "kind": np.full(n, kind, dtype=object), "parent": np.full(n, -1, dtype=np.int64), "time_s": time_s,
        "latitude": latitude, "longitude": longitude, "depth_km": depth_km, "magnitude": magnitude,
        "strike_deg": rng.uniform(0.0, 360.0, n), "dip_deg": np.degrees(np.arccos(rng.uniform(0.0, 1.0, n))),
        "rake_deg": rng.uniform(-180.0, 180.0, n), "stress_drop_mpa": stress_drops(rng, settings, n)})


def stress_drops(rng: np.random.Generator, settings: SimulateSettings, n: int) -> NDArray[np.float64]:
    """Draw log-normal stress drops (MPa) with a factor 2 of scatter."""
    return np.asarray(settings.seismicity.stress_drop_mpa * 2.0 ** rng.standard_normal(n))
