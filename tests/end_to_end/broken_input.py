"""Kinds of broken input: how each is made, what is asked of the program, and what the user must see.

Each case gets a folder with a small simulated project (`waveforms/`, `stations.xml`, `velocity.csv`,
`quakescribe.toml`) and breaks something in it. `test_broken_input.py` runs them all; `evidence/bad_input.py` writes
the page of the documentation with what was really seen.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import obspy

RUN = ("run", ".", "--workers", "1", "--until", "pick")


@dataclass(frozen=True)
class Case:
    """One kind: what it is, how to make it, the command, its exit code, and words it must say."""

    what: str
    kind: str
    make: Callable[[Path], object]
    words: tuple[str, ...]
    code: int
    says: tuple[str, ...]


def _station(folder: Path, i: int = 0) -> list[Path]:
    """Return the files of the i-th simulated station, sorted."""
    names = sorted({path.name.split(".")[1] for path in files(folder)})
    return [path for path in files(folder) if path.name.split(".")[1] == names[i]]


def files(folder: Path) -> list[Path]:
    """Return all waveform files."""
    return sorted(path for path in (folder / "waveforms").rglob("*") if path.is_file())


def _edit(folder: Path, change: Callable[[obspy.Stream], object], i: int = 0, encoding: str | None = None) -> None:
    """Read, change and write every file of a station."""
    for path in _station(folder, i):
        stream = obspy.read(path)
        changed = change(stream)
        stream = changed if isinstance(changed, obspy.Stream) else stream
        stream.write(str(path), format="MSEED", **({"encoding": encoding} if encoding else {}))


def _nan(stream: obspy.Stream) -> None:
    for trace in stream:
        trace.data = trace.data.astype(np.float32)
        trace.data[2000:2100] = np.nan


def _constant(stream: obspy.Stream) -> None:
    for trace in stream:
        trace.data[:] = 17


def _future(stream: obspy.Stream) -> None:
    for trace in stream:
        trace.stats.starttime += 100 * 365.25 * 86400


def _overlap(stream: obspy.Stream) -> obspy.Stream:
    other = stream.copy()
    for trace in other:
        trace.data = trace.data[3000:6000] + 999
        trace.stats.starttime += 30.0
    return stream + other


def _setting(folder: Path, old: str, new: str) -> None:
    path = folder / "quakescribe.toml"
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new, 1))


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def _only_stations(folder: Path, text: str) -> None:
    _write(folder, "stations.csv", text)
    _setting(folder, 'stations = "stations.xml"', 'stations = "stations.csv"')


def _velocity(folder: Path, text: str) -> None:
    _write(folder, "velocity.csv", text)


def _lock(folder: Path) -> object:
    run = folder / "runs" / "first"
    run.mkdir(parents=True)
    handle = open(run / ".lock", "w")  # noqa: SIM115 - held until the case is over
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


HEADER = "station_id,latitude,longitude,elevation_m\n"
PICKS = "pick_id,station_id,phase,time,pair_id,picker\n"
CASES = (
    # the project and its settings
    Case("no project folder", "settings", lambda f: None, ("run", "nowhere"), 1, ("no such project folder",)),
    Case(
        "a setting with a typo",
        "settings",
        lambda f: _setting(f, "band_low_hz =", "band_lo_hz ="),
        RUN,
        1,
        ("[pick] has no setting 'band_lo_hz'", "did you mean 'band_low_hz'"),
    ),
    Case(
        "a setting out of range",
        "settings",
        lambda f: _setting(f, "band_low_hz = 1.0", "band_low_hz = -1.0"),
        RUN,
        1,
        ("pick.band_low_hz = -1.0 Hz",),
    ),
    Case(
        "settings that are not TOML", "settings", lambda f: _setting(f, "[pick]", "[pick"), RUN, 1, ("not valid TOML",)
    ),
    Case(
        "a start after the end",
        "settings",
        lambda f: _setting(f, "# start =", "start = 2030-01-01\nend = 2029-01-01"),
        RUN,
        1,
        ("must be before end",),
    ),
    Case(
        "a span without recordings",
        "settings",
        lambda f: _setting(f, "# start =", "start = 2029-01-01"),
        RUN,
        1,
        ("nothing recorded",),
    ),
    Case(
        "a stage that does not exist",
        "settings",
        lambda f: None,
        ("run", ".", "--until", "pik"),
        2,
        ("'pik' is not one of 'pick', 'associate', 'locate', 'measure', 'report'",),
    ),
    Case(
        "a way to locate that does not exist",
        "settings",
        lambda f: None,
        ("locate", "--events", "e.csv", "--stations", "stations.xml", "--out", "out", "--mode", "bogus"),
        2,
        ("'bogus' is not one of 'default', 'hypoinverse'",),
    ),
    Case(
        "a project where a file is",
        "settings",
        lambda f: _write(f, "afile", ""),
        ("init", "afile", "--waveforms", "waveforms", "--stations", "stations.xml"),
        1,
        ("quakescribe: afile: File exists",),
    ),
    Case(
        "a simulation where a file is",
        "settings",
        lambda f: _write(f, "afile", ""),
        ("simulate", "--out", "afile"),
        1,
        ("afile", "Not a directory"),
    ),
    Case(
        "a simulation into a folder with data",
        "settings",
        lambda f: shutil.rmtree(f / "truth"),
        ("simulate", "--out", "."),
        1,
        ("stations.xml", "nothing was overwritten"),
    ),
    Case("a run another process works on", "settings", _lock, RUN, 1, ("another process is working on this run",)),
    Case("a report before any run", "settings", lambda f: None, ("report", "."), 1, ("no run yet",)),
    Case(
        "no scheduler at the address",
        "settings",
        lambda f: None,
        ("run", ".", "--scheduler", "tcp://127.0.0.1:1"),
        1,
        ("no Dask scheduler answers at tcp://127.0.0.1:1",),
    ),
    # stations and velocity
    Case(
        "no station file", "stations", lambda f: (f / "stations.xml").unlink(), RUN, 1, ("stations.xml", "No such file")
    ),
    Case(
        "a latitude of 95 degrees",
        "stations",
        lambda f: _only_stations(f, HEADER + "QS.S01.,95.0,30.0,100\n"),
        RUN,
        1,
        ("latitude", "95"),
    ),
    Case(
        "a station file without a column",
        "stations",
        lambda f: _only_stations(f, "station_id,latitude,elevation_m\nQS.S01.,40.0,100\n"),
        RUN,
        1,
        ("longitude",),
    ),
    Case(
        "a truncated StationXML",
        "stations",
        lambda f: (f / "stations.xml").write_bytes((f / "stations.xml").read_bytes()[:2000]),
        RUN,
        1,
        ("stations.xml",),
    ),
    Case(
        "stations that were not recorded",
        "stations",
        lambda f: _only_stations(f, HEADER + "XX.AAA.,40.0,30.0,100\n"),
        RUN,
        1,
        ("none of the",),
    ),
    Case(
        "velocities in m/s",
        "velocity",
        lambda f: _velocity(f, "top_km,vp,vs\n0,5500,3200\n10,6300,3600\n"),
        RUN,
        1,
        ("km/s",),
    ),
    Case(
        "layer tops that do not ascend",
        "velocity",
        lambda f: _velocity(f, "top_km,vp\n10,5.5\n0,6.3\n"),
        RUN,
        1,
        ("ascend",),
    ),
    Case("an empty velocity file", "velocity", lambda f: _velocity(f, ""), RUN, 1, ("velocity.csv",)),
    # waveforms
    Case("no waveforms at all", "waveforms", lambda f: shutil.rmtree(f / "waveforms"), RUN, 1, ("waveforms",)),
    Case(
        "a folder without recordings",
        "waveforms",
        lambda f: [path.write_text("not a recording") for path in files(f)],
        RUN,
        1,
        ("none of", "unreadable"),
    ),
    Case(
        "one file of garbage among good ones",
        "waveforms",
        lambda f: (f / "waveforms" / "notes.mseed").write_bytes(bytes(range(256)) * 20),
        RUN,
        0,
        ("unreadable",),
    ),
    Case("an empty file", "waveforms", lambda f: (f / "waveforms" / "empty.mseed").touch(), RUN, 0, ("empty-file",)),
    Case(
        "a truncated file",
        "waveforms",
        lambda f: [path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3 + 100]) for path in _station(f)],
        RUN,
        0,
        ("truncated",),
    ),
    Case("NaN among the samples", "waveforms", lambda f: _edit(f, _nan, encoding="FLOAT32"), RUN, 0, ("not-finite",)),
    Case("a dead station: constant samples", "waveforms", lambda f: _edit(f, _constant), RUN, 0, ("flat",)),
    Case("records a century ahead of time", "waveforms", lambda f: _edit(f, _future), RUN, 0, ("impossible-time",)),
    Case(
        "overlapping records that disagree", "waveforms", lambda f: _edit(f, _overlap), RUN, 0, ("overlap-disagrees",)
    ),
    Case(
        "a file named for another station",
        "waveforms",
        lambda f: [path.rename(path.with_name(path.name.replace(".S01.", ".S99."))) for path in _station(f)],
        RUN,
        0,
        ("name-contradicts",),
    ),
    Case("a recorded station without metadata", "waveforms", lambda f: _rename_station(f), RUN, 0, ("no-metadata",)),
    Case("a station without a gain", "waveforms", lambda f: None, ("check", "."), 0, ("no-gain",)),
    # picks, events, arrivals on plain files
    Case(
        "a picks file without times",
        "tables",
        lambda f: _write(f, "picks.csv", "station_id,phase\nA.B.,P\n"),
        ("associate", "--picks", "picks.csv", "--stations", "stations.xml", "--out", "out"),
        1,
        ("picks.csv",),
    ),
    Case(
        "a phase that is neither P nor S",
        "tables",
        lambda f: _write(f, "picks.csv", PICKS + "1,QS.S01.,Lg,2024-03-01T06:00:00Z,0,me\n"),
        ("associate", "--picks", "picks.csv", "--stations", "stations.xml", "--out", "out"),
        1,
        ("Lg",),
    ),
    Case(
        "a time that is no time",
        "tables",
        lambda f: _write(f, "picks.csv", PICKS + "1,QS.S01.,P,yesterday,0,me\n"),
        ("associate", "--picks", "picks.csv", "--stations", "stations.xml", "--out", "out"),
        1,
        ("yesterday",),
    ),
    Case(
        "picks twice under one id",
        "tables",
        lambda f: _write(f, "picks.csv", PICKS + "1,QS.S01.,P,2024-03-01T06:00:00Z,0,me\n" * 2),
        ("associate", "--picks", "picks.csv", "--stations", "stations.xml", "--out", "out"),
        1,
        ("repeats",),
    ),
    Case(
        "picks of a station that is not known",
        "tables",
        lambda f: _write(f, "picks.csv", PICKS + "1,XX.AAA.,P,2024-03-01T06:00:00Z,0,me\n"),
        ("associate", "--picks", "picks.csv", "--stations", "stations.xml", "--out", "out"),
        0,
        ("unknown-station",),
    ),
    Case(
        "a file in no known format",
        "tables",
        lambda f: _write(f, "picks.dat", "once upon a time\n"),
        ("associate", "--picks", "picks.dat", "--stations", "stations.xml", "--out", "out"),
        1,
        ("picks.dat",),
    ),
    Case(
        "truncated QuakeML",
        "tables",
        lambda f: _write(
            f, "events.xml", '<?xml version="1.0"?><q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2"><eventPara'
        ),
        ("locate", "--events", "events.xml", "--stations", "stations.xml", "--out", "out"),
        1,
        ("events.xml",),
    ),
    Case(
        "events without arrivals",
        "tables",
        lambda f: _write(
            f,
            "events.csv",
            "event_id,time,latitude,longitude,depth_km,n_picks,n_stations,associator\n"
            "1,2024-03-01T06:00:00Z,40,30,8,0,0,me\n",
        ),
        ("locate", "--events", "events.csv", "--stations", "stations.xml", "--out", "out"),
        1,
        ("no arrivals",),
    ),
    Case(
        "results where a file is",
        "tables",
        lambda f: (_write(f, "afile", ""), _write(f, "picks.csv", PICKS + "1,QS.S01.,P,2024-03-01T06:00:00Z,0,me\n")),
        ("associate", "--picks", "picks.csv", "--stations", "stations.xml", "--out", "afile"),
        1,
        ("quakescribe: afile",),
    ),
    Case(
        "an output that cannot be written",
        "tables",
        lambda f: _write(f, "picks.csv", PICKS + "1,QS.S01.,P,2024-03-01T06:00:00Z,0,me\n"),
        ("convert", "picks.csv", "--format", "csv", "--out", "/proc/nope/x.csv"),
        1,
        ("/proc/nope", "No such file"),
    ),
    Case(
        "an export format that does not exist",
        "tables",
        lambda f: None,
        ("convert", "stations.xml", "--format", "excel", "--out", "x.xls"),
        1,
        ("excel",),
    ),
)


NETWORK = (*RUN, "--set", "pick.network.weights=tiny_sar.safetensors", "--set")
"""Picks with the weights of the tests; needs PyTorch."""

NETWORKS = (
    Case("weights of another network", "networks", lambda f: _weights(f), (*NETWORK, "pick.picker=phasenet"), 1,
         ("weights of 'sar', but pick.picker = 'phasenet'",)),
    Case("weights that are not there", "networks", lambda f: None, (*NETWORK, "pick.picker=sar"), 1,
         ("no such weights", "quakescribe train")),
    Case("weights that are not those of their record", "networks", lambda f: _weights(f, tail=b"x"),
         (*NETWORK, "pick.picker=sar"), 1, ("SHA-256", "copy both")),
    Case("weights of a network of another size", "networks", lambda f: _weights(f, options={"hidden": 32}),
         (*NETWORK, "pick.picker=sar"), 1, ("not weights of sar",)),
    Case("weights for another order of components", "networks", lambda f: _weights(f, form={"components": "ZZE"}),
         (*NETWORK, "pick.picker=sar"), 1, ("components = 'ZZE'",)),
    Case("training on a run that was never made", "networks", lambda f: None, ("train", "."), 1, ("first",)),
)
"""Kinds that need PyTorch to be met."""


def _weights(folder: Path, tail: bytes = b"", **changes: dict[str, object]) -> None:
    """Copy the small SAR of the tests; its last byte and its record as given."""
    source = Path(__file__).parents[1] / "data" / "tiny_sar.safetensors"
    content = source.read_bytes()
    (folder / source.name).write_bytes(content[: len(content) - len(tail)] + tail)
    record = json.loads(source.with_suffix(".json").read_text())
    changed = {key: {**record[key], **value} for key, value in changes.items()}
    (folder / source.with_suffix(".json").name).write_text(json.dumps(record | changed))


def _rename_station(folder: Path) -> None:
    for path in _station(folder):
        stream = obspy.read(path)
        for trace in stream:
            trace.stats.station = "NEW"
        stream.write(str(path.with_name(path.name.replace(".S01.", ".NEW."))), format="MSEED")
        path.unlink()
