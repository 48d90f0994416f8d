"""The demo: simulate a small network, run everything on it, score the catalogue against the truth, report."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quakescribe.errors import WorkspaceError
from quakescribe.report.runs import finish
from quakescribe.run.projects import new_project
from quakescribe.run.runner import Context, Watcher, execute
from quakescribe.run.simulation import simulate_into
from quakescribe.run.workspace import SETTINGS, Project, Run, write_text
from quakescribe.settings.project import Settings, dump
from quakescribe.settings.run import RunSettings
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import score


def simulated_project(folder: Path, settings: SimulateSettings, workers: int | None, watcher: Watcher) -> Project:
    """Simulate a network into a folder and make it a project; what was made of the same scenario is kept.

    Raises
    ------
    WorkspaceError
        If the folder holds somebody's data, or a project of another scenario.
    """
    said = folder / "scenario.toml"
    if (folder / SETTINGS).exists() and said.exists() and said.read_text(encoding="utf-8") != dump(settings):
        raise WorkspaceError(f"{folder} is a project of another scenario; choose another folder")
    simulate_into(folder, settings, RunSettings(workers=workers or 0), watcher)
    if (folder / SETTINGS).exists():
        return Project(folder)
    return new_project(folder, str(folder / "waveforms"), str(folder / "stations.xml"), str(folder / "velocity.csv"))


JUDGED = ("picks", "events", "arrivals", "origins", "magnitudes")
"""The tables of a run that are scored."""

SIDE_BY_SIDE = (
    ("picks", "recall of detectable P"), ("picks", "recall of detectable S"), ("picks", "precision of P"),
    ("picks", "precision of S"), ("association", "association rate of pairs"), ("association", "true events"),
    ("association", "events found"), ("association", "false events"), ("location", "epicentre error, median"),
)
"""What is told of two runs beside each other."""


def side_by_side(scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the first figures of several scores: one row per figure, one column per run."""
    columns = {}
    for name, found in scores.items():
        everything = found[found["scope"] == "all"].set_index(["part", "name"])["value"]
        columns[name] = everything.reindex(pd.MultiIndex.from_tuples(SIDE_BY_SIDE)).to_numpy()
    return pd.DataFrame(columns, index=[name for _, name in SIDE_BY_SIDE])


def catalogue_tables(path: Path) -> dict[str, pd.DataFrame]:
    """Return the tables to score: those of a run's folder, or those a file in any known format holds."""
    from quakescribe.exchange.formats import read_tables

    run = Run(path)
    return run.made(*JUDGED) if run.provenance() else read_tables(path)


def run_and_score(project: Project, run: Run, workers: int | None, watcher: Watcher,
                  settings: Settings | None = None) -> pd.DataFrame:
    """Run the whole project, score it against its truth, put the score into the report, and return it.

    Without `settings` by those of the project.
    """
    settings = settings or project.settings
    if workers is not None:
        settings = settings.model_copy(update={"run": settings.run.model_copy(update={"workers": workers})})
    found = []

    def report(context: Context) -> None:
        found.append(score(project.folder / "truth", run.made(*JUDGED)))
        write_text(run.folder / "score.json", found[0].to_json(orient="records", indent=1) + "\n")
        finish(context)

    execute(settings, project.folder, run, None, watcher, report)
    return found[0]
