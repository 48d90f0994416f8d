"""Station files (StationXML, CSV, FDSN text) for the register of formats; the reading itself is in `stations`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from quakescribe.errors import FormatError
from quakescribe.exchange.lines import atomic
from quakescribe.exchange.stations import read_stations, write_stations
from quakescribe.exchange.view import Tables, losses
from quakescribe.tables import CHANNELS, STATIONS

HOLDS = {"stations": tuple(STATIONS.names), "channels": tuple(c for c in CHANNELS.names if c != "has_response")}

WORDS = {"station": ("station", "station_id", "sta"), "latitude": ("latitude", "lat"),
         "elevation_m": ("elevation_m", "elevation", "elev", "elev_m")}
_CREATED = re.compile(r"<Created>[^<]*</Created>")


def sniff_xml(head: bytes) -> bool:
    """Return whether it is StationXML."""
    return b"FDSNStationXML" in head


def sniff_text(head: bytes) -> bool:
    """Return whether the header names a station with latitude, longitude and elevation."""
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace").lower().lstrip("# ")
    names = {name.strip() for name in first.replace("|", ",").replace(";", ",").replace("\t", ",").split(",")}
    return all(names & set(known) for known in WORDS.values())


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read stations and channels."""
    return dict(zip(("stations", "channels"), read_stations(path), strict=True))


def write(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write StationXML; its creation date is a fixed one, so the same tables give the same bytes."""
    path = Path(path)
    if path.suffix.lower() != ".xml":
        raise FormatError(f"{path}: StationXML is written to a file that ends in .xml")
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = path.with_name(f".{path.stem}.raw.tmp.xml")
    try:
        lost = write_stations(raw, tables.get("stations", STATIONS.empty()), tables.get("channels", CHANNELS.empty()))
        with atomic(path) as out:
            out.write(_CREATED.sub("<Created>1970-01-01T00:00:00Z</Created>", raw.read_text(encoding="utf-8"), count=1))
    finally:
        raw.unlink(missing_ok=True)
    return losses({name: frame for name, frame in tables.items() if name not in HOLDS}, HOLDS, "StationXML") + lost
