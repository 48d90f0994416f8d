"""Two lists of one made catalogue, with known loss, false events, shifts and errors; and plain lists of events."""

from __future__ import annotations

import numpy as np
import pandas as pd
from made_catalogue import FRAME, START

from quakescribe.compare.sides import Common, Side, common_ground
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables import ARRIVALS, MAGNITUDES, ORIGINS, PICKS, pick_ids


def listed(seconds, x, y, magnitude, depth=None, ids=None):
    """Return tables of a bare list of events."""
    order = np.argsort(seconds, kind="stable")
    latitude, longitude = FRAME.to_geographic(np.asarray(x, float)[order], np.asarray(y, float)[order])
    n = len(order)
    ids = np.arange(1, n + 1) if ids is None else np.asarray(ids)[order]
    time = START + pd.to_timedelta((np.asarray(seconds, float)[order] * 1e9).round(), unit="ns")
    origins = ORIGINS.make({
        "event_id": ids, "time": time, "latitude": latitude, "longitude": longitude,
        "depth_km": np.full(n, 8.0) if depth is None else np.asarray(depth, float)[order], "n_phases": 0,
        "n_stations": 0, "well_located": False, "method": "list"}, rows=n)
    sizes = MAGNITUDES.make({"event_id": ids, "station_id": None, "kind": "ML",
                             "value": np.asarray(magnitude, float)[order], "n_stations": 1, "used": True}, rows=n)
    return {"origins": origins, "magnitudes": sizes}


def twins(seed, n=600, days=20.0, loss=(0.0, 0.2), false=(0, 0), shift_s=0.3, shift_km=2.0, shift_m=0.2, error_km=0.7):
    """Return two lists of the same events; the second is shifted east, later and larger. Ids of true events agree."""
    rng = np.random.default_rng(seed)
    t, x, y = rng.uniform(0, 86_400 * days, n), *rng.normal(0, 15, (2, n))
    m = 1.0 + rng.exponential(np.log10(np.e), n)
    out = []
    for k in (0, 1):
        keep = rng.random(n) >= loss[k]
        more = false[k]
        t_k = np.concatenate([t[keep] + k * shift_s + rng.normal(0, 0.1, keep.sum()),
                              rng.uniform(0, 86_400 * days, more)])
        at = [np.concatenate([one[keep] + rng.normal(0, error_km, keep.sum()) + k * shift_km * (one is x),
                              rng.normal(0, 15, more)]) for one in (x, y)]
        size = np.concatenate([m[keep] + k * shift_m + rng.normal(0, 0.1, keep.sum()),
                               1.0 + rng.exponential(0.43, more)])
        ids = np.concatenate([np.flatnonzero(keep) + 1, 100_000 * (k + 1) + np.arange(more)])
        out.append(listed(t_k, *at, size, ids=ids))
    return out


def picked_twin(tables, seed, loss=0.1, late_s=0.05, false=400):
    """Return tables with some picks lost, all others late, and false picks of its own; arrivals follow the picks."""
    rng = np.random.default_rng(seed)
    picks = tables["picks"][rng.random(len(tables["picks"])) >= loss]
    old = picks["pick_id"].to_numpy()
    late = pd.to_timedelta(((late_s + rng.normal(0, 0.02, len(picks))) * 1e9).round(), unit="ns")
    moved = picks.assign(time=picks["time"] + late, pair_id=0)
    start, end = picks["time"].min(), picks["time"].max()
    own = pd.DataFrame({
        "station_id": rng.choice(picks["station_id"].unique(), false), "phase": rng.choice(["P", "S"], false),
        "time": start + pd.to_timedelta(rng.uniform(0, (end - start).total_seconds(), false), unit="s"), "pair_id": 0,
        "picker": "other"})
    every = pd.concat([moved, own], ignore_index=True)
    every["pick_id"] = pick_ids(every["station_id"], every["phase"], every["time"])
    new = every.iloc[:len(old)].set_index(old)
    arrivals = tables["arrivals"][tables["arrivals"]["pick_id"].isin(old)]
    follow = new.reindex(arrivals["pick_id"])
    arrivals = arrivals.assign(time=follow["time"].array, pick_id=follow["pick_id"].to_numpy())
    return {**tables, "picks": PICKS.order(PICKS.conform(every)),
            "arrivals": ARRIVALS.order(ARRIVALS.conform(arrivals))}


def common_of(*tables, settings=None, **more) -> Common:
    """Return the common ground of sides called a, b, c ..."""
    sides = [Side("abcdefghij"[k], one, **more) for k, one in enumerate(tables)]
    return common_ground(sides, settings or ComparisonSettings())
