import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import rates_cases as rates

from quakescribe.audit import audit
from quakescribe.audit.change_point import change_point, pettitt, rate_step
from quakescribe.audit.local_time import event_times
from quakescribe.audit.network_changes import network_changes
from quakescribe.audit.steps import STEPS
from quakescribe.tables import COVERAGE

DAYS, DAY = 40.0, rates.DAY
START = rates.made.START


def at(days):
    return START + pd.Timedelta(days=days)


def coverage(*stretches):
    return COVERAGE.make({"station_id": [s[0] for s in stretches], "start": pd.Series([at(s[1]) for s in stretches]),
                          "end": pd.Series([at(s[2]) for s in stretches])})


WHOLE = [(f"XX.S{i:02d}.", 0.0, DAYS) for i in range(3)]
HALF = [(f"XX.S{i:02d}.", a, b) for i in range(3, 6) for a, b in ((0.0, 15.0), (25.0, DAYS))]


def found_in(true, seed=0, days=DAYS, **more):
    return audit(rates.case(true, days, np.random.default_rng(seed), **more), (STEPS,))


def changes_of(case):
    return network_changes(case, event_times(case))


def test_stations_that_come_and_go_are_read_from_the_coverage():
    rng = np.random.default_rng(1)
    case = rates.case(rates.poisson(50, DAYS, rng), DAYS, rng, coverage=coverage(*WHOLE, *HALF, ("XX.S09.", 0.0, 30.0)))
    found = changes_of(case)
    assert found["seconds"].to_numpy() / DAY == pytest.approx([15.0, 25.0, 30.0])
    assert list(found["gone"]) == ["XX.S03., XX.S04., XX.S05.", "", "XX.S09."]
    assert list(found["come"]) == ["", "XX.S03., XX.S04., XX.S05.", ""]


def test_a_pause_shorter_than_the_absence_is_no_change():
    rng = np.random.default_rng(2)
    stretches = coverage(("XX.S00.", 0.0, 10.0), ("XX.S00.", 10.5, DAYS))
    assert changes_of(rates.case(rates.poisson(50, DAYS, rng), DAYS, rng, coverage=stretches)).empty


def test_without_coverage_missing_picks_tell_when_a_station_was_out():
    rng = np.random.default_rng(3)
    case = rates.case_with_picks(rates.poisson(200, DAYS, rng), DAYS, rng)
    assert changes_of(case).empty
    picks = case.facts.picks
    out = (picks["station_id"] == "XX.S02.") & (picks["time"] > at(15)) & (picks["time"] < at(25))
    found = changes_of(dataclasses.replace(case, facts=dataclasses.replace(case.facts, picks=picks[~out])))
    assert found["seconds"].to_numpy() / DAY == pytest.approx([15.0, 25.0], abs=0.2)
    assert list(found["gone"]) == ["XX.S02.", ""]


def test_when_all_stations_pause_together_nothing_is_known_of_one():
    rng = np.random.default_rng(4)
    case = rates.case_with_picks(rates.poisson(200, DAYS, rng), DAYS, rng)
    picks = case.facts.picks
    out = (picks["time"] > at(15)) & (picks["time"] < at(25))
    assert changes_of(dataclasses.replace(case, facts=dataclasses.replace(case.facts, picks=picks[~out]))).empty


def test_a_ratio_of_rates_is_that_of_the_counts_per_time():
    t = np.concatenate([np.linspace(0, 10, 101)[:-1], np.linspace(10, 30, 401)[:-1]]) * DAY
    found = rate_step(t, 10 * DAY, 0.0, 30 * DAY, DAY)
    assert (found.before, found.after) == (100, 400)
    assert found.ratio == pytest.approx(2.0, rel=0.01)
    assert found.low < 2.0 < found.high


def test_a_ratio_has_its_size_for_poisson_and_for_bursts():
    rng = np.random.default_rng(5)
    for burst, bound in ((1, 0.02), (5, 0.03)):
        p = []
        for _ in range(500):
            t = np.repeat(rng.uniform(0, 60 * DAY, 300 // burst), burst) + rng.uniform(0, 600, 300 // burst * burst)
            p.append(rate_step(np.sort(t), 30 * DAY, 0.0, 60 * DAY, DAY).p)
        assert np.mean(np.array(p) < 0.01) <= bound


def test_the_clearest_step_is_found_where_it_is_and_chance_gives_a_uniform_p():
    rng = np.random.default_rng(6)
    k, p = change_point(np.concatenate([rng.poisson(10, 60), rng.poisson(20, 30)]).astype(float), rng, 4)
    assert abs(k - 60) <= 3
    assert p == pytest.approx(0.001)
    p = [change_point(rng.poisson(10, 60).astype(float), rng, 1)[1] for _ in range(200)]
    assert 0.35 < np.mean(p) < 0.65
    assert change_point(np.full(50, 3.0), rng, 1) == (0, 1.0)
    assert change_point(np.array([1.0, 2.0]), rng, 1) == (0, 1.0)


def test_pettitt_agrees_with_counting_pairs():
    values = np.random.default_rng(7).normal(0, 1, 40)
    u = [sum(np.sign(values[j] - values[i]) for i in range(k) for j in range(k, 40)) for k in range(1, 40)]
    k, p = pettitt(values)
    assert k == int(np.argmax(np.abs(u))) + 1
    assert p == pytest.approx(min(1.0, 2 * np.exp(-6 * np.max(np.abs(u)) ** 2 / (40**3 + 40**2))))


def test_an_outage_of_half_of_the_network_makes_a_step_that_is_attributed():
    rng = np.random.default_rng(8)
    true = rates.poisson(1500, DAYS, rng)
    out = (true["seconds"] > 15 * DAY) & (true["seconds"] < 25 * DAY)
    kept = true[~out | (true["magnitude"] > 1.5) | (rng.random(len(true)) < 0.3)]
    found = found_in(kept, coverage=coverage(*WHOLE, *HALF))
    assert rates.row(found, "changes_with_step")["value"] == 1.0
    first = rates.row(found, "rate_step_at_change", "day", "2024-03-19")
    assert first["verdict"] in ("watch", "bad")
    assert "XX.S03., XX.S04., XX.S05. went" in first["why"]
    truth = ((kept["seconds"] > 15 * DAY) & (kept["seconds"] < 25 * DAY)).sum() / 10 / (
        (kept["seconds"] < 15 * DAY).sum() / 15)
    assert first["low"] < truth < first["high"]
    assert rates.row(found, "rate_step_at_change", "day", "2024-03-29")["value"] > 1.5


def test_a_step_of_all_sizes_at_a_change_is_bad():
    rng = np.random.default_rng(9)
    true = rates.poisson(1500, DAYS, rng)
    kept = true[(true["seconds"] < 15 * DAY) | (rng.random(len(true)) < 0.4)]
    found = found_in(kept, coverage=coverage(*WHOLE, ("XX.S03.", 0.0, 15.0)))
    assert rates.row(found, "changes_with_step")["verdict"] == "bad"
    assert rates.row(found, "unexplained_step")["verdict"] == "watch"
    assert "the network changed at that time" in rates.row(found, "unexplained_step")["why"]


def test_a_change_without_a_step_is_good():
    rng = np.random.default_rng(10)
    found = found_in(rates.poisson(1500, DAYS, rng), coverage=coverage(*WHOLE, *HALF))
    assert rates.row(found, "changes_with_step")["verdict"] == "good"
    assert rates.row(found, "rate_step_at_change")["verdict"] == "good"


def test_small_events_that_become_rare_without_known_reason_are_bad():
    rng = np.random.default_rng(11)
    true = rates.poisson(3000, DAYS, rng)
    kept = true[(true["seconds"] < 22 * DAY) | (true["magnitude"] > 1.4) | (rng.random(len(true)) < 0.3)]
    found = found_in(kept)
    one = rates.row(found, "unexplained_step")
    assert one["verdict"] == "bad"
    assert "2024-03-2" in one["why"]


def test_fewer_earthquakes_of_all_sizes_are_watched_but_not_bad():
    rng = np.random.default_rng(12)
    true = rates.poisson(3000, DAYS, rng)
    found = found_in(true[(true["seconds"] < 22 * DAY) | (rng.random(len(true)) < 0.5)])
    assert rates.row(found, "unexplained_step")["verdict"] == "watch"
    assert rates.row(found, "magnitude_step")["verdict"] == "good"


def with_mainshock(rng, magnitude=5.7, at_h=17.55):
    """Rare events, and from one afternoon on three times as many over the whole region, after the largest event."""
    start = 12 * DAY + at_h * 3600.0
    later = rates.events(rng.uniform(start, DAYS * DAY, 1200), rng)
    soon = rates.events(start + 3600.0 * rng.exponential(4.0, 60), rng)
    main = rates.events(np.array([start]), rng).assign(magnitude=magnitude)
    return pd.concat([rates.poisson(500, DAYS, rng), soon, later, main])


def test_a_rise_that_begins_with_the_largest_event_is_its_aftershock_sequence():
    one = rates.row(found_in(with_mainshock(np.random.default_rng(17))), "unexplained_step")
    assert one["value"] > 2
    assert one["verdict"] == "good"
    assert "at 17:33 with the largest event (M 5.7): an aftershock sequence" in one["why"]


def test_a_rise_without_a_largest_event_at_it_or_without_magnitudes_is_watched():
    rng = np.random.default_rng(17)
    true = with_mainshock(rng)
    case = rates.case(true, DAYS, rng)
    unknown = dataclasses.replace(case.facts, catalogue=case.facts.catalogue.assign(magnitude=np.nan))
    small = true.assign(magnitude=true["magnitude"].where(true["magnitude"] < 5, 0.5))
    for one in (rates.case(small, DAYS, rng), dataclasses.replace(case, facts=unknown)):
        row = rates.row(audit(one, (STEPS,)), "unexplained_step")
        assert row["verdict"] == "watch"
        assert "aftershock" not in row["why"]


def test_a_fall_of_the_rate_at_the_largest_event_is_no_sequence():
    rng = np.random.default_rng(18)
    true = rates.poisson(3000, DAYS, rng)
    true = true[(true["seconds"] < 22 * DAY) | (rng.random(len(true)) < 0.4)]
    main = rates.events(np.array([22 * DAY - 600.0]), rng).assign(magnitude=5.7)
    row = rates.row(found_in(pd.concat([true, main])), "unexplained_step")
    assert row["verdict"] == "watch" and "aftershock" not in row["why"]


def test_a_step_of_the_scale_of_magnitudes_is_told_from_one_of_detection():
    rng = np.random.default_rng(13)
    true = rates.poisson(1500, DAYS, rng)
    later = true["seconds"] > 25 * DAY
    found = found_in(true.assign(magnitude=true["magnitude"] + 0.3 * later))
    one = rates.row(found, "magnitude_step")
    assert one["verdict"] == "bad"
    assert one["low"] < 0.3 < one["high"]
    assert "2024-03-2" in one["why"]
    lost = ~later | (true["magnitude"] > 1.4) | (rng.random(len(true)) < 0.2)
    assert rates.row(found_in(true[lost]), "magnitude_step")["verdict"] == "watch"


def test_another_scale_above_the_completeness_is_seen_by_the_sizes():
    rng = np.random.default_rng(0)
    true = rates.poisson(2000, DAYS, rng).sort_values("seconds").reset_index(drop=True)
    stretched = np.where((true.index >= 1000) & (true["magnitude"] > 1.2), 1.2 + 1.4 * (true["magnitude"] - 1.2),
                         true["magnitude"])
    one = rates.row(found_in(true.assign(magnitude=stretched)), "size_ratio_step")
    assert one["verdict"] == "watch"
    assert one["low"] < 1.4 < one["high"]


def test_a_sequence_that_fills_the_catalogue_is_no_step():
    rng = np.random.default_rng(16)
    late = rates.omori(1, 4.0, rng, mean=3000)
    late["seconds"] += (2.0 - late["seconds"].min() / DAY) * DAY
    found = found_in(pd.concat([rates.poisson(20, 6.0, rng), late]), days=6.0)
    assert set(found.findings["verdict"]) == {"cannot tell"}
    assert found.findings["why"].str.contains("one sequence").all()


@pytest.mark.parametrize("kind", ["poisson", "omori"])
def test_sound_catalogues_are_rarely_bad(kind):
    bad = []
    for seed in range(40):
        rng = np.random.default_rng(500 + seed)
        days, n = float(rng.choice([4.3, 20, 60])), int(rng.choice([120, 400, 1000]))
        true = rates.poisson(n, days, rng)
        if kind == "omori":
            true = pd.concat([true, rates.omori(max(1, n // 100), days, rng)])
        stretches = coverage(*[(name, a * days / DAYS, b * days / DAYS) for name, a, b in (*WHOLE, *HALF)])
        found = found_in(true, seed, days, coverage=stretches, settings=rates.LIGHT).findings
        found = found[found["scope"] == "network"]
        bad.append((found["verdict"] == "bad").to_numpy())
    assert np.mean(bad, axis=0).max() <= 0.05


def test_few_events_or_hours_cannot_tell():
    rng = np.random.default_rng(15)
    for n, days in ((10, 20.0), (100, 0.5)):
        assert set(found_in(rates.poisson(n, days, rng), days=days).findings["verdict"]) == {"cannot tell"}
