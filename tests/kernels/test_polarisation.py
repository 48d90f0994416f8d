import sys
from pathlib import Path

import numpy as np
import pytest

from quakescribe.kernels import polarisation as k

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import pal_reference as reference

BOTH = pytest.mark.parametrize("way", ["compiled", "python"])


def kernel(function, way):
    return function if way == "compiled" else function.py_func


@BOTH
@pytest.mark.parametrize("scale", [1e-18, 1.0, 1e12])
def test_first_axis_agrees_with_numpy(way, scale):
    rng = np.random.default_rng(1)
    for _ in range(100):
        m = np.cov(rng.standard_normal((3, 20)) * rng.uniform(0.1, 3, (3, 1))) * scale
        axis = np.empty(3)
        top = kernel(k.first_axis, way)(np.array([m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[0, 2], m[1, 2]]), axis)
        values, vectors = np.linalg.eigh(m)
        assert top == pytest.approx(values[2], rel=1e-9)
        assert abs(axis @ vectors[:, 2]) == pytest.approx(1.0, abs=1e-6)


@BOTH
@pytest.mark.parametrize("c", [np.zeros(6), np.array([2.0, 2.0, 2.0, 0, 0, 0]), np.array([1.0, 0, 0, 0, 0, 0])])
def test_degenerate_matrices_give_a_unit_axis(way, c):
    axis = np.empty(3)
    assert kernel(k.first_axis, way)(c, axis) == pytest.approx(c.max())
    assert np.linalg.norm(axis) == pytest.approx(1.0)


@BOTH
def test_damping_agrees_with_the_formula(way):
    data = np.random.default_rng(2).standard_normal((3, 120)) * np.array([[3.0], [1.0], [0.5]])
    _, lead = reference.polarisation(data[:, :30])
    wanted = []
    for i in range(60):
        r, v = reference.polarisation(data[:, i:i + 30])
        wanted.append(1 - r * abs(v @ lead))
    np.testing.assert_allclose(kernel(k.damping, way)(data, 30, 60), wanted, atol=1e-9)


@BOTH
def test_linear_motion_is_damped_to_nothing_and_rest_not_at_all(way):
    swing = np.sin(np.arange(80) / 3.0)
    np.testing.assert_allclose(kernel(k.damping, way)(np.outer([1.0, 2.0, -1.0], swing), 20, 40), 0.0, atol=1e-7)
    np.testing.assert_array_equal(kernel(k.damping, way)(np.zeros((3, 80)), 20, 40), 1.0)
