import numpy as np
import pandas as pd
import pytest

from quakescribe.errors import SettingsError
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.settings import build as build_settings
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import build
from quakescribe.simulate.scenario import moment


def test_the_same_seed_draws_the_same_scenario_and_another_seed_another(small, scenario):
    again = build(small)
    pd.testing.assert_frame_equal(again.events, scenario.events, check_exact=True)
    np.testing.assert_array_equal(again.paths.onset_ns, scenario.paths.onset_ns)
    other = build(small.model_copy(update={"seed": 8}))
    assert not other.events["time"].equals(scenario.events["time"])


def test_magnitudes_follow_gutenberg_and_richter():
    settings = SimulateSettings(n_events=4000, n_stations=1, magnitude_min=0.0, magnitude_max=5.0, b_value=1.0)
    magnitude = build(settings).events["magnitude"].to_numpy()
    b = np.log10(np.e) / (magnitude[magnitude >= 0.5].mean() - (0.5 - 0.005))  # Aki (1965), bins of 0.01
    assert b == pytest.approx(1.0, abs=0.1)
    assert magnitude.min() >= 0.0
    assert magnitude.max() <= 5.0


def test_aftershocks_follow_the_mainshock(scenario, small):
    events = scenario.events
    main = events.loc[events["magnitude"].idxmax()]
    assert main["magnitude"] == small.mainshock
    span = small.hours * 3600
    assert (main["time"] - pd.Timestamp(small.start)).total_seconds() == pytest.approx(small.mainshock_at * span, abs=1)


def test_events_stay_inside_the_recordings_and_the_depths(scenario, small):
    seconds = (scenario.events["time"] - pd.Timestamp(small.start)).dt.total_seconds()
    assert seconds.between(small.quiet_end_s, small.hours * 3600 - small.quiet_end_s).all()
    assert scenario.events["depth_km"].between(*small.depth_km).all()
    assert scenario.events["event_id"].is_unique


def test_without_noise_an_arrival_is_the_layered_travel_time(small):
    plain = build(small.model_copy(update={"path_noise": 0.0, "station_term_s": 0.0}))
    for i, j in ((0, 0), (5, 3), (11, 5)):
        event, station = plain.events.iloc[i], plain.stations[j]
        for k, velocity in enumerate((plain.model.vp, plain.model.vs)):
            time = first_arrival(plain.model.top_km, velocity, plain.paths.distance_km[i, j], event["depth_km"],
                                 -station.elevation_m / 1000)[0]
            assert (plain.paths.onset_ns[i, j, k] - event["time"].value) * 1e-9 == pytest.approx(time, abs=1e-6)


def test_the_moment_grows_without_a_step():
    m = np.linspace(-1, 5, 601)
    log = np.log10(moment(m))
    assert (np.diff(log) > 0).all()
    assert np.diff(log).max() < 0.016


def test_the_odd_stations_are_as_many_as_the_settings_say():
    scenario = build(SimulateSettings(n_events=1))
    kinds = [s.components for s in scenario.stations]
    assert (kinds.count("Z12"), kinds.count("Z")) == (2, 1)
    assert sum(not s.gain_known for s in scenario.stations) == 1
    assert sum(s.gap_ns is not None for s in scenario.stations) == 3
    assert sum(s.overlap_ns is not None for s in scenario.stations) == 1
    assert scenario.channels_table()["gain"].isna().sum() == 3


@pytest.mark.parametrize("wrong", [{"hours": 0.01}, {"layer_vp": (5.0,)}, {"depth_km": (9.0, 3.0)}, {"n_statons": 3},
                                   {"magnitude_min": 9.0}, {"gain": 0.0}])
def test_impossible_settings_are_refused_with_a_word(wrong):
    with pytest.raises(SettingsError, match="simulate"):
        build_settings(SimulateSettings, "simulate", wrong)


def test_no_events_is_a_quiet_network(small):
    assert len(build(small.model_copy(update={"n_events": 0})).events) == 0


@pytest.mark.parametrize("rate", [31.25, 62.5])
def test_a_sampling_rate_that_is_no_whole_number_is_refused(rate):
    with pytest.raises(SettingsError, match="whole number of Hz"):
        build_settings(SimulateSettings, "simulate", {"sampling_rate": rate})
