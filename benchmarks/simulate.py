"""How fast station-days are simulated, and how that compares with the least that any simulator must do for them.

There is no peer that makes such recordings. The floor is what cannot be left out: drawing the white noise of a
station-day, one Fourier transform there and back in tiles of ten minutes, and writing the same counts as miniSEED.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evidence"))

from memory import Watch
from records import Records

from quakescribe.run.engine import open_engine
from quakescribe.settings.run import RunSettings
from quakescribe.simulate import build, read_scenario
from quakescribe.simulate.record import counts
from quakescribe.simulate.write import units, write_unit

SCENARIO, WORKERS, UNITS, ROUNDS = "month", 2, 24, 3
DAY_S = 86_400


def shared_out() -> dict[str, float]:
    """Make station-days with two workers, the scenario drawn anew by each."""
    settings = read_scenario(SCENARIO)
    with tempfile.TemporaryDirectory() as folder, open_engine(RunSettings(workers=WORKERS)) as engine:
        work = units(build(settings), Path(folder))
        list(engine.map(write_unit, work[:2 * WORKERS]))  # starts the workers
        watch = Watch()
        begin = time.perf_counter()
        samples = sum(done.value for done in engine.map(write_unit, work[20:20 + UNITS]))
        seconds = time.perf_counter() - begin
        peak = watch.stop()
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.D.*")) / (UNITS + 2 * WORKERS) / 1e6
    return {"per_minute": 60 * UNITS / seconds, "samples": samples, "memory": peak, "size": size}


def one() -> dict[str, float]:
    """Make one station-day, and do the least for one, in turn, in one process."""
    settings = read_scenario(SCENARIO)
    ours, floor = [], []
    with tempfile.TemporaryDirectory() as folder:
        scenario = build(settings)
        for unit in units(scenario, Path(folder))[:ROUNDS + 1]:
            begin = time.perf_counter()
            write_unit(unit)
            ours.append(time.perf_counter() - begin)
            floor.append(least(Path(folder), scenario))
    return {"ours": min(ours[1:]), "floor": min(floor[1:])}


def least(folder: Path, scenario) -> float:
    """Return the seconds of white noise, transforms and miniSEED of a station-day."""
    from obspy import Stream, Trace
    from scipy import fft

    start, _ = scenario.span_ns
    hour = counts(scenario, 0, start, start + 3600 * 10**9)
    rng = np.random.default_rng(1)
    begin = time.perf_counter()
    for _ in range(DAY_S // 600):
        fft.irfft(fft.rfft(rng.standard_normal((3, 61_000), dtype=np.float32)), 61_000)
    with open(folder / "floor", "wb") as handle:
        for _ in range(DAY_S // 3600):
            for row in hour:
                Stream([Trace(np.ascontiguousarray(row), {"sampling_rate": 100.0})]).write(
                    handle, format="MSEED", encoding="STEIM2", reclen=4096)
    return time.perf_counter() - begin


def main() -> None:
    records = Records("bench-simulate")
    sides = {}
    for side in ("one", "shared_out"):
        done = subprocess.run([sys.executable, __file__, side], check=True, capture_output=True, text=True,
                              env={**os.environ, "OMP_NUM_THREADS": "1"})
        sides[side] = json.loads(done.stdout.splitlines()[-1])
    data = f"scenario {SCENARIO}, 3 x 8.64 million samples per station-day"
    both = sides["shared_out"]
    records.add(f"station-days per minute, {WORKERS} workers", both["per_minute"], "1/min", data, (">=", 20.0),
                f"{UNITS} station-days with truth, written as miniSEED")
    records.add("largest memory of a worker", both["memory"], "MiB", data, ("<=", 1024.0))
    records.add("size of a station-day", both["size"], "MB", data)
    single = sides["one"]
    records.add("a station-day, one core", single["ours"], "s", data, note=f"best of {ROUNDS}")
    records.add("white noise, its transforms and miniSEED alone", single["floor"], "s", data, note=f"best of {ROUNDS}")
    records.add("times the floor", single["ours"] / single["floor"], "-", data)
    records.write()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps({"one": one, "shared_out": shared_out}[sys.argv[1]]()))
    else:
        main()
