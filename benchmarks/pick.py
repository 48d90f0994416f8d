"""Speed and memory of read + prepare + pick of one station-day, against ObsPy's detrend + taper + band-pass of it.

A day of three components at 100 Hz with 200 events is written as miniSEED (Steim2). Each side runs in a process of its
own, once to warm up (compile, fill the page cache) and then the best of several; `ru_maxrss` gives its memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "evidence"), str(ROOT / "tests" / "reference")]

FS, DAY_S, EVENTS, START_S = 100.0, 86_400, 200, 1_562_198_400
ROUNDS = 5


def write_day(folder: Path) -> None:
    """Write the day as three miniSEED files and a station file with gains."""
    import obspy
    from swarm import events

    rng = np.random.default_rng(7)
    times = np.linspace(60, DAY_S - 60, EVENTS) + rng.uniform(-30, 30, EVENTS)
    x = events(DAY_S, times, rng.uniform(1, 7, EVENTS), 10 ** rng.uniform(1, 2.5, EVENTS), FS, seed=7, noise=300.0)
    for row, name in zip(x, ("HHZ", "HHN", "HHE"), strict=True):
        header = {"network": "XX", "station": "SIM", "location": "", "channel": name, "sampling_rate": FS,
                  "starttime": obspy.UTCDateTime(START_S)}
        trace = obspy.Trace(np.round(row).astype(np.int32), header)
        trace.write(str(folder / f"XX.SIM..{name}.D.2019.185"), format="MSEED", encoding="STEIM2")
    (folder.parent / "stations.csv").write_text(
        "network,station,location,band,latitude,longitude,elevation_m,unit,components,gain_counts_per_unit\n"
        'XX,SIM,,HH,35.0,-117.0,500,m/s,"E,N,Z","6e8,6e8,6e8"\n')


def ours(folder: Path) -> dict[str, float]:
    """Time reading, preparing and picking of the day, and its parts."""
    from quakescribe.exchange.stations import read_stations
    from quakescribe.pick import pick_unit
    from quakescribe.settings.pick import PickSettings
    from quakescribe.settings.waveforms import WaveformsSettings
    from quakescribe.waveforms import prepare
    from quakescribe.waveforms.archive import open_archive

    reading, settings = WaveformsSettings(), PickSettings()
    stations, channels = read_stations(folder.parent / "stations.csv")
    archive = open_archive(folder, reading)
    read_s: list[float] = []

    def load(start_ns: int, end_ns: int) -> list:
        begin = time.perf_counter()
        blocks, _ = prepare.load(archive, stations, channels, archive.station_ids[0], start_ns, end_ns, reading)
        read_s.append(time.perf_counter() - begin)
        return blocks

    seconds, reads, bands, n = [], [], [], 0
    for _ in range(ROUNDS + 1):
        read_s.clear()
        begin = time.perf_counter()
        picks, _ = pick_unit(load, START_S * 10**9, (START_S + DAY_S) * 10**9, settings)
        seconds.append(time.perf_counter() - begin)
        reads.append(sum(read_s))
        n = len(picks)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    block = load(START_S * 10**9, (START_S + DAY_S) * 10**9)[0]
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        prepare.bandpass(block, settings.band_low_hz, settings.band_high_hz)
        bands.append(time.perf_counter() - begin)
    return {"seconds": min(seconds[1:]), "read": min(reads[1:]), "bandpass": min(bands), "picks": n, "memory": memory}


def obspy_alone(folder: Path) -> dict[str, float]:
    """Time ObsPy's detrend + taper + band-pass of the same day, reading not counted."""
    import obspy

    seconds = []
    for _ in range(ROUNDS + 1):
        stream = obspy.read(str(folder / "*"))
        begin = time.perf_counter()
        stream.detrend("demean").detrend("linear").taper(max_percentage=0.05, max_length=5.0)
        stream.filter("bandpass", freqmin=1.0, freqmax=20.0)
        seconds.append(time.perf_counter() - begin)
    return {"seconds": min(seconds[1:]), "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Write the day, run both sides in turn, record."""
    from records import Records

    records = Records("bench-pick")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "waveforms"
        folder.mkdir()
        write_day(folder)
        sides = {}
        for side in ("ours", "obspy"):
            command = [sys.executable, __file__, side, str(folder)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            sides[side] = json.loads(done.stdout.splitlines()[-1])
    data = f"simulated station-day, 3 x 8.64 million samples, {EVENTS} events, best of {ROUNDS}, one core"
    mine, peer = sides["ours"], sides["obspy"]
    rest = mine["seconds"] - mine["read"] - mine["bandpass"]
    if mine["picks"] < EVENTS:
        raise SystemExit(f"only {mine['picks']} picks of {EVENTS} events: not the same work")
    records.add("read + prepare + pick over ObsPy's detrend + taper + band-pass", mine["seconds"] / peer["seconds"],
                "ratio", data, ("<=", 0.5), f"{mine['picks']} picks")
    records.add("read + prepare + pick", mine["seconds"], "s", data, ("<=", 0.9))
    records.add("of these: read", mine["read"], "s", data)
    records.add("of these: band-pass", mine["bandpass"], "s", data)
    records.add("of these: triggers, onsets, tests, tables", rest, "s", data, ("<=", 0.25))
    records.add("ObsPy's detrend + taper + band-pass", peer["seconds"], "s", data)
    records.add("memory of the whole process", mine["memory"], "MiB", data, ("<=", 700.0))
    records.add("memory of ObsPy's process", peer["memory"], "MiB", data)
    records.write()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps((ours if sys.argv[1] == "ours" else obspy_alone)(Path(sys.argv[2]))))
    else:
        main()
