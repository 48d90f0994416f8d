"""Files of recordings: find them, read their headers, read their samples.

miniSEED (2 and 3) goes through pymseed, which steps over damaged records and finds the next good one;
SAC goes through ObsPy. Both are recognised by content, never by name.
"""

from __future__ import annotations

import glob
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quakescribe.errors import WaveformError
from quakescribe.waveforms.skips import skip

_DTYPES = {"i": np.int32, "f": np.float32, "d": np.float64}
_MINISEED_NAMES = (".mseed", ".miniseed", ".ms", ".msd", ".mseed2", ".mseed3")


@dataclass(frozen=True)
class Segment:
    """Contiguous samples of one channel in one file; without ``samples`` when only headers were read.

    Times are those of the first and the last sample (ns after 1970); ``rate`` in Hz as the header says.
    """

    station_id: str
    channel: str
    start_ns: int
    end_ns: int
    rate: float
    n_samples: int
    samples: NDArray[Any] | None = None


def find(where: str | Path) -> list[Path]:
    """Return the files of a folder (with all below it), a glob, or a single file, sorted, hidden ones left out.

    Raises
    ------
    WaveformError
        If there is no such file or folder, or nothing matches the glob.
    """
    path = Path(where)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = (p for p in path.rglob("*") if p.is_file())
    else:
        found = (Path(name) for name in glob.iglob(str(where), recursive=True) if Path(name).is_file())
    files = sorted(p for p in found if not p.name.startswith("."))
    if not files:
        what = "the folder holds no files" if path.is_dir() else "no such file or folder, and no file matches it"
        raise WaveformError(f"{where}: {what}; expected miniSEED or SAC files, a folder of them, or an SDS archive")
    return files


def kind(path: Path) -> str | None:
    """Return 'miniseed', 'sac', 'empty' or None, by the file's first bytes (and its name, if those are damaged)."""
    with open(path, "rb") as handle:
        head = handle.read(632)
    if not head:
        return "empty"
    if head[:3] == b"MS\x03" or (len(head) >= 48 and head[6:7] in b"DRQMVAST" and head[:6].strip(b" \0").isdigit()
                                 and head[7:8] in b" \0"):
        return "miniseed"
    if len(head) == 632 and any(int.from_bytes(head[304:308], order) in (6, 7) and
                                int.from_bytes(head[316:320], order, signed=True) >= 0 for order in ("little", "big")):
        return "sac"
    return "miniseed" if path.suffix.lower() in _MINISEED_NAMES or _is_sds_name(path.name) else None


def scan(path: Path) -> tuple[list[Segment], list[dict[str, Any]]]:
    """Read the headers of one file: its segments, and what is wrong with it."""
    source = str(path)
    try:
        what = kind(path)
        if what == "miniseed":
            return _scan_miniseed(path)
        if what == "sac":
            return list(_read_sac(path, headonly=True)), []
    except (OSError, ValueError, TypeError, IndexError, ArithmeticError) as error:
        return [], [skip("unreadable", f"{type(error).__name__}: {error}", source=source)]
    if what == "empty":
        return [], [skip("empty-file", "0 bytes", source=source)]
    return [], [skip("not-waveforms", "neither miniSEED nor SAC", source=source)]


Read = Callable[[str, str, str, int, int], tuple[list[Segment], list[dict[str, Any]]]]
"""(source, station_id, channel, start_ns, end_ns) -> segments, skips."""


def read(source: str | Path, station_id: str, channel: str, start_ns: int,
         end_ns: int) -> tuple[list[Segment], list[dict[str, Any]]]:
    """Read the samples of one channel in [start_ns, end_ns] (whole records: a little more), and what was damaged.

    What was damaged is told without a time, so that every request that meets it tells the same.
    """
    path = Path(source)
    try:
        if kind(path) == "sac":
            found = _read_sac(path, headonly=False)
            return [s for s in found if (s.station_id, s.channel) == (station_id, channel)], []
        return _read_miniseed(path, station_id, channel, start_ns, end_ns)
    except (OSError, ValueError, TypeError, IndexError, ArithmeticError) as error:
        return [], [skip("unreadable", f"{type(error).__name__}: {error}", source=str(path), station_id=station_id)]


def _scan_miniseed(path: Path) -> tuple[list[Segment], list[dict[str, Any]]]:
    import pymseed

    fault = None
    try:
        traces = pymseed.MS3TraceList.from_file(path)
    except pymseed.MiniSEEDError as error:
        traces, fault = _step_over_damage(path, error, unpack_data=False)
    segments = [segment for segment, _ in _segments(traces)]
    if not segments:
        return [], [skip("unreadable", fault or "no record of data in it", source=str(path))]
    skips = [] if fault is None else [skip("damaged-records", fault, source=str(path))]
    rest = path.stat().st_size % _record_length(path)
    if rest and fault is None:
        skips.append(skip("truncated", f"the last {rest} bytes are not a whole record", source=str(path)))
    return segments, skips


def _read_miniseed(path: Path, station_id: str, channel: str, start_ns: int,
                   end_ns: int) -> tuple[list[Segment], list[dict[str, Any]]]:
    """Decode the records that reach into a window; after damage go through the whole file, record by record.

    Only then does libmseed go on behind a record whose samples cannot be decoded.
    """
    import pymseed

    network, station, location = station_id.split(".")
    try:
        traces = pymseed.MS3TraceList.from_file(
            path, record_list=True, sourceid=pymseed.nslc2sourceid(network, station, location, channel),
            starttime=pymseed.nstime2timestr(start_ns), endtime=pymseed.nstime2timestr(end_ns))
        return [replace(segment, samples=_decode(part)) for segment, part in _segments(traces)], []
    except pymseed.MiniSEEDError as error:
        traces, fault = _step_over_damage(path, error, unpack_data=True)
    found = [replace(segment, samples=part.take_np_datasamples()) for segment, part in _segments(traces)
             if (segment.station_id, segment.channel) == (station_id, channel)
             and segment.start_ns <= end_ns and segment.end_ns >= start_ns and part.sampletype in ("i", "f", "d")]
    return found, [skip("damaged-records", f"{channel}: {fault}", source=str(path), station_id=station_id)]


def _decode(part: Any) -> NDArray[Any]:
    """Decode a segment through its record list, the fastest way there is."""
    import pymseed

    _, kind = part.sample_size_type
    if kind not in _DTYPES:
        return np.empty(0, dtype=np.int32)
    samples = np.empty(part.samplecnt, dtype=_DTYPES[kind])
    decoded = part.unpack_recordlist(buffer=samples)
    if decoded != len(samples):
        raise pymseed.MiniSEEDError(-1, f"{decoded} of {len(samples)} announced samples")
    return samples


def _step_over_damage(path: Path, error: Exception, unpack_data: bool) -> tuple[Any, str]:
    """Return pymseed's trace list without the damaged records, and what was damaged."""
    import pymseed

    fault: Exception = error
    traces = pymseed.MS3TraceList()
    try:
        traces.add_file(path, unpack_data=unpack_data, skip_not_data=True)
    except pymseed.MiniSEEDError as another:
        fault = another
    return traces, str(fault).split(" :: ")[0].replace(f": {path}", "")


def _segments(traces: Any) -> Iterator[tuple[Segment, Any]]:
    """Return every segment as its header describes it, with pymseed's own."""
    import pymseed

    for trace in traces:
        try:
            network, station, location, channel = pymseed.sourceid2nslc(trace.sourceid)
        except (ValueError, pymseed.PymseedError):
            network, station, location, channel = "", trace.sourceid, "", ""
        for part in trace:
            yield Segment(f"{network}.{station}.{location}", channel, part.starttime, part.endtime,
                          float(part.samprate), part.samplecnt), part


def _record_length(path: Path) -> int:
    import pymseed

    try:
        return int(next(iter(pymseed.MS3Record.from_file(path))).reclen)
    except (pymseed.MiniSEEDError, StopIteration):
        return 1


def _read_sac(path: Path, headonly: bool) -> Iterator[Segment]:
    import obspy
    from obspy.io.sac.util import SacError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stream = obspy.read(str(path), format="SAC", headonly=headonly)
    except SacError as error:
        raise ValueError(str(error)) from error
    for trace in stream:
        stats = trace.stats
        start = int(stats.starttime.ns)
        yield Segment(f"{stats.network}.{stats.station}.{stats.location}", stats.channel, start,
                      start + round((stats.npts - 1) / stats.sampling_rate * 1e9), float(stats.sampling_rate),
                      int(stats.npts), None if headonly else np.asarray(trace.data))


def _is_sds_name(name: str) -> bool:
    return sds_name(name) is not None


def sds_name(name: str) -> tuple[str, str, int, int] | None:
    """Return (station_id, channel, year, day of year) of an SDS file name ``NET.STA.LOC.CHAN.TYPE.YEAR.DAY``."""
    parts = name.split(".")
    if len(parts) != 7 or not (parts[5].isdigit() and parts[6].isdigit() and len(parts[5]) == 4 and len(parts[6]) == 3):
        return None
    return ".".join(parts[:3]), parts[3], int(parts[5]), int(parts[6])
