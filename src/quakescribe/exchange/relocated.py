"""Catalogues that relocation by double differences writes: hypoDD's ``hypoDD.reloc`` and GrowClust's (read only).

hypoDD.reloc: 24 columns, ``ID LAT LON DEPTH X Y Z EX EY EZ YR MO DY HR MI SC MAG NCCP NCCS NCTP NCTS RCC RCT CID``;
degrees, km, X to EZ in m (Waldhauser 2001, USGS OFR 01-113). GrowClust: 25 columns, ``yr mon day hr min sec evid latR
lonR depR mag qID cID nbranch qnpair qndiffP qndiffS rmsP rmsS eh ez et latC lonC depC``; degrees, km, s (Trugman &
Shearer 2017). The errors of both are relative, of an event within its cluster.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd

from quakescribe.exchange.collect import Collector, Event, Magnitude, Tables
from quakescribe.exchange.hypodd import full_ids, is_number, origin_time
from quakescribe.exchange.lines import Line, read_lines

HYPODD = "ID LAT LON DEPTH X Y Z EX EY EZ YR MO DY HR MI SC MAG NCCP NCCS NCTP NCTS RCC RCT CID"
GROWCLUST = ("yr mon day hr min sec evid latR lonR depR mag qID cID nbranch qnpair qndiffP qndiffS rmsP rmsS eh ez et "
             "latC lonC depC")
SCALE_95 = 2.7955
"""EX, EY and EZ are standard errors times this: the root of the 95% quantile of chi-square with 3 degrees (-)."""


def sniff_hypodd(head: bytes) -> bool:
    """Return whether the first line has 24 numbers (or the stars of Fortran), the date in fields 11 to 13."""
    return _sniff(head, HYPODD, 10)


def sniff_growclust(head: bytes) -> bool:
    """Return whether the first line has 25 numbers, the date in the first three."""
    return _sniff(head, GROWCLUST, 0)


def _sniff(head: bytes, names: str, date: int) -> bool:
    fields = head.lstrip().split(b"\n", 1)[0].split()
    return len(fields) == len(names.split()) and all(is_number(f) or not f.strip(b"*") for f in fields) and \
        re.fullmatch(rb"[12]\d{3} (0?[1-9]|1[0-2]) [0-3]?\d", b" ".join(fields[date:date + 3])) is not None


def read_hypodd(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read hypoDD.reloc: one standard error from EX, EY (the larger) and EZ; a magnitude of 0.0 is none."""
    collector = Collector("hypodd", stations)
    events, magnitudes = [], []
    for line, row in _rows(Path(path), HYPODD):
        ex, ey, ez = (_error(line, row, name) / 1000 / SCALE_95 for name in ("EX", "EY", "EZ"))
        events.append(_event(line, row, "YR MO DY HR MI SC", "ID LAT LON DEPTH", float(np.fmax(ex, ey)), ez))
        magnitudes.append(_magnitude(line, row["MAG"]))
    return _tables(Path(path), collector, events, magnitudes)


def read_growclust(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read GrowClust's catalogue; events that it left where they were (branches of one) get no origin."""
    collector = Collector("growclust", stations)
    events, magnitudes = [], []
    for line, row in _rows(Path(path), GROWCLUST):
        event = _event(line, row, "yr mon day hr min sec", "evid latR lonR depR", _error(line, row, "eh"),
                       _error(line, row, "ez"))
        moved = line.whole(row["nbranch"], "nbranch") > 1
        if not moved:
            collector.skip("not-relocated", "events that GrowClust did not relocate stand in events, not in origins")
        events.append(event._replace(ert_s=_error(line, row, "et"), located=moved))
        magnitudes.append(_magnitude(line, row["mag"]))
    return _tables(Path(path), collector, events, magnitudes)


def _rows(path: Path, names: str) -> list[tuple[Line, dict[str, str]]]:
    columns = names.split()
    rows = []
    for line in read_lines(path):
        fields = line.text.split()
        if fields and len(fields) != len(columns):
            line.fail(f"{len(fields)} fields; expected {len(columns)}: {names}")
        if fields:
            rows.append((line, dict(zip(columns, fields, strict=True))))
    return rows


def _event(line: Line, row: dict[str, str], time: str, place: str, erh_km: float, erz_km: float) -> Event:
    number, latitude, longitude, depth = (row[name] for name in place.split())
    if not number.isdigit():
        line.fail(f"'{number}' where the id belongs; expected a whole number (hypoDD writes 9 digits at most)")
    return Event(number, origin_time(line, [row[name] for name in time.split()]),
                 *line.place(line.number(latitude, "latitude"), line.number(longitude, "longitude")),
                 line.depth(line.number(depth, "depth")), erh_km=erh_km, erz_km=erz_km)


def _error(line: Line, row: dict[str, str], name: str) -> float:
    """Return an error; NaN where it is 0, negative or a row of stars: not computed, or too large for its columns."""
    value = line.optional(row[name].strip("*"), name)
    return value if value > 0 else math.nan


def _magnitude(line: Line, text: str) -> float:
    """Return a magnitude; NaN for 0.0, which phase and event files hold where there is none."""
    return line.magnitude(text.strip("*")) or math.nan


def _tables(path: Path, collector: Collector, events: list[Event], magnitudes: list[float]) -> Tables:
    full = full_ids(path, {event.id: event.time for event in events})
    for event, magnitude in zip(events, magnitudes, strict=True):
        named = event._replace(id=full[event.id], source_id=event.id) if full else event
        collector.magnitude(Magnitude(collector.event(named), "M", magnitude))
    return collector.tables()
