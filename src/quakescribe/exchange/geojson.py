"""GeoJSON (RFC 7946): one point per event; the third coordinate is metres above sea level, so depth counts negative.

The depth stands in the properties too, in km. USGS feeds, whose third coordinate is the depth in km and whose times are
milliseconds, are read as well.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.errors import FormatError
from quakescribe.exchange.clock import iso, parse_time, to_ns
from quakescribe.exchange.collect import Collector, Event, Magnitude, Tables
from quakescribe.exchange.lines import Line, atomic
from quakescribe.exchange.view import catalogue, catalogue_losses

_NUMBERS = ("erh_km", "erz_km", "ert_s", "rms_s", "gap_deg", "dmin_km")
_WORDS = ("quality", "flags", "method", "source_id")
HOLDS = {"events": ("event_id", "time", "latitude", "longitude", "depth_km", "n_picks", "n_stations",
                    "source_id"),
         "origins": ("event_id", "time", "latitude", "longitude", "depth_km", *_NUMBERS, "n_phases", "n_stations",
                     "well_located", *_WORDS),
         "magnitudes": ("event_id", "kind", "value", "uncertainty")}


def sniff(head: bytes) -> bool:
    """Return whether it is a JSON object that names a feature collection."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b"FeatureCollection" in head


def write(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write one feature per event; unknown values are null."""
    rows = catalogue(tables)
    times = iso(to_ns(rows["time"])) if len(rows) else []
    with atomic(path) as out:
        out.write('{"type": "FeatureCollection", "features": [')
        for i, (row, time) in enumerate(zip(rows.to_dict("records"), times, strict=True)):
            out.write((",\n" if i else "\n") + json.dumps(_feature(row, time), allow_nan=False))
        out.write("\n]}\n")
    return catalogue_losses(tables, rows, HOLDS, "GeoJSON")


def _feature(row: Mapping[Any, Any], time: str) -> dict[str, Any]:
    depth = row["depth_km"]
    place = [row["longitude"], row["latitude"]] + ([] if math.isnan(depth) else [round(-1000.0 * depth, 3)])
    properties = {"event_id": row["event_id"], "time": time, "depth_km": depth, "magnitude": row["magnitude"],
                  "magnitude_kind": row["magnitude_kind"], "magnitude_uncertainty": row["magnitude_uncertainty"],
                  "n_phases": int(row["n_phases"]), "n_stations": int(row["n_stations"]),
                  "well_located": bool(row["well_located"])}
    properties.update({name: row[name] for name in (*_NUMBERS, *_WORDS)})
    return {"type": "Feature", "id": str(row["event_id"]), "geometry": {"type": "Point", "coordinates": place},
            "properties": {name: None if pd.isna(value) else value for name, value in properties.items()}}


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read our features, or those of a USGS feed."""
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8: {error}; expected GeoJSON in UTF-8") from error
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}: line {error.lineno}: broken JSON ({error.msg}); is the file cut off?") from error
    if not isinstance(content, dict) or not isinstance(content.get("features"), list):
        raise FormatError(f"{path}: no list of features; expected a GeoJSON FeatureCollection")
    collector = Collector("geojson", stations)
    for i, feature in enumerate(content["features"], 1):
        _event(path, i, feature, collector)
    return collector.tables()


def _event(path: Path, number: int, feature: Any, collector: Collector) -> None:
    line = Line(path, number, "")  # features stand one to a line in our files; the number counts features
    try:
        properties, place = feature["properties"], feature["geometry"]["coordinates"]
        longitude, latitude = (line.number(str(value), what) for value, what in
                               zip(place[:2], ("longitude", "latitude"), strict=True))
        when, name = properties["time"], str(properties.get("event_id", feature.get("id", "")))
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: feature {number}: no {error}; expected a point and its properties") from error
    get = properties.get
    usgs = "depth_km" not in properties
    depth = _float(place[2] if len(place) > 2 else None) if usgs else _float(get("depth_km"))
    latitude, longitude = line.place(latitude, longitude)
    event = collector.event(Event(
        name, int(when) * 1_000_000 if isinstance(when, int) else _time(path, number, str(when)), latitude, longitude,
        line.depth(depth), n_phases=int(get("n_phases", get("nst")) or 0), n_stations=int(get("n_stations") or 0),
        rms_s=_float(get("rms_s", get("rms"))), gap_deg=_float(get("gap_deg", get("gap"))),
        erh_km=_float(get("erh_km")), erz_km=_float(get("erz_km")), ert_s=_float(get("ert_s")),
        dmin_km=_float(get("dmin_km")), quality=get("quality"), flags=get("flags"),
        well_located=bool(get("well_located", False)), method=get("method"), source_id=get("source_id")))
    value = _float(get("magnitude", get("mag")))
    collector.magnitude(Magnitude(event, str(get("magnitude_kind") or get("magType") or "M"), value,
                                  uncertainty=_float(get("magnitude_uncertainty"))))


def _time(path: Path, number: int, text: str) -> int:
    try:
        return parse_time(text)
    except ValueError as error:
        raise FormatError(f"{path}: feature {number}: time: {error}") from error


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
