"""Rays as coarse as HYPOINVERSE's: close to the exact ones, never by more than it tolerates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.kernels.coarserays import coarse_arrival, meridian_arc, offset_km, point_terms
from quakescribe.kernels.raytrace import first_arrival

TOPS, VP = np.array([-2.5, 4.0, 14.5, 30.5]), np.array([5.5, 6.3, 6.7, 7.8])


@pytest.fixture(params=["compiled", "python"])
def arrival(request):
    return coarse_arrival if request.param == "compiled" else coarse_arrival.py_func


@settings(deadline=None)
@given(st.floats(0, 200), st.floats(-2.4, 45), st.floats(-2.4, 0.5))
def test_times_miss_the_exact_ones_by_little(distance, source, receiver):
    coarse = coarse_arrival(TOPS, VP, distance, source, receiver)
    exact = first_arrival(TOPS, VP, distance, source, receiver)
    assert abs(coarse[0] - exact[0]) < 0.021
    assert np.isfinite(coarse).all()


@pytest.mark.parametrize(("distance", "source"), [(0.0, 8.0), (0.0, 2.0), (5.0, 2.0), (120.0, 8.0), (150.0, 20.0)])
def test_vertical_straight_and_head_waves_are_exact(arrival, distance, source):
    time, p, dtdz = arrival(TOPS, VP, distance, source, -1.0)
    exact = first_arrival(TOPS, VP, distance, source, -1.0)
    assert (time, p, dtdz) == pytest.approx(exact[:3], abs=1e-9)


def test_a_source_above_the_receiver_leaves_downward(arrival):
    assert arrival(TOPS, VP, 1.0, -2.0, 0.0)[2] < 0.0


def test_a_source_at_the_receiver_has_no_time(arrival):
    assert arrival(TOPS, VP, 0.0, 1.0, 1.0)[0] == 0.0


@pytest.mark.parametrize("slow", [(6.0, 5.0, 6.7, 7.8), (6.0, 6.0, 6.0, 6.0), (7.8, 6.7, 6.3, 5.5)])
def test_velocity_that_falls_or_stays_with_depth_is_no_trouble(arrival, slow):
    slow = np.array(slow)
    for distance in (0.0, 1.0, 20.0, 80.0, 200.0):
        for depth in (1.0, 4.0, 9.0, 14.5, 20.0, 31.0):
            assert np.isfinite(arrival(TOPS, slow, distance, depth, -1.0)).all()


def offset(latitude, longitude, to_latitude, to_longitude):
    return offset_km(meridian_arc(latitude), longitude, point_terms(to_latitude), to_longitude)


@pytest.mark.parametrize("there", [(36.1, -117.2), (35.2, -118.4), (35.7, -117.5)])
def test_offsets_are_geodesic_to_a_few_metres(there):
    east, north = offset(35.7, -117.5, *there)
    distance, azimuth = distance_azimuth(35.7, -117.5, *there)
    assert np.hypot(east, north) == pytest.approx(float(distance), rel=2e-4, abs=1e-3)
    if distance > 0:
        assert np.degrees(np.arctan2(east, north)) % 360 == pytest.approx(float(azimuth), abs=0.05)


def test_offsets_cross_the_date_line():
    assert offset(-18.0, 179.9, -18.0, -179.9)[0] == pytest.approx(21.2, abs=0.2)
