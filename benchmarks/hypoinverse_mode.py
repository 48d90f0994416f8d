"""Speed of the mode 'hypoinverse' beside HYPOINVERSE 1.40 on the same real events, from 1 and from 20 trial depths.

Without the executable (see hypoinverse_peer.py) ours is timed alone. Both use one core.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evidence"))

from hypoinverse import choose, compare, counted, real_events, solve
from hypoinverse_peer import executable, run
from records import Records, real_data

REPEATS = 3


def main() -> int:
    """Record seconds of both, their ratio, and that both placed the events alike."""
    records = Records("bench-hypoinverse")
    data, program = real_data(), executable()
    if data is None:
        print("bench-hypoinverse: skipped, the real events are not here")
        return 0
    folder = data / "ridgecrest_picks"
    tables = real_events(folder)
    where = f"ridgecrest_picks, {len(tables[0])} events"
    pairs = pd.read_csv(folder / "arrivals.csv", parse_dates=["p_time", "s_time"])
    stations = pd.read_csv(folder / "stations.csv")
    solve(tables, (5.0,))
    for trials in ((5.0,), tuple(map(float, range(20)))):
        ours, located = 1e9, None
        for _ in range(REPEATS):
            begin = time.perf_counter()
            located = solve(tables, trials)
            ours = min(ours, time.perf_counter() - begin)
        records.add(f"mode hypoinverse, {counted(trials)}", ours, "s", where)
        if program is None or located is None:
            continue
        runs = [run(program, pairs, stations, folder / "velocity_p.cre", trials) for _ in range(REPEATS)]
        theirs = min(r.seconds for r in runs)
        records.add(f"HYPOINVERSE 1.40, {counted(trials)}", theirs, "s", where)
        records.add(f"HYPOINVERSE 1.40 over ours, {counted(trials)}, time", theirs / ours, "-", where, (">=", 1.0))
        found = compare(located.origins, choose(runs[0].solutions))
        records.add(f"same work: epicentre difference, median, {counted(trials)}", found["epicentre 50%"], "km", where,
                    ("<=", 0.1))
    records.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
