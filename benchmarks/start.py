"""How long it takes to start: importing, asking for help, and a second run's kernels, which must not compile again."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "evidence"))

from records import Records

from quakescribe.report.demo import simulated_project
from quakescribe.run.runner import Silent
from quakescribe.settings.project import dump
from quakescribe.settings.simulate import SimulateSettings

NETWORK = SimulateSettings(hours=0.1, network={"n_stations": 5}, seismicity={"background_per_day": 2400.0},
                           noise={"level": 0.25}, instruments={"n_oblique": 1})
WHOLE_RUN = """
import sys
from numba.core import event

compiled = []

class Count(event.Listener):
    def on_start(self, e): compiled.append(e.data)
    def on_end(self, e): pass

event.register("numba:compile", Count())
from pathlib import Path
from quakescribe.report.runs import finish
from quakescribe.run.runner import execute
from quakescribe.run.workspace import Project
project = Project(Path(sys.argv[1]))
run = project.run(sys.argv[2])
execute(project.settings, project.folder, run, report=finish)
print(len(compiled), len(run.table("picks")), len(run.table("origins")), len(run.table("magnitudes")))
"""


def seconds(*words: str, runs: int = 7) -> float:
    """Return the median wall time of a command over several runs, after one that is not counted (s)."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def whole_run(records: Records) -> None:
    """Run a small network twice, each time in a new process and a new run; the second must find all kernels made."""
    where = f"whole run of {NETWORK.network.n_stations} simulated stations, {60 * NETWORK.hours:g} minutes, one worker"
    with tempfile.TemporaryDirectory() as scratch:
        project = simulated_project(Path(scratch) / "project", NETWORK, 1, Silent())
        file = project.folder / "quakescribe.toml"
        settings = project.settings
        file.write_text(dump(settings.model_copy(update={"run": settings.run.model_copy(update={"workers": 1})})))
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(scratch) / "kernels")}
        for name in ("first", "second"):
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", WHOLE_RUN, str(project.folder), name],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            took = time.perf_counter() - began
            compiled, *rows = (int(word) for word in done.stdout.split()[-4:])
            note = "{} picks, {} origins, {} magnitudes".format(*rows)
            records.add(f"{name} start: the whole process", took, "s", where, note=note)
            aim = ("<=", 0) if name == "second" else None
            records.add(f"{name} start: kernels compiled", compiled, "-", where, aim)


def main() -> None:
    """Measure and record."""
    records = Records("bench-start")
    bare = seconds(sys.executable, "-c", "pass")
    records.add(
        "import quakescribe, beyond Python's own start",
        seconds(sys.executable, "-c", "import quakescribe") - bare,
        "s",
        "this package",
        ("<=", 0.3),
    )
    records.add(
        "quakescribe --help, as a whole process",
        seconds(sys.executable, "-m", "quakescribe", "--help"),
        "s",
        "this package",
        ("<=", 0.5),
    )
    whole_run(records)
    records.write()


if __name__ == "__main__":
    main()
