"""Picking a station-day with networks: beside SeisBench's own `annotate` and beside the bare forward pass (the floor).

Every side runs in two processes at the same time, each on one thread with a day of its own, as on a machine of two
cores: once to warm up and then the best of several, of the slower process. All see the same miniSEED files, the same
weights, and windows of the same length and overlap; `ru_maxrss` gives the memory of one process. The onsets of ours
and of SeisBench's probabilities, found by the same rule, must be the same.
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
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "evidence"), str(ROOT / "tests" / "reference")]

from pick import DAY_S, EVENTS, FS, START_S, write_day  # noqa: E402

ROUNDS, CORES = 2, 2
NETS = {"PhaseNet": ("phasenet_ncedc", 1500, 3000), "EQTransformer": ("eqt_original", 2000, 6000)}
NEAR_S = 0.01  # one sample


def best(work: Any) -> tuple[float, Any]:
    """Return the shortest time of some rounds after one that is not counted (s), and the last result."""
    seconds, result = [], None
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds[1:]), result


def settings(name: str, weights: str) -> Any:
    from quakescribe.settings.network import NetworkSettings
    from quakescribe.settings.pick import PickSettings

    if name == "SAR":
        return PickSettings(picker="sar", network=NetworkSettings(weights=weights))
    _, overlap, window = NETS[name]
    return PickSettings(picker=f"seisbench:{name}:{weights}", network=NetworkSettings(
        overlap=overlap / window, onset="network"))


def ours(name: str, weights: str, folder: Path) -> dict[str, Any]:
    """Read, filter, pick the day; the onsets of P."""
    from quakescribe.exchange.stations import read_stations
    from quakescribe.pick import pick_unit
    from quakescribe.settings.waveforms import WaveformsSettings
    from quakescribe.waveforms import prepare
    from quakescribe.waveforms.archive import open_archive

    reading, chosen = WaveformsSettings(), settings(name, weights)
    stations, channels = read_stations(folder.parent / "stations.csv")
    archive = open_archive(folder, reading)

    def load(start_ns: int, end_ns: int) -> list:
        return prepare.load(archive, stations, channels, archive.station_ids[0], start_ns, end_ns, reading)[0]

    seconds, (picks, _) = best(lambda: pick_unit(load, START_S * 10**9, (START_S + DAY_S) * 10**9, chosen))
    p = picks[picks["phase"] == "P"]["time"].astype("int64").to_numpy() / 1e9 - START_S
    return {"seconds": seconds, "onsets": p.tolist()}


def seisbench(name: str, weights: str, folder: Path) -> dict[str, Any]:
    """Read the day with ObsPy, annotate it with SeisBench; the onsets of P by our rule."""
    import obspy
    import torch

    from quakescribe.kernels.peaks import find_peaks
    from quakescribe.nets.seisbench import SeisBenchNet

    torch.set_num_threads(1)
    _, overlap, window = NETS[name]
    net = SeisBenchNet(name, weights)
    model = net.model
    model.in_samples, model.pred_sample = window, (0, window)

    def work() -> Any:
        stream = obspy.Stream()
        for path in sorted(folder.iterdir()):
            stream += obspy.read(str(path))
        return model.annotate(stream, overlap=overlap, batch_size=64)

    seconds, curves = best(work)
    trace = next(one for one in curves if one.stats.channel.endswith("_P"))
    whole, part, _ = find_peaks(np.nan_to_num(trace.data).astype(np.float32), np.float32(0.3), 50, False)
    start = trace.stats.starttime.timestamp - START_S
    return {"seconds": seconds, "onsets": (start + (whole + part) / FS).tolist()}


def bare(name: str, weights: str, folder: Path) -> dict[str, Any]:
    """Run the network alone on as many windows as the day has, from memory."""
    import torch

    from quakescribe.nets.pickers import open_picker

    torch.set_num_threads(1)
    chosen = settings(name, weights)
    picker = open_picker(chosen.picker, chosen.network.weights, 0, "cpu")
    window = picker.form.window
    stride = picker.form.stride if name == "SAR" else window - NETS[name][1]
    n = int(DAY_S * FS / stride)
    x = torch.randn(16, 3, window)

    def work() -> None:
        with torch.inference_mode():
            for _ in range(n // 16):
                picker._run(x)

    return {"seconds": best(work)[0] * n / (n // 16 * 16), "onsets": []}


def run(side: str, name: str, weights: str, folder: Path) -> dict[str, Any]:
    """Return what the slower of two processes of a side measured, and its memory (MiB)."""
    command = [sys.executable, __file__, side, name, weights, str(folder)]
    # one thread, and memory that is kept, for all sides alike
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
                   "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(CORES)]
    said = [one.communicate()[0] for one in both]
    if any(one.returncode for one in both):
        raise SystemExit(f"{name}, {side}: failed")
    return max((json.loads(text.splitlines()[-1]) for text in said), key=lambda found: found["seconds"])


def same(a: list[float], b: list[float]) -> float:
    """Return the share of onsets that the other side has within a sample, of both together."""
    x, y = np.sort(a), np.sort(b)
    near = [np.abs(y[:, None] - x).min(axis=0), np.abs(x[:, None] - y).min(axis=0)]
    return float(np.mean(np.concatenate(near) <= NEAR_S))


def main() -> None:
    from records import Records, real_data

    records, data = Records("bench-networks"), real_data()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "waveforms"
        folder.mkdir()
        write_day(folder)
        random = {"SAR": random_weights("sar", Path(scratch) / "sar.safetensors")}
        floor = {}
        for name, weights in {**({k: f"{data}/weights/{v[0]}" for k, v in NETS.items()} if data else {}),
                              **random}.items():
            what = f"{name}: simulated station-day, {EVENTS} events, best of {ROUNDS}, {CORES} processes at once"
            floor[name] = run("bare", name, weights, folder)["seconds"]
            mine = run("ours", name, weights, folder)
            records.add("bare forward pass", floor[name], "s", what)
            records.add("read + filter + pick", mine["seconds"], "s", what, note=f"{len(mine['onsets'])} P")
            records.add("read + filter + pick over the bare forward pass", mine["seconds"] / floor[name], "ratio", what,
                        ("<=", 1.1) if name in NETS else None)
            records.add(f"station-days per minute on {CORES} cores", CORES * 60 / mine["seconds"], "1/min", what)
            records.add("memory of the whole process", mine["memory"], "MiB", what, ("<=", 1024.0))
            if name == "SAR":
                continue
            peer = run("seisbench", name, weights, folder)
            agree = same(mine["onsets"], peer["onsets"])
            if agree < 0.9:
                raise SystemExit(f"{name}: only {agree:.3f} of the onsets are the same: not the same work")
            records.add("read + filter + pick over SeisBench's read + annotate", mine["seconds"] / peer["seconds"],
                        "ratio", what, ("<=", 1.0))
            records.add(f"station-days per minute on {CORES} cores, SeisBench", CORES * 60 / peer["seconds"], "1/min",
                        what)
            records.add("memory of SeisBench's process", peer["memory"], "MiB", what)
            records.add("onsets of P that are the same within a sample", agree, "share", what, (">=", 0.99))
        if "PhaseNet" in floor:
            records.add("SAR: bare forward pass over PhaseNet's", floor["SAR"] / floor["PhaseNet"], "ratio",
                        f"simulated station-day, best of {ROUNDS}, {CORES} processes at once", ("<=", 2.0))
    records.write()


def random_weights(net: str, path: Path) -> str:
    """Write weights of a network of full size that has learned nothing: it takes the same time."""
    import torch

    from quakescribe.nets.weights import Record, build, save

    torch.manual_seed(0)
    made: Any = build(net)
    save(made, Record(net, made.options, made.form), path)
    return str(path)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sides = {"ours": ours, "seisbench": seisbench, "bare": bare}
        found = sides[sys.argv[1]](sys.argv[2], sys.argv[3], Path(sys.argv[4]))
        print(json.dumps(found | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        main()
