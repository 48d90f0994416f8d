"""Speed of reading and preparing: decoders against each other, the scan, and a station-day against ObsPy and SciPy.

One core. The station-day: three components, 100 Hz, Steim2 in records of 512 bytes, as most archives hold it.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evidence"))

from records import Records  # noqa: E402

RATE, DAY_S, STATION = 100.0, 86_400, "XX.AAA."
START_NS = 1_577_923_200_000_000_000  # 2020-01-02
DATA = "simulated station-day, 3 x 8.64 million samples, Steim2"


def write_day(folder: Path) -> list[Path]:
    """Write a day of noise with 200 bursts on three components as an SDS archive."""
    from obspy import Trace, UTCDateTime

    rng, paths = np.random.default_rng(1), []
    for component in "ZNE":
        n = int(DAY_S * RATE)
        x = np.convolve(rng.normal(0, 60, n + 20), np.ones(21) / 3, "valid")
        for begin in rng.integers(0, n - 3000, 200):
            x[begin:begin + 3000] += rng.normal(0, 1, 3000) * 10 ** rng.uniform(2, 5) * np.exp(-np.arange(3000) / 500)
        path = folder / f"XX.AAA..HH{component}.D.2020.002"
        header = {"network": "XX", "station": "AAA", "channel": "HH" + component, "sampling_rate": RATE,
                  "starttime": UTCDateTime(ns=START_NS)}
        Trace(x.astype(np.int32), header).write(str(path), format="MSEED", encoding="STEIM2", reclen=512)
        paths.append(path)
    return paths


def best(action: Callable[[], Any], times: int = 5) -> tuple[float, Any]:
    """Return the shortest processor time of some runs (s), and the last result."""
    shortest, result = np.inf, None
    for _ in range(times):
        del result
        begin = time.process_time()
        result = action()
        shortest = min(shortest, time.process_time() - begin)
    return float(shortest), result


def decoders(records: Records, path: Path) -> None:
    """Decode one channel-day with every decoder; all must give the same samples."""
    import obspy
    import pymseed

    def recordlist() -> np.ndarray:
        traces = pymseed.MS3TraceList.from_file(path, unpack_data=False, record_list=True)
        return np.asarray(traces[0][0].create_numpy_array_from_recordlist())

    def pymseed_default() -> np.ndarray:
        return np.asarray(pymseed.MS3TraceList.from_file(path, unpack_data=True)[0][0].take_np_datasamples())

    def obspy_hour() -> Any:
        start = obspy.UTCDateTime(ns=START_NS) + 5 * 3600
        return obspy.read(str(path), format="MSEED", starttime=start, endtime=start + 3600)

    def pymseed_hour() -> Any:
        traces = pymseed.MS3TraceList.from_file(path, record_list=True, starttime="2020-01-02T05:00:00",
                                                endtime="2020-01-02T06:00:00")
        return traces[0][0].create_numpy_array_from_recordlist()

    seconds, expected = best(lambda: obspy.read(str(path), format="MSEED")[0].data)
    records.add("decode a channel-day: ObsPy", seconds * 1e3, "ms", DATA)
    for name, action in (("pymseed", pymseed_default), ("pymseed's record list (ours)", recordlist)):
        took, samples = best(action)
        assert np.array_equal(samples, expected), name
        records.add(f"decode a channel-day: {name}", took * 1e3, "ms", DATA)
        records.add(f"decode a channel-day: ObsPy's time over that of {name}", seconds / took, "-", DATA)
    theirs, ours = best(obspy_hour)[0], best(pymseed_hour)[0]
    records.add("read an hour of a day file: ObsPy", theirs * 1e3, "ms", DATA)
    records.add("read an hour of a day file: pymseed (ours)", ours * 1e3, "ms", DATA)


def obspy_way(paths: list[Path]) -> tuple[float, np.ndarray]:
    """Return the day detrended, tapered and band-passed by ObsPy (float64), and the time without reading."""
    import obspy

    stream = obspy.Stream([obspy.read(str(path), format="MSEED")[0] for path in paths])
    begin = time.process_time()
    stream.detrend("demean")
    stream.detrend("linear")
    stream.taper(max_percentage=None, max_length=5.0)
    stream.filter("bandpass", freqmin=1.0, freqmax=20.0, corners=4)
    seconds = time.process_time() - begin
    return seconds, np.array([trace.data for trace in stream])


def station_day(records: Records, folder: Path, paths: list[Path]) -> None:
    """Read, prepare and filter the day; the result must be ObsPy's away from the day's ends."""
    from scipy.signal import butter, sosfilt

    from quakescribe.settings.waveforms import WaveformsSettings
    from quakescribe.tables import CHANNELS, STATIONS
    from quakescribe.waveforms.archive import open_archive
    from quakescribe.waveforms.prepare import bandpass, load

    settings = WaveformsSettings()
    took, archive = best(lambda: open_archive(folder, settings), 3)
    records.add("scan the headers of a station-day", took * 1e3, "ms", DATA)
    stations = STATIONS.make({"station_id": [STATION], "latitude": [0.0], "longitude": [0.0], "elevation_m": [0.0]})
    channels = CHANNELS.make({"station_id": [STATION] * 3, "channel": ["HHZ", "HHN", "HHE"], "gain": [1.0] * 3,
                              "unit": ["m/s"] * 3, "has_response": [False] * 3})
    end_ns = START_NS + DAY_S * 1_000_000_000
    bandpass(load(archive, stations, channels, STATION, START_NS, START_NS + 10**12, settings)[0][0], 1.0, 20.0)
    reading, ((block,), _) = best(lambda: load(archive, stations, channels, STATION, START_NS, end_ns, settings))
    filtering, ours = best(lambda: bandpass(block, 1.0, 20.0))
    records.add("read and prepare a station-day", reading, "s", DATA)
    records.add("band-pass a station-day", filtering, "s", DATA)
    sos = butter(4, [1.0, 20.0], btype="band", fs=RATE, output="sos").astype(np.float32)
    scipys, _ = best(lambda: sosfilt(sos, block.data[:, block.lead:]), 3)
    records.add("band-pass a station-day: SciPy in float32", scipys, "s", DATA)
    seconds, theirs = min((obspy_way(paths) for _ in range(3)), key=lambda pair: pair[0])
    middle = slice(60_000, theirs.shape[1] - 60_000)
    mine = ours.data[:, ours.lead:]
    difference = float(np.abs(mine[:, middle] - theirs[:, middle]).max() / np.abs(theirs).max())
    records.add("largest difference of both ways, share of the peak", difference * 1e6, "1e-6", DATA, ("<=", 10.0))
    records.add("detrend, taper and band-pass a station-day: ObsPy", seconds, "s", DATA)
    records.add("read, prepare and band-pass over ObsPy's detrend, taper, band-pass", (reading + filtering) / seconds,
                "-", DATA, ("<=", 0.5))


def memory(records: Records, folder: Path) -> None:
    """Measure the peak memory of a process that reads and filters the day."""
    script = Path(__file__).resolve()
    out = subprocess.run([sys.executable, str(script), "--memory", str(folder)], capture_output=True, text=True,
                         check=True)
    records.add("peak memory of reading and filtering a station-day, Python included", float(out.stdout.split()[-1]),
                "MB", DATA, ("<=", 700.0))


def one_day(folder: Path) -> None:
    """Read and filter the day once, in a process of its own, and print the peak memory in MB."""
    from quakescribe.settings.waveforms import WaveformsSettings
    from quakescribe.tables import CHANNELS, STATIONS
    from quakescribe.waveforms.archive import open_archive
    from quakescribe.waveforms.prepare import bandpass, load

    settings = WaveformsSettings()
    stations = STATIONS.make({"station_id": [STATION], "latitude": [0.0], "longitude": [0.0], "elevation_m": [0.0]})
    blocks, _ = load(open_archive(folder, settings), stations, CHANNELS.empty(), STATION, START_NS,
                     START_NS + DAY_S * 1_000_000_000, settings)
    bandpass(blocks[0], 1.0, 20.0)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(int(peak.split()[1]) / 1024)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["--memory"]:
        one_day(Path(sys.argv[2]))
    else:
        found = Records("bench-waveforms")
        with tempfile.TemporaryDirectory() as temporary:
            day = write_day(Path(temporary))
            decoders(found, day[0])
            station_day(found, Path(temporary), day)
            memory(found, Path(temporary))
        found.write()
