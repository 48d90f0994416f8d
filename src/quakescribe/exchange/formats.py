"""Every format in one register: recognised by content, read into tables, written from tables, with what gets lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from quakescribe.errors import FormatError, TableError
from quakescribe.exchange import (
    columns,
    fdsn,
    geojson,
    hypo71,
    hypodd,
    hypoinverse,
    hypoinverse_stations,
    nonlinloc,
    pal,
    quakeml,
    relocated,
    stationfile,
    tabular,
)
from quakescribe.exchange.hints import missing_columns
from quakescribe.exchange.view import Tables
from quakescribe.tables import SKIPS, TABLES

Reader = Callable[[Path, "pd.DataFrame | None"], Tables]
Writer = Callable[[Path, Mapping[str, pd.DataFrame]], list[str]]
Holds = Mapping[str, tuple[str, ...]]
_HEAD = 65_536


@dataclass(frozen=True)
class Format:
    """One format. ``holds`` names the tables and columns that a round trip keeps (to the digits the format has)."""

    name: str
    meaning: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], bool]
    holds: Holds
    read: Reader | None = None
    write: Writer | None = None


def _never(head: bytes) -> bool:
    return False


FORMATS: dict[str, Format] = {entry.name: entry for entry in (
    Format("parquet", "our tables as Parquet, a folder or one table", (".parquet",), tabular.sniff_parquet,
           tabular.HOLDS, tabular.read_file, tabular.write_parquet),
    Format("quakeml", "QuakeML 1.2", (".xml", ".qml", ".quakeml"), quakeml.sniff, quakeml.HOLDS, quakeml.read,
           quakeml.write),
    Format("stationxml", "FDSN StationXML", (".xml",), stationfile.sniff_xml, stationfile.HOLDS, stationfile.read,
           stationfile.write),
    Format("geojson", "GeoJSON points", (".geojson", ".json"), geojson.sniff, geojson.HOLDS, geojson.read,
           geojson.write),
    Format("fdsn", "FDSN event text", (".txt",), fdsn.sniff, fdsn.HOLDS, fdsn.read, fdsn.write),
    Format("csv", "our tables as CSV, a folder or one table; several tables into one .csv give the catalogue",
           (".csv",), tabular.sniff_csv, tabular.HOLDS, tabular.read_file, tabular.write_csv),
    Format("hypodd", "hypoDD phase.dat", (".dat", ".pha"), hypodd.sniff, hypodd.HOLDS, hypodd.read, hypodd.write),
    Format("hypodd-event", "hypoDD event.dat (read only)", (".dat",), hypodd.sniff_event, {}, hypodd.read_event),
    Format("hypodd-reloc", "hypoDD's relocated events, hypoDD.reloc (read only)", (".reloc",), relocated.sniff_hypodd,
           {}, relocated.read_hypodd),
    Format("growclust", "GrowClust's relocated events (read only)", (".growclust_cat",), relocated.sniff_growclust, {},
           relocated.read_growclust),
    Format("hypo71", "HYPO71 summary of HYPOINVERSE (read only)", (".sum",), hypo71.sniff, {}, hypo71.read),
    Format("hypoinverse", "HYPOINVERSE Y2000 phase or archive file", (".phs", ".arc"), hypoinverse.sniff,
           hypoinverse.HOLDS, hypoinverse.read, hypoinverse.write),
    Format("hypoinverse-station", "HYPOINVERSE station file, layout 2", (".sta", ".dat"), hypoinverse_stations.sniff,
           hypoinverse_stations.HOLDS, hypoinverse_stations.read, hypoinverse_stations.write),
    Format("nonlinloc", "NonLinLoc observations", (".obs",), nonlinloc.sniff, nonlinloc.HOLDS, nonlinloc.read,
           nonlinloc.write),
    Format("pal-pick", "PAL's P-S pairs", (".pick",), pal.sniff_pick, pal.PICK_HOLDS, pal.read_pick, pal.write_pick),
    Format("pal", "PAL's events with pairs", (".pha", ".dat"), pal.sniff_pha, pal.PHA_HOLDS, pal.read_pha,
           pal.write_pha),
    Format("pal-ctlg", "PAL's events", (".ctlg", ".dat"), pal.sniff_ctlg, pal.CTLG_HOLDS, pal.read_pha, pal.write_ctlg),
    Format("pal-sta", "PAL's stations", (".sta",), pal.sniff_sta, pal.STA_HOLDS, pal.read_sta, pal.write_sta),
    Format("picks-csv", "picks of other programs (read only)", (".csv",), columns.sniff_picks, {}, columns.read_picks),
    Format("catalogue", "one row per event as CSV; event lists of others are read", (".csv",), columns.sniff_events,
           tabular.CATALOGUE_HOLDS, columns.read_events, tabular.write_catalogue),
    Format("station-csv", "station lists of others (read only)", (".csv", ".txt"), stationfile.sniff_text, {},
           stationfile.read),
    Format("hypodd-station", "hypoDD station.dat", (".dat",), hypodd.sniff_station, hypodd.STATION_HOLDS,
           hypodd.read_station, hypodd.write_station),
)}
DEPTHS = ("events", "origins")


def recognise(path: str | Path) -> str:
    """Return the name of a file's format, told by its content; a folder of tables is 'parquet' or 'csv'.

    Raises
    ------
    FormatError
        Where the file is missing, empty, compressed, or of no known format.
    """
    path = Path(path)
    if path.is_dir():
        return "csv" if not any(path.glob("*.parquet")) and any(path.glob("*.csv")) else "parquet"
    if not path.exists():
        raise FormatError(f"{path}: no such file or folder")
    with open(path, "rb") as handle:
        head = handle.read(_HEAD)
    if not head.strip():
        raise FormatError(f"{path}: the file is empty")
    if head[:2] in (b"\x1f\x8b", b"PK", b"BZ"):
        raise FormatError(f"{path}: the file is compressed; unpack it first")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FormatError(f"{path}: line 1: the file is UTF-16; expected UTF-8: save it as UTF-8")
    name = next((entry.name for entry in FORMATS.values() if entry.sniff(head)), None)
    if name is None:
        first = head.split(b"\n", 1)[0][:60].decode("utf-8", "replace").strip()
        why = missing_columns(head) or f"known are {', '.join(FORMATS)}"
        raise FormatError(f"{path}: no known format begins with '{first}'; {why}")
    return name


def read_tables(path: str | Path, stations: pd.DataFrame | None = None, depth_datum_km: float = 0.0,
                lenient: bool = False) -> Tables:
    """Read a file or a folder of any known format into tables, keyed by table name.

    Parameters
    ----------
    path
        The file; or a folder that holds one file per table.
    stations
        Resolves station names that come without network or location. What stays unresolved stands in ``skips``.
    depth_datum_km
        Height above sea level (km) of the zero from which the file counts depth; 0 = sea level. HYPOINVERSE's CRH
        models count from the mean station surface, for example.
    lenient
        Rows of an event list without a time or place are left out, depths that can only be metres are taken as such,
        and of rows of our own tables that share a key the first; all are counted in ``skips``.

    Raises
    ------
    FormatError, TableError
        Naming the file, the line, what stands there and what was expected.
    """
    path = Path(path)
    name = recognise(path)
    tables = (_read_folder(path, stations, lenient) if path.is_dir() else
              _leniently(name, path, stations) if lenient else _reader(name)(path, stations))
    if depth_datum_km:
        for table in DEPTHS:
            if table in tables:
                moved = tables[table].assign(depth_km=tables[table]["depth_km"] - depth_datum_km)
                tables[table] = TABLES[table].check(moved)
    return tables


def _reader(name: str) -> Reader:
    reader = FORMATS[name].read
    if reader is None:
        raise FormatError(f"{name} can be written but not read")
    return reader


_LENIENT: dict[str, Reader] = {"catalogue": columns.read_events_leniently, "csv": tabular.read_first_of_repeated,
                               "parquet": tabular.read_first_of_repeated}


def _leniently(name: str, path: Path, stations: pd.DataFrame | None) -> Tables:
    """Read a file; where it cannot be read as it should be, the lenient way of its format, if there is one."""
    try:
        return _reader(name)(path, stations)
    except (FormatError, TableError):
        if name not in _LENIENT:
            raise
        try:
            return _LENIENT[name](path, stations)
        except (FormatError, TableError):
            pass
        raise


def _read_folder(folder: Path, stations: pd.DataFrame | None, lenient: bool = False) -> Tables:
    """Read one file per table (Parquet before CSV), told by its name; stations first, to resolve names."""
    result: Tables = {}
    for name in TABLES:
        path = next((p for p in (folder / f"{name}.parquet", folder / f"{name}.csv") if p.exists()), None)
        if path is None:
            continue
        found = read_tables(path, stations if stations is not None else result.get("stations"), lenient=lenient)
        for table, frame in found.items():
            if table == "skips" and "skips" in result:
                frame = SKIPS.order(pd.concat([result["skips"], frame], ignore_index=True))
            if table == name or table not in result or table == "skips":
                result[table] = frame
    if not result:
        raise FormatError(f"{folder}: no table in this folder; expected files such as picks.csv or events.parquet")
    return result


def write_tables(path: str | Path, format: str, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write tables in a format; return in plain words what it could not hold (empty = everything is in the file).

    Raises
    ------
    FormatError
        For an unknown or read-only format, or a station name that the format cannot hold.
    """
    path = Path(path)
    entry = FORMATS.get({"pal-pha": "pal", "station.dat": "hypodd-station"}.get(format, format))
    if format == "pal" and f"pal-{path.suffix[1:]}" in FORMATS:
        entry = FORMATS[f"pal-{path.suffix[1:]}"]
    if entry is None or entry.write is None:
        can = ", ".join(name for name, known in FORMATS.items() if known.write is not None)
        why = "can be read only" if entry else "is no known format"
        raise FormatError(f"'{format}' {why}; written are: {can}")
    for name, frame in tables.items():
        if name in TABLES:
            TABLES[name].check(frame)
    return entry.write(path, tables)
