"""Making a project from what a user has."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from quakescribe.errors import SettingsError
from quakescribe.run.workspace import Project, init
from quakescribe.settings.project import Settings
from quakescribe.settings.run import ProjectSettings


def new_project(folder: Path, waveforms: str, stations: str, velocity: str = "") -> Project:
    """Make a project folder whose settings name these inputs, relative to the folder where that is shorter.

    Raises
    ------
    SettingsError
        If an input does not exist.
    WorkspaceError
        If the folder already holds a project.
    """
    for name, path in (("waveforms", waveforms), ("stations", stations), ("velocity", velocity)):
        if path and not glob.glob(os.path.expanduser(path), recursive=True):
            raise SettingsError(f"--{name} {path}: nothing there")
    return init(
        folder,
        Settings(
            project=ProjectSettings(
                waveforms=_relative(waveforms, folder),
                stations=_relative(stations, folder),
                velocity=_relative(velocity, folder) if velocity else "",
            )
        ),
    )


def _relative(path: str, folder: Path) -> str:
    """Return a path inside the project folder relative to it, any other one absolute."""
    absolute = os.path.abspath(os.path.expanduser(path))
    inside = os.path.relpath(absolute, os.path.abspath(folder))
    return absolute if inside.startswith("..") else inside
