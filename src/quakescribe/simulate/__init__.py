"""Simulate: the recordings of a small network whose earthquakes are all known, and the score of a run against them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.scenario import Scenario, build
from quakescribe.simulate.score import score

__all__ = ["Scenario", "build", "score", "simulate"]


def simulate(settings: SimulateSettings, folder: Path) -> dict[str, pd.DataFrame]:
    """Write a simulated network to a folder and return its truth tables.

    ``waveforms/`` (SDS miniSEED), ``stations.xml``, ``velocity.csv``, ``truth/events.parquet`` and
    ``truth/arrivals.parquet``. The same settings write the same bytes.
    """
    from quakescribe.earth.velocity import write_velocity
    from quakescribe.simulate.write import write_archive, write_stations, write_truth

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    scenario = build(settings)
    write_stations(scenario, folder / "stations.xml")
    write_velocity(scenario.model, folder / "velocity.csv")
    write_archive(scenario, folder / "waveforms")
    return write_truth(scenario, folder / "truth")
