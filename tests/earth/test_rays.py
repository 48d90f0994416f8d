import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quakescribe.kernels.raytrace import first_arrival, layer_of

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from hypocentres import MODEL, fermat

TOPS, VP = MODEL.top_km, MODEL.vp


@pytest.fixture(params=["compiled", "python"])
def kernel(request):
    return first_arrival if request.param == "compiled" else first_arrival.py_func


def test_equals_the_least_time_over_all_paths(kernel):
    rng = np.random.default_rng(0)
    for _ in range(25):
        n = rng.integers(1, 5)
        tops, velocities = np.sort(rng.uniform(-2, 25, n)), rng.uniform(2, 8, n)
        distance, source, receiver = rng.uniform(0, 80), rng.uniform(-3, 30), rng.uniform(-3, 3)
        time = kernel(tops, velocities, distance, source, receiver)[0]
        assert time == pytest.approx(fermat(tops, velocities, distance, source, receiver), abs=1e-6)


def test_a_homogeneous_medium_gives_the_straight_ray(kernel):
    time, dtdx, dtdz, takeoff = kernel(np.array([0.0]), np.array([6.0]), 3.0, 3.0, -1.0)
    assert time == pytest.approx(5.0 / 6.0, abs=1e-14)
    assert (dtdx, dtdz) == pytest.approx((0.1, 0.8 / 6.0), abs=1e-12)
    assert takeoff == pytest.approx(180.0 - np.degrees(np.arctan2(3.0, 4.0)))


def test_straight_up_takes_the_sum_of_the_layers(kernel):
    time, dtdx, dtdz, takeoff = kernel(TOPS, VP, 0.0, 10.0, -1.0)
    assert time == pytest.approx(5.0 / 5.5 + 6.0 / 6.3, abs=1e-14)
    assert (dtdx, dtdz, takeoff) == pytest.approx((0.0, 1 / 6.3, 180.0))


def test_beyond_the_crossover_the_head_wave_is_first(kernel):
    thickness, v1, v2 = 10.0, 5.0, 7.0
    crossover = 2 * thickness * np.sqrt((v2 + v1) / (v2 - v1))
    for distance, p in ((crossover - 0.01, 1 / v1), (crossover + 0.01, 1 / v2)):
        assert kernel(np.array([0.0, 10.0]), np.array([v1, v2]), distance, 0.0, 0.0)[1] == pytest.approx(p)


def test_source_and_receiver_can_be_exchanged(kernel):
    for source, receiver in ((12.0, -1.0), (-1.0, 2.0), (4.0, 0.0), (3.0, 3.0)):
        there, back = kernel(TOPS, VP, 40.0, source, receiver), kernel(TOPS, VP, 40.0, receiver, source)
        assert there[:2] == pytest.approx(back[:2], abs=1e-12)


def test_a_source_on_an_interface_continues_the_times_on_both_sides(kernel):
    for distance in (0.0, 5.0, 30.0, 120.0):
        above, on, below = (kernel(TOPS, VP, distance, z, -1.0)[0] for z in (4.0 - 1e-7, 4.0, 4.0 + 1e-7))
        assert above == pytest.approx(on, abs=1e-7)
        assert below == pytest.approx(on, abs=1e-7)


def test_a_slow_layer_under_a_fast_one_makes_no_head_wave(kernel):
    tops, velocities = np.array([0.0, 5.0, 10.0]), np.array([6.0, 4.0, 5.0])
    assert kernel(tops, velocities, 100.0, 2.0, 0.0)[0] == pytest.approx(np.hypot(100, 2) / 6.0)


def test_a_fast_layer_above_both_ends_carries_a_wave_over_them(kernel):
    tops, velocities = np.array([0.0, 1.0]), np.array([6.0, 3.0])
    eta = np.sqrt(1 / 9 - 1 / 36)
    assert kernel(tops, velocities, 50.0, 2.0, 1.5)[0] == pytest.approx(50 / 6 + 1.5 * eta)


def test_layers_that_differ_by_nothing_are_one(kernel):
    v = np.array([5.0, np.nextafter(5.0, 6.0), 5.0, np.nextafter(5.0, 4.0)])
    assert kernel(np.array([0.0, 1.0, 2.0, 3.0]), v, 40.0, 0.5, 0.0)[0] == pytest.approx(np.hypot(40, 0.5) / 5.0)


def test_source_and_receiver_at_one_place_take_no_time(kernel):
    assert kernel(TOPS, VP, 0.0, -1.0, -1.0)[0] == 0.0


@given(distance=st.floats(0.1, 150), source=st.floats(-2, 40), receiver=st.floats(-2, 1), s=st.booleans())
@settings(max_examples=200, deadline=None)
def test_derivatives_agree_with_finite_differences(distance, source, receiver, s):
    velocity, h = (MODEL.vs if s else VP), 1e-5
    if np.min(np.abs(TOPS - source)) < 1e-3 or abs(source - receiver) < 0.05:
        return
    _, dtdx, dtdz, takeoff = first_arrival(TOPS, velocity, distance, source, receiver)
    right, left = (first_arrival(TOPS, velocity, distance + d, source, receiver) for d in (h, -h))
    down, up = (first_arrival(TOPS, velocity, distance, source + d, receiver) for d in (h, -h))
    if abs(right[1] - left[1]) > 1e-3 or abs(down[2] - up[2]) > 1e-3:
        return  # the kink of a crossover
    assert dtdx == pytest.approx((right[0] - left[0]) / (2 * h), abs=1e-6)
    assert dtdz == pytest.approx((down[0] - up[0]) / (2 * h), abs=1e-6)
    v = velocity[layer_of(TOPS, source)]
    assert np.hypot(dtdx, dtdz) == pytest.approx(1 / v, rel=1e-9)
    assert np.sin(np.radians(takeoff)) == pytest.approx(dtdx * v, abs=1e-9)
