"""A simulation shared out over an engine's workers; what an interrupted one finished is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.errors import WorkspaceError
from quakescribe.run.engine import open_engine
from quakescribe.run.runner import Watcher
from quakescribe.run.stage import code_digest, fingerprint
from quakescribe.run.workspace import SETTINGS
from quakescribe.settings.run import RunSettings
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import build, simulate


def code_of_recordings() -> str:
    """Return a digest of the code that made recordings depend on; that which judges them is not of it."""
    return code_digest("simulate", "earth", "kernels", leave_out=("simulate/score",))


def simulate_into(folder: Path, settings: SimulateSettings, run: RunSettings,
                  watcher: Watcher, store: bool = True) -> dict[str, pd.DataFrame]:
    """Simulate a network into a folder that is empty or was simulated before, and return its truth.

    Parameters
    ----------
    run
        Who works (workers, scheduler, jobqueue).
    watcher
        Told of every station and day that is made.
    store
        Whether to write the waveforms; a run makes them from ``scenario.toml`` otherwise.

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
    build(settings)  # what cannot be drawn fails before anything is written
    truth.mkdir(parents=True, exist_ok=True)  # first, so that an interrupted simulation can be made again
    note = fingerprint(code_of_recordings(), settings)
    with open_engine(run) as engine:

        def share_out(function: Callable[[Any], Any], units: list[Any]) -> Iterator[Any]:
            began, samples = time.perf_counter(), 0
            watcher.begin("simulate", len(units), 0)
            for done in engine.map(function, units):
                if done.error is not None:
                    raise done.error
                samples += done.value
                watcher.advance("simulate", {"samples": done.value})
                yield done.value
            watcher.finish("simulate", time.perf_counter() - began, {"samples": samples})

        return simulate(settings, folder, note, store, share_out)
