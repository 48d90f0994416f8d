import numpy as np
import pandas as pd
import pytest
from made_catalogue import START, catalogue
from made_sides import common_of, picked_twin
from scipy.optimize import linear_sum_assignment

from quakescribe.audit.check import Rows
from quakescribe.compare import common_picks
from quakescribe.compare.catalogues import match_events
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables import PICKS, pick_ids

SETTINGS = ComparisonSettings(shifts=2)
SOUND = catalogue(250, 10.0, seed=4)
TWIN = picked_twin(SOUND, 1, loss=0.2, late_s=0.08)


def picks(rows):
    station, phase, second = zip(*rows, strict=True)
    time = START + pd.to_timedelta(list(second), unit="s")
    ids = pick_ids(pd.Series(station), pd.Series(phase), pd.Series(time))
    return {"picks": PICKS.make({"pick_id": ids, "station_id": station, "phase": phase, "time": time, "pair_id": 0,
                                 "picker": "made"})}


def matched(one, two, settings=SETTINGS):
    pair = common_of(one, two).pairs()[0]
    found = common_picks.match_picks(pair, settings)
    return pair, found, common_picks.agreement(pair, found)


def row_of(table, by, **where):
    part = table[table["by"] == by]
    for name, value in where.items():
        part = part[part[name] == value]
    return part.iloc[0]


def test_picks_of_one_station_and_phase_within_the_limit_are_the_same_whatever_the_location_code():
    one = picks([("XX.A.", "P", 10.0), ("XX.A.", "S", 20.0), ("XX.B.", "P", 30.0), ("XX.B.", "P", 90.0)])
    two = picks([("XX.A.00", "P", 10.4), ("XX.A.00", "P", 20.0), ("XX.B.10", "P", 30.6), ("XX.B.10", "P", 90.0)])
    _, found, table = matched(one, two)
    assert found.dt_s.tolist() == pytest.approx([0.4, 0.0])
    assert row_of(table, "all")[["n_first", "n_second", "both"]].tolist() == [4, 4, 2]
    assert row_of(table, "all")["jaccard"] == pytest.approx(2 / 6)
    assert row_of(table, "station and phase", station="XX.A", phase="S")["both"] == 0
    assert row_of(table, "station", station="XX.B")["both"] == 1


def test_the_numbers_of_groups_add_up():
    _, _, table = matched(SOUND, TWIN)
    for name in ("n_first", "n_second", "both"):
        assert {table.loc[table["by"] == by, name].sum() for by in table["by"].unique()} == {table[name].iloc[0]}


def test_loss_and_lateness_are_recovered():
    _, _, table = matched(SOUND, TWIN)
    whole = row_of(table, "all")
    n = len(SOUND["picks"])
    assert whole["jaccard"] == pytest.approx(0.8 * n / (n + 400), abs=0.01)
    assert whole["corrected"] == pytest.approx(whole["jaccard"], abs=0.005)
    for phase in "PS":
        row = row_of(table, "phase", phase=phase)
        assert row["median_low"] - 2e-4 <= 0.08 <= row["median_high"] + 2e-4
        assert row["scatter_s"] == pytest.approx(0.02, rel=0.1)


def test_the_other_order_mirrors():
    one, two = (matched(*sides)[2] for sides in ((SOUND, TWIN), (TWIN, SOUND)))
    np.testing.assert_array_equal(one["both"], two["both"])
    np.testing.assert_array_equal(one["n_first"], two["n_second"])
    np.testing.assert_allclose(one["median_s"], -two["median_s"], equal_nan=True)


def test_matching_is_that_of_least_total_difference_where_picks_are_sparse():
    pair, found, _ = matched(SOUND, TWIN)
    for group in np.unique(found.groups_a)[:4]:
        a, b = np.flatnonzero(found.groups_a == group), np.flatnonzero(found.groups_b == group)
        seconds = [(one.picks["time"].iloc[rows] - START).dt.total_seconds().to_numpy()
                   for one, rows in ((pair.a, a), (pair.b, b))]
        apart = np.abs(seconds[0][:, None] - seconds[1])
        i, j = linear_sum_assignment(np.where(apart <= 0.5, apart, 1e3))
        least = {(a[x], b[y]) for x, y in zip(i, j, strict=True) if apart[x, y] <= 0.5}
        mine = {(x, y) for x, y in zip(found.rows_a, found.rows_b, strict=True) if found.groups_a[x] == group}
        assert len(mine & least) >= 0.99 * len(least) and len(mine) == pytest.approx(len(least), abs=2)


def test_picks_of_noise_are_shared_by_chance_only():
    rng = np.random.default_rng(0)
    noise = [picks([("XX.A.", "P", one) for one in np.sort(rng.uniform(0, 86_400, 6000)).round(3)]) for _ in range(2)]
    pair, _, table = matched(*noise)
    row = row_of(table, "all")
    assert row["both"] > 300 and row["both"] == pytest.approx(row["chance"], rel=0.15)
    assert row["corrected_low"] == 0.0 and row["corrected"] < 0.01
    rows = Rows(common_picks.METRICS)
    matches = match_events(pair, SETTINGS)
    common_picks.tell(rows, pair, table, common_picks.arrival_sets(pair, matches, SETTINGS), matches)
    verdicts = {(one["metric"], one["key"]): one["verdict"] for one in rows.rows}
    assert verdicts["pick_agreement", "a | b"] == "bad"
    assert verdicts["pick_time_difference", "a | b | P"] == "cannot tell"


def test_arrivals_of_one_event_are_compared_by_station_and_phase():
    fewer = SOUND["arrivals"][SOUND["arrivals"]["phase"] == "P"]
    pair = common_of(SOUND, {**SOUND, "arrivals": fewer}).pairs()[0]
    table = common_picks.arrival_sets(pair, match_events(pair, SETTINGS), SETTINGS)
    count = pd.crosstab(SOUND["arrivals"]["event_id"], SOUND["arrivals"]["phase"])
    expected = (count["P"] / (count["P"] + count["S"])).reindex(table["first_event"])
    np.testing.assert_allclose(table["jaccard"], expected)
    assert (table["within"] == table["both"]).all()


def test_picks_that_two_have_associate_and_lone_ones_do_not():
    common = common_of(SOUND, TWIN)
    found = [(pair, common_picks.match_picks(pair, SETTINGS)) for pair in common.pairs()]
    counts = common_picks.seen(common, found)
    table = common_picks.association(common, counts).set_index(["side", "phase", "picks"])
    assert table.loc[("b", "", "alone"), "rate"] < 0.02 < 0.2 < table.loc[("b", "", "agreed"), "low"]
    facts = common.facts[1]
    alone = (counts[1] == 0) & (facts.picks["phase"] == "P").to_numpy()
    assert table.loc[("b", "P", "alone"), "n"] == alone.sum()
    assert table.loc[("b", "P", "alone"), "associated"] == (facts.picks["event_id"] > 0)[alone].sum()
    rows = Rows(common_picks.METRICS)
    common_picks.tell_association(rows, table.reset_index())
    assert {one["key"]: one["verdict"] for one in rows.rows} == {"a": "cannot tell", "b": "good"}


def test_of_three_sides_a_pick_is_counted_by_how_many_others_have_it():
    three = [picks([("XX.A.", "P", 10.0), ("XX.A.", "P", 50.0)]), picks([("XX.A.", "P", 10.1), ("XX.A.", "P", 90.0)]),
             picks([("XX.A.", "P", 10.2), ("XX.A.", "P", 50.1), ("XX.A.", "P", 9.0), ("XX.A.", "P", 91.0)])]
    common = common_of(*three)
    counts = common_picks.seen(common, [(pair, common_picks.match_picks(pair, SETTINGS)) for pair in common.pairs()])
    assert counts[0].tolist() == [2, 1]


def test_one_station_with_another_clock_is_found_and_others_are_not():
    table = TWIN["picks"]
    late = {**TWIN, "picks": table.assign(time=table["time"].where(
        table["station_id"] != "XX.S05.", table["time"] + pd.Timedelta(seconds=0.25)))}
    for other, expected in ((TWIN, set()), (late, {"a | b | XX.S05 | P", "a | b | XX.S05 | S"})):
        pair, _, table_ = matched(SOUND, other)
        rows = Rows(common_picks.METRICS)
        matches = match_events(pair, SETTINGS)
        common_picks.tell(rows, pair, table_, common_picks.arrival_sets(pair, matches, SETTINGS), matches)
        flagged = {one["key"] for one in rows.rows if one["metric"] == "station_time_difference"
                   and one["verdict"] in ("watch", "bad")}
        assert flagged == expected
        assert {one["metric"] for one in rows.rows} >= {"pick_agreement", "pick_time_difference", "arrival_agreement"}
