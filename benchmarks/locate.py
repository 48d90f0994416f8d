"""Speed of location beside HYPOINVERSE 1.40 on the same 1,640 events, with a check that both did the same work.

    HYPOINVERSE=.../hyp1.40 python benchmarks/locate.py

Without the executable (see hypoinverse_peer.py) ours is timed alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "evidence"), str(HERE)]

from hypoinverse import choose  # noqa: E402
from hypoinverse_peer import executable, run  # noqa: E402
from records import Records, real_data  # noqa: E402

from locate import ridgecrest  # noqa: E402  # evidence/locate.py: same name, other folder
from quakescribe.earth.geodesy import distance_azimuth  # noqa: E402
from quakescribe.earth.traveltime import TravelTimes  # noqa: E402
from quakescribe.locate import locate  # noqa: E402
from quakescribe.settings.locate import LocateSettings  # noqa: E402

REPEATS = 5
EVERY_DEPTH = tuple(float(z) for z in range(20))


def seconds(work: Callable[[], object]) -> float:
    """Return the least wall time of REPEATS runs, after one that compiles or loads the kernels."""
    work()
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> int:
    """Time table building, our modes, and HYPOINVERSE with 1 and 20 trial depths."""
    data = real_data()
    if data is None or not (data / "ridgecrest_picks").is_dir():
        print("bench-locate: skipped, no real recordings")
        return 0
    records = Records("bench-locate")
    events, arrivals, stations, model = ridgecrest(data)
    where = f"ridgecrest_picks, {len(events)} events, {len(arrivals)} arrivals, one core"
    elevations = stations["elevation_m"].to_numpy()
    records.add("building the travel-time tables", seconds(
        lambda: TravelTimes.build(model, elevations, 200.0, -2.5, 40.0, 0.5, 0.5)), "s",
        "14 stations, P and S, 200 x 42.5 km at 0.5 km, one core", ("<=", 2.0))
    settings = LocateSettings()
    ours = seconds(lambda: locate(events, arrivals, stations, model, settings))
    records.add("default mode, tables included", ours, "s", where)
    records.add("default mode, events per second", len(events) / ours, "1/s", where, (">=", 1000.0))
    origins = locate(events, arrivals, stations, model, settings).origins
    program = executable()
    if program is None:
        print("bench-locate: HYPOINVERSE left out, $HYPOINVERSE names no executable")
    else:
        beside_hypoinverse(records, data, program, origins, ours, where)
    records.write()
    return 0


def beside_hypoinverse(records: Records, data: Path, program: Path, origins: pd.DataFrame, ours: float,
                       where: str) -> None:
    """Run the original in the same minute; compare its time and where it puts the events."""
    folder = data / "ridgecrest_picks"
    pairs = pd.read_csv(folder / "arrivals.csv", parse_dates=["p_time", "s_time"])
    stations = pd.read_csv(folder / "stations.csv")
    for trials in ((5.0,), EVERY_DEPTH):
        runs = [run(program, pairs, stations, folder / "velocity_p.cre", trials) for _ in range(2)]
        theirs = min(r.seconds for r in runs)
        label = f"{len(trials)} trial depth{'s' if len(trials) > 1 else ''}"
        records.add(f"HYPOINVERSE 1.40, {label}", theirs, "s", where)
        records.add(f"HYPOINVERSE 1.40 with {label} over our default mode, time", theirs / ours, "-", where,
                    (">=", 1.0) if len(trials) > 1 else None)
        found = choose(runs[0].solutions).reset_index()
    both = origins.merge(found, on="event_id", suffixes=("", "_hyp"))
    apart, _ = distance_azimuth(both["latitude"], both["longitude"], both["latitude_hyp"], both["longitude_hyp"])
    records.add("same work: events both located", len(both), "-", where, (">=", 1600))
    records.add("same work: median epicentre difference", float(np.median(apart)), "km", where, ("<=", 2.0))


if __name__ == "__main__":
    sys.exit(main())
