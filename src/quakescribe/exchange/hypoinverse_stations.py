"""HYPOINVERSE-2000 station file, layout 2: fixed columns, degrees and minutes, elevation in metres."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from quakescribe.errors import FormatError
from quakescribe.exchange.collect import Tables
from quakescribe.exchange.lines import atomic, read_lines
from quakescribe.exchange.names import Names, parts
from quakescribe.exchange.view import losses
from quakescribe.tables import STATIONS

HOLDS = {"stations": ("station_id", "latitude", "longitude", "elevation_m")}
_LINE = re.compile(r"^(.{5}) (.{2}) (.)(.{3}) (.)([ \d]{2}) ([ \d.]{7})([NS ])"
                   r"([ \d]{3}) ([ \d.]{7})([EW ])([-+ \d]{4})")


def sniff(head: bytes) -> bool:
    """Return whether the first line has degrees and minutes in the columns of layout 2."""
    return _LINE.match(head.split(b"\n", 1)[0].decode("latin-1")) is not None


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read a station file; several components of a station count once."""
    names = Names(stations)
    rows: dict[str, dict[str, object]] = {}
    for line in read_lines(Path(path)):
        if not line.text.strip():
            continue
        match = _LINE.match(line.text.ljust(42))
        if match is None:
            line.fail("not a station in layout 2; expected name in columns 1-5, network 7-8, latitude 16-26, longitude "
                      "27-38")
        site, network, _, _, _, lat, lat_min, south, lon, lon_min, east, elevation = match.groups()
        latitude = line.number(lat, "latitude") + line.number(lat_min, "latitude minutes", 0, 60) / 60
        longitude = line.number(lon, "longitude") + line.number(lon_min, "longitude minutes", 0, 60) / 60
        latitude, longitude = line.place(-latitude if south == "S" else latitude,
                                         longitude if east == "E" else -longitude)
        location = line.text[80:82].strip()
        name = ".".join(x for x in (network.strip(), site.strip(), location) if x)
        station_id = names.resolve(name)
        rows.setdefault(station_id, {"station_id": station_id, "latitude": latitude, "longitude": longitude,
                                     "elevation_m": line.number(elevation.strip() or "0", "elevation")})
    if not rows:
        return {"stations": STATIONS.empty()}
    return {"stations": STATIONS.order(STATIONS.conform(pd.DataFrame(list(rows.values()))))}


def write(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write a station file, the latest epoch of each station."""
    table = tables.get("stations", STATIONS.empty())
    stations = table.drop_duplicates("station_id", keep="last")
    with atomic(path) as out:
        for row in stations.to_dict("records"):
            network, site, location = parts(row["station_id"])
            if len(site) > 5 or len(network) > 2 or len(location) > 2:
                raise FormatError(f"station {row['station_id']}: its name is too long for HYPOINVERSE, which holds 5 "
                                  "characters of the station, 2 of the network and 2 of the location; rename it first")
            text = (f"{site:<5s} {network:<2s}  HHZ  {_degrees(row['latitude'], 2, 'NS')}"
                    f"{_degrees(row['longitude'], 3, 'EW')}{round(row['elevation_m']):4d}0.2")
            out.write((text.ljust(80) + location).rstrip() + "\n")
    lost = losses(tables, HOLDS, "HYPOINVERSE's station file")
    if len(stations):
        lost.append("rounded: places to 0.0001 minute, elevations to 1 m")
    if len(table) > len(stations):
        lost.append(f"stations: {len(table) - len(stations)} earlier epochs are left out")
    return lost


def _degrees(value: float, width: int, letters: str) -> str:
    whole, minutes = divmod(round(abs(value) * 600_000), 600_000)
    return f"{whole:{width}d} {minutes / 10_000:7.4f}{letters[0] if value >= 0 else letters[1]}"
