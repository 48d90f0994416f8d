"""Picks written by hand: a ring of stations in an earth of one velocity, planted events, pairs that mean nothing."""

import numpy as np
import pandas as pd

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.tables import PICKS, STATIONS, pick_ids

START = pd.Timestamp("2024-03-01", tz="UTC")
END = START + pd.Timedelta(2, "h")
VP, VS = 6.0, 3.5
MODEL = VelocityModel("one velocity", np.array([0.0]), np.array([VP]), np.array([VS]))


def stations(n: int = 8) -> pd.DataFrame:
    """Stations on a ring of 0.2 degrees round the origin."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return STATIONS.make({"station_id": [f"XX.S{k}." for k in range(n)], "latitude": 0.2 * np.sin(angle),
                          "longitude": 0.2 * np.cos(angle), "elevation_m": np.zeros(n), "burial_m": np.zeros(n)})


def planted(seconds, n: int = 8, depth: float = 8.0) -> list[tuple[str, float, float]]:
    """Station, P and S (s after START) of events near the origin."""
    network = stations(n)
    distance = distance_azimuth(np.full(n, 0.02), np.full(n, 0.03), network["latitude"].to_numpy(),
                                network["longitude"].to_numpy())[0]
    length = np.hypot(distance, depth)
    return [(name, at + one / VP, at + one / VS) for at in seconds
            for name, one in zip(network["station_id"], length, strict=True)]


def noise(per_station: int, n: int = 8, seed: int = 3, seconds: float = 7200.0) -> list[tuple[str, float, float]]:
    """Pairs at random times."""
    rng = np.random.default_rng(seed)
    return [(f"XX.S{k}.", at, at + lag) for k in range(n)
            for at, lag in zip(rng.uniform(0, seconds - 20, per_station), rng.uniform(1, 8, per_station), strict=True)]


def picks(pairs) -> pd.DataFrame:
    """The table of pairs."""
    names = [name for name, _, _ in pairs]
    p, s = (pd.Series([START + pd.Timedelta(round(pair[k] * 1e9), "ns") for pair in pairs]) for k in (1, 2))
    p_ids = pick_ids(pd.Series(names), pd.Series(["P"] * len(names)), p)
    s_ids = pick_ids(pd.Series(names), pd.Series(["S"] * len(names)), s)
    return PICKS.make({"pick_id": np.concatenate([p_ids, s_ids]), "station_id": names * 2,
                       "phase": ["P"] * len(names) + ["S"] * len(names), "time": pd.concat([p, s]).array,
                       "pair_id": np.concatenate([p_ids, p_ids]), "picker": ["hand"] * (2 * len(names))})
