"""The demo: simulate a small network, run everything on it, score the catalogue against the truth, report."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quakescribe.report.runs import finish, make_report
from quakescribe.run.projects import new_project
from quakescribe.run.runner import Watcher, execute
from quakescribe.run.workspace import SETTINGS, Project, Run, write_text
from quakescribe.settings.project import read_section
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import score, simulate


def simulate_settings(path: Path | None) -> SimulateSettings:
    """Return the simulator's settings from a TOML file of its values, or the defaults."""
    return SimulateSettings() if path is None else read_section(path, SimulateSettings, "simulate")


def simulated_project(folder: Path, settings: SimulateSettings) -> Project:
    """Simulate a network into a folder (once) and make it a project."""
    if not (folder / "truth" / "events.parquet").exists():
        simulate(settings, folder)
    if (folder / SETTINGS).exists():
        return Project(folder)
    return new_project(folder, str(folder / "waveforms"), str(folder / "stations.xml"), str(folder / "velocity.csv"))


def run_and_score(project: Project, run: Run, workers: int | None, watcher: Watcher) -> pd.DataFrame:
    """Run the whole project, score it against its truth, put the score into the report, and return it."""
    settings = project.settings
    if workers is not None:
        settings = settings.model_copy(update={"run": settings.run.model_copy(update={"workers": workers})})
    execute(settings, project.folder, run, None, watcher, finish)
    tables = {name: run.table(name) for name in ("picks", "events", "arrivals", "origins", "magnitudes")}
    found = score(project.folder / "truth", tables)
    write_text(run.folder / "score.json", found.to_json(orient="records", indent=1) + "\n")
    make_report(run, project)
    return found
