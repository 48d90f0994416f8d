import numpy as np
import pytest

from quakescribe.earth.geodesy import LocalFrame, destination, distance_azimuth


def test_a_degree_of_the_equator_is_111_km():
    distance, azimuth = distance_azimuth(0.0, 0.0, 0.0, 1.0)
    assert (float(distance), float(azimuth)) == pytest.approx((111.3195, 90.0), abs=1e-3)


@pytest.mark.parametrize(("latitude", "longitude"), [(35.0, -117.0), (-60.0, 179.99), (0.0, 0.0), (89.9, 10.0)])
def test_going_there_arrives_at_the_stated_distance_and_azimuth(latitude, longitude):
    there = destination(latitude, longitude, 77.0, 50.0)
    distance, azimuth = distance_azimuth(latitude, longitude, *there)
    assert (float(distance), float(azimuth)) == pytest.approx((50.0, 77.0), abs=1e-6)
    assert -180.0 <= there[1] < 180.0


def test_the_local_frame_keeps_distances_from_its_centre_across_the_date_line():
    frame = LocalFrame.around([50.0, 50.2], [179.9, -179.9])
    assert abs(abs(frame.longitude) - 180.0) < 1e-6
    x, y = frame.to_xy([50.1], [-179.5])
    distance, _ = distance_azimuth(frame.latitude, frame.longitude, 50.1, -179.5)
    assert np.hypot(x, y)[0] == pytest.approx(float(distance), abs=1e-6)
    lat, lon = frame.to_geographic(x, y)
    assert (lat[0], lon[0] % 360) == pytest.approx((50.1, 180.5), abs=1e-9)
