"""Made-up networks and the onsets of made-up events in them: exact rays plus Gaussian noise, and noise pairs."""

import numpy as np
import pandas as pd

from quakescribe.earth.geodesy import LocalFrame, distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.tables import PICKS, STATIONS, pick_ids

VP = np.array([5.5, 6.3, 6.7, 7.8])
MODEL = VelocityModel("synthetic", np.array([0.0, 6.5, 17.0, 33.0]), VP, VP / 1.73)
FRAME = LocalFrame(35.8, -117.5)
START = pd.Timestamp("2020-03-01T12:00:00", tz="UTC")


def network(places_km, elevation_m=800.0):
    """Stations XX.S00. and so on at x, y (km) around 35.8 N, 117.5 W."""
    x, y = np.asarray(places_km, dtype=float).T
    latitude, longitude = FRAME.to_geographic(x, y)
    return STATIONS.make({"station_id": [f"XX.S{k:02d}." for k in range(len(x))], "latitude": latitude,
                          "longitude": longitude, "elevation_m": np.broadcast_to(elevation_m, len(x))})


def ring(n=8, radius_km=30.0):
    """A network of n stations: one in the middle, the others on a circle, at different heights."""
    angle = 2 * np.pi * np.arange(n - 1) / (n - 1)
    places = np.vstack([[0.0, 0.0], radius_km * np.column_stack([np.cos(angle), np.sin(angle)])])
    return network(places, np.linspace(300.0, 1700.0, n))


def onsets(events, stations, seed=0, sigma_p=0.05, sigma_s=0.1, chosen=None):
    """Onsets of events (seconds after START, x km, y km, depth km): a frame of event, station_id, phase, after (s)."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, (after, x, y, depth) in enumerate(events):
        latitude, longitude = FRAME.to_geographic(x, y)
        distance, _ = distance_azimuth(latitude, longitude, stations["latitude"], stations["longitude"])
        for k, station in enumerate(stations.itertuples()):
            if chosen is not None and k not in chosen[number]:
                continue
            for phase, velocity, sigma in (("P", MODEL.vp, sigma_p), ("S", MODEL.vs, sigma_s)):
                travel = first_arrival(MODEL.top_km, velocity, distance[k], depth, -station.elevation_m / 1000)[0]
                rows.append((number, station.station_id, phase, after + travel + rng.normal(0, sigma)))
    return pd.DataFrame(rows, columns=["event", "station_id", "phase", "after"])


def noise(stations, n, seconds, seed=1):
    """n P-S pairs at random stations and times."""
    rng = np.random.default_rng(seed)
    station = rng.choice(stations["station_id"].to_numpy(dtype=object), n)
    p = rng.uniform(0, seconds, n)
    s = p + rng.uniform(0.5, 9.0, n)
    return pd.DataFrame({"event": -1, "station_id": np.repeat(station, 2), "phase": ["P", "S"] * n,
                         "after": np.column_stack([p, s]).ravel()})


def picks_of(frame, paired=True, start=START):
    """Table picks of onsets, P and S of a pair in successive rows; returns picks with the column 'event' as truth."""
    frame = frame.reset_index(drop=True)
    time = start + pd.to_timedelta((frame["after"] * 1e9).round().astype("int64"), unit="ns")
    time = time.astype("datetime64[ns, UTC]")
    pick_id = pick_ids(frame["station_id"], frame["phase"], time)
    is_p = (frame["phase"] == "P").to_numpy()
    pair_id = np.where(is_p, pick_id, np.roll(pick_id, 1)) if paired else 0
    picks = PICKS.make({"pick_id": pick_id, "station_id": frame["station_id"], "phase": frame["phase"], "time": time,
                        "amplitude_m": 1e-6, "uncertainty_s": np.float32(0.1), "pair_id": pair_id, "picker": "test"})
    truth = pd.Series(frame["event"].to_numpy(), index=pick_id)
    return picks, truth.reindex(picks["pick_id"])
