"""Travel times against distance and swapped phases."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.travel_times import TRAVEL_TIMES, Curve, sorted_out, with_distance
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue

SETTINGS = AuditSettings(resamples=60)
SOUND = catalogue(300, 12.0, seed=17)


def outcome(arrivals):
    return audit(make_case({**SOUND, "arrivals": arrivals}, SETTINGS, MODEL), (TRAVEL_TIMES,))


def rows_of(arrivals):
    return outcome(arrivals).findings.set_index(["metric", "scope", "key"])


def swapped(station):
    arrivals = SOUND["arrivals"].copy()
    part = arrivals["station_id"] == station
    arrivals.loc[part, "phase"] = arrivals.loc[part, "phase"].map({"P": "S", "S": "P"})
    return arrivals


def test_a_station_with_swapped_labels_stands_out_alone():
    rows = rows_of(swapped("XX.S04."))
    stations = rows.xs("station", level="scope")
    assert set(stations.index) == {("mislabelled", "XX.S04."), ("s_before_p", "XX.S04.")}
    assert (stations["verdict"] == "bad").all()
    assert rows.loc[("mislabelled", "network", "P"), "verdict"] == "bad"
    assert rows.loc[("s_before_p", "network", ""), "verdict"] == "bad"


def test_p_that_are_s_are_counted_at_a_station():
    arrivals = SOUND["arrivals"]
    at = arrivals["station_id"] == "XX.S02."
    s = arrivals[at & (arrivals["phase"] == "S")].head(20)
    first = arrivals[~(at & (arrivals["phase"] == "P") & arrivals["event_id"].isin(s["event_id"]))]
    both = pd.concat([first.drop(s.index), s.assign(phase="P")])
    table = outcome(both).outcomes["travel-times"].tables["stations"].set_index("station_id")
    assert table.loc["XX.S02.", "swapped"] >= 15 and bool(table.loc["XX.S02.", "flagged"])
    assert table.drop("XX.S02.")["swapped"].max() <= 1


def test_random_times_lie_off_the_curve_and_not_on_the_other():
    arrivals = SOUND["arrivals"].copy()
    rng = np.random.default_rng(0)
    wrong = (arrivals["phase"] == "P") & (rng.random(len(arrivals)) < 0.2)
    arrivals.loc[wrong, "time"] += pd.to_timedelta(rng.uniform(2, 9, wrong.sum()) * rng.choice([-1, 1], wrong.sum()),
                                                   unit="s")
    rows = rows_of(arrivals)
    assert rows.loc[("off_curve", "network", "P"), "verdict"] == "bad"
    assert rows.loc[("off_curve", "network", "P"), "value"] == pytest.approx(0.2, abs=0.03)
    assert rows.loc[("off_curve", "network", "S"), "verdict"] == "good"
    assert rows.loc[("mislabelled", "network", "P"), "verdict"] != "bad"
    assert rows.loc[("mislabelled", "network", "P"), "expected"] > 0.005


def test_the_curve_of_a_half_space_is_its_slowness():
    rng = np.random.default_rng(1)
    r = rng.uniform(5, 80, 500)
    t = r / 6.0
    t[rng.random(500) < 0.3] += 10.0
    curve = Curve.of(r, t)
    np.testing.assert_allclose(curve.at(np.array([2.0, 20.0, 100.0])), np.array([2.0, 20.0, 100.0]) / 6.0, rtol=0.02)
    assert Curve.of(r[:20], t[:20]) is None


def test_arrivals_are_sorted_as_a_plain_loop_does():
    rng = np.random.default_rng(2)
    r = np.tile(rng.uniform(10, 60, 100), 2)
    phase = np.repeat(["P", "S"], 100)
    travel = np.where(phase == "P", r / 6, r / 3.5) + rng.normal(0, 0.1, 200)
    travel[:5], travel[100] = r[:5] / 3.5, travel[100] + 8.0
    known = pd.DataFrame({"event_id": 1, "station_id": "a", "phase": phase, "travel_s": travel, "r_km": r})
    out = sorted_out(known, 1.0, 0.05)
    for row in out.itertuples():
        late, between = row.travel_s - row.curve_s, row.other_s - row.curve_s
        assert row.off == (abs(late) > 1 + 0.05 * row.curve_s)
        assert row.swapped == (abs(between) > 1.5 and abs(late - between) < 0.25 * abs(between))
    assert out["swapped"].tolist()[:5] == [True] * 5 and out["off"].iloc[100]


def test_distances_that_arrivals_lack_come_from_event_and_station():
    case = make_case(SOUND, SETTINGS, MODEL)
    bare = case.facts.arrivals.assign(distance_km=np.nan)
    given = with_distance(case.facts.arrivals, case.facts.catalogue, case.facts.stations)
    np.testing.assert_allclose(with_distance(bare, case.facts.catalogue, case.facts.stations)["r_km"], given["r_km"])
    assert with_distance(bare, case.facts.catalogue, case.facts.stations.head(0)).empty


def test_sound_catalogues_are_not_called_bad():
    verdicts = []
    for seed in range(20):
        tables = catalogue(60 + 2 * seed, 5.0 + seed, n_stations=6, seed=70 + seed, false_per_day=0.0)
        verdicts += audit(make_case(tables, SETTINGS, MODEL), (TRAVEL_TIMES,)).findings["verdict"].tolist()
    assert verdicts.count("bad") == 0


def test_few_arrivals_and_one_phase_cannot_tell():
    arrivals = SOUND["arrivals"]
    assert set(rows_of(arrivals.head(5))["verdict"]) == {"cannot tell"}
    assert set(rows_of(arrivals[arrivals["phase"] == "S"])["verdict"]) == {"cannot tell"}
