"""Nearest neighbours: their distribution by chance, the mixture, aftershocks told from background, false alarms."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from quakescribe.audit import audit, make_case
from quakescribe.audit.excess import Excess, excess, excess_verdict
from quakescribe.audit.mixture import Mixture, crossing, fit_mixture
from quakescribe.audit.neighbours import NEIGHBOURS, decluster, steady
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.audit_seismicity import AuditSeismicitySettings
from quakescribe.tables.facts import gather

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL
from made_sequence import bare, bare_of, sequences

LIMITS, SETTINGS = AuditSeismicitySettings(), AuditSettings(resamples=50)


def poisson(n, seed, days=365.25, size=150.0):
    rng = np.random.default_rng(seed)
    time, place = np.sort(rng.uniform(0, days * 86_400, n)), rng.uniform(0, size, (2, n))
    return bare(time, *place, 1 + rng.exponential(0.4343, n))


def found_in(tables):
    found = audit(make_case(tables, SETTINGS, MODEL), (NEIGHBOURS,)).findings
    return found.set_index("metric")


def test_a_poisson_catalogue_has_the_known_percentiles():
    every = [decluster(gather(poisson(3000, seed), {}), LIMITS).log_eta for seed in range(4)]
    found = np.nanpercentile(np.concatenate(every), [1, 5, 50, 99])
    np.testing.assert_allclose(found, [-4.85, -4.13, -2.96, -2.02], atol=0.12)


def test_time_distance_and_magnitude_make_up_the_proximity():
    year = 365.25 * 86_400
    tables = bare([0.0, year, 1.5 * year], [0, 0, 10], [0, 0, 0], np.array([3.0, 1.0, 1.0]))
    found = decluster(gather(tables, {}), LIMITS)
    assert list(found.parent) == [-1, 0, 0]
    np.testing.assert_allclose(found.log_eta[1:], [1.6 * np.log10(0.1) - 3, np.log10(1.5) + 1.6 - 3], atol=1e-3)
    np.testing.assert_allclose(found.log_t + found.log_r, found.log_eta, atol=1e-9)
    np.testing.assert_allclose(found.log_t[2], np.log10(1.5) - 1.5, atol=1e-3)


def test_events_without_magnitude_count_as_the_median_event():
    tables = poisson(400, 1)
    holes = {**tables, "magnitudes": tables["magnitudes"].iloc[::2]}
    median = float(holes["magnitudes"]["value"].median())
    filled = tables["magnitudes"].copy()
    filled.loc[1::2, "value"] = median
    one, two = (decluster(gather(t, {}), LIMITS) for t in (holes, {**tables, "magnitudes": filled}))
    np.testing.assert_allclose(one.log_eta, two.log_eta)
    none = decluster(gather({"origins": tables["origins"]}, {}), LIMITS)
    assert np.isfinite(none.log_eta[1:]).all()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_expectation_maximisation_recovers_a_known_mixture(share):
    rng = np.random.default_rng(1)
    values = np.where(rng.random(20_000) < share, rng.normal(-7, 0.9, 20_000), rng.normal(-3.5, 0.6, 20_000))
    found = fit_mixture(values)
    np.testing.assert_allclose(found.share, [share, 1 - share], atol=0.02)
    np.testing.assert_allclose(found.mean, [-7, -3.5], atol=0.05)
    np.testing.assert_allclose(found.sd, [0.9, 0.6], atol=0.05)
    at = crossing(found)
    assert share * norm.pdf(at, -7, 0.9) == pytest.approx((1 - share) * norm.pdf(at, -3.5, 0.6), rel=0.3)
    assert at == pytest.approx(crossing(Mixture(np.array([share, 1 - share]), np.array([-7, -3.5]),
                                                np.array([0.9, 0.6]))), abs=0.05)


def test_one_mode_is_not_called_two():
    rng = np.random.default_rng(2)
    assert all(fit_mixture(rng.normal(0, 1, 500)) is None for _ in range(20))
    assert sum(decluster(gather(poisson(500, s), {}), LIMITS).mixture is not None for s in range(40)) <= 1
    assert all(fit_mixture(decluster(gather(poisson(3000, s), {}), LIMITS).log_eta[1:]) is None for s in range(4))
    assert fit_mixture(np.zeros(500)) is None and fit_mixture(np.arange(5.0)) is None


def test_aftershocks_are_told_from_background():
    for seed in range(4):
        true = sequences(600, 900, 5, days=200.0, seed=seed)
        tables = bare_of(true)
        found = decluster(gather(tables, {}), LIMITS)
        clustered = true["clustered"].to_numpy()
        right = np.mean(~found.background[clustered]), np.mean(found.background[~clustered])
        assert min(right) > 0.65 and np.mean(right) > 0.84
        row = found_in(tables).loc["clustered_share"]
        assert row["value"] == pytest.approx(clustered.mean(), abs=0.13) and row["verdict"] == "good"


def test_a_catalogue_of_one_sequence_has_no_background():
    for seed in range(6):
        tables = bare_of(sequences(20, 900, 1, 2.0, seed=seed))
        assert not decluster(gather(tables, {}), LIMITS).sure
        rows = found_in(tables).loc[["clustered_share", "proximity_threshold"]]
        assert set(rows["verdict"]) == {"cannot tell"} and rows["why"].str.contains("one sequence").all()


def test_a_background_may_have_steps_hours_and_clusters_apart():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        time = np.sort(rng.uniform(0, 40.0, 20_000))
        third = time[(time < 22) | (rng.random(len(time)) < 1 / 3)]
        night = time[(time % 1.0 < 0.5) | (rng.random(len(time)) < 0.4)]
        assert steady(time) and steady(third) and steady(night)
        assert steady(time[:20])
        assert not steady(0.05 * 200 ** rng.random(200))
        assert decluster(gather(bare_of(sequences(600, 900, 5, days=200.0, seed=seed)), {}), LIMITS).sure
        assert decluster(gather(poisson(200 + 300 * seed, seed), {}), LIMITS).sure


def test_a_catalogue_without_clusters_is_called_unlike_seismicity():
    row = found_in(poisson(2000, 3)).loc["clustered_share"]
    assert row["verdict"] == "watch" and row["value"] == pytest.approx(0.01, abs=0.008)


def test_followers_at_once_and_far_away_are_found():
    rng = np.random.default_rng(4)
    n, false = 1200, 60
    time, x, y = rng.uniform(0, 3e7, n), *rng.uniform(0, 150, (2, n))
    time = np.r_[time, time[:false] + rng.uniform(0.5, 10, false)]
    x, y = np.r_[x, (x[:false] + 75) % 150], np.r_[y, y[:false]]
    row = found_in(bare(time, x, y, rng.exponential(0.43, len(time)))).loc["instant_distant_followers"]
    assert row["verdict"] == "bad" and row["value"] * len(time) == pytest.approx(false, abs=4)
    row = found_in(bare(time[:n], x[:n], y[:n], rng.exponential(0.43, n))).loc["instant_distant_followers"]
    assert row["verdict"] in ("good", "cannot tell")


def test_sound_catalogues_are_not_called_bad():
    for seed in range(20):
        for tables in (poisson(100 + 15 * seed, seed, 5.0 + 2 * seed),
                       bare_of(sequences(100 + 20 * seed, 400, 1 + seed % 3, 4.0 + seed, seed=seed)),
                       bare_of(sequences(200, 1000, 1, 3.0, seed=seed, size_km=150.0, fault_km=60.0))):
            assert "bad" not in set(found_in(tables)["verdict"])


def test_an_excess_is_the_number_counted_beside_that_of_chance():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        found, null = rng.poisson(0.03, 1000).astype(float), rng.poisson(0.01, 1000).astype(float)
        over = excess(found, null, 2.0, np.zeros(1000, int), rng, 200)  # one block: the Poisson interval alone
        held += over.low <= over.expected + 0.01 <= over.high
        assert over.value == found.mean() and over.expected == pytest.approx(2.0 * null.mean())
    assert 182 <= held <= 199


@pytest.mark.parametrize(("low", "high", "verdict"), [
    (0.021, 0.05, "bad"), (0.013, 0.05, "watch"), (0.0, 0.019, "good"), (0.0, 0.021, "cannot tell")])
def test_an_excess_is_judged_beyond_chance(low, high, verdict):
    assert excess_verdict(Excess(0.015, low, high, 0.01), 0.002, 0.01) == verdict


def test_three_events_and_strange_values_get_an_answer():
    nothing = np.full(30, np.nan)
    for tables in ({}, poisson(3, 0), {"origins": poisson(40, 0)["origins"]},
                   bare(np.arange(30.0), np.zeros(30), np.zeros(30), nothing),
                   bare(np.zeros(30), *np.zeros((2, 30)), nothing)):
        assert set(found_in(tables)["verdict"]) <= {"cannot tell", "good", "watch"}
