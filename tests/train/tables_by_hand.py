"""Small tables written by hand: a network on a line, events in a homogeneous earth, times in seconds after START."""

import numpy as np
import pandas as pd

from quakescribe.earth.velocity import VelocityModel
from quakescribe.tables import ARRIVALS, ORIGINS, PICKS, STATIONS

START = pd.Timestamp("2024-03-01T12:10:00", tz="UTC")
KM = 1 / 110.574  # degrees of latitude per km at the equator, by the ellipsoid
VP, VS = 6.0, 3.5
MODEL = VelocityModel("one velocity", np.array([0.0]), np.array([VP]), np.array([VS]))


def ns(second: float) -> int:
    return START.value + round(second * 1e9)


def times(seconds) -> pd.DatetimeIndex:
    return pd.to_datetime([ns(one) for one in seconds], utc=True)


def stations(**km_north: float) -> pd.DataFrame:
    """Stations XX.<name>. so many km north of the equator."""
    return STATIONS.make({"station_id": [f"XX.{name}." for name in km_north],
                          "latitude": [km * KM for km in km_north.values()], "longitude": [0.0] * len(km_north),
                          "elevation_m": [0.0] * len(km_north), "burial_m": [0.0] * len(km_north)})


def picks(*rows) -> pd.DataFrame:
    """Rows of pick_id, station, phase, second, pair_id."""
    ids, names, phases, seconds, pairs = zip(*rows, strict=True)
    return PICKS.make({"pick_id": ids, "station_id": [f"XX.{name}." if "." not in name else name for name in names],
                       "phase": phases, "time": times(seconds), "pair_id": pairs, "snr": np.full(len(ids), 5.0),
                       "picker": ["hand"] * len(ids)})


def arrivals(table: pd.DataFrame, *rows) -> pd.DataFrame:
    """Rows of event_id, pick_id, residual (s)."""
    if not rows:
        return ARRIVALS.empty()
    events, ids, residuals = zip(*rows, strict=True)
    own = table.set_index("pick_id").loc[list(ids)]
    return ARRIVALS.make({"event_id": events, "pick_id": ids, "station_id": own["station_id"].to_numpy(),
                          "phase": own["phase"].to_numpy(), "time": own["time"].array, "residual_s": residuals})


def origins(*rows) -> pd.DataFrame:
    """Rows of event_id, second, km north, depth (km), well located."""
    if not rows:
        return ORIGINS.empty()
    ids, seconds, km, depth, well = zip(*rows, strict=True)
    n = len(ids)
    return ORIGINS.make({"event_id": ids, "time": times(seconds), "latitude": [one * KM for one in km],
                         "longitude": [0.0] * n, "depth_km": depth, "n_phases": [4] * n, "n_stations": [2] * n,
                         "well_located": well, "method": ["hand"] * n})


def marks_of(labels, name: str) -> set[tuple[str, float, str]]:
    """Phase, second (to 0.1 s) and use of the marks at a station."""
    mine = labels.marks[labels.marks["station_id"] == (f"XX.{name}." if "." not in name else name)]
    return {(row.phase, round((row.time_ns - START.value) * 1e-9, 1), row.use) for row in mine.itertuples()}
