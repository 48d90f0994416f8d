"""Shapes that a distribution of magnitudes must not have: each is planted and found, and not found where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_catalogue import MODEL, _magnitudes_detected, catalogue

from quakescribe.audit import audit, make_case
from quakescribe.audit.b_value import B_VALUE
from quakescribe.audit.completeness import COMPLETENESS
from quakescribe.audit.magnitude_bins import Bins, binned
from quakescribe.audit.magnitude_shapes import excess, one_peak, out_of_place, second_peak
from quakescribe.audit.sizes import SIZES
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.audit_magnitudes import AuditMagnitudesSettings

N = 2000


@pytest.fixture(scope="module")
def sound():
    return catalogue(N, 20.0, n_stations=4, seed=3, false_per_day=0.0)


def with_magnitudes(tables, values):
    """Exchange the magnitudes, given in time order."""
    return {**tables, "magnitudes": tables["magnitudes"].sort_values("event_id").assign(value=values)}


def magnitudes(tables):
    return tables["magnitudes"].sort_values("event_id")["value"].to_numpy().copy()


def verdicts(tables):
    return audit(make_case(tables, AuditSettings(resamples=100), MODEL), (SIZES,)).findings.set_index("metric")


def test_a_station_that_gives_many_events_one_size_is_found(sound):
    m = magnitudes(sound)
    m[np.random.default_rng(0).choice(N, int(0.08 * N), replace=False)] = 1.3
    rows = verdicts(with_magnitudes(sound, m))
    assert rows.loc["magnitude_excess", "verdict"] == "bad"
    assert rows.loc["magnitude_excess", "value"] == pytest.approx(0.073, abs=0.03)  # some had this size before
    assert "1.30" in rows.loc["magnitude_excess", "why"]


def test_two_peaks_are_found(sound):
    m = magnitudes(sound)
    m[::2] += 2.5
    assert verdicts(with_magnitudes(sound, m)).loc["second_peak", "verdict"] == "bad"


def test_magnitudes_rounded_to_halves_are_found(sound):
    rows = verdicts(with_magnitudes(sound, np.round(magnitudes(sound) * 2) / 2))
    assert rows.loc["magnitude_rounding", ["value", "verdict"]].tolist() == [0.5, "bad"]


@pytest.mark.parametrize("change", [lambda m: 10 ** (1.5 * m + 9.1) / 1e10, lambda m: m - 5.2])
def test_another_unit_is_found(sound, change):
    rows = verdicts(with_magnitudes(sound, np.clip(change(magnitudes(sound)), -5, 11)))
    assert rows.loc["magnitude_range", "verdict"] == "bad"


def test_no_exponential_law_anywhere_is_found(sound):
    even = np.random.default_rng(0).uniform(0.5, 3.0, N)
    assert verdicts(with_magnitudes(sound, even)).loc["exponential_law", "verdict"] == "bad"


def test_missing_large_events_are_worth_a_look(sound):
    m = np.minimum(magnitudes(sound), 2.3 + np.random.default_rng(0).normal(0, 0.05, N))
    rows = verdicts(with_magnitudes(sound, m))
    assert rows.loc["largest_magnitude", "verdict"] == "watch"
    assert rows.loc["largest_magnitude", "expected"] > 3


def test_the_share_without_a_magnitude_is_counted(sound):
    part = {**sound, "magnitudes": sound["magnitudes"].iloc[::2]}
    assert verdicts(part).loc["magnitudes_missing", ["value", "verdict"]].tolist() == [0.5, "bad"]
    assert verdicts(sound).loc["magnitudes_missing", ["value", "verdict"]].tolist() == [0.0, "good"]


def test_no_metric_of_the_magnitudes_calls_a_sound_catalogue_bad():
    """Of completeness, b value and sizes alike: at most one of 20 catalogues may be."""
    verdict = []
    for seed in range(20):
        n, days = [(150, 4.0), (400, 10.0), (1200, 30.0)][seed % 3]
        tables = catalogue(n, days, n_stations=4, seed=seed, false_per_day=0.0)
        case = make_case(tables, AuditSettings(resamples=60, magnitudes=AuditMagnitudesSettings(resamples=50)), MODEL)
        verdict.append(audit(case, (COMPLETENESS, B_VALUE, SIZES)).findings[["metric", "verdict"]].assign(seed=seed))
    rows = pd.concat(verdict)
    bad = rows[rows["verdict"] == "bad"].groupby("metric")["seed"].nunique()
    assert (bad <= 1).all(), bad
    assert (rows["verdict"] == "good").mean() > 0.6


def test_aftershocks_are_not_called_bad():
    """Sequences of Omori's law, with small events missing early in each."""
    for seed in range(2):
        rng = np.random.default_rng(seed)
        days = np.sort(np.concatenate([start + 0.003 * 3000 ** rng.random(700) for start in (1.0, 6.0, 13.0)]))
        since = np.min(np.where(days[:, None] > [1.0, 6.0, 13.0], days[:, None] - [1.0, 6.0, 13.0], 99), axis=1)
        least = np.maximum(1.0, 4.0 - 4.0 - 0.75 * np.log10(since))
        m = np.concatenate([_magnitudes_detected(1, 1.0, one, rng) for one in least])
        tables = catalogue(len(m), 20.0, n_stations=4, seed=seed, false_per_day=0.0)
        moved = tables["origins"].sort_values("event_id")
        moved = moved.assign(time=moved["time"].dt.normalize().min() + (days * 86_400e9).astype("timedelta64[ns]"))
        rows = verdicts({**with_magnitudes(tables, m), "origins": moved})
        assert not (rows["verdict"] == "bad").any(), rows[rows["verdict"] == "bad"]["why"].tolist()


def test_the_expected_count_of_a_bin_is_exact_for_a_cubic_of_logarithms():
    x = np.arange(12) / 10
    bins = Bins(x, np.exp(6 + x - 2 * x**2 + 0.7 * x**3)[None], 0.1)
    inner = excess(bins).iloc[2:-2]
    assert inner["excess"].abs().max() < 1e-9 * inner["count"].max()


def test_bins_are_flagged_by_chance_at_the_stated_rate():
    flagged = [excess(binned(_magnitudes_detected(5000, 1.0, 1.0, np.random.default_rng(seed)), 0.1))["flagged"].any()
               for seed in range(100)]
    assert np.mean(flagged) < 0.05


def test_one_peak_is_the_best_of_all_rises_and_falls():
    counts = np.random.default_rng(0).poisson(20, 9).astype(float)
    fit = one_peak(counts)
    rise = np.sign(np.diff(fit))
    assert (np.diff(rise[rise != 0]) <= 0).all()
    assert fit.sum() == pytest.approx(counts.sum())
    rng = np.random.default_rng(1)
    likelihood = (counts * np.log(fit)).sum()
    for _ in range(3000):  # no other shape with one peak and as many events is likelier
        peak = rng.integers(9)
        other = fit * np.exp(rng.normal(0, 0.1, 9))
        other[:peak].sort()
        other[peak:] = np.sort(other[peak:])[::-1]
        other *= counts.sum() / other.sum()
        assert (counts * np.log(other)).sum() <= likelihood + 1e-9


def test_a_distribution_with_one_peak_has_nothing_out_of_place():
    counts = np.array([1.0, 5, 9, 9, 4, 1])
    assert out_of_place(counts, one_peak(counts)) == 0.0
    assert second_peak(Bins(np.arange(6.0), counts[None], 1.0), np.random.default_rng(0), 20).p == 1.0


@pytest.mark.parametrize("values", [[1.0] * 200, [1.0, 2.0, 3.0]])
def test_equal_and_few_magnitudes_cannot_tell(values):
    tables = catalogue(200, 4.0, n_stations=4, false_per_day=0.0)
    few = tables["magnitudes"].iloc[: len(values)].assign(value=values)
    rows = verdicts({**tables, "magnitudes": few})
    assert not (rows.drop("magnitudes_missing")["verdict"] == "bad").any()
    assert {metric.name for metric in SIZES.metrics} == set(rows.index)
