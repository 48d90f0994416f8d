import numpy as np
import pandas as pd
import pytest
from made_sides import common_of, listed, twins

from quakescribe.audit.check import Rows
from quakescribe.compare import differences, intervals
from quakescribe.compare.catalogues import match_events
from quakescribe.settings.compare import ComparisonSettings

SETTINGS = ComparisonSettings(shifts=2, resamples=200)


def measured(one, two):
    pair = common_of(one, two).pairs()[0]
    matches = match_events(pair, SETTINGS)
    table = differences.of_matched(pair, matches)
    return pair, matches, table, differences.statistics(pair, table, SETTINGS)


def overall(summary, quantity):
    return summary[(summary["quantity"] == quantity) & summary["low_edge"].isna()].iloc[0]


def test_known_shifts_in_time_place_and_size_are_recovered_within_their_intervals():
    truth = {"dt_s": 0.3, "east_km": 2.0, "north_km": 0.0, "dm_ML": 0.2, "depth_km": 0.0}
    inside = dict.fromkeys(truth, 0)
    for seed in range(12):
        _, _, table, summary = measured(*twins(seed, n=300))
        for name, value in truth.items():
            row = overall(summary, name)
            assert row["median"] == pytest.approx(value, abs=0.2)
            inside[name] += row["median_low"] <= value <= row["median_high"]
    assert min(inside.values()) >= 9, inside
    assert overall(summary, "dt_s")["scatter"] == pytest.approx(0.1 * 2**0.5, rel=0.15)
    assert overall(summary, "dt_s")["n"] == len(table)


def test_the_other_order_changes_the_sign():
    one, two = twins(2)
    there, back = (measured(*sides)[3] for sides in ((one, two), (two, one)))
    for name in ("dt_s", "east_km", "dm_ML"):
        assert overall(there, name)["median"] == pytest.approx(-overall(back, name)["median"], abs=0.01)
    assert overall(there, "distance_km")["median"] == pytest.approx(overall(back, "distance_km")["median"], rel=1e-3)


def test_a_compressed_scale_has_a_slope_and_an_equal_one_has_none():
    covered = 0
    for seed in range(10):
        one, two = twins(seed, n=300, shift_m=0.0)
        pair, _, table, _ = measured(one, two)
        flat = differences.slopes(pair, table, SETTINGS).iloc[0]
        covered += flat["low"] <= 0.0 <= flat["high"]
        assert abs(flat["slope"]) < 0.1
    assert covered >= 8
    squeezed = {**two, "magnitudes": two["magnitudes"].assign(value=0.5 + 0.7 * two["magnitudes"]["value"])}
    pair, _, table, _ = measured(one, squeezed)
    row = differences.slopes(pair, table, SETTINGS).iloc[0]
    assert row["slope"] == pytest.approx(-0.3 / 0.85, abs=0.04) and row["high"] < -0.25


def test_wrong_matches_do_not_bend_the_slope():
    one, two = twins(3, shift_m=0.0)
    value = two["magnitudes"]["value"].to_numpy().copy()
    value[np.argsort(-value)[:6]] -= 2.5
    pair, _, table, _ = measured(one, {**two, "magnitudes": two["magnitudes"].assign(value=value)})
    assert abs(differences.slopes(pair, table, SETTINGS)["slope"].iloc[0]) < 0.08


def test_the_ratio_of_numbers_tends_to_one_once_sizes_are_made_equal():
    one, two = twins(5, n=3000, loss=(0.0, 0.0))
    pair, _, table, _ = measured(one, two)
    ratio = differences.cumulative_ratio(pair, table, SETTINGS)
    assert ratio["shift"].iloc[0] == pytest.approx(0.2, abs=0.01)
    large = ratio[(ratio["magnitude"] > 1.6) & (ratio["n_first"] > 200)]
    assert (large["equalised_low"] <= 1.02).all() and (large["equalised_high"] >= 0.98).all()
    assert large["ratio"].max() < 0.8  # 0.2 larger and b = 1 make 1.58 times as many


def test_numbers_at_or_above_are_counted_as_they_stand():
    one, two = twins(6, n=200)
    pair, _, table, _ = measured(one, two)
    ratio = differences.cumulative_ratio(pair, table, SETTINGS)
    value = one["magnitudes"]["value"].to_numpy()
    kept = one["magnitudes"]["event_id"].isin(pair.a.catalogue["event_id"]).to_numpy()
    for row in ratio.iloc[::4].to_dict("records"):
        assert row["n_first"] == (value[kept] >= row["magnitude"] - 1e-9).sum()
        assert row["ratio"] == row["n_first"] / row["n_second"]


def test_large_events_of_one_list_alone_are_bad_whatever_the_small_ones():
    one, two = twins(7, n=800, loss=(0.0, 0.0))
    zero, ids = np.zeros(60), 900_000 + np.arange(60)
    false = listed(np.linspace(1e4, 1.6e6, 60), zero, zero, zero + 3.5, ids=ids)
    more = {name: pd.concat([two[name], false[name]], ignore_index=True) for name in two}
    for other, verdict in ((two, "good"), (more, "bad")):
        pair, matches, table, summary = measured(one, other)
        rows = Rows(differences.METRICS)
        ratio = differences.cumulative_ratio(pair, table, SETTINGS)
        differences.tell(rows, pair, matches, summary, differences.slopes(pair, table, SETTINGS), ratio,
                         SETTINGS)
        found = {row["metric"]: row["verdict"] for row in rows.rows}
        assert found["large_event_ratio"] == verdict
        assert set(found) == {metric.name for metric in differences.METRICS}


def test_nothing_is_said_of_differences_where_matches_are_chance():
    pair, matches, table, summary = measured(twins(1, n=900, days=1.0)[0], twins(50, n=900, days=1.0)[0])
    assert len(matches.pairs) > 10 and matches.by_chance
    rows = Rows(differences.METRICS)
    differences.tell(rows, pair, matches, summary, differences.slopes(pair, table, SETTINGS),
                     differences.cumulative_ratio(pair, table, SETTINGS), SETTINGS)
    assert {row["verdict"] for row in rows.rows} == {"cannot tell"}


def test_differences_by_magnitude_add_up_to_all():
    _, _, table, summary = measured(*twins(8))
    part = summary[(summary["quantity"] == "dt_s") & summary["low_edge"].notna()]
    assert part["n"].sum() == len(table)


def test_intervals_of_shares_cover_with_and_without_clusters():
    for clustered in (False, True):
        covered = 0
        for seed in range(400):
            rng = np.random.default_rng(seed)
            size = rng.poisson(12, 25)
            chance = rng.beta(3, 2, 25) if clustered else np.full(25, 0.6)
            _, low, high = intervals.shares(rng.binomial(size, chance), size)
            covered += low[0] <= 0.6 <= high[0]
        assert 0.92 <= covered / 400 <= 0.99


def test_intervals_of_quantiles_cover_in_clusters():
    covered = np.zeros(2)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        block = np.repeat(np.arange(30), 8)
        x = rng.normal(0, 1, 30)[block] + rng.normal(0, 1, len(block))
        for k, (q, true) in enumerate(((0.5, 0.0), (0.9, 1.2816 * 2**0.5))):
            _, low, high = intervals.quantile(x, q, block)
            covered[k] += low <= true <= high
    assert (covered / 300 >= 0.88).all() and (covered / 300 <= 0.99).all()


def test_a_quantile_of_rounded_values_is_as_narrow_as_they_are_equal():
    block = np.arange(1000) // 50
    x = np.random.default_rng(0).permutation(np.where(np.arange(1000) < 910, 0.05, 2.0))
    assert intervals.quantile(x, 0.5, block) == (0.05, 0.05, 0.05)
    found, low, high = intervals.quantile(x, 0.9, block)
    assert (found, low) == (0.05, 0.05) and high == 2.0


def test_intervals_of_quantiles_of_rounded_values_cover_and_are_no_wider_than_a_step():
    covered, width = 0, []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = np.round(rng.normal(0.0, 0.15, 600), 1)
        _, low, high = intervals.quantile(x, 0.5, np.arange(600) // 20)
        covered += low <= 0.0 <= high
        width.append(high - low)
    assert covered == 200 and np.median(width) < 0.01


def test_depths_that_agree_on_average_only_are_told_by_their_scatter():
    one, two = twins(4, n=400, loss=(0.0, 0.0))
    one = {**one, "origins": one["origins"].assign(depth_km=100.0)}
    rng = np.random.default_rng(1)
    for error, verdict in ((0.5, "good"), (3.0, "watch"), (8.0, "bad")):
        other = {**two, "origins": two["origins"].assign(depth_km=rng.normal(100, error, len(two["origins"])))}
        pair, matches, table, summary = measured(one, other)
        rows = Rows(differences.METRICS)
        differences.tell(rows, pair, matches, summary, differences.slopes(pair, table, SETTINGS),
                         differences.cumulative_ratio(pair, table, SETTINGS), SETTINGS)
        found = {row["metric"]: row for row in rows.rows}
        assert found["depth_scatter"]["verdict"] == verdict
        assert found["depth_scatter"]["value"] == pytest.approx(1.645 * error, rel=0.2)
        assert found["depth_difference"]["verdict"] == "good"


def test_an_interval_of_nothing_is_no_number():
    assert np.isnan(intervals.shares([[0, 0]], [[0, 0]])).all()
    assert np.isnan(intervals.quantile([1.0, np.nan, 2.0], 0.5, [0, 1, 2])).all()
    share, low, high = intervals.shares([[5, 5, 5, 5]], [[5, 5, 5, 5]])
    assert share[0] == high[0] == 1.0 and 0.65 < low[0] < 0.9
