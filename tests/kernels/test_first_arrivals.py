import numpy as np
import pytest

from quakescribe.kernels.rays import first_arrivals
from quakescribe.kernels.raytrace import first_arrival, first_ray

TOPS, VP = np.array([-2.0, 4.0, 14.5, 30.5]), np.array([5.5, 6.3, 6.7, 7.8])
RNG = np.random.default_rng(0)
N = 300
DISTANCE, SOURCE = RNG.uniform(0, 250, N), RNG.uniform(-2, 35, N)


def direct_time(distance, source, receiver):
    """Least time of a path that goes straight from source to receiver through each layer: dense search in p."""
    edges = np.clip(np.append(TOPS, np.inf), *sorted((source, receiver)))
    thick = np.diff(edges)
    thick[0] += max(min(TOPS[0], max(source, receiver)) - min(source, receiver), 0.0)
    thick, v = thick[thick > 0], VP[thick > 0]
    p = (1 - 10 ** -np.linspace(0, 13, 200_001)) / v.max()
    reach = (thick[:, None] * p * v[:, None] / np.sqrt(1 - (p * v[:, None]) ** 2)).sum(axis=0)
    p = np.interp(distance, reach, p)
    return p * distance + (thick * np.sqrt(1 / v**2 - p**2)).sum()


def test_each_source_gets_its_own_first_arrival():
    time, p, takeoff, _ = first_arrivals(TOPS, VP, DISTANCE, SOURCE, -0.7)
    one = np.array([first_arrival(TOPS, VP, x, z, -0.7) for x, z in zip(DISTANCE, SOURCE, strict=True)])
    np.testing.assert_array_equal(np.column_stack([time, p, takeoff]), one[:, [0, 1, 3]])


def test_a_head_wave_is_one_that_beats_the_direct_ray():
    time, _, _, head = first_arrivals(TOPS, VP, DISTANCE, SOURCE, -0.7)
    direct = np.array([direct_time(x, z, -0.7) for x, z in zip(DISTANCE, SOURCE, strict=True)])
    assert np.all(time <= direct + 1e-6)
    clear = np.abs(direct - time) > 1e-6
    np.testing.assert_array_equal(head[clear], True)
    np.testing.assert_array_equal(head[~clear], False)
    assert 50 < head.sum() < N - 50


def test_the_head_wave_begins_at_the_crossover():
    thick, slow, fast = 10.0, 5.0, 7.0
    crossover = 2 * thick * np.sqrt((fast + slow) / (fast - slow))
    distance = np.array([1.0, crossover - 0.01, crossover + 0.01, 500.0])
    *_, head = first_arrivals(np.array([0.0, thick]), np.array([slow, fast]), distance, np.zeros(4), 0.0)
    assert head.tolist() == [False, False, True, True]


def test_a_wave_over_both_ends_is_a_head_wave_too():
    *_, head = first_ray(np.array([0.0, 1.0]), np.array([6.0, 3.0]), 50.0, 2.0, 1.5)
    assert head


def test_no_sources_have_no_arrivals():
    assert [len(a) for a in first_arrivals(TOPS, VP, np.empty(0), np.empty(0), 0.0)] == [0, 0, 0, 0]


@pytest.mark.parametrize("receiver", [-1.0, 6.0])
def test_compiled_and_interpreted_agree(receiver):
    for x, z in zip(DISTANCE[:50], SOURCE[:50], strict=True):
        assert first_ray(TOPS, VP, x, z, receiver) == pytest.approx(first_ray.py_func(TOPS, VP, x, z, receiver))
