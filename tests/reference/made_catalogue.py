"""A sound catalogue made from a seed, table by table: a network, events, picks, origins, magnitudes; and its faults.

Nothing is picked or associated here, so a year of it takes seconds. Events are Poissonian in time and space, magnitudes
exponential (b = 1) and lost gradually below completeness; onsets follow the model with small errors; every station
has false picks of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from quakescribe.earth.geodesy import LocalFrame, distance_azimuth
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.hypocentre import gaps
from quakescribe.tables import ARRIVALS, EVENTS, MAGNITUDES, ORIGINS, PICKS, STATIONS, event_ids, pick_ids

START = pd.Timestamp("2024-03-04T00:00:00Z")  # a Monday
FRAME = LocalFrame(40.0, 30.0)
MODEL = VelocityModel("made", np.array([-3.0, 5.0, 15.0]), np.array([5.0, 5.8, 6.4]), np.array([2.9, 3.35, 3.7]))

Tables = dict[str, pd.DataFrame]


def catalogue(n_events: int = 600, days: float = 20.0, n_stations: int = 12, seed: int = 0, b: float = 1.0,
              completeness: float = 1.0, false_per_day: float = 60.0, size_km: float = 40.0) -> Tables:
    """Return the tables of a sound catalogue.

    Parameters
    ----------
    n_events, days
        Events detected, and the length.
    completeness
        Magnitude at which half of the events are detected; 95% are at 0.4 above.
    false_per_day
        False pairs per station and day.
    """
    rng = np.random.default_rng(seed)
    stations = _stations(n_stations, size_km, rng)
    magnitude = _magnitudes_detected(n_events, b, completeness, rng)
    seconds = np.sort(rng.uniform(0, days * 86_400, n_events))
    x, y = rng.normal(0, size_km / 4, (2, n_events))
    depth = np.clip(rng.gamma(5.0, 1.8, n_events), 1.0, 25.0)
    true = pd.DataFrame({"seconds": seconds, "x": x, "y": y, "depth": depth, "magnitude": magnitude})
    return built(true, stations, days, rng, false_per_day)


def built(true: pd.DataFrame, stations: pd.DataFrame, days: float, rng: np.random.Generator,
          false_per_day: float = 60.0) -> Tables:
    """Return the tables of given true events (seconds, x, y, depth, magnitude), as a sound chain would make them."""
    latitude, longitude = FRAME.to_geographic(true["x"].to_numpy(), true["y"].to_numpy())
    time = START + pd.to_timedelta((true["seconds"].to_numpy() * 1e9).round(), unit="ns")
    time = pd.Series(time)
    ids = event_ids(time)
    onsets = _onsets(true, time, ids, stations, rng)
    false = _false_picks(stations, days, false_per_day, rng)
    columns = ["station_id", "phase", "time", "pair", "snr"]
    picks = pd.concat([onsets[columns], false[columns]], ignore_index=True)
    picks["pick_id"] = pick_ids(picks["station_id"], picks["phase"], picks["time"])
    partner = picks[picks["phase"] == "P"].set_index("pair")["pick_id"]
    picks["pair_id"] = partner.reindex(picks["pair"], fill_value=0).to_numpy()
    counts = picks["pair"].map(picks["pair"].value_counts())
    picks.loc[counts < 2, "pair_id"] = 0
    onsets["pick_id"] = picks["pick_id"].to_numpy()[: len(onsets)]
    error = rng.normal(0, 1, (3, len(true)))
    erh, erz = rng.lognormal(-0.9, 0.4, len(true)), rng.lognormal(-0.3, 0.4, len(true))
    seen = onsets.groupby("event_id")["station_id"].agg(["size", "nunique"]).reindex(ids).fillna(0).astype(int)
    x, y = (true[name].to_numpy() + erh * error[k] / 1.5 for k, name in enumerate("xy"))
    place = FRAME.to_geographic(x, y)
    arrivals = _located(onsets, ids, place, stations)
    rms = arrivals.groupby("event_id")["residual_s"].agg(lambda r: np.sqrt(np.mean(r**2))).reindex(ids).to_numpy()
    events = EVENTS.make({"event_id": ids, "time": time, "latitude": latitude, "longitude": longitude,
                          "depth_km": true["depth"].to_numpy(), "n_picks": seen["size"].to_numpy(),
                          "n_stations": seen["nunique"].to_numpy(), "associator": "pal"})
    gap, near = _geometry(arrivals, ids)
    well = (seen["size"].to_numpy() >= 6) & (np.nan_to_num(rms, nan=9) <= 0.5) & (erh <= 2) & (erz <= 5) & (gap <= 270)
    origins = ORIGINS.make({
        "event_id": ids, "time": time, "latitude": place[0], "longitude": place[1],
        "depth_km": np.clip(true["depth"].to_numpy() + erz * error[2], 0.1, 40), "erh_km": erh, "erz_km": erz,
        "ert_s": np.full(len(true), 0.1), "rms_s": rms, "gap_deg": gap, "dmin_km": near,
        "n_phases": seen["size"].to_numpy(), "n_stations": seen["nunique"].to_numpy(),
        "quality": np.where(gap < 135, "B", "C"), "well_located": well, "method": "made"})
    network = pd.DataFrame({"event_id": ids, "station_id": None, "kind": "ML",
                            "value": (true["magnitude"].to_numpy() + rng.normal(0, 0.05, len(true))).round(2),
                            "uncertainty": 0.1, "n_stations": seen["nunique"].to_numpy(), "used": True})
    return {"stations": stations, "picks": PICKS.order(PICKS.conform(picks.assign(picker="made"))), "events": events,
            "arrivals": ARRIVALS.order(ARRIVALS.conform(arrivals)), "origins": origins,
            "magnitudes": MAGNITUDES.order(MAGNITUDES.conform(network))}


def reference_picks(tables: Mapping[str, pd.DataFrame], seed: int = 1, false_per_day: float = 25.0) -> pd.DataFrame:
    """Return picks of a second, rule-based picker of the same recordings: most true ones, false ones of its own."""
    rng = np.random.default_rng(seed)
    picks = tables["picks"]
    true = picks[picks["pick_id"].isin(tables["arrivals"]["pick_id"]) & (rng.random(len(picks)) < 0.7)]
    days = (picks["time"].max() - START).total_seconds() / 86_400
    false = _false_picks(tables["stations"], days, false_per_day, rng)
    false["pick_id"] = pick_ids(false["station_id"], false["phase"], false["time"])
    both = pd.concat([true, false.assign(pair_id=0, picker="rule")], ignore_index=True)
    return PICKS.order(PICKS.conform(both.drop_duplicates("pick_id")))


def _stations(n: int, size_km: float, rng: np.random.Generator) -> pd.DataFrame:
    angle = 2 * np.pi * (np.arange(n) + rng.uniform(-0.2, 0.2, n)) / n
    radius = size_km * np.sqrt(rng.uniform(0.05, 1.0, n))
    latitude, longitude = FRAME.to_geographic(radius * np.sin(angle), radius * np.cos(angle))
    return STATIONS.make({"station_id": [f"XX.S{i:02d}." for i in range(n)], "latitude": latitude,
                          "longitude": longitude, "elevation_m": rng.uniform(100.0, 1500.0, n)})


def _magnitudes_detected(n: int, b: float, middle: float, rng: np.random.Generator) -> np.ndarray:
    from scipy.stats import norm

    out = np.empty(0)
    while len(out) < n:
        m = middle - 1.0 + rng.exponential(np.log10(np.e) / b, 20 * n)
        out = np.concatenate([out, m[rng.random(len(m)) < norm.cdf((m - middle) / 0.25)]])
    return out[:n]


def _onsets(true: pd.DataFrame, time: pd.Series, ids: np.ndarray, stations: pd.DataFrame,
            rng: np.random.Generator) -> pd.DataFrame:
    x, y = FRAME.to_xy(stations["latitude"], stations["longitude"])
    distance = np.hypot(true["x"].to_numpy()[:, None] - x, true["y"].to_numpy()[:, None] - y)
    table = TravelTimes.build(MODEL, stations["elevation_m"], float(distance.max()) + 1, -1.0, 45.0)
    shape = distance.shape
    surface = np.broadcast_to(table.surface, shape).ravel()
    depth = np.repeat(true["depth"].to_numpy(), shape[1])
    travel = table.at(surface, distance.ravel(), depth).reshape(2, *shape)
    stand_out = true["magnitude"].to_numpy()[:, None] - 1.6 * np.log10(np.hypot(distance, 8.0)) + 1.45
    stand_out = stand_out + rng.normal(0, 0.25, shape)
    for row in stand_out:  # a detected event has four stations
        row[np.argsort(-row)[:4]] = np.maximum(row[np.argsort(-row)[:4]], 0.05)
    frames = []
    for phase, name in enumerate("PS"):
        e, s = np.nonzero(stand_out > (0.0, 0.02)[phase])
        late = travel[phase, e, s] + rng.normal(0, (0.04, 0.08)[phase], len(e))
        at = time.iloc[e].reset_index(drop=True) + pd.to_timedelta((late * 1e9).round(), unit="ns")
        frames.append(pd.DataFrame({"event_id": ids[e], "station_id": stations["station_id"].to_numpy()[s],
                                    "phase": name, "time": at, "pair": e * 1000 + s,
                                    "snr": 3.0 * 10 ** stand_out[e, s], "error": late - travel[phase, e, s]}))
    return pd.concat(frames, ignore_index=True)


def _false_picks(stations: pd.DataFrame, days: float, per_day: float, rng: np.random.Generator) -> pd.DataFrame:
    rate = per_day * 10 ** rng.normal(0, 0.15, len(stations))
    n = rng.poisson(rate * days)
    station = np.repeat(stations["station_id"].to_numpy(), n)
    p = rng.uniform(0, days * 86_400, n.sum())
    s = p + rng.uniform(0.5, 12.0, len(p))
    alone = rng.random(len(p))
    pair = -1 - np.arange(len(p))
    parts = [pd.DataFrame({"station_id": station[keep], "phase": name, "pair": pair[keep],
                           "time": START + pd.to_timedelta((at[keep] * 1e9).round(), unit="ns")})
             for name, at, keep in (("P", p, alone < 0.85), ("S", s, alone > 0.1))]
    return pd.concat(parts, ignore_index=True).assign(snr=rng.lognormal(1.5, 0.5, sum(map(len, parts))))


def _located(onsets: pd.DataFrame, ids: np.ndarray, place: tuple, stations: pd.DataFrame) -> pd.DataFrame:
    row = pd.Index(ids).get_indexer(onsets["event_id"])
    where = pd.Index(stations["station_id"]).get_indexer(onsets["station_id"])
    to = stations[["latitude", "longitude"]].to_numpy()[where]
    distance, azimuth = distance_azimuth(np.asarray(place[0])[row], np.asarray(place[1])[row], to[:, 0], to[:, 1])
    return onsets.assign(distance_km=distance, azimuth_deg=azimuth, residual_s=onsets["error"], weight=1.0)


def _geometry(arrivals: pd.DataFrame, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one = arrivals.drop_duplicates(["event_id", "station_id"]).sort_values("event_id", kind="stable")
    counts = one["event_id"].value_counts().reindex(np.sort(ids)).fillna(0).to_numpy(int)
    gap = gaps(one["azimuth_deg"].to_numpy(), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
    by_id = pd.Series(gap, index=np.sort(ids)).reindex(ids).to_numpy()
    return by_id, one.groupby("event_id")["distance_km"].min().reindex(ids).to_numpy()
