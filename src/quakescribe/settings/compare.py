"""Settings of one experiment: a TOML file of its own, read by ``quakescribe compare``."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from pydantic import field_validator, model_validator

from quakescribe.errors import SettingsError
from quakescribe.settings.base import Section, build, setting

Value = bool | int | float | str
"""What a setting can be changed to; text is taken as after ``--set``: as TOML if it is, else as it stands."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
THRESHOLDS = ("pick.network.p_threshold", "pick.network.s_threshold")
SEEDS = ("train.fit.seed", "train.samples.seed")


class ArmSettings(Section):
    """One thing to be compared: a picker with its settings, trained in the experiment or not."""

    name: str = setting("", "of the arm: letters, digits, '-', '_' and '.'", pattern=NAME)
    changes: dict[str, Value] = setting({}, "settings of the project that this arm changes: SECTION.NAME = value")
    train: bool = setting(False, "whether a network is trained for this arm, once per seed; false: the picker that "
                          "its settings name, once")

    train_from: str = setting("", "the run whose associated picks this arm learns from; empty = the experiment's")

    @field_validator("changes")
    @classmethod
    def _form(cls, value: dict[str, Value]) -> dict[str, Value]:
        return _checked(value)


class ExperimentSettings(Section):
    """An experiment: arms that are trained, picked, associated and located alike, and what they found."""

    name: str = setting("", "of the experiment, its folder and its runs", pattern=NAME)
    train_from: str = setting("first", "the run whose associated picks are labels")
    train_start: datetime | None = setting(None, "first time to train on; unset = as the project says", "UTC")
    train_end: datetime | None = setting(None, "end of the time to train on", "UTC")
    pick_start: datetime | None = setting(None, "first time to pick; unset = as the project says", "UTC")
    pick_end: datetime | None = setting(None, "end of the time to pick", "UTC")
    changes: dict[str, Value] = setting({}, "settings that all arms change")
    arms: tuple[ArmSettings, ...] = setting((), "what is compared")
    grid: dict[str, tuple[Value, ...]] = setting(
        {}, "more arms: every combination of these values, SECTION.NAME = [values]")
    grid_trains: bool = setting(True, "whether a network is trained for every combination of the grid")
    seeds: tuple[int, ...] = setting((0,), "of samples, first weights and order; every arm that trains is trained "
                                     "once for each")
    thresholds: tuple[float, ...] = setting(
        (), "probabilities at which every network picks, P and S alike; none = those of the settings")
    null_repeats: int = setting(1, "how often the picks are shifted in time to count what associates by chance; 0 = "
                                "not at all", ge=0, le=100)

    @field_validator("train_start", "train_end", "pick_start", "pick_end")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @field_validator("changes", "grid")
    @classmethod
    def _form(cls, value: dict[str, object]) -> dict[str, object]:
        return _checked(value)

    @field_validator("thresholds")
    @classmethod
    def _ascending(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 < one < 1 for one in value):
            raise ValueError("every threshold must lie between 0 and 1")
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _sensible(self) -> ExperimentSettings:
        if not self.arms and not self.grid:
            raise ValueError("nothing to compare: give [[arms]], a [grid], or both")
        names = [arm.name for arm in self.arms]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"arms share a name: {', '.join(repeated)}")
        if any(not values for values in self.grid.values()):
            raise ValueError("a line of the grid has no values")
        if not self.seeds or min(self.seeds) < 0 or len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds must be different whole numbers, 0 or more, and at least one")
        changed = {*self.changes, *self.grid, *(key for arm in self.arms for key in arm.changes)}
        for held, why in ((THRESHOLDS if self.thresholds else (), "thresholds"), (SEEDS, "seeds")):
            if changed & set(held):
                raise ValueError(f"{', '.join(sorted(changed & set(held)))}: comes from '{why}'; leave it out of the "
                                 "changes")
        for arm, keys in [(arm.name, arm.changes) for arm in self.arms if arm.train] + [
                ("grid", self.grid if self.grid_trains else {})]:
            if {"pick.picker", "pick.network.weights"} & set(keys):
                raise ValueError(f"{arm}: an arm that trains picks with what it trains; leave pick.picker and "
                                 "pick.network.weights out, or set train (grid_trains) = false")
        for start, end in ((self.train_start, self.train_end), (self.pick_start, self.pick_end)):
            if start is not None and end is not None and start >= end:
                raise ValueError(f"start {start.isoformat()} must be before end {end.isoformat()}")
        return self


def _checked(changes: dict) -> dict:
    """Return changes whose names have a section.

    Raises
    ------
    ValueError
        If one has none.
    """
    for key in changes:
        if "." not in key.strip("."):
            raise ValueError(f"'{key}': expected \"SECTION.NAME\" = value, in quotes, e.g. \"train.fit.net\" = \"sar\"")
    return changes


def read_experiment(path: Path) -> ExperimentSettings:
    """Read the file of an experiment.

    Raises
    ------
    SettingsError
        If there is no such file, it is not TOML, or with every fault: unknown names with the nearest known one, values
        out of range.
    """
    try:
        tree = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; docs/compare.md has a complete one to start from") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    faults: list[str] = []
    arms = tree.get("arms", [])
    if isinstance(arms, list) and all(isinstance(arm, dict) for arm in arms):
        for k, arm in enumerate(arms):
            try:
                build(ArmSettings, f"arms.{arm.get('name', k + 1)}", arm)
            except SettingsError as error:
                faults.extend(str(error).splitlines())
    try:
        if not faults:
            return build(ExperimentSettings, "experiment", tree)
        build(ExperimentSettings, "experiment", {**tree, "arms": [{"name": "any"}]})
    except SettingsError as error:
        faults.extend(str(error).splitlines())
    raise SettingsError("\n".join(f"{path}: {fault}" for fault in faults))


class ComparisonSettings(Section):
    """How finished catalogues of the same data are compared. Nothing here changes a catalogue."""

    match_s: float = setting(3.0, "events can be the same if their origin times differ by at most this", "s", gt=0,
                             le=60)
    match_km: float = setting(25.0, "events can be the same if their epicentres are at most this far apart", "km", gt=0,
                              le=500)
    time_error_s: float | None = setting(
        None, "scatter of the origin times of one event, which weighs time against distance; unset = estimated", "s",
        gt=0)
    place_error_km: float | None = setting(
        None, "scatter of the epicentres of one event along each axis; unset = estimated", "km", gt=0)
    pick_s: float = setting(0.5, "picks of a station and phase can be the same if they differ by at most this", "s",
                            gt=0, le=10)
    epicentre_scatter_good_km: float = setting(5.0, "epicentres agree if 90% of matched events lie at most this far "
                                               "apart", "km", gt=0)
    epicentre_scatter_bad_km: float = setting(20.0, "epicentres do not agree if 90% lie farther apart than this", "km",
                                              gt=0)
    depth_scatter_good_km: float = setting(2.0, "depths agree if 90% of matched events differ by at most this, without "
                                           "the common shift", "km", gt=0)
    depth_scatter_bad_km: float = setting(8.0, "depths do not agree if 90% differ by more than this", "km", gt=0)
    shifts: int = setting(8, "how often one catalogue is shifted in time to count what matches by chance", ge=2, le=100)
    common_stations: bool = setting(
        False, "whether only stations that all catalogues have are compared; an event stays if least_stations of them "
        "hold an arrival")
    least_stations: int = setting(4, "stations that an event must keep when only common stations are compared", ge=1)
    magnitude_step: float = setting(0.5, "width of a class of magnitude", "magnitude units", gt=0, le=5)
    resamples: int = setting(1000, "how often blocks of time are drawn again", ge=50, le=100_000)
    seed: int = setting(0, "of everything that is drawn at random", ge=0)
