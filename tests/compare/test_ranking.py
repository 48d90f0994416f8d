import numpy as np
import pytest

from quakescribe.audit.check import Rows
from quakescribe.compare import ranking
from quakescribe.compare.ranking import Counts, Criterion, rank
from quakescribe.settings.compare import ComparisonSettings

SETTINGS = ComparisonSettings(resamples=400)
RULES = (Criterion("associated_picks", "Associated picks", True, False),
         Criterion("association_rate", "Association rate", True, True),
         Criterion("alone_events", "Alone", False, True))


def counted(seed, sides=2, blocks=20, better=0.0):
    """Return counts of sides that see the same picks and lose some; the first may lose fewer."""
    rng = np.random.default_rng(seed)
    true = rng.poisson(rng.gamma(2.0, 100.0, blocks))
    part = np.array([rng.binomial(true, 0.7 + better * (k == 0)) for k in range(sides)], float)
    whole = part + rng.poisson(300, (sides, blocks))
    alone = rng.binomial(part.astype(int), 0.2)
    return Counts(tuple("abcdefgh"[:sides]), RULES, np.array([part, part, alone]), np.array([part, whole, part]))


def of(ranking_, criterion, side="a"):
    table = ranking_.ranks
    return table[(table["criterion"] == criterion) & (table["side"] == side)].iloc[0]


@pytest.mark.parametrize(("sides", "blocks"), [(2, 10), (2, 40), (4, 20)])
def test_among_equal_sides_none_is_the_best_more_often_than_chance(sides, blocks):
    sure = np.mean([[rank(counted(seed, sides, blocks), SETTINGS).ranks.groupby("criterion")["p_best"].max() > 0.95]
                    for seed in range(100)], axis=0).ravel()
    assert (sure <= 0.17).all(), sure  # a tenth is expected of two, and less of more
    assert sure.mean() > 0.02 or sides > 2


def test_with_few_blocks_one_of_two_equal_sides_is_sure_to_be_the_best_in_a_tenth_of_cases_only():
    sure = np.mean([[rank(counted(seed, 2, 5), SETTINGS).ranks.groupby("criterion")["p_best"].max() > 0.95]
                    for seed in range(200)])
    assert 0.05 < sure < 0.15  # 0.105; without the widening for few blocks 0.195


def test_a_better_side_is_found():
    found = [rank(counted(seed, 3, 20, better=0.06), SETTINGS) for seed in range(20)]
    assert np.mean([of(one, "associated_picks")["p_best"] > 0.95 for one in found]) > 0.9
    assert np.mean([of(one, "association_rate")["p_best"] for one in found]) > 0.9
    row = of(found[0], "associated_picks")
    assert row["rank"] == 1 and row["rank_low"] == row["rank_high"] == 1
    pair = found[0].pairs.set_index(["criterion", "first", "second"])["p_better"]
    assert pair["associated_picks", "a", "b"] > 0.95
    assert pair["associated_picks", "a", "b"] + pair["associated_picks", "b", "a"] == pytest.approx(1.0)


def test_a_rich_day_does_not_hide_a_small_difference():
    counts = counted(3, 2, 12, better=0.2)
    rich = np.where(np.arange(12) == 5, 40.0, 1.0)
    made = Counts(counts.sides, RULES, counts.numerators * rich, counts.denominators * rich)
    found = rank(made, SETTINGS)
    row = of(found, "associated_picks")
    assert row["low"] < of(found, "associated_picks", "b")["high"]  # the intervals overlap by far
    assert row["p_best"] > 0.95


def test_values_are_sums_and_ratios_of_sums_and_the_direction_counts():
    counts = counted(4)
    found = rank(counts, SETTINGS)
    assert of(found, "associated_picks")["value"] == counts.numerators[0, 0].sum()
    assert of(found, "association_rate")["value"] == pytest.approx(
        counts.numerators[1, 0].sum() / counts.denominators[1, 0].sum())
    alone = [of(found, "alone_events", side) for side in "ab"]
    assert (alone[0]["rank"] == 1) == (alone[0]["value"] < alone[1]["value"])


def test_equals_share_their_rank_and_their_chance_to_be_best():
    part = np.full((1, 3, 10), 7.0)
    found = rank(Counts(("a", "b", "c"), RULES[:1], part, part), SETTINGS)
    assert found.ranks["rank"].tolist() == [2.0, 2.0, 2.0]
    np.testing.assert_allclose(found.ranks["p_best"], 1 / 3)
    assert (found.pairs["p_better"] == 0.5).all()


def test_a_side_that_does_not_say_is_not_ranked():
    counts = counted(5, 3)
    counts.numerators[1, 2] = np.nan
    found = rank(counts, SETTINGS)
    row = of(found, "association_rate", "c")
    assert np.isnan(row["value"]) and np.isnan(row["rank"]) and np.isnan(row["p_best"])
    assert of(found, "association_rate", "a")["ranked"] == 2
    total = found.ranks[found.ranks["criterion"] == "association_rate"]["p_best"].sum()
    assert total == pytest.approx(1.0)


def test_where_only_one_side_has_a_value_none_is_the_best():
    counts = counted(5, 3)
    counts.numerators[1, 1:] = np.nan
    found = rank(counts, SETTINGS)
    row = of(found, "association_rate", "a")
    assert row["value"] > 0 and row["low"] < row["value"] < row["high"]
    assert row[["rank", "rank_low", "rank_high", "p_best"]].isna().all()
    rows = Rows(ranking.METRICS)
    ranking.tell(rows, found)
    assert {one["verdict"] for one in rows.rows if one["metric"] == "best_association_rate"} == {"cannot tell"}


def test_too_few_blocks_give_values_and_no_chances():
    counts = counted(6, 2, 2)
    found = rank(counts, SETTINGS)
    assert found.ranks["value"].notna().all() and found.ranks["p_best"].isna().all()
    rows = Rows(ranking.METRICS)
    ranking.tell(rows, found)
    assert {row["verdict"] for row in rows.rows} == {"cannot tell"}


def test_intervals_cover_the_long_run_value():
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        size = rng.poisson(50, 15)
        part = rng.binomial(size, 0.4).astype(float)[None, None]
        row = rank(Counts(("a",), RULES[1:2], part, size[None, None].astype(float)), SETTINGS).ranks.iloc[0]
        covered += row["low"] <= 0.4 <= row["high"]
    assert covered >= 90


def test_the_front_holds_what_nothing_betters():
    rules = (RULES[0], RULES[1])
    part = np.tile(np.array([100.0, 80.0, 60.0])[:, None], (1, 10))
    whole = np.tile(np.array([1000.0, 400.0, 400.0])[:, None], (1, 10))
    found = rank(Counts(("a", "b", "c"), rules, np.array([part, part]), np.array([part, whole])), SETTINGS).fronts
    assert found["on_front"].tolist() == [True, True, False]
    assert found["p_front"].tolist() == [1.0, 1.0, 0.0]
    assert set(found["front"]) == {"picks"}


def test_the_best_beyond_chance_is_good_and_the_others_are_watched():
    rows = Rows(ranking.METRICS)
    ranking.tell(rows, rank(counted(0, 3, 30, better=0.2), SETTINGS))
    found = {row["key"]: row["verdict"] for row in rows.rows if row["metric"] == "best_associated_picks"}
    assert found == {"a": "good", "b": "watch", "c": "watch"}
