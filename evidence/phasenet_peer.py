"""Run PhaseNet (Zhu & Beroza 2019) by SeisBench, in a process and an environment of its own.

    python phasenet_peer.py WEIGHTS OUT.csv WAVEFORMS [WAVEFORMS ...]

WEIGHTS is what ``Model.load`` takes. WAVEFORMS are miniSEED files, folders of them (SDS or any other), or npz files of
one window each (``data``: E, N, Z at 100 Hz). OUT gets station_id, phase, time (s after 1970; npz: s after the window's
first sample), probability.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import obspy
import seisbench.models as sbm

THRESHOLD = 0.3
WINDOW = 3000  # samples; these weights were trained on it, and fed 3001 they pick 0.03 s late
OVERLAP = 2000  # samples; of overlapping windows the largest probability counts


def files(places: list[str]) -> Iterator[Path]:
    for place in map(Path, places):
        yield from sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]


def streams(places: list[str]) -> Iterator[obspy.Stream]:
    """Yield one stream per station (or window): a station at a time is all that memory holds."""
    stations: dict[str, list[Path]] = defaultdict(list)
    for path in files(places):
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                x = np.asarray(arrays["data"], dtype=np.float32)
            x = x if x.shape[0] == 3 else x.T
            header = {"network": "XX", "station": path.stem, "sampling_rate": 100.0}
            yield obspy.Stream([obspy.Trace(np.ascontiguousarray(row), header | {"channel": "HH" + c})
                                for row, c in zip(x, "ENZ", strict=True)])
        else:
            stations[".".join(path.name.split(".")[:2])].append(path)
    for paths in stations.values():
        stream = obspy.Stream()
        for path in paths:
            stream += obspy.read(str(path))
        yield stream.merge(method=-1).split()


def load(weights: str) -> sbm.PhaseNet:
    model = sbm.PhaseNet.load(weights)
    model.in_samples, model.pred_sample = WINDOW, (0, WINDOW)
    return model


def main(weights: str, out: str, *places: str) -> None:
    model = load(weights)
    with open(out, "w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["station_id", "phase", "time", "probability"])
        for stream in streams(list(places)):
            first = stream[0].stats
            name = first.station if first.network == "XX" else f"{first.network}.{first.station}.{first.location}"
            found = model.classify(stream, overlap=OVERLAP, stacking="max", P_threshold=THRESHOLD,
                                   S_threshold=THRESHOLD)
            for pick in found.picks:
                writer.writerow([name, pick.phase, f"{pick.peak_time.ns / 1e9:.3f}", f"{pick.peak_value:.3f}"])


if __name__ == "__main__":
    main(*sys.argv[1:])
