import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from quakescribe.kernels.hypocentre import azimuthal_gap, distance_reach, gaps
from quakescribe.kernels.refine import cost_of, descend, normal_equations, predict, solve4, taper, taper_cost

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from hypocentres import MODEL

BOX = np.array([[-50.0, 50.0], [-50.0, 50.0], [-1.0, 40.0]])


@pytest.fixture(params=["compiled", "python"])
def how(request):
    return (lambda kernel: kernel) if request.param == "compiled" else (lambda kernel: kernel.py_func)


def scene(place=(3.0, -4.0, 9.0, 1.5), n=8, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-30, 30, n).repeat(2), rng.uniform(-30, 30, n).repeat(2)
    depth, phase = -rng.uniform(0, 1.5, n).repeat(2), np.tile([0, 1], n).astype(np.int64)
    rows, zero = np.zeros((2 * n, 5)), np.zeros(2 * n)
    predict(rows, np.array(place), x, y, depth, phase, zero, MODEL.top_km, MODEL.vp, MODEL.vs)
    return x, y, depth, phase, rows[:, 0] + place[3] + rng.normal(0, noise, 2 * n), zero


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
    x, y, depth, phase, _, zero = scene()
    place, h = np.array([3.0, -4.0, 9.0, 0.0]), 1e-5

    def rows(at):
        out = np.zeros((len(x), 5))
        how(predict)(out, at, x, y, depth, phase, zero, MODEL.top_km, MODEL.vp, MODEL.vs)
        return out

    for axis in range(3):
        step = np.zeros(4)
        step[axis] = h
        slope = (rows(place + step)[:, 0] - rows(place - step)[:, 0]) / (2 * h)
        np.testing.assert_allclose(rows(place)[:, 1 + axis], slope, atol=1e-6)


def test_a_correction_delays_the_prediction(how):
    x, y, depth, phase, _, zero = scene()
    early, late = np.zeros((len(x), 5)), np.zeros((len(x), 5))
    place = np.array([3.0, -4.0, 9.0, 0.0])
    how(predict)(early, place, x, y, depth, phase, zero, MODEL.top_km, MODEL.vp, MODEL.vs)
    how(predict)(late, place, x, y, depth, phase, zero + 0.2, MODEL.top_km, MODEL.vp, MODEL.vs)
    np.testing.assert_allclose(late[:, 0] - early[:, 0], 0.2)


def test_the_gradient_of_the_cost_is_minus_the_right_hand_side(how):
    x, y, depth, phase, observed, zero = scene(noise=0.2)
    sigma, base = np.full(16, 0.07), np.ones(16)
    place = np.array([3.1, -4.2, 9.3, 1.45])
    matrix, vector, rows = np.zeros((4, 4)), np.zeros(4), np.zeros((16, 5))
    arguments = (x, y, depth, phase, zero, MODEL.top_km, MODEL.vp, MODEL.vs)
    predict(rows, place, *arguments)
    how(normal_equations)(matrix, vector, rows, place, observed, sigma, base, 2.5, 5.0, BOX)
    for axis in range(4):
        costs = []
        for h in (1e-6, -1e-6):
            moved = place.copy()
            moved[axis] += h
            predict(rows, moved, *arguments)
            costs.append(how(cost_of)(rows, observed, moved[3], sigma, base, 2.5, 5.0))
        assert (costs[0] - costs[1]) / 2e-6 == pytest.approx(-vector[axis], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("start", [(0.0, 0.0, 12.0, 1.0), (10.0, 10.0, 3.0, 0.0), (-8.0, 5.0, 25.0, 2.0)])
def test_the_descent_reaches_the_place_of_exact_times(start):
    x, y, depth, phase, observed, zero = scene()
    place, rows = np.array(start), np.zeros((16, 5))
    steps = descend(place, rows, x, y, depth, phase, observed, zero, np.full(16, 1.0), np.ones(16), MODEL.top_km,
                    MODEL.vp, MODEL.vs, BOX, np.array([1e6, 2e6, 60.0]))
    assert steps >= 0
    np.testing.assert_allclose(place, (3.0, -4.0, 9.0, 1.5), atol=0.02)


def test_the_descent_stays_inside_the_box():
    x, y, depth, phase, observed, zero = scene(place=(3.0, -4.0, 9.0, 1.5))
    box = np.array([[-50.0, 1.0], [-50.0, 50.0], [-1.0, 5.0]])
    place, rows = np.array([0.0, 0.0, 2.0, 1.0]), np.zeros((16, 5))
    descend(place, rows, x, y, depth, phase, observed, zero, np.full(16, 0.1), np.ones(16), MODEL.top_km, MODEL.vp,
            MODEL.vs, box, np.array([1e6, 2e6, 60.0]))
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
