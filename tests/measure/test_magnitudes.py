import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quakescribe.measure import measure
from quakescribe.measure.magnitudes import _inliers, _uncertainty, solve_corrections
from quakescribe.settings.measure import MeasureSettings
from quakescribe.tables import AMPLITUDES, ARRIVALS

from .conftest import make_arrivals, make_origins, make_stations

ML = MeasureSettings(kinds=("ML",), min_stations=1)


def table(rows):
    """Rows: (event_id, station_id, amplitude_m)."""
    frame = pd.DataFrame(rows, columns=["event_id", "station_id", "amplitude_m"])
    return AMPLITUDES.order(AMPLITUDES.conform(frame.assign(snr=10.0, n_components=2, limit=frame.get("limit", False))))


def network(magnitudes, kind="ML"):
    rows = magnitudes[magnitudes["station_id"].isna() & (magnitudes["kind"] == kind)]
    return rows.set_index("event_id")


def ring(n=6, radius_deg=0.3):
    angle = 2 * np.pi * np.arange(n) / n
    return make_stations([(f"XX.S{i}.", 40 + radius_deg * np.cos(a), 30 + radius_deg * np.sin(a), 500.0 * i)
                          for i, a in enumerate(angle)])


def test_a_millimetre_at_100_km_is_magnitude_3():
    stations = make_stations([("XX.A.", 40.0, 30.0, 0.0)])
    origins = make_origins([(1, 0.0, 40.0, 30.0, 100.0)])
    magnitudes, skips = measure(origins, ARRIVALS.empty(), stations, ML, table([(1, "XX.A.", 1e-3)]))
    assert network(magnitudes)["value"][1] == pytest.approx(3.0)
    assert skips.empty


def test_the_distance_is_hypocentral_and_counts_from_the_sensor():
    stations = make_stations([("XX.A.", 40.0, 30.0, 2000.0)]).assign(burial_m=500.0)
    origins = make_origins([(1, 0.0, 40.0, 30.0, 98.5)])
    magnitudes, _ = measure(origins, ARRIVALS.empty(), stations, ML, table([(1, "XX.A.", 1e-3)]))
    assert network(magnitudes)["value"][1] == pytest.approx(3.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(-5, 2), st.floats(0.1, 1))
def test_the_magnitude_is_linear_in_the_logarithm_of_the_amplitude(log_amplitude, step):
    stations = make_stations([("XX.A.", 40.0, 30.0, 0.0)])
    origins = make_origins([(1, 0.0, 40.0, 30.1, 8.0), (2, 99.0, 40.0, 30.1, 8.0)])
    amplitudes = table([(1, "XX.A.", 10**log_amplitude), (2, "XX.A.", 10 ** (log_amplitude - step))])
    values = network(measure(origins, ARRIVALS.empty(), stations, ML, amplitudes)[0])["value"]
    assert values[1] - values[2] == pytest.approx(step)


def test_pals_magnitude_is_its_formula_without_the_worst_station():
    stations = ring(5)
    origins = make_origins([(1, 0.0, 40.0, 30.0, 10.0)])
    amplitude = [1e-6, 2e-6, 1.5e-6, 1.2e-6, 9e-4]
    arrivals = make_arrivals([(1, s, "S", 9.0 + i / 10, a) for i, (s, a) in
                              enumerate(zip(stations["station_id"], amplitude, strict=True))])
    magnitudes, _ = measure(origins, arrivals, stations, MeasureSettings(kinds=("M_PAL",)))
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    each = []
    for station, a in zip(stations.itertuples(), amplitude, strict=True):
        epicentral = geod.inv(30.0, 40.0, station.longitude, station.latitude)[2] / 1000
        each.append(np.log10(a * 1e6) + np.log10(np.hypot(epicentral, 10 + station.elevation_m / 1000)) + 1)
    assert network(magnitudes, "M_PAL")["value"][1] == pytest.approx(np.median(each[:4]))
    assert magnitudes[magnitudes["station_id"] == "XX.S4."]["used"].tolist() == [False]


def test_pals_magnitude_takes_one_amplitude_per_station_that_of_s():
    stations = ring(2)
    origins = make_origins([(1, 0.0, 40.0, 30.0, 10.0)])
    arrivals = make_arrivals([(1, "XX.S0.", "P", 5.0, 5e-6), (1, "XX.S0.", "S", 9.0, 1e-6),
                              (1, "XX.S1.", "P", 5.0, 1e-6)])
    magnitudes, _ = measure(origins, arrivals, stations, MeasureSettings(kinds=("M_PAL",)))
    values = magnitudes[magnitudes["station_id"].notna()]
    assert values["amplitude_m"].tolist() == [1e-6, 1e-6]
    assert network(magnitudes, "M_PAL")["n_stations"][1] == 2


@pytest.mark.parametrize("amplitude", [1e-30, 1e30])
def test_an_absurd_amplitude_is_left_out_and_said(amplitude):
    stations = ring(2)
    origins = make_origins([(1, 0.0, 40.0, 30.0, 10.0)])
    rows = table([(1, "XX.S0.", amplitude), (1, "XX.S1.", 1e-4)])
    magnitudes, skips = measure(origins, ARRIVALS.empty(), stations, ML, rows)
    assert skips["reason"].tolist() == ["absurd"]
    assert network(magnitudes)["n_stations"][1] == 1


def test_one_wild_station_does_not_move_the_network_and_is_marked():
    stations = ring(6)
    origins = make_origins([(1, 0.0, 40.0, 30.0, 10.0)])
    rows = [(1, s, 1e-4) for s in stations["station_id"]]
    calm, _ = measure(origins, ARRIVALS.empty(), stations, ML, table(rows))
    rows[2] = (1, "XX.S2.", 1e-1)
    wild, _ = measure(origins, ARRIVALS.empty(), stations, ML, table(rows))
    assert network(wild)["value"][1] == pytest.approx(network(calm)["value"][1], abs=0.01)
    assert wild[wild["station_id"] == "XX.S2."]["used"].tolist() == [False]
    assert network(wild)["n_stations"][1] == 5


def test_too_few_stations_give_no_network_value_and_are_counted():
    stations = ring(3)
    origins = make_origins([(1, 0.0, 40.0, 30.0, 10.0)])
    magnitudes, skips = measure(origins, ARRIVALS.empty(), stations, MeasureSettings(kinds=("ML",), min_stations=2),
                                table([(1, "XX.S0.", 1e-4)]))
    assert network(magnitudes).empty
    assert magnitudes["used"].tolist() == [False]
    assert skips["reason"].tolist() == ["few-stations"]


def test_unknown_and_far_stations_are_left_out_and_said():
    stations = make_stations([("XX.A.", 40.0, 30.0, 0.0), ("XX.B.", 49.0, 30.0, 0.0)])
    origins = make_origins([(1, 0.0, 40.0, 30.0, 10.0)])
    rows = table([(1, "XX.A.", 1e-4), (1, "XX.B.", 1e-4), (1, "XX.C.", 1e-4)])
    magnitudes, skips = measure(origins, ARRIVALS.empty(), stations, ML, rows)
    assert sorted(skips["reason"]) == ["no-station", "too-far"]
    assert network(magnitudes)["n_stations"][1] == 1


def test_the_epoch_of_the_station_is_that_of_the_event():
    epochs = [make_stations([("XX.A.", latitude, 30.0, 0.0)]) for latitude in (40.0, 41.0)]
    epochs[0]["valid_to"] = epochs[1]["valid_from"] = pd.Series([pd.Timestamp("2015-01-01", tz="UTC").as_unit("ns")])
    here = pd.concat(epochs, ignore_index=True)
    origins = make_origins([(1, 0.0, 41.0, 30.0, 100.0)])
    magnitudes, skips = measure(origins, ARRIVALS.empty(), here, ML, table([(1, "XX.A.", 1e-3)]))
    assert network(magnitudes)["value"][1] == pytest.approx(3.0)
    assert skips.empty


def test_given_corrections_are_added():
    stations = ring(4)
    origins = make_origins([(1, 0.0, 40.0, 30.0, 10.0)])
    rows = table([(1, s, 1e-4) for s in stations["station_id"]])
    plain, _ = measure(origins, ARRIVALS.empty(), stations, ML, rows)
    given_ = ML.model_copy(update={"station_corrections": {"XX.S1.": 0.2}})
    shifted, _ = measure(origins, ARRIVALS.empty(), stations, given_, rows)
    difference = shifted.set_index("station_id")["value"] - plain.set_index("station_id")["value"]
    assert difference["XX.S1."] == pytest.approx(0.2)
    assert difference["XX.S2."] == pytest.approx(0.0)


def test_solved_corrections_find_the_stations_offsets():
    rng = np.random.default_rng(0)
    offsets = pd.Series([-0.4, 0.1, 0.3, 0.0, 0.0], index=[f"XX.S{i}." for i in range(5)])
    size = rng.uniform(0, 3, 60)
    rows = pd.DataFrame([(e, s, size[e] + o + rng.normal(0, 0.05)) for e in range(60) for s, o in offsets.items()],
                        columns=["event_id", "station_id", "value"])
    solved, _ = solve_corrections(rows.assign(limit=False), MeasureSettings())
    np.testing.assert_allclose(solved, -offsets, atol=0.05)
    assert solved.mean() == pytest.approx(0.0, abs=1e-9)


def many(offsets, sizes, heard, stations, rng):
    """Amplitudes of events of given ML at stations with offsets; ``heard(size, offset)``: whether it is recorded."""
    origins = make_origins([(e, 60.0 * e, 40.0, 30.0, 10.0) for e in range(len(sizes))])
    unit, _ = measure(origins, ARRIVALS.empty(), stations, ML.model_copy(update={"solve_corrections": False}),
                      table([(0, s, 1e-3) for s in stations["station_id"]]))
    at_one_mm = unit.dropna(subset=["station_id"]).set_index("station_id")["value"]
    return origins, table([(e, s, 1e-3 * 10 ** (size - at_one_mm[s] + offset + rng.normal(0, 0.05)))
                           for e, size in enumerate(sizes) for s, offset in offsets.items() if heard(size, offset)])


def test_small_events_that_only_loud_stations_record_come_out_right():
    rng = np.random.default_rng(1)
    stations = ring(6)
    offsets = dict(zip(stations["station_id"], [-0.5, -0.3, -0.1, 0.1, 0.3, 0.5], strict=True))
    sizes = np.concatenate([np.linspace(2, 3, 20), np.full(20, 0.5)])
    origins, rows = many(offsets, sizes, lambda size, offset: size + offset >= 0.7, stations, rng)
    bias = {}
    for solve in (True, False):
        made, _ = measure(origins, ARRIVALS.empty(), stations, ML.model_copy(update={"solve_corrections": solve}), rows)
        bias[solve] = float((network(made)["value"] - sizes).loc[20:].mean())
    assert bias[False] > 0.3
    assert abs(bias[True]) < 0.05


def test_the_uncertainty_holds_that_of_the_zero_of_solved_corrections():
    rng = np.random.default_rng(2)
    stations = ring(6)
    offsets = pd.Series([-0.5, -0.3, -0.1, 0.1, 0.3, 0.5], index=stations["station_id"])
    origins, rows = many(offsets.to_dict(), np.linspace(1, 2, 12), lambda *_: True, stations, rng)
    made, _ = measure(origins, ARRIVALS.empty(), stations, ML, rows)
    values = made.dropna(subset=["station_id"]).groupby("event_id")["value"].apply(lambda v: _uncertainty(v.to_numpy(),
                                                                                                      "mean"))
    zero = np.sqrt(network(made)["uncertainty"] ** 2 - values**2)
    np.testing.assert_allclose(zero, offsets.std() / np.sqrt(6), rtol=0.15)
    np.testing.assert_allclose(zero, zero.iloc[0])


def test_stations_with_few_events_are_not_corrected_and_add_no_uncertainty():
    stations = ring(4)
    origins, rows = many(dict(zip(stations["station_id"], [0.0, 0.1, 0.2, 0.5], strict=True)), np.full(4, 1.0),
                         lambda *_: True, stations, np.random.default_rng(3))
    plain, solved = (measure(origins, ARRIVALS.empty(), stations, ML.model_copy(update={"solve_corrections": solve}),
                             rows)[0] for solve in (False, True))
    pd.testing.assert_frame_equal(plain, solved)


def test_nothing_in_gives_empty_tables_of_the_right_kind():
    stations = ring(3)
    none = make_origins([])
    magnitudes, skips = measure(none, ARRIVALS.empty(), stations, MeasureSettings(), AMPLITUDES.empty())
    assert magnitudes.empty
    assert skips.empty
    magnitudes, _ = measure(make_origins([(1, 0.0, 40.0, 30.0, 10.0)]), ARRIVALS.empty(), stations, MeasureSettings())
    assert magnitudes.empty


def test_the_order_of_the_rows_changes_nothing():
    stations = ring(6)
    origins = make_origins([(i, i * 100.0, 40.0, 30.0, 10.0) for i in range(3)])
    rng = np.random.default_rng(2)
    rows = [(e, s, 10 ** rng.uniform(-5, -4)) for e in range(3) for s in stations["station_id"]]
    a, _ = measure(origins, ARRIVALS.empty(), stations, ML, table(rows))
    b, _ = measure(origins.iloc[::-1], ARRIVALS.empty(), stations.iloc[::-1], ML, table(rows[::-1]))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


@given(st.lists(st.floats(-3, 8), min_size=1, max_size=12))
def test_at_least_half_of_the_values_are_never_outliers(values):
    keep = _inliers(np.array(values), 3.0)
    assert keep.sum() * 2 >= len(values)


def test_the_uncertainty_is_a_standard_error():
    rng = np.random.default_rng(0)
    values = rng.normal(2.0, 0.25, (4000, 8))
    for average, take in (("mean", values.mean(axis=1)), ("median", np.median(values, axis=1))):
        claimed = np.mean([_uncertainty(v, average) for v in values])
        assert claimed == pytest.approx(take.std(), rel=0.12)


def test_a_station_outside_its_epochs_or_not_in_the_table_is_counted():
    stations = make_stations([("XX.A.", 40.0, 30.0, 0.0), ("XX.B.", 40.1, 30.0, 0.0)])
    stations["valid_from"] = pd.to_datetime(["2050-01-01", None], utc=True)
    origins = make_origins([(1, 0.0, 40.0, 30.2, 8.0)])
    amplitudes = table([(1, "XX.A.", 1e-3), (1, "XX.B.", 1e-3), (1, "XX.C.", 1e-3)])
    magnitudes, skips = measure(origins, ARRIVALS.empty(), stations, ML, amplitudes)
    assert magnitudes["station_id"].dropna().tolist() == ["XX.B."]
    assert skips["station_id"].tolist() == ["XX.A.", "XX.C."]
    assert set(skips["reason"]) == {"no-station"}


@pytest.mark.parametrize(("snr", "kept"), [((5.0, 9.0), "10"), ((9.0, 5.0), "00"), ((7.0, 7.0), "00")])
def test_two_sensors_of_a_station_give_one_value(snr, kept):
    stations = make_stations([(f"XX.A.{code}", 40.0, 30.0, 0.0) for code in ("00", "10")])
    origins = make_origins([(1, 0.0, 40.0, 30.2, 8.0)])
    amplitudes = table([(1, f"XX.A.{code}", 1e-3) for code in ("00", "10")]).assign(snr=snr)
    magnitudes, skips = measure(origins, ARRIVALS.empty(), stations, ML, amplitudes)
    assert network(magnitudes)["n_stations"].tolist() == [1]
    assert magnitudes["station_id"].dropna().tolist() == [f"XX.A.{kept}"]
    assert skips["reason"].tolist() == ["other-sensor"]


def test_pals_magnitude_takes_the_first_sensor_of_a_station():
    stations = make_stations([(f"XX.A.{code}", 40.0, 30.0, 0.0) for code in ("00", "10")])
    arrivals = make_arrivals([(1, f"XX.A.{code}", "S", 9.0, 1e-6) for code in ("10", "00")])
    magnitudes, _ = measure(make_origins([(1, 0.0, 40.0, 30.2, 8.0)]), arrivals, stations,
                            MeasureSettings(kinds=("M_PAL",), min_stations=1))
    assert magnitudes["station_id"].dropna().tolist() == ["XX.A.00"]
