"""A station of known ground motion, and the tables of one event recorded by it."""

import numpy as np
import pandas as pd
import pytest

from quakescribe.tables import ARRIVALS, ORIGINS, STATIONS, pick_ids
from quakescribe.waveforms.block import Block

RATE = 100.0
START_NS = 1_600_000_000_000_000_000
P_S, S_S = 60.0, 64.0  # onsets, seconds after START_NS


def at(seconds):
    return pd.Timestamp(START_NS + round(seconds * 1e9), unit="ns", tz="UTC")


def make_block(data, unit="m/s", present="ZNE", clip=np.inf, station_id="XX.A.", mask=None, first=None):
    n = data.shape[1]
    first = round(START_NS * 1e-9 * RATE) if first is None else first
    return Block(station_id, RATE, first, data, np.zeros((3, n), bool) if mask is None else mask,
                 np.zeros(n, dtype=np.int64), unit, present, np.full(3, clip))


def burst(amplitude=1e-5, frequency=5.0, noise=1e-9, seconds=100.0, seed=0):
    """Noise, and a tapered sine of ground velocity that begins at S on both horizontals."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    data = rng.normal(0, noise, (3, len(t)))
    on = (t >= S_S) & (t < S_S + 3)
    data[1:, on] += amplitude * np.sin(2 * np.pi * frequency * (t[on] - S_S)) * np.sin(np.pi * (t[on] - S_S) / 3) ** 2
    return data


def make_arrivals(rows):
    """Rows: (event_id, station_id, phase, seconds, amplitude_m)."""
    frame = pd.DataFrame(rows, columns=["event_id", "station_id", "phase", "time", "amplitude_m"])
    frame["time"] = pd.to_datetime([at(s) for s in frame["time"]], utc=True)
    frame["pick_id"] = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    return ARRIVALS.order(ARRIVALS.conform(frame))


def make_origins(events):
    """Rows: (event_id, seconds, latitude, longitude, depth_km)."""
    frame = pd.DataFrame(events, columns=["event_id", "time", "latitude", "longitude", "depth_km"])
    frame["time"] = pd.to_datetime([at(s) for s in frame["time"]], utc=True)
    return ORIGINS.conform(frame.assign(rms_s=0.1, gap_deg=90.0, n_phases=8, n_stations=4, quality="A",
                                        well_located=True, method="test"))


def make_stations(places):
    """Rows: (station_id, latitude, longitude, elevation_m)."""
    return STATIONS.conform(pd.DataFrame(places, columns=["station_id", "latitude", "longitude", "elevation_m"]))


@pytest.fixture
def origins():
    return make_origins([(1, 55.0, 40.0, 30.0, 8.0)])


@pytest.fixture
def arrivals():
    return make_arrivals([(1, "XX.A.", "P", P_S, None), (1, "XX.A.", "S", S_S, None)])
