"""Our own tables as CSV or Parquet: one file per table in a folder, or one table in one file; and the catalogue CSV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quakescribe.errors import FormatError
from quakescribe.exchange.clock import iso, to_ns
from quakescribe.exchange.lines import atomic
from quakescribe.exchange.view import Tables, catalogue, catalogue_losses, losses
from quakescribe.tables import SKIPS, TABLES, Table, store

CATALOGUE = ("event_id", "time", "latitude", "longitude", "depth_km", "erh_km", "erz_km", "ert_s", "rms_s", "gap_deg",
             "dmin_km", "n_phases", "n_stations", "quality", "well_located", "flags", "magnitude", "magnitude_kind",
             "magnitude_uncertainty", "method", "source_id")
HOLDS = {name: tuple(table.names) for name, table in TABLES.items()}
CATALOGUE_HOLDS = {"events": ("event_id", "time", "latitude", "longitude", "depth_km", "n_picks", "n_stations",
                              "source_id"),
                   "origins": tuple(c for c in CATALOGUE if not c.startswith("magnitude")),
                   "magnitudes": ("event_id", "kind", "value", "uncertainty")}


def sniff_parquet(head: bytes) -> bool:
    """Return whether the file starts with Parquet's mark."""
    return head.startswith(b"PAR1")


def table_of(names: list[str]) -> Table | None:
    """Return the table whose needed columns are all there; the one with the most columns in common wins.

    A catalogue with one row per event tells itself by its column 'magnitude', which no table has.
    """
    if "magnitude" in names:
        return None
    fits = [table for table in TABLES.values()
            if {c.name for c in table.columns if not c.nullable} <= set(names)]
    return max(fits, key=lambda table: len(set(table.names) & set(names)), default=None)


def sniff_csv(head: bytes) -> bool:
    """Return whether the header has the needed columns of one of our tables."""
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    return table_of([name.strip() for name in first.split(",")]) is not None


def read_file(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read one table from one Parquet or CSV file; which one, its columns say."""
    table = _table_in(Path(path))
    return {table.name: table.order(_read(Path(path), table))}


def read_first_of_repeated(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read one table as `read_file` does, of rows that share a key the first; ``skips`` counts the others."""
    table = _table_in(Path(path))
    frame = _raw(Path(path), table)
    repeated = frame.duplicated(list(table.key)) if table.key else np.zeros(len(frame), dtype=bool)
    tables = {table.name: table.order(table.conform(frame[~repeated].reset_index(drop=True)))}
    if np.any(repeated):
        tables["skips"] = SKIPS.make({
            "stage": ["exchange"], "source": [str(path)], "reason": ["duplicate-id"], "count": [int(np.sum(repeated))],
            "detail": [f"rows of {table.name} whose {', '.join(table.key)} repeats; the first is kept"]})
    return tables


def _table_in(path: Path) -> Table:
    """Return which table a file holds.

    Raises
    ------
    FormatError
        If it is none of ours.
    """
    if sniff_parquet(_head(path)):
        try:
            names = pq.read_schema(path).names
        except pa.ArrowInvalid as error:
            raise FormatError(f"{path}: a damaged Parquet file ({error}); is it cut off?") from error
    else:
        names = [name.strip() for name in _head(path).removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
                 .decode("utf-8", "replace").split(",")]
    table = table_of(names)
    if table is None:
        raise FormatError(f"{path}: columns {', '.join(names[:8])}: none of our tables ({', '.join(TABLES)})")
    return table


def _raw(path: Path, table: Table) -> pd.DataFrame:
    """Return the rows of a file as they stand there."""
    if sniff_parquet(_head(path)):
        return pq.read_table(path).to_pandas()
    return pd.read_csv(path, dtype={c.name: "str" for c in table.columns if c.type == "str"})


def _read(path: Path, table: Table) -> pd.DataFrame:
    """Read a table whatever the file's ending."""
    if not sniff_parquet(_head(path)) and path.suffix != ".csv":
        try:
            frame = _raw(path, table)
        except (pd.errors.ParserError, UnicodeDecodeError) as error:
            raise FormatError(f"{path}: not a readable table '{table.name}': {error}") from error
        return table.conform(frame)
    return store.read(path, table)


def _head(path: Path) -> bytes:
    with open(path, "rb") as handle:
        return handle.read(8192)


def write_csv(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write CSV: into a folder one file per table; into a file the one table given, or of several the catalogue.

    The catalogue has one row per event with its preferred magnitude.
    """
    known = [name for name in tables if name in TABLES]
    if Path(path).suffix.lower() != ".csv":
        return _write_folder(Path(path), tables, ".csv")
    if len(known) == 1:
        store.write(tables[known[0]], TABLES[known[0]], Path(path))
        return []
    return write_catalogue(path, tables)


def write_parquet(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write Parquet: one file per table into a folder, or the only table given into a ``.parquet`` file."""
    known = [name for name in tables if name in TABLES]
    if Path(path).suffix.lower() != ".parquet":
        return _write_folder(Path(path), tables, ".parquet")
    if len(known) != 1:
        raise FormatError(f"{path}: a Parquet file holds one table, but {len(known)} are given; name a folder instead")
    store.write(tables[known[0]], TABLES[known[0]], Path(path))
    return []


def _write_folder(folder: Path, tables: Mapping[str, pd.DataFrame], suffix: str) -> list[str]:
    for name, frame in tables.items():
        if name in TABLES:
            store.write(frame, TABLES[name], folder / f"{name}{suffix}")
    return losses(tables, HOLDS, "a folder of tables")


def write_catalogue(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write one row per event: its origin (or the associator's place) and its preferred magnitude."""
    rows = catalogue(tables)
    out_rows = rows[list(CATALOGUE)].copy()
    out_rows["time"] = iso(to_ns(rows["time"])) if len(rows) else []
    with atomic(path) as out:
        out_rows.to_csv(out, index=False, lineterminator="\n")
    return catalogue_losses(tables, rows, CATALOGUE_HOLDS, "the catalogue CSV")
