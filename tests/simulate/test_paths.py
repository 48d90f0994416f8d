import dataclasses

import numpy as np
import pytest

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.settings.simulate import EarthSettings, OtherSourcesSettings, SeismicitySettings, SimulateSettings
from quakescribe.simulate.catalogue import draw
from quakescribe.simulate.network import stations
from quakescribe.simulate.paths import paths

SETTINGS = SimulateSettings(
    hours=24.0, seismicity=SeismicitySettings(mainshock=3.5),
    other=OtherSourcesSettings(quarries=2, blasts_per_day=5.0, regional_per_day=30.0, teleseisms_per_day=3.0))
EXACT = SETTINGS.model_copy(update={"earth": EarthSettings(station_term_s=0.0, path_noise=0.0)})


def model(settings):
    earth = settings.earth
    vp = np.array(earth.layer_vp)
    return VelocityModel("test", np.array(earth.layer_top_km), vp, vp / earth.vp_vs)


def traced(settings, members=None, events=None):
    return paths(settings, model(settings), stations(settings) if members is None else members,
                 draw(settings) if events is None else events)


@pytest.fixture(scope="module")
def events():
    return draw(EXACT)


@pytest.fixture(scope="module")
def exact(events):
    return traced(EXACT, events=events)


def travel(rays, events):
    return (rays.onset_ns - events["time"].astype("int64").to_numpy()[:, None, None]) * 1e-9


@pytest.mark.parametrize("kind", ["earthquake", "blast", "regional"])
def test_without_noise_an_arrival_is_the_layered_first_arrival(exact, events, kind):
    layers, time = model(EXACT), travel(exact, events)
    for i in np.flatnonzero(events["kind"] == kind)[:5]:
        for j, station in enumerate(stations(EXACT)):
            for k, velocity in enumerate((layers.vp, layers.vs)):
                expected = first_arrival(layers.top_km, velocity, exact.distance_km[i, j],
                                         events["depth_km"].iloc[i], -station.elevation_m / 1000)
                assert time[i, j, k] == pytest.approx(expected[0], abs=1e-8)
                assert exact.takeoff_deg[i, j, k] == expected[3]
                surface = velocity[0]  # all stations stand on the first layer
                assert exact.incidence_deg[i, j, k] == pytest.approx(np.degrees(np.arcsin(expected[1] * surface)))


def test_distances_are_geodesic_and_slant(exact, events):
    station = stations(EXACT)[3]
    distance, azimuth = distance_azimuth(events["latitude"][7], events["longitude"][7], station.latitude,
                                         station.longitude)
    assert exact.distance_km[7, 3] == distance
    assert exact.azimuth_deg[7, 3] == azimuth
    rise = events["depth_km"][7] + station.elevation_m / 1000
    assert exact.hypocentral_km[7, 3] == pytest.approx(np.hypot(distance, rise))


def test_head_waves_are_those_faster_than_any_direct_ray(exact, events):
    layers = model(EXACT)
    top = -np.array([s.elevation_m for s in stations(EXACT)]) / 1000
    assert exact.head_wave[events["kind"] == "regional"].all()
    near = (events["kind"] == "earthquake").to_numpy()
    assert 0 < exact.head_wave[near].sum() < exact.head_wave[near].size
    for i in np.flatnonzero(near)[:40]:
        depth = events["depth_km"].iloc[i]
        for j in range(exact.distance_km.shape[1]):
            edges = np.clip([*layers.top_km, np.inf], top[j], depth)
            thick, v = np.diff(edges), layers.vp
            p = (1 - np.geomspace(1e-12, 1, 20_001)[::-1]) / v[thick > 0].max()
            sine = p * v[thick > 0, None]
            reach = (thick[thick > 0, None] * sine / np.sqrt(1 - sine**2)).sum(axis=0)
            p = np.interp(exact.distance_km[i, j], reach, p)
            direct = p * exact.distance_km[i, j] + (thick * np.sqrt(np.maximum(1 / v**2 - p**2, 0)))[thick > 0].sum()
            late = direct - travel(exact, events)[i, j, 0]
            assert late > -1e-5
            if abs(late) > 1e-5 or not exact.head_wave[i, j, 0]:
                assert exact.head_wave[i, j, 0] == (late > 1e-5)


def test_path_noise_has_its_size_and_belongs_to_each_path(exact, events):
    noisy = SETTINGS.model_copy(update={"earth": EarthSettings(station_term_s=0.0, path_noise=0.01)})
    rays = traced(noisy, events=events)
    local = (events["kind"] != "teleseism").to_numpy()
    error = (travel(rays, events) / travel(exact, events))[local] - 1
    assert error.std() == pytest.approx(0.01, rel=0.05)
    assert np.corrcoef(error.reshape(-1, 2).T)[0, 1] == pytest.approx(0.0, abs=0.05)
    few = traced(noisy, stations(noisy)[:4], events)
    np.testing.assert_array_equal(few.onset_ns, rays.onset_ns[:, :4])


def test_a_station_term_delays_every_path_and_s_by_the_velocity_ratio(exact, events):
    late = tuple(dataclasses.replace(s, delay_s=0.1 * s.index) for s in stations(EXACT))
    delay = (traced(EXACT, late, events).onset_ns - exact.onset_ns) * 1e-9
    np.testing.assert_allclose(delay[..., 0], np.broadcast_to(0.1 * np.arange(len(late)), delay.shape[:2]), atol=2e-9)
    local = (events["kind"] != "teleseism").to_numpy()
    np.testing.assert_allclose(delay[local, :, 1], EXACT.earth.vp_vs * delay[local, :, 0], atol=5e-9)


def test_a_teleseism_moves_over_the_network_at_its_slowness(exact, events):
    from obspy.taup import TauPyModel

    level = tuple(dataclasses.replace(s, elevation_m=0.0) for s in stations(EXACT))
    rays = traced(EXACT, level, events)
    far = np.flatnonzero(events["kind"] == "teleseism")
    assert len(far) > 0
    for i in far:
        distance, time = rays.distance_km[i], travel(rays, events)[i, :, 0]
        slowness, _ = np.polyfit(distance, time, 1)
        assert 0.048 < slowness < 0.081
        np.testing.assert_allclose(np.diff(time), slowness * np.diff(distance), atol=1e-6)
        assert time.argmin() == distance.argmin()
        middle = float(distance_azimuth(events["latitude"][i], events["longitude"][i], 40.0, 30.0)[0])
        ray = TauPyModel("iasp91").get_travel_times(events["depth_km"][i], middle / 111.195, ["P"])[0]
        assert slowness == pytest.approx(ray.ray_param_sec_degree / 111.195, rel=1e-6)
        assert np.interp(middle, np.sort(distance), np.sort(time)) == pytest.approx(ray.time, abs=1e-3)
        angle = np.arcsin(slowness * EXACT.earth.layer_vp[0])
        np.testing.assert_allclose(rays.incidence_deg[i], np.degrees(angle))
        up = (travel(exact, events)[i, :, 0] - time) * EXACT.earth.layer_vp[0] / np.cos(angle)
        np.testing.assert_allclose(up, [s.elevation_m / 1000 for s in stations(EXACT)], atol=1e-6)
    assert not rays.head_wave[far].any()
    np.testing.assert_array_equal(rays.onset_ns[far, :, 1], rays.onset_ns[far, :, 0])


def test_no_events_and_one_event_have_paths_too(events, exact):
    for n in (0, 1):
        rays = traced(EXACT, events=events.iloc[:n])
        for field in dataclasses.fields(rays):
            np.testing.assert_array_equal(getattr(rays, field.name), getattr(exact, field.name)[:n])
