import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

sys.path.insert(0, str(Path(__file__).parent))
import rates_cases as rates

from quakescribe.audit import audit
from quakescribe.audit.periodicity import PERIODICITY, _clock
from quakescribe.audit.schuster import frequency_numbers, null_scans, schuster, spectrum, uniform_mean

DAY, YEAR = 86_400.0, 365 * 86_400.0


def uniform(n, rng, span=YEAR):
    return np.sort(rng.uniform(0, span, n))


def clustered(rng):
    """50 clusters of 10 events within about an hour, and to which cluster each belongs."""
    start = rng.uniform(0, YEAR * 0.99, 50)
    t = (start[:, None] + rng.exponential(3600.0, (50, 10))).ravel()
    order = np.argsort(t)
    return t[order], np.repeat(np.arange(50), 10)[order]


def alone(t):
    return np.arange(len(t))


def test_the_classical_p_is_that_of_the_formula():
    rng = np.random.default_rng(1)
    t = uniform(200, rng, 100 * DAY)
    phase = 2 * np.pi * t / DAY
    d2 = np.cos(phase).sum() ** 2 + np.sin(phase).sum() ** 2
    found = schuster(t, alone(t), DAY, 100 * DAY)
    assert found.p_naive == pytest.approx(np.exp(-d2 / 200), rel=1e-6)
    assert found.p_independent == found.p_units == pytest.approx(found.p_naive)
    assert found.p >= found.p_naive


def test_a_catalogue_of_part_of_a_cycle_is_not_called_periodic():
    t = np.linspace(0, 3.5 * DAY, 2001)[:-1]
    assert schuster(t, alone(t), DAY, 3.5 * DAY).p_independent > 0.5
    assert uniform_mean(np.array(1 / DAY), 3.5 * DAY) == pytest.approx(np.exp(2j * np.pi * t / DAY).mean(), abs=1e-3)


def test_uniform_catalogues_are_rejected_as_often_as_said():
    rng = np.random.default_rng(2)
    p = np.array([schuster(t, alone(t), DAY, YEAR).p_independent for t in (uniform(400, rng) for _ in range(1500))])
    assert 0.004 < np.mean(p < 0.01) < 0.018
    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=0.04)


def test_the_scatter_of_few_days_gives_a_p_of_the_right_size():
    rng = np.random.default_rng(3)
    found = [schuster(t, alone(t), DAY, 5 * DAY) for t in (uniform(300, rng, 5 * DAY) for _ in range(1500))]
    p = np.array([one.p_blocks for one in found])
    assert 0.004 < np.mean(p < 0.01) < 0.018


def test_clusters_deceive_the_classical_test_but_not_the_robust_ones():
    rng = np.random.default_rng(4)
    found = [schuster(t, unit, DAY, YEAR) for t, unit in (clustered(rng) for _ in range(400))]
    assert np.mean([one.p_naive < 0.01 for one in found]) > 0.5
    for name in ("p_units", "p_independent", "p"):
        assert np.mean([getattr(one, name) < 0.01 for one in found]) <= 0.025


def test_clusters_that_nobody_marked_are_seen_by_the_scatter_between_days():
    rng = np.random.default_rng(5)
    p = [schuster(t, alone(t), DAY, YEAR).p_blocks for t, _ in (clustered(rng) for _ in range(400))]
    assert np.mean(np.array(p) < 0.01) <= 0.025


def aftershocks(n, rng, days=2.0, c_days=0.05, before=0.0):
    """One sequence that fills the catalogue, every event taken as independent."""
    length = days - before
    return np.sort(before + c_days * ((1 + length / c_days) ** rng.random(n) - 1)) * DAY


@pytest.mark.parametrize(("hours", "c_days"), [(12.0, 0.3), (12.0, 0.01), (6.0, 0.05), (1.0, 0.01)])
def test_one_sequence_of_two_days_has_no_period(hours, c_days):
    rng = np.random.default_rng(15)
    found = [schuster(t, alone(t), hours * 3600.0, 2 * DAY) for t in (aftershocks(800, rng, c_days=c_days)
                                                                       for _ in range(200))]
    assert np.mean([max(one.p_independent, one.p_units) < 1e-3 for one in found]) > 0.3
    assert np.mean([one.p < 1e-3 for one in found]) <= 0.01


@pytest.mark.parametrize(("hours", "days", "blocks"), [(12.0, 2.0, 4), (1.0, 2.0, 8), (1.0, 3.0, 3), (13.0, 3.0, 5),
                                                       (24.0, 2.99, 3), (24.0, 2.5, 0), (24.0, 40.0, 40)])
def test_short_catalogues_are_cut_into_whole_cycles(hours, days, blocks):
    t = uniform(500, np.random.default_rng(16), days * DAY)
    found = schuster(t, alone(t), hours * 3600.0, days * DAY)
    assert found.blocks == blocks
    assert np.isnan(found.p) == np.isnan(found.p_blocks) == (blocks == 0)


@pytest.mark.parametrize(("hours", "days"), [(12.0, 2.0), (1.0, 2.0), (24.0, 2.92)])
def test_uniform_catalogues_of_few_days_are_rejected_as_often_as_said(hours, days):
    rng = np.random.default_rng(17)
    p = np.array([schuster(t, alone(t), hours * 3600.0, days * DAY).p_blocks
                  for t in (uniform(300, rng, days * DAY) for _ in range(1500))])
    assert 0.004 < np.mean(p < 0.01) < 0.018


def test_events_that_all_come_at_one_minute_of_every_hour_have_a_period_beyond_doubt():
    t = np.arange(48) * 3600.0 + 60.0
    assert schuster(t, alone(t), 3600.0, 2 * DAY).p < 1e-9


def test_a_fifth_of_daytime_blasts_is_found_in_most_catalogues_and_a_tenth_in_few():
    rng = np.random.default_rng(6)
    found = {}
    for n in (100, 50):
        p = []
        for _ in range(150):
            blasts = rng.integers(0, 365, n) * DAY + rng.uniform(9, 17, n) * 3600
            t = np.sort(np.concatenate([uniform(500 - n, rng), blasts]))
            p.append(schuster(t, alone(t), DAY, YEAR).p)
        found[n] = np.mean(np.array(p) < 1e-3)
    assert found[100] > 0.9
    assert found[50] < 0.4


def test_amplitude_and_time_of_the_maximum_are_those_of_the_rate():
    rng = np.random.default_rng(7)
    t = uniform(60_000, rng)
    t = t[rng.random(len(t)) < (1 + 0.3 * np.cos(2 * np.pi * (t / DAY - 0.25))) / 1.3]
    found = schuster(t, alone(t), DAY, YEAR)
    assert found.amplitude == pytest.approx(0.3, abs=found.half_width)
    assert found.peak == pytest.approx(0.25, abs=0.01)
    assert found.half_width < 0.02


def slow_spectrum(t, unit, span, periods):
    out = []
    for period in periods:
        z = np.exp(2j * np.pi * t / period)
        m = uniform_mean(np.array(1 / period), span)
        first = [np.flatnonzero(unit == u)[0] for u in np.unique(unit)]
        one = np.exp(-abs((z[first] - m).sum()) ** 2 / (len(first) * (1 - abs(m) ** 2)))
        each = np.array([(z[unit == u] - m).sum() for u in np.unique(unit)])
        out.append((one, np.exp(-abs(each.sum()) ** 2 / (abs(each) ** 2).sum())))
    return np.array(out)


def test_the_spectrum_equals_one_test_after_the_other():
    t, unit = clustered(np.random.default_rng(8))
    found = spectrum(t, unit, YEAR, 20 * DAY, 100 * DAY, 500)
    slow = slow_spectrum(t, unit, YEAR, found["period_s"])
    assert found["p_independent"].to_numpy() == pytest.approx(slow[:, 0], rel=1e-6)
    assert found["p_units"].to_numpy() == pytest.approx(slow[:, 1], rel=1e-6)
    assert np.diff(1 / found["period_s"]) == pytest.approx(0.5 / YEAR)


def test_the_null_of_the_spectrum_is_that_of_uniform_catalogues():
    rng = np.random.default_rng(9)
    span, lowest = 30 * DAY, []
    for _ in range(300):
        t = uniform(150, rng, span)
        found = spectrum(t, alone(t), span, DAY / 2, 7.5 * DAY, 2000)
        lowest.append((found["p_independent"] * span / found["period_s"]).min())
    null = null_scans(8, 120)
    assert ks_2samp(lowest, null).pvalue > 0.01
    assert (found["threshold"] * span / found["period_s"]).to_numpy() == pytest.approx(np.quantile(null, 0.01))


def test_the_smallest_p_by_chance_goes_like_period_over_span():
    low = null_scans(365, 1460)  # half a day to two days, and five to twenty days, in a year
    long = null_scans(36, 146)
    assert np.median(low) == pytest.approx(np.median(long), rel=0.35)
    assert np.quantile(low, 0.01) < 0.01


def test_no_more_periods_than_allowed_are_looked_at_and_the_longest_stay():
    numbers = frequency_numbers(YEAR, 3600.0, 60 * DAY, 100)
    assert len(numbers) == 100
    assert 2 * YEAR / numbers[0] <= 60 * DAY


def found_in(true, days, seed, **more):
    return audit(rates.case(true, days, np.random.default_rng(seed), **more), (PERIODICITY,))


def test_daytime_blasts_are_bad_and_stay_so_above_the_completeness():
    rng = np.random.default_rng(10)
    t = rates.working(400, 60, rng, weekend=True)
    found = found_in(pd.concat([rates.poisson(800, 60, rng), rates.events(t, rng)]), 60.0, 10)
    one = rates.row(found, "modulation_day")
    assert one["verdict"] == "bad"
    assert one["low"] < 1 / 3 * 2 * np.sin(np.pi / 3) / (np.pi / 3) < one["high"]  # the first harmonic of 9 to 17 h
    assert rates.row(found, "modulation_day_complete")["verdict"] == "bad"
    peak = found.outcomes["periodicity"].tables["periods"].iloc[0]["peak_h"]
    assert peak == pytest.approx(13.0, abs=1.0)
    assert rates.row(found, "spectrum_peak_p")["verdict"] == "watch"


def test_better_detection_by_night_is_watched_and_vanishes_above_the_completeness():
    rng = np.random.default_rng(11)
    found = found_in(rates.night_only(rates.poisson(3000, 60, rng), rng), 60.0, 11)
    assert rates.row(found, "modulation_day")["verdict"] == "watch"
    complete = rates.row(found, "modulation_day_complete")
    assert complete["verdict"] == "good"
    assert "one of detection" in complete["why"]


def test_events_at_the_edges_of_hourly_windows_are_bad():
    rng = np.random.default_rng(12)
    edges = rng.integers(1, 20 * 24, 120) * 3600.0 + rng.uniform(0, 60, 120)
    found = found_in(pd.concat([rates.poisson(400, 20, rng), rates.events(edges, rng)]), 20.0, 12)
    assert rates.row(found, "modulation_hour")["verdict"] == "bad"


def test_blasts_on_working_days_only_have_a_week():
    rng = np.random.default_rng(13)
    found = found_in(pd.concat([rates.poisson(600, 84, rng), rates.events(rates.working(600, 84, rng), rng)]), 84.0, 13)
    assert rates.row(found, "modulation_week")["verdict"] == "bad"


def test_what_three_days_show_but_do_not_repeat_cannot_be_told():
    rng = np.random.default_rng(18)
    hours = np.concatenate([rng.uniform(0, 72, 300), rng.normal(12, 4, 80), rng.normal(36, 4, 60)])
    one = rates.row(found_in(rates.events(np.sort(hours) * 3600.0, rng), 3.0, 18), "modulation_day")
    assert one["verdict"] == "cannot tell"
    assert "shorter than 8 cycles of 24 h" in one["why"]


@pytest.mark.parametrize(("days", "told"), [(7.5, False), (8.0, True)])
def test_a_day_is_told_from_eight_days_on_only(days, told):
    rng = np.random.default_rng(20)
    found = found_in(pd.concat([rates.poisson(300, days, rng), rates.events(rates.working(300, days, rng, True), rng)]),
                     days, 20)
    one = rates.row(found, "modulation_day")
    assert (one["verdict"] == "bad") == told
    assert told or one["verdict"] == "cannot tell"


def test_a_peak_of_fewer_than_eight_cycles_gets_no_verdict():
    rng = np.random.default_rng(21)
    t = np.arange(600) / 600 * 12 * DAY
    t = t + 0.6 * 2 * DAY / (2 * np.pi) * np.sin(2 * np.pi * t / (2 * DAY))
    one = rates.row(found_in(rates.events(np.sort(t[t > 0]), rng), 12.0, 21), "spectrum_peak_p")
    assert "strongest peak is at 48 h" in one["why"]
    assert one["verdict"] == "cannot tell" and "too few cycles" in one["why"]


def test_the_time_of_a_maximum_is_one_of_the_clock():
    assert [_clock(hour) for hour in (0.5, 13.0, 23.999)] == [
        "00:30 local time", "13:00 local time", "00:00 local time"]


def test_a_catalogue_of_one_sequence_has_no_independent_events():
    rng = np.random.default_rng(19)
    found = found_in(rates.events(aftershocks(800, rng, 10.0, before=1.0), rng, rng.normal(0, 2, 800)), 10.0, 19)
    assert set(found.findings["verdict"]) == {"cannot tell"}
    assert found.findings["why"].str.contains("one sequence").all()


@pytest.mark.parametrize("kind", ["poisson", "omori"])
def test_sound_catalogues_are_rarely_bad(kind):
    bad = []
    for seed in range(40):
        rng = np.random.default_rng(100 + seed)
        days, n = float(rng.choice([6.3, 15, 40])), int(rng.choice([100, 300, 700]))
        true = rates.poisson(n, days, rng)
        if kind == "omori":
            true = pd.concat([true, rates.omori(max(1, n // 100), days, rng)])
        bad.append((found_in(true, days, seed, settings=rates.LIGHT).findings["verdict"] == "bad").to_numpy())
    assert np.mean(bad, axis=0).max() <= 0.05


def test_few_events_or_days_cannot_tell():
    rng = np.random.default_rng(14)
    for n, days in ((5, 20.0), (100, 0.1)):
        found = found_in(rates.poisson(n, days, rng), days, 14).findings
        assert set(found["verdict"]) == {"cannot tell"}
