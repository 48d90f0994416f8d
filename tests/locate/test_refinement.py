import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from quakescribe.kernels.hypocentre import azimuthal_gap, distance_reach, gaps
from quakescribe.kernels.refine import (
    DELAY,
    TIME,
    cost_of,
    descend,
    normal_equations,
    predict,
    solve4,
    taper,
    taper_cost,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from hypocentres import MODEL

LAYERS = np.stack([MODEL.top_km, MODEL.vp, MODEL.vs])
BOX = np.array([[-50.0, 50.0], [-50.0, 50.0], [-1.0, 40.0]])


@pytest.fixture(params=["compiled", "python"])
def how(request):
    return (lambda kernel: kernel) if request.param == "compiled" else (lambda kernel: kernel.py_func)


def scene(place=(3.0, -4.0, 9.0, 1.5), n=8, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-30, 30, n).repeat(2), rng.uniform(-30, 30, n).repeat(2)
    depth, phase = -rng.uniform(0, 1.5, n).repeat(2), np.tile([0, 1], n)
    zero = np.zeros(2 * n)
    arrivals, rows = np.column_stack([x, y, depth, phase, zero, zero + 0.05, zero]), np.zeros((2 * n, 5))
    predict(rows, np.array(place), arrivals, LAYERS)
    arrivals[:, TIME] = rows[:, 0] + place[3] + rng.normal(0, noise, 2 * n)
    return arrivals


def test_the_cost_is_the_integral_of_residual_times_weight(how):
    for value in (0.5, 2.5, 3.1, 4.9, 7.0):
        integral = quad(lambda u: u * taper(u, 2.5, 5.0), 0, value, points=[2.5, 5.0])[0]
        assert how(taper_cost)(value, 2.5, 5.0) == pytest.approx(integral, rel=1e-9)


def test_the_weight_falls_from_one_to_nothing(how):
    assert [how(taper)(u, 1.0, 3.0) for u in (0.0, 1.0, 2.0, 3.0, 9.0)] == pytest.approx([1, 1, 0.5, 0, 0])


def test_the_linear_system_is_solved_and_a_singular_one_gives_no_step(how):
    a = np.random.default_rng(0).normal(size=(6, 4))
    matrix, vector = a.T @ a, np.arange(4.0)
    np.testing.assert_allclose(how(solve4)(matrix, vector), np.linalg.solve(matrix, vector))
    np.testing.assert_array_equal(how(solve4)(np.zeros((4, 4)), vector), np.zeros(4))


def test_predicted_derivatives_agree_with_finite_differences(how):
    arrivals = scene()
    place, h = np.array([3.0, -4.0, 9.0, 0.0]), 1e-5

    def rows(at):
        out = np.zeros((16, 5))
        how(predict)(out, at, arrivals, LAYERS)
        return out

    for axis in range(3):
        step = np.zeros(4)
        step[axis] = h
        slope = (rows(place + step)[:, 0] - rows(place - step)[:, 0]) / (2 * h)
        np.testing.assert_allclose(rows(place)[:, 1 + axis], slope, atol=1e-6)


def test_a_correction_delays_the_prediction(how):
    arrivals = scene()
    early, late = np.zeros((16, 5)), np.zeros((16, 5))
    place = np.array([3.0, -4.0, 9.0, 0.0])
    how(predict)(early, place, arrivals, LAYERS)
    arrivals[:, DELAY] += 0.2
    how(predict)(late, place, arrivals, LAYERS)
    np.testing.assert_allclose(late[:, 0] - early[:, 0], 0.2)


def test_the_gradient_of_the_cost_is_minus_the_right_hand_side(how):
    arrivals = scene(noise=0.2)
    sigma, base = np.full(16, 0.07), np.ones(16)
    place = np.array([3.1, -4.2, 9.3, 1.45])
    matrix, vector, rows = np.zeros((4, 4)), np.zeros(4), np.zeros((16, 5))
    predict(rows, place, arrivals, LAYERS)
    how(normal_equations)(matrix, vector, rows, place, arrivals, sigma, base, 2.5, 5.0, BOX)
    for axis in range(4):
        costs = []
        for h in (1e-6, -1e-6):
            moved = place.copy()
            moved[axis] += h
            predict(rows, moved, arrivals, LAYERS)
            costs.append(how(cost_of)(rows, arrivals, moved[3], sigma, base, 2.5, 5.0))
        assert (costs[0] - costs[1]) / 2e-6 == pytest.approx(-vector[axis], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("start", [(0.0, 0.0, 12.0, 1.0), (10.0, 10.0, 3.0, 0.0), (-8.0, 5.0, 25.0, 2.0)])
def test_the_descent_reaches_the_place_of_exact_times(start):
    arrivals = scene()
    place, rows = np.array(start), np.zeros((16, 5))
    steps = descend(place, rows, arrivals, np.ones(16), np.ones(16), LAYERS, BOX, np.array([1e6, 2e6, 60.0]))
    assert steps >= 0
    np.testing.assert_allclose(place, (3.0, -4.0, 9.0, 1.5), atol=0.02)


def test_the_descent_stays_inside_the_box():
    arrivals = scene(place=(3.0, -4.0, 9.0, 1.5))
    box = np.array([[-50.0, 1.0], [-50.0, 50.0], [-1.0, 5.0]])
    place, rows = np.array([0.0, 0.0, 2.0, 1.0]), np.zeros((16, 5))
    descend(place, rows, arrivals, np.full(16, 0.1), np.ones(16), LAYERS, box, np.array([1e6, 2e6, 60.0]))
    assert place[0] <= 1.0
    assert -1.0 <= place[2] <= 5.0


@pytest.mark.parametrize(("azimuths", "gap"), [([], 360.0), ([10.0], 360.0), ([0.0, 90.0, 180.0], 180.0),
                                              ([350.0, 10.0], 340.0), ([45.0, 45.0], 360.0)])
def test_the_gap_is_the_widest_angle_without_station(how, azimuths, gap):
    assert how(azimuthal_gap)(np.array(azimuths, dtype=float)) == gap


def test_every_event_has_its_own_gap():
    found = gaps(np.array([0.0, 90.0, 180.0, 10.0]), np.array([0, 3, 4, 4]))
    np.testing.assert_array_equal(found, [180.0, 360.0, 360.0])


def test_distances_are_relative_to_the_second_nearest_station_not_arrival(how):
    x, y = np.array([70.0, 70.0, 90.0, 90.0, 120.0]), np.zeros(5)
    assert how(distance_reach)(np.zeros(4), x, y, 60.0) == 90.0
    assert how(distance_reach)(np.zeros(4), x, y, 100.0) == 100.0
    assert how(distance_reach)(np.zeros(4), x[:2], y[:2], 60.0) == 70.0
