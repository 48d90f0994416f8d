"""CSV files of others: picks (SeisBench, PhaseNet, GaMMA, PyOcto, EQTransformer, PAL's pairs) and event lists.

Columns are known by their usual names, in any order. Times are ISO 8601 or seconds since 1970, in UTC: a numeric offset
is obeyed, a time without one is taken as UTC, and a file in which some rows have an offset and others none is refused.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from quakescribe.errors import FormatError
from quakescribe.exchange.clock import has_offset
from quakescribe.exchange.collect import Collector, Event, Magnitude, Phase, Tables
from quakescribe.exchange.lines import Line, read_lines
from quakescribe.exchange.names import phase_word
from quakescribe.exchange.tabular import CATALOGUE
from quakescribe.tables import SKIPS

NAMES = {
    "station": ("station_id", "trace_id", "seed_id", "id", "station", "sta", "station_code", "station_name"),
    "network": ("network", "net"), "location": ("location", "loc"),
    "phase": ("phase_type", "phase", "phase_hint", "type", "label"),
    "time": ("phase_time", "peak_time", "pick_time", "arrival_time", "timestamp", "time", "datetime"),
    "score": ("probability", "phase_score", "peak_value", "prob", "score", "confidence", "phase_prob"),
    "uncertainty": ("uncertainty_s", "time_error", "uncertainty"), "amplitude": ("amplitude_m",),
    "event": ("event_id", "event_index", "event_idx", "evid"), "snr": ("snr",),
    "p_time": ("p_time", "tp", "p_arrival_time", "p_arrival"),
    "s_time": ("s_time", "ts", "s_arrival_time", "s_arrival"),
    "p_score": ("p_probability", "p_prob", "p_score"), "s_score": ("s_probability", "s_prob", "s_score"),
    "s_amplitude": ("s_amplitude_m", "amplitude", "s_amp", "amplitude_m"), "p_snr_energy": ("p_snr", "snr_p"),
}
EVENT_NAMES = {
    "id": ("event_id", "id", "evid", "eventid", "event_index", "event_idx", "idx", "index"),
    "time": ("time", "origin_time", "event_time", "datetime", "ot", "timestamp", "date_time",
             "origintime", "eventtime", "origin_date_time"),
    "latitude": ("latitude", "lat", "latitude_deg", "lat_deg"),
    "longitude": ("longitude", "lon", "long", "longitude_deg", "lon_deg"),
    "depth_m": ("depth(m)", "depth_m"), "depth_km": ("depth_km", "depth(km)", "depth/km", "depth", "dep"),
    "magnitude": ("magnitude", "mag", "ml"), "kind": ("magnitude_kind", "magtype", "mag_type", "magnitude_type"),
    "mag_error": ("magnitude_uncertainty", "magerror"), "gap": ("gap_deg", "gap"), "rms": ("rms_s", "rms"),
    "erh": ("erh_km", "horizontalerror", "erh"), "erz": ("erz_km", "deptherror", "erz"), "ert": ("ert_s",),
    "dmin_km": ("dmin_km",), "n_phases": ("n_phases", "n_picks", "picks", "num_picks", "nst"), "quality": ("quality",),
    "n_stations": ("n_stations",), "flags": ("flags",), "well": ("well_located",), "method": ("method", "associator"),
    "source_id": ("source_id",),
}
UNKNOWN_AMPLITUDE = ("amp", "phase_amplitude", "amplitude")
NOT_EVENTS = {"station", "station_id", "trace_id", "phase", "phase_type", "channel", "elevation_m"}
_PLAIN_UNIT = re.compile(r"[(\[](utc|gmt|deg|degrees?|°|km)[)\]]$")


def header(head: bytes) -> tuple[list[str], str]:
    """Return the column names, and the separator.

    Names come in lower case, with ``_`` for blanks and without the units that are ours anyway: ``Origin Time (UTC)``
    is ``origin_time``, ``Depth (m)`` is ``depth(m)``.
    """
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    mark = max(",\t;", key=first.count)
    return [_plain(name) for name in first.lstrip("# ").split(mark)], mark


def _plain(name: str) -> str:
    short = re.sub(r"\s*([(\[])\s*", r"\1", name.strip().strip('"').strip().lower())
    return re.sub(r"[\s-]+", "_", _PLAIN_UNIT.sub("", short))


def _match(names: list[str], wanted: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Return the position of the first known name of every thing wanted."""
    return {thing: names.index(next(n for n in known if n in names)) for thing, known in wanted.items()
            if any(n in names for n in known)}


def sniff_picks(head: bytes) -> bool:
    """Return whether the header names a station with a phase and time, or with P and S times."""
    found = _match(header(head)[0], NAMES)
    return "station" in found and not sniff_events(head) and ({"phase", "time"} <= set(found) or "p_time" in found)


def sniff_events(head: bytes) -> bool:
    """Return whether the header names a time, latitude and longitude, and no phase."""
    names = header(head)[0]
    return {"time", "latitude", "longitude"} <= set(_match(names, EVENT_NAMES)) and \
        not NOT_EVENTS & set(names)


def _rows(path: Path, wanted: dict[str, tuple[str, ...]],
          needed: tuple[str, ...]) -> Iterator[tuple[Line, dict[str, str]]]:
    """Yield every row with what was asked for; all times must agree on whether they say their zone.

    A header without rows is refused, but for the one that we write for a catalogue without events.
    """
    names: list[str] = []
    found: dict[str, int] = {}
    mark, zoned, empty = ",", None, True
    for line in read_lines(Path(path)):
        if not line.text.strip():
            continue
        if not names:
            names, mark = header(line.text.encode())
            found = _match(names, wanted)
            missing = [thing for thing in needed if thing not in found]
            if missing:
                line.fail(f"no column for {', '.join(missing)}; expected one of "
                          + "; ".join("/".join(wanted[thing]) for thing in missing))
            continue
        empty = False
        fields = next(csv.reader([line.text], delimiter=mark))
        if len(fields) != len(names):
            line.fail(f"{len(fields)} fields; expected {len(names)}, as in the header")
        row = {thing: fields[i].strip() for thing, i in found.items()}
        for thing in ("time", "p_time", "s_time"):
            if row.get(thing) and not _is_epoch(row[thing]):
                if zoned is None:
                    zoned = has_offset(row[thing])
                elif zoned != has_offset(row[thing]):
                    line.fail(f"time '{row[thing]}' {'has no' if zoned else 'has an'} offset, other rows "
                              f"{'have one' if zoned else 'have none'}; expected all with or all without (then UTC)")
        yield line, row
    if empty and tuple(names) != CATALOGUE:
        raise FormatError(f"{path}: has a header, but no rows")


def _is_epoch(text: str) -> bool:
    try:
        return abs(float(text)) < 2e10
    except ValueError:
        return False


def _time(line: Line, text: str, what: str) -> int:
    """Return ns: ISO 8601, or seconds since 1970 (exact to the digits given)."""
    if not _is_epoch(text):
        return line.time(text, what)
    whole, _, fraction = text.partition(".")
    if fraction and not fraction.isdigit():
        return round(float(text) * 1e6) * 1000
    sign = -1 if whole.startswith("-") else 1
    return int(whole or 0) * 1_000_000_000 + sign * int((fraction + "0" * 9)[:9])


def _station(row: dict[str, str]) -> str:
    name = row["station"]
    if row.get("network") and "." not in name:
        location = row.get("location", "")
        name = f"{row['network']}.{name}" + (f".{location}" if location not in ("", "--") else "")
    return name


def _event_number(text: str) -> int | None:
    """Return the number of an event, None for none (empty, -1, nan)."""
    number = float(text) if text not in ("", "nan", "None") else -1.0
    return int(number) if number >= 0 else None


def read_picks(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read picks in rows of one onset, or of a P-S pair; with an event column arrivals come along."""
    path = Path(path)
    with open(path, "rb") as handle:
        names, _ = header(handle.read(8192))
    wide = "p_time" in _match(names, NAMES) and not {"phase", "time"} <= set(_match(names, NAMES))
    collector = Collector("csv", stations)
    events: list[int] = []
    phases: list[Phase] = []
    needed = ("station", "p_time") if wide else ("station", "phase", "time")
    for line, row in _rows(path, NAMES, needed):
        try:
            number = _event_number(row.get("event", ""))
        except ValueError:
            line.fail(f"event '{row['event']}'; expected a whole number, or -1 for none")
        for phase in (_wide if wide else _long)(line, row, collector):
            phases.append(phase)
            events.append(-1 if number is None else number)
    unknown = [name for name in UNKNOWN_AMPLITUDE if name in names]
    if unknown and not wide:
        collector.skip("amplitude-without-unit", f"column '{unknown[0]}' does not say its unit; expected amplitude_m")
    return _tables(collector, phases, events)


def _tables(collector: Collector, phases: list[Phase], events: list[int]) -> Tables:
    """Make picks, and arrivals where the file names events."""
    from quakescribe.tables import ARRIVALS, PICKS
    for phase in phases:
        collector.phase(phase)
    tables = collector.tables()
    result: Tables = {"picks": tables.get("picks", PICKS.empty())}
    if any(event >= 0 for event in events):
        from quakescribe.exchange.clock import from_ns
        from quakescribe.tables import pick_ids
        rows = pd.DataFrame(phases, columns=list(Phase._fields)).assign(event_id=events)
        rows["time"] = from_ns(rows["time"].to_numpy("int64"))
        rows["pick_id"] = pick_ids(rows["station_id"], rows["phase"], rows["time"])
        rows = rows[rows["event_id"] >= 0].drop_duplicates(["event_id", "pick_id"])
        result["arrivals"] = ARRIVALS.order(ARRIVALS.conform(rows))
    if "skips" in tables:
        result["skips"] = tables["skips"]
    return result


def _long(line: Line, row: dict[str, str], collector: Collector) -> list[Phase]:
    phase = phase_word(row["phase"])
    if phase is None:
        collector.skip("unknown-phase", f"phase '{row['phase']}' is neither P nor S")
        return []
    return [Phase(-1, collector.names.resolve(_station(row)), phase, _time(line, row["time"], "time"),
                  probability=line.optional(row.get("score", ""), "probability", 0.0, 1.0),
                  uncertainty_s=line.optional(row.get("uncertainty", ""), "uncertainty", 0.0),
                  amplitude_m=line.optional(row.get("amplitude", ""), "amplitude", 0.0),
                  snr=line.optional(row.get("snr", ""), "snr", 0.0))]


def _wide(line: Line, row: dict[str, str], collector: Collector) -> list[Phase]:
    station_id = collector.names.resolve(_station(row))
    energy = line.optional(row.get("p_snr_energy", ""), "P SNR", 0.0)
    phases = []
    for name in ("p", "s"):
        text = row.get(f"{name}_time", "")
        if text in ("", "-1", "nan", "None", "NaT"):
            continue
        amplitude = line.optional(row.get("s_amplitude", ""), "S amplitude") if name == "s" else math.nan
        phases.append(Phase(-1, station_id, name.upper(), _time(line, text, f"{name.upper()} time"), pair=-line.number_,
                            probability=line.optional(row.get(f"{name}_score", ""), "probability", 0.0, 1.0),
                            amplitude_m=amplitude if amplitude >= 0 else math.nan,
                            snr=math.sqrt(energy) if name == "p" else math.nan))
    return phases


def read_events(path: Path, stations: pd.DataFrame | None = None, metres_per_unit: float = 1000.0,
                lenient: bool = False) -> Tables:
    """Read an event list (PAL's events.csv, SCEDC's with depth(m), USGS ComCat's, PyOcto's, our catalogue).

    A depth whose column does not say metres is in `metres_per_unit`. With `lenient`, rows without a time or a place are
    counted in ``skips`` as ``no-place``.
    """
    collector = Collector("csv", stations)
    for line, row in _rows(Path(path), EVENT_NAMES, ("time", "latitude", "longitude")):
        if lenient and any(row[name].lower() in _NOTHING for name in ("time", "latitude", "longitude")):
            collector.skip("no-place", "events without a time, a latitude or a longitude")
            continue
        latitude, longitude = line.place(line.number(row["latitude"], "latitude"),
                                         line.number(row["longitude"], "longitude"))
        metres = line.optional(row.get("depth_m", ""), "depth")
        depth = metres / 1000.0 if not math.isnan(metres) else (
            line.optional(row.get("depth_km", ""), "depth") * metres_per_unit / 1000.0)

        def number(name: str, line: Line = line, row: dict[str, str] = row) -> float:
            return line.optional(row.get(name, ""), name)

        phases, stations_used = number("n_phases"), number("n_stations")
        event = collector.event(Event(
            row.get("id", ""), _time(line, row["time"], "time"), latitude, longitude, line.depth(depth),
            erh_km=number("erh"), erz_km=number("erz"), ert_s=number("ert"), rms_s=number("rms"), gap_deg=number("gap"),
            dmin_km=number("dmin_km"), n_phases=-1 if math.isnan(phases) else int(phases),
            n_stations=-1 if math.isnan(stations_used) else int(stations_used), quality=row.get("quality") or None,
            flags=row.get("flags") or None, well_located=row.get("well", "").lower() == "true",
            method=row.get("method") or None, source_id=row.get("source_id") or None))
        collector.magnitude(Magnitude(event, row.get("kind") or "M", line.magnitude(row.get("magnitude", "")),
                                      uncertainty=number("mag_error")))
    return collector.tables()


_NOTHING = ("", "nan", "none", "null", "na")


def read_events_leniently(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read an event list, rows without a time or place left out; if depths can only be metres, as metres."""
    try:
        return read_events(path, stations, lenient=True)
    except FormatError:
        return read_events_in_metres(path, stations)


def read_events_in_metres(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read an event list whose depths are metres, whatever their column says; ``skips`` says so."""
    tables = read_events(path, stations, metres_per_unit=1.0, lenient=True)
    row = SKIPS.make({"stage": ["exchange"], "source": [str(path)], "reason": ["depth-in-metres"],
                      "detail": ["depths beyond 800 km in a column of km were taken as metres"],
                      "count": [max(1, len(tables["events"]))]})
    return tables | {"skips": SKIPS.order(pd.concat([tables.get("skips", SKIPS.empty()), row], ignore_index=True))}
