"""The demo: simulate a small network, run everything on it, score the catalogue against the truth, report."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quakescribe.errors import WorkspaceError
from quakescribe.report.runs import finish, make_report
from quakescribe.run.projects import new_project
from quakescribe.run.runner import Watcher, execute
from quakescribe.run.workspace import MAKERS, SETTINGS, Project, Run, write_text
from quakescribe.settings.project import read_section
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import score, simulate


def simulate_settings(path: Path | None) -> SimulateSettings:
    """Return the simulator's settings from a TOML file of its values, or the defaults."""
    return SimulateSettings() if path is None else read_section(path, SimulateSettings, "simulate")


def simulate_into(folder: Path, settings: SimulateSettings) -> dict[str, pd.DataFrame]:
    """Simulate a network into a folder that is empty or was simulated before, and return its truth.

    Raises
    ------
    WorkspaceError
        If the folder holds somebody's data, which would be overwritten.
    """
    truth = folder / "truth"
    theirs = [name for name in (SETTINGS, "stations.xml", "velocity.csv", "waveforms") if (folder / name).exists()]
    if theirs and not truth.is_dir():
        raise WorkspaceError(
            f"{folder} holds {', '.join(theirs)}, which no simulation made; nothing was overwritten, "
            "choose another folder"
        )
    truth.mkdir(parents=True, exist_ok=True)  # first, so that an interrupted simulation can be made again
    return simulate(settings, folder)


def simulated_project(folder: Path, settings: SimulateSettings) -> Project:
    """Simulate a network into a folder (once) and make it a project."""
    if not all((folder / "truth" / f"{name}.parquet").exists() for name in ("events", "arrivals")):
        simulate_into(folder, settings)
    if (folder / SETTINGS).exists():
        return Project(folder)
    return new_project(folder, str(folder / "waveforms"), str(folder / "stations.xml"), str(folder / "velocity.csv"))


def catalogue_tables(path: Path) -> dict[str, pd.DataFrame]:
    """Return the tables to score: those of a run's folder, or those a file in any known format holds."""
    from quakescribe.exchange.formats import read_tables

    run = Run(path)
    return _tables(run) if run.provenance() else read_tables(path)


def _tables(run: Run) -> dict[str, pd.DataFrame]:
    wanted = ("picks", "events", "arrivals", "origins", "magnitudes")
    return {name: run.table(name) for name in wanted if any(run.parts(stage, name) for stage in MAKERS[name])}


def run_and_score(project: Project, run: Run, workers: int | None, watcher: Watcher) -> pd.DataFrame:
    """Run the whole project, score it against its truth, put the score into the report, and return it."""
    settings = project.settings
    if workers is not None:
        settings = settings.model_copy(update={"run": settings.run.model_copy(update={"workers": workers})})
    execute(settings, project.folder, run, None, watcher, finish)
    found = score(project.folder / "truth", _tables(run))
    write_text(run.folder / "score.json", found.to_json(orient="records", indent=1) + "\n")
    make_report(run)
    return found
