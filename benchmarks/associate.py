"""Speed of association beside PyOcto, on the same picks, with a check that both find the same events."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evidence"))

from records import Records, real_data

from quakescribe.associate import associate
from quakescribe.earth.geodesy import LocalFrame
from quakescribe.earth.velocity import VelocityModel, read_velocity
from quakescribe.exchange.stations import read_stations
from quakescribe.locate import locate
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.tables import ARRIVALS, EVENTS, PICKS, event_ids, pick_ids

MIN_STATIONS = 4
REPEATS = 3
THREADS = 2
MARGIN_KM = 10.0


def second_day(data: Path) -> tuple[pd.DataFrame, pd.DataFrame, VelocityModel]:
    """Return the picks of 2019-07-05 of ridgecrest_picks, stations and velocity model."""
    folder = data / "ridgecrest_picks"
    pairs = pd.read_csv(folder / "pal_pairs.csv").query("p_time >= '2019-07-05'")
    name = np.tile(pairs["station_id"].to_numpy() + ".", 2)
    phase = np.repeat(["P", "S"], len(pairs))
    when = pd.to_datetime(pd.concat([pairs["p_time"], pairs["s_time"]], ignore_index=True), format="ISO8601", utc=True)
    pick_id = pick_ids(pd.Series(name), pd.Series(phase), when)
    picks = PICKS.make({"pick_id": pick_id, "station_id": name, "phase": phase, "time": when,
                        "pair_id": np.tile(pick_id[:len(pairs)], 2), "picker": "pal"})
    stations, _ = read_stations(folder / "stations.csv")
    return picks, stations, read_velocity(folder / "velocity_p.cre", VelocitySettings(reference_elevation_km=2.5))


def pyocto_python() -> str | None:
    """Return the interpreter that has PyOcto ($PYOCTO_PYTHON, or what ``make bench`` made), or None."""
    made = Path(__file__).resolve().parents[1] / ".peers" / "pyocto" / "bin" / "python"
    return os.environ.get("PYOCTO_PYTHON") or (str(made) if made.exists() else None)


def pyocto_events(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
                  python: str) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Return events and arrivals by PyOcto, and the seconds it took: P and S at MIN_STATIONS stations at least.

    PyOcto's layered models need pyrocko; its homogeneous one gets the mean slowness of our model down to 17 km, and
    its default tolerance of picks.
    """
    thickness = np.diff(np.append(np.clip(model.top_km, 0, 17), 17.0))
    vp, vs = (float(thickness.sum() / (thickness / v).sum()) for v in (model.vp, model.vs))
    frame = LocalFrame.around(stations["latitude"], stations["longitude"])
    x, y = frame.to_xy(stations["latitude"], stations["longitude"])
    places = pd.DataFrame({"id": stations["station_id"], "x": x, "y": y, "z": -stations["elevation_m"] / 1000})
    onsets = pd.DataFrame({"station": picks["station_id"], "phase": picks["phase"],
                           "time": picks["time"].astype("int64") / 1e9})
    options = {"velocities": [vp, vs], "xlim": [float(x.min()) - MARGIN_KM, float(x.max()) + MARGIN_KM],
               "ylim": [float(y.min()) - MARGIN_KM, float(y.max()) + MARGIN_KM], "zlim": [0.0, 20.0],
               "time_before": 60.0, "n_picks": 2 * MIN_STATIONS, "n_p_picks": MIN_STATIONS, "n_s_picks": MIN_STATIONS,
               "n_p_and_s_picks": MIN_STATIONS, "n_threads": THREADS}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        onsets.to_csv(folder / "onsets.csv", index=False)
        places.to_csv(folder / "places.csv", index=False)
        (folder / "options.json").write_text(json.dumps(options))
        peer = Path(__file__).with_name("pyocto_peer.py")
        subprocess.run([python, str(peer), scratch], check=True, stdout=subprocess.DEVNULL)
        events, members = (pd.read_csv(folder / f"{name}.csv") for name in ("events", "members"))
        seconds = float((folder / "seconds.txt").read_text())
    when = pd.Series(pd.to_datetime((events["time"].to_numpy() * 1e9).astype(np.int64), utc=True))
    latitude, longitude = frame.to_geographic(events["x"].to_numpy(), events["y"].to_numpy())
    number = pd.Series(event_ids(when), index=events["idx"].to_numpy())
    own = picks.iloc[members["pick_idx"].to_numpy()].reset_index(drop=True)
    own["event_id"] = number.loc[members["event_idx"]].to_numpy()
    counts = own.groupby("event_id")["station_id"].agg(["size", "nunique"]).loc[number]
    table = EVENTS.make({"event_id": number.to_numpy(), "time": when, "latitude": latitude, "longitude": longitude,
                         "depth_km": events["z"].to_numpy(), "n_picks": counts["size"].to_numpy(),
                         "n_stations": counts["nunique"].to_numpy(), "associator": "pyocto"})
    return table, ARRIVALS.conform(own), seconds


def shared(ours: pd.DataFrame, theirs: pd.DataFrame) -> float:
    """Return the share of their events of which at least 60% of the picks are in one event of ours."""
    both = theirs.merge(ours[["event_id", "pick_id"]], on="pick_id", suffixes=("", "_ours"))
    best = both.groupby(["event_id", "event_id_ours"]).size().groupby("event_id").max()
    return float((best / theirs.groupby("event_id").size()).ge(0.6).mean())


def main() -> None:
    """Time both and write ``evidence/bench-associate.json``."""
    records = Records("bench-associate")
    data = real_data()
    if data is None or not (data / "ridgecrest_picks").is_dir():
        print("bench-associate: no real recordings; nothing timed")
        records.write()
        return
    picks, stations, model = second_day(data)
    settings = AssociateSettings(min_stations=MIN_STATIONS)
    where = f"second day of ridgecrest_picks, {len(picks)} phases"
    associate(picks.iloc[:2000], stations, model, settings)  # compiled and tables built: timed in bench-start
    best = np.inf
    for _ in range(REPEATS):
        start = time.perf_counter()
        ours = associate(picks, stations, model, settings)
        best = min(best, time.perf_counter() - start)
    good = int(locate(ours.events, ours.arrivals, stations, model, LocateSettings()).origins["well_located"].sum())
    records.add("quakescribe, one thread", best, "s", where)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    records.add("quakescribe: peak memory of the process", memory, "MB", where)
    records.add("quakescribe: events", len(ours.events), "-", where)
    records.add("quakescribe: events well located", good, "-", where)
    python = pyocto_python()
    if python is None:
        print("bench-associate: PyOcto is not installed; no ratio")
        records.write()
        return
    events, arrivals, seconds = pyocto_events(picks, stations, model, python)
    theirs = int(locate(events, arrivals, stations, model, LocateSettings()).origins["well_located"].sum())
    records.add(f"PyOcto, {THREADS} threads", seconds, "s", where)
    records.add("PyOcto: events", len(events), "-", where)
    records.add("PyOcto: events well located", theirs, "-", where)
    records.add("times faster than PyOcto", seconds / best, "-", where, (">=", 5))
    records.add("well located events, ours to PyOcto's", good / theirs, "-", where, (">=", 1))
    records.add("PyOcto's events that are ours too", shared(ours.arrivals, arrivals), "-", where,
                note="at least 60% of the picks in one event of ours")
    records.write()


if __name__ == "__main__":
    main()
