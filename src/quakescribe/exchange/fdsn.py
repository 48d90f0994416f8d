"""FDSN event text: one line per event, fields parted by ``|``, depth in km."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from quakescribe.exchange.clock import iso, to_ns
from quakescribe.exchange.collect import Collector, Event, Magnitude, Tables
from quakescribe.exchange.lines import Line, atomic, read_lines
from quakescribe.exchange.view import catalogue, catalogue_losses

HOLDS = {"events": ("event_id", "time", "latitude", "longitude", "depth_km", "source_id"),
         "origins": ("event_id", "time", "latitude", "longitude", "depth_km", "method", "source_id"),
         "magnitudes": ("event_id", "kind", "value")}
_COLUMNS = ("EventID", "Time", "Latitude", "Longitude", "Depth/km", "Author", "Catalog", "Contributor", "ContributorID",
            "MagType", "Magnitude", "MagAuthor", "EventLocationName")
_LINE = re.compile(rb"^[^|\n]*\|\s*\d{4}-\d\d-\d\d[T ][^|]*\|[^|]*\|[^|]*\|")
_OURS = "quakescribe"


def sniff(head: bytes) -> bool:
    """Return whether the header or the first line is that of FDSN event text."""
    first = head.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].replace(b" ", b"").lower()
    return first.startswith((b"#eventid|time", b"eventid|time")) or _LINE.match(head) is not None


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read events; ids such as ``ci38443183`` go to source_id, and the events are then numbered by time."""
    collector = Collector("fdsn", stations)
    for line in read_lines(Path(path)):
        if not line.text.strip() or line.text.lstrip("#").replace(" ", "").lower().startswith("eventid|"):
            continue
        fields = [field.strip() for field in line.text.split("|")]
        if line.text.startswith("#"):
            continue
        if len(fields) < 11:
            line.fail(f"{len(fields)} fields; expected at least 11: {'|'.join(_COLUMNS[:11])}")
        _event(line, fields, collector)
    return collector.tables()


def _event(line: Line, fields: list[str], collector: Collector) -> None:
    latitude, longitude = line.place(line.number(fields[2], "latitude"), line.number(fields[3], "longitude"))
    event = collector.event(Event(
        fields[0], line.time(fields[1], "time"), latitude, longitude, line.depth(line.optional(fields[4], "depth")),
        source_id=fields[8] if fields[7] == _OURS and fields[8] != fields[0] else None,
        method=fields[5] if fields[6] == _OURS and fields[5] else None))
    collector.magnitude(Magnitude(event, fields[9] or "M", line.magnitude(fields[10])))


def write(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write one line per event with its preferred magnitude."""
    rows = catalogue(tables)
    times = iso(to_ns(rows["time"])) if len(rows) else []
    with atomic(path) as out:
        out.write("#" + "|".join(_COLUMNS) + "\n")
        for row, time in zip(rows.to_dict("records"), times, strict=True):
            depth = "" if math.isnan(row["depth_km"]) else repr(row["depth_km"])
            kind, value = ("", "") if math.isnan(row["magnitude"]) else (row["magnitude_kind"], repr(row["magnitude"]))
            source = row["event_id"] if pd.isna(row["source_id"]) else str(row["source_id"]).replace("|", "/")
            author = str(row["method"]).replace("|", "/")
            out.write(f"{row['event_id']}|{time.removesuffix('Z')}|{row['latitude']!r}|{row['longitude']!r}|{depth}|"
                      f"{author}|{_OURS}|{_OURS}|{source}|{kind}|{value}|{_OURS if kind else ''}|\n")
    return catalogue_losses(tables, rows, HOLDS, "FDSN text")
