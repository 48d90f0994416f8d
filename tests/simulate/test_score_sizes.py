import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

from truth_by_hand import events_of, look, magnitudes_of, ring, true_arrivals, true_events, written

from quakescribe.simulate.score import score
from quakescribe.simulate.score.completeness import b_value, goodness_of_fit, maximum_curvature, recall_reaches


def law(n, b, least=0.0, seed=0):
    """Magnitudes of the Gutenberg-Richter law."""
    return least + np.random.default_rng(seed).exponential(np.log10(np.e) / b, n)


@pytest.mark.parametrize("b", [0.7, 1.0, 1.4])
def test_b_of_a_drawn_catalogue_is_found_within_its_error(b):
    found = [b_value(law(2000, b, least=-0.05, seed=seed), 0.0) for seed in range(40)]
    values, errors, used = (np.array(column) for column in zip(*found, strict=True))
    assert (used == 2000).all()
    assert np.mean(values) == pytest.approx(b, abs=3 * b / np.sqrt(2000 * 40) + 0.005)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.35)
    assert 0.5 < np.mean(np.abs(values - b) <= errors) < 0.85


def test_b_counts_from_mc_on_only():
    magnitudes = np.concatenate((law(3000, 1.0, least=0.95), np.full(500, 0.3)))
    b, error, used = b_value(magnitudes, 1.0)
    assert used == 3000
    assert abs(b - 1.0) < 3 * error


def test_a_few_or_no_magnitudes_have_no_b():
    for magnitudes, mc in ((np.empty(0), np.nan), (np.empty(0), 1.0), (law(19, 1.0), 0.0), (law(100, 1.0), np.nan)):
        assert np.isnan(b_value(magnitudes, mc)[0])
    assert np.isnan(maximum_curvature(np.empty(0)))
    assert np.isnan(goodness_of_fit(np.empty(0)))
    assert np.isnan(recall_reaches(np.empty(0), np.empty(0, dtype=bool), 0.5))


def seen(n=20000, middle=1.0, width=0.15, seed=3):
    """A catalogue of which the part above `middle` is recorded, by a normal curve of that width."""
    true = law(n, 1.0, least=0.0, seed=seed)
    return true, np.random.default_rng(seed + 1).uniform(size=n) < ndtr((true - middle) / width)


def test_completeness_of_a_catalogue_with_a_known_edge():
    true, found = seen()
    assert maximum_curvature(true[found]) == pytest.approx(1.0 + 0.2, abs=0.15)
    assert goodness_of_fit(true[found]) == pytest.approx(1.0, abs=0.2)
    assert goodness_of_fit(true) == pytest.approx(0.05, abs=0.11)


def test_the_magnitudes_of_50_and_90_percent_recall_are_found():
    true, found = seen()
    assert recall_reaches(true, found, 0.5) == pytest.approx(1.0, abs=0.05)
    assert recall_reaches(true, found, 0.9) == pytest.approx(1.0 + 1.2816 * 0.15, abs=0.06)


def test_a_recall_that_is_never_reached_has_no_magnitude():
    true = law(2000, 1.0)
    found = np.random.default_rng(5).uniform(size=2000) < 0.3
    assert np.isfinite(recall_reaches(true, found, 0.2))
    assert np.isnan(recall_reaches(true, np.zeros(2000, dtype=bool), 0.5))
    assert recall_reaches(true, np.ones(2000, dtype=bool), 0.9) == true.min()


def test_equal_magnitudes_share_one_chance():
    true, found = np.repeat([1.0, 2.0], 10), np.tile([True, False], 10)
    assert recall_reaches(true, found, 0.5) == 1.0
    assert np.isnan(recall_reaches(true, found, 0.6))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    true, found = seen(n=3000)
    events = true_events(np.arange(3000) * 30.0, magnitude=true)
    return written(tmp_path_factory.mktemp("truth"), events, true_arrivals(events, ring(1))), events, found


def test_completeness_of_the_found_catalogue_stands_beside_the_truths(network):
    folder, events, seen_ones = network
    mine = events[seen_ones]
    tables = {"events": events_of(mine), "magnitudes": magnitudes_of(mine["event_id"], mine["magnitude"] + 0.3)}
    found = score(folder, tables)
    assert look(found, "magnitude from which recall reaches 50%") == pytest.approx(1.0, abs=0.12)
    assert look(found, "magnitude from which recall reaches 90%") == pytest.approx(1.19, abs=0.15)
    for kind in ("true magnitude", "ML"):
        assert abs(look(found, f"b of {kind}") - 1.0) <= 4 * look(found, f"b of {kind}, standard error")
    mc = look(found, "Mc of ML, maximum curvature + 0.2")
    assert mc == pytest.approx(1.0 + 0.3 + 0.2, abs=0.25)
    assert look(found, "Mc of ML minus magnitude of 90% recall") == pytest.approx(
        mc - look(found, "magnitude from which recall reaches 90%"))
    expected = seen_ones[(events["magnitude"] >= mc).to_numpy()].mean()
    assert look(found, "recall of true events above Mc of ML") == pytest.approx(expected)


def test_blasts_and_distant_events_do_not_enter_the_law(tmp_path):
    events = true_events(np.arange(4) * 60.0, magnitude=[1.0, 2.0, 5.0, 6.0],
                         kind=["earthquake", "blast", "regional", "teleseism"])
    folder = written(tmp_path, events, true_arrivals(events, ring(1)))
    found = score(folder, {"events": events_of(events)})
    assert found[found["name"] == "magnitude from which recall reaches 50%"]["n"].tolist() == [1]


def test_bias_scatter_and_slope_of_magnitudes_are_those_put_in(network):
    folder, events, _ = network
    rng = np.random.default_rng(9)
    value = 0.2 + 0.9 * events["magnitude"] + rng.normal(0, 0.1, len(events))
    table = magnitudes_of(events["event_id"], value, uncertainty=0.1)
    found = score(folder, {"events": events_of(events), "magnitudes": table})
    error = value - events["magnitude"]
    assert look(found, "ML minus true magnitude, median") == pytest.approx(np.median(error))
    assert look(found, "ML minus true magnitude, MAD") == pytest.approx(np.median(np.abs(error - np.median(error))))
    assert look(found, "slope of ML against true magnitude") == pytest.approx(0.9, abs=0.02)
    part = error[(events["magnitude"] >= 1.0) & (events["magnitude"] < 1.5)]
    assert look(found, "ML minus true magnitude, median", "M 1.0 to 1.5") == pytest.approx(np.median(part))


def test_stated_uncertainties_of_magnitudes_are_tested(network):
    folder, events, _ = network
    value = events["magnitude"] + np.random.default_rng(9).normal(0, 0.1, len(events))
    for stated, one, wide in ((0.1, 0.683, 0.9), (0.05, 0.383, 0.589)):
        table = magnitudes_of(events["event_id"], value, uncertainty=stated)
        found = score(folder, {"events": events_of(events), "magnitudes": table})
        assert look(found, "ML within 1 stated uncertainty (68%)") == pytest.approx(one, abs=0.03)
        assert look(found, "ML within 1.645 stated uncertainties (90%)") == pytest.approx(wide, abs=0.03)
    unstated = score(folder, {"events": events_of(events), "magnitudes": magnitudes_of(events["event_id"], value)})
    assert not unstated["name"].str.contains("stated").any()


def test_every_kind_of_magnitude_is_judged_and_station_values_are_not(network):
    import pandas as pd

    folder, events, _ = network
    network_values = [magnitudes_of(events["event_id"], events["magnitude"] + shift, kind)
                      for kind, shift in (("ML", 0.1), ("M_PAL", -0.2))]
    stations = network_values[0].assign(station_id="XX.S00.", value=9.0)
    found = score(folder, {"events": events_of(events), "magnitudes": pd.concat((*network_values, stations))})
    assert look(found, "ML minus true magnitude, median") == pytest.approx(0.1)
    assert look(found, "M_PAL minus true magnitude, median") == pytest.approx(-0.2)


def test_events_without_a_magnitude_are_left_out(network):
    folder, events, _ = network
    table = magnitudes_of(events["event_id"][:7], events["magnitude"][:7])
    found = score(folder, {"events": events_of(events), "magnitudes": table})
    rows = found[(found["name"] == "ML minus true magnitude, median") & (found["scope"] == "all")]
    assert rows["n"].tolist() == [7]
