"""Wadati lines."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.wadati import WADATI, lines, phase_pairs
from quakescribe.kernels.theil_sen import theil_sen
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue

SETTINGS = AuditSettings(resamples=60)
SOUND = catalogue(300, 12.0, seed=13)


@pytest.fixture(params=["compiled", "python"])
def kernel(request):
    return theil_sen if request.param == "compiled" else theil_sen.py_func


def found(tables):
    return audit(make_case(tables, SETTINGS, MODEL), (WADATI,)).findings.set_index("metric")


def with_ratio(ratio):
    """Give S the times of another vp/vs, keeping P."""
    arrivals = SOUND["arrivals"].copy()
    origin = arrivals["event_id"].map(SOUND["origins"].set_index("event_id")["time"])
    p = arrivals[arrivals["phase"] == "P"].set_index(["event_id", "station_id"])["time"]
    at = pd.Series(p.reindex(pd.MultiIndex.from_frame(arrivals[["event_id", "station_id"]])).to_numpy(),
                   index=arrivals.index)
    travel = (at - origin).dt.total_seconds()
    is_s = (arrivals["phase"] == "S") & travel.notna()
    noise = np.random.default_rng(0).normal(0, 0.08, len(arrivals))
    late = pd.to_timedelta((ratio * travel + noise)[is_s].to_numpy(), unit="s")
    arrivals.loc[is_s, "time"] = origin[is_s] + late
    return {**SOUND, "arrivals": arrivals}


def test_lines_equal_a_slow_theil_sen(kernel):
    rng = np.random.default_rng(0)
    sizes = [5, 1, 3, 8]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    x = rng.uniform(0, 10, offsets[-1])
    y = 0.73 * x + rng.normal(0, 0.1, len(x))
    out = np.empty((4, 4))
    kernel(out, x, y, offsets, 0.1)
    for k, (a, b) in enumerate(pairwise(offsets)):
        pairs = [(y[j] - y[i]) / (x[j] - x[i]) for i in range(a, b) for j in range(i + 1, b) if abs(x[j] - x[i]) >= 0.1]
        if not pairs:
            assert np.isnan(out[k]).all()
            continue
        slope = np.median(pairs)
        left = y[a:b] - slope * x[a:b]
        np.testing.assert_allclose(out[k], [slope, np.median(left), 1.4826 * np.median(np.abs(left - np.median(left))),
                                            np.std(x[a:b])])


def test_equal_times_give_no_line(kernel):
    out = np.zeros((1, 4))
    kernel(out, np.ones(5), np.ones(5), np.array([0, 5]), 0.1)
    assert np.isnan(out).all()


def test_exact_times_give_the_ratio_and_the_origin_time():
    pairs = pd.DataFrame({"event_id": 1, "station_id": list("abcd"), "p_s": [2.3, 4.0, 5.5, 7.1]})
    pairs["s_s"] = 0.4 + 1.76 * (pairs["p_s"] - 0.4)
    line = lines(pairs, 3).iloc[0]
    assert line["vp_vs"] == pytest.approx(1.76) and line["origin_s"] == pytest.approx(0.4)


def test_one_wrong_s_does_not_turn_the_line_of_eight_stations():
    pairs = pd.DataFrame({"event_id": 1, "station_id": list("abcdefgh"), "p_s": np.arange(2.0, 10.0)})
    pairs["s_s"] = 1.73 * pairs["p_s"]
    pairs.loc[3, "s_s"] += 5.0
    assert lines(pairs, 3).iloc[0]["vp_vs"] == pytest.approx(1.73, abs=0.02)


def test_the_stated_error_is_the_scatter_of_the_ratio():
    rng = np.random.default_rng(1)
    p = rng.uniform(2, 10, (2000, 8))
    s = 1.73 * p + rng.normal(0, 0.1, p.shape)
    pairs = pd.DataFrame({"event_id": np.repeat(np.arange(2000), 8), "station_id": np.tile(list("abcdefgh"), 2000),
                          "p_s": p.ravel(), "s_s": s.ravel()})
    table = lines(pairs, 3)
    z = (table["vp_vs"] - 1.73) / table["error"]
    assert 0.85 < np.std(z) < 1.25


@pytest.mark.parametrize("ratio", [1.5, 2.05])
def test_a_wrong_ratio_is_bad_and_recovered(ratio):
    rows = found(with_ratio(ratio))
    assert rows.loc["vp_vs", "verdict"] == "bad" and rows.loc["vp_vs", "value"] == pytest.approx(ratio, abs=0.03)
    assert rows.loc["vp_vs_outside", "verdict"] == "bad"


def test_a_shift_of_all_origin_times_is_recovered():
    shifted = SOUND["origins"].assign(time=SOUND["origins"]["time"] - pd.Timedelta(seconds=1.5))
    rows = found({**SOUND, "origins": shifted})
    assert rows.loc["origin_time_offset", "value"] == pytest.approx(1.5, abs=0.1)
    assert rows.loc["origin_time_offset", "verdict"] == "bad"


def test_a_fifth_of_events_with_another_ratio_is_counted():
    arrivals = with_ratio(2.1)["arrivals"]
    usual = SOUND["origins"]["event_id"].iloc[::5]
    mixed = SOUND["arrivals"].copy()
    part = mixed["event_id"].isin(usual)
    mixed.loc[part, "time"] = arrivals.loc[part, "time"]
    row = found({**SOUND, "arrivals": mixed}).loc["vp_vs_outside"]
    assert row["value"] == pytest.approx(0.2, abs=0.03) and row["verdict"] == "watch"


def test_sound_catalogues_are_not_called_bad():
    verdicts = []
    for seed in range(20):
        tables = catalogue(60 + 2 * seed, 5.0 + seed, n_stations=6, seed=50 + seed, false_per_day=0.0)
        verdicts += found(tables)["verdict"].tolist()
    assert verdicts.count("bad") <= 0.05 * len(verdicts) / 4


def test_the_first_of_several_picks_counts_and_lone_phases_do_not():
    time = pd.Timestamp("2024-03-04", tz="UTC")
    arrivals = pd.DataFrame({"event_id": 1, "station_id": ["a", "a", "a", "b"], "phase": ["P", "P", "S", "P"],
                             "travel_s": [2.0, 2.5, 3.5, 4.0], "time": time})
    assert phase_pairs(arrivals)[["p_s", "s_s"]].to_numpy().tolist() == [[2.0, 3.5]]


def test_p_alone_and_three_events_cannot_tell():
    only_p = SOUND["arrivals"][SOUND["arrivals"]["phase"] == "P"]
    assert set(found({**SOUND, "arrivals": only_p})["verdict"]) == {"cannot tell"}
    assert set(found({**SOUND, "origins": SOUND["origins"].head(3), "events": SOUND["events"].head(3)})["verdict"]) == {
        "cannot tell"}
