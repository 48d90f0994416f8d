"""A small run made from a seed: a network, events, picks of which some belong to none, magnitudes, things left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.tables import pick_ids

START = pd.Timestamp("2024-03-01T06:00:00", tz="UTC")


def make_run(n_events: int = 60, n_stations: int = 8, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Return all tables of a run in which the truth is simple: straight rays, 6 km/s, normal errors."""
    rng = np.random.default_rng(seed)
    stations = pd.DataFrame(
        {
            "station_id": [f"XX.S{i:02d}." for i in range(n_stations)],
            "latitude": 40.0 + rng.uniform(-0.3, 0.3, n_stations),
            "longitude": 30.0 + rng.uniform(-0.3, 0.3, n_stations),
            "elevation_m": rng.uniform(100.0, 1500.0, n_stations),
        }
    )
    seconds = np.sort(rng.uniform(0, 7200, n_events))
    events = pd.DataFrame(
        {
            "event_id": np.arange(1, n_events + 1),
            "time": START + pd.to_timedelta(seconds, unit="s"),
            "latitude": 40.0 + rng.normal(0, 0.05, n_events),
            "longitude": 30.0 + rng.normal(0, 0.05, n_events),
            "depth_km": rng.uniform(3, 15, n_events),
            "magnitude": 0.5 + rng.exponential(0.43, n_events),
        }
    )
    arrivals = _arrivals(events, stations, rng)
    picks = _picks(arrivals, stations, rng)
    return {
        "stations": stations,
        "picks": picks,
        "events": events.assign(n_picks=2 * n_stations, n_stations=n_stations, associator="pal"),
        "arrivals": arrivals,
        "origins": _origins(events, n_stations, rng),
        "magnitudes": _magnitudes(events, stations, rng),
        "skips": pd.DataFrame(
            {
                "stage": ["waveforms", "waveforms", "measure"],
                "station_id": ["XX.S00.", "XX.S01.", None],
                "source": ["a.mseed", "b.mseed", "event 7"],
                "reason": ["truncated", "truncated", "no-gain"],
                "detail": ["ends 512 bytes early", "ends 3 bytes early", None],
                "count": [1, 1, 40],
            }
        ),
    }


def _arrivals(events: pd.DataFrame, stations: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    every = events.merge(stations, how="cross", suffixes=("", "_s"))
    distance, azimuth = distance_azimuth(
        every["latitude"], every["longitude"], every["latitude_s"], every["longitude_s"]
    )
    parts = []
    for phase, speed in (("P", 6.0), ("S", 3.5)):
        residual = rng.normal(0, 0.05, len(every))
        travel = np.hypot(distance, every["depth_km"]) / speed + residual
        time = every["time"] + pd.to_timedelta((travel * 1e9).round(), unit="ns")
        parts.append(
            pd.DataFrame(
                {
                    "event_id": every["event_id"],
                    "pick_id": pick_ids(every["station_id"], pd.Series([phase] * len(every)), time),
                    "station_id": every["station_id"],
                    "phase": phase,
                    "time": time,
                    "distance_km": distance,
                    "azimuth_deg": azimuth,
                    "residual_s": residual,
                    "weight": 1.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _picks(arrivals: pd.DataFrame, stations: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    pair = arrivals[arrivals["phase"] == "P"].set_index(["event_id", "station_id"])["pick_id"]
    keys = pd.MultiIndex.from_frame(arrivals[["event_id", "station_id"]])
    true = arrivals[["pick_id", "station_id", "phase", "time"]].assign(pair_id=pair.reindex(keys).to_numpy())
    n_false = 100
    station = pd.Series(rng.choice(stations["station_id"], n_false))
    time = pd.Series(START + pd.to_timedelta(rng.uniform(0, 7200, n_false), unit="s"))
    phase = pd.Series(["P"] * n_false)
    false = pd.DataFrame(
        {"pick_id": pick_ids(station, phase, time), "station_id": station, "phase": phase, "time": time, "pair_id": 0}
    )
    picks = pd.concat([true, false], ignore_index=True)
    return picks.assign(snr=rng.lognormal(3, 1, len(picks)), picker="pal")


def _origins(events: pd.DataFrame, n_stations: int, rng: np.random.Generator) -> pd.DataFrame:
    n = len(events)
    erh = rng.lognormal(-0.5, 0.5, n)
    return events.drop(columns="magnitude").assign(
        erh_km=erh,
        erz_km=2 * erh,
        ert_s=0.1,
        rms_s=rng.uniform(0.02, 0.3, n),
        gap_deg=rng.uniform(60, 330, n),
        dmin_km=5.0,
        n_phases=2 * n_stations,
        n_stations=n_stations,
        quality=rng.choice(list("ABCD"), n),
        well_located=erh < 1,
        flags=np.where(erh < 1, "", "wide-gap,shallow"),
        method="quakescribe default",
    )


def _magnitudes(events: pd.DataFrame, stations: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    network = pd.DataFrame(
        {
            "event_id": events["event_id"],
            "station_id": None,
            "kind": "ML",
            "value": events["magnitude"],
            "uncertainty": 0.1,
            "n_stations": len(stations),
            "used": True,
        }
    )
    single = events[["event_id", "magnitude"]].merge(stations[["station_id"]], how="cross")
    single = single.assign(
        kind="ML", value=single["magnitude"] + rng.normal(0, 0.2, len(single)), n_stations=1, used=True
    )
    return pd.concat([network, single.drop(columns="magnitude")], ignore_index=True)


