import numpy as np
import pytest

from quakescribe.compare.pareto import front


def slow(x, y):
    """Nobody is at least as good in both and better in one."""
    return np.array([np.isfinite(a) and np.isfinite(b) and not any(
        c >= a and d >= b and (c > a or d > b) for c, d in zip(x, y, strict=True)) for a, b in zip(x, y, strict=True)])


@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_nothing_betters(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 8, (2, rng.integers(1, 40))).astype(float)
    x[rng.random(len(x)) < 0.1] = np.nan
    np.testing.assert_array_equal(front(x, y), slow(x, y))


def test_no_points_have_no_front():
    assert front([], []).tolist() == []
