"""Simulate: the recordings of a network of which everything is known, and the score of a run against them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.record import Recorder
from quakescribe.simulate.scenario import Scenario, build, read_scenario, shipped
from quakescribe.simulate.score import score

__all__ = ["Recorder", "Scenario", "build", "read_scenario", "score", "shipped", "simulate"]


def simulate(settings: SimulateSettings, folder: Path, note: str = "", store: bool = True,
             share_out: Callable[[Callable[[Any], Any], list[Any]], Iterable[Any]] = map) -> dict[str, pd.DataFrame]:
    """Write a simulated network to a folder and return its truth tables.

    ``waveforms/`` (SDS miniSEED), ``stations.xml``, ``velocity.csv``, ``scenario.toml`` (every setting), and in
    ``truth/`` the tables events, arrivals, transients, states. The same settings write the same bytes.

    Parameters
    ----------
    note
        Says of what code the simulation is; what was finished with the same note is kept.
    store
        Whether to write the waveforms; without them ``scenario.toml`` stands for them (see `simulate.archive`).
    share_out
        Applies a function to every unit (a station and day); the order does not matter. `map` does it here and now.
    """
    from quakescribe.earth.velocity import write_velocity
    from quakescribe.settings.project import dump
    from quakescribe.simulate.write import clear, finished, read_truth, units, write_stations, write_truth, write_unit

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    scenario = build(settings)
    said = folder / "scenario.toml"
    if said.exists() and said.read_text(encoding="utf-8") != dump(settings):
        clear(folder)
    said.write_text(dump(settings), encoding="utf-8")
    write_stations(scenario, folder / "stations.xml")
    write_velocity(scenario.model, folder / "velocity.csv")
    work = units(scenario, folder, note, store)
    if finished(work):
        return read_truth(folder)
    deque(share_out(write_unit, work), maxlen=0)
    return write_truth(scenario, folder, work)
