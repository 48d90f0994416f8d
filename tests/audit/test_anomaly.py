"""Stations with more picks without event than a rule-based picker leads to expect."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.anomaly import ANOMALY, beyond, log_ratio, unassociated
from quakescribe.settings.audit import AuditSettings
from quakescribe.tables import PICKS, pick_ids

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, START, catalogue, reference_picks
from sound_picks import SEEDS, sound

SETTINGS = AuditSettings(resamples=60)


def result(tables, **more):
    return audit(make_case(tables, SETTINGS, MODEL, **more), (ANOMALY,))


def found(tables, **more):
    return result(tables, **more).findings.set_index(["metric", "scope", "key"])


def with_false(picks, station, n, start_day, days, seed=0):
    """Picks with n more false P of a station, evenly at random over some days."""
    rng = np.random.default_rng(seed)
    time = pd.Series(START + pd.to_timedelta(start_day, unit="D")
                     + pd.to_timedelta((rng.uniform(0, 86_400 * days, n) * 1e9).round(), unit="ns"))
    more = pd.DataFrame({"station_id": station, "phase": "P", "time": time, "pair_id": 0, "picker": "made"})
    more["pick_id"] = pick_ids(more["station_id"], more["phase"], more["time"])
    return PICKS.order(PICKS.conform(pd.concat([picks, more], ignore_index=True)))


def counts(n_stations, factor, scatter, rng):
    """Counts of two pickers, the first station's of the first one times a factor."""
    both = rng.lognormal(6.0, 0.5, n_stations)
    u = rng.poisson(both * 10 ** rng.normal(0.4, scatter, n_stations) * np.r_[factor, np.ones(n_stations - 1)])
    return u.astype(float), rng.poisson(both).astype(float)


def test_it_is_the_formula():
    u, rule = np.array([5.0, 20, 30, 40, 1000, 0]), np.array([4.0, 25, 25, 50, 30, 0])
    table = log_ratio(u, rule, SETTINGS.picks)
    ratio = np.log10((u + 0.5) / (rule + 0.5))
    d = ratio - np.median(ratio)
    s = max(1.4826 * np.median(np.abs(d)), 0.1)
    error = np.sqrt(3 / (u + 0.5) + 3 / (rule + 0.5)) / np.log(10)
    np.testing.assert_allclose(table["d"], d)
    np.testing.assert_allclose(table["z"], d / np.sqrt(np.maximum(s**2, error**2)))


@pytest.mark.parametrize(("n", "factor", "scatter", "low", "high"), [
    (12, 1.0, 0.2, 0.0, 0.015), (30, 1.0, 0.2, 0.0, 0.01), (12, 10.0, 0.2, 0.6, 0.95), (30, 30.0, 0.2, 0.95, 1.0),
    (12, 10.0, 0.4, 0.05, 0.45)])
def test_false_alarms_and_power_are_those_that_were_measured(n, factor, scatter, low, high):
    rng, flagged = np.random.default_rng(1), []
    for _ in range(400):
        table = log_ratio(*counts(n, factor, scatter, rng), SETTINGS.picks)
        flagged.append((table["z"].iloc[0] > 3.5) & (table["d"].iloc[0] > np.log10(2)))
    assert low <= np.mean(flagged) <= high


def test_a_reference_pick_is_associated_by_an_arrival_of_its_station_and_phase_alone():
    time = START + pd.to_timedelta([10.0, 10.4, 10.0, 10.6, 10.0], unit="s")
    reference = pd.DataFrame({"station_id": list("AABAA"), "phase": list("PPPPS"), "time": time})
    arrivals = pd.DataFrame({"station_id": ["A"], "phase": ["P"], "time": time[:1]})
    assert unassociated(reference, arrivals, 0.5).tolist() == [False, False, True, True, True]


def test_a_station_with_thirty_times_the_false_picks_is_bad_and_no_other_is():
    tables = catalogue(300, 10.0, seed=4)
    bad = {**tables, "picks": with_false(tables["picks"], "XX.S05.", 36_000, 0, 10)}
    rows = found(bad, reference=reference_picks(tables, seed=8))
    assert rows.loc[("pick_anomaly", "station", "XX.S05."), "verdict"] == "bad"
    assert rows.loc[("pick_anomaly", "network", ""), "verdict"] == "bad"
    others = rows.xs("station", level="scope").drop("XX.S05.", level="key")
    assert (others.loc["pick_anomaly", "verdict"] == "good").all()
    assert rows.loc[("unassociated_picks", "station", "XX.S05."), "verdict"] == "watch"


def test_the_days_of_a_fault_are_named_and_no_others():
    tables = catalogue(300, 10.0, seed=4)
    bad = {**tables, "picks": with_false(tables["picks"], "XX.S05.", 6_000, 3, 2)}
    one = result(bad, reference=reference_picks(tables, seed=8))
    days = one.findings[one.findings["scope"] == "day"]
    assert days["key"].tolist() == ["2024-03-07", "2024-03-08"]
    assert days["why"].str.startswith("XX.S05.").all()
    table = one.outcomes["anomaly"].tables["station_days"]
    assert table["flagged"].sum() == 2


def test_sound_networks_are_seldom_called_bad():
    verdicts, days = [], 0
    for seed in SEEDS:
        tables, reference = sound(seed)
        rows = found(tables, reference=reference).reset_index()
        days += int((rows["scope"] == "day").sum())
        verdicts += rows.loc[rows["metric"] == "pick_anomaly", "verdict"].tolist()
    assert verdicts.count("bad") + verdicts.count("watch") <= 0.05 * len(verdicts)
    assert days <= 5


def test_without_a_rule_based_picker_it_cannot_tell_but_counts():
    rows = found(catalogue(100, 4.0))
    assert rows.loc[("pick_anomaly", "network", ""), "verdict"] == "cannot tell"
    assert rows.loc[("unassociated_picks", "network", ""), "value"] > 0


def test_picks_of_no_event_are_not_good():
    tables = catalogue(100, 4.0)
    rows = found({name: tables[name] for name in ("stations", "picks")}).loc["unassociated_picks"]
    assert rows["verdict"].tolist() == ["cannot tell"]
    assert rows["why"].tolist() == ["No pick belongs to an event."]


def test_a_station_of_few_picks_is_not_called_good():
    tables = catalogue(300, 10.0, seed=4)
    reference = reference_picks(tables, seed=8)
    few = tables["picks"]["station_id"].ne("XX.S05.") | (np.arange(len(tables["picks"])) % 60 == 0)
    rows = found({**tables, "picks": tables["picks"][few]},
                 reference=reference[reference["station_id"].ne("XX.S05.") | (np.arange(len(reference)) % 600 == 0)])
    assert rows.loc[("pick_anomaly", "station", "XX.S05."), "verdict"] == "cannot tell"
    assert rows.loc[("pick_anomaly", "station", "XX.S04."), "verdict"] == "good"
    assert rows.loc[("pick_anomaly", "network", ""), "verdict"] == "good"


def test_five_stations_are_too_few_to_compare():
    tables = catalogue(100, 4.0, n_stations=5)
    rows = found(tables, reference=reference_picks(tables))
    assert set(rows["verdict"]) == {"cannot tell"}


def test_of_a_hundred_stations_in_a_year_next_to_no_day_is_named_without_cause():
    z, one = np.random.default_rng(1).standard_normal(36_500), np.full(36_500, 1.0)
    assert (z > 3.5).sum() > 3
    assert beyond(z, one, SETTINGS.picks).sum() <= 1
    assert beyond(np.append(z, 7.0), np.append(one, 1.0), SETTINGS.picks)[-1]
    assert not beyond(np.array([7.0, np.nan]), np.array([0.2, 1.0]), SETTINGS.picks).any()


@pytest.mark.parametrize("half", [0, 1])
def test_a_reference_of_other_days_is_cut_to_the_same_hours(half):
    tables = catalogue(200, 8.0, seed=1)
    whole = reference_picks(tables)
    half = whole[(whole["time"] < START + pd.Timedelta(4, "D")) == (half == 0)]
    table = result(tables, reference=half).outcomes["anomaly"].tables["stations"]
    assert table["u"].sum() == pytest.approx(0.5 * table["unassociated"].sum(), rel=0.1)
