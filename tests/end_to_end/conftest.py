from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from quakescribe.report.runs import finish
from quakescribe.run.projects import new_project
from quakescribe.run.runner import execute
from quakescribe.run.workspace import Project, Run
from quakescribe.settings.run import RunSettings
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import simulate

TABLES = ("picks", "events", "arrivals", "origins", "amplitudes", "magnitudes")


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Path:
    """Forty minutes of a small simulated network, from 23:40 to 00:20, so that a midnight lies in the middle."""
    folder = tmp_path_factory.mktemp("network")
    simulate(
        SimulateSettings(start=datetime(2024, 3, 1, 23, 40, tzinfo=UTC), hours=40 / 60, n_stations=8, n_events=60),
        folder,
    )
    return folder


@pytest.fixture(scope="session")
def make_project(network):
    """Make a project of the simulated network in a folder."""

    def make(folder: Path, waveforms: Path | None = None) -> Project:
        return new_project(
            folder,
            str(waveforms or network / "waveforms"),
            str(network / "stations.xml"),
            str(network / "velocity.csv"),
        )

    return make


def run_all(project: Project, name: str = "first", until: str | None = None, **changes) -> Run:
    """Run a project with changed [run] settings."""
    settings = project.settings.model_copy(update={"run": RunSettings(**{"workers": 1, **changes})})
    run = project.run(name)
    execute(settings, project.folder, run, until, report=finish)
    return run


@pytest.fixture(scope="session")
def reference(make_project, tmp_path_factory) -> Run:
    """The run that all others must equal: one process, whole days."""
    return run_all(make_project(tmp_path_factory.mktemp("reference") / "project"))


def assert_same_tables(run: Run, reference: Run) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(run.table(name), reference.table(name), check_exact=True, obj=name)


def parts_of(run: Run) -> dict[str, bytes]:
    """Every part of every table of a run, by its path."""
    return {str(path.relative_to(run.folder)): path.read_bytes() for path in sorted(run.folder.rglob("*.parquet"))}
