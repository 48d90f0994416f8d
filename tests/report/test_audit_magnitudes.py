"""Figures of the audit of magnitudes come out of sound, empty and tiny catalogues, and say what was found."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import Audit, audit, make_case
from quakescribe.audit.b_value import B_VALUE
from quakescribe.audit.check import table
from quakescribe.audit.completeness import COMPLETENESS
from quakescribe.audit.sizes import SIZES
from quakescribe.audit.station_magnitudes import STATION_MAGNITUDES
from quakescribe.report.audit_magnitudes import panels
from quakescribe.report.print_figure import drawn
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.report import ReportSettings
from quakescribe.tables import MAGNITUDES

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue

CHECKS = (COMPLETENESS, B_VALUE, SIZES, STATION_MAGNITUDES)
KEYS = ["frequency-magnitude", "completeness-methods", "exponential-law", "b-cut-off", "magnitude-excess",
        "station-magnitude-bias"]


def with_stations(tables):
    arrivals = tables["arrivals"].drop_duplicates(["event_id", "station_id"])
    value = arrivals["event_id"].map(tables["magnitudes"].set_index("event_id")["value"])
    value = value + np.random.default_rng(0).normal(0, 0.2, len(value)) + (arrivals["station_id"] == "XX.S02.") * 1.0
    single = pd.DataFrame({"event_id": arrivals["event_id"], "station_id": arrivals["station_id"], "kind": "ML",
                           "value": value, "n_stations": 1, "used": True})
    return {**tables, "magnitudes": MAGNITUDES.order(MAGNITUDES.conform(pd.concat([tables["magnitudes"], single])))}


def figures(tables, **settings):
    case = make_case(tables, AuditSettings(resamples=60), MODEL)
    return panels(audit(case, CHECKS), case.facts, ReportSettings(**settings))["measure"]


@pytest.fixture(scope="module")
def sound():
    tables = with_stations(catalogue(600, 12.0, n_stations=8, false_per_day=0.0))
    m = tables["magnitudes"]
    spike = m["event_id"].isin(m["event_id"].drop_duplicates().sample(60, random_state=0)) & m["station_id"].isna()
    return {**tables, "magnitudes": m.assign(value=m["value"].mask(spike, 1.3))}


@pytest.fixture(scope="module")
def made(sound):
    return {panel.key: panel for panel in figures(sound)}


def names(panel):
    return [trace.get("name") for trace in panel.figure["data"]]


def test_a_catalogue_gets_every_figure_with_a_caption(made):
    assert list(made) == KEYS
    assert all(panel.figure and len(panel.caption) > 40 for panel in made.values())
    assert not any("nan" in panel.caption for panel in made.values())


def test_every_figure_is_also_drawn_for_print(made):
    for panel in made.values():
        assert drawn(panel.figure, 120.0, 80.0).axes, panel.key


def test_the_distribution_shows_the_three_b_values_and_every_method(made):
    panel = made["frequency-magnitude"]
    assert sum("b = " in str(name) for name in names(panel)) == 3
    methods = next(trace for trace in panel.figure["data"] if trace.get("name") == "Completeness by method")
    assert "maxC+0.2" in methods["text"]


def test_what_is_beyond_chance_is_marked(made):
    assert "Beyond chance" in names(made["magnitude-excess"])
    apart = next(trace for trace in made["station-magnitude-bias"].figure["data"] if trace["name"] == "Apart")
    assert apart["y"] == ["XX.S02."]


def test_stations_that_are_apart_are_drawn_first(sound):
    panel = figures(sound, stations_drawn=2)[-1]
    assert "XX.S02." in panel.figure["layout"]["yaxis"]["categoryarray"]
    assert "Drawn: 2 of 8 stations" in panel.caption


@pytest.mark.parametrize("n", [0, 3])
def test_without_enough_events_each_says_why_there_is_nothing(sound, n):
    ids = sound["origins"]["event_id"].iloc[:n]
    few = {name: frame[frame["event_id"].isin(ids)] for name, frame in sound.items() if "event_id" in frame}
    for panel in figures(few):
        assert panel.figure is None
        assert panel.caption.startswith("Nothing to show because")


def test_a_check_that_was_not_run_leaves_a_panel_that_says_so(sound):
    case = make_case(sound, AuditSettings(), MODEL)
    for panel in panels(Audit(table([]), {}), case.facts, ReportSettings())["measure"]:
        assert panel.figure is None and panel.caption.endswith("this was not audited.")
