import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

from truth_by_hand import look, origins_of, ring, true_arrivals, true_events, written

from quakescribe.earth.geodesy import destination
from quakescribe.simulate.score import score

N = 3000
COVARIANCE = np.array([[0.5, 0.3, -0.1], [0.3, 1.2, 0.4], [-0.1, 0.4, 2.5]])


def moved(events, east, north, deeper=0.0, later=0.0, **columns):
    """Origins so far off their true events."""
    latitude, longitude = destination(events["latitude"].to_numpy(), events["longitude"].to_numpy(),
                                      np.degrees(np.arctan2(east, north)), np.hypot(east, north))
    time = events["time"] + pd.to_timedelta(np.broadcast_to(later, len(events)), unit="s")
    return origins_of(events.assign(latitude=latitude, longitude=longitude, depth_km=events["depth_km"] + deeper,
                                    time=time), **columns)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Truth and origins whose errors are drawn from COVARIANCE."""
    events = true_events(np.arange(N) * 20.0, depth_km=12.0)
    folder = written(tmp_path_factory.mktemp("truth"), events, true_arrivals(events, ring(1)))
    offset = np.random.default_rng(1).multivariate_normal(np.zeros(3), COVARIANCE, N)
    return folder, moved(events, *offset.T), offset


def with_covariance(origins, matrix):
    names = {f"covariance_{a}{b}": matrix["xyz".index(a), "xyz".index(b)]
             for a, b in ("xx", "xy", "xz", "yy", "yz", "zz")}
    return origins.assign(**names)


def test_errors_and_biases_are_those_put_in(tmp_path):
    events = true_events(np.arange(50) * 60.0)
    rng = np.random.default_rng(0)
    east, north = rng.normal(0.4, 1, 50), rng.normal(-0.7, 1, 50)
    deeper, later = rng.normal(1, 2, 50), rng.normal(0.1, 0.2, 50).round(6)
    folder = written(tmp_path, events, true_arrivals(events, ring(1)))
    found = score(folder, {"origins": moved(events, east, north, deeper, later)})
    for name, values in (("epicentre", np.hypot(east, north)), ("depth", np.abs(deeper)),
                         ("origin time", np.abs(later))):
        assert look(found, f"{name} error, median") == pytest.approx(np.median(values), abs=1e-5)
        assert look(found, f"{name} error, 90%") == pytest.approx(np.quantile(values, 0.9), abs=1e-5)
    for name, values in (("eastward", east), ("northward", north), ("depth", deeper), ("origin time", later)):
        assert look(found, f"{name} bias, median") == pytest.approx(np.median(values), abs=1e-5)


def test_ellipsoids_that_are_right_hold_the_truth_as_often_as_they_say(drawn):
    folder, origins, _ = drawn
    found = score(folder, {"origins": with_covariance(origins, COVARIANCE)})
    for what in ("hypocentre inside the {}% ellipsoid (covariance)", "epicentre inside the {}% ellipse (covariance)",
                 "depth inside the {}% interval (covariance)"):
        for level in (68, 90):
            assert look(found, "true " + what.format(level)) == pytest.approx(level / 100, abs=0.025)
    for place, middle in (("hypocentre", 1.538), ("epicentre", 1.177), ("depth", 0.674)):
        assert look(found, f"normalised {place} error (covariance), median") == pytest.approx(middle, abs=0.05)


def test_ellipsoids_that_are_too_small_are_found_out(drawn):
    folder, origins, offset = drawn
    found = score(folder, {"origins": with_covariance(origins, COVARIANCE / 4)})
    squared = np.einsum("ni,ij,nj->n", offset, np.linalg.inv(COVARIANCE / 4), offset)
    assert look(found, "true hypocentre inside the 68% ellipsoid (covariance)") == pytest.approx(
        (squared <= 3.506).mean(), abs=0.002)
    assert look(found, "true hypocentre inside the 68% ellipsoid (covariance)") < 0.25
    assert look(found, "normalised hypocentre error (covariance), median") == pytest.approx(2 * 1.538, abs=0.1)


def test_the_covariance_counts_with_its_signs(drawn):
    folder, origins, _ = drawn
    turned = COVARIANCE * np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])
    right, wrong = (look(score(folder, {"origins": with_covariance(origins, matrix)}),
                         "true hypocentre inside the 68% ellipsoid (covariance)") for matrix in (COVARIANCE, turned))
    assert wrong < right - 0.05


def test_standard_errors_are_tested_as_the_names_say(tmp_path):
    events = true_events(np.arange(N) * 20.0, depth_km=12.0)
    rng = np.random.default_rng(2)
    folder = written(tmp_path, events, true_arrivals(events, ring(1)))
    origins = moved(events, rng.normal(0, 0.8, N), rng.normal(0, 0.8, N), rng.normal(0, 1.5, N), rng.normal(0, 0.2, N),
                    erh_km=0.8, erz_km=1.5, ert_s=0.2)
    found = score(folder, {"origins": origins})
    for name, level in (("epicentre within 1.510 erh (68%)", 0.68), ("epicentre within 2.146 erh (90%)", 0.9),
                        ("depth within 0.994 erz (68%)", 0.68), ("depth within 1.645 erz (90%)", 0.9),
                        ("origin time within 0.994 ert (68%)", 0.68)):
        assert look(found, f"true {name}") == pytest.approx(level, abs=0.025), name
    assert look(found, "depth error / erz, median") == pytest.approx(0.674, abs=0.05)


def test_unresolved_and_missing_uncertainties_are_left_out(tmp_path):
    events = true_events(np.arange(4) * 60.0)
    folder = written(tmp_path, events, true_arrivals(events, ring(1)))
    origins = moved(events, 1.0, 0.0, 0.0, 0.0, erh_km=[99.0, np.nan, 2.0, 0.5])
    found = score(folder, {"origins": with_covariance(origins, np.diag([1.0, 1.0, 1.0])).assign(
        covariance_xy=[np.nan, 5.0, 0.0, 0.0])})  # the second is no covariance at all
    within = found[found["name"] == "true epicentre within 1.510 erh (68%)"].set_index("scope").loc["all"]
    assert (within["value"], within["n"]) == (0.5, 2)
    inside = found[found["name"] == "true epicentre inside the 68% ellipse (covariance)"].set_index("scope").loc["all"]
    assert (inside["value"], inside["n"]) == (1.0, 2)
    assert not found["name"].str.contains("ert, median").any()


def test_scopes_are_by_magnitude_and_by_the_rule_of_good_locations(tmp_path):
    events = true_events(np.arange(4) * 60.0, magnitude=[1.0, 1.2, 1.6, 1.7])
    folder = written(tmp_path, events, true_arrivals(events, ring(1)))
    origins = moved(events, np.array([1.0, 3.0, 5.0, 7.0]), 0.0, well_located=[True, False, True, False])
    found = score(folder, {"origins": origins})
    for scope, value in (("all", 4.0), ("well located", 3.0), ("not well located", 5.0), ("M 1.0 to 1.5", 2.0),
                         ("M 1.5 to 2.0", 6.0)):
        assert look(found, "epicentre error, median", scope) == pytest.approx(value, abs=1e-6)


def test_the_date_line_is_no_error(tmp_path):
    events = true_events([0.0], longitude=179.9999)
    folder = written(tmp_path, events, true_arrivals(events, ring(1)))
    found = score(folder, {"origins": moved(events, np.array([1.0]), 0.0)})
    assert look(found, "eastward bias, median") == pytest.approx(1.0, abs=1e-6)
