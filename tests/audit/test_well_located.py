"""Shares of well-located events and quantiles of their errors."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.intervals import quantile_interval, share_interval
from quakescribe.audit.well_located import DISQUALIFYING, WELL_LOCATED, bears, keeps_rules
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue

SETTINGS = AuditSettings(resamples=100)
SOUND = catalogue(300, 12.0, seed=3)


def found(origins, **more):
    case = make_case({**SOUND, "origins": origins}, SETTINGS, MODEL, **more)
    return audit(case, (WELL_LOCATED,)).findings.set_index(["metric", "key"])


def junk(seed=0):
    """Random arrival times as methods 2.4 measured them: RMS of about 1 s, large errors, most marked."""
    rng = np.random.default_rng(seed)
    n = len(SOUND["origins"])
    marked = rng.random(n) < 0.4
    return SOUND["origins"].assign(
        rms_s=rng.lognormal(0.0, 0.3, n), erh_km=rng.lognormal(2.5, 0.8, n), erz_km=rng.lognormal(3.3, 0.5, n),
        gap_deg=rng.uniform(120, 359, n), flags=np.where(marked, "hypoinverse-hash", None), well_located=~marked,
        method="hypo71")


def test_random_arrival_times_are_bad_by_the_strict_rule_but_not_by_the_marker():
    rows = found(junk())
    assert rows.loc[("well_located", "strict"), "verdict"] == "bad"
    assert rows.loc[("location_rms", "median"), "verdict"] == "bad"
    assert rows.loc[("well_located", "marker"), "verdict"] == "watch"
    assert "trial depths" in rows.loc[("well_located", "marker"), "why"]


def test_every_rule_equals_an_obvious_count():
    origins = junk(1)
    facts = make_case({"origins": origins}, SETTINGS, MODEL).facts.located
    kept = keeps_rules(facts, SETTINGS.locations)
    strict = [not (set(str(r.flags).split(",")) & set(DISQUALIFYING)) and r.rms_s <= 0.5 and r.erh_km <= 2
              and r.erz_km <= 5 and r.gap_deg <= 270 for r in facts.itertuples()]
    tight = [r.n_phases >= 4 and r.rms_s <= 0.3 and r.gap_deg <= 180 and r.erh_km <= 1 and r.erz_km <= 1
             for r in facts.itertuples()]
    assert kept["strict"].tolist() == strict
    assert kept["tight"].tolist() == tight
    unmarked = [r.flags != "hypoinverse-hash" for r in facts.itertuples()]
    assert kept["marker"].tolist() == kept["own"].tolist() == unmarked


@pytest.mark.parametrize(("column", "beyond"), [("rms_s", 0.51), ("erh_km", 2.1), ("erz_km", 5.1), ("gap_deg", 271.0),
                                                ("erh_km", 99.0), ("flags", "at-edge")])
def test_one_broken_limit_is_enough(column, beyond):
    facts = make_case({"origins": SOUND["origins"].assign(**{column: beyond})}, SETTINGS, MODEL).facts.located
    assert not keeps_rules(facts, SETTINGS.locations)["strict"].any()


def test_a_flag_is_a_whole_word_and_blanks_do_not_matter():
    flags = pd.Series(["few-phases", "very-few-phases", None, "outliers, few-phases", ""])
    assert bears(flags, ("few-phases",)).tolist() == [True, False, False, True, False]


@pytest.mark.parametrize("column", ["rms_s", "erh_km", "erz_km", "gap_deg"])
def test_a_rule_that_lacks_a_number_cannot_tell(column):
    rows = found(SOUND["origins"].assign(**{column: np.nan}))
    assert rows.loc[("well_located", "strict"), "verdict"] == "cannot tell"
    assert rows.loc[("well_located", "own"), "verdict"] == "good"


def test_a_catalogue_that_says_nothing_of_its_own_rule_is_not_blamed_for_it():
    rows = found(SOUND["origins"].assign(well_located=False, method="ours"))
    assert rows.loc[("well_located", "own"), "verdict"] == "cannot tell"
    assert rows.loc[("well_located", "marker"), "verdict"] == "cannot tell"


def test_the_interval_of_a_quantile_holds_the_truth_as_often_as_it_says():
    times = pd.Series(pd.date_range("2024-03-04", periods=400, freq="1h", tz="UTC"))
    case = make_case({"origins": SOUND["origins"]}, SETTINGS, MODEL)
    hits = 0
    for seed in range(100):
        x = np.random.default_rng(seed).exponential(1.0, 400)
        value, low, high = quantile_interval(x, 0.9, times, case, 1)
        assert low <= value <= high and value == pytest.approx(np.quantile(x, 0.9))
        hits += low <= np.log(10) <= high
    assert hits >= 90


def test_events_that_come_in_sequences_widen_the_interval_of_a_share():
    case = make_case({"origins": SOUND["origins"]}, SETTINGS, MODEL)
    start = case.facts.span[0]
    times = pd.Series(start + pd.to_timedelta(np.repeat(np.arange(12), 50) * 24.0, unit="h"))
    alone = share_interval(np.tile([True, False], 300), times, case, 1)
    together = share_interval(np.repeat(np.arange(12) % 2 == 0, 50), times, case, 1)
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


def test_sound_catalogues_are_not_called_bad():
    bad = 0
    for seed in range(20):
        tables = catalogue(60 + 5 * seed, 4.0 + seed, n_stations=6, seed=seed, false_per_day=0.0)
        bad += (audit(make_case(tables, SETTINGS, MODEL), (WELL_LOCATED,)).findings["verdict"] == "bad").sum()
    assert bad == 0


def test_three_events_or_constant_values_cannot_tell_or_pass():
    few = found(SOUND["origins"].head(3))
    assert set(few["verdict"]) <= {"cannot tell"}
    same = found(SOUND["origins"].assign(rms_s=0.1, erh_km=0.5, erz_km=0.5, gap_deg=90.0))
    assert same.loc[("location_rms", "median"), ["low", "high"]].tolist() == [0.1, 0.1]
