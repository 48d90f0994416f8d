"""A network small enough to simulate within a test."""

import pytest

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import build, simulate


@pytest.fixture(scope="session")
def small():
    return SimulateSettings(seed=7, hours=0.3, n_stations=6, n_events=12, magnitude_min=0.5, mainshock=2.5,
                            n_oblique=1, n_gaps=1)


@pytest.fixture(scope="session")
def scenario(small):
    return build(small)


@pytest.fixture(scope="session")
def folder(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    simulate(small, folder)
    return folder
