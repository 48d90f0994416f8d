"""Catalogues with planted rates: sequences, blasts, nights, outages; all made by made_catalogue."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from quakescribe.audit import make_case
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.audit_rates import AuditRatesSettings
from quakescribe.tables import MAGNITUDES, ORIGINS, event_ids

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import made_catalogue as made

SETTINGS = AuditSettings(resamples=200)
LIGHT = AuditSettings(resamples=80, rates=AuditRatesSettings(quarry_nodes=200))
DAY = 86_400.0
STATIONS = made._stations(6, 40.0, np.random.default_rng(0))


def events(seconds, rng, x=None, y=None, depth=None, completeness=1.0):
    """True events at given times; places as in a sound catalogue unless given."""
    n = len(seconds)
    return pd.DataFrame({
        "seconds": seconds, "x": rng.normal(0, 10.0, n) if x is None else x,
        "y": rng.normal(0, 10.0, n) if y is None else y,
        "depth": np.clip(rng.gamma(5.0, 1.8, n), 1.0, 25.0) if depth is None else np.full(n, depth),
        "magnitude": made._magnitudes_detected(n, 1.0, completeness, rng)})


def poisson(n, days, rng):
    return events(rng.uniform(0, days * DAY, n), rng)


def omori(n_sequences, days, rng, mean=60.0, c_days=0.01, length_days=10.0):
    """Aftershocks of sequences at random times and places: rates 1/(t + c), up to ten days."""
    parts = []
    for _ in range(n_sequences):
        n = int(rng.geometric(1.0 / mean))
        start, (x, y) = rng.uniform(0, days), rng.normal(0, 10.0, 2)
        u = rng.random(n)
        t = start + np.concatenate([[0.0], c_days * ((1 + length_days / c_days) ** u - 1)])
        at = np.sort(t)
        one = events(at * DAY, rng, x + rng.normal(0, 1.0, n + 1), y + rng.normal(0, 1.0, n + 1))
        one.loc[0, "magnitude"] = 3.0 + rng.exponential(0.4)
        parts.append(one[one["seconds"] < days * DAY])
    return pd.concat(parts, ignore_index=True)


def working(n, days, rng, weekend=False, hours=(9.0, 17.0)):
    """Times in local working hours: 9 to 17 h at 30 E, Monday to Friday or on all days."""
    out = np.empty(0)
    while len(out) < n:
        t = rng.integers(0, int(days), n) * DAY + rng.uniform(*hours, n) * 3600 - 2 * 3600
        out = np.concatenate([out, t[(t >= 0) & (weekend | ((t // DAY).astype(int) % 7 < 5))]])
    return out[:n]


def blasts(n, days, rng, x=20.0, y=-15.0):
    return events(working(n, days, rng), rng, x + rng.normal(0, 0.5, n), y + rng.normal(0, 0.5, n), depth=1.0)


def night_only(true, rng, share=0.7):
    """Small events by day (7 to 19 h local) lost with a share of chance."""
    hour = (true["seconds"] / 3600 + 2) % 24
    lost = (hour >= 7) & (hour < 19) & (true["magnitude"] < 1.3) & (rng.random(len(true)) < share)
    return true[~lost].reset_index(drop=True)


def case(true, days, rng, settings=SETTINGS, **more):
    """The case of true events, over their whole span, without picks."""
    true = true.sort_values("seconds").drop_duplicates("seconds").reset_index(drop=True)
    time = pd.Series(made.START + pd.to_timedelta((true["seconds"].to_numpy() * 1e9).round(), unit="ns"))
    latitude, longitude = made.FRAME.to_geographic(true["x"].to_numpy() + rng.normal(0, 0.3, len(true)),
                                                   true["y"].to_numpy() + rng.normal(0, 0.3, len(true)))
    ids = event_ids(time)
    origins = ORIGINS.make({
        "event_id": ids, "time": time, "latitude": latitude, "longitude": longitude, "depth_km": true["depth"],
        "erh_km": 0.5, "erz_km": 1.0, "ert_s": 0.1, "rms_s": 0.1, "gap_deg": 90.0, "dmin_km": 5.0, "n_phases": 12,
        "n_stations": 6, "quality": "B", "well_located": True, "method": "made"})
    magnitudes = MAGNITUDES.make({"event_id": ids, "station_id": None, "kind": "ML",
                                  "value": true["magnitude"].round(2), "uncertainty": 0.1, "n_stations": 6,
                                  "used": True})
    return make_case({"origins": origins, "magnitudes": magnitudes}, settings, made.MODEL, _span(days), **more)


def case_with_picks(true, days, rng, settings=SETTINGS, false_per_day=20.0, **more):
    """The case of true events with the picks and arrivals of a sound chain."""
    true = true.sort_values("seconds").drop_duplicates("seconds").reset_index(drop=True)
    tables = made.built(true, STATIONS, days, rng, false_per_day)
    return make_case(tables, settings, made.MODEL, _span(days), **more)


def _span(days):
    return {"span": (made.START, made.START + pd.Timedelta(days=days))}


def row(audit, metric, scope="network", key=""):
    found = audit.findings
    return found[(found["metric"] == metric) & (found["scope"] == scope) & (found["key"] == key)].iloc[0]
