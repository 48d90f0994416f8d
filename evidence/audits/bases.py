"""Sound catalogues, into which faults are planted, and their audit.

Two kinds: *runs* on simulated recordings, whose picks are spoilt and then associated, located and measured again as a
run does it; and *months* made table by table (tests/reference/made_catalogue.py), for what needs many days.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from records import ROOT
from selftraining import PUBLISHED

from quakescribe.associate import associate
from quakescribe.audit import Audit, audit, make_case
from quakescribe.earth.velocity import VelocityModel, read_velocity
from quakescribe.locate import locate
from quakescribe.measure import measure
from quakescribe.report.demo import simulated_project
from quakescribe.run.chance import nulls
from quakescribe.run.runner import Silent, execute
from quakescribe.run.workspace import Project
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.measure import MeasureSettings
from quakescribe.settings.project import override
from quakescribe.simulate import read_scenario
from quakescribe.tables import ORIGINS, PICKS

sys.path.insert(0, str(ROOT / "tests" / "reference"))
import made_catalogue

Tables = dict[str, pd.DataFrame]
KEPT = ROOT / ".cache" / "audit"
LIMITS = AuditSettings(resamples=200)



@dataclass(frozen=True)
class Base:
    """A sound catalogue and what is needed to spoil it and to make it again."""

    tables: Tables
    model: VelocityModel
    reference: pd.DataFrame = field(default_factory=PICKS.empty)
    associate: AssociateSettings = field(default_factory=AssociateSettings)
    chained: bool = True
    relocated: pd.DataFrame = field(default_factory=ORIGINS.empty)

    @property
    def picks(self) -> pd.DataFrame:
        """All picks."""
        return self.tables["picks"]

    @property
    def days(self) -> float:
        """The length in days."""
        time = self.picks["time"]
        return (time.max() - time.min()).total_seconds() / 86_400


def sound(k: int) -> Project:
    """Return one of the sound simulated networks, run: three days, 14 stations, no quarry, clocks right."""
    base = read_scenario("quiet")
    settings = base.model_copy(update={
        "seed": 1000 + k, "hours": 72.0, "network": base.network.model_copy(update={"n_stations": 14}),
        "seismicity": base.seismicity.model_copy(update={"background_per_day": 400.0})})
    project = simulated_project(KEPT / f"clean-{k:02d}", settings, None, Silent())
    execute(project.settings, project.folder, project.run("first"), "measure", Silent())
    return project


def prepare(k: int) -> None:
    """Make a sound network, its run, and the picks of PAL as published, which it is held against."""
    project = sound(k)
    execute(override(project.settings, [f"{name}={value}" for name, value in PUBLISHED.items()]), project.folder,
            project.run("published"), "pick", Silent())


def base_of(k: int) -> Base:
    """Return a sound run, made already, as a base for faults."""
    project = Project(KEPT / f"clean-{k:02d}")
    run = project.run("first")
    tables = {name: run.table(name) for name in ("stations", "picks", "events", "arrivals", "origins", "magnitudes")}
    model = read_velocity(project.path(project.settings.project.velocity), project.settings.velocity)
    return Base(tables, model, project.run("published").table("picks"))


def month(seed: int, n_events: int = 1500, days: float = 30.0) -> Base:
    """Return a month of a sound catalogue, made table by table, with station magnitudes."""
    tables = made_catalogue.catalogue(n_events, days, seed=seed, false_per_day=20.0)
    rng = np.random.default_rng([seed, 7])
    seen = tables["arrivals"].drop_duplicates(["event_id", "station_id"])[["event_id", "station_id"]]
    network = tables["magnitudes"].set_index("event_id")["value"]
    single = seen.assign(kind="ML", value=seen["event_id"].map(network) + rng.normal(0, 0.2, len(seen)), n_stations=1,
                         used=True)
    tables["magnitudes"] = made_catalogue.MAGNITUDES.order(made_catalogue.MAGNITUDES.conform(
        pd.concat([tables["magnitudes"], single], ignore_index=True)))
    return Base(tables, made_catalogue.MODEL, made_catalogue.reference_picks(tables, seed + 1), chained=False)


def chain(base: Base, picks: pd.DataFrame | None = None, arrivals: pd.DataFrame | None = None,
          events: pd.DataFrame | None = None) -> Base:
    """Associate (unless arrivals are given), locate and measure again."""
    picks = base.picks if picks is None else picks
    stations = base.tables["stations"]
    if arrivals is None or events is None:
        events, arrivals, _ = associate(picks, stations, base.model, base.associate)
    origins, arrivals, _ = locate(events, arrivals, stations, base.model, LocateSettings())
    magnitudes, _ = measure(origins, arrivals, stations, MeasureSettings(kinds=("M_PAL",)))
    return replace(base, tables={"stations": stations, "picks": picks, "events": events, "arrivals": arrivals,
                                 "origins": origins, "magnitudes": magnitudes})


def judged(base: Base, **more: Any) -> Audit:
    """Audit a catalogue; what associates by chance is counted where its picks were associated here."""
    picks, stations = base.picks, base.tables["stations"]
    if base.chained:
        span = picks["time"].min(), picks["time"].max()
        more["null"] = nulls(picks, stations, base.model, base.associate, *span, 2, 0, LIMITS.picks.null_most_picks)
    return audit(make_case(base.tables, LIMITS, base.model, reference=base.reference, relocated=base.relocated, **more))
