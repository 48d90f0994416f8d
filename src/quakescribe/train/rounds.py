"""Rounds of self-training: a run's associated picks train a network, and what it picks trains the next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.errors import TrainError
from quakescribe.nets.needs import need
from quakescribe.nets.weights import Record, read_record
from quakescribe.run.chance import chance_in
from quakescribe.run.runner import Watcher, execute
from quakescribe.run.summary import associated_pairs
from quakescribe.run.workspace import Project, Run
from quakescribe.settings.project import Settings
from quakescribe.train.fit import Progress, fit
from quakescribe.train.samples import make_samples
from quakescribe.train.store import SampleStore

SAMPLES, WEIGHTS = "samples", "weights"


@dataclass(frozen=True)
class Round:
    """One round: the weights and their record, and the run that was made with them (None if none was)."""

    weights: Path
    record: Record
    run: Run | None


def train(project: Project, settings: Settings, run: Run, name: str, watcher: Watcher,
          progress: Progress | None = None, samples: str = "") -> Round:
    """Train a network on a run of a project; samples and weights lie below the project, resumable after a kill.

    Parameters
    ----------
    project, settings
        The project, and its settings (with what is changed for this call).
    run
        Whose associated picks are the labels.
    name
        Of the weights' file.
    watcher, progress
        Told of the units of sampling and of the steps of fitting.
    samples
        Of the samples' folder, where several networks learn the same; without it that of the weights.
    """
    need("training", "torch", "safetensors", "zarr", error=TrainError)
    settings = _with_init(settings, project)
    folder = project.folder / SAMPLES / (samples or name)
    made = make_samples(settings, project.folder, run, folder, watcher)
    out = project.folder / WEIGHTS / f"{name}.safetensors"
    record = fit(SampleStore(folder), settings.train, out, _origin(run, made), progress)
    return Round(out, record, None)


def _with_init(settings: Settings, project: Project) -> Settings:
    """Return settings whose weights to start from are found from anywhere; refuse at once what is no weights."""
    if not settings.train.fit.init:
        return settings
    path = project.path(settings.train.fit.init)
    read_record(path)
    fitting = settings.train.fit.model_copy(update={"init": str(path)})
    return settings.model_copy(update={"train": settings.train.model_copy(update={"fit": fitting})})


def picker_settings(settings: Settings, project: Project, made: Round) -> Settings:
    """Return settings that pick with the weights of a round."""
    network = settings.pick.network.model_copy(update={"weights": str(made.weights.relative_to(project.folder))})
    pick = settings.pick.model_copy(update={"picker": made.record.net.partition("-")[0], "network": network})
    return settings.model_copy(update={"pick": pick})


def rounds(project: Project, settings: Settings, first: Run, name: str, watcher: Watcher,
           progress: Progress | None = None) -> tuple[list[Round], pd.DataFrame]:
    """Train, run with what was trained, and train again from that run, as often as ``train.rounds`` says.

    Round k writes ``weights/NAME-k.safetensors`` and the run NAME-k. It is the last one if its associated picks, less
    what associates by chance, grew by less than ``stop_gain`` against the round before.

    Returns
    -------
    (list of Round, DataFrame)
        The rounds, and one row per run with what `findings` says of it, and without chance.
    """
    table = [{"round": 0, "run": first.name, **_without_chance(first, project, settings)}]
    done: list[Round] = []
    run = first
    for k in range(1, settings.train.rounds.rounds + 1):
        this = f"{name}-{k}" if settings.train.rounds.rounds > 1 else name
        made = train(project, settings, run, this, watcher, progress)
        run = project.run(this)
        if run.folder == first.folder:
            raise TrainError(f"the run to train from is itself named '{this}'; choose another --name")
        execute(picker_settings(settings, project, made), project.folder, run, "measure", watcher)
        done.append(Round(made.weights, made.record, run))
        table.append({"round": k, "run": run.name, **_without_chance(run, project, settings)})
        gain = table[-1]["corrected_picks"] / max(1, table[-2]["corrected_picks"]) - 1
        if k > 1 and gain < settings.train.rounds.stop_gain:
            break
    frame = pd.DataFrame(table)
    frame.to_csv(project.folder / WEIGHTS / f"{name}-rounds.csv", index=False, float_format="%.6g")
    return done, frame


def findings(run: Run) -> dict[str, Any]:
    """Return what a run found, for a table of runs side by side.

    Pairs count once; the association rate of pairs is the share of which both onsets are in one event.
    """
    picks, arrivals, origins = (run.table(name) for name in ("picks", "arrivals", "origins"))
    associated, pairs = arrivals["pick_id"].nunique(), picks.loc[picks["pair_id"] > 0, "pair_id"].nunique()
    in_pairs = associated_pairs(picks, arrivals)
    good = int(origins["well_located"].sum()) if len(origins) else 0
    return {
        "picks": len(picks), "associated_picks": associated, "association_rate": associated / max(1, len(picks)),
        "pairs": pairs, "associated_pairs": in_pairs, "association_rate_pairs": in_pairs / max(1, pairs),
        "events": len(origins), "well_located": good, "well_located_share": good / max(1, len(origins)),
    }


def _without_chance(run: Run, project: Project, settings: Settings) -> dict[str, Any]:
    """Return the findings of a run, and its associated picks less those that associate by chance."""
    found = findings(run)
    null = chance_in(run, project, settings).picks
    return found | {"null_picks": null, "corrected_picks": found["associated_picks"] - null}


def _origin(run: Run, made: dict[str, Any]) -> dict[str, Any]:
    """Return where the labels came from, for the record of the weights."""
    names = ("run", "fingerprint", "samples", "skips", "events", "stations", "band_hz", "region", "span")
    return {**{key: made[key] for key in names}, "picker": run.provenance().get("picker", {})}
