"""A project is a folder; a run is a folder below it. This file knows what lies where, and nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.errors import SettingsError, WorkspaceError
from quakescribe.settings.project import Settings, dump, load
from quakescribe.tables import TABLES, store

SETTINGS = "quakescribe.toml"
MAKERS: dict[str, tuple[str, ...]] = {
    "stations": ("inputs",),
    "channels": ("inputs",),
    "coverage": ("inputs",),
    "picks": ("pick",),
    "events": ("associate",),
    "arrivals": ("locate", "associate"),
    "origins": ("locate",),
    "amplitudes": ("measure-amplitudes",),
    "magnitudes": ("measure",),
    "findings": ("audit",),
}
"""Which stages make a table; the first that has written it holds the latest version."""


@dataclass(frozen=True)
class Project:
    """A project folder: its settings and the inputs they name."""

    folder: Path

    @cached_property
    def settings(self) -> Settings:
        """The settings in ``quakescribe.toml``."""
        if not self.folder.is_dir():
            raise WorkspaceError(f"{self.folder}: no such project folder; 'quakescribe init' makes one")
        return load(self.folder / SETTINGS)

    def path(self, setting: str) -> Path:
        """Return a path of the settings, relative ones below the project folder."""
        return self.folder / Path(setting).expanduser()

    def run(self, name: str) -> Run:
        """Return the run of that name, existing or not."""
        if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or name.startswith("."):
            raise SettingsError(f"run name '{name}': use letters, digits, '-', '_' and '.', not starting with '.'")
        return Run(self.folder / "runs" / name)

    def latest(self) -> Run:
        """Return the run that was worked on last.

        Raises
        ------
        WorkspaceError
            If there is none.
        """
        runs = [path.parent for path in (self.folder / "runs").glob("*/provenance.json")]
        if not runs:
            raise WorkspaceError(f"{self.folder}: no run yet; 'quakescribe run {self.folder}' makes one")
        return Run(max(runs, key=lambda run: ((run / "provenance.json").stat().st_mtime_ns, run.name)))


def init(folder: Path, settings: Settings) -> Project:
    """Make a project folder with its complete, explained ``quakescribe.toml``.

    Raises
    ------
    WorkspaceError
        If the folder already holds a project.
    """
    path = folder / SETTINGS
    if path.exists():
        raise WorkspaceError(f"{path} exists already; edit it, or choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, dump(settings))
    return Project(folder)


@dataclass(frozen=True)
class Run:
    """A run's folder: tables by stage, settings as used, log, provenance, report."""

    folder: Path

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name

    def parts(self, stage: str, table: str) -> list[Path]:
        """Return the files of a stage's table, in order."""
        return sorted(
            path for path in (self.folder / stage / table).rglob("*.parquet") if not path.name.startswith(".")
        )

    def table(self, name: str) -> pd.DataFrame:
        """Return a table, from the last stage that wrote it; empty if none did."""
        if name == "skips":
            stages = sorted(path.parent.name for path in self.folder.glob("*/skips"))
            return _merged(_read(name, [path for stage in stages for path in self.parts(stage, "skips")]))
        for stage in MAKERS[name]:
            parts = self.parts(stage, name)
            if parts:
                return _read(name, parts)
        return TABLES[name].empty()

    def made(self, *names: str) -> dict[str, pd.DataFrame]:
        """Return those of some tables that a stage has written, by name."""
        return {name: self.table(name) for name in names if any(self.parts(stage, name) for stage in MAKERS[name])}

    def stage_table(self, stage: str, name: str) -> pd.DataFrame:
        """Return the table as one stage wrote it."""
        return _read(name, self.parts(stage, name))

    def provenance(self) -> dict[str, Any]:
        """Return what is known of how the run was made; empty before the first stage."""
        path = self.folder / "provenance.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run for this process; the lock goes with the process, however it ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / ".lock", "w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WorkspaceError(
                    f"{self.folder}: another process is working on this run; wait for it, or choose another --name"
                ) from None
            yield


def is_run(path: Path) -> bool:
    """Return whether a path is the folder of a run."""
    return (path / SETTINGS).exists() and (path / "provenance.json").exists()


def is_project(path: Path) -> bool:
    """Return whether a path is a project folder."""
    return (path / SETTINGS).exists() and not is_run(path)


def project_of(run: Run) -> Path:
    """Return the project folder of a run."""
    return run.folder.absolute().parent.parent


def chosen_run(path: Path, name: str = "") -> Run:
    """Return the run that a path means: itself, or of a project the one of that name or the latest.

    Raises
    ------
    WorkspaceError
        If there is no such project, or no such run in it.
    """
    if is_run(path):
        if name and name != path.name:
            raise WorkspaceError(f"{path} is a run itself; leave --name away, or name its project")
        return Run(path)
    if not is_project(path):
        raise WorkspaceError(f"{path}: neither a project nor a run" + ("" if path.is_dir() else "; no such folder"))
    project = Project(path)
    run = project.run(name) if name else project.latest()
    if not run.provenance():
        there = ", ".join(sorted(one.parent.name for one in (path / "runs").glob("*/provenance.json"))) or "none yet"
        raise WorkspaceError(f"{path}: no run '{name}'; its runs: {there}")
    return run


def _read(name: str, parts: list[Path]) -> pd.DataFrame:
    table = TABLES[name]
    return store.concat([store.read(path, table) for path in parts], table)


def _merged(skips: pd.DataFrame) -> pd.DataFrame:
    """Return one row per thing and reason over all units, with its first and last day: the same however it was cut."""
    if not len(skips):
        return skips
    days = {"start": skips["start"].dt.floor("D"), "end": skips["end"].dt.ceil("D")}
    what = ["stage", "station_id", "source", "reason", "detail"]
    grouped = skips.drop_duplicates().assign(**days).groupby(what, dropna=False, sort=True)
    merged = grouped.agg(start=("start", "min"), end=("end", "max"), count=("count", "sum")).reset_index()
    return TABLES["skips"].order(TABLES["skips"].conform(merged))


def write_text(path: Path, text: str) -> None:
    """Write a text file to a temporary name and rename it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
