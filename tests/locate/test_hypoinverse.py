"""The mode 'hypoinverse': its weights, its iteration against a slow one, its flags, and HYPOINVERSE's own solutions."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.kernels import hypoinverse as kernel
from quakescribe.kernels import hypoinverse_step as step
from quakescribe.locate import locate
from quakescribe.settings.base import build
from quakescribe.settings.hypoinverse import HypoinverseSettings
from quakescribe.settings.locate import LocateSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
sys.path.insert(0, str(Path(__file__).parents[2] / "evidence"))
from geiger_reference import locate_one
from hypocentres import MODEL, events_at, ring

STATIONS = ring(n=9, radius_km=18.0)
PLACES = [(35.70, -117.50, 8.0), (35.75, -117.45, 12.0), (35.60, -117.60, 5.0), (35.72, -117.58, 10.0)]
DEFAULTS = HypoinverseSettings()


def rules(**changes):
    values = DEFAULTS.model_copy(update=changes).model_dump(exclude={"trial_depths_km", "p_weight", "s_weight"})
    return step.Rules(**values, model_top_km=-2.5)


def located(events, arrivals, stations=STATIONS, **changes):
    return locate(events, arrivals, stations, MODEL,
                  LocateSettings(mode="hypoinverse", hypoinverse=DEFAULTS.model_copy(update=changes)))


def flags(origins):
    return [set(text.split(",")) if isinstance(text, str) else set() for text in origins["flags"]]


@pytest.mark.parametrize(("iteration", "distance", "weight"), [
    (1, 50.0, 1.0), (1, 90.0, 0.5), (1, 130.0, 0.0),  # first weights: 60 km, times 1 and 2
    (4, 80.0, 0.5), (4, 130.0, 0.0), (4, 39.0, 1.0)])  # main weights from iteration 4: 40 km, times 1 and 3
def test_distance_weights_are_those_of_the_control_file(iteration, distance, weight):
    out = np.zeros(1)
    step.distance_weights.py_func(rules(), np.array([distance]), np.ones(1), iteration, 10.0, out)
    assert out[0] == pytest.approx(weight)


def test_distance_weights_follow_the_second_nearest_station_where_it_is_far():
    out = np.zeros(2)
    step.distance_weights(rules(), np.array([100.0, 200.0]), np.array([1.0, 0.6]), 4, 100.0, out)
    assert out == pytest.approx([1.0, 0.3])


def test_the_second_nearest_station_is_at_another_place():
    assert step.second_nearest(np.array([5.0, 5.0, 9.0, 7.0])) == 7.0
    assert step.second_nearest(np.array([5.0, 5.0])) == np.inf


@pytest.mark.parametrize(("values", "letter"), [
    ((0.10, 0.5, 1.0, 80.0, 4.0, 8.0, 10), 1), ((0.10, 0.5, 1.0, 80.0, 4.0, 8.0, 5), 3),
    ((0.20, 0.5, 1.0, 80.0, 4.0, 8.0, 10), 2), ((0.10, 0.5, 1.0, 130.0, 12.0, 8.0, 10), 2),
    ((0.40, 4.0, 9.0, 170.0, 40.0, 8.0, 10), 3), ((0.60, 9.0, 9.0, 250.0, 60.0, 8.0, 10), 4),
    ((0.10, 0.5, 1.0, 200.0, 60.0, 8.0, 10), 3)])
def test_the_quality_is_the_mean_of_two_grades_rounded_half_up(values, letter):
    assert kernel.grade(*values) == letter


def test_the_iteration_is_that_of_a_slow_one():
    events, arrivals = events_at(PLACES, STATIONS, noise_s=0.08, seed=3)
    place = {row.station_id: (row.latitude, row.longitude, -row.elevation_m / 1000) for row in STATIONS.itertuples()}
    settings = DEFAULTS.model_copy(update={"imitate_times": False})
    for depth in (2.0, 8.0, 15.0):
        ours = located(events, arrivals, imitate_times=False, trial_depths_km=(depth,))
        for event, origin in zip(events["event_id"], ours.origins.itertuples(), strict=True):
            own = arrivals[arrivals["event_id"] == event].sort_values("time")
            seconds = (own["time"] - own["time"].iloc[0]).dt.total_seconds().to_numpy()
            rows = [(*place[name], phase == "S", s) for name, phase, s in
                    zip(own["station_id"], own["phase"], seconds, strict=True)]
            start = (seconds[0] - 2.0, rows[0][0] + 0.005, rows[0][1] - 0.005)
            (_, latitude, longitude, z), rms, mark, _, _ = locate_one(rows, start, depth, MODEL, settings)
            assert float(distance_azimuth(latitude, longitude, origin.latitude, origin.longitude)[0]) < 0.02
            assert origin.depth_km == pytest.approx(z, abs=0.03)
            assert origin.rms_s == pytest.approx(rms, abs=0.001)
            words = origin.flags if isinstance(origin.flags, str) else ""
            assert ("hypoinverse-minus" in words, "hypoinverse-hash" in words) == (mark == "-", mark == "#")


def test_events_amid_the_network_are_found_where_they_were():
    events, arrivals = events_at(PLACES[:2], STATIONS)
    origins = located(events, arrivals, imitate_times=False).origins
    distance, _ = distance_azimuth(origins["latitude"], origins["longitude"], events["latitude"], events["longitude"])
    assert distance.max() < 0.01
    assert (origins["depth_km"] - events["depth_km"]).abs().max() < 0.1
    assert ((origins["time"] - events["time"]).dt.total_seconds().abs() < 0.01).all()
    assert origins["well_located"].all()


def test_more_trial_depths_leave_fewer_events_marked():
    events, arrivals = events_at(PLACES * 5, STATIONS, noise_s=0.3, seed=1)
    bad = [(~located(events, arrivals, trial_depths_km=z).origins["well_located"]).sum()
           for z in ((5.0,), tuple(float(k) for k in range(20)))]
    assert bad[1] <= bad[0]


def test_a_mark_says_that_an_event_is_not_well_located():
    events, arrivals = events_at(PLACES * 10, STATIONS, noise_s=1.0, seed=2)
    origins = located(events, arrivals, trial_depths_km=(5.0,)).origins
    marked = [bool(words & {"hypoinverse-minus", "hypoinverse-hash", "few-phases"}) for words in flags(origins)]
    assert (origins["well_located"] == ~np.array(marked)).all()
    assert 0 < sum(marked) < len(marked)


@pytest.mark.parametrize("n_arrivals", [1, 2, 3])
def test_fewer_than_four_arrivals_are_flagged_and_not_moved(n_arrivals):
    events, arrivals = events_at(PLACES[:1], STATIONS)
    few = arrivals.sort_values("time")[:n_arrivals]
    origin = located(events, few).origins.iloc[0]
    assert "few-phases" in origin["flags"]
    assert not origin["well_located"]
    assert (origin["erh_km"], origin["erz_km"], origin["quality"]) == (99.0, 99.0, "D")
    station = STATIONS.set_index("station_id").loc[few["station_id"].iloc[0]]
    assert origin["latitude"] == pytest.approx(station["latitude"] + 0.005)
    assert np.isnan(origin["dmin_km"])  # the start lies beside a station: that says nothing of the event


@pytest.mark.parametrize("max_iterations", [1, 40])
def test_the_nearest_station_is_that_of_the_final_place(max_iterations):
    result = located(*events_at(PLACES, STATIONS, noise_s=0.3), max_iterations=max_iterations)
    counted = result.arrivals[result.arrivals["weight"] >= 0.1]
    nearest = counted.groupby("event_id")["distance_km"].min()
    np.testing.assert_allclose(result.origins.set_index("event_id")["dmin_km"], nearest, rtol=0, atol=1e-9)


def test_one_station_alone_is_flagged():
    events, arrivals = events_at(PLACES[:1], STATIONS, recorded=1)
    twice = pd.concat([arrivals, arrivals.assign(pick_id=arrivals["pick_id"] + 1)], ignore_index=True)
    result = located(events, twice)
    assert "single-station" in flags(result.origins)[0]
    assert np.isfinite(result.origins[["latitude", "depth_km", "rms_s", "erh_km"]].to_numpy(dtype=float)).all()


def test_without_cancelling_an_event_of_wild_residuals_is_given_up():
    events, arrivals = events_at(PLACES[:1], STATIONS, recorded=2)
    assert "few-phases" in flags(located(events, arrivals[:4], distance_km=0.001, distance_zero=1.001,
                                         first_distance_km=0.001, first_distance_zero=1.001, cancel_weights=False,
                                         first_distance_full=0.5, distance_full=0.5).origins)[0]


def test_cancelled_weights_are_marked():
    events, arrivals = events_at(PLACES[:1], STATIONS, noise_s=2.0, recorded=2)
    words = flags(located(events, arrivals, residual_s=0.01, residual_full=0.1, residual_zero=0.2,
                          residual_from=1).origins)[0]
    assert "weights-dropped" in words
    assert words & {"hypoinverse-minus", "hypoinverse-hash"}


def test_an_s_model_of_its_own_is_used_when_the_ratio_is_zero():
    events, arrivals = events_at(PLACES, STATIONS)
    ratio, own = (located(events, arrivals, vp_vs=v, imitate_times=False).origins for v in (1.73, 0.0))
    assert np.allclose(ratio["latitude"], own["latitude"], atol=1e-4)


@pytest.mark.parametrize(("values", "word"), [
    ({"residual_zero": 0.5}, "must exceed residual_full"), ({"trial_depth_km": 5}, "did you mean 'trial_depths_km'"),
    ({"p_weight": 0.0, "s_weight": 0.0}, "at least one"), ({"min_phases": 3}, "min_phases"),
    ({"trial_depths_km": []}, "trial_depths_km")])
def test_wrong_settings_are_named(values, word):
    with pytest.raises(Exception, match=word):
        build(HypoinverseSettings, "locate.hypoinverse", values)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "trials"), [("trial5", (5.0,)), ("trials20", DEFAULTS.trial_depths_km)])
def test_hypoinverse_s_own_solutions_are_met(real_data, name, trials):
    import hypoinverse as evidence

    folder = real_data / "ridgecrest_picks"
    theirs = evidence.read_summary(folder / f"hypoinverse_{name}.sum")
    found = evidence.compare(evidence.solve(evidence.real_events(folder), trials).origins, theirs)
    for key, (_, _, aim) in evidence.AIMS.items():
        if aim is not None:
            assert (found[key] <= aim[1]) if aim[0] == "<=" else (found[key] >= aim[1]), key
