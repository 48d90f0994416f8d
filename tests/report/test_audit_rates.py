import base64
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "audit"))
import rates_cases as rates

from quakescribe.audit import audit, make_case
from quakescribe.audit.blasts import BLASTS
from quakescribe.audit.day_night import DAY_NIGHT
from quakescribe.audit.periodicity import PERIODICITY
from quakescribe.audit.steps import STEPS
from quakescribe.report.audit_rates import panels
from quakescribe.settings.report import ReportSettings

CHECKS = (DAY_NIGHT, PERIODICITY, BLASTS, STEPS)
KINDS = {"scatter", "scattergl", "bar"}


def drawn(case, checks=CHECKS, **settings):
    found = audit(case, checks)
    shown = panels(found, case.facts, ReportSettings(**settings))
    assert set(shown) == {"catalogue"}
    return {panel.key: panel for panel in shown["catalogue"]}


def length(values):
    """How many values an axis of a figure has; arrays are written in base 64."""
    if isinstance(values, dict):
        return len(np.frombuffer(base64.b64decode(values["bdata"]), np.dtype(values["dtype"])))
    return len(values)


@pytest.fixture(scope="module")
def blasted():
    rng = np.random.default_rng(1)
    true = pd.concat([rates.poisson(500, 40, rng), rates.blasts(100, 40, rng, 35.0, 0.0)])
    return rates.case_with_picks(true, 40.0, rng)


def test_every_check_has_its_figures(blasted):
    found = drawn(blasted)
    for key, panel in found.items():
        assert panel.figure is not None or panel.grid is not None, key
        assert len(panel.caption) > 20
        if panel.figure is not None:
            assert {trace["type"] for trace in panel.figure["data"]} <= KINDS
    assert {"line"} >= {shape["type"] for panel in found.values() if panel.figure
                        for shape in panel.figure["layout"].get("shapes", [])}


def test_hours_and_weekdays_are_rates_relative_to_the_mean(blasted):
    found = drawn(blasted)
    bars = found["events-by-hour"].figure["data"]
    assert len(bars) == 2 and all(length(bar["y"]) == 24 for bar in bars)
    assert length(found["events-by-weekday"].figure["data"][0]["y"]) == 7


def test_a_quarry_is_on_the_map_and_in_the_list(blasted):
    found = drawn(blasted)
    names = [trace["name"] for trace in found["quarries"].figure["data"]]
    assert names == ["Group of events", "Place with blasts", "Station"]
    assert len(found["quarry-places"].grid.rows) == 1


def test_few_points_are_drawn_where_few_are_allowed(blasted):
    found = drawn(blasted, max_points=100)
    sizes = [length(trace["y"]) for key in ("quarries", "rate-steps") for trace in found[key].figure["data"]]
    assert max(sizes) == 100


@pytest.mark.parametrize("n", [0, 1, 3, 40])
def test_little_or_nothing_says_why_there_is_nothing(n):
    rng = np.random.default_rng(2)
    case = rates.case(rates.poisson(n, 20, rng), 20.0, rng) if n else make_case({}, rates.SETTINGS, rates.made.MODEL)
    found = drawn(case)
    assert len(found) == 6
    assert all("Nothing to show because" in panel.caption for panel in found.values() if not panel.figure)
    if n <= 3:
        assert not any(panel.figure for panel in found.values())


def test_weekdays_without_a_weekend_are_not_drawn():
    rng = np.random.default_rng(3)
    case = rates.case(rates.poisson(300, 4, rng), 4.0, rng)
    panel = drawn(case)["events-by-weekday"]
    assert panel.figure is None
    assert "no weekend lies in the span" in panel.caption


def test_the_spectrum_is_marked_at_powers_of_ten_and_at_hours_and_days(blasted):
    shown = drawn(blasted)["schuster-spectrum"].figure
    names = [trace["name"] for trace in shown["data"]]
    assert names[-1] == "1, 12, 24 h (chosen beforehand)"
    axis = shown["layout"]["xaxis"]
    texts = dict(zip(axis["tickvals"], axis["ticktext"], strict=True))
    assert texts[12] == "12" and texts[24] == "24" and texts[10] == "" and set(texts) <= {1, 10, 12, 24, 100}


def test_a_check_that_was_not_made_is_said_so(blasted):
    found = drawn(blasted, ())
    assert all("this was not audited" in panel.caption for panel in found.values())


def test_one_sequence_says_why_there_is_nothing():
    rng = np.random.default_rng(1)
    found = drawn(rates.case(rates.omori(1, 10.0, rng, mean=600), 10.0, rng), (DAY_NIGHT, PERIODICITY, STEPS))
    assert all("one sequence" in found[key].caption for key in ("events-by-hour", "schuster-spectrum", "rate-steps"))
