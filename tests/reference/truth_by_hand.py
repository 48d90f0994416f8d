"""Truth tables of a simulation, and perfect tables of a run, made by hand in a half-space of 6 km/s."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quakescribe.earth.geodesy import destination, distance_azimuth
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS, TRUTH_TRANSIENTS
from quakescribe.tables import ARRIVALS, EVENTS, MAGNITUDES, ORIGINS, PICKS, pick_ids, store

START = pd.Timestamp("2024-03-01T06:00:00Z")
VP, VS = 6.0, 6.0 / 1.73


def ring(n=6, radius_km=22.0):
    """Return n stations round 40 N, 30 E."""
    latitude, longitude = destination(40.0, 30.0, np.arange(n) * 360.0 / n, radius_km)
    return pd.DataFrame({"station_id": [f"XX.S{i:02d}." for i in range(n)], "latitude": latitude,
                         "longitude": longitude})


def true_events(after_s, **columns):
    """Return events at given seconds after START: at 40 N, 30 E, 8 km deep, M 1.5, detectable unless said otherwise."""
    after = np.atleast_1d(np.asarray(after_s, dtype=np.float64))
    given = {"event_id": np.arange(1, len(after) + 1), "kind": "earthquake", "parent_id": 0, "latitude": 40.0,
             "longitude": 30.0, "depth_km": 8.0, "magnitude": 1.5, "moment_nm": 1e12, "stress_drop_mpa": 3.0,
             "n_detectable": 6, "detectable": True, **columns}
    frame = pd.DataFrame(given, index=range(len(after)))
    return TRUTH_EVENTS.conform(frame.assign(time=START + pd.to_timedelta((after * 1e9).round().astype(np.int64))))


def true_arrivals(events, stations, **columns):
    """Return the exact arrivals, SNR 20 and detectable unless said otherwise (for undetectable events: neither)."""
    e, s = (np.repeat(np.arange(len(events)), len(stations)), np.tile(np.arange(len(stations)), len(events)))
    distance, azimuth = distance_azimuth(events["latitude"].to_numpy()[e], events["longitude"].to_numpy()[e],
                                         stations["latitude"].to_numpy()[s], stations["longitude"].to_numpy()[s])
    travel = np.hypot(distance, events["depth_km"].to_numpy()[e])
    both = []
    seen = events["detectable"].to_numpy()[e]
    for phase, speed in (("P", VP), ("S", VS)):
        both.append(pd.DataFrame({
            "event_id": events["event_id"].to_numpy()[e], "station_id": stations["station_id"].to_numpy()[s],
            "phase": phase, "time": events["time"].array[e] + pd.to_timedelta((travel / speed * 1e9).astype(np.int64)),
            "distance_km": distance, "azimuth_deg": azimuth, "clock_error_s": 0.0, "takeoff_deg": 120.0,
            "head_wave": False, "peak_m_s": 1e-5, "snr": np.where(seen, 20.0, 0.5), "overlapped": False,
            "clipped": False, "recorded": True, "detectable": seen}))
    return TRUTH_ARRIVALS.order(TRUTH_ARRIVALS.conform(pd.concat(both, ignore_index=True).assign(**columns)))


def true_transients(rows):
    """Return transients from rows of station, kind, seconds after START, duration."""
    frame = pd.DataFrame(rows, columns=["station_id", "kind", "after", "duration_s"])
    frame["time"] = START + pd.to_timedelta((frame["after"] * 1e9).astype(np.int64))
    return TRUTH_TRANSIENTS.make(frame.assign(peak_m_s=1e-6).drop(columns="after").to_dict("series"))


def written(folder, events, arrivals, transients=None):
    """Write a folder ``truth`` and return its parent."""
    store.write(events, TRUTH_EVENTS, folder / "truth" / "events.parquet")
    store.write(arrivals, TRUTH_ARRIVALS, folder / "truth" / "arrivals.parquet")
    if transients is not None:
        store.write(transients, TRUTH_TRANSIENTS, folder / "truth" / "transients.parquet")
    return folder


def picks_of(arrivals, late_s=0.0):
    """Return a pick on every onset, so many seconds late, P and S of an event and station as pairs."""
    time = arrivals["time"] + pd.to_timedelta(np.broadcast_to(np.asarray(late_s), len(arrivals)), unit="s")
    frame = arrivals[["event_id", "station_id", "phase"]].assign(time=time, picker="hand")
    frame["pick_id"] = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    p = frame[frame["phase"] == "P"].set_index(["event_id", "station_id"])["pick_id"]
    keys = pd.MultiIndex.from_frame(frame[["event_id", "station_id"]])
    frame["pair_id"] = p.reindex(keys).fillna(0).to_numpy(dtype=np.int64)
    return PICKS.conform(frame), frame["event_id"].to_numpy()


def arrivals_of(picks, event_id):
    """Return the picks as arrivals of events (0 = of none)."""
    frame = picks[["pick_id", "station_id", "phase", "time"]].assign(event_id=event_id)
    return ARRIVALS.conform(frame[frame["event_id"] > 0].reset_index(drop=True))


def events_of(true, **columns):
    """Return true events as found ones."""
    frame = true[["event_id", "time", "latitude", "longitude", "depth_km"]]
    return EVENTS.conform(frame.assign(n_picks=12, n_stations=6, associator="hand", **columns))


def origins_of(true, **columns):
    """Return true events as located ones."""
    frame = true[["event_id", "time", "latitude", "longitude", "depth_km"]]
    return ORIGINS.conform(frame.assign(**{"n_phases": 12, "n_stations": 6, "well_located": True, "method": "hand",
                                           **columns}))


def magnitudes_of(event_id, value, kind="ML", **columns):
    """Return network magnitudes."""
    frame = pd.DataFrame({"event_id": np.asarray(event_id), "value": np.asarray(value, dtype=np.float64)})
    return MAGNITUDES.conform(frame.assign(kind=kind, station_id=None, n_stations=6, used=True, **columns))


def look(found, name, scope="all"):
    """Return one figure; it must be there once."""
    rows = found[(found["name"] == name) & (found["scope"] == scope)]
    assert len(rows) == 1, f"{len(rows)} rows of {name!r}, {scope!r}"
    return rows["value"].iloc[0]
