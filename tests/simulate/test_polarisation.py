"""Which way the ground moves, against moment tensors and great circles."""

import numpy as np
import pytest
from pyproj import Geod

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import build
from quakescribe.simulate.distant import rayleigh
from quakescribe.simulate.motion import ground_motion
from quakescribe.simulate.radiation import directions, double_couple


def moment_tensor(strike, dip, rake):
    """Aki & Richards (2002), box 4.4: x north, y east, z down."""
    f, d, r = np.radians((strike, dip, rake))
    s, c = np.sin, np.cos
    xx = -(s(d) * c(r) * s(2 * f) + s(2 * d) * s(r) * s(f) ** 2)
    yy = s(d) * c(r) * s(2 * f) - s(2 * d) * s(r) * c(f) ** 2
    zz = s(2 * d) * s(r)
    xy = s(d) * c(r) * c(2 * f) + 0.5 * s(2 * d) * s(r) * s(2 * f)
    xz = -(c(d) * c(r) * c(f) + c(2 * d) * s(r) * s(f))
    yz = -(c(d) * c(r) * s(f) - c(2 * d) * s(r) * c(f))
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def test_the_motion_of_p_and_s_points_where_the_moment_tensor_pushes():
    rng = np.random.default_rng(3)
    for _ in range(200):
        strike, dip, rake, azimuth = rng.uniform((0, 5, -180, 0), (360, 85, 180, 360))
        takeoff = rng.uniform(95, 175)  # upwards, so that a straight ray meets the surface at 180 deg minus that
        pattern = double_couple(azimuth, (takeoff, takeoff), strike, dip, rake)
        p, sv, sh = directions(azimuth, (180.0 - takeoff, 180.0 - takeoff))
        i, a = np.radians((takeoff, azimuth))
        ray = np.array([np.sin(i) * np.cos(a), np.sin(i) * np.sin(a), np.cos(i)])  # north, east, down
        push = moment_tensor(strike, dip, rake) @ ray
        along = (push @ ray) * ray
        for ours, theirs in ((pattern[0] * p, along), (pattern[1] * sv + pattern[2] * sh, push - along)):
            np.testing.assert_allclose(ours, [-theirs[2], theirs[0], theirs[1]], atol=1e-9)


def test_the_rayleigh_wave_of_a_blast_turns_backwards():
    vertical, radial = np.cumsum(rayleigh(1.0, 20_000.0, 0.0, 2000, 100), axis=1)  # displacement
    vertical, radial = vertical - vertical.mean(), radial - radial.mean()
    top = np.argmax(vertical)
    assert np.gradient(radial)[top] < 0.0  # at the crest the ground moves back towards the source
    turn = vertical * np.gradient(radial) - radial * np.gradient(vertical)
    assert np.median(turn[np.abs(vertical) > 0.3 * vertical.max()]) < 0.0


@pytest.mark.parametrize("seed", [1, 4])
def test_a_teleseism_shakes_along_the_great_circle_at_the_station(seed):
    settings = SimulateSettings(seed=seed, start="2024-03-05T00:00:00Z", hours=24.0, network={"n_stations": 4},
                                seismicity={"background_per_day": 0.0}, other={"teleseisms_per_day": 3.0})
    scenario = build(settings)
    row = 0
    event, station = scenario.events.iloc[row], scenario.stations[2]
    _, motion = ground_motion(scenario, row, 2)
    back, _, _ = Geod(ellps="WGS84").inv(station.longitude, station.latitude, event["longitude"], event["latitude"])
    z, n, e = motion[:, :2000]
    away = -(n * np.cos(np.radians(back)) + e * np.sin(np.radians(back)))
    across = n * np.sin(np.radians(back)) - e * np.cos(np.radians(back))
    assert np.corrcoef(away, z)[0, 1] > 0.5  # up and away go together
    assert abs(np.corrcoef(across, z)[0, 1]) < 0.3
