import sys
from pathlib import Path

import numpy as np
import pytest

from quakescribe.earth.traveltime import TravelTimes
from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import VelocityError
from quakescribe.kernels.grid import fill_times, interpolate
from quakescribe.kernels.raytrace import first_arrival

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from hypocentres import MODEL

OWN_S = VelocityModel("own S", MODEL.top_km, MODEL.vp, MODEL.vp / np.array([1.9, 1.75, 1.72, 1.74]))


@pytest.mark.parametrize("model", [MODEL, OWN_S])
def test_nodes_are_exact_rays(model):
    tables = TravelTimes.build(model, [1500.0, 300.0, 1500.0], 60.0, -2.0, 20.0, 2.0, 1.0)
    assert tables.times.shape[:2] == (2, 2)
    assert list(tables.surface) == [1, 0, 1]
    for phase, velocities in enumerate((model.vp, model.vs)):
        for k, elevation in enumerate(tables.elevations_m):
            for i in (0, 3, 17, 30):
                for j in (0, 5, 22):
                    exact = first_arrival(model.top_km, velocities, i * 2.0, -2.0 + j, -elevation / 1000)[0]
                    assert tables.times[phase, k, i, j] == pytest.approx(exact, rel=1e-6)


def test_the_table_covers_what_was_asked():
    tables = TravelTimes.build(MODEL, [0.0], 61.0, -2.0, 20.3, 2.0, 1.0)
    assert (tables.times.shape[2] - 1) * 2.0 >= 61.0
    assert -2.0 + (tables.times.shape[3] - 1) >= 20.3


def test_filling_is_the_same_compiled_and_as_python():
    compiled, python = np.empty((4, 3), np.float32), np.empty((4, 3), np.float32)
    fill_times(compiled, MODEL.top_km, MODEL.vp, -1.0, 5.0, 0.0, 4.0)
    fill_times.py_func(python, MODEL.top_km, MODEL.vp, -1.0, 5.0, 0.0, 4.0)
    np.testing.assert_allclose(compiled, python, rtol=1e-6)


@pytest.mark.parametrize("kernel", [interpolate, interpolate.py_func])
def test_a_bilinear_surface_is_read_exactly_inside_and_outside(kernel):
    i, j = np.meshgrid(np.arange(5.0), np.arange(4.0), indexing="ij")
    table = 1.0 + 2.0 * i - 0.5 * j + 0.25 * i * j
    for x, z in ((0.0, 0.0), (1.3, 2.7), (4.0, 3.0), (4.6, 3.2), (-0.2, -0.4)):
        t, dx, dz = kernel(table, x, z)
        assert t == pytest.approx(1.0 + 2.0 * x - 0.5 * z + 0.25 * x * z)
        assert (dx, dz) == pytest.approx((2.0 + 0.25 * z, -0.5 + 0.25 * x))


def test_between_nodes_the_error_is_a_few_milliseconds():
    tables = TravelTimes.build(MODEL, [500.0], 100.0, -2.0, 30.0, 0.5, 0.5)
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(2000):
        x, z = rng.uniform(5, 100), rng.uniform(0, 30)
        read = interpolate(tables.times[0, 0], x / 0.5, (z + 2.0) / 0.5)[0]
        errors.append(abs(read - first_arrival(MODEL.top_km, MODEL.vp, x, z, -0.5)[0]))
    assert np.quantile(errors, 0.99) < 0.003


@pytest.mark.parametrize(("elevations", "distance", "top", "bottom"),
                         [([np.nan], 50.0, 0.0, 10.0), ([0.0], 0.0, 0.0, 10.0), ([0.0], 50.0, 10.0, 10.0)])
def test_what_cannot_be_tabulated_is_said(elevations, distance, top, bottom):
    with pytest.raises(VelocityError):
        TravelTimes.build(MODEL, elevations, distance, top, bottom)
