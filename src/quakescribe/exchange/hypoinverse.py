"""HYPOINVERSE-2000: phase file in the Y2000 archive layout (COP 3), and station file in layout 2 (H71 ... 3).

Columns are fixed, decimal points mostly implied. A header per event, one line per station with its P and S, and a line
with nothing but the event number. Times keep 0.01 s; angles whole degrees.
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
from quakescribe.exchange.names import parts
from quakescribe.exchange.view import arrivals_with_picks, catalogue, catalogue_losses, orphans, pairs

HOLDS = {"events": ("event_id", "time", "latitude", "longitude", "depth_km", "n_picks", "n_stations"),
         "origins": ("event_id", "time", "latitude", "longitude", "depth_km", "erh_km", "erz_km", "rms_s", "gap_deg",
                     "dmin_km", "n_phases", "n_stations"),
         "magnitudes": ("event_id", "value"),
         "arrivals": ("event_id", "pick_id", "station_id", "phase", "time", "residual_s", "weight", "distance_km",
                      "azimuth_deg"),
         "picks": ("pick_id", "station_id", "phase", "time")}
LARGEST_ID = 9_999_999_999
_STEP = 10_000_000
_HEADER = re.compile(rb"^[12]\d{3}[ \d]{12}[ \d]{2}[NS ][ \d]{4}[ \d]{3}[EW ][ \d.]{4}[-\d. ]{0,5}")
CODES = ((0.06, 0), (0.12, 1), (0.3, 2), (0.6, 3))  # uncertainty (s) up to which a weight code is given


def sniff(head: bytes) -> bool:
    """Return whether the first line is a Y2000 header."""
    return _HEADER.match(head.split(b"\n", 1)[0]) is not None


def field(line: Line, first: int, last: int, decimals: int, what: str) -> float:
    """Return columns first-last (from 1) as a number with implied decimals; NaN where blank."""
    text = line.text[first - 1:last].strip()
    if not text or text in ("-", "."):
        return math.nan
    return line.number(text, f"{what} (columns {first}-{last})") / (1.0 if "." in text else 10.0**decimals)


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read a phase or archive file into events, origins, arrivals, picks and magnitudes."""
    collector = Collector("hypoinverse", stations)
    event = -1
    for line in read_lines(Path(path)):
        text = line.text
        if not text.strip() or text.startswith("$"):
            continue
        if text[:4].isdigit() and text[4:8].replace(" ", "0").isdigit():
            event = _read_header(line, collector)
        elif text[:30].strip() == "":
            event = -1
        elif event < 0:
            line.fail("a station line before any event; expected a header that starts with the date")
        else:
            _read_station_line(line, event, collector)
    return collector.tables()


def _read_header(line: Line, collector: Collector) -> int:
    text = line.text
    try:
        digits = [int(text[a:b].replace(" ", "0")) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12))]
        origin = clock.instant(digits[0], digits[1], digits[2], digits[3], digits[4], 0)
    except ValueError as error:
        line.fail(f"date and time in columns 1-12: {error}")
    origin += round(_or_zero(field(line, 13, 16, 2, "second")) * clock.SECOND)
    latitude = _or_zero(field(line, 17, 18, 0, "latitude")) + _or_zero(field(line, 20, 23, 2, "latitude")) / 60.0
    longitude = _or_zero(field(line, 24, 26, 0, "longitude")) + _or_zero(field(line, 28, 31, 2, "longitude")) / 60.0
    latitude, longitude = line.place(-latitude if text[18:19] == "S" else latitude,
                                     longitude if text[26:27] == "E" else -longitude)
    count = field(line, 40, 42, 0, "number of phases")
    event = collector.event(Event(
        text[136:146].strip(), origin, latitude, longitude, line.depth(field(line, 32, 36, 2, "depth")),
        erh_km=field(line, 86, 89, 2, "ERH"), erz_km=field(line, 90, 93, 2, "ERZ"), rms_s=field(line, 49, 52, 2, "RMS"),
        gap_deg=field(line, 43, 45, 0, "gap"), dmin_km=field(line, 46, 48, 0, "nearest station"),
        n_phases=-1 if math.isnan(count) else int(count)))
    collector.magnitude(Magnitude(event, text[146:147].strip() or "M", field(line, 148, 150, 2, "magnitude")))
    return event


def _read_station_line(line: Line, event: int, collector: Collector) -> None:
    text = line.text.ljust(114)
    site, network, location = text[0:5].strip(), text[5:7].strip(), text[111:113].strip()
    name = f"{network}.{site}.{location}" if location else (f"{network}.{site}" if network else site)
    station_id = collector.names.resolve(name)
    try:
        minute = clock.instant(int(text[17:21]), int(text[21:23]), int(text[23:25]), int(text[25:27].replace(" ", "0")),
                               int(text[27:29].replace(" ", "0")), 0)
    except ValueError as error:
        line.fail(f"date and time in columns 18-29: {error}")
    distance, azimuth = field(line, 75, 78, 1, "distance"), field(line, 92, 94, 0, "azimuth")
    takeoff = field(line, 79, 81, 0, "emergence angle")
    for phase, remark, second, residual, weight in (("P", text[13:15], (30, 34), (35, 38), (39, 41)),
                                                    ("S", text[46:48], (42, 46), (51, 54), (64, 66))):
        seconds = field(line, *second, 2, f"{phase} second")
        if math.isnan(seconds) or phase not in remark.upper():
            continue
        collector.phase(Phase(event, station_id, phase, minute + round(seconds * clock.SECOND),
                              residual_s=field(line, *residual, 2, f"{phase} residual"),
                              weight=field(line, *weight, 2, f"{phase} weight"), distance_km=distance,
                              azimuth_deg=azimuth, takeoff_deg=takeoff))
        takeoff = math.nan  # one angle per line, that of P where there is one


def implied(value: float, width: int, decimals: int) -> str:
    """Return a number with implied decimals, blank where unknown or too large for its columns."""
    if math.isnan(value):
        return " " * width
    text = f"{math.floor(value * 10**decimals + 0.5):{width}d}"
    return text if len(text) == width else " " * width


def degrees(value: float, width: int, decimals: int, signs: str, gap: str = "") -> str:
    """Return degrees, sign letter and minutes with ``decimals`` digits, carrying 60 minutes into the next degree."""
    whole, minutes = divmod(math.floor(abs(value) * 60 * 10**decimals + 0.5), 60 * 10**decimals)
    return f"{whole:{width}d}{signs[0] if value >= 0 else signs[1]}{gap}{minutes:{2 + decimals}d}"


def write(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write a phase file for COP 3. Weight codes follow the pick uncertainty; without one P gets 0 and S gets 1."""
    rows = catalogue(tables)
    arrivals = arrivals_with_picks(tables)
    _check_names(sorted(set(arrivals["station_id"])))
    small = not len(rows) or int(rows["event_id"].max()) <= LARGEST_ID
    wide, left = pairs(arrivals, ["event_id", "station_id"])
    lines: dict[int, list[str]] = {}
    for row in wide.sort_values(["event_id", "start", "station_id"]).to_dict("records"):
        lines.setdefault(int(row["event_id"]), []).append(_station_line(row))
    with atomic(path) as out:
        for number, row in enumerate(rows.to_dict("records"), 1):
            event_id = row["event_id"] if small else number
            out.write(_header_line(row, event_id))
            out.writelines(lines.get(row["event_id"], []))
            out.write(f"{'':62s}{event_id:10d}\n")
    lost = catalogue_losses(tables, rows, HOLDS, "HYPOINVERSE's phase file") + orphans(tables, rows)
    if len(rows):
        lost.append("rounded: times, residuals and weights to 0.01, places to 0.01 minute, depths to 0.01 km, "
                    "distances to 0.1 km, angles to 1 deg, nearest station to 1 km; uncertainties "
                    "become weight codes 0-4")
    if not small:
        lost.append("event_id: too long for HYPOINVERSE; written as 1..n in order of time")
    if left:
        lost.append(f"arrivals: {left} are left out; the file holds one P and one S (the earliest) per event and "
                    "station")
    return lost


def _check_names(station_ids: list[str]) -> None:
    for station_id in station_ids:
        network, station, location = parts(station_id)
        if len(station) > 5 or len(network) > 2 or len(location) > 2:
            raise FormatError(f"station {station_id}: its name is too long for HYPOINVERSE, which holds 5 characters "
                              "of the station, 2 of the network and 2 of the location; rename it first")


def _header_line(row: Mapping[Any, Any], event_id: int) -> str:
    year, month, day, hour, minute, within = clock.split(clock.rounded(row["time"].value, _STEP))
    text = (f"{year:4d}{month:02d}{day:02d}{hour:02d}{minute:02d}{within // _STEP:4d}"
            + degrees(row["latitude"], 2, 2, " S") + degrees(row["longitude"], 3, 2, "E ")
            + implied(row["depth_km"], 5, 2) + "   " + implied(float(row["n_phases"]), 3, 0)
            + implied(row["gap_deg"], 3, 0) + implied(row["dmin_km"], 3, 0) + implied(row["rms_s"], 4, 2))
    magnitude = implied(row["magnitude"], 3, 2)
    label = "L" if row["magnitude_kind"] == "ML" else "X"
    return (f"{text:<85s}{implied(row['erh_km'], 4, 2)}{implied(row['erz_km'], 4, 2)}".ljust(136)
            + f"{event_id:10d}" + (f"{label}{magnitude}" if magnitude.strip() else "") + "\n")


def _station_line(row: Mapping[Any, Any]) -> str:
    network, station, location = parts(row["station_id"])
    year, month, day, hour, minute, _ = clock.split(clock.rounded(row["start"].value, _STEP))
    base = clock.instant(year, month, day, hour, minute, 0)
    p, s = (None if pd.isna(row[f"time_{x}"]) else (clock.rounded(row[f"time_{x}"].value, _STEP) - base) // _STEP
            for x in "ps")
    known = "p" if p is not None else "s"
    text = f"{station:<5s}{network:<2s}  HHZ "
    text += "    " if p is None else f"IP {_code(row['uncertainty_s_p'], 0)}"
    text += f"{year:4d}{month:02d}{day:02d}{hour:02d}{minute:02d}" + ("     " if p is None else f"{p:5d}")
    text += implied(row["residual_s_p"], 4, 2) + implied(row["weight_p"], 3, 2)
    text += " " * 9 if s is None else f"{s:5d}ES {_code(row['uncertainty_s_s'], 1)}"
    text += implied(row["residual_s_s"], 4, 2) + " " * 9 + implied(row["weight_s"], 3, 2) + " " * 8
    text += implied(row[f"distance_km_{known}"], 4, 1) + implied(row[f"takeoff_deg_{known}"], 3, 0)
    text = text.ljust(91) + implied(row[f"azimuth_deg_{known}"], 3, 0)
    return (text.ljust(111) + location).rstrip() + "\n"


def _code(uncertainty: float, otherwise: int) -> int:
    if math.isnan(uncertainty):
        return otherwise
    return next((code for limit, code in CODES if uncertainty <= limit), 4)
