"""QuakeML: our writing and reading of a catalogue against ObsPy's own, each in a process of its own, same content.

Usage: python benchmarks/exchange.py [number of events, default 20000]
"""

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

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "evidence"))
ARRIVALS_EACH = 10


def make(n: int) -> dict[str, pd.DataFrame]:
    """n events with 10 arrivals each, network and station magnitudes."""
    from quakescribe.tables import ARRIVALS, EVENTS, MAGNITUDES, ORIGINS, PICKS, event_ids, pick_ids

    rng = np.random.default_rng(1)
    start = np.datetime64("2019-07-04", "us").astype(np.int64)
    times = pd.Series(
        pd.DatetimeIndex((start + np.sort(rng.integers(0, 30 * 86_400 * 10**6, n))).view("M8[us]"), tz="UTC")
    )
    ids = event_ids(times)
    place = {
        "event_id": ids,
        "time": times,
        "latitude": rng.uniform(35, 36, n).round(5),
        "longitude": rng.uniform(-118, -117, n).round(5),
        "depth_km": rng.uniform(0, 15, n).round(3),
    }
    stations = [f"CI.S{i:02d}." for i in range(ARRIVALS_EACH // 2)]
    rows = pd.DataFrame(
        {
            "event_id": np.repeat(ids, ARRIVALS_EACH),
            "station_id": np.tile(np.repeat(stations, 2), n),
            "phase": np.tile(["P", "S"], n * len(stations)),
        }
    )
    delay = pd.to_timedelta(rng.uniform(1, 20, len(rows)).round(3), "s")
    rows["time"] = times.repeat(ARRIVALS_EACH).reset_index(drop=True) + delay
    rows["pick_id"] = pick_ids(rows["station_id"], rows["phase"], rows["time"])
    for name, low, high in (
        ("distance_km", 1, 90),
        ("azimuth_deg", 0, 360),
        ("takeoff_deg", 0, 180),
        ("residual_s", -0.5, 0.5),
        ("weight", 0, 1),
        ("uncertainty_s", 0.02, 0.3),
    ):
        rows[name] = rng.uniform(low, high, len(rows)).round(4)
    origins = ORIGINS.make(
        {
            **place,
            "rms_s": rng.uniform(0.05, 0.3, n).round(3),
            "gap_deg": rng.uniform(40, 200, n).round(1),
            "erh_km": rng.uniform(0.2, 2, n).round(3),
            "erz_km": rng.uniform(0.3, 4, n).round(3),
            "n_phases": ARRIVALS_EACH,
            "n_stations": len(stations),
            "quality": "B",
            "well_located": True,
            "method": "bench",
        }
    )
    events = EVENTS.make({**place, "n_picks": ARRIVALS_EACH, "n_stations": len(stations), "associator": "bench"})
    magnitudes = MAGNITUDES.make(
        {
            "event_id": ids,
            "station_id": [None] * n,
            "kind": "ML",
            "value": rng.uniform(0, 4, n).round(2),
            "n_stations": len(stations),
            "used": True,
        }
    )
    picks = rows.drop_duplicates("pick_id").assign(pair_id=0, picker="bench")
    return {
        "events": events,
        "origins": origins,
        "arrivals": ARRIVALS.order(ARRIVALS.conform(rows)),
        "picks": PICKS.order(PICKS.conform(picks)),
        "magnitudes": magnitudes,
    }


def _rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def task(kind: str, folder: Path) -> dict[str, object]:
    """One measurement in this process; memory is the growth of the peak over what was there before."""
    if kind.startswith("ours"):
        from quakescribe.exchange import quakeml
        from quakescribe.tables import TABLES, store

        tables = {p.stem: store.read(p, TABLES[p.stem]) for p in sorted(folder.glob("*.parquet"))}
        if kind == "ours-write":
            before, began, cpu = _rss(), time.perf_counter(), _cpu()
            quakeml.write(folder / "ours.xml", tables)
            return {"seconds": time.perf_counter() - began, "cpu": _cpu() - cpu, "mb": _rss() - before}
        del tables
        quakeml.read(_tiny(folder))
        before, began, cpu = _rss(), time.perf_counter(), _cpu()
        got = quakeml.read(folder / "ours.xml")
        spent = {"seconds": time.perf_counter() - began, "cpu": _cpu() - cpu, "mb": _rss() - before}
        return {**spent, "content": _content(got)}
    import obspy

    obspy.read_events(str(_tiny(folder)))
    before, began, cpu = _rss(), time.perf_counter(), _cpu()
    catalogue = obspy.read_events(str(folder / "ours.xml"))
    read = {"seconds": time.perf_counter() - began, "cpu": _cpu() - cpu, "mb": _rss() - before}
    began, cpu = time.perf_counter(), _cpu()
    catalogue.write(str(folder / "theirs.xml"), format="QUAKEML")
    return {
        **read,
        "write_seconds": time.perf_counter() - began,
        "write_cpu": _cpu() - cpu,
        "content": {
            "events": len(catalogue),
            "arrivals": sum(len(e.preferred_origin().arrivals) for e in catalogue),
            "latitude": round(sum(e.preferred_origin().latitude for e in catalogue), 4),
            "residual": round(sum(a.time_residual for e in catalogue for a in e.preferred_origin().arrivals), 4),
            "magnitude": round(sum(e.preferred_magnitude().mag for e in catalogue), 4),
        },
    }


def _content(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    return {
        "events": len(tables["events"]),
        "arrivals": len(tables["arrivals"]),
        "latitude": round(float(tables["origins"]["latitude"].sum()), 4),
        "residual": round(float(tables["arrivals"]["residual_s"].sum()), 4),
        "magnitude": round(float(tables["magnitudes"]["value"].sum()), 4),
    }


def _tiny(folder: Path) -> Path:
    """A one-event file, so that imports are not counted."""
    from quakescribe.exchange import quakeml

    path = folder / "tiny.xml"
    if not path.exists():
        quakeml.write(path, make(1))
    return path


def main() -> None:
    """Measure and write evidence/bench-exchange.json."""
    from records import Records

    from quakescribe.tables import TABLES, store

    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = make(n)
        for table, frame in tables.items():
            store.write(frame, TABLES[table], folder / f"{table}.parquet")
        _tiny(folder)
        found = {
            kind: json.loads(
                subprocess.run(
                    [sys.executable, __file__, "task", kind, name],
                    check=True,
                    text=True,
                    capture_output=True,
                    env={**os.environ},
                ).stdout
            )
            for kind in ("ours-write", "ours-read", "obspy")
        }
        size = (folder / "ours.xml").stat().st_size / 1e6
    ours, peer = found["ours-read"]["content"], found["obspy"]["content"]
    if ours != peer or ours["events"] != n:
        raise SystemExit(f"not the same content: {ours} and {peer}")
    records = Records("bench-exchange")
    data = f"{n} simulated events with {ARRIVALS_EACH} arrivals each, {size:.0f} MB of QuakeML"
    write, read, obspy = found["ours-write"], found["ours-read"], found["obspy"]
    records.add("QuakeML write, ours (processor time)", write["cpu"], "s", data)
    records.add("QuakeML read, ours (processor time)", read["cpu"], "s", data)
    records.add("QuakeML write, ObsPy (processor time)", obspy["write_cpu"], "s", data)
    records.add("QuakeML read, ObsPy (processor time)", obspy["cpu"], "s", data)
    records.add("QuakeML write: ObsPy's time over ours", obspy["write_cpu"] / write["cpu"], "times", data, (">=", 5.0))
    records.add("QuakeML read: ObsPy's time over ours", obspy["cpu"] / read["cpu"], "times", data, (">=", 5.0))
    records.add("QuakeML write, memory on top of the tables", write["mb"], "MB", data, ("<=", 200.0))
    records.add("QuakeML read, memory with the tables it makes", read["mb"], "MB", data)
    records.add("QuakeML read, ObsPy's memory", obspy["mb"], "MB", data)
    records.write()


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "task":
        print(json.dumps(task(sys.argv[2], Path(sys.argv[3]))))
    else:
        main()
