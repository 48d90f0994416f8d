import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quakescribe.earth.traveltime import TravelTimes
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.kernels.search import l1_misfit, pair_bound, search_event

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from hypocentres import MODEL, grid_best

times = st.lists(st.tuples(st.floats(-20, 20), st.floats(0.1, 30)), min_size=1, max_size=15)


@given(times)
@settings(max_examples=100, deadline=None)
def test_no_origin_time_has_a_lower_misfit_than_the_weighted_median(pairs):
    values, weights = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    for kernel in (l1_misfit, l1_misfit.py_func):
        misfit, median = kernel(values.copy(), weights, np.arange(len(values)))
        best = min(float(np.sum(weights * np.abs(values - t))) for t in values)
        assert misfit == pytest.approx(best, rel=1e-12, abs=1e-12)
        assert float(np.sum(weights * np.abs(values - median))) == pytest.approx(misfit, rel=1e-12, abs=1e-12)


@given(times)
@settings(max_examples=100, deadline=None)
def test_the_bound_is_never_above_the_misfit(pairs):
    values, weights = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    misfit, _ = l1_misfit(values.copy(), weights, np.arange(len(values)))
    for kernel in (pair_bound, pair_bound.py_func):
        assert kernel(values, weights) <= misfit * (1 + 1e-12) + 1e-9


def travel(x, y, phase, east, north, down):
    return np.array([first_arrival(MODEL.top_km, (MODEL.vp, MODEL.vs)[k], float(np.hypot(a - east, b - north)), down,
                                   0.0)[0] for a, b, k in zip(x, y, phase, strict=True)])


def arrivals(seed, outlier=0.0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-15, 15, 6).repeat(2), rng.uniform(-15, 15, 6).repeat(2)
    phase = np.tile([0, 1], 6).astype(np.int64)
    place = rng.uniform((-10, -10, 2), (10, 10, 14))
    observed = travel(x, y, phase, *place)
    observed += rng.normal(0, 0.05, 12)
    observed[3] += outlier
    return x, y, phase, observed, place


def search(x, y, phase, observed, kept=64, finest=0.5):
    box = np.array([[-20.0, 20.0], [-20.0, 20.0], [0.0, 16.0]])
    tables = TravelTimes.build(MODEL, [0.0], 60.0, 0.0, 16.0, 0.25, 0.25)
    coarse = TravelTimes.build(MODEL, [0.0], 60.0, 1.0, 15.0, 1.0, 2.0)
    which = np.column_stack([phase, np.zeros(len(phase), np.int64)])
    return search_event(x, y, which, observed, np.full(len(x), 10.0), coarse.times, tables.times,
                        np.array([0.25, 0.25, 0.0, 1.0]), box, np.array([10.0, 10.0, 8.0]), kept, finest)


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_a_full_grid(seed):
    x, y, phase, observed, place = arrivals(seed)
    misfit, east, north, _, _ = search(x, y, phase, observed, finest=0.1)
    near = [(place[0] - 3, place[0] + 3), (place[1] - 3, place[1] + 3), (max(place[2] - 3, 0), place[2] + 3)]
    best = grid_best(x, y, np.zeros(12), phase, observed, np.full(12, 10.0), near, 0.75)
    assert misfit <= best[0] + 0.1
    assert np.hypot(east - place[0], north - place[1]) < 1.5


def test_one_wrong_arrival_moves_the_place_little():
    right = search(*arrivals(5)[:4])
    wrong = search(*arrivals(5, outlier=8.0)[:4])
    assert np.hypot(right[1] - wrong[1], right[2] - wrong[2]) < 1.0


def test_the_origin_time_is_that_of_the_place_found():
    x, y, phase, observed, _ = arrivals(1)
    _, east, north, down, origin = search(x, y, phase, observed)
    implied = observed - travel(x, y, phase, east, north, down)
    assert origin == pytest.approx(np.median(implied), abs=0.05)
