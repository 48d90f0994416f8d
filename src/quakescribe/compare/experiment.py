"""Do an experiment: train, pick, associate and locate every arm, and keep what each found as soon as it is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.compare import kept
from quakescribe.compare.arms import Trial, expand
from quakescribe.compare.figures import draw
from quakescribe.compare.thresholds import run_above
from quakescribe.errors import SettingsError, TrainError
from quakescribe.nets.weights import read_record
from quakescribe.run.chance import chance_in
from quakescribe.run.pickers import identity, with_paths
from quakescribe.run.runner import Silent, Watcher, execute
from quakescribe.run.stage import code_digest, fingerprint
from quakescribe.run.workspace import Project, Run, write_text
from quakescribe.settings.compare import ExperimentSettings
from quakescribe.settings.project import Settings
from quakescribe.train import rounds
from quakescribe.train.fit import Progress

FOLDER = "experiments"
TRUE = {
    "true_events": ("association", "events found"), "false_events": ("association", "false events"),
    "own_arrivals": ("association", "arrivals of the event's own true event"),
    "true_recall": ("association", "recall of detectable events"),
    "true_precision": ("association", "precision of events"),
    "p_recall": ("picks", "recall of detectable P"), "p_precision": ("picks", "precision of P"),
    "s_recall": ("picks", "recall of detectable S"), "s_precision": ("picks", "precision of S"),
}
"""What is told of a simulation, where the truth is known."""

_CODE = ("compare", "train", "nets", "pick", "associate", "locate", "waveforms", "earth", "kernels", "settings")


@dataclass(frozen=True)
class Outcome:
    """What an experiment left: its folder, a row per arm, seed and threshold, means over seeds, and figures."""

    folder: Path
    findings: pd.DataFrame
    means: pd.DataFrame
    figures: list[Path]


@dataclass(frozen=True)
class _Bench:
    """What all trials share."""

    project: Project
    experiment: ExperimentSettings
    watcher: Watcher
    progress: Progress | None


def run_experiment(project: Project, experiment: ExperimentSettings, watcher: Watcher | None = None,
                   progress: Progress | None = None) -> Outcome:
    """Do an experiment, or go on where it stopped.

    Weights and runs are kept in the project, named after experiment, arm, seed and threshold. What a run found is
    added to ``experiments/NAME/findings.csv`` at once; a row made of the same settings, labels and code is not made
    again.

    Parameters
    ----------
    project, experiment
        The project, and what is compared.
    watcher, progress
        Told of the units of runs and of the steps of fitting.

    Raises
    ------
    SettingsError, TrainError, WeightsError
        Before anything is done, if an arm's settings cannot be used or there is nothing to learn from.
    """
    trials = expand(experiment, project.settings)
    bench = _Bench(project, experiment, watcher or Silent(), progress)
    notes = _notes(trials, bench)
    folder = project.folder / FOLDER / experiment.name
    with Run(folder).lock():
        write_text(folder / "experiment.json", experiment.model_dump_json(indent=1) + "\n")
        path = folder / "findings.csv"
        table = kept.read(path, set(notes.values()))
        for trial in trials:
            todo = [one for one in trial.thresholds if notes[trial.run_name(one)] not in set(table[kept.NOTE])]
            if not todo:
                continue
            settings = _picker(trial, bench)
            for threshold in todo:
                run = _pick(trial, settings, threshold, threshold == todo[0], bench)
                row = _row(trial, threshold, run, trial.at(settings, threshold), bench)
                table = kept.append(path, table, row | {kept.NOTE: notes[run.name]})
        return _close(folder, table, experiment)


def _notes(trials: list[Trial], bench: _Bench) -> dict[str, str]:
    """Return by name of run what its row is made of.

    Raises
    ------
    SettingsError, TrainError, WeightsError
        If a trial cannot be made.
    """
    folder = bench.project.folder
    sources = {trial.train_from for trial in trials}
    trained = {trial.train_from for trial in trials if trial.trains}
    learned = {name: _learned(bench.project.run(name), folder) for name in sorted(trained)}
    code = code_digest(*_CODE)
    out: dict[str, str] = {}
    for trial in trials:
        known = ((learned[trial.train_from], _start(trial, bench.project)) if trial.trains
                 else identity(with_paths(trial.picking.pick, folder))[1:])
        for threshold in trial.thresholds:
            name = trial.run_name(threshold)
            if name in out or name in sources:
                raise SettingsError(f"two runs would be named '{name}'; choose another name of the experiment or arm")
            out[name] = fingerprint(code, known, _matters(trial.training), _matters(trial.picking), threshold,
                                    bench.experiment.null_repeats)
    return out


def _learned(run: Run, folder: Path) -> str:
    """Return a digest of what a run gives to learn from."""
    tables = [run.table(name) for name in ("picks", "arrivals", "origins")]
    if tables[1].empty:
        raise TrainError(f"train_from = '{run.name}': {run.folder} has no associated picks to learn from; "
                         f"'quakescribe run {folder} --name {run.name}' makes them")
    return fingerprint(*tables)


def _start(trial: Trial, project: Project) -> str:
    """Return the digest of the weights that a training starts from; empty from scratch."""
    init = trial.training.train.fit.init
    return read_record(project.path(init)).sha256 if init else ""


def _matters(settings: Settings) -> tuple[Any, ...]:
    """Return the sections that change what an arm finds."""
    return (settings.project, settings.waveforms, settings.velocity, settings.pick, settings.associate,
            settings.locate, settings.train)


def _picker(trial: Trial, bench: _Bench) -> Settings:
    """Return the settings that a trial picks with; its network is trained, or found trained."""
    if not trial.trains:
        return trial.picking
    return rounds.picker_settings(trial.picking, bench.project, train(trial, bench))


def train(trial: Trial, bench: _Bench) -> rounds.Round:
    """Train the network of a trial. Trials of an experiment that need the same samples share them."""
    settings = trial.training
    same = fingerprint(trial.train_from, settings.train.samples, settings.waveforms, settings.project)[:10]
    return rounds.train(bench.project, settings, bench.project.run(trial.train_from), trial.name, bench.watcher,
                        bench.progress, samples=f"{bench.experiment.name}-{same}")


def _pick(trial: Trial, settings: Settings, threshold: float | None, first: bool, bench: _Bench) -> Run:
    """Make the run of a threshold: the network's own run at the lowest, all others from what that one picked."""
    project, lowest = bench.project, trial.thresholds[0]
    run, base = project.run(trial.run_name(threshold)), project.run(trial.run_name(lowest))
    if threshold == lowest:
        execute(settings if lowest is None else trial.at(settings, lowest), project.folder, run, "locate",
                bench.watcher)
        return run
    if first:
        execute(trial.at(settings, lowest), project.folder, base, "pick", bench.watcher)
    run_above(project, trial.at(settings, threshold), base, run, bench.watcher)
    return run


def _row(trial: Trial, threshold: float | None, run: Run, settings: Settings, bench: _Bench) -> dict[str, Any]:
    """Return what is told of a run."""
    found = rounds.findings(run)
    out = {"arm": trial.arm, "seed": np.nan if trial.seed is None else trial.seed,
           "threshold": np.nan if threshold is None else threshold, **trial.factors, "run": run.name, **found}
    null = chance_in(run, bench.project, settings, bench.experiment.null_repeats)
    out |= {"null_events": null.events, "null_picks": null.picks, "null_pairs": null.pairs}
    picked, paired = found["associated_picks"] - out["null_picks"], found["associated_pairs"] - out["null_pairs"]
    out |= {"corrected_picks": picked, "corrected_rate": picked / max(1, found["picks"]),
            "corrected_rate_pairs": paired / max(1, found["pairs"])}
    return out | _true(bench.project, run, settings)


def _true(project: Project, run: Run, settings: Settings) -> dict[str, float]:
    """Return what the truth says of a run; nothing without a truth."""
    from quakescribe.simulate.score import score

    truth = project.folder / "truth"
    if not truth.is_dir():
        return {}
    start, end = (None if one is None else pd.Timestamp(one)
                  for one in (settings.project.start, settings.project.end))
    found = score(truth, run.made("picks", "events", "arrivals", "origins"), start=start, end=end)
    values = found[found["scope"] == "all"].set_index(["part", "name"])["value"]
    return {name: float(values.get(key, np.nan)) for name, key in TRUE.items()}


def _close(folder: Path, table: pd.DataFrame, experiment: ExperimentSettings) -> Outcome:
    """Write the means and the figures."""
    factors = list(experiment.grid)
    for name in factors:
        if name not in table:
            table[name] = np.nan
    averaged = kept.means(table, factors)
    write_text(folder / "means.csv", averaged.to_csv(index=False, float_format="%.6g"))
    return Outcome(folder, table, averaged, draw(table, averaged, factors, folder))
