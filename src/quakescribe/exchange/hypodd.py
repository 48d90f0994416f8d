"""hypoDD: ``phase.dat`` (input of ph2dt), ``event.dat`` (read), ``station.dat``.

phase.dat: ``# year month day hour minute second latitude longitude depth magnitude EH EZ RMS id`` and, per onset,
``station travel-time weight phase``. The origin time is written to 0.01 s, because ph2dt itself cuts it there; travel
times are then taken from that rounded time, so onsets keep 0.1 ms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.errors import FormatError
from quakescribe.exchange import clock
from quakescribe.exchange.collect import Collector, Event, Magnitude, Phase, Tables
from quakescribe.exchange.lines import Line, atomic, read_lines
from quakescribe.exchange.names import Names, parts, phase_word
from quakescribe.exchange.view import (
    arrivals_by_event,
    arrivals_with_picks,
    catalogue,
    catalogue_losses,
    losses,
    orphans,
)
from quakescribe.tables import STATIONS

HOLDS = {"events": ("event_id", "time", "latitude", "longitude", "depth_km", "n_picks", "n_stations"),
         "origins": ("event_id", "time", "latitude", "longitude", "depth_km", "erh_km", "erz_km", "rms_s", "n_phases",
                     "n_stations"),
         "magnitudes": ("event_id", "value"),
         "arrivals": ("event_id", "pick_id", "station_id", "phase", "time", "weight"),
         "picks": ("pick_id", "station_id", "phase", "time")}
STATION_HOLDS = {"stations": ("station_id", "latitude", "longitude", "elevation_m")}
LABEL = 7  # characters hypoDD reads of a station's name
LARGEST_ID = 999_999_999  # hypoDD writes ids in 9 columns
MOST_SHIFT_S = 60.0
"""A relocated event whose time differs by more than this from a phase file's is not that file's event (s)."""
_STEP = 10_000_000  # 0.01 s


def sniff(head: bytes) -> bool:
    """Return whether the first line is a '#' and at least 14 numbers."""
    first = head.lstrip().split(b"\n", 1)[0].split()
    return len(first) >= 15 and first[0] == b"#" and all(is_number(field) for field in first[1:15])


def sniff_event(head: bytes) -> bool:
    """Return whether the first line is date, time (HHMMSSCC) and at least eight numbers."""
    first = head.lstrip().split(b"\n", 1)[0].split()
    return len(first) in (10, 11) and re.fullmatch(rb"[12]\d{7}", first[0]) is not None and first[1].isdigit() and \
        all(is_number(field) for field in first[:10])


def sniff_station(head: bytes) -> bool:
    """Return whether the first line is a name and two or three numbers, the first two with a point."""
    first = head.lstrip().split(b"\n", 1)[0].split()
    return len(first) in (3, 4) and not is_number(first[0]) and b"," not in first[0] and \
        all(is_number(field) for field in first[1:]) and b"." in first[1] and b"." in first[2]


def is_number(field: bytes) -> bool:
    """Return whether a field is a number."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read phase.dat into events, origins, arrivals, picks and magnitudes; RMS 0 and errors 0 count as not known."""
    collector = Collector("hypodd", stations)
    event, origin_ns = -1, 0
    for line in read_lines(Path(path)):
        fields = line.text.split()
        if not fields:
            continue
        if fields[0].startswith("#"):
            event, origin_ns = _header(line, line.text.replace("#", " ", 1).split(), collector)
        elif event < 0:
            line.fail("an onset before any event; expected '# year month day ...'")
        else:
            _onset(line, fields, event, origin_ns, collector)
    return collector.tables()


def _header(line: Line, fields: list[str], collector: Collector) -> tuple[int, int]:
    if len(fields) < 14:
        line.fail(f"{len(fields)} numbers after '#'; expected 14: year month day hour minute second latitude longitude "
                  "depth magnitude EH EZ RMS id")
    origin = origin_time(line, fields[:6])
    latitude, longitude = line.place(line.number(fields[6], "latitude"), line.number(fields[7], "longitude"))
    erh, erz, rms = (line.number(text, what, 0.0) or math.nan for text, what in
                     zip(fields[10:13], ("EH", "EZ", "RMS"), strict=True))
    name = fields[14] if len(fields) > 14 and fields[14].isdigit() else fields[13]
    event = collector.event(Event(name, origin, latitude, longitude, line.depth(line.number(fields[8], "depth")),
                                  erh_km=erh, erz_km=erz, rms_s=rms))
    collector.magnitude(Magnitude(event, "M", line.magnitude(fields[9])))
    return event, origin


def origin_time(line: Line, fields: list[str]) -> int:
    """Return the ns of year, month, day, hour, minute and second; a second of 60.0 is the first of the next minute."""
    year, month, day, hour, minute = (line.whole(text, "date or time") for text in fields[:5])
    second = line.number(fields[5], "second", 0.0, 60.999)
    try:
        return clock.instant(year, month, day, hour, minute, 0) + round(second * clock.SECOND)
    except ValueError as error:
        line.fail(f"origin time: {error}")


def full_ids(path: Path, times: Mapping[str, int]) -> dict[str, str] | None:
    """Return the full id for every short one of a file, from our phase.dat in the same folder; None without one.

    Parameters
    ----------
    path
        The file that hypoDD or another relocation wrote.
    times
        Its origin times (ns) by short id. A phase file counts if it has every id, within MOST_SHIFT_S of its time.
    """
    for other in sorted(path.parent.iterdir()):
        known = _two_ids(other) if other.is_file() and other != path else {}
        if known and all(number in known and abs(known[number][1] - time) <= MOST_SHIFT_S * clock.SECOND
                         for number, time in times.items()):
            return {number: known[number][0] for number in times}
    return None


def _two_ids(path: Path) -> dict[str, tuple[str, int]]:
    """Return the full id and the origin time (ns) by short id; nothing of a file that is no phase file of ours."""
    found: dict[str, tuple[str, int]] = {}
    try:
        with open(path, "rb") as handle:
            head = handle.read(300)
        if not sniff(head) or len(head.split(b"\n", 1)[0].replace(b"#", b" ", 1).split()) != 15:
            return found
        for line in read_lines(path):
            fields = line.text.replace("#", " ", 1).split()
            if line.text.startswith("#") and len(fields) == 15 and fields[14].isdigit():
                found[fields[13]] = (fields[14], origin_time(line, fields[:6]))
    except (OSError, FormatError):
        return {}
    return found


def _onset(line: Line, fields: list[str], event: int, origin_ns: int, collector: Collector) -> None:
    if len(fields) < 4:
        line.fail(f"{len(fields)} fields; expected station, travel time, weight, phase")
    phase = phase_word(fields[3])
    if phase is None:
        collector.skip("unknown-phase", f"phase '{fields[3]}' is neither P nor S")
        return
    time = origin_ns + round(line.number(fields[1], "travel time") * clock.SECOND)
    collector.phase(Phase(event, collector.names.resolve(fields[0]), phase, time,
                          weight=abs(line.number(fields[2], "weight"))))


def read_event(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read event.dat: date, time HHMMSSCC, latitude, longitude, depth, magnitude, EH, EZ, RMS, id."""
    collector = Collector("hypodd", stations)
    for line in read_lines(Path(path)):
        fields = line.text.split()
        if not fields:
            continue
        if len(fields) < 10:
            line.fail(f"{len(fields)} fields; expected 10: date time latitude longitude depth magnitude EH EZ RMS id")
        day, moment = fields[0], fields[1].rjust(8, "0")
        time = line.time(f"{day}{moment[:6]}.{moment[6:]}", "origin time")
        latitude, longitude = line.place(line.number(fields[2], "latitude"), line.number(fields[3], "longitude"))
        erh, erz, rms = (line.number(text, what, 0.0) or math.nan for text, what in
                         zip(fields[6:9], ("EH", "EZ", "RMS"), strict=True))
        event = collector.event(Event(fields[9], time, latitude, longitude, line.depth(line.number(fields[4], "depth")),
                                      erh_km=erh, erz_km=erz, rms_s=rms))
        collector.magnitude(Magnitude(event, "M", line.magnitude(fields[5])))
    return collector.tables()


def labels(station_ids: list[str]) -> dict[str, str]:
    """Return a name of at most 7 characters per station: NET.STA, else NETSTA, else STA, whichever fits and is unique.

    Raises
    ------
    FormatError
        Where none does.
    """
    split = {station_id: parts(station_id) for station_id in station_ids}
    several = len({(n, s) for n, s, _ in split.values()}) < len(split)
    for make in (lambda n, s: f"{n}.{s}", lambda n, s: f"{n}{s}", lambda n, s: s):
        names = {station_id: make(network, station) for station_id, (network, station, _) in split.items()}
        if max((len(name) for name in names.values()), default=0) <= LABEL and len(set(names.values())) == len(names):
            return names
    if several:
        raise FormatError("hypoDD cannot tell several location codes of one station apart; keep one per station")
    longest = max(station_ids, key=len)
    raise FormatError(f"station {longest}: its name is too long for hypoDD, which reads {LABEL} characters, and "
                      "station codes without the network are not unique; rename stations first")


def write(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write phase.dat. Ids beyond hypoDD's integers become 1..n and stand in full at the end of the event line."""
    rows = catalogue(tables)
    arrivals = arrivals_with_picks(tables)
    names = labels(sorted(set(arrivals["station_id"])))
    small = not len(rows) or int(rows["event_id"].max()) <= LARGEST_ID
    by_event = arrivals_by_event(arrivals)
    with atomic(path) as out:
        for number, row in enumerate(rows.to_dict("records"), 1):
            origin = clock.rounded(row["time"].value, _STEP)
            event_id = row["event_id"]
            out.write(_header_text(row, origin, str(event_id) if small else f"{number} {event_id}"))
            for onset in by_event[event_id].to_dict("records") if event_id in by_event else ():
                travel = (onset["time"].value - origin) / clock.SECOND
                weight = 1.0 if math.isnan(onset["weight"]) else min(onset["weight"], 1.0)
                out.write(f"{names[onset['station_id']]:<7s} {travel:9.4f} {weight:7.4f}   {onset['phase']}\n")
    lost = catalogue_losses(tables, rows, HOLDS, "hypoDD's phase.dat") + orphans(tables, rows)
    if len(rows):
        lost.append("origin times are rounded to 0.01 s, places to 1e-6 deg, depths to 1 m, errors and magnitudes "
                    "to 0.001, onsets to 0.0001 s, weights to 0.0001 and at most 1 (unknown = 1)")
    if not small:
        lost.append("event_id: too long for hypoDD; written as 1..n in order of time, in full at the line's end")
    if len(names) and not next(iter(names.values())).count("."):
        lost.append("station names are written without the dot or network; give the stations table when reading back")
    return lost


def _header_text(row: Mapping[Any, Any], origin: int, ids: str) -> str:
    year, month, day, hour, minute, within = clock.split(origin)
    depth, erh, erz, rms = (0.0 if math.isnan(row[name]) else row[name]
                            for name in ("depth_km", "erh_km", "erz_km", "rms_s"))
    magnitude = -9.0 if math.isnan(row["magnitude"]) else row["magnitude"]
    return (f"# {year} {month:2d} {day:2d} {hour:2d} {minute:2d} {within / clock.SECOND:5.2f} {row['latitude']:10.6f} "
            f"{row['longitude']:11.6f} {depth:8.3f} {magnitude:6.3f} {erh:7.3f} {erz:7.3f} {rms:7.3f} {ids:>10s}\n")


def read_station(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read station.dat: name, latitude, longitude and, where given, elevation (m)."""
    names = Names(stations)
    rows = []
    for line in read_lines(Path(path)):
        fields = line.text.split()
        if not fields:
            continue
        if len(fields) not in (3, 4):
            line.fail(f"{len(fields)} fields; expected name, latitude, longitude[, elevation in m]")
        latitude, longitude = line.place(line.number(fields[1], "latitude"), line.number(fields[2], "longitude"))
        elevation = line.number(fields[3], "elevation", -12000, 9000) if len(fields) == 4 else 0.0
        rows.append({"station_id": names.resolve(fields[0]), "latitude": latitude, "longitude": longitude,
                     "elevation_m": elevation})
    if not rows:
        return {"stations": STATIONS.empty()}
    return {"stations": STATIONS.order(STATIONS.conform(pd.DataFrame(rows)))}


def write_station(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write station.dat, the latest epoch of each station."""
    stations = tables.get("stations", STATIONS.empty()).drop_duplicates("station_id", keep="last")
    names = labels(sorted(stations["station_id"]))
    with atomic(path) as out:
        for row in stations.to_dict("records"):
            out.write(f"{names[row['station_id']]:<7s} {row['latitude']:10.6f} {row['longitude']:11.6f} "
                      f"{row['elevation_m']:8.1f}\n")
    lost = losses(tables, STATION_HOLDS, "hypoDD's station.dat")
    repeated = len(tables.get("stations", stations)) - len(stations)
    return lost + ([f"stations: {repeated} earlier epochs are left out"] if repeated else [])
