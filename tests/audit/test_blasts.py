import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, t

sys.path.insert(0, str(Path(__file__).parent))
import rates_cases as rates

from quakescribe.audit import audit
from quakescribe.audit.blasts import BLASTS
from quakescribe.audit.quarry_map import daytime_p

DAYS = 60.0


def found_in(true, days=DAYS, seed=0, **more):
    return audit(rates.case(true, days, np.random.default_rng(seed), **more), (BLASTS,))


def distance(places, x, y):
    px, py = rates.made.FRAME.to_xy(places["latitude"], places["longitude"])
    return np.hypot(px - x, py - y)


def slow_p(work, day, q):
    k, share, days = len(work), sum(work) / len(work), set(day)
    square = sum(sum(w - share for w, j in zip(work, day, strict=True) if j == one) ** 2 for one in days)
    variance = max(square * len(days) / (len(days) - 1), k * q * (1 - q))
    return max(binom.sf(sum(work) - 1, k, q), t.sf((sum(work) - q * k) / np.sqrt(variance), len(days) - 1))


def test_the_probability_and_the_share_of_one_day_equal_those_computed_one_by_one():
    rng = np.random.default_rng(1)
    work, day = rng.random((20, 60)) < 0.5, rng.integers(0, 25, (20, 60))
    p, most = daytime_p(work, day, 0.375)
    assert p == pytest.approx([slow_p(w, d, 0.375) for w, d in zip(work, day, strict=True)])
    slow = [np.bincount(d[w]).max() / w.sum() for w, d in zip(work, day, strict=True)]
    assert most == pytest.approx(slow)


def test_the_probability_has_its_size_when_days_are_bursts():
    rng = np.random.default_rng(2)
    burst = np.repeat(rng.random((2000, 12)) < 0.375, 5, axis=1)  # five events at once on each of twelve days
    day = np.broadcast_to(np.repeat(np.arange(12), 5), burst.shape)
    p, _ = daytime_p(burst, day, 0.375)
    assert np.mean(p < 0.01) <= 0.015
    assert np.mean(binom.sf(burst.sum(axis=1) - 1, 60, 0.375) < 0.01) > 0.05


@pytest.mark.parametrize("seed", range(5))
def test_a_quarry_with_a_tenth_of_the_events_is_found_where_it_is(seed):
    rng = np.random.default_rng(10 + seed)
    found = found_in(pd.concat([rates.poisson(450, DAYS, rng), rates.blasts(50, DAYS, rng)]), seed=seed)
    assert rates.row(found, "quarry_places")["verdict"] == "bad"
    places = found.outcomes["blasts"].tables["places"]
    assert len(places) == 1
    assert distance(places, 20.0, -15.0)[0] < 5.0
    assert places["weekend_share"].iloc[0] < 0.27
    number = rates.row(found, "quarry_blasts")
    assert number["low"] < 50 < number["high"]


def test_the_nodes_of_a_quarry_far_from_other_events_hold_little_else():
    rng = np.random.default_rng(20)
    found = found_in(pd.concat([rates.poisson(450, DAYS, rng), rates.blasts(50, DAYS, rng, 45.0, 45.0)]))
    ratio = rates.row(found, "quarry_ratio")
    assert ratio["value"] > 5
    place = found.outcomes["blasts"].tables["places"].iloc[0]
    assert place["depth_work_km"] < 3.0


def test_two_quarries_are_two_places():
    rng = np.random.default_rng(21)
    true = pd.concat([rates.poisson(600, DAYS, rng), rates.blasts(80, DAYS, rng, 35.0, 0.0),
                      rates.blasts(80, DAYS, rng, -35.0, 0.0)])
    found = found_in(true)
    assert rates.row(found, "quarry_places")["value"] == 2
    places = found.findings[found.findings["scope"] == "place"]
    assert list(places["key"]) == ["1", "2"]
    assert set(found.findings[found.findings["scope"] == "network"]["key"]) == {""}


def test_blasts_all_over_the_region_are_seen_by_the_whole_network():
    rng = np.random.default_rng(22)
    found = found_in(pd.concat([rates.poisson(400, DAYS, rng),
                                rates.events(rates.working(150, DAYS, rng, weekend=True), rng)]))
    one = rates.row(found, "working_hours_share")
    assert one["verdict"] == "bad"
    assert one["low"] < (400 * 0.375 + 150) / 550 < one["high"]
    assert one["expected"] == pytest.approx(9 / 24)
    assert rates.row(found, "quarry_places")["value"] == 0  # no place has more than all others


def test_better_detection_by_night_is_no_quarry_and_hides_none():
    rng = np.random.default_rng(23)
    night = rates.night_only(rates.poisson(2000, DAYS, rng), rng)
    found = found_in(night)
    assert "bad" not in set(found.findings["verdict"])
    again = found_in(pd.concat([night, rates.blasts(100, DAYS, rng, 35.0, 0.0)]))
    assert rates.row(again, "quarry_places")["verdict"] == "bad"


def test_an_aftershock_sequence_by_day_is_no_quarry():
    rng = np.random.default_rng(24)
    n = 150
    at = 20 * rates.DAY + 7 * 3600 + np.sort(rng.uniform(0, 7 * 3600, n))
    sequence = rates.events(at, rng, rng.normal(15, 0.5, n), rng.normal(15, 0.5, n))
    found = found_in(pd.concat([rates.poisson(400, DAYS, rng), sequence]))
    assert rates.row(found, "quarry_places")["value"] == 0
    assert "bad" not in set(found.findings["verdict"])


def test_a_place_with_too_many_events_on_one_day_is_left_out():
    rng = np.random.default_rng(26)
    true = pd.concat([rates.poisson(450, DAYS, rng), rates.blasts(50, DAYS, rng, 45.0, 45.0)])
    rules = rates.SETTINGS.rates.model_copy(update={"quarry_one_day_share": 0.01})
    assert rates.row(found_in(true), "quarry_places")["value"] == 1
    strict = rates.SETTINGS.model_copy(update={"rates": rules})
    assert rates.row(found_in(true, settings=strict), "quarry_places")["value"] == 0


@pytest.mark.parametrize("kind", ["poisson", "omori"])
def test_sound_catalogues_are_rarely_bad(kind):
    bad = []
    for seed in range(40):
        rng = np.random.default_rng(400 + seed)
        days, n = float(rng.choice([7.3, 20, 60])), int(rng.choice([120, 400, 1000]))
        true = rates.poisson(n, days, rng)
        if kind == "omori":
            true = pd.concat([true, rates.omori(max(1, n // 100), days, rng)])
        bad.append((found_in(true, days, seed, settings=rates.LIGHT).findings["verdict"] == "bad").to_numpy())
    assert np.mean(bad, axis=0).max() <= 0.05


def test_few_events_days_or_places_cannot_tell():
    rng = np.random.default_rng(25)
    for n, days in ((10, 20.0), (300, 3.0)):
        assert set(found_in(rates.poisson(n, days, rng), days).findings["verdict"]) == {"cannot tell"}
    few = found_in(rates.poisson(60, 20.0, rng), 20.0)
    assert rates.row(few, "quarry_places")["verdict"] == "cannot tell"
    assert rates.row(few, "working_hours_share")["verdict"] != "bad"
