import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import rates_cases as rates

from quakescribe.audit import audit
from quakescribe.audit.day_night import DAY_NIGHT, daily, log_ratio, night_verdict
from quakescribe.audit.local_time import event_times


def found_in(true, days, seed=0, **more):
    return audit(rates.case(true, days, np.random.default_rng(seed), **more), (DAY_NIGHT,))


def test_counts_per_day_equal_counting_one_by_one():
    rng = np.random.default_rng(1)
    case = rates.case(pd.concat([rates.poisson(200, 6.5, rng), rates.omori(3, 6.5, rng)]), 6.5, rng)
    times, rules = event_times(case), case.settings.rates
    found = daily(times, rules)
    assert times.first.sum() < times.n
    slow = np.zeros((len(found.days), 2, 2))
    for day, hour, magnitude, first in zip(times.day, times.hour, times.magnitude, times.first, strict=True):
        if first:
            slow[list(found.days).index(day), int(magnitude >= times.completeness - 1e-9), int(7 <= hour < 19)] += 1
    assert found.small == pytest.approx(slow[:, 0])
    assert found.large == pytest.approx(slow[:, 1])
    assert found.hours.sum() == pytest.approx(6.5 * 24)
    assert found.hours[1:-1] == pytest.approx(12.0)


def test_better_detection_by_night_is_watched_for_small_events_only():
    rng = np.random.default_rng(2)
    found = found_in(rates.night_only(rates.poisson(3000, 40, rng), rng), 40.0)
    small, gain = rates.row(found, "night_ratio_small"), rates.row(found, "night_gain_small")
    assert small["verdict"] == gain["verdict"] == "watch"
    assert small["low"] > 1.5
    assert rates.row(found, "night_ratio_large")["verdict"] == "good"
    shift = rates.row(found, "completeness_day_minus_night")
    assert shift["verdict"] == "watch" and shift["value"] > 0.05
    assert "bad" not in set(found.findings["verdict"])


def test_blasts_make_the_day_bad():
    rng = np.random.default_rng(3)
    true = pd.concat([rates.poisson(1000, 40, rng), rates.events(rates.working(500, 40, rng, weekend=True), rng)])
    found = found_in(true, 40.0)
    assert rates.row(found, "night_ratio_small")["verdict"] == "bad"
    assert rates.row(found, "night_ratio_large")["verdict"] == "bad"
    assert rates.row(found, "weekend_ratio")["verdict"] == "good"
    both = [rates.row(found, f"night_ratio_{name}") for name in ("small", "large")]
    assert all(one["low"] < 0.5 < one["high"] for one in both)  # 500 by night, 1000 by day


def test_small_false_events_by_day_are_bad_relative_to_large_ones():
    rng = np.random.default_rng(4)
    noise = rates.events(rates.working(600, 40, rng, weekend=True), rng)
    noise["magnitude"] = 0.9 + rng.normal(0, 0.1, len(noise))
    found = found_in(pd.concat([rates.poisson(1500, 40, rng), noise]), 40.0)
    assert rates.row(found, "night_gain_small")["verdict"] == "bad"
    assert rates.row(found, "night_ratio_large")["verdict"] != "bad"


def test_blasts_on_working_days_only_make_the_weekend_bad():
    rng = np.random.default_rng(5)
    true = pd.concat([rates.poisson(800, 70, rng), rates.events(rates.working(800, 70, rng), rng)])
    assert rates.row(found_in(true, 70.0), "weekend_ratio")["verdict"] == "bad"


def test_the_weekend_is_a_setting():
    rng = np.random.default_rng(6)
    t = rates.working(800, 70, rng)
    moved = (t - 2 * rates.DAY) % (70 * rates.DAY)  # Saturday to Wednesday
    true = pd.concat([rates.poisson(800, 70, rng), rates.events(moved, rng)])
    rules = rates.SETTINGS.rates.model_copy(update={"weekend_starts": 3})
    settings = rates.SETTINGS.model_copy(update={"rates": rules})
    assert rates.row(found_in(true, 70.0, settings=settings), "weekend_ratio")["verdict"] == "bad"
    assert rates.row(found_in(true, 70.0), "weekend_ratio")["verdict"] != "bad"


def test_a_sequence_in_one_night_or_one_day_alarms_nobody():
    rng = np.random.default_rng(7)
    quiet = rates.poisson(400, 30, rng)
    for hour in (11.0, 23.0):
        n = 600
        at = (10 * 24 + hour - 2) * 3600 + np.sort(rng.exponential(3 * 3600, n))
        sequence = rates.events(at, rng, rng.normal(5, 1, n), rng.normal(5, 1, n))
        sequence.loc[0, "magnitude"] = 4.5
        assert "bad" not in set(found_in(pd.concat([quiet, sequence]), 30.0).findings["verdict"])


def test_a_ratio_of_rates_allows_for_the_time_recorded():
    assert np.exp(log_ratio(np.array([99.5, 49.5]), np.array([20.0, 10.0]))) == pytest.approx(1.0)


@pytest.mark.parametrize(("value", "low", "high", "verdict"), [
    (1.0, 0.9, 1.1, "good"), (0.5, 0.45, 0.56, "bad"), (0.9, 0.82, 0.99, "watch"), (1.5, 1.3, 1.7, "watch"),
    (1.0, 0.4, 2.5, "cannot tell"), (1.0, np.nan, np.nan, "cannot tell"),
    (0.8, 0.71, 0.90, "watch")])  # surely below 1/1.1 by 95%, not by 99%
def test_verdicts_of_a_ratio(value, low, high, verdict):
    assert night_verdict(value, low, high, 1.1)[0] == verdict


@pytest.mark.parametrize("kind", ["poisson", "omori"])
def test_sound_catalogues_are_rarely_bad(kind):
    bad = []
    for seed in range(40):
        rng = np.random.default_rng(200 + seed)
        days, n = float(rng.choice([4.3, 20, 60])), int(rng.choice([150, 400, 1200]))
        true = rates.poisson(n, days, rng)
        if kind == "omori":
            true = pd.concat([true, rates.omori(max(1, n // 100), days, rng)])
        bad.append((found_in(true, days, seed, settings=rates.LIGHT).findings["verdict"] == "bad").to_numpy())
    assert np.mean(bad, axis=0).max() <= 0.05


def test_the_interval_of_a_ratio_holds_one_in_sound_catalogues():
    inside = []
    for seed in range(40):
        rng = np.random.default_rng(300 + seed)
        one = rates.row(found_in(rates.poisson(300, 12.0, rng), 12.0, seed), "night_ratio_small")
        inside.append(one["low"] <= 1.0 <= one["high"])
    assert np.mean(inside) >= 0.9


def test_few_days_or_events_cannot_tell():
    rng = np.random.default_rng(8)
    for n, days in ((10, 20.0), (300, 2.0)):
        assert set(found_in(rates.poisson(n, days, rng), days).findings["verdict"]) == {"cannot tell"}


def test_a_sequence_that_fills_the_catalogue_has_no_day_and_night():
    rng = np.random.default_rng(1)
    found = found_in(rates.omori(1, 10.0, rng, mean=600), 10.0)
    assert set(found.findings["verdict"]) == {"cannot tell"}
    assert found.findings["why"].str.contains("one sequence").all()
