"""What an experiment does, one trial after the other: arms, the grid, seeds and thresholds, written out. Pure."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import datetime

from quakescribe.errors import SettingsError
from quakescribe.settings.compare import SEEDS, THRESHOLDS, ArmSettings, ExperimentSettings, Value
from quakescribe.settings.project import Settings, override


@dataclass(frozen=True)
class Trial:
    """An arm with one seed: it is trained once, or not at all, and picked at one or more thresholds.

    Attributes
    ----------
    name
        Of its weights and the beginning of its runs' names.
    seed
        None for an arm that is not trained.
    thresholds
        Ascending; (None,) where the settings have the say, or the picker knows none.
    factors
        Values of the grid that made it.
    train_from
        The run whose associated picks it learns from.
    training, picking
        The project's settings with all changes; `picking` of a trained arm lacks the weights.
    """

    name: str
    arm: str
    seed: int | None
    thresholds: tuple[float | None, ...]
    factors: dict[str, Value] = field(hash=False)
    train_from: str
    training: Settings = field(hash=False, repr=False)
    picking: Settings = field(hash=False, repr=False)

    @property
    def trains(self) -> bool:
        """Whether a network is trained."""
        return self.seed is not None

    def run_name(self, threshold: float | None) -> str:
        """Return the name of the run at a threshold."""
        return self.name if threshold is None else f"{self.name}-t{threshold:g}"

    def at(self, settings: Settings, threshold: float | None) -> Settings:
        """Return settings that pick at a threshold, P and S alike."""
        if threshold is None:
            return settings
        return override(settings, [f"{name}={threshold!r}" for name in THRESHOLDS])


def expand(experiment: ExperimentSettings, settings: Settings) -> list[Trial]:
    """Return all trials of an experiment, in the order in which they are made.

    Parameters
    ----------
    experiment
        What is wanted.
    settings
        Of the project.

    Raises
    ------
    SettingsError
        If a change is unknown or out of range, or two arms have one name; nothing has been done by then.
    """
    arms: list[tuple[ArmSettings, dict[str, Value]]] = [(arm, {}) for arm in experiment.arms]
    arms += grid_arms(experiment)
    names = [arm.name for arm, _ in arms]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SettingsError(f"experiment '{experiment.name}': arms share a name: {', '.join(repeated)}")
    trials = []
    for arm, factors in arms:
        for seed in experiment.seeds if arm.train else (None,):
            trials.append(_trial(experiment, settings, arm, factors, seed))
    return trials


def grid_arms(experiment: ExperimentSettings) -> list[tuple[ArmSettings, dict[str, Value]]]:
    """Return the arms of the grid and their values: the cartesian product, the last line of the grid varying fastest.

    An arm's name is made of the last words of its settings and their values, as ``negatives_scale-0.25-net-sar``.
    """
    out = []
    for values in itertools.product(*experiment.grid.values()) if experiment.grid else ():
        factors = dict(zip(experiment.grid, values, strict=True))
        words = [f"{key.rpartition('.')[2]}-{_word(value)}" for key, value in factors.items()]
        out.append((ArmSettings(name="-".join(words), changes=factors, train=experiment.grid_trains), factors))
    return out


def _word(value: Value) -> str:
    """Return a value as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", said(value)).strip("-") or "none"


def _trial(experiment: ExperimentSettings, settings: Settings, arm: ArmSettings, factors: dict[str, Value],
           seed: int | None) -> Trial:
    changes = {**experiment.changes, **arm.changes}
    if seed is not None:
        changes |= dict.fromkeys(SEEDS, seed)
    try:
        changed = override(settings, [f"{key}={said(value)}" for key, value in changes.items()])
    except SettingsError as error:
        raise SettingsError(f"arm '{arm.name}': " + str(error).replace("--set: ", "")) from None
    network = seed is not None or changed.pick.picker != "pal"
    thresholds = experiment.thresholds if network and experiment.thresholds else (None,)
    name = f"{experiment.name}-{arm.name}" + ("" if seed is None else f"-s{seed}")
    return Trial(name, arm.name, seed, thresholds, factors, arm.train_from or experiment.train_from,
                 _within(changed, experiment.train_start, experiment.train_end),
                 _within(changed, experiment.pick_start, experiment.pick_end))


def said(value: Value) -> str:
    """Return a value as it is written after ``--set``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _within(settings: Settings, start: datetime | None, end: datetime | None) -> Settings:
    """Return settings of a part of the project's time; None leaves an end as it is."""
    ends = {"start": start, "end": end}
    return override(settings, [f"project.{name}={time.isoformat()}" for name, time in ends.items() if time is not None])
