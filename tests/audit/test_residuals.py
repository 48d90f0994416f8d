"""Residuals by station and phase, and clocks."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.clocks import longest_change
from quakescribe.audit.residuals import RESIDUALS, station_medians
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, START, catalogue

SETTINGS = AuditSettings(resamples=60)
SOUND = catalogue(600, 20.0, seed=11)


def outcome(tables):
    return audit(make_case(tables, SETTINGS, MODEL), (RESIDUALS,))


def found(tables):
    return outcome(tables).findings.set_index(["metric", "key"])


def with_arrivals(arrivals):
    return {**SOUND, "arrivals": arrivals}


def with_clock(tables, station, error_s, first_day, last_day, seen=0.8):
    """Shift a station's arrivals; the location takes up a fifth of it."""
    arrivals = tables["arrivals"].copy()
    day = (arrivals["time"] - START).dt.total_seconds() / 86_400
    part = (arrivals["station_id"] == station) & (day >= first_day) & (day < last_day)
    arrivals.loc[part, "time"] += pd.Timedelta(seconds=error_s)
    arrivals.loc[part, "residual_s"] += seen * error_s
    return {**tables, "arrivals": arrivals}


@pytest.mark.parametrize("error_s", [0.5, -0.3, 2.0])
def test_a_clock_error_of_five_days_is_found_with_its_onset_and_end(error_s):
    result = outcome(with_clock(SOUND, "XX.S03.", error_s, 7, 12))
    clocks = result.findings[result.findings["metric"] == "clock_change"].set_index("key")
    assert clocks.loc["XX.S03.", "verdict"] == "bad"
    assert clocks.loc["XX.S03.", "value"] == pytest.approx(0.8 * error_s, abs=0.05)
    assert clocks.loc["XX.S03.", "low"] <= 0.8 * error_s <= clocks.loc["XX.S03.", "high"]
    assert (clocks.drop("XX.S03.")["verdict"] == "good").all()
    change = result.outcomes["residuals"].tables["changes"].iloc[0]
    assert abs((change["start"] - START) / pd.Timedelta(days=1) - 7) <= 1
    assert abs((change["end"] - START) / pd.Timedelta(days=1) - 12) <= 1
    assert "clock" in change["kind"]


def test_a_change_of_p_alone_is_no_clock():
    tables = with_clock(SOUND, "XX.S03.", 0.5, 7, 12)
    arrivals = tables["arrivals"]
    is_s = (arrivals["phase"] == "S") & (arrivals["station_id"] == "XX.S03.")
    arrivals.loc[is_s, "residual_s"] = SOUND["arrivals"].loc[is_s, "residual_s"]
    row = found(tables).loc[("clock_change", "XX.S03.")]
    assert row["verdict"] == "watch" and "differ" in row["why"]


def test_a_handful_of_wrong_picks_on_one_day_is_no_clock():
    arrivals = SOUND["arrivals"].copy()
    day = (arrivals["time"] - START).dt.total_seconds() // 86_400
    hit = arrivals[(arrivals["station_id"] == "XX.S05.") & (day == 9)].groupby("phase").head(6).index
    arrivals.loc[hit, "residual_s"] += np.random.default_rng(0).choice([0.9, 1.3, 1.8], len(hit))
    assert found(with_arrivals(arrivals)).loc[("clock_change", "XX.S05."), "verdict"] != "bad"


def test_medians_of_a_delayed_station_are_recovered_and_explained():
    arrivals = SOUND["arrivals"].copy()
    for station, p, s in (("XX.S01.", 0.6, 0.6), ("XX.S02.", 0.6, 0.6 * 1.73)):
        for phase, late in (("P", p), ("S", s)):
            arrivals.loc[(arrivals["station_id"] == station) & (arrivals["phase"] == phase), "residual_s"] += late
    rows = found(with_arrivals(arrivals))
    assert rows.loc[("station_p_median", "XX.S01."), "value"] == pytest.approx(0.6, abs=0.02)
    assert rows.loc[("station_p_median", "XX.S01."), "verdict"] == "bad"
    assert "clock" in rows.loc[("station_p_median", "XX.S01."), "why"]
    assert "ground" in rows.loc[("station_p_median", "XX.S02."), "why"]
    assert rows.loc[("station_p_median", "XX.S00."), "verdict"] == "good"


def test_a_station_is_only_good_where_a_wrong_clock_is_excluded():
    few = SOUND["arrivals"]
    scattered = few.assign(residual_s=few["residual_s"] + np.random.default_rng(5).normal(0, 0.4, len(few)))
    rows = found(with_arrivals(scattered[np.arange(len(few)) % 3 == 0])).loc["clock_change"]
    assert "cannot tell" in set(rows["verdict"])
    good = rows[rows["verdict"] == "good"]
    assert (good[["low", "high"]].abs() <= 0.15).all(axis=None)


def test_few_residuals_do_not_make_a_good_tail():
    arrivals = SOUND["arrivals"].drop_duplicates(["event_id", "phase"]).groupby("phase").head(60)
    rows = found(with_arrivals(arrivals)).loc["residual_tail"]
    assert (rows["high"] > 0.03).all()
    assert set(rows["verdict"]) == {"cannot tell"}


def test_three_events_say_nothing_whatever_the_number_of_their_residuals():
    three = SOUND["arrivals"]["event_id"].drop_duplicates().head(3)
    rows = found(with_arrivals(SOUND["arrivals"][SOUND["arrivals"]["event_id"].isin(three)]))
    for metric in ("residual_median", "residual_spread", "residual_tail"):
        assert set(rows.loc[metric, "verdict"]) == {"cannot tell"}


def test_a_tail_that_the_scatter_explains_is_not_called_one():
    arrivals = SOUND["arrivals"]
    wide = arrivals.assign(residual_s=np.random.default_rng(6).normal(0, 1.0, len(arrivals)))
    rows = found(with_arrivals(wide))
    assert (rows.loc["residual_tail", "value"] > 0.25).all() and set(rows.loc["residual_tail", "verdict"]) == {"good"}
    assert set(rows.loc["residual_spread", "verdict"]) != {"good"}


def test_delays_about_as_of_slow_ground_are_said_to_be_so():
    arrivals = SOUND["arrivals"]
    here = arrivals["station_id"] == "XX.S02."
    late = np.where(here, np.where(arrivals["phase"] == "S", 1.83, 1.0), 0.0)
    row = found(with_arrivals(arrivals.assign(residual_s=arrivals["residual_s"] + late))).loc[
        ("station_p_median", "XX.S02.")]
    assert "slow or fast ground" in row["why"]


def test_wrong_picks_fill_the_tail():
    arrivals = SOUND["arrivals"].copy()
    wrong = np.random.default_rng(3).random(len(arrivals)) < 0.2
    arrivals.loc[wrong, "residual_s"] += 2.0
    rows = found(with_arrivals(arrivals))
    assert rows.loc[("residual_tail", "P"), "verdict"] == "bad"
    assert rows.loc[("residual_tail", "P"), "value"] == pytest.approx(0.2, abs=0.02)


def test_stations_that_delay_both_phases_show_in_the_correlation():
    arrivals = SOUND["arrivals"].copy()
    late = pd.Series(np.linspace(-0.3, 0.3, 12), index=sorted(arrivals["station_id"].unique()))
    arrivals["residual_s"] += arrivals["station_id"].map(late) * np.where(arrivals["phase"] == "S", 1.73, 1.0)
    row = found(with_arrivals(arrivals)).loc[("p_s_correlation", "")]
    assert row["value"] == pytest.approx(1.0, abs=0.02) and row["verdict"] == "watch"


def test_few_stations_with_delays_do_not_tell_whether_p_and_s_go_together():
    arrivals = SOUND["arrivals"].copy()
    late = pd.Series(np.random.default_rng(2).permutation(np.linspace(-0.3, 0.3, 12)),
                     index=sorted(arrivals["station_id"].unique()))
    arrivals["residual_s"] += arrivals["station_id"].map(late) * np.where(arrivals["phase"] == "S", 0.0, 1.0)
    row = found(with_arrivals(arrivals)).loc[("p_s_correlation", "")]
    assert row["high"] > 0.3 > row["low"]
    assert row["verdict"] == "cannot tell"


def test_medians_equal_a_slow_count():
    known = SOUND["arrivals"]
    table = station_medians(known, 0.1).set_index(["station_id", "phase"])
    for (station, phase), row in list(table.iterrows())[:5]:
        r = known.loc[(known["station_id"] == station) & (known["phase"] == phase), "residual_s"].to_numpy()
        assert row["median_s"] == np.median(r) and row["n"] == len(r)
        assert row["spread_s"] == pytest.approx(1.4826 * np.median(np.abs(r - np.median(r))))
        assert row["tail"] == np.mean(np.abs(r) > 0.1)


def test_the_stretch_found_is_the_best_of_all():
    rng = np.random.default_rng(0)
    value, error = rng.normal(0, 0.1, 12), rng.uniform(0.05, 0.2, 12)
    value[4:7] += 1.0
    w = 1 / error**2
    best = max((abs(np.average(value[i:j], weights=w[i:j]) - np.average(np.delete(value, range(i, j)),
                 weights=np.delete(w, range(i, j)))) * np.sqrt(w[i:j].sum() * (w.sum() - w[i:j].sum()) / w.sum()), i, j)
                for i in range(12) for j in range(i + 1, 13) if w[i:j].sum() <= 0.5 * w.sum())
    first, last, step, _, p = longest_change(value, error)
    assert (first, last + 1) == best[1:] and step > 0.8 and p < 1e-4


def test_equal_blocks_are_no_change():
    assert longest_change(np.full(8, 0.2), np.full(8, 0.05))[4] == 1.0


def test_days_that_differ_anyway_are_no_change():
    hits = sum(longest_change(np.random.default_rng(k).normal(0, 0.3, 30), np.full(30, 0.02))[4] < 0.01
               for k in range(100))
    assert hits <= 5


def test_sound_catalogues_are_not_called_bad():
    verdicts = []
    for seed in range(20):
        tables = catalogue(150 + 5 * seed, 5.0 + seed, n_stations=6, seed=seed, false_per_day=0.0)
        verdicts += outcome(tables).findings["verdict"].tolist()
    assert verdicts.count("bad") == 0


def test_arrivals_without_residuals_cannot_tell():
    rows = found(with_arrivals(SOUND["arrivals"].assign(residual_s=np.nan)))
    assert set(rows["verdict"]) == {"cannot tell"}


def test_constant_residuals_give_an_answer():
    rows = found(with_arrivals(SOUND["arrivals"].assign(residual_s=0.0)))
    assert "bad" not in set(rows["verdict"])
