"""A month of twenty stations: simulated, picked, associated, located, measured and scored; memory stays that of a unit.

It takes about twenty minutes on two cores and 12 GB of disk, so `make bench` leaves it out; `make month` runs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evidence"))

from memory import Watch
from records import Records

from quakescribe.simulate import read_scenario
from quakescribe.simulate.score import PARTS
from quakescribe.simulate.score.summary import headlines

DATA = "scenario month: 20 stations, 30 days, 100 Hz, two workers"
STEPS = (
    ("simulated", "simulate --scenario month --workers 2 --out {net}"),
    ("a project on it", "init {net} --waveforms {net}/waveforms --stations {net}/stations.xml "
                        "--velocity {net}/velocity.csv"),
    ("picked, associated, located, measured", "run {net} --workers 2"),
    ("scored", "simulate score {net} {net}/runs/first --out {net}/score.csv"),
)


def main() -> None:
    records = Records("bench-month")
    with tempfile.TemporaryDirectory() as net:
        for what, command in STEPS:
            watch, begin = Watch(), time.perf_counter()
            subprocess.run([sys.executable, "-m", "quakescribe", *command.format(net=net).split()], check=True,
                           stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
            seconds = time.perf_counter() - begin
            records.add(what, seconds / 60, "min", DATA)
            records.add(f"{what}: largest memory of a process", watch.stop(), "MiB", DATA, ("<=", 2048.0))
        days = len(list(Path(net).rglob("HHZ.D/*")))
        records.add("station-days", days, "-", DATA)
        size = sum(path.stat().st_size for path in Path(net).rglob("*.D.*")) / 1e9
        records.add("recordings on disk", size, "GB", DATA)
        score = pd.read_csv(Path(net) / "score.csv")
    settings = read_scenario("month")
    everything = score[score["scope"] == "all"].set_index("name")["value"]
    records.add("b of ML above its completeness minus the law's, absolute",
                abs(float(everything["b of ML"]) - settings.seismicity.b_value), "-", DATA, ("<=", 0.1),
                f"b = {everything['b of ML']:.3f}, standard error {everything['b of ML, standard error']:.3f}")
    for part in PARTS:
        for row in headlines(score, part).to_dict("records"):
            records.add(f"{part}: {row['name']}", float(row["value"]), str(row["unit"]), DATA, note=f"n = {row['n']}")
    records.write()


if __name__ == "__main__":
    main()
