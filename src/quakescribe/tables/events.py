"""Events and arrivals: which picks belong together."""

import numpy as np
import pandas as pd

from quakescribe.tables.schema import TIME, Column, Table

EVENTS = Table(
    name="events",
    meaning="one row per associated event, with the associator's rough place and time",
    key=("event_id",),
    sort=("time", "event_id"),
    columns=(
        Column("event_id", "int64", "-", "origin time to 0.1 s as digits, or the source's own number", 0),
        Column("time", TIME, "UTC", "origin time"),
        Column("latitude", "float64", "deg", "WGS84", -90.0, 90.0),
        Column("longitude", "float64", "deg", "WGS84", -180.0, 180.0),
        Column("depth_km", "float64", "km", "below sea level", -10.0, 800.0, nullable=True),
        Column("n_picks", "int64", "-", "associated picks, P and S counted separately", 0),
        Column("n_stations", "int64", "-", "distinct stations among them", 0),
        Column("associator", "str", "-", "what made the event"),
        Column("source_id", "str", "-", "the id in the file it was read from", nullable=True),
    ),
)

ARRIVALS = Table(
    name="arrivals",
    meaning="one row per pick of an event",
    key=("event_id", "pick_id"),
    sort=("event_id", "time", "station_id", "phase"),
    columns=(
        Column("event_id", "int64", "-", "the event", 0),
        Column("pick_id", "int64", "-", "the pick", 1),
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("phase", "str", "-", "P or S", choices=("P", "S")),
        Column("time", TIME, "UTC", "onset, as in picks"),
        Column("uncertainty_s", "float32", "s", "one standard deviation, as in picks", 0.0, nullable=True),
        Column("amplitude_m", "float64", "m", "peak of S, as in picks", 0.0, nullable=True),
        Column("distance_km", "float64", "km", "epicentral, geodesic", 0.0, nullable=True),
        Column("azimuth_deg", "float64", "deg", "epicentre to station", 0.0, 360.0, nullable=True),
        Column(
            "takeoff_deg", "float64", "deg", "of the ray at the source, 0 = down, 180 = up", 0.0, 180.0, nullable=True
        ),
        Column("residual_s", "float64", "s", "observed - predicted", nullable=True),
        Column("weight", "float64", "-", "final weight in the location, 0 = not used", 0.0, nullable=True),
    ),
)


def event_ids(time: pd.Series) -> np.ndarray:
    """Return an event_id per origin time: the digits YYYYMMDDhhmmssd (d = tenths of a second), int64.

    Times that share the tenth are counted up in time order, so ids are unique and a 15-digit number
    that spreadsheets and JSON keep exactly.
    """
    times = pd.to_datetime(pd.Series(time), utc=True).dt.tz_convert(None)
    order = np.argsort(times.to_numpy(), kind="stable")
    digits = (times.dt.strftime("%Y%m%d%H%M%S").astype("int64") * 10 + times.dt.microsecond // 100_000).to_numpy()
    ids = np.empty(len(digits), dtype=np.int64)
    last = -1
    for i in order:
        last = max(int(digits[i]), last + 1)
        ids[i] = last
    return ids
