import pandas as pd
import pytest

from quakescribe.errors import SettingsError
from quakescribe.settings import build as build_settings
from quakescribe.settings.project import dump
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import build, read_scenario, shipped
from quakescribe.simulate.motion import ground_motion
from quakescribe.simulate.network import channels_table


def changed(settings, section, **values):
    return settings.model_copy(update={section: getattr(settings, section).model_copy(update=values)})


def test_the_same_seed_draws_the_same_scenario_and_another_seed_another(small, scenario):
    build.cache_clear()
    again = build(small)
    pd.testing.assert_frame_equal(again.events, scenario.events, check_exact=True)
    pd.testing.assert_frame_equal(again.states, scenario.states, check_exact=True)
    assert (again.paths.onset_ns == scenario.paths.onset_ns).all()
    other = build(small.model_copy(update={"seed": 8}))
    assert not other.events["time"].equals(scenario.events["time"])


@pytest.mark.parametrize(("section", "values"), [
    ("noise", {"level": 0.6}), ("earth", {"q_s": 40.0, "kappa_s": 0.01, "site_log10": 0.3}),
    ("disturbances", {"impulses_per_day": 900.0}), ("instruments", {"gaps_per_day": 0.0, "n_dead": 2}),
    ("network", {"sampling_rate": 200.0}),
])
def test_one_factor_changes_and_the_earthquakes_stay(small, scenario, section, values):
    other = build(changed(small, section, **values))
    pd.testing.assert_frame_equal(other.events, scenario.events)
    for mine, theirs in zip(scenario.stations, other.stations, strict=True):
        assert (mine.latitude, mine.longitude, mine.delay_s) == (theirs.latitude, theirs.longitude, theirs.delay_s)


def test_one_station_more_changes_none_of_the_others():
    plain, faulty = (build(read_scenario(name)) for name in ("aftershocks", "faulty"))
    assert faulty.stations[:-1] == plain.stations
    more = build(changed(plain.settings, "network", n_stations=15, aperture_km=plain.settings.network.aperture_km))
    for mine, theirs in zip(plain.stations, more.stations, strict=False):
        assert (mine.elevation_m, mine.noise_level, mine.delay_s) == (theirs.elevation_m, theirs.noise_level,
                                                                     theirs.delay_s)


def test_a_source_that_is_switched_on_leaves_the_motions_of_all_others_as_they_were(small, scenario):
    other = build(changed(small.model_copy(update={"start": small.start}), "other", regional_per_day=200.0))
    ids = other.events["event_id"].tolist()
    assert len(ids) > len(scenario.events)
    for row in (0, 5, len(scenario.events) - 1):
        there = ids.index(scenario.events["event_id"].iloc[row])
        assert (other.paths.onset_ns[there] == scenario.paths.onset_ns[row]).all()
        (a, mine), (b, theirs) = ground_motion(scenario, row, 3), ground_motion(other, there, 3)
        assert a == b and (mine == theirs).all()


def test_the_odd_stations_are_as_many_as_the_settings_say():
    scenario = build(SimulateSettings())
    kinds = [s.components for s in scenario.stations]
    assert (kinds.count("Z12"), kinds.count("Z")) == (2, 1)
    assert sum(not s.gain_known for s in scenario.stations) == 1
    assert channels_table(scenario.stations)["gain"].isna().sum() == 3
    counted = scenario.states["kind"].value_counts()
    assert (counted["oblique"], counted["vertical-only"], counted["no-gain"], counted["overlap"]) == (2, 1, 1, 1)


def test_the_faulty_station_stands_above_the_first_fault():
    scenario = build(read_scenario("faulty"))
    faulty = [s for s in scenario.stations if s.faulty]
    assert [s.station_id for s in faulty] == ["QS.FLT."]
    net = scenario.settings.network
    assert (faulty[0].latitude, faulty[0].longitude) == pytest.approx((net.latitude, net.longitude), abs=1e-4)
    state = scenario.states[scenario.states["kind"] == "faulty"].iloc[0]
    assert state["start"].value == scenario.settings.faulty_from_ns
    assert state["value"] == scenario.settings.faulty.noise_factor


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_scenario_says_what_it_is_and_reads_back_from_its_own_settings(name, tmp_path):
    assert len(shipped()[name]) > 20
    settings = read_scenario(name)
    file = tmp_path / "all.toml"
    file.write_text(dump(settings))
    assert read_scenario(file) == settings


def test_a_scenario_changes_only_what_it_names(tmp_path):
    (tmp_path / "louder.toml").write_text('like = "quiet"\n[noise]\nlevel = 0.7\n')
    (tmp_path / "longer.toml").write_text('like = "louder.toml"\nhours = 48.0\n')
    quiet, longer = read_scenario("quiet"), read_scenario(tmp_path / "longer.toml")
    assert longer == changed(quiet.model_copy(update={"hours": 48.0}), "noise", level=0.7)


@pytest.mark.parametrize(("text", "word"), [
    ('like = "longer.toml"\n', "like itself"), ('like = "loud"\n', "no scenario 'loud'"), ("like = 3\n", "like = 3"),
    ("hours = \n", "not valid TOML"), ('like = "gone.toml"\n', "no such file"),
])
def test_a_scenario_that_cannot_be_read_is_refused_with_a_word(tmp_path, text, word):
    (tmp_path / "longer.toml").write_text(text)
    with pytest.raises(SettingsError, match=word):
        read_scenario(tmp_path / "longer.toml")


@pytest.mark.parametrize("wrong", [
    {"hours": 0.01}, {"earth": {"layer_vp": (5.0,)}}, {"network": {"n_statons": 3}}, {"gain": 0.0},
    {"seismicity": {"magnitude_min": 9.0}}, {"seismicity": {"faults": [{"depth_km": (9.0, 3.0)}]}},
    {"seismicity": {"faults": []}}, {"start": "2024-03-01T00:00:00.5Z"},
])
def test_impossible_settings_are_refused_with_a_word(wrong):
    with pytest.raises(SettingsError, match="simulate"):
        build_settings(SimulateSettings, "simulate", wrong)


@pytest.mark.parametrize("rate", [62.5, 131.25])
def test_a_sampling_rate_that_is_no_whole_number_is_refused(rate):
    with pytest.raises(SettingsError, match="whole number of Hz"):
        build_settings(SimulateSettings, "simulate", {"network": {"sampling_rate": rate}})


def test_no_events_is_a_quiet_network(small):
    assert len(build(changed(small, "seismicity", background_per_day=0.0, mainshock=None)).events) == 0


@pytest.mark.parametrize(("wrong", "word"), [
    ({"instruments": {"gap_s": (9.0, 1.0)}}, "gap_s must ascend"),
    ({"instruments": {"gap_s": (0.0, 1.0)}}, "longer than 0"),
    ({"instruments": {"clock_error_s": (2.0, 0.1)}}, "clock_error_s must ascend"),
    ({"instruments": {"n_dead": 13}}, "n_dead = 13 of 12"), ({"instruments": {"n_dead": 6, "n_clock": 7}}, "different"),
    ({"noise": {"hum_hz": 60.0}}, "Nyquist"), ({"network": {"sampling_rate": 25.0}}, "50"),
])
def test_impossible_instruments_are_refused_with_a_word(wrong, word):
    with pytest.raises(SettingsError, match=word):
        build_settings(SimulateSettings, "simulate", wrong)


@pytest.mark.parametrize("name", sorted(set(shipped()) - {"month"}))  # a month takes a second to draw
def test_every_scenario_has_as_many_odd_stations_as_it_says(name):
    scenario = build(read_scenario(name))
    counted, odd = scenario.states["kind"].value_counts(), scenario.settings.instruments
    for kind, wanted in (("oblique", odd.n_oblique), ("vertical-only", odd.n_vertical_only), ("dead", odd.n_dead),
                         ("no-gain", odd.n_without_gain), ("swapped", odd.n_swapped), ("clock", odd.n_clock)):
        assert counted.get(kind, 0) == wanted
