"""Tables on disk: Parquet and CSV, written to a temporary name and renamed, with digests of their content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quakescribe.errors import FormatError, TableError
from quakescribe.tables.schema import Table

NOTE = b"quakescribe"


def write(frame: pd.DataFrame, table: Table, path: Path, note: str = "") -> Path:
    """Check the frame against its contract and write it as Parquet (``.parquet``) or CSV (``.csv``), atomically.

    The same frame gives the same bytes: no index, no pandas metadata, fixed compression. ``note`` is kept in the
    Parquet file (see :func:`read_note`).
    """
    path = Path(path)
    table.check(frame)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    if path.suffix == ".csv":
        frame[table.names].to_csv(
            temporary, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ" if _whole_us(frame, table) else None
        )
    else:
        arrow = pa.Table.from_pandas(frame[table.names], preserve_index=False)
        arrow = arrow.replace_schema_metadata({NOTE: note.encode()} if note else None)
        pq.write_table(arrow, temporary, compression="zstd", version="2.6")
    os.replace(temporary, path)
    return path


def _whole_us(frame: pd.DataFrame, table: Table) -> bool:
    for column in table.columns:
        if column.type.startswith("datetime64") and (frame[column.name].dt.nanosecond.fillna(0) != 0).any():
            return False
    return True


def read_note(path: Path) -> str | None:
    """Return the note of a Parquet file without reading its rows; None if there is no whole file."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (FileNotFoundError, pa.ArrowInvalid):
        return None
    return metadata.get(NOTE, b"").decode()


def read(path: Path, table: Table) -> pd.DataFrame:
    """Read a Parquet or CSV file (or a folder of Parquet files) and check it against the contract."""
    path = Path(path)
    if not path.exists():
        raise FormatError(f"{path}: no such file; expected the table '{table.name}'")
    try:
        if path.suffix == ".csv":
            frame = pd.read_csv(
                path, dtype={c.name: "str" for c in table.columns if c.type == "str"}, keep_default_na=True
            )
        else:
            frame = pq.read_table(path).to_pandas()
    except (pa.ArrowInvalid, pd.errors.ParserError, UnicodeDecodeError, pd.errors.EmptyDataError) as error:
        raise FormatError(f"{path}: not a readable table '{table.name}': {error}") from error
    try:
        return table.conform(frame)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


def concat(frames: list[pd.DataFrame], table: Table) -> pd.DataFrame:
    """Return the rows of all frames in the table's order; empty input gives the empty table."""
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return table.empty()
    return table.check(table.order(pd.concat(frames, ignore_index=True)))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
