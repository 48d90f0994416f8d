"""A scenario: all that is decided before the first sample is made, and the scenarios that come with the package."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import SettingsError
from quakescribe.settings.base import build as build_settings
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.catalogue import draw
from quakescribe.simulate.instruments import draw_states
from quakescribe.simulate.network import Station, stations
from quakescribe.simulate.paths import Paths, paths

SHIPPED = files("quakescribe.simulate") / "scenarios"


@dataclass(frozen=True)
class Scenario:
    """Everything that is decided before the first sample is made."""

    settings: SimulateSettings
    model: VelocityModel
    stations: tuple[Station, ...]
    events: pd.DataFrame
    paths: Paths
    states: pd.DataFrame

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The events one by one."""
        return [dict(zip(self.events.columns, row, strict=True)) for row in
                self.events.itertuples(index=False, name=None)]

    @property
    def span_ns(self) -> tuple[int, int]:
        """First sample, and the end (ns after 1970)."""
        return self.settings.span_ns


@lru_cache(maxsize=2)
def build(settings: SimulateSettings) -> Scenario:
    """Draw the whole scenario; a worker that makes many station-days of it draws it once."""
    earth = settings.earth
    model = VelocityModel("simulated", np.array(earth.layer_top_km, dtype=np.float64), np.array(earth.layer_vp),
                          np.array(earth.layer_vp) / earth.vp_vs)
    members = stations(settings)
    events = draw(settings)
    return Scenario(settings, model, members, events, paths(settings, model, members, events),
                    draw_states(settings, members))


def shipped() -> dict[str, str]:
    """Return the scenarios that come with the package: name -> what it is, the first line of its file."""
    found = {Path(str(entry)).stem: entry.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
             for entry in SHIPPED.iterdir() if entry.name.endswith(".toml")}
    return dict(sorted(found.items()))


def read_scenario(name: str | Path) -> SimulateSettings:
    """Return the settings of a shipped scenario, or of a TOML file.

    A file that says ``like = "quiet"`` (a shipped scenario, or a file beside it) changes only what it names.

    Raises
    ------
    SettingsError
        If there is no such scenario or file, or with every fault of it.
    """
    return build_settings(SimulateSettings, "simulate", _tree(name, ()))


def _tree(name: str | Path, seen: tuple[str, ...]) -> dict[str, Any]:
    path = Path(name)
    if str(name) in seen:
        raise SettingsError(f"{name}: is like itself: {' -> '.join((*seen, str(name)))}")
    if str(name) not in shipped() and (path.suffix == ".toml" or path.exists()):
        if path.is_dir() or not path.exists():
            raise SettingsError(f"{path}: " + ("a folder, no file" if path.is_dir() else "no such file"))
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    elif str(name) in shipped():
        text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise SettingsError(f"no scenario '{name}'; there are {', '.join(shipped())}, or give a file .toml")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: not valid TOML: {error}") from None
    like = tree.pop("like", None)
    if like is None:
        return tree
    if not isinstance(like, str):
        raise SettingsError(f"{name}: like = {like!r}: expected the name of a scenario or a file")
    beside = path.parent / like
    return _merged(_tree(beside if like.endswith(".toml") else like, (*seen, str(name))), tree)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
