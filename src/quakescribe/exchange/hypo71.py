"""HYPO71 summary lines as HYPOINVERSE writes them: read into events, origins and magnitudes.

Depths are relative to the datum of the run: sea level for CRE models, the mean station surface for CRH models. The
reader takes them as they are; `formats.read_tables` moves the datum.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import pandas as pd

from quakescribe.exchange.collect import Collector, Event, Magnitude, Tables
from quakescribe.exchange.lines import Line, read_lines

_HEAD = re.compile(rb"^[12]\d{3}[ \d]{4} [ \d]{4} [ \d]{2}\.\d\d [ \d]{2}[NS ][ \d]{2}\.\d\d "
                   rb"[ \d]{3}[EW ][ \d]{2}\.\d\d")
FLAGS = {"-": "hypoinverse-minus", "#": "hypoinverse-hash"}


def sniff(head: bytes) -> bool:
    """Return whether the first line has date, time, degrees and minutes in the columns of the summary."""
    return _HEAD.match(head.lstrip(b"\r\n").split(b"\n", 1)[0]) is not None


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read a summary file; '-' becomes the flag hypoinverse-minus, '#' hypoinverse-hash; neither = well located."""
    collector = Collector("hypo71", stations)
    for line in read_lines(Path(path)):
        if line.text.strip():
            _event(line, collector)
    return collector.tables()


def _event(line: Line, collector: Collector) -> None:
    text = line.text.ljust(98)
    if len(line.text) < 45:
        line.fail(f"{len(line.text)} characters; expected a summary line with depth up to column 45")
    time = line.time(f"{text[0:4]}-{text[4:6]}-{text[6:8]} ".replace("- ", "-0")
                     + f"{text[9:11]}:{text[11:13]}:{text[14:19]}".replace(" ", "0"), "origin time")
    latitude = line.number(text[20:22], "latitude") + line.number(text[23:28], "latitude minutes") / 60
    longitude = line.number(text[29:32], "longitude") + line.number(text[33:38], "longitude minutes") / 60
    latitude, longitude = line.place(-latitude if text[22] == "S" else latitude,
                                     longitude if text[32] == "E" else -longitude)
    count = line.optional(text[52:55], "number of phases")
    flag, quality = text[82], text[80]
    event = collector.event(Event(
        text[84:].strip(), time, latitude, longitude, line.depth(line.number(text[38:45], "depth")),
        rms_s=line.optional(text[64:69], "RMS"), gap_deg=line.optional(text[55:59], "gap"),
        dmin_km=line.optional(text[59:64], "nearest station"), erh_km=line.optional(text[69:74], "ERH"),
        erz_km=line.optional(text[74:79], "ERZ"), n_phases=-1 if math.isnan(count) else int(count),
        quality=quality if quality in "ABCD" else None, flags=FLAGS.get(flag), well_located=flag not in FLAGS))
    magnitude = line.magnitude(text[47:52])
    if magnitude != 0.0:  # HYPOINVERSE prints 0.00 where it has none
        collector.magnitude(Magnitude(event, text[45:47].strip() or "M", magnitude))
