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

LOCATE = """
import numpy as np
from numba.core import event
compiled = []

class Count(event.Listener):
    def on_start(self, e): compiled.append(e.data)
    def on_end(self, e): pass

event.register("numba:compile", Count())
from quakescribe.earth.velocity import read_velocity
from quakescribe.kernels.raytrace import first_arrival
model = read_velocity(None)
first_arrival(model.top_km, model.vp, 30.0, 8.0, -1.0)
print(len(compiled))
"""


def seconds(*words: str, runs: int = 7) -> float:
    """Return the median wall time of a command over several runs, after one that is not counted (s)."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


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
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        for name in ("first", "second"):
            done = subprocess.run(
                [sys.executable, "-c", LOCATE], env=environment, capture_output=True, text=True, check=True
            )
            records.add(
                f"kernels compiled at the {name} start",
                int(done.stdout),
                "-",
                "a ray through the generic crust",
                ("<=", 0) if name == "second" else None,
            )
    records.write()


if __name__ == "__main__":
    main()
