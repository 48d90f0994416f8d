"""Completeness magnitudes against their known behaviour, slow oracles, and catalogues made to be sound or not."""

from __future__ import annotations

import numpy as np
import pytest
from made_catalogue import MODEL, _magnitudes_detected, catalogue
from scipy.stats import norm

from quakescribe.audit import audit, make_case
from quakescribe.audit.completeness import (
    COMPLETENESS,
    DITHERS,
    b_stability,
    entire_range,
    first_exponential,
    goodness_of_fit,
    lilliefors,
    lowest_that,
    simple_estimates,
)
from quakescribe.audit.magnitude_bins import (
    LILLIEFORS,
    Dithered,
    bin_width,
    binned,
    exponential_p,
    first_moments,
    maximum_curvature,
    rounding,
    tinti,
)
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.audit_magnitudes import AuditMagnitudesSettings

SETTINGS = AuditMagnitudesSettings()
LEAST = SETTINGS.events_least


def law(n, b=1.0, start=0.95, seed=0):
    return start + np.random.default_rng(seed).exponential(np.log10(np.e) / b, n)


def detected(n, seed, b=1.0):
    return _magnitudes_detected(n, b, 1.0, np.random.default_rng(seed))


def found(tables, **settings):
    case = make_case(tables, AuditSettings(magnitudes=AuditMagnitudesSettings(**settings)), MODEL)
    return audit(case, (COMPLETENESS,)).findings


# Measured once for another implementation (mean of many catalogues): truth b = 1, detection Phi((m - 1) / 0.25).
KNOWN = {1000: (1.07, 1.27, 1.20, 1.28, 1.40, 1.23), 5000: (1.11, 1.30, 1.15, 1.37, 1.54, 1.37),
         20_000: (1.11, 1.31, 1.15, 1.46, 1.62, 1.45)}
METHODS = ("maxC", "maxC corrected", "GFT 95%", "MBS", "EMR", "Lilliefors")
SCATTER = (0.06, 0.06, 0.06, 0.06, 0.22, 0.09)  # of one catalogue


@pytest.mark.parametrize("n", KNOWN)
def test_gradual_detection_gives_the_known_magnitude_by_every_method(n):
    repeats, rows = {1000: 24, 5000: 12, 20_000: 8}[n], []
    for seed in range(repeats):
        bins = binned(np.round(detected(n, seed), 2), 0.1)
        one = {method: value[0] for method, value in simple_estimates(bins, SETTINGS).items()}
        p = lilliefors(bins, LEAST, np.random.default_rng(seed), DITHERS)
        one["Lilliefors"] = lowest_that((p >= 0.1)[None], bins.magnitude)[0]
        rows.append([one[method] for method in METHODS])
    away = np.nanmean(rows, axis=0) - KNOWN[n]
    assert np.all(np.abs(away) < 3 * np.array(SCATTER) / np.sqrt(repeats) + 0.03), dict(zip(METHODS, away, strict=True))


def test_every_method_finds_a_sharp_completeness():
    for seed in range(3):
        magnitudes = law(20_000, seed=seed)
        weak = np.random.default_rng(seed + 9).uniform(0.0, 0.95, 1500)  # few are found below
        bins = binned(np.round(np.concatenate([magnitudes, weak]), 2), 0.1)
        estimates = simple_estimates(bins, SETTINGS)
        p = lilliefors(bins, LEAST, np.random.default_rng(seed), DITHERS)
        estimates["Lilliefors"] = lowest_that((p >= 0.1)[None], bins.magnitude)
        assert estimates["maxC corrected"][0] == pytest.approx(1.2)
        for method in ("maxC", "GFT 95%", "MBS", "EMR", "Lilliefors"):
            assert estimates[method][0] == pytest.approx(1.0, abs=0.11), method


def test_goodness_of_fit_and_stability_equal_what_their_papers_write():
    magnitudes = np.round(detected(800, 3), 1)
    bins = binned(magnitudes, 0.1)
    fit, stable = goodness_of_fit(bins, LEAST)[0], b_stability(bins, LEAST)[0]
    b_of = {}
    for cut in bins.magnitude:
        used = magnitudes[magnitudes > cut - 0.05]
        if len(used) >= LEAST:
            b_of[cut] = np.log10(1 + 0.1 / (used.mean() - cut)) / 0.1
    for k, cut in enumerate(bins.magnitude):
        if cut not in b_of:
            assert np.isnan(fit[k]) and np.isnan(stable[k])
            continue
        later = bins.magnitude[k:]
        seen = np.array([(magnitudes > m - 0.05).sum() for m in later])
        expected = seen[0] * 10 ** (-b_of[cut] * (later - cut))
        assert fit[k] == pytest.approx(1 - np.abs(seen - expected).sum() / seen.sum())
        next_ones = [b_of.get(m) for m in bins.magnitude[k : k + 5]]
        if len(next_ones) == 5 and None not in next_ones:
            used = magnitudes[magnitudes > cut - 0.05]
            squares = ((used - used.mean()) ** 2).sum()
            error = 2.302585 * b_of[cut] ** 2 * np.sqrt(squares / (len(used) * (len(used) - 1)))
            assert stable[k] == pytest.approx(abs(np.mean(next_ones) - b_of[cut]) / error)


def test_the_entire_range_recovers_where_and_how_gradually_detection_sets_in():
    rows = []
    for seed in range(4):
        mc, middle, width = entire_range(binned(detected(20_000, seed), 0.1), LEAST)
        rows.append((mc[0], middle[0], width[0]))
    mc, middle, width = np.mean(rows, axis=0)
    assert middle == pytest.approx(1.0, abs=0.04)
    assert width == pytest.approx(0.25, abs=0.04)
    assert 0.9 < norm.cdf((mc - 1.0) / 0.25) < 1.0


def test_resamples_in_one_array_give_what_each_gives_alone():
    bins = binned(detected(600, 1), 0.1)
    drawn = bins.resampled(np.random.default_rng(0), 20)
    together = simple_estimates(drawn, SETTINGS)
    for row in range(20):
        alone = type(drawn)(drawn.magnitude, drawn.counts[row : row + 1], drawn.width)
        for method, value in simple_estimates(alone, SETTINGS).items():
            if method != "EMR":  # looked for around the fullest bin of the median resample
                assert value[0] == pytest.approx(together[method][row], nan_ok=True), method


def test_the_exponential_test_rejects_the_share_that_it_says():
    rng = np.random.default_rng(0)
    p = np.array([exponential_p(np.sort(rng.exponential(2.0, 300))) for _ in range(2000)])
    for level in (0.05, 0.1, 0.5):
        assert np.mean(p < level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / len(p)))


def test_its_table_holds_the_published_points():
    for p, point in ((0.15, 0.926), (0.1, 0.990), (0.05, 1.094), (0.01, 1.308)):  # Stephens (1974), table 1.1
        assert np.interp(p, LILLIEFORS[1][::-1], LILLIEFORS[0][::-1]) == pytest.approx(point, abs=0.025)


def test_binned_magnitudes_of_a_law_are_rejected_no_more_often_than_continuous_ones():
    rng, p = np.random.default_rng(1), []
    for seed in range(300):
        bins = binned(law(3000, seed=seed), 0.1)
        b = float(tinti(bins)[0][0, 0])
        p.append(exponential_p(Dithered(bins.counts[0], 0.1, rng).heights(0, b)))
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=0.055)


def test_spreading_evenly_within_bins_would_reject_a_true_law():
    magnitudes = law(60_000, seed=2)
    bins = binned(magnitudes, 0.1)
    index = np.round(magnitudes / 0.1)
    even = np.sort((index + np.random.default_rng(0).uniform(-0.5, 0.5, len(index))) * 0.1 - 0.95)
    right = Dithered(bins.counts[0], 0.1, np.random.default_rng(0)).heights(0, float(tinti(bins)[0][0, 0]))
    assert exponential_p(even) < 0.01 < exponential_p(right)


def test_events_spread_within_bins_stay_in_their_bins_in_order():
    counts = np.array([5.0, 0.0, 300.0, 1.0])
    spread = Dithered(counts, 0.1, np.random.default_rng(0))
    heights = spread.heights(0, 1.0)
    assert (np.diff(heights) >= 0).all()
    assert np.histogram(heights, bins=[0, 0.1, 0.2, 0.3, 0.4])[0].tolist() == counts.tolist()
    assert np.histogram(spread.heights(2, 1.0), bins=[0, 0.1, 0.2])[0].tolist() == [300, 1]


def test_resamples_of_a_law_find_an_exponential_law_from_its_start():
    bins = binned(law(2000, seed=5), 0.1)
    out = first_exponential(bins.resampled(np.random.default_rng(0), 30), LEAST, 0.1, np.random.default_rng(1))
    assert np.median(out) <= 1.2


def test_moments_above_a_cut_off_equal_those_of_the_events():
    magnitudes = np.round(law(400, seed=4), 1)
    bins = binned(magnitudes, 0.1)
    n, height, variance = (part[0] for part in first_moments(bins))
    for k, cut in enumerate(bins.magnitude):
        used = magnitudes[magnitudes > cut - 0.05] / 0.1
        assert n[k] == len(used)
        assert height[k] == pytest.approx(used.mean() - cut / 0.1)
        assert variance[k] == pytest.approx(used.var(), abs=1e-9)


@pytest.mark.parametrize(("digits", "factor", "width"), [(1, 1, 0.1), (2, 1, 0.01), (0, 1, 1.0), (0, 2, 0.5),
                                                         (0, 4, 0.25), (9, 1, 0.0)])
def test_the_rounding_of_magnitudes_is_found(digits, factor, width):
    assert rounding(np.round(law(500) * factor, digits) / factor) == width


def test_magnitudes_are_counted_in_multiples_of_their_rounding():
    coarse = np.round(law(500) * 4) / 4
    assert bin_width(coarse, 0.1) == 0.25
    assert bin_width(np.round(law(500), 2), 0.1) == 0.1
    assert bin_width(np.round(law(500) / 0.05) * 0.05, 0.12) == pytest.approx(0.15)
    assert bin_width(law(500), 0.1) == 0.1
    assert bin_width([1.0] * 5, 0.1) == 0.1


def test_the_fullest_bin_is_the_lowest_of_equals():
    assert maximum_curvature(binned([1.0, 1.0, 2.0, 2.0], 0.1))[0] == 1.0


def test_methods_that_all_fail_are_called_bad():
    rng = np.random.default_rng(0)
    tables = catalogue(1500, 10.0, n_stations=4, false_per_day=0.0)
    tables["magnitudes"] = tables["magnitudes"].assign(value=np.round(rng.choice([0.3, 1.4, 2.9], 1500), 2))
    rows = found(tables).set_index("metric")
    assert rows.loc["completeness_methods", "verdict"] == "bad"


def test_each_method_has_its_own_row_and_the_correction_is_in_its_name():
    tables = catalogue(400, 8.0, n_stations=4, false_per_day=0.0)
    rows = found(tables, correction=0.3, resamples=40)
    keys = rows.loc[rows["metric"] == "completeness_magnitude", "key"]
    assert sorted(keys) == sorted(["maxC", "maxC+0.3", "GFT 90%", "GFT 95%", "MBS", "EMR", "Lilliefors"])


@pytest.mark.parametrize("values", [[np.nan] * 300, [1.0] * 300, [1.0, 2.0, 3.0] + [np.nan] * 297,
                                    [-4.9] + [1.0] * 298 + [10.9]])
def test_magnitudes_that_say_nothing_give_no_error(values):
    tables = catalogue(300, 5.0, n_stations=4, false_per_day=0.0)
    magnitudes = tables["magnitudes"].assign(value=values).dropna(subset=["value"])
    rows = found({**tables, "magnitudes": magnitudes})
    assert not (rows["verdict"] == "bad").any()
    assert {metric.name for metric in COMPLETENESS.metrics} <= set(rows["metric"])
