"""Seeded random catalogues for the contract suite of the exchange formats, with the awkward cases built in."""

import numpy as np
import pandas as pd

from quakescribe.tables import ARRIVALS, CHANNELS, EVENTS, MAGNITUDES, ORIGINS, PICKS, STATIONS, event_ids, pick_ids

STATION_IDS = ("CI.CCC.", "PB.B916.", "CI.TOW2.", "YR.E1.")


def stations(ids=STATION_IDS) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = len(ids)
    return STATIONS.make(
        {
            "station_id": list(ids),
            "latitude": np.round(rng.uniform(-60, 60, n), 4),
            "longitude": np.round(rng.uniform(-179, 179, n), 4),
            "elevation_m": np.round(rng.uniform(0, 3000, n)),
        }
    )


def channels(ids=STATION_IDS) -> pd.DataFrame:
    return CHANNELS.make(
        {
            "station_id": np.repeat(list(ids), 3),
            "channel": ["E", "N", "Z"] * len(ids),
            "gain": np.repeat(1e8 * np.arange(1.0, len(ids) + 1), 3),
            "unit": "m/s",
            "has_response": False,
        }
    )


def catalogue(n=200, seed=1, ids=STATION_IDS, times=None) -> dict[str, pd.DataFrame]:
    """n events with origins, picks, arrivals and magnitudes; every third value that may be null is null."""
    rng = np.random.default_rng(seed)
    if times is None:
        start = np.datetime64("2019-07-04T17:00:00", "ns").astype(np.int64)
        times = start + np.sort(rng.integers(0, 10 * 86_400 * 10**6, n)) * 1000
    time = pd.Series(pd.DatetimeIndex(np.asarray(times, dtype=np.int64).view("datetime64[ns]"), tz="UTC"))
    event = event_ids(time)
    place = {
        "event_id": event,
        "time": time,
        "latitude": rng.uniform(-60, 60, n),
        "longitude": rng.uniform(-180, 180, n),
        "depth_km": rng.uniform(-3, 30, n),
    }
    arrivals = _arrivals(rng, event, np.asarray(times), ids)
    counts = (
        arrivals.groupby("event_id").agg(n=("pick_id", "size"), s=("station_id", "nunique")).reindex(event).fillna(0)
    )
    events = EVENTS.make(
        {
            **place,
            "n_picks": counts["n"].to_numpy(int),
            "n_stations": counts["s"].to_numpy(int),
            "associator": "pal",
            "longitude": -place["longitude"],
        },
        rows=n,
    )
    origins = ORIGINS.make({**place, **_origin_columns(rng, n, counts)}, rows=n)
    picks = arrivals.assign(
        probability=_holes(rng.uniform(0, 1, len(arrivals))).astype(np.float32),
        snr=_holes(rng.uniform(1, 99, len(arrivals))).astype(np.float32),
        picker="sar",
    )
    first = picks.drop_duplicates(["event_id", "station_id", "phase"])
    p = first[first["phase"] == "P"].set_index(["event_id", "station_id"])["pick_id"]
    both = set(p.index) & set(first[first["phase"] == "S"].set_index(["event_id", "station_id"]).index)
    picks["pair_id"] = [
        int(p[key]) if key in both else 0 for key in zip(picks["event_id"], picks["station_id"], strict=True)
    ]
    return {
        "events": events,
        "origins": origins,
        "arrivals": ARRIVALS.order(ARRIVALS.conform(arrivals)),
        "picks": PICKS.order(PICKS.conform(picks)),
        "magnitudes": _magnitudes(rng, event),
    }


def _origin_columns(rng, n, counts):
    a = rng.normal(size=(n, 3, 3))
    spread = np.einsum("nij,nkj->nik", a, a) + 0.01 * np.eye(3)
    columns = {
        f"covariance_{x}{y}": _holes(spread[:, i, j], 5)
        for x, y, i, j in (
            ("x", "x", 0, 0),
            ("x", "y", 0, 1),
            ("x", "z", 0, 2),
            ("y", "y", 1, 1),
            ("y", "z", 1, 2),
            ("z", "z", 2, 2),
        )
    }
    columns |= {f"covariance_{x}t": _holes(rng.normal(size=n), 5) for x in "xyz"}
    columns["covariance_tt"] = _holes(rng.uniform(0, 1, n), 5)
    erh = _holes(rng.uniform(0.1, 5, n))
    erh[1::7] = 99.0
    return {
        **columns,
        "erh_km": erh,
        "erz_km": _holes(rng.uniform(0.1, 9, n)),
        "ert_s": _holes(rng.uniform(0, 1, n)),
        "rms_s": rng.uniform(0.01, 1, n),
        "gap_deg": rng.uniform(30, 350, n),
        "dmin_km": _holes(rng.uniform(1, 90, n)),
        "n_phases": counts["n"].to_numpy(int),
        "n_stations": counts["s"].to_numpy(int),
        "quality": rng.choice(list("ABCD"), n),
        "well_located": rng.random(n) < 0.5,
        "flags": [None if i % 2 else "at-top,outliers" for i in range(n)],
        "method": "quakescribe-default",
    }


def _arrivals(rng, event, times, ids):
    rows = []
    for event_id, time in zip(event, times, strict=True):
        for station_id in rng.permutation(list(ids))[: rng.integers(1, len(ids) + 1)]:
            p = int(rng.integers(500_000, 20_000_000)) * 1000
            for phase, delay in (("P", p), ("S", int(p * 1.7) // 1000 * 1000)):
                if rng.random() < 0.85:
                    rows.append((event_id, station_id, phase, int(time) + delay))
    frame = pd.DataFrame(rows, columns=["event_id", "station_id", "phase", "time"])
    frame["time"] = pd.DatetimeIndex(frame["time"].to_numpy(np.int64).view("datetime64[ns]"), tz="UTC")
    frame["pick_id"] = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    n = len(frame)
    amplitude = _holes(10 ** rng.uniform(-8, -3, n))
    amplitude[(frame["phase"] == "P").to_numpy()] = np.nan
    rays = frame.groupby(["event_id", "station_id"]).ngroup().to_numpy()
    distance, azimuth = _holes(rng.uniform(1, 120, n))[rays], _holes(rng.uniform(0, 360, n))[rays]
    return frame.assign(
        uncertainty_s=_holes(rng.uniform(0.01, 0.4, n)).astype(np.float32),
        amplitude_m=amplitude,
        distance_km=distance,
        azimuth_deg=azimuth,
        takeoff_deg=_holes(rng.uniform(0, 180, n)),
        residual_s=_holes(rng.normal(0, 0.3, n)),
        weight=_holes(rng.uniform(0.01, 1, n)),
    )


def _magnitudes(rng, event):
    rows = []
    for i, event_id in enumerate(event):
        if i % 4 == 3:
            continue
        rows.append((event_id, None, "ML", round(rng.uniform(-0.9, 6), 2), 0.2, np.nan, 2, True))
        rows += [
            (event_id, s, "ML", round(rng.uniform(-0.9, 6), 2), np.nan, 1e-6, 1, used)
            for s, used in (("CI.CCC.", True), ("CI.TOW2.", False))
        ]
        if i % 3 == 0:
            rows.append((event_id, None, "M_PAL", round(rng.uniform(-0.9, 6), 2), np.nan, np.nan, 4, True))
    return MAGNITUDES.order(
        MAGNITUDES.conform(
            pd.DataFrame(
                rows,
                columns=["event_id", "station_id", "kind", "value", "uncertainty", "amplitude_m", "n_stations", "used"],
            )
        )
    )


def _holes(values, every=3):
    values = np.array(values, dtype=float)
    values[::every] = np.nan
    return values
