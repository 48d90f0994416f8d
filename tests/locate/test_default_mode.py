import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import StationError
from quakescribe.locate import locate, station_corrections
from quakescribe.locate.quality import Geometry, geometry, join_flags, quality, standard_errors
from quakescribe.locate.stage import robust_mean
from quakescribe.settings import build
from quakescribe.settings.locate import LocateSettings
from quakescribe.tables import STATIONS
from quakescribe.tables.matching import match_stations

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from hypocentres import MODEL, events_at, ring

NETWORK = ring(10, 30.0)
EXACT = LocateSettings(model_error_s=0.0, model_error_fraction=0.0)


def scattered(n, seed=0):
    rng = np.random.default_rng(seed)
    return [(35.7 + a, -117.5 + b, c) for a, b, c in zip(rng.uniform(-0.15, 0.15, n), rng.uniform(-0.15, 0.15, n),
                                                       rng.uniform(2, 16, n), strict=True)]


def apart(origins, events):
    both = origins.merge(events, on="event_id", suffixes=("", "_true"))
    distance, _ = distance_azimuth(both["latitude"], both["longitude"], both["latitude_true"], both["longitude_true"])
    return distance, (both["depth_km"] - both["depth_km_true"]).to_numpy()


def test_exact_times_give_the_exact_place():
    events, arrivals = events_at(scattered(12), NETWORK)
    located = locate(events, arrivals, NETWORK, MODEL, LocateSettings())
    distance, deeper = apart(located.origins, events)
    assert np.max(distance) < 0.05
    assert np.max(np.abs(deeper)) < 0.3
    assert located.arrivals["residual_s"].abs().max() < 0.02
    assert (located.arrivals["weight"] == 1.0).all()


def test_exact_times_without_prior_have_no_error_and_still_finite_numbers():
    events, arrivals = events_at(scattered(2), NETWORK)
    origins = locate(events, arrivals, NETWORK, MODEL, LocateSettings(prior_arrivals=0.0)).origins
    assert np.isfinite(origins[["erh_km", "erz_km", "ert_s"]].to_numpy()).all()


def test_the_place_the_associator_gave_does_not_matter():
    events, arrivals = events_at(scattered(3), NETWORK, noise_s=0.05)
    elsewhere = events.assign(latitude=-10.0, longitude=20.0, depth_km=300.0)
    pd.testing.assert_frame_equal(locate(events, arrivals, NETWORK, MODEL, EXACT).origins,
                                  locate(elsewhere, arrivals, NETWORK, MODEL, EXACT).origins)


def test_the_truth_lies_in_the_confidence_regions_as_often_as_stated():
    events, arrivals = events_at(scattered(150, 1), NETWORK, noise_s=0.08)
    origins = locate(events, arrivals, NETWORK, MODEL, EXACT).origins
    distance, deeper = apart(origins, events)
    assert 0.55 < np.mean(np.abs(deeper) < origins["erz_km"]) < 0.85
    assert 0.90 < np.mean(np.abs(deeper) < 2 * origins["erz_km"]) <= 1.0
    assert np.mean(distance < 2.45 * origins["erh_km"]) > 0.9


def test_a_wrong_pick_gets_no_weight_and_does_little_harm():
    events, arrivals = events_at(scattered(6), NETWORK, noise_s=0.03)
    wrong = arrivals["station_id"].eq("XX.S02.") & arrivals["phase"].eq("P")
    arrivals.loc[wrong, "time"] += pd.Timedelta("2s")
    located = locate(events, arrivals, NETWORK, MODEL, LocateSettings())
    distance, _ = apart(located.origins, events)
    assert np.max(distance) < 0.6
    hit = located.arrivals["station_id"].eq("XX.S02.") & located.arrivals["phase"].eq("P")
    assert (located.arrivals.loc[hit, "weight"] == 0).all()


def test_an_event_far_outside_is_flagged():
    events, arrivals = events_at([(36.8, -117.5, 8.0)], NETWORK, noise_s=0.05)
    flags = locate(events, arrivals, NETWORK, MODEL, LocateSettings()).origins["flags"].item().split(",")
    assert {"out-of-network", "large-gap"} <= set(flags)


def test_an_event_beyond_the_margin_is_at_the_edge():
    events, arrivals = events_at([(36.8, -117.5, 8.0)], NETWORK, noise_s=0.05)
    origins = locate(events, arrivals, NETWORK, MODEL, LocateSettings(margin_km=20.0)).origins
    assert "at-edge" in origins["flags"].item()
    assert not origins["well_located"].item()


def test_an_event_deeper_than_allowed_is_at_the_bottom():
    events, arrivals = events_at([(35.7, -117.5, 30.0)], NETWORK, noise_s=0.02)
    origins = locate(events, arrivals, NETWORK, MODEL, LocateSettings(max_depth_km=15.0)).origins
    assert "at-bottom" in origins["flags"].item()
    assert origins["depth_km"].item() == pytest.approx(15.0, abs=0.01)


def test_stations_at_one_distance_leave_the_depth_unresolved():
    arrivals_at = [(35.7, -117.5, 8.0)]
    stations = ring(6, 120.0)
    events, arrivals = events_at(arrivals_at, stations, noise_s=0.1)
    arrivals = arrivals[arrivals["phase"] == "P"]
    origins = locate(events, arrivals, stations, MODEL, LocateSettings()).origins
    assert "depth-unresolved" in origins["flags"].item()
    assert origins["erz_km"].item() > 5.0


def test_equal_times_of_two_events_do_not_mix():
    events, arrivals = events_at(scattered(2), NETWORK, noise_s=0.02)
    shift = events["time"].iloc[1] - events["time"].iloc[0]
    arrivals.loc[arrivals["event_id"] == 1, "time"] -= shift
    origins = locate(events, arrivals, NETWORK, MODEL, LocateSettings()).origins
    assert np.max(apart(origins, events)[0]) < 0.5


def test_planted_station_delays_are_recovered():
    events, arrivals = events_at(scattered(60, 3), NETWORK, noise_s=0.03)
    delay = dict(zip(NETWORK["station_id"], 0.2 * np.cos(np.arange(10) * 2.2), strict=True))
    arrivals["time"] += pd.to_timedelta(arrivals["station_id"].map(delay).astype(float).round(9), unit="s")
    settings = LocateSettings(correction_iterations=4, model_error_s=0.1)
    table = station_corrections(events, arrivals, NETWORK, MODEL, settings)
    found = table[table["phase"] == "P"].set_index("station_id")["correction_s"]
    planted = pd.Series(delay)[found.index]
    assert np.corrcoef(found, planted)[0, 1] > 0.95
    before = locate(events, arrivals, NETWORK, MODEL, LocateSettings()).origins
    after = locate(events, arrivals, NETWORK, MODEL, LocateSettings(), table).origins
    assert apart(after, events)[0].mean() < apart(before, events)[0].mean()
    assert after["rms_s"].median() < 0.5 * before["rms_s"].median()
    iterated = locate(events, arrivals, NETWORK, MODEL, settings).origins
    again = locate(events, arrivals, NETWORK, MODEL, LocateSettings(model_error_s=0.1), table).origins
    pd.testing.assert_frame_equal(iterated, again)


def test_too_few_arrivals_make_no_correction():
    events, arrivals = events_at(scattered(3), NETWORK, noise_s=0.03)
    assert len(station_corrections(events, arrivals, NETWORK, MODEL, LocateSettings())) == 0


def test_the_robust_mean_ignores_what_is_far_away():
    assert robust_mean(np.array([0.9, 1.0, 1.1, 50.0]))[0] == pytest.approx(1.0)
    assert robust_mean(np.array([2.0]))[0] == 2.0


def test_of_two_epochs_the_one_that_holds_the_time_is_used():
    day = pd.Timestamp("2020-01-01", tz="UTC")
    stations = STATIONS.make({"station_id": ["A.A.", "A.A."], "latitude": [1.0, 2.0], "longitude": 0.0,
                              "elevation_m": 0.0,
                              "valid_from": [day, day + pd.Timedelta("10D")],
                              "valid_to": [day + pd.Timedelta("5D"), None]})
    times = (day + pd.to_timedelta([-1, 1, 7, 20], unit="D")).to_numpy(dtype="datetime64[ns]").view(np.int64)
    assert list(match_stations(pd.Series(["A.A."] * 4), times, stations)) == [0, 0, 0, 1]
    assert list(match_stations(pd.Series(["B.B."]), times[:1], stations)) == [-1]


def test_the_letters_follow_the_stated_rule():
    place = Geometry(np.array([10, 10, 5, 10]), np.array([5] * 4), np.array([80.0, 120.0, 80.0, 300.0]),
                     np.array([4.0, 9.0, 4.0, np.nan]), np.ones(4))
    letters = quality(np.array([0.1, 0.2, 0.1, 0.9]), np.array([0.5, 2.0, 0.5, 9.0]), np.array([1.0, 4.0, 1.0, 9.0]),
                      np.full(4, 8.0), place)
    assert list(letters) == ["A", "B", "C", "D"]


def test_errors_are_the_axes_of_the_covariance_and_99_where_nothing_is_known():
    covariance = np.zeros((2, 4, 4))
    covariance[0] = np.diag([1.0, 4.0, 9.0, 0.01])
    covariance[1] = np.diag([99.0**2, 1.0, 225.0, 16.5**2])
    erh, erz, ert = standard_errors(covariance, 50.0)
    np.testing.assert_allclose(erh, [2.0, 99.0])
    np.testing.assert_allclose(erz, [3.0, 99.0])
    np.testing.assert_allclose(ert, [0.1, 99.0])


def test_flags_are_words_in_order_or_null():
    flags = join_flags({"a": np.array([True, False]), "b": np.array([True, False])}, 2)
    assert list(flags) == ["a,b", None]


@pytest.mark.parametrize("values", [{"residual_zero": 2.0}, {"distance_zero": 0.5}, {"min_depth_km": 60.0},
                                    {"mode": "x"}])
def test_settings_that_contradict_each_other_are_refused(values):
    from quakescribe.errors import SettingsError
    with pytest.raises(SettingsError):
        build(LocateSettings, "locate", values)


def test_stations_below_the_greatest_depth_are_a_clear_error():
    stations = NETWORK.assign(elevation_m=-9000.0)
    events, arrivals = events_at(scattered(1), NETWORK)
    with pytest.raises(StationError, match="max_depth_km"):
        locate(events, arrivals, stations, MODEL, LocateSettings(max_depth_km=5.0))


def test_a_model_whose_first_layer_starts_below_the_stations_is_continued_upward():
    model = VelocityModel("low", np.array([3.0, 20.0]), np.array([5.8, 6.6]), np.array([3.4, 3.8]))
    events, arrivals = events_at(scattered(3), NETWORK, model=model)
    assert np.max(apart(locate(events, arrivals, NETWORK, model, LocateSettings()).origins, events)[0]) < 0.1


@pytest.mark.real_data
def test_real_picks_are_located_near_where_others_put_them(real_data):
    sys.path.insert(0, str(Path(__file__).parents[2] / "evidence"))
    from locate import read_summary, ridgecrest  # the evidence script's readers

    events, arrivals, stations, model = ridgecrest(real_data)
    some = events[:100]
    theirs = arrivals[arrivals["event_id"].isin(some["event_id"])]
    origins = locate(some, theirs, stations, model, LocateSettings()).origins
    summary = read_summary(real_data / "ridgecrest_picks" / "hypoinverse_trials20.sum")
    distance, _ = apart(origins, summary)
    assert len(origins) == 100
    assert np.median(distance) < 2.5


@pytest.mark.parametrize("mode", ["default", "hypoinverse"])
def test_two_sensors_of_a_station_are_one_station(mode):
    twice = pd.concat([NETWORK.assign(station_id=NETWORK["station_id"] + code) for code in ("00", "10")])
    twice = STATIONS.order(twice[twice["station_id"].isin([f"XX.S0{i}.{code}" for i in (0, 3, 6) for code in
                                                           ("00", "10")])].reset_index(drop=True))
    events, arrivals = events_at([(35.70, -117.50, 8.0)], twice, noise_s=0.02)
    result = locate(events, arrivals, twice, MODEL, LocateSettings(mode=mode)).origins.iloc[0]
    assert result["n_phases"] == 12
    assert result["n_stations"] == 3
    if mode == "default":
        assert LocateSettings().well_min_stations > 3
        assert not result["well_located"]


def test_the_gap_counts_each_station_once():
    azimuth = np.array([350.0, 10.0, 180.0])
    place = geometry(np.zeros(3, np.int64), 1, np.array([0, 0, 1]), np.full(3, 9.0), azimuth, np.ones(3))
    assert (place.n_phases[0], place.n_stations[0], place.gap_deg[0]) == (3, 2, 190.0)
