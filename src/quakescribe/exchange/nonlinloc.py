"""NonLinLoc observations (``.obs``): one block of onsets per event, blocks parted by an empty line.

Columns: station, instrument, component, onset, phase, first motion, date, hour and minute, second, error type, error
magnitude, coda duration, amplitude, period[, prior weight]. Events have no place in the format; ours is kept in a
comment line (``# quakescribe ...``) that NonLinLoc skips. Station names are written NET.STA[.LOC]: the station list of
NonLinLoc (GTSRCE, LOCSRCE) must use the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.exchange import clock
from quakescribe.exchange.collect import Collector, Event, Magnitude, Phase, Tables
from quakescribe.exchange.lines import Line, atomic, read_lines
from quakescribe.exchange.names import phase_word
from quakescribe.exchange.view import arrivals_by_event, arrivals_with_picks, catalogue, catalogue_losses, orphans
from quakescribe.tables import ARRIVALS, event_ids, pick_ids

HOLDS = {"events": ("event_id", "time", "latitude", "longitude", "depth_km", "n_picks", "n_stations"),
         "origins": ("event_id", "time", "latitude", "longitude", "depth_km", "n_phases", "n_stations"),
         "magnitudes": ("event_id", "kind", "value"),
         "arrivals": ("event_id", "pick_id", "station_id", "phase", "time", "uncertainty_s", "amplitude_m"),
         "picks": ("pick_id", "station_id", "phase", "time", "uncertainty_s", "amplitude_m")}
_STEP = 100_000  # 0.1 ms
UNKNOWN = {"P": 0.1, "S": 0.2}  # s, written where a pick has no uncertainty
_MARK = "# quakescribe "
_ONSET = re.compile(rb"^\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+\d{8}\s+\d{3,4}\s+[\d.]+\s+(GAU|BOX|FIX|NONE)\b")


def sniff(head: bytes) -> bool:
    """Return whether a line reads like an onset."""
    return head.startswith(_MARK.encode()) or any(_ONSET.match(line) for line in head.split(b"\n"))


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read onsets; a block without our comment line becomes an event number without a place (arrivals only)."""
    collector = Collector("nonlinloc", stations)
    blocks: list[list[Phase]] = [[]]
    heads: dict[int, int] = {}
    for line in read_lines(Path(path)):
        text = line.text.strip()
        if text.startswith(_MARK):
            if blocks[-1] or len(blocks) - 1 in heads:
                blocks.append([])
            heads[len(blocks) - 1] = _read_mark(line, text.removeprefix(_MARK).split(), collector)
        elif not text:
            if blocks[-1]:
                blocks.append([])
        elif not text.startswith(("#", "PUBLIC_ID", "END")):
            onset = _read_onset(line, text.split(), collector)
            if onset is not None:
                blocks[-1].append(onset)
    placed = [phase._replace(event=heads[i]) for i, block in enumerate(blocks) if i in heads for phase in block]
    for phase in placed or [phase for block in blocks for phase in block]:
        collector.phase(phase)
    if placed and len(placed) < sum(map(len, blocks)):
        collector.skip("no-event", "onsets in a block without an event line, in a file that has event lines")
    tables = collector.tables()
    return tables if placed or heads else _number_blocks(tables, blocks)


def _number_blocks(tables: Tables, blocks: list[list[Phase]]) -> Tables:
    """Give the onsets of a foreign file event ids by the first onset of their block."""
    blocks = [block for block in blocks if block]
    if not blocks:
        return {}
    ids = event_ids(clock.from_ns(np.array([min(phase.time for phase in block) for block in blocks])))
    rows = pd.DataFrame([{**phase._asdict(), "event_id": event_id} for event_id, block in zip(ids, blocks, strict=True)
                         for phase in block])
    rows["time"] = clock.from_ns(rows["time"].to_numpy(np.int64))
    rows["pick_id"] = pick_ids(rows["station_id"], rows["phase"], rows["time"])
    rows = rows.drop_duplicates(["event_id", "pick_id"])
    result: Tables = {name: tables[name] for name in ("picks", "skips") if name in tables}
    result["arrivals"] = ARRIVALS.order(ARRIVALS.conform(rows))
    return result


def _read_mark(line: Line, fields: list[str], collector: Collector) -> int:
    if len(fields) != 7:
        line.fail(f"{len(fields)} fields after '{_MARK.strip()}'; expected id time latitude longitude depth kind "
                  "magnitude")
    latitude, longitude = line.place(line.number(fields[2], "latitude"), line.number(fields[3], "longitude"))
    event = collector.event(Event(fields[0], line.time(fields[1], "origin time"), latitude, longitude,
                                  line.depth(line.optional(fields[4], "depth"))))
    collector.magnitude(Magnitude(event, fields[5], line.optional(fields[6], "magnitude")))
    return event


def _read_onset(line: Line, fields: list[str], collector: Collector) -> Phase | None:
    if len(fields) < 11:
        line.fail(f"{len(fields)} fields; expected at least 11: station instrument component onset phase motion date "
                  "hour-minute second error-type error")
    phase = phase_word(fields[4])
    if phase is None:
        collector.skip("unknown-phase", f"phase '{fields[4]}' is neither P nor S")
        return None
    day, minute = fields[6], fields[7].rjust(4, "0")
    if not (len(day) == 8 and day.isdigit() and len(minute) == 4 and minute.isdigit()):
        line.fail(f"'{fields[6]} {fields[7]}' where the date and time belong; expected YYYYMMDD HHMM")
    start = line.time(f"{day}{minute}00", "onset time")
    time = start + round(line.number(fields[8], "second") * clock.SECOND)
    error = line.number(fields[10], "error") if fields[9] == "GAU" else math.nan
    amplitude = line.number(fields[12], "amplitude") if len(fields) > 12 else -1.0
    return Phase(-1, collector.names.resolve(fields[0]), phase, time, arrival=True,
                 uncertainty_s=error if 0 < error < 1e4 else math.nan,
                 amplitude_m=amplitude if amplitude > 0 else math.nan)


def write(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write onsets by event; NonLinLoc needs an uncertainty, so an unknown one becomes 0.1 s (P) or 0.2 s (S)."""
    rows = catalogue(tables)
    arrivals = arrivals_with_picks(tables)
    by_event = arrivals_by_event(arrivals)
    times = clock.iso(clock.to_ns(rows["time"])) if len(rows) else []
    with atomic(path) as out:
        for row, time in zip(rows.to_dict("records"), times, strict=True):
            depth = "--" if math.isnan(row["depth_km"]) else repr(row["depth_km"])
            magnitude = "M --" if math.isnan(row["magnitude"]) else f"{row['magnitude_kind']} {row['magnitude']!r}"
            out.write(f"{_MARK}{row['event_id']} {time} {row['latitude']!r} {row['longitude']!r} {depth} {magnitude}\n")
            if row["event_id"] in by_event:
                out.writelines(_onset_text(onset) for onset in by_event[row["event_id"]].to_dict("records"))
            out.write("\n")
    lost = catalogue_losses(tables, rows, HOLDS, "NonLinLoc's .obs") + orphans(tables, rows)
    if len(rows):
        lost.append("onset times are rounded to 0.0001 s, uncertainties and amplitudes to 4 digits; event lines are "
                    "comments that NonLinLoc skips")
    unknown = int(arrivals["uncertainty_s"].isna().sum())
    if unknown:
        lost.append(f"arrivals: {unknown} without an uncertainty are written with {UNKNOWN['P']} s (P) or "
                    f"{UNKNOWN['S']} s (S), because NonLinLoc needs one")
    return lost


def _onset_text(onset: Mapping[Any, Any]) -> str:
    year, month, day, hour, minute, within = clock.split(clock.rounded(onset["time"].value, _STEP))
    error, amplitude = onset["uncertainty_s"], onset["amplitude_m"]
    error = UNKNOWN[onset["phase"]] if math.isnan(error) else error
    name = str(onset["station_id"]).removesuffix(".")
    return (f"{name:<8s} ?    ?    ? {onset['phase']:<6s} ? {year:04d}{month:02d}{day:02d} {hour:02d}{minute:02d} "
            f"{within / clock.SECOND:8.4f} GAU {error:9.3e} -1.00e+00 "
            f"{-1.0 if math.isnan(amplitude) else amplitude:9.3e} -1.00e+00\n")
