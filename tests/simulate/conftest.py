"""A network small enough to simulate within a test."""

import pytest

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import build, simulate


@pytest.fixture(scope="session")
def small():
    return SimulateSettings(
        seed=7, hours=0.3, network={"n_stations": 6},
        seismicity={"background_per_day": 1000.0, "magnitude_min": 0.5, "mainshock": 2.5},
        instruments={"n_oblique": 1, "gaps_per_day": 40.0, "gap_s": (5.0, 30.0), "n_swapped": 1, "n_clock": 1})


@pytest.fixture(scope="session")
def scenario(small):
    return build(small)


@pytest.fixture(scope="session")
def folder(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    simulate(small, folder)
    return folder
