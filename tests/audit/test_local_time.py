import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import rates_cases as rates

from quakescribe.audit.completeness import chosen
from quakescribe.audit.local_time import event_times, ratio_interval, units, weekday
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.audit_magnitudes import AuditMagnitudesSettings

HOURS = np.array([0.5, 30.0, 50.25, 200.0])


def times_of(timezone="", hours=HOURS, days=10.0):
    rng = np.random.default_rng(0)
    true = rates.events(np.asarray(hours) * 3600.0, rng)
    return event_times(rates.case(true, days, rng, AuditSettings(resamples=60, timezone=timezone)))


def test_without_a_zone_the_sun_at_the_median_longitude_gives_local_time():
    found = times_of()
    longitude = 30.0
    assert found.hour == pytest.approx((HOURS + longitude / 15.0) % 24.0, abs=0.02)
    assert "solar" in found.zone


def test_a_named_zone_gives_clock_time_with_daylight_saving():
    march_31 = (pd.Timestamp("2024-03-31T12:00Z") - rates.made.START).total_seconds() / 3600.0
    found = times_of("Europe/Rome", [march_31 - 24.0, march_31], 40.0)
    assert found.hour == pytest.approx([13.0, 14.0])
    assert found.zone == "Europe/Rome"


def test_the_first_day_is_a_monday_and_the_local_day_begins_at_local_midnight():
    found = times_of("Asia/Tokyo", [1.0, 14.9, 15.1], 5.0)
    assert list(weekday(found.day)) == [0, 0, 1]


@pytest.mark.parametrize("days", [1.0, 3.4, 20.0])
def test_the_exposure_of_all_hours_adds_up_to_the_span(days):
    found = times_of(hours=[1.0, 2.0], days=days)
    assert found.grid["hours"].sum() == pytest.approx(24.0 * days)
    assert found.grid["hours"].max() <= 1.0 + 1e-9
    assert not found.grid.duplicated(["day", "hour"]).any()


def test_half_of_an_hour_at_the_start_counts_half():
    found = times_of(hours=[1.0], days=10.0)
    first = found.grid.iloc[0]
    assert (first["hour"], first["hours"]) == (2, 1.0)
    assert len(found.grid) == 240


def slow_units(seconds, parent):
    out = []
    for i in range(len(seconds)):
        root = i
        while parent[root] >= 0 and parent[root] != root and seconds[root] - seconds[parent[root]] < 43_200:
            root = parent[root]
        out.append(root)
    return out


def test_units_are_chains_of_links_of_less_than_half_a_day():
    rng = np.random.default_rng(3)
    seconds = np.sort(rng.uniform(0, 40 * 86_400, 300))
    parent = np.array([-1] + [rng.integers(max(0, i - 6), i) if rng.random() < 0.7 else i for i in range(1, 300)])
    found = units(seconds, parent)
    assert list(found) == slow_units(seconds, parent)
    assert len(np.unique(found)) > 20


@pytest.mark.parametrize("limits", [{}, {"correction": 0.4}, {"bin": 0.2}, {"completeness": "GFT 90%"}])
def test_completeness_is_the_one_that_the_settings_of_magnitudes_choose(limits):
    rng = np.random.default_rng(5)
    true = rates.poisson(400, 20.0, rng)
    case = rates.case(true, 20.0, rng, AuditSettings(magnitudes=AuditMagnitudesSettings(**limits)))
    found = event_times(case).completeness
    assert found == chosen(case)[1]
    assert found != event_times(rates.case(true, 20.0, rng)).completeness or not limits


def test_too_few_magnitudes_have_no_completeness():
    assert np.isnan(times_of().completeness)


def test_an_interval_is_never_narrower_than_that_of_independent_events():
    low, high = ratio_interval(0.0, np.zeros(100), 0.1, 50)
    assert (low, high) == pytest.approx((np.exp(-0.196), np.exp(0.196)), rel=1e-3)
    wide = ratio_interval(0.0, np.linspace(-1, 1, 100), 0.1, 50)
    assert wide[0] < low < high < wide[1]
    assert np.isnan(ratio_interval(0.0, np.zeros(100), 0.1, 2)[0])


def test_nothing_has_times_of_no_length():
    from quakescribe.audit import make_case
    found = event_times(make_case({}, AuditSettings(), rates.made.MODEL))
    assert (found.n, found.span_s, len(found.grid)) == (0, 0.0, 0)
