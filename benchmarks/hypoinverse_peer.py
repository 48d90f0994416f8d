"""Run HYPOINVERSE 1.40 on the same events: write its files, run the executable $HYPOINVERSE, read its summary.

Its source ships in the source package of PyPI's ``hypoinvpy`` 0.7.0 (folder hyp1.40/source; builds with
``make FC="gfortran -std=legacy -O2 -w"``). It is an outside program to check against; nothing of it is in quakescribe.

    HYPOINVERSE=.../hyp1.40 python benchmarks/hypoinverse_peer.py     # the real events, 1 and 20 trial depths
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evidence"))
from hypoinverse import choose, read_summary

CONTROL = """\
LET 5 2 3 2 2
ERF F
TOP F
LST 0 0 0
KPR 0
H71 2 1 3
REP F F
COP 3
MIN 4
JUN T
RMS 4 0.3 1 3
DI1 1 60 1 2
DIS 4 40 1 3
WET 1 0.6 0.3 0.2
CRE 1 'model.cre' {reference:g} T
POS {vp_vs:g}
STA 'stations.sta'
PHS 'phases.phs'
{runs}STO
"""


class PeerRun(NamedTuple):
    """Seconds the program ran, and its solutions: one row per event and trial depth, as `read_summary` gives them."""

    seconds: float
    solutions: pd.DataFrame


def executable() -> Path | None:
    """Return the program named by $HYPOINVERSE, or None."""
    path = os.environ.get("HYPOINVERSE", "")
    return Path(path) if path and Path(path).is_file() else None


def run(program: Path, pairs: pd.DataFrame, stations: pd.DataFrame, model: Path,
        trial_depths: tuple[float, ...] = (5.0,), reference_km: float = 2.5, vp_vs: float = 1.73) -> PeerRun:
    """Locate P-S pairs (event_id, station_id, p_time, s_time) from every trial depth, in one process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.cre").write_bytes(model.read_bytes())
        (folder / "stations.sta").write_text("".join(station_line(row) for row in stations.itertuples()))
        (folder / "phases.phs").write_text("".join(phase_lines(pairs)))
        runs = "".join(f"ZTR {z:g} F\nSUM '{k}.sum'\nLOC\n" for k, z in enumerate(trial_depths))
        control = CONTROL.format(reference=reference_km, vp_vs=vp_vs, runs=runs)
        (folder / "control.hyp").write_text(control)
        begin = time.perf_counter()
        with (folder / "log.txt").open("w") as log:
            subprocess.run([program], input="@control.hyp\n", text=True, cwd=folder, stdout=log, check=False)
        seconds = time.perf_counter() - begin
        parts = [read_summary(folder / f"{k}.sum").assign(trial_km=z) for k, z in enumerate(trial_depths)]
    return PeerRun(seconds, pd.concat(parts).reset_index())


def station_line(station: object) -> str:
    """Return a station in layout 3; west and north positive, angles in degrees and minutes."""
    net, code = station.station_id.split(".")[:2]
    lat, lon = abs(station.latitude), abs(station.longitude)
    north, east = "S" if station.latitude < 0 else "N", "E" if station.longitude > 0 else "W"
    return (f"{code:<5} {net:<2}  HHZ  {int(lat):2d} {60 * (lat % 1):7.4f}{north}{int(lon):3d} {60 * (lon % 1):7.4f}"
            f"{east}{round(station.elevation_m):4d}\n")


def phase_lines(pairs: pd.DataFrame) -> list[str]:
    """Return the phase file (layout Y2000): times cut to 0.01 s, P with weight code 0, S with 1."""
    lines = []
    for event_id, group in pairs.groupby("event_id", sort=False):
        p = group["p_time"].dt.tz_convert(None).dt.floor("10ms")
        s = group["s_time"].dt.tz_convert(None).dt.floor("10ms")
        lines.append(f"{p.iloc[0]:%Y%m%d%H%M}" + " " * 120 + "\n")
        for station, tp, ts in zip(group["station_id"], p, s, strict=True):
            net, code = station.split(".")[:2]
            minute = tp.floor("min")
            seconds = [f"{(t - minute) / pd.Timedelta('1s') * 100:5.0f}" for t in (tp, ts)]
            lines.append(f"{code:<5}{net:<2}  HHZ  P 0{minute:%Y%m%d%H%M}{seconds[0]}" + " " * 7
                         + f"{seconds[1]} S 1\n")
        lines.append(" " * 62 + f"{event_id:10d}\n")
    return lines


def main() -> int:
    """Run the real events and compare the best of 20 with the summary that ships with the data."""
    from records import real_data

    data, program = real_data(), executable()
    if data is None or program is None:
        print("skipped: needs the real data and the executable named by $HYPOINVERSE")
        return 0
    folder = data / "ridgecrest_picks"
    pairs = pd.read_csv(folder / "arrivals.csv", parse_dates=["p_time", "s_time"])
    stations = pd.read_csv(folder / "stations.csv")
    for trials, name in (((5.0,), "trial5"), (tuple(map(float, range(20))), "trials20")):
        result = run(program, pairs, stations, folder / "velocity_p.cre", trials)
        shipped, ours = read_summary(folder / f"hypoinverse_{name}.sum"), choose(result.solutions)
        same = (shipped.loc[ours.index, ["latitude", "longitude", "depth_km"]].to_numpy()
                == ours[["latitude", "longitude", "depth_km"]].to_numpy()).all(axis=1)
        print(f"{len(trials):2d} trial depths: {result.seconds:.2f} s, {len(ours)} events, "
              f"{np.mean(same):.4f} identical to {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
