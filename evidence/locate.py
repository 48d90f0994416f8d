"""Accuracy and calibration of the default locator: simulated events with known noise; real picks of Ridgecrest."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import Records, real_data  # noqa: E402

from quakescribe.earth.geodesy import LocalFrame, destination, distance_azimuth  # noqa: E402
from quakescribe.earth.traveltime import TravelTimes  # noqa: E402
from quakescribe.earth.velocity import VelocityModel, read_velocity  # noqa: E402
from quakescribe.kernels.grid import interpolate  # noqa: E402
from quakescribe.kernels.raytrace import first_arrival  # noqa: E402
from quakescribe.locate import Located, locate, station_corrections  # noqa: E402
from quakescribe.settings.locate import LocateSettings  # noqa: E402
from quakescribe.settings.velocity import VelocitySettings  # noqa: E402
from quakescribe.tables import ARRIVALS, EVENTS, STATIONS, pick_ids  # noqa: E402

MODEL = VelocityModel("evidence", np.array([-2.0, 4.0, 14.5, 30.5]), np.array([5.5, 6.3, 6.7, 7.8]),
                      np.array([5.5, 6.3, 6.7, 7.8]) / 1.73)
DAY = pd.Timestamp("2020-01-01", tz="UTC")


def network(n: int, spread_km: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return n stations within a circle around 35.7 N, 117.5 W, at 300 to 1900 m."""
    radius, angle = spread_km * np.sqrt(rng.uniform(0, 1, n)), rng.uniform(0, 360, n)
    latitude, longitude = destination(35.7, -117.5, angle, radius)
    return STATIONS.make({"station_id": [f"XX.S{i:02d}." for i in range(n)], "latitude": latitude,
                          "longitude": longitude, "elevation_m": rng.uniform(300, 1900, n)})


def simulate(stations: pd.DataFrame, n_events: int, spread_km: float, rng: np.random.Generator, sigma: tuple[float, float],
             path: tuple[float, float] = (0.0, 0.0), outliers: float = 0.0,
             delays: np.ndarray | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return truth and arrivals: exact times in MODEL plus Gaussian noise of ``sigma`` (P, S; s).

    ``path`` (constant in s, fraction of the time) is a second Gaussian error; ``outliers`` the share of arrivals
    shifted by up to 3 s; ``delays`` (n_stations, 2) station delays. Each event is recorded by its 5 to 14 nearest.
    """
    latitude, longitude = destination(35.7, -117.5, rng.uniform(0, 360, n_events),
                                      spread_km * np.sqrt(rng.uniform(0, 1, n_events)))
    depth = rng.uniform(1, 18, n_events)
    time = DAY + pd.to_timedelta(np.arange(n_events) * 60 + rng.uniform(0, 30, n_events).round(6), unit="s")
    parts = []
    for e in range(n_events):
        distance, _ = distance_azimuth(latitude[e], longitude[e], stations["latitude"], stations["longitude"])
        for k in np.argsort(distance)[: rng.integers(5, min(14, len(stations)) + 1)]:
            for phase, velocities in enumerate((MODEL.vp, MODEL.vs)):
                t = first_arrival(MODEL.top_km, velocities, distance[k], depth[e],
                                  -stations["elevation_m"].iloc[k] / 1000)[0]
                noise = rng.normal(0, sigma[phase]) + rng.normal(0, np.hypot(path[0], path[1] * t))
                noise += rng.uniform(-3, 3) if rng.uniform() < outliers else 0.0
                noise += delays[k, phase] if delays is not None else 0.0
                parts.append((e, stations["station_id"].iloc[k], "PS"[phase], t + noise, sigma[phase]))
    frame = pd.DataFrame(parts, columns=["event_id", "station_id", "phase", "after", "uncertainty_s"])
    frame["time"] = time[frame["event_id"]] + pd.to_timedelta((frame.pop("after") * 1e9).round().astype("int64"))
    frame["pick_id"] = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    truth = EVENTS.make({"event_id": np.arange(n_events), "time": time, "latitude": latitude, "longitude": longitude,
                         "depth_km": depth, "n_picks": 0, "n_stations": 0, "associator": "truth"})
    return truth, ARRIVALS.make(frame)


def errors(located: Located, truth: pd.DataFrame) -> pd.DataFrame:
    """Return each origin's error against the truth: east, north, depth (km), time (s)."""
    both = located.origins.merge(truth, on="event_id", suffixes=("", "_true"))
    frame = LocalFrame(35.7, -117.5)
    x, y = frame.to_xy(both["latitude"], both["longitude"])
    xt, yt = frame.to_xy(both["latitude_true"], both["longitude_true"])
    return both.assign(east=x - xt, north=y - yt, down=both["depth_km"] - both["depth_km_true"],
                       late=(both["time"] - both["time_true"]).dt.total_seconds())


def coverage(found: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the share of events whose truth lies in the 68% and 95% regions of epicentre, depth and both."""
    names = "xyz"
    matrix = np.array([[found[f"covariance_{''.join(sorted((a, b)))}"] for b in names] for a in names])
    matrix = np.moveaxis(matrix, 2, 0)
    offset = found[["east", "north", "down"]].to_numpy()
    out = {}
    for name, axes, limits in (("epicentre", [0, 1], (2.279, 5.991)), ("depth", [2], (0.989, 3.841)),
                               ("hypocentre", [0, 1, 2], (3.506, 7.815))):
        v, c = offset[:, axes], matrix[:, axes][:, :, axes]
        chi = np.einsum("ni,ni->n", v, np.linalg.solve(c, v[..., None])[..., 0])
        out[name] = (float((chi <= limits[0]).mean()), float((chi <= limits[1]).mean()))
    return out
