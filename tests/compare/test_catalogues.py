import numpy as np
import pandas as pd
import pytest
from made_sides import common_of, listed, twins
from scipy.optimize import linear_sum_assignment

from quakescribe.audit.check import Rows
from quakescribe.compare import catalogues
from quakescribe.compare.catalogues import match_events, shares, shifted, without_chance
from quakescribe.settings.compare import ComparisonSettings

SETTINGS = ComparisonSettings()
FEW = ComparisonSettings(shifts=4)


def pair_of(*tables, settings=SETTINGS):
    return common_of(*tables, settings=settings).pairs()[0]


def ids_of(pair, matches):
    return tuple(facts.catalogue["event_id"].to_numpy()[matches.pairs[row]]
                 for facts, row in ((pair.a, "row_a"), (pair.b, "row_b")))


def whole(table, side):
    return table[(table["side"] == side) & (table["by"] == "all")].iloc[0]


@pytest.mark.parametrize("seed", range(3))
def test_the_events_of_two_lists_find_each_other_and_loss_is_told(seed):
    pair = pair_of(*twins(seed, loss=(0.1, 0.3)))
    matches = match_events(pair, SETTINGS)
    a, b = ids_of(pair, matches)
    both = np.intersect1d(pair.a.catalogue["event_id"], pair.b.catalogue["event_id"])
    assert (a == b).mean() > 0.99 and len(a) > 0.98 * len(both)
    table = shares(pair, matches, SETTINGS)
    assert whole(table, "a")["corrected"] == pytest.approx(len(both) / len(pair.a.catalogue), abs=0.02)
    assert whole(table, "b")["corrected"] == pytest.approx(len(both) / len(pair.b.catalogue), abs=0.02)


def candidates(pair, settings):
    first, second = (catalogues.nanoseconds(one.catalogue["time"]) for one in (pair.a, pair.b))
    return catalogues._near(pair.a.catalogue, pair.b.catalogue, first, second, settings)


def cost_of(near, matches):
    return ((near["dt_s"] / matches.time_error_s) ** 2 + (near["distance_km"] / matches.place_error_km) ** 2).to_numpy()


@pytest.mark.parametrize("seed", range(4))
def test_the_matching_is_that_of_least_total_cost_where_events_lie_apart(seed):
    pair = pair_of(*twins(seed, n=300, days=3.0, loss=(0.2, 0.2), false=(40, 40)))
    matches = match_events(pair, SETTINGS)
    near = candidates(pair, SETTINGS)
    cost = np.full((len(pair.a.catalogue), len(pair.b.catalogue)), 1e6)
    cost[near["row_a"], near["row_b"]] = cost_of(near, matches)
    i, j = linear_sum_assignment(cost)
    least = {(a, b) for a, b in zip(i.tolist(), j.tolist(), strict=True) if cost[a, b] < 1e6}
    found = set(zip(matches.pairs["row_a"].tolist(), matches.pairs["row_b"].tolist(), strict=True))
    assert len(found & least) >= 0.98 * len(least) and len(found) >= 0.99 * len(least)


@pytest.mark.parametrize("seed", range(4))
def test_no_two_events_are_nearer_to_each_other_than_to_what_they_got_however_dense(seed):
    pair = pair_of(*twins(seed, n=300, days=0.004))
    matches = match_events(pair, SETTINGS)
    near = candidates(pair, SETTINGS)
    assert len(near) > 3 * len(matches.pairs)
    got_a, got_b = np.full(len(pair.a.catalogue), np.inf), np.full(len(pair.b.catalogue), np.inf)
    got = cost_of(matches.pairs, matches)
    got_a[matches.pairs["row_a"]], got_b[matches.pairs["row_b"]] = got, got
    cost = cost_of(near, matches)
    assert not ((cost < got_a[near["row_a"]]) & (cost < got_b[near["row_b"]])).any()
    assert not matches.pairs["row_a"].duplicated().any() and not matches.pairs["row_b"].duplicated().any()


def test_matching_a_cluster_by_hand():
    a = listed([100.0, 101.0, 500.0], [0, 0, 0], [0, 0, 0], [1, 1, 1])
    b = listed([100.9, 102.5, 504.0], [0, 0, 0], [0, 0, 0], [1, 1, 1])
    matches = match_events(pair_of(a, b), ComparisonSettings(time_error_s=0.5, place_error_km=2.0))
    assert matches.pairs[["row_a", "row_b"]].to_numpy().tolist() == [[0, 1], [1, 0]]  # 0.1 s first, then 2.5 s
    assert matches.pairs["dt_s"].to_numpy() == pytest.approx([2.5, -0.1])


def test_the_limits_hold_in_time_and_place_and_the_distance_is_geodesic():
    a = listed([100.0, 1000.0, 2000.0], [0, 0, 0], [0, 0, 0], [1, 1, 1])
    b = listed([102.9, 1003.1, 2000.0], [0, 0, 25.5], [0, 0, 0], [1, 1, 1])
    found = match_events(pair_of(a, b), SETTINGS).pairs
    assert found["row_a"].tolist() == [0]
    near = match_events(pair_of(a, b), ComparisonSettings(match_km=30.0)).pairs
    assert near["east_km"].iloc[-1] == pytest.approx(25.5, abs=0.01) and abs(near["north_km"].iloc[-1]) < 0.1
    assert near["distance_km"].iloc[-1] == pytest.approx(25.5, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_the_other_order_of_sides_mirrors(seed):
    one, two = twins(seed, n=2000, days=5.0, loss=(0.1, 0.3), false=(100, 50))
    pair, back = pair_of(one, two), pair_of(two, one)
    there, mirrored = match_events(pair, SETTINGS), match_events(back, SETTINGS)
    turned = mirrored.pairs.sort_values("row_b")
    np.testing.assert_array_equal(turned[["row_b", "row_a"]].to_numpy(), there.pairs[["row_a", "row_b"]].to_numpy())
    np.testing.assert_allclose(turned["dt_s"], -there.pairs["dt_s"])
    np.testing.assert_allclose(turned["east_km"], -there.pairs["east_km"], atol=0.05)
    assert mirrored.chance == pytest.approx(there.chance, abs=1.0)
    one, two = shares(pair, there, SETTINGS), shares(back, mirrored, SETTINGS)
    assert whole(one, "a")["corrected"] == pytest.approx(whole(two, "b")["corrected"], abs=1e-3)


def test_unrelated_lists_match_by_chance_only():
    zero, found, expected = 0, [], []
    for seed in range(12):
        pair = pair_of(twins(seed, n=1500, days=0.7)[0], twins(1000 + seed, n=1500, days=0.7)[0], settings=FEW)
        matches = match_events(pair, FEW)
        row = whole(shares(pair, matches, FEW), "a")
        found.append(len(matches.pairs))
        expected.append(matches.chance)
        assert row["corrected"] < 0.04
        zero += row["corrected_low"] == 0.0
    assert np.mean(found) > 80 and np.mean(found) == pytest.approx(np.mean(expected), rel=0.1)
    assert zero >= 11


def test_chance_is_taken_off_what_is_left_over_only():
    inside, error = 0, []
    for seed in range(12):
        one, two = twins(seed, n=800, days=0.5, loss=(0.3, 0.3), false=(500, 500), shift_km=0.0, shift_s=0.0)
        pair = pair_of(one, two, settings=FEW)
        matches = match_events(pair, FEW)
        true = len(np.intersect1d(pair.a.catalogue["event_id"], pair.b.catalogue["event_id"]))
        row = whole(shares(pair, matches, FEW), "a")
        raw = len(matches.pairs) / row["n"] - true / row["n"]
        error.append([row["corrected"] - true / row["n"], raw])
        inside += row["corrected_low"] <= true / row["n"] <= row["corrected_high"]
    assert abs(np.mean(error, axis=0)[0]) < 0.008 < 0.015 < np.mean(error, axis=0)[1]
    assert inside >= 10


def test_the_correction_solves_its_equation():
    m, a, b, c = np.array([400.0, 30.0, 100.0]), np.array([1000.0, 50.0, 100.0]), np.array([800.0, 60.0, 120.0]), \
        np.array([60.0, 10.0, 30.0])
    true = without_chance(m, a, b, c)
    np.testing.assert_allclose(true + c * (1 - true / a) * (1 - true / b), m)
    assert float(without_chance(5.0, 100.0, 100.0, 9.0)) == 0.0
    assert float(without_chance(0.0, 0.0, 10.0, 0.0)) == 0.0
    assert float(without_chance(100.0, 100.0, 100.0, 40.0)) == 100.0


def test_shifts_go_both_ways_and_keep_within_the_span():
    span = (pd.Timestamp(0, tz="UTC"), pd.Timestamp(10**15, tz="UTC"))
    times = np.array([0, 5 * 10**14, 10**15 - 1])
    moved = [one[1] - times[1] for one in shifted(times, span, 8)]
    assert len(moved) == 8 and sum(moved) == 0
    assert min(map(abs, moved)) == pytest.approx(60e9, rel=1e-6) and max(moved) == pytest.approx(1800e9, rel=1e-6)
    assert all(((one >= 0) & (one < 10**15)).all() for one in shifted(times, span, 8))
    short = (pd.Timestamp(0, tz="UTC"), pd.Timestamp(90 * 10**9, tz="UTC"))
    assert max(abs(int(one[0]) - 45 * 10**9) for one in shifted(np.array([45 * 10**9]), short, 4)) <= 30 * 10**9 + 1


def test_classes_of_magnitude_add_up_and_tell_where_events_are_missing():
    one, two = twins(4, n=1500)
    small = two["magnitudes"].loc[two["magnitudes"]["value"] < 1.6, "event_id"]
    lost = small.sample(frac=0.8, random_state=0)
    two = {name: table[~table["event_id"].isin(lost)] for name, table in two.items()}
    pair = pair_of(one, two)
    table = shares(pair, match_events(pair, SETTINGS), SETTINGS)
    mine = table[(table["side"] == "a") & (table["by"] == "magnitude")].dropna(subset=["low_edge"])
    assert mine["n"].sum() == len(pair.a.catalogue) > 1450
    assert (mine["matched"] + mine["only"] == mine["n"]).all()
    assert mine.loc[mine["high_edge"] <= 1.0001, "corrected"].max() < 0.4 < 0.7 < mine.loc[
        (mine["low_edge"] >= 1.5) & (mine["n"] > 50), "corrected"].min()
    assert ((mine["corrected_low"] <= mine["corrected"]) & (mine["corrected"] <= mine["corrected_high"])).all()
    assert set(table["by"]) == {"all", "magnitude", "depth", "stations"}


def test_findings_are_good_for_twins_and_bad_for_strangers():
    for other, verdict in ((twins(1)[1], "good"), (twins(77)[1], "bad")):
        pair = pair_of(twins(1)[0], other)
        matches = match_events(pair, SETTINGS)
        rows = Rows(catalogues.METRICS)
        catalogues.tell(rows, pair, matches, shares(pair, matches, SETTINGS))
        assert {row["verdict"] for row in rows.rows if row["metric"] == "matched_share"} == {verdict}
        assert len({(row["metric"], row["scope"], row["key"]) for row in rows.rows}) == len(rows.rows) == 4


def test_wide_ranges_of_magnitude_make_wider_classes():
    assert catalogues.magnitude_edges(np.array([-0.2, 2.3, np.nan]), 0.5).tolist() == [-0.5, 0.0, 0.5, 1, 1.5, 2, 2.5]
    assert len(catalogues.magnitude_edges(np.array([-5.0, 11.0]), 0.1)) <= 18
    assert catalogues._group(np.array([1.5, 1.4999, np.nan, 9.0]), np.array([1.0, 1.5, 2.0])).tolist() == [1, 0, 3, 2]
