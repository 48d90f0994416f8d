"""PAL's text files: ``.pick`` (P-S pairs), ``.pha`` (events with pairs), ``.ctlg`` (events), ``.sta`` (stations).

Comma-separated, without a header. ``.pick``: station, origin-time estimate, P, S, S amplitude (m), P SNR (of energies),
dominant frequency. ``.pha``: event lines (time, latitude, longitude, depth km, magnitude, and an event number or a
residual), each followed by station lines (station, P, S, S amplitude, SNR; -1 = no such onset). ``.sta``: station,
latitude, longitude, elevation m, then one gain, three (E, N, Z), or three with their dates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from quakescribe.exchange.clock import iso, parse_time, to_ns
from quakescribe.exchange.collect import Collector, Event, Magnitude, Phase, Tables
from quakescribe.exchange.lines import Line, atomic, read_lines
from quakescribe.exchange.names import Names
from quakescribe.exchange.view import arrivals_with_picks, catalogue, catalogue_losses, losses, orphans, pairs
from quakescribe.tables import CHANNELS, PICKS, STATIONS

PICK_HOLDS = {"picks": ("pick_id", "station_id", "phase", "time", "amplitude_m", "snr", "pair_id")}
CTLG_HOLDS = {"events": ("time", "latitude", "longitude", "depth_km"),
              "origins": ("time", "latitude", "longitude", "depth_km"), "magnitudes": ("value",)}
PHA_HOLDS = {"events": ("event_id", "time", "latitude", "longitude", "depth_km", "n_picks", "n_stations"),
             "origins": ("event_id", "time", "latitude", "longitude", "depth_km"),
             "arrivals": ("event_id", "pick_id", "station_id", "phase", "time", "amplitude_m"),
             "magnitudes": ("event_id", "value"),
             "picks": ("pick_id", "station_id", "phase", "time", "amplitude_m", "pair_id")}
STA_HOLDS = {"stations": ("station_id", "latitude", "longitude", "elevation_m", "valid_from", "valid_to"),
             "channels": ("station_id", "channel", "gain", "unit", "valid_from", "valid_to")}
VP, VS = 6.0, 3.45  # km/s, PAL's own values behind the origin-time estimate of a pair
_CODE = re.compile(rb"^[A-Za-z0-9]{1,8}\.[A-Za-z0-9_-]{1,8}(\.[A-Za-z0-9]{0,2})?$")
_TIME = re.compile(rb"^(\d{4}-\d\d-\d\dT|\d{14}(\.|$))")


def _fields(head: bytes) -> list[list[bytes]]:
    lines = [line.strip().split(b",") for line in head.split(b"\n") if line.strip()]
    return lines[:-1] if len(lines) > 1 and not head.endswith(b"\n") else lines


def sniff_pick(head: bytes) -> bool:
    """Return whether the first line is station, three times and an amplitude."""
    rows = _fields(head)
    return bool(rows) and len(rows[0]) >= 5 and bool(_CODE.match(rows[0][0])) and \
        all(_TIME.match(field) or field == b"-1" for field in rows[0][1:4])


def sniff_pha(head: bytes) -> bool:
    """Return whether an event line comes first and a station line after it."""
    rows = _fields(head)
    return len(rows) > 1 and len(rows[0]) >= 4 and bool(_TIME.match(rows[0][0])) and \
        any(_CODE.match(row[0]) and not _TIME.match(row[0]) for row in rows[1:])


def sniff_ctlg(head: bytes) -> bool:
    """Return whether all lines are event lines."""
    rows = _fields(head)
    return bool(rows) and all(4 <= len(row) <= 8 and _TIME.match(row[0]) for row in rows)


def sniff_sta(head: bytes) -> bool:
    """Return whether the first line is a station with 3 coordinates and 1, 3 or 5 more fields."""
    rows = _fields(head)
    if not rows or len(rows[0]) not in (5, 7, 9) or not _CODE.match(rows[0][0]):
        return False
    return all(re.fullmatch(rb"\s*[-+0-9.eE]+\s*", field) for field in rows[0][1:5])


def _number_or_nan(line: Line, fields: list[str], i: int, what: str) -> float:
    value = line.optional(fields[i], what) if i < len(fields) else math.nan
    return value if value >= 0 else math.nan


def _pair(line: Line, fields: list[str], number: int, event: int, collector: Collector, snr_at: int | None) -> None:
    """Take a P-S pair: fields are station, P, S, amplitude."""
    station_id = collector.names.resolve(fields[0])
    amplitude = _number_or_nan(line, fields, 3, "S amplitude")
    snr = _number_or_nan(line, fields, snr_at, "P SNR") if snr_at is not None else math.nan
    for phase, text in (("P", fields[1]), ("S", fields[2])):
        if text.strip() in ("-1", "-1.0", ""):
            continue
        is_p = phase == "P"
        collector.phase(Phase(event, station_id, phase, line.time(text, f"{phase} time"), pair=-number,
                              arrival=event >= 0, amplitude_m=math.nan if is_p else amplitude,
                              snr=math.sqrt(snr) if is_p else math.nan))


def read_pick(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read a ``.pick`` file into picks; the energy SNR becomes one of amplitudes by its square root."""
    collector = Collector("pal-pick", stations)
    for line in read_lines(Path(path)):
        fields = line.text.split(",")
        if not line.text.strip():
            continue
        if len(fields) < 5:
            line.fail(f"{len(fields)} fields; expected station, origin time, P, S, S amplitude[, P SNR, frequency]")
        _pair(line, [fields[0], *fields[2:]], line.number_, -1, collector, 4)
    tables = collector.tables()
    return {"picks": tables.get("picks", PICKS.empty()), **{k: v for k, v in tables.items() if k == "skips"}}


def write_pick(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write the P-S pairs of the picks table; unpaired picks are left out and counted."""
    picks = tables.get("picks", PICKS.empty())
    paired = picks[picks["pair_id"] != 0]
    wide, _ = pairs(paired, ["station_id", "pair_id"])
    wide = wide[wide["time_p"].notna() & wide["time_s"].notna()].sort_values(["time_p", "station_id"])
    with atomic(path) as out:
        if len(wide):
            p, s = to_ns(wide["time_p"]), to_ns(wide["time_s"])
            origin = p - np.rint((s - p) * VS / (VP - VS)).astype(np.int64)
            for name, o_text, p_text, s_text, amplitude, snr in zip(
                    wide["station_id"], iso(origin // 1000 * 1000), iso(p), iso(s), wide["amplitude_m_s"].tolist(),
                    wide["snr_p"].tolist(), strict=True):
                energy = "" if math.isnan(snr) else f",{float(snr) ** 2!r}"
                metres = -1 if math.isnan(amplitude) else amplitude
                out.write(f"{_label(name)},{o_text},{p_text},{s_text},{metres}{energy}\n")
    lost = losses(tables, PICK_HOLDS, "PAL's .pick")
    left = len(picks) - 2 * len(wide)
    if left:
        lost.append(f"picks: {left} of no P-S pair are left out; PAL's .pick holds pairs only")
    if len(wide) and (wide["amplitude_m_p"].notna().any() or wide["snr_s"].notna().any()):
        lost.append("picks: amplitude_m of P and snr of S left out; PAL's .pick keeps one of each per pair")
    return lost


def _label(station_id: str) -> str:
    return station_id.removesuffix(".")


def _event(line: Line, fields: list[str], collector: Collector) -> int:
    if len(fields) < 4:
        line.fail(f"{len(fields)} fields; expected time, latitude, longitude, depth[, magnitude]")
    time = line.time(fields[0], "origin time")
    latitude, longitude = line.place(line.number(fields[1], "latitude"), line.number(fields[2], "longitude"))
    last = fields[5].strip() if len(fields) > 5 else ""
    event = collector.event(Event(last if last.isdigit() else "", time, latitude, longitude,
                                  line.depth(line.optional(fields[3], "depth"))))
    if len(fields) > 4:
        collector.magnitude(Magnitude(event, "M_PAL", line.magnitude(fields[4])))
    return event


def read_pha(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read a ``.pha`` or ``.ctlg`` file into events, origins, arrivals, picks and magnitudes."""
    collector = Collector("pal", stations)
    event = -1
    for line in read_lines(Path(path)):
        if not line.text.strip():
            continue
        fields = line.text.split(",")
        if fields[0].strip()[:8].replace("-", "").isdigit() and "." not in fields[0][:10]:
            event = _event(line, fields, collector)
        elif event < 0:
            line.fail("a station line before any event line; expected time, latitude, longitude, depth, magnitude")
        elif len(fields) < 3:
            line.fail(f"{len(fields)} fields; expected station, P time, S time[, S amplitude, SNR]")
        else:
            _pair(line, fields, line.number_, event, collector, None)
    return collector.tables()


def write_ctlg(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write one line per event."""
    rows = catalogue(tables)
    with atomic(path) as out:
        for text in _event_lines(rows):
            out.write(text + "\n")
    return catalogue_losses(tables, rows, CTLG_HOLDS, "PAL's .ctlg")


def _event_lines(rows: pd.DataFrame) -> list[str]:
    times = iso(to_ns(rows["time"])) if len(rows) else []
    return [f"{time},{lat},{lon},{'' if math.isnan(depth) else depth},{-9 if math.isnan(magnitude) else magnitude}"
            for time, lat, lon, depth, magnitude in zip(
                times, rows["latitude"].tolist(), rows["longitude"].tolist(), rows["depth_km"].tolist(),
                rows["magnitude"].astype(float).tolist(), strict=True)]


def write_pha(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write events with their P-S pairs and the event number as sixth field; a missing onset is -1."""
    rows = catalogue(tables)
    wide, left = pairs(arrivals_with_picks(tables), ["event_id", "station_id"])
    lines: dict[int, list[str]] = {}
    for row in wide.sort_values(["event_id", "start", "station_id"]).to_dict("records"):
        p, s = ("-1" if pd.isna(t) else iso(np.array([t.value]))[0] for t in (row["time_p"], row["time_s"]))
        amplitude = -1 if pd.isna(row["amplitude_m_s"]) else row["amplitude_m_s"]
        lines.setdefault(int(row["event_id"]), []).append(f"{_label(row['station_id'])},{p},{s},{amplitude}\n")
    with atomic(path) as out:
        for event_id, text in zip(rows["event_id"].tolist(), _event_lines(rows), strict=True):
            out.write(f"{text},{event_id}\n")
            out.writelines(lines.get(event_id, []))
    lost = catalogue_losses(tables, rows, PHA_HOLDS, "PAL's .pha") + orphans(tables, rows)
    if left:
        lost.append(f"arrivals: {left} are left out; PAL's .pha holds one P and one S (the earliest) per event and "
                    "station")
    return lost


def read_sta(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read a station file into stations and channels E, N, Z (gain in counts per m/s)."""
    names = Names(stations)
    places: list[dict[str, object]] = []
    channels: list[dict[str, object]] = []
    for line in read_lines(Path(path)):
        if not line.text.strip():
            continue
        fields = [field.strip() for field in line.text.split(",")]
        if len(fields) not in (5, 7, 9):
            line.fail(f"{len(fields)} fields; expected station, latitude, longitude, elevation and 1, 3 or 5 more")
        latitude, longitude = line.place(line.number(fields[1], "latitude"), line.number(fields[2], "longitude"))
        dates = [_epoch(line, field) for field in fields[7:9]] or [None, None]
        gains = [line.number(field, "gain") for field in fields[4:7]]
        epoch = {"station_id": names.resolve(fields[0]), "valid_from": dates[0], "valid_to": dates[1]}
        places.append({**epoch, "latitude": latitude, "longitude": longitude,
                       "elevation_m": line.number(fields[3], "elevation", -12000, 9000)})
        channels += [{**epoch, "channel": c, "gain": g, "unit": "m/s", "has_response": False}
                     for c, g in zip("ENZ", gains if len(gains) == 3 else gains * 3, strict=True)]
    if not places:
        return {"stations": STATIONS.empty(), "channels": CHANNELS.empty()}
    return {"stations": STATIONS.order(STATIONS.conform(pd.DataFrame(places))),
            "channels": CHANNELS.order(CHANNELS.conform(pd.DataFrame(channels)))}


def _epoch(line: Line, text: str) -> pd.Timestamp | None:
    """Return a date; PAL's far future (3000) and our far past (1678) mean open."""
    year = text[:4]
    if year.isdigit() and (int(year) >= 2261 or int(year) <= 1678):
        return None
    try:
        return pd.Timestamp(parse_time(text), tz="UTC")
    except ValueError as error:
        line.fail(f"date: {error}")


def write_sta(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write stations with the gains of their channels; dates only where an epoch has one."""
    stations = tables.get("stations", STATIONS.empty())
    channels = tables.get("channels", CHANNELS.empty())
    lost = losses(tables, STA_HOLDS, "PAL's .sta")
    dated = bool(stations["valid_from"].notna().any() or stations["valid_to"].notna().any())
    missing = []
    with atomic(path) as out:
        for row in stations.to_dict("records"):
            gains = _gains(channels, row["station_id"], row["valid_from"])
            if gains is None:
                missing.append(row["station_id"])
                continue
            dates = [_date(row["valid_from"], "1678/01/01"), _date(row["valid_to"], "3000/01/01")] if dated else []
            if dated and len(gains) == 1:
                gains = gains * 3
            numbers = [row["latitude"], row["longitude"], row["elevation_m"], *gains]
            out.write(",".join([_label(row["station_id"]), *map(repr, numbers), *dates]) + "\n")
    if missing:
        lost.append(f"stations: {', '.join(missing)} left out; PAL's .sta needs a gain")
    return lost


def _date(time: pd.Timestamp, otherwise: str) -> str:
    return otherwise if pd.isna(time) else time.strftime("%Y/%m/%d")


def _gains(channels: pd.DataFrame, station_id: str, start: pd.Timestamp) -> list[float] | None:
    """Return the gains E, N, Z of a station (1, 2 stand for N, E; one component stands for all)."""
    mine = channels[(channels["station_id"] == station_id) & channels["gain"].notna()]
    exact = mine[(mine["valid_from"] == start) | (mine["valid_from"].isna() & pd.isna(start))]
    mine = exact if len(exact) else mine
    by = {str(c)[-1]: float(g) for c, g in zip(mine["channel"], mine["gain"], strict=True)}
    if not by:
        return None
    spare = next(iter(by.values()))
    return [by.get(a, by.get(b, spare)) for a, b in (("E", "2"), ("N", "1"), ("Z", "3"))]
