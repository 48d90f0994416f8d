"""Station files, recognised by content: StationXML, CSV, FDSN text, the station lists of PAL, hypoDD, HYPOINVERSE.

In a CSV the columns may have any order. Needed: ``station_id``, or ``network`` and ``station`` (``location`` where
there is one); ``latitude``, ``longitude``, ``elevation_m``. A ``channel`` column (HHZ), or ``band`` (HH) with
``components`` (Z,N,E), gives channels, with ``gain``, ``unit``, ``azimuth_deg``, ``dip_deg``, ``burial_m``,
``valid_from``, ``valid_to``. A gain without a channel code (PAL) counts for every instrument of the station: the
channels are then Z, N and E.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.errors import FormatError, StationError, TableError
from quakescribe.exchange import hypodd, hypoinverse_stations, stationxml
from quakescribe.tables import CHANNELS, STATIONS

_NAMES = {
    "net": "network", "sta": "station", "loc": "location", "location_code": "location", "lat": "latitude",
    "lon": "longitude", "elevation": "elevation_m", "elev": "elevation_m", "elev_m": "elevation_m", "depth": "burial_m",
    "azimuth": "azimuth_deg", "dip": "dip_deg", "scale": "gain", "gain_counts_per_unit": "gain", "scaleunits": "unit",
    "gain_counts_per_m_s": "gain_m_s", "starttime": "valid_from", "endtime": "valid_to",
}
_NEEDED = ("latitude", "longitude", "elevation_m")
_RANGES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "elevation_m": (-12000.0, 9000.0),
           "burial_m": (0.0, 12000.0), "azimuth_deg": (0.0, 360.0), "dip_deg": (-90.0, 90.0)}
_UNITS = {**stationxml.UNITS, **{unit.upper(): unit for unit in ("m", "m/s", "m/s**2")}}
_EPOCH_COLUMNS = {"valid_from": "station_from", "valid_to": "station_to"}
_SHOWN, _WIDTH = 20, 200
_WITHOUT_HEADER = ((hypoinverse_stations.sniff, hypoinverse_stations.read), (hypodd.sniff_station, hypodd.read_station))
_INSTEAD = ("; read without a header are hypoDD's station.dat (name latitude longitude elevation in m), HYPOINVERSE's "
            "station file (layout 2) and PAL's")
_OPEN_TO_YEAR, _OPEN_FROM_YEAR = 1700, 2262  # an epoch that begins before or ends after is open; so are our times


def read_stations(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a station file; return the tables STATIONS and CHANNELS (a gain that is not stated is null).

    Raises
    ------
    StationError
        If there is no such file, its format is unknown, or rows are wrong; the message lists every fault with its row.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StationError(f"{path}: cannot be read ({error.strerror}); expected StationXML or CSV") from error
    if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        if b"FDSNStationXML" not in content[:4000]:
            raise StationError(f"{path}: XML, but not StationXML (no FDSNStationXML element at its start)")
        return stationxml.read(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StationError(f"{path}: neither StationXML nor text in UTF-8: {error}") from error
    for sniff, read in _WITHOUT_HEADER:
        if sniff(content):
            try:
                return read(path)["stations"], CHANNELS.empty()
            except FormatError as error:  # names the file
                raise StationError(str(error)) from error
            except TableError as error:
                raise StationError(f"{path}: {error}") from error
    rows = _rows(text, path)
    faults: list[str] = []
    places, channels = _tables(rows, faults)
    if faults:
        more = [f"  ... and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        noun = "fault" if len(faults) == 1 else "faults"
        raise StationError("\n".join([f"{path}: {len(faults)} {noun}"] + [f"  - {f}" for f in faults[:_SHOWN]] + more))
    return places, channels


def write_stations(path: str | Path, stations: pd.DataFrame, channels: pd.DataFrame) -> list[str]:
    """Write StationXML if the name ends in .xml, else CSV with one row per channel; return what is lost."""
    path = Path(path)
    if path.suffix.lower() == ".xml":
        return stationxml.write(path, stations, channels)
    places = stations.rename(columns=_EPOCH_COLUMNS)
    rows = places.merge(channels, on="station_id", how="left")
    apart = rows["valid_from"].notna() & (rows["valid_from"] >= rows["station_to"]) \
        | rows["valid_to"].notna() & (rows["valid_to"] <= rows["station_from"])
    rows[~apart].drop(columns="has_response").to_csv(path, index=False)
    lost = int(channels["has_response"].sum())
    return [f"the full response of {lost} channels (only their gains are written)"] if lost else []


def _rows(text: str, path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows with their numbers (the file's lines, counted from 1), keyed by our column names."""
    lines = text.splitlines()
    filled = [line for line in lines if line.strip()]
    if not filled:
        raise StationError(f"{path}: empty; expected StationXML, or CSV with station_id, {', '.join(_NEEDED)}")
    head = filled[0].lstrip("#").strip()
    mark = max("|,;\t", key=head.count)
    first = [field.strip() for field in head.split(mark)]
    if _is_pal(first):
        names, skip = ["station_id", "latitude", "longitude", "elevation_m", "gain_m_s"], 0
    else:
        names, skip = [_NAMES.get(name.lower(), name.lower()) for name in first], lines.index(filled[0]) + 1
    missing = [name for name in _NEEDED if name not in names]
    if "station_id" not in names and not {"network", "station"} <= set(names):
        missing.insert(0, "station_id (or network and station)")
    if missing:
        raise StationError(f"{path}: no column {', '.join(missing)}; found {', '.join(first)[:_WIDTH]}{_INSTEAD}")
    rows = []
    for number, fields in enumerate(csv.reader(io.StringIO("\n".join(lines[skip:])), delimiter=mark), start=skip + 1):
        if fields and any(field.strip() for field in fields) and not fields[0].lstrip().startswith("#"):
            if skip == 0 and len(fields) >= 7:
                fields = [*fields[:4], ",".join(fields[4:7])]
            rows.append((number, {name: value.strip() for name, value in zip(names, fields, strict=False)}))
    return rows


def _is_pal(fields: list[str]) -> bool:
    """Tell PAL's station list: NET.STA, latitude, longitude, elevation, then gains, without a header."""
    return len(fields) >= 4 and "." in fields[0] and all(_number(value) is not None for value in fields[1:4])


def _tables(rows: list[tuple[int, dict[str, str]]], faults: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    places: dict[str, list[tuple[int, tuple[Any, ...]]]] = {}
    channels: dict[tuple[Any, ...], tuple[int, tuple[Any, ...]]] = {}
    for number, row in rows:
        before = len(faults)
        station_id = _station_id(number, row, faults)
        value = {name: _ranged(number, name, row, faults) for name in _RANGES}
        epoch = tuple(_time(number, name, row, faults) for name in ("valid_from", "valid_to"))
        own = tuple(_time(number, name, row, faults) for name in _EPOCH_COLUMNS.values())
        found = _channels(number, row, station_id, value, epoch, faults)
        if len(faults) > before:
            continue
        span = own if "station_from" in row else epoch
        place = (station_id, value["latitude"], value["longitude"], value["elevation_m"], value["burial_m"], *span)
        places.setdefault(station_id, []).append((number, place))
        for channel in found:
            key = (channel[0], channel[1], channel[7])
            if key in channels and channels[key][1] != channel:
                faults.append(f"row {number}: {channel[0]} {channel[1]} was given in row {channels[key][0]} with other "
                              "values")
            channels.setdefault(key, (number, channel))
    for found_places in places.values():
        _one_place_at_a_time(found_places, faults)
    if not rows:
        faults.append("no station in it: the file has a header, but no rows")
    if faults:
        return STATIONS.empty(), CHANNELS.empty()
    merged = stationxml.merge_places([place for found_places in places.values() for _, place in found_places])
    return (STATIONS.make(stationxml.columns(STATIONS.names, merged)),
            CHANNELS.make(stationxml.columns(CHANNELS.names, [channel for _, channel in channels.values()])))


def _one_place_at_a_time(found: list[tuple[int, tuple[Any, ...]]], faults: list[str]) -> None:
    """Refuse a station that is at two places at once."""
    distinct: dict[tuple[Any, ...], tuple[int, tuple[Any, ...]]] = {}
    for number, place in found:
        distinct.setdefault(tuple(str(v) for v in place), (number, place))
    rows = list(distinct.values())
    for i, (number, a) in enumerate(rows):
        for other, b in rows[:i]:
            apart = (a[6] is not None and b[5] is not None and a[6] <= b[5]) or \
                    (b[6] is not None and a[5] is not None and b[6] <= a[5])
            if not apart and [str(v) for v in a[1:5]] != [str(v) for v in b[1:5]]:
                faults.append(f"row {number}: station {a[0]} is at another place than in row {other} at the same time; "
                              "give valid_from and valid_to, or another location code")
                return


def _station_id(number: int, row: dict[str, str], faults: list[str]) -> str:
    given = row.get("station_id") or f"{row.get('network', '')}.{row.get('station', '')}.{_location(row)}"
    parts = given.split(".")
    if len(parts) == 2:
        parts.append("")
    if len(parts) != 3 or not parts[1] or any(" " in part for part in parts):
        faults.append(f"row {number}: station {given!r} is not NET.STA.LOC")
    return ".".join(parts)


def _location(row: dict[str, str]) -> str:
    return "" if row.get("location", "") in ("", "--", "nan") else row["location"]


def _channels(number: int, row: dict[str, str], station_id: str, value: dict[str, float], epoch: tuple[Any, ...],
              faults: list[str]) -> list[tuple[Any, ...]]:
    if row.get("channel"):
        codes = [row["channel"]]
    elif row.get("band"):
        codes = [row["band"] + c for c in (row.get("components") or "Z,N,E").replace(" ", "").split(",")]
    elif row.get("gain") or row.get("gain_m_s"):
        codes = ["Z", "N", "E"]
    else:
        return []
    unit = _unit(number, row, faults)
    gains = [_number(text) for text in (row.get("gain") or row.get("gain_m_s") or "").split(",")]
    given = row.get("gain") or row.get("gain_m_s") or ""
    if given and (None in gains or len(gains) not in (1, len(codes))):
        faults.append(f"row {number}: gain {given!r}; expected one number, or one for each of {', '.join(codes)}")
        return []
    per_code = gains * len(codes) if len(gains) == 1 else gains
    if "gain_m_s" in row and not row.get("gain"):
        per_code = [per_code[i] for i in (2, 1, 0)] if len(gains) == 3 else per_code
    single = len(codes) == 1
    return [(station_id, code, value["azimuth_deg"] if single else np.nan, value["dip_deg"] if single else np.nan,
             np.nan if gain is None or gain == 0 else gain, unit if gain else None, False, *epoch)
            for code, gain in zip(codes, per_code, strict=False)]


def _unit(number: int, row: dict[str, str], faults: list[str]) -> str | None:
    text = row.get("unit", "")
    if not text:
        return "m/s" if row.get("gain") or row.get("gain_m_s") else None
    unit = _UNITS.get(text.upper())
    if unit is None:
        faults.append(f"row {number}: unit {text!r}; expected m, m/s or m/s**2")
    return unit


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _ranged(number: int, name: str, row: dict[str, str], faults: list[str]) -> float:
    text = row.get(name, "")
    if not text or text.lower() == "nan":
        if name in _NEEDED:
            faults.append(f"row {number}: no {name}")
        return np.nan
    value, (low, high) = _number(text), _RANGES[name]
    if value is None or not low <= value <= high:
        faults.append(f"row {number}: {name} is {text}; expected a number in [{low:g}, {high:g}]")
        return np.nan
    return value


def _time(number: int, name: str, row: dict[str, str], faults: list[str]) -> pd.Timestamp | None:
    text = row.get(name, "")
    if not text or text.lower() in ("nan", "nat"):
        return None
    try:
        moment = pd.Timestamp(text)
    except (ValueError, OverflowError):
        faults.append(f"row {number}: {name} is {text!r}; expected a time like 2020-01-02T03:04:05Z")
        return None
    early, late = moment.year < _OPEN_TO_YEAR, moment.year >= _OPEN_FROM_YEAR
    if early or late:
        if early != name.endswith("_from"):
            faults.append(f"row {number}: {name} is {text!r}; expected a time between {_OPEN_TO_YEAR} and "
                          f"{_OPEN_FROM_YEAR}")
        return None
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
