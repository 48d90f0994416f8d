"""Station magnitudes: a wrong gain and a wrong attenuation are found, sound stations are left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_catalogue import MODEL, catalogue

from quakescribe.audit import audit, make_case
from quakescribe.audit.check import Rows
from quakescribe.audit.station_magnitudes import METRICS, STATION_MAGNITUDES, _add_network, _judged, distance_slope
from quakescribe.audit.statistics import robust_z
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.audit_magnitudes import AuditMagnitudesSettings
from quakescribe.tables import MAGNITUDES


def with_stations(tables, seed=0, biased=(), bias=1.0, slope=0.0, scatter=0.25, site=0.1):
    """Add a value of every station with arrivals; the network's value becomes their median."""
    rng = np.random.default_rng(seed)
    arrivals = tables["arrivals"].drop_duplicates(["event_id", "station_id"])
    network = tables["magnitudes"].set_index("event_id")["value"]
    station = pd.Series(rng.normal(0, site, tables["stations"].shape[0]), index=tables["stations"]["station_id"])
    station[list(biased)] += bias
    value = (arrivals["event_id"].map(network) + arrivals["station_id"].map(station)
             + rng.normal(0, scatter, len(arrivals)) + slope * np.log10(arrivals["distance_km"] / 20.0))
    single = pd.DataFrame({"event_id": arrivals["event_id"], "station_id": arrivals["station_id"], "kind": "ML",
                           "value": value, "n_stations": 1, "used": True})
    median = single.groupby("event_id")["value"].median()
    both = pd.concat([tables["magnitudes"].assign(value=tables["magnitudes"]["event_id"].map(median)), single])
    return {**tables, "magnitudes": MAGNITUDES.order(MAGNITUDES.conform(both))}


def found(tables):
    return audit(make_case(tables, AuditSettings(resamples=100), MODEL), (STATION_MAGNITUDES,)).findings


@pytest.fixture(scope="module")
def sound():
    return catalogue(300, 10.0, n_stations=12, seed=2, false_per_day=0.0)


def test_a_gain_wrong_by_ten_is_found_at_its_station_only(sound):
    rows = found(with_stations(sound, biased=["XX.S04."]))
    stations = rows[rows["scope"] == "station"].set_index("key")
    assert stations.index[stations["verdict"] == "bad"].tolist() == ["XX.S04."]
    assert stations.loc["XX.S04.", "value"] == pytest.approx(1.0, abs=0.25)
    assert rows.set_index("metric").loc["stations_biased", "verdict"] == "watch"
    assert "XX.S04." in rows.set_index("metric").loc["stations_biased", "why"]


def test_two_wrong_gains_in_a_small_network_are_no_chance_but_in_a_large_one_may_be(sound):
    row = found(with_stations(sound, biased=["XX.S04.", "XX.S07."])).set_index("metric").loc["stations_biased"]
    assert row["verdict"] == "bad" and row["value"] == pytest.approx(2 / 12)
    large = catalogue(80, 5.0, n_stations=30, seed=3, false_per_day=0.0)
    rows = found(with_stations(large, biased=["XX.S04.", "XX.S07."]))
    assert (rows["verdict"] == "bad").sum() == 2
    assert rows.set_index("metric").loc["stations_biased", "verdict"] == "watch"


def stations_of(*found_at):
    """Stations without bias and some with a median and an error, as the check holds them."""
    sound = [(0.05 * (k % 3 - 1), 0.02) for k in range(9)]
    table = pd.DataFrame([*found_at, *sound], columns=["median", "error"]).assign(n=21)
    table["station_id"] = [f"XX.S{k:02d}." for k in range(len(table))]
    return table.assign(z=robust_z(table["median"], 0.1, table["error"]))


@pytest.mark.parametrize(("median", "error", "verdict"), [
    (1.07, 0.33, "watch"), (0.61, 0.19, "cannot tell"), (-0.5, 0.3, "cannot tell"), (1.4, 0.15, "bad"),
    (0.45, 0.05, "watch"), (0.28, 0.02, "good"), (0.0, 0.35, "cannot tell")])
def test_a_station_is_judged_by_size_and_by_how_well_it_is_known(median, error, verdict):
    judged = _judged(stations_of((median, error)), AuditMagnitudesSettings())
    assert judged["verdict"].iloc[0] == verdict
    assert set(judged["verdict"].iloc[1:]) == {"good"}


@pytest.mark.parametrize(("unsure", "verdict"), [(1, "good"), (2, "cannot tell")])
def test_a_network_of_stations_that_are_hardly_known_is_not_good(unsure, verdict):
    rows = Rows(METRICS)
    _add_network(rows, _judged(stations_of(*[(0.0, 0.35)] * unsure), AuditMagnitudesSettings()),
                 AuditMagnitudesSettings())
    assert rows.rows[0]["verdict"] == verdict


def test_a_gain_wrong_by_two_is_worth_a_look_at_most(sound):
    rows = found(with_stations(sound, biased=["XX.S04."], bias=0.45, site=0.05))
    stations = rows[rows["scope"] == "station"].set_index("key")["verdict"]
    assert stations["XX.S04."] == "watch"


@pytest.mark.parametrize("slope", [-1.0, 1.0])
def test_a_wrong_attenuation_is_found_with_its_size(sound, slope):
    row = found(with_stations(sound, slope=slope)).set_index("metric").loc["magnitude_distance_slope"]
    assert row["verdict"] == "bad"
    assert row["value"] == pytest.approx(slope, abs=0.25)


def test_sound_stations_are_never_called_bad():
    bad = 0
    for seed in range(20):
        n, days, stations = [(60, 3.0, 6), (100, 8.0, 10), (150, 20.0, 16)][seed % 3]
        tables = with_stations(catalogue(n, days, n_stations=stations, seed=seed, false_per_day=0.0), seed, site=0.15)
        bad += (found(tables)["verdict"] == "bad").any()
    assert bad <= 1


def test_gains_and_sizes_do_not_make_a_trend_with_distance(sound):
    """Far stations see only large events, and a biased station may be far: neither is a trend."""
    row = found(with_stations(sound, biased=["XX.S04.", "XX.S07."], bias=0.8)).set_index("metric")
    assert abs(row.loc["magnitude_distance_slope", "value"]) < 0.15


def test_the_trend_of_exact_values_is_exact():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"event_id": np.repeat(np.arange(40), 5), "station_id": np.tile(list("abcde"), 40),
                          "distance_km": rng.uniform(5, 60, 200)})
    gain = dict(zip("abcde", rng.normal(size=5) / 9, strict=True))
    table["apart"] = 0.3 * np.log10(table["distance_km"]) + table["station_id"].map(gain)
    slope, low, high, n = distance_slope(table, rng, 50, np.repeat(np.arange(40), 5))
    assert n == 200
    assert slope == pytest.approx(0.3, abs=0.03) and low <= slope <= high


def test_without_station_values_it_cannot_tell(sound):
    rows = found(sound)
    assert set(rows["verdict"]) == {"cannot tell"}
    assert {metric.name for metric in STATION_MAGNITUDES.metrics} == set(rows["metric"])


def test_without_distances_the_bias_is_still_told(sound):
    tables = with_stations(sound, biased=["XX.S04."])
    rows = found({**tables, "arrivals": tables["arrivals"].iloc[:0]}).set_index("metric")
    assert rows.loc["magnitude_distance_slope", "verdict"] == "cannot tell"
    assert rows.loc["stations_biased", "verdict"] == "watch"
