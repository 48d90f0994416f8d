import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quakescribe.settings.train import SamplesSettings
from quakescribe.train import negatives
from quakescribe.train.negatives import DAY_NS, busy, draw, forbidden, generator, numbers, whole

S = 1_000_000_000
STEP = 10_000_000
CUT = 60 * S
NO_EDGES = np.empty(0, np.int64)


def counted(rows) -> pd.DataFrame:
    """Rows of day, station, associated pairs, unassociated pairs."""
    frames = [pd.DataFrame({"station_id": [station] * (a + u), "p_ns": day * DAY_NS + np.arange(a + u) * S,
                            "s_ns": 0, "associated": [True] * a + [False] * u}) for day, station, a, u in rows]
    return pd.concat(frames, ignore_index=True)


ROWS = [(10, "XX.A.", 30, 10), (10, "XX.B.", 5, 50), (11, "XX.A.", 3, 30), (11, "XX.B.", 0, 7), (12, "XX.A.", 1, 1)]


def test_however_much_is_associated_there_is_a_least_number():
    rows = [(10, "XX.A.", 40, 0), (10, "XX.B.", 1, 99)]
    table = numbers(counted(rows), SamplesSettings(copies=2, negatives_least=0.25))
    assert table.set_index("station_id")["n"]["XX.A."] == 20


def test_negatives_are_counted_by_the_published_rule():
    settings = SamplesSettings(copies=2, negatives_scale=1.25, negatives_least=0)
    associated, unassociated = sum(row[2] for row in ROWS), sum(row[3] for row in ROWS)
    table = numbers(counted(ROWS), settings)
    exact = [1.25 * u * 2 * associated / unassociated * max(0, (0.5 - a / (a + u)) / 0.5) for _, _, a, u in ROWS]
    assert list(table["exact"]) == pytest.approx(exact)
    assert list(zip(table["day"], table["station_id"], table["n_associated"], table["n_unassociated"],
                    strict=True)) == ROWS
    assert abs(table["n"] - exact).max() < 1
    assert table["n"].sum() == round(sum(exact))


def test_few_labels_among_many_associated_pairs_get_few_negatives():
    settings = SamplesSettings(copies=2)
    every, few = numbers(counted(ROWS), settings), numbers(counted(ROWS), settings, 13)
    np.testing.assert_allclose(few["exact"], every["exact"] * 13 / every["n_associated"].sum())


def test_without_pairs_or_if_not_wanted_there_are_no_negatives():
    assert numbers(counted(ROWS), SamplesSettings(negatives="none"))["n"].sum() == 0
    assert numbers(counted(ROWS), SamplesSettings(negatives_scale=0))["n"].sum() == 0
    assert numbers(counted([(10, "XX.A.", 5, 0)]), SamplesSettings(negatives_least=0))["n"].sum() == 0
    assert numbers(counted([(10, "XX.A.", 0, 0)]), SamplesSettings()).empty


@given(st.lists(st.floats(0, 50), max_size=40))
def test_whole_numbers_keep_the_total_and_stay_next_to_the_exact_ones(exact):
    exact = np.array(exact)
    n = whole(exact)
    assert n.sum() == round(float(exact.sum()))
    assert np.all(np.abs(n - exact) <= 1) and np.all(n >= 0)


def quakes(n: int, seed: int = 0, length: int = 7200) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    p = random.integers(0, length * S, n)
    return pd.DataFrame({"p_ns": p, "s_ns": p + random.integers(S, 15 * S, n), "associated": random.random(n) < 0.5})


def placed(where: pd.DataFrame, settings: SamplesSettings, n: int = 300, edges=NO_EDGES) -> np.ndarray:
    closed = forbidden(where, edges, CUT, STEP, settings)
    return draw(n, np.array([[0, 7200 * S]]), closed, CUT, STEP, generator(1, "negative"))


def test_no_negative_touches_an_earthquake():
    where = quakes(20)
    starts = placed(where, SamplesSettings())
    assert len(starts) > 200
    for start in starts:
        for low, high in busy(where):
            assert start + CUT <= low or start > high


def test_an_earthquake_lasts_from_before_its_p_until_its_coda_has_gone():
    assert busy(pd.DataFrame({"p_ns": [100 * S], "s_ns": [104 * S]})).tolist() == [[98 * S, 117 * S]]


def test_the_published_rule_only_avoids_windows_with_both_onsets_of_an_associated_pair():
    where = quakes(20)
    starts = placed(where, SamplesSettings(keep_quakes_out=False), 1000)
    p, s = where["p_ns"].to_numpy(), where["s_ns"].to_numpy()
    both = [(start <= p) & (s < start + CUT) for start in starts]
    assert not any((one & where["associated"].to_numpy()).any() for one in both)
    assert any((one & ~where["associated"].to_numpy()).any() for one in both)
    assert any(((start <= s) & (s < start + CUT) & where["associated"].to_numpy()).any() for start in starts)


def test_no_window_holds_the_end_of_a_block_of_time():
    edges = np.array([1000 * S, 3000 * S])
    starts = placed(quakes(0), SamplesSettings(), edges=edges)
    assert all(start + CUT <= edge or start >= edge for start in starts for edge in edges)
    assert any(start < 1000 * S for start in starts) and any(start > 3000 * S for start in starts)


def test_windows_lie_in_recorded_runs_on_the_grid_and_differ():
    runs = np.array([[0, 100 * S], [200 * S, 250 * S], [300 * S, 400 * S]])
    starts = draw(50, runs, np.empty((0, 2), np.int64), CUT, STEP, generator(1, "noise"))
    assert len(set(starts)) == len(starts) > 40 and not (starts % STEP).any()
    assert all(any(low <= one and one + CUT <= high for low, high in runs) for one in starts)
    halves = [np.sum(starts < 100 * S), np.sum(starts >= 300 * S)]
    assert min(halves) > 10


def test_where_too_little_is_free_fewer_are_placed_and_none_where_nothing_is():
    closed = np.array([[0, 7130 * S]])
    runs = np.array([[0, 7200 * S]])
    assert 0 < len(draw(300, runs, closed, CUT, STEP, generator(1))) < 100
    assert len(draw(300, runs, np.array([[0, 7200 * S]]), CUT, STEP, generator(1))) == 0
    assert len(draw(300, np.array([[0, 30 * S]]), closed[:0], CUT, STEP, generator(1))) == 0
    assert len(draw(300, runs[:0], closed[:0], CUT, STEP, generator(1))) == 0


def test_merged_intervals_hold_what_the_single_ones_hold():
    random = np.random.default_rng(5)
    low = random.integers(0, 500, 60)
    intervals = np.stack([low, low + random.integers(1, 12, 60)], axis=1)
    one = negatives.merged(intervals)
    points = np.arange(-5, 520)
    slow = np.array([((intervals[:, 0] <= t) & (t <= intervals[:, 1])).any() for t in points])
    assert np.array_equal(negatives.inside(points, one), slow)
    assert np.all(one[1:, 0] > one[:-1, 1])


def test_random_numbers_depend_on_what_they_are_for_alone():
    assert generator(1, "negative", "XX.A.").random() == generator(1, "negative", "XX.A.").random()
    assert generator(1, "negative", "XX.A.").random() != generator(1, "noise", "XX.A.").random()
    assert generator(1, "negative", "XX.A.").random() != generator(2, "negative", "XX.A.").random()
