import numpy as np
import pytest

from quakescribe.kernels.peaks import find_peaks, measure_onsets, measure_pairs, pair_up
from quakescribe.pick.pal import windows
from quakescribe.settings.pick import PickSettings

W = windows(PickSettings(), 100.0)


def bell(n, at, sigma=10.0, height=0.9):
    return (height * np.exp(-0.5 * ((np.arange(n) - at) / sigma) ** 2)).astype(np.float32)


@pytest.fixture(params=["compiled", "python"])
def peaks(request):
    kernel = find_peaks if request.param == "compiled" else find_peaks.py_func

    def found(*arguments):
        whole, part, height = kernel(*arguments)
        return whole + part, height

    return found


@pytest.fixture(params=["compiled", "python"])
def pairing(request):
    return pair_up if request.param == "compiled" else pair_up.py_func


@pytest.mark.parametrize("at", [50.0, 50.3, 49.5, 12.25])
def test_the_top_is_found_between_the_samples(peaks, at):
    found, height = peaks(bell(100, at), np.float32(0.3), 50, False)
    assert found == pytest.approx([at], abs=0.01)
    assert height == pytest.approx([0.9], abs=0.01)


def test_what_lies_below_the_threshold_is_no_peak(peaks):
    assert len(peaks(bell(100, 50, height=0.29), np.float32(0.3), 50, False)[0]) == 0


def test_of_two_peaks_closer_than_the_separation_the_larger_stays(peaks):
    curve = np.maximum(bell(200, 80, height=0.5), bell(200, 120, height=0.9))
    assert peaks(curve, np.float32(0.3), 50, False)[0] == pytest.approx([120], abs=0.1)
    assert peaks(curve, np.float32(0.3), 25, False)[0] == pytest.approx([80, 120], abs=0.5)


def test_of_equal_peaks_the_first_stays(peaks):
    curve = np.zeros(100, np.float32)
    curve[[40, 60]] = 0.8
    assert list(peaks(curve, np.float32(0.3), 50, False)[0]) == [40]


def test_a_plateau_gives_one_peak_and_its_middle(peaks):
    curve = np.zeros(200, np.float32)
    curve[80:131] = 0.7
    assert len(peaks(curve, np.float32(0.3), 100, False)[0]) == 1
    assert list(peaks(curve, np.float32(0.3), 100, True)[0]) == [105.0]


def test_nan_and_nothing_give_no_peak(peaks):
    assert len(peaks(np.full(50, np.nan, np.float32), np.float32(0.3), 10, False)[0]) == 0
    assert len(peaks(np.empty(0, np.float32), np.float32(0.3), 10, False)[0]) == 0


def test_cutting_the_curve_changes_no_peak_inside():
    rng = np.random.default_rng(0)
    curve = np.convolve(rng.random(5000), np.ones(15) / 15, "same").astype(np.float32)
    at, rest, _ = find_peaks(curve, np.float32(0.4), 50, False)
    of_cut, rest_of_cut, _ = find_peaks(curve[1000:3000], np.float32(0.4), 50, False)
    inside, same = (at > 1100) & (at < 2900), (of_cut > 100) & (of_cut < 1900)
    assert inside.sum() > 10
    np.testing.assert_array_equal(at[inside], of_cut[same] + 1000)
    np.testing.assert_array_equal(rest[inside], rest_of_cut[same])


def slow_pairs(p, s, shortest, longest):
    """Each P and S must be each other's nearest at least `shortest` apart."""
    out = []
    for one in p:
        later = [k for k, other in enumerate(s) if other - one >= shortest]
        partner = later[0] if later and s[later[0]] - one <= longest else -1
        if partner >= 0:
            before = [other for other in p if s[partner] - other >= shortest]
            if before[-1] != one:
                partner = -1
        out.append(partner)
    return out


def test_pairs_are_each_others_nearest(pairing):
    rng = np.random.default_rng(1)
    for _ in range(50):
        p, s = (np.unique(rng.integers(0, 2000, rng.integers(0, 40))) for _ in range(2))
        assert list(pairing(p, s, 30, 200)) == slow_pairs(p, s, 30, 200)


def test_an_s_belongs_to_the_last_p_before_it(pairing):
    assert list(pairing(np.array([100, 300]), np.array([450]), 30, 2000)) == [-1, 0]


def test_an_s_too_near_or_too_far_pairs_with_nothing(pairing):
    assert list(pairing(np.array([100]), np.array([110]), 30, 200)) == [-1]
    assert list(pairing(np.array([100]), np.array([500]), 30, 200)) == [-1]


def recording():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((3, 6000)).astype(np.float32)
    x[0, 2000:] *= 10
    x[1:, 2600:] *= 20
    return x, np.zeros(x.shape, bool)


def measured(x, mask, at, is_s, before=40, after=30, least=1.5):
    onsets = np.array([at])
    rows, measures = measure_onsets(x, mask, x, mask, onsets, is_s, before, after, least, 100.0, W)
    return onsets[0], rows.tolist(), measures[0]


def test_ratio_and_rows_of_p_and_s():
    x, mask = recording()
    _, rows, (ratio, sharp) = measured(x, mask, 1999.5, False, least=100.0)
    assert rows == [[0, 0]]
    assert ratio == pytest.approx(10, rel=0.2)
    assert np.isnan(sharp)
    _, rows, (ratio, sharp) = measured(x, mask, 1999.5, False)
    assert ratio > 5
    assert 0 < sharp < 0.1
    _, rows, (ratio, _) = measured(x, mask, 2599.5, True)
    assert rows == [[1, 2]]
    assert ratio > 5


@pytest.mark.parametrize("off", [-20, 0, 30])
def test_an_onset_that_stands_out_is_placed_anew_and_a_weak_one_stays(off):
    x, mask = recording()
    assert measured(x, mask, 1999.5 + off, False)[0] == pytest.approx(1999.5, abs=2)
    at, _, (_, sharp) = measured(x, mask, 1999.5 + off, False, least=100.0)
    assert at == 1999.5 + off
    assert np.isnan(sharp)
    assert measured(x, mask, 1999.5 + off, False, before=0, after=0)[0] == 1999.5 + off


def test_an_onset_on_masked_samples_has_no_rows_and_one_horizontal_counts_twice():
    x, mask = recording()
    mask[0, 1950] = mask[1, 2550] = True
    assert measured(x, mask, 1999.5, False)[1] == [[-1, -1]]
    assert measured(x, mask, 2599.5, True)[1] == [[2, 2]]
    mask[2, 2650] = True
    assert measured(x, mask, 2599.5, True)[1] == [[-1, -1]]


def test_the_displacement_is_that_of_the_formula_and_missing_where_samples_are_masked():
    x, mask = recording()
    p, s, rows = np.array([1999.5]), np.array([2599.5]), np.array([[1, 2]])
    window = slice(1999 - 100, 2599 + 500)
    d = np.cumsum(x[:, window] - x[:, window].mean(axis=1, dtype=np.float64, keepdims=True), axis=1) / 100
    expected = np.sqrt((d**2).sum(axis=0).max())
    assert measure_pairs(x, mask, rows, p, s, 100, 500, 100.0) == pytest.approx([expected], rel=1e-6)
    mask[2, 3000] = True
    assert np.isnan(measure_pairs(x, mask, rows, p, s, 100, 500, 100.0)[0])
