"""What a stage is to a run: units of work with fingerprints; *decide* says run or reuse, *act* does it.

A unit's result lies in one Parquet file per table, ``<run>/<stage>/<table>/<unit>.parquet``, which carries the unit's
fingerprint: a digest of the inputs, the settings and the code it depends on. A file is written to a temporary name and
renamed, so it is whole or absent; whatever moment a run is killed at, the next one finds what was finished.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import quakescribe
from quakescribe.tables import TABLES, store


@dataclass(frozen=True)
class Unit:
    """One piece of work: its name (a path below the table's folder), what it depends on, and what it needs."""

    key: str
    fingerprint: str
    payload: Any


@dataclass(frozen=True)
class Stage:
    """A stage of a run: `plan` lists the units, `work` turns a payload into tables.

    Its parts lie in the folder named as the stage; a step before its last one has a folder of its own.
    """

    name: str
    makes: tuple[str, ...]
    plan: Callable[[Any], list[Unit]]
    work: Callable[[Any], dict[str, pd.DataFrame]]
    step: str = ""

    @property
    def folder(self) -> str:
        """The folder of the stage's parts below the run."""
        return f"{self.name}-{self.step}" if self.step else self.name


@dataclass(frozen=True)
class Decision:
    """Whether a unit must be worked on, and why."""

    action: str
    why: str


def decide(wanted: str, found: Iterable[str | None]) -> Decision:
    """Say 'run' or 'reuse' from the fingerprint wanted and those found in the unit's files (None = no file)."""
    there = list(found)
    if not there or all(one is None for one in there):
        return Decision("run", "no result yet")
    if any(one is None for one in there):
        return Decision("run", "result incomplete")
    if any(one != wanted for one in there):
        return Decision("run", "inputs, settings or code changed")
    return Decision("reuse", "inputs, settings and code unchanged")


@dataclass(frozen=True)
class Task:
    """A unit on its way to a worker."""

    work: Callable[[Any], dict[str, pd.DataFrame]]
    unit: Unit
    folder: str
    makes: tuple[str, ...]


def part(folder: Path, table: str, key: str) -> Path:
    """Return the file of one unit's part of a table."""
    return folder / table / f"{key}.parquet"


def act(task: Task) -> dict[str, int]:
    """Do one unit and write its tables; return how many rows each has. Runs on the worker."""
    tables = task.work(task.unit.payload)
    folder = Path(task.folder)
    rows = {}
    for name in task.makes:
        frame = tables.get(name)
        frame = TABLES[name].empty() if frame is None else frame
        store.write(frame, TABLES[name], part(folder, name, task.unit.key), note=task.unit.fingerprint)
        rows[name] = len(frame)
    return rows


def fingerprint(*parts: Any) -> str:
    """Return a SHA-256 over parts: strings, bytes, numbers, settings (pydantic), arrays, tables, tuples of these."""
    digest = hashlib.sha256()
    for one in parts:
        _feed(digest, one)
    return digest.hexdigest()


def _feed(digest: Any, one: Any) -> None:
    digest.update(type(one).__name__.encode() + b"\0")
    if isinstance(one, pd.DataFrame):
        for column in one.columns:
            digest.update(str(column).encode() + b"\0")
            series = one[column]
            _feed(
                digest,
                series.astype("int64").to_numpy() if str(series.dtype).startswith("datetime64") else series.to_numpy(),
            )
    elif isinstance(one, np.ndarray):
        if one.dtype == object or one.dtype.kind == "U":
            digest.update("\x1f".join(map(str, one.tolist())).encode())
        else:
            digest.update(np.ascontiguousarray(one).tobytes())
    elif isinstance(one, tuple | list):
        for inner in one:
            _feed(digest, inner)
    elif hasattr(one, "model_dump_json"):
        digest.update(one.model_dump_json().encode())
    elif isinstance(one, bytes):
        digest.update(one)
    else:
        digest.update(str(one).encode())
    digest.update(b"\0")


JUDGING = ("settings/audit", "settings/compare", "settings/report")
"""Beginnings of files that say how results are judged and shown: no result depends on them."""


@functools.cache
def code_digest(*packages: str, leave_out: tuple[str, ...] = ()) -> str:
    """Return a digest of the source of these sub-packages or modules and of what all stages share (tables, errors).

    ``leave_out`` names folders below them that do not count, beside JUDGING.
    """
    root = Path(quakescribe.__file__).parent
    digest = hashlib.sha256(quakescribe.__version__.encode())
    for package in sorted({*packages, "tables"}):
        for path in sorted((root / package).rglob("*.py")) or [root / f"{package}.py"]:
            name = path.relative_to(root).as_posix()
            if not name.startswith((*JUDGING, *leave_out)):
                digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()
