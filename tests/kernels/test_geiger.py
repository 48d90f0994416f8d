"""The parts of Geiger's method against formulas by hand and numpy's SVD."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quakescribe.kernels import geiger

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from geiger_reference import svd_step


@pytest.fixture(params=["compiled", "python"])
def run(request):
    """Call a kernel by name, compiled or as plain Python."""
    def call(name, *arguments):
        kernel = getattr(geiger, name)
        return (kernel if request.param == "compiled" else kernel.py_func)(*arguments)
    return call


def derivatives(seed=0, n=12):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    p = rng.uniform(0.05, 0.18, n)
    return (np.column_stack([np.ones(n), -p * np.cos(angle), -p * np.sin(angle), rng.uniform(-0.15, 0.15, n)]),
            rng.normal(0, 0.3, n), rng.uniform(0, 1.5, n))


@pytest.mark.parametrize(("value", "weight"), [(0.0, 1.0), (40.0, 1.0), (60.0, 0.75), (80.0, 0.5), (120.0, 0.0),
                                               (1e9, 0.0)])
def test_the_taper_is_a_half_cosine_between_its_limits(run, value, weight):
    full, zero = (40.0, 120.0) if value != 60.0 else (40.0, 100.0)
    assert run("taper", value, full, zero) == pytest.approx(weight)


def test_the_rms_weighs_squares_with_squares(run):
    assert run("weighted_rms", np.array([1.0, 2.0]), np.array([1.0, 0.5])) == pytest.approx(np.sqrt(2.0 / 1.25))
    assert run("weighted_rms", np.array([1.0]), np.array([0.0])) == 0.0


def test_residuals_are_weighted_relative_to_the_cut_where_they_are_small(run):
    weight = np.array([1.0, 1.0, 0.6, 1.0])
    run("taper_residuals", np.array([0.1, -0.3, 0.6, 0.9]), weight, 0.9, 1 / 3, 1.0)
    assert weight == pytest.approx([1.0, 1.0, 0.6 * 0.5, 0.0])


def test_residuals_are_weighted_relative_to_their_rms_where_they_are_large(run):
    weight = np.array([1.0, 1.0, 1.0, 1.0])
    residual = np.array([0.0, 0.0, 0.0, 4.0])  # RMS 2 s: limits 2 s and 6 s, so 4 s has half weight
    run("taper_residuals", residual, weight, 0.3, 1.0, 3.0)
    assert weight == pytest.approx([1.0, 1.0, 1.0, 0.5])


@pytest.mark.parametrize("size", [1, 3, 4])
def test_eigenvalues_and_vectors_are_those_of_numpy(run, size):
    rng = np.random.default_rng(size)
    root = rng.normal(size=(6, 4))
    matrix = root.T @ root
    values, vectors = np.zeros(4), np.zeros((4, 4))
    run("eigen", matrix.copy(), size, values, vectors)
    assert values[:size] == pytest.approx(np.linalg.eigvalsh(matrix[:size, :size])[::-1])
    rebuilt = vectors[:size, :size] * values[:size] @ vectors[:size, :size].T
    assert rebuilt == pytest.approx(matrix[:size, :size], abs=1e-12)


def test_a_matrix_of_zeros_has_zero_eigenvalues(run):
    values, vectors = np.ones(4), np.zeros((4, 4))
    run("eigen", np.zeros((4, 4)), 4, values, vectors)
    assert (values == 0.0).all()
    assert np.array_equal(vectors, np.eye(4))


def step_of(run, g, r, w, size):
    singular, vectors, step = np.zeros(4), np.zeros((4, 4)), np.zeros(4)
    run("decompose", g, w, size, np.zeros((4, 4)), singular, vectors)
    used = run("damped_step", g, r, w, size, singular, vectors, 0.012, 0.006, step)
    return step, used, singular, vectors


@pytest.mark.parametrize("size", [3, 4])
def test_the_step_is_that_of_the_singular_value_decomposition(run, size):
    g, r, w = derivatives()
    step, used, singular, _ = step_of(run, g, r, w, size)
    expected, count, s, _ = svd_step(g, r, w, size, 0.012, 0.006)
    assert step == pytest.approx(expected, rel=1e-9)
    assert used == count == size
    assert singular[:size] == pytest.approx(s)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 30))
def test_the_step_agrees_with_the_svd_for_any_network(seed, n):
    g, r, w = derivatives(seed, n)
    step, used, _, _ = step_of(lambda name, *a: getattr(geiger, name)(*a), g, r, w, 4)
    expected, count, s, _ = svd_step(g, r, w, 4, 0.012, 0.006)
    if np.abs(s - 0.012).min() > 1e-6:
        assert used == count
        assert step == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_direction_without_control_is_not_moved_along(run):
    g, r, w = derivatives()
    g[:, 3] = 0.0  # depth has no effect on any time
    step, used, _, _ = step_of(run, g, r, w, 4)
    assert used == 3
    assert step[3] == pytest.approx(0.0, abs=1e-12)


def test_the_covariance_is_the_softened_inverse(run):
    g, r, w = derivatives()
    _, _, singular, vectors = step_of(run, g, r, w, 4)
    out = np.zeros((4, 4))
    run("covariance_of", singular, vectors, 4, 0.25, 0.0, out)
    weighted = w[:, None] * g
    assert out == pytest.approx(0.25 * np.linalg.inv(weighted.T @ weighted), rel=1e-8)


def test_a_depth_not_solved_for_has_variance_999(run):
    g, r, w = derivatives()
    _, _, singular, vectors = step_of(run, g, r, w, 3)
    out = np.zeros((4, 4))
    run("covariance_of", singular, vectors, 3, 0.25, 0.012, out)
    assert out[3].tolist() == [0.0, 0.0, 0.0, 999.0]


def test_errors_are_the_largest_projections_of_single_axes(run):
    covariance = np.diag([1.0, 4.0, 9.0, 25.0])
    assert run("standard_errors", covariance, np.zeros((4, 4)), np.zeros(4), np.zeros((4, 4))) == pytest.approx((3, 5))
    axis = np.array([0.0, 0.6, 0.0, 0.8])  # a single long axis, dipping: 10 km along it, 1 km across
    covariance = np.eye(4) + 99.0 * np.outer(axis, axis)
    assert run("standard_errors", covariance, np.zeros((4, 4)), np.zeros(4), np.zeros((4, 4))) == pytest.approx((6, 8))


def test_errors_are_at_most_99(run):
    huge = np.diag([1.0, 1e9, 1e9, 1e9])
    assert run("standard_errors", huge, np.zeros((4, 4)), np.zeros(4), np.zeros((4, 4))) == (99.0, 99.0)
