"""Stations where an event does not stand out hold its magnitude down."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from quakescribe.measure import measure, wood_anderson
from quakescribe.measure.limits import centre, expected_below, hazard, variance_below
from quakescribe.measure.magnitudes import solve_corrections
from quakescribe.settings.measure import MeasureSettings
from quakescribe.tables import AMPLITUDES, ARRIVALS

from .conftest import P_S, S_S, START_NS, burst, make_arrivals, make_block, make_origins, make_stations


@pytest.mark.parametrize("alpha", [-40.0, -8.0, -1.0, 0.0, 2.0, 30.0])
def test_the_hazard_is_density_over_distribution(alpha):
    exact = np.exp(norm.logpdf(alpha) - norm.logcdf(alpha))
    assert hazard(np.array([alpha]))[0] == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("mean", "limit"), [(1.0, 0.8), (1.0, 1.5), (0.0, -0.6)])
def test_moments_of_what_lies_below_a_limit_are_those_of_the_integrals(mean, limit):
    sigma = 0.3
    share = norm.cdf(limit, mean, sigma)
    first = quad(lambda x: x * norm.pdf(x, mean, sigma), -10, limit)[0] / share
    second = quad(lambda x: (x - mean) ** 2 * norm.pdf(x, mean, sigma), -10, limit)[0] / share
    at = (np.array([mean]), np.array([limit]), sigma)
    assert expected_below(*at)[0] == pytest.approx(first, abs=1e-6)
    assert variance_below(*at)[0] == pytest.approx(second, abs=1e-6)


def test_the_centre_is_where_the_likelihood_is_largest():
    rng = np.random.default_rng(0)
    for _ in range(20):
        values, limits = rng.normal(1.0, 0.3, rng.integers(1, 6)), rng.normal(0.9, 0.3, rng.integers(0, 8))
        kept = limits[limits > values.mean() - 0.9]

        def loss(m, values=values, kept=kept):
            return -norm.logpdf(values, m, 0.3).sum() - norm.logcdf(kept, m, 0.3).sum()

        best = minimize_scalar(loss, bounds=(-2, 3), method="bounded", options={"xatol": 1e-8}).x
        found, weight = centre(values, limits, 0.3)
        assert found == pytest.approx(best, abs=1e-4)
        curvature = (loss(found + 1e-3) - 2 * loss(found) + loss(found - 1e-3)) / 1e-6 * 0.3**2
        assert weight == pytest.approx(curvature, rel=1e-2)


def test_without_limits_it_is_the_mean():
    assert centre(np.array([1.0, 2.0]), np.empty(0), 0.3) == (1.5, 2.0)


def test_a_dead_station_does_not_hold_an_event_down():
    assert centre(np.array([1.0, 1.1]), np.array([-3.0]), 0.3)[0] == pytest.approx(1.05)


def censored_network(limits):
    """Return the ML of 300 events of magnitude 0.5 seen by those of 16 stations where they exceed a threshold."""
    rng = np.random.default_rng(4)
    places = [(f"XX.S{k:02d}.", 40.0 + 0.2 * np.cos(k), 30.0 + 0.2 * np.sin(k), 0.0) for k in range(16)]
    stations = make_stations(places)
    origins = make_origins([(e, 60.0 * e, 40.0, 30.0, 10.0) for e in range(1, 301)])
    whole = pd.DataFrame([(e, s, 1e-3) for e in range(1, 301) for s in stations["station_id"]],
                         columns=["event_id", "station_id", "amplitude_m"])
    whole["amplitude_m"] *= 10.0 ** rng.normal(0.0, 0.25, len(whole))
    cut = 1.2e-3
    whole["limit"] = whole["amplitude_m"] < cut
    whole.loc[whole["limit"], "amplitude_m"] = cut
    whole = whole if limits else whole[~whole["limit"]]
    table = AMPLITUDES.order(AMPLITUDES.conform(whole.assign(snr=5.0, n_components=2)))
    made, _ = measure(origins, ARRIVALS.empty(), stations, MeasureSettings(kinds=("ML",)), table)
    full = AMPLITUDES.order(AMPLITUDES.conform(pd.DataFrame(
        [(1, s, 1e-3) for s in stations["station_id"]], columns=["event_id", "station_id", "amplitude_m"]
    ).assign(snr=5.0, n_components=2, limit=False)))
    true, _ = measure(origins, ARRIVALS.empty(), stations, MeasureSettings(kinds=("ML",)), full)
    network = made[made["station_id"].isna()]
    return float((network["value"] - true[true["station_id"].isna()]["value"].iloc[0]).mean())


def test_limits_take_the_bias_of_selection_away():
    assert censored_network(limits=False) > 0.2
    assert abs(censored_network(limits=True)) < 0.04


def test_an_event_of_which_the_often_used_stations_give_limits_only_spoils_no_correction():
    rng = np.random.default_rng(2)
    often, rarely = [f"XX.A{k}." for k in range(4)], [f"XX.R{k}." for k in range(3)]
    rows = [(e, name, 1.0 + 0.1 * rng.standard_normal(), False) for e in range(20) for name in often]
    rows += [(99, name, 0.5, False) for name in rarely] + [(99, name, 0.4, True) for name in often]
    table = pd.DataFrame(rows, columns=["event_id", "station_id", "value", "limit"])
    correction, sigma = solve_corrections(table, MeasureSettings())
    assert np.isfinite(correction).all() and np.isfinite(sigma)
    alone, _ = solve_corrections(table[table["event_id"] != 99], MeasureSettings())
    pd.testing.assert_series_equal(correction[often], alone)


def loader(*blocks):
    return lambda station_id, start, end: [b for b in blocks if b.station_id == station_id]


EXPECTED = pd.DataFrame({"event_id": [1], "station_id": ["XX.B."], "p_ns": [START_NS + int(P_S * 1e9)],
                         "s_ns": [START_NS + int(S_S * 1e9)]})


def test_an_expected_station_gives_a_limit_and_no_skip(origins, arrivals):
    blocks = (make_block(burst()), make_block(burst(amplitude=0.0, noise=1e-8), station_id="XX.B."))
    amplitudes, skips = wood_anderson(loader(*blocks), origins, arrivals, MeasureSettings(), expected=EXPECTED)
    assert amplitudes.set_index("station_id")["limit"].to_dict() == {"XX.A.": False, "XX.B.": True}
    assert skips.empty


def test_what_swings_at_an_expected_station_is_a_limit_however_large(origins, arrivals):
    blocks = (make_block(burst()), make_block(burst(amplitude=1e-4), station_id="XX.B."))
    amplitudes, _ = wood_anderson(loader(*blocks), origins, arrivals, MeasureSettings(), expected=EXPECTED)
    assert amplitudes.set_index("station_id")["limit"]["XX.B."]


def test_a_picked_station_where_nothing_stands_out_gives_a_limit_and_is_counted(origins, arrivals):
    block = make_block(burst(amplitude=0.0, noise=1e-8))
    amplitudes, skips = wood_anderson(loader(block), origins, arrivals, MeasureSettings())
    assert amplitudes["limit"].tolist() == [True]
    assert dict(zip(skips["reason"], skips["count"], strict=True)) == {"low-snr": 1}
    without, _ = wood_anderson(loader(block), origins, arrivals, MeasureSettings(limits=False))
    assert without.empty


def test_an_expected_onset_ends_no_window_of_another_event(origins):
    arrivals = make_arrivals([(1, "XX.B.", "P", P_S, np.nan), (1, "XX.B.", "S", S_S, np.nan)])
    both = make_origins([(1, 55.0, 40.0, 30.0, 8.0), (2, 56.0, 40.0, 30.0, 8.0)])
    other = EXPECTED.assign(event_id=2)
    block = make_block(burst(), station_id="XX.B.")
    plain, _ = wood_anderson(loader(block), origins, arrivals, MeasureSettings())
    with_other, _ = wood_anderson(loader(block), both, arrivals, MeasureSettings(), expected=other)
    pd.testing.assert_frame_equal(plain, with_other[with_other["event_id"] == 1].reset_index(drop=True))


def test_noise_is_taken_off_by_its_power(origins, arrivals):
    block = make_block(burst(amplitude=1e-6, noise=1e-7))
    chosen = (MeasureSettings(subtract_noise=on, horizontal="max") for on in (False, True))
    raw, less = (wood_anderson(loader(block), origins, arrivals, one)[0] for one in chosen)
    ratio = raw["snr"].iloc[0]
    assert less["amplitude_m"].iloc[0] < raw["amplitude_m"].iloc[0]
    assert less["amplitude_m"].iloc[0] >= raw["amplitude_m"].iloc[0] * np.sqrt(1 - 1 / ratio**2) - 1e-12
