from datetime import UTC, datetime
from pathlib import Path

import pytest
from chain import run_all

from quakescribe.run.projects import new_project
from quakescribe.run.workspace import Project, Run
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import simulate


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Path:
    """Forty minutes of a small simulated network, from 23:40 to 00:20, so that a midnight lies in the middle."""
    folder = tmp_path_factory.mktemp("network")
    simulate(
        SimulateSettings(
            start=datetime(2024, 3, 1, 23, 40, tzinfo=UTC),
            hours=40 / 60,
            network={"n_stations": 6},
            seismicity={"background_per_day": 1200.0, "mainshock": 4.0},
            instruments={"gaps_per_day": 20.0, "gap_s": (5.0, 60.0)},
        ),
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


@pytest.fixture(scope="session")
def reference(make_project, tmp_path_factory) -> Run:
    """The run that all others must equal: one process, whole days."""
    return run_all(make_project(tmp_path_factory.mktemp("reference") / "project"))
