"""A sound catalogue of main shocks with aftershocks, made from a seed as :mod:`made_catalogue` makes one without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from made_catalogue import FRAME, START, Tables, _magnitudes_detected, _stations, built

from quakescribe.tables import MAGNITUDES, ORIGINS


def aftershocks(n_stations: int = 12, seed: int = 0, days: float = 20.0, size_km: float = 40.0,
                **sequence: Any) -> tuple[Tables, pd.DataFrame]:
    """Return the tables of :func:`sequences`, and the true events."""
    true = sequences(seed=seed, days=days, size_km=size_km, **sequence)
    rng = np.random.default_rng([seed, 1])
    return built(true, _stations(n_stations, size_km, rng), days, rng), true


def sequences(n_background: int = 300, n_aftershocks: int = 700, n_sequences: int = 3, days: float = 20.0,
              seed: int = 0, size_km: float = 40.0, c_days: float = 0.02, fault_km: float = 4.0) -> pd.DataFrame:
    """Return true events: seconds, x, y, depth, magnitude, and which are aftershocks (``clustered``).

    Times follow Omori's law, 1 / (t + c), places a normal distribution along a fault. No event is lost to another
    one's coda, so that close pairs are more frequent than in any real catalogue.
    """
    rng = np.random.default_rng(seed)
    span = days * 86_400.0
    x, y = rng.normal(0, size_km / 3, (2, n_background))
    parts = [pd.DataFrame({"seconds": rng.uniform(0, span, n_background), "x": x, "y": y,
                           "magnitude": _magnitudes_detected(n_background, 1.0, 1.0, rng), "clustered": False})]
    for _ in range(n_sequences):
        n, begin = n_aftershocks // n_sequences, rng.uniform(0.05, 0.6) * span
        place, strike = rng.normal(0, size_km / 4, 2), rng.uniform(0, np.pi)
        c = c_days * 86_400.0
        later = c * ((1.0 + (span - begin) / c) ** rng.random(n) - 1.0)
        along, across = rng.normal(0, fault_km / 2, n), rng.normal(0, 0.5, n)
        parts.append(pd.DataFrame({
            "seconds": begin + np.r_[0.0, later], "clustered": np.r_[False, np.ones(n, bool)],
            "x": place[0] + np.r_[0.0, along * np.sin(strike) + across * np.cos(strike)],
            "y": place[1] + np.r_[0.0, along * np.cos(strike) - across * np.sin(strike)],
            "magnitude": np.r_[5.0, _magnitudes_detected(n, 1.0, 1.0, rng)]}))
    true = pd.concat(parts, ignore_index=True).sort_values("seconds", ignore_index=True)
    true["depth"] = np.clip(rng.gamma(5.0, 1.8, len(true)), 1.0, 25.0)
    return true[["seconds", "x", "y", "depth", "magnitude", "clustered"]]


def bare(seconds: Any, x: Any, y: Any, magnitude: Any) -> Tables:
    """Return tables of origins and magnitudes alone, event ids from 1 in the order given."""
    n, place = len(seconds), FRAME.to_geographic(np.asarray(x, float), np.asarray(y, float))
    time = pd.Series(START + pd.to_timedelta(np.asarray(seconds, float), unit="s"))
    origins = ORIGINS.make({"event_id": np.arange(n) + 1, "time": time, "latitude": place[0], "longitude": place[1],
                            "depth_km": np.full(n, 8.0), "n_phases": np.zeros(n, int), "n_stations": np.zeros(n, int),
                            "well_located": np.zeros(n, bool), "method": "made"})
    magnitudes = pd.DataFrame({"event_id": np.arange(n) + 1, "station_id": None, "kind": "ML", "value": magnitude,
                               "n_stations": 1, "used": True})
    return {"origins": origins, "magnitudes": MAGNITUDES.conform(magnitudes[np.isfinite(magnitude)])}


def bare_of(true: pd.DataFrame) -> Tables:
    """Return tables of origins and magnitudes alone, exactly as they are."""
    return bare(*(true[name].to_numpy() for name in ("seconds", "x", "y", "magnitude")))
