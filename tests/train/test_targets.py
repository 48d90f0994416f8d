import numpy as np
import pytest

from quakescribe.settings.train import AugmentSettings
from quakescribe.train.augment import Pieces, windows
from quakescribe.train.targets import Onsets, curves, steps

NOTHING = {"shift": False, "partial_share": 0, "noise_share": 0, "stack_share": 0, "drop_share": 0, "gain_db": 0,
           "polarity_share": 0}


def onsets(*rows):
    """Rows: (window, at, phase, learn)."""
    columns = list(zip(*rows, strict=True)) or [()] * 4
    return Onsets(np.array(columns[0], np.int64), np.array(columns[1], float), np.array(columns[2], np.int64),
                  np.array(columns[3], bool))


def test_an_onset_is_a_bell_and_noise_is_the_rest():
    target, weight = curves(onsets((0, 100.4, 1, True)), 2, 300, 10.0, 50.0)
    bell = np.exp(-0.5 * ((np.arange(300) - 100.4) / 10) ** 2)
    near = np.abs(np.arange(300) - 100.4) <= 40
    np.testing.assert_allclose(target[0, 1], np.where(near, bell, 0), atol=1e-6)
    np.testing.assert_allclose(target[0, 0], 1 - target[0, 1], atol=1e-6)
    assert (target[1, 0] == 1).all()
    assert (weight == 1).all()


def test_p_and_s_on_one_place_share_the_probability():
    target, _ = curves(onsets((0, 100, 1, True), (0, 102, 2, True)), 1, 300, 10.0, 0.0)
    assert target.min() >= 0
    np.testing.assert_allclose(target.sum(axis=1), 1, atol=1e-6)
    assert target[0, 1, 101] == pytest.approx(0.5, abs=0.05)


def test_no_loss_round_a_doubtful_onset_but_for_what_is_learned_there():
    target, weight = curves(onsets((0, 100, 1, False), (0, 160, 2, True)), 1, 300, 10.0, 50.0)
    assert (weight[0, 50:140] == 0).all()
    assert (weight[0, 140:181] == 1).all()
    assert (weight[0, :50] == 1).all()
    assert target[0, 1].max() == 0


def test_a_step_is_p_or_s_where_its_frame_holds_one_and_s_wins():
    target, weight = steps(onsets((0, 105, 1, True), (0, 121, 2, True), (0, 250, 1, False)), 1, 26, 10, 50, 20.0)
    expected = np.zeros(26, int)
    for k in range(26):
        if 10 * k <= 105 < 10 * k + 50:
            expected[k] = 1
        if 10 * k <= 121 < 10 * k + 50:
            expected[k] = 2
    np.testing.assert_array_equal(target[0].argmax(axis=0), expected)
    assert [k for k in range(26) if weight[0, k] == 0] == [k for k in range(26) if 10 * k + 50 > 230 and 10 * k <= 270]


def pieces(n=20, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3, 6000)).astype(np.float32) * 0.01
    s = 3000 + rng.integers(100, 1500, n)
    x[:, :, 3000] = 1.0
    for k in range(n):
        x[k, :, s[k]] = -1.0
    rows = [(k, at, phase, True) for k in range(n) for at, phase in ((3000, 1), (s[k], 2))]
    return Pieces(x, np.full(n, 3000.0), s.astype(float), onsets(*rows), np.array(["A", "B"] * (n // 2), object))


def test_both_onsets_lie_in_the_window_wherever_it_begins():
    made = pieces()
    random = np.random.default_rng(1)
    begins = set()
    for _ in range(20):
        x, found = windows(made, 2000, 100.0, AugmentSettings(**NOTHING | {"shift": True}), random)
        assert x.shape == (20, 3, 2000)
        assert np.bincount(found.window, minlength=20).tolist() == [2] * 20
        for window, at, phase in zip(found.window, found.at, found.phase, strict=True):
            assert x[window, 0, round(at)] == (1.0 if phase == 1 else -1.0)
        begins |= set(found.at[found.phase == 1])
    assert len(begins) > 200
    assert min(begins) < 100


def test_partial_windows_may_hold_one_onset_only():
    _, found = windows(pieces(200), 2000, 100.0, AugmentSettings(**NOTHING | {"shift": True, "partial_share": 1.0}),
                       np.random.default_rng(1))
    counts = np.bincount(found.window, minlength=200)
    assert set(counts) == {1, 2}


def test_without_randomness_nothing_varies():
    made = pieces()
    a, b = (windows(made, 2000, 100.0, AugmentSettings(), None)[0] for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_a_stacked_event_brings_its_onsets_with_it():
    made = pieces()
    x, found = windows(made, 2000, 100.0, AugmentSettings(**NOTHING | {"stack_share": 1.0}), np.random.default_rng(2))
    assert len(found.window) > 40
    for window, at in zip(found.window, found.at, strict=True):
        assert np.abs(x[window, 0, round(at)]) > 0.05


def test_background_is_added_to_positives_only_up_to_the_level():
    made = pieces()
    noise = np.random.default_rng(5).uniform(-1, 1, made.x.shape).astype(np.float32)
    chosen = AugmentSettings(**NOTHING | {"noise_share": 1.0, "noise_level_max": 0.5})
    plain, _ = windows(made, 2000, 100.0, AugmentSettings(**NOTHING), np.random.default_rng(2), noise)
    added, _ = windows(made, 2000, 100.0, chosen, np.random.default_rng(2), noise)
    level = np.abs(added - plain).max(axis=(1, 2))
    assert (level > 0).all()
    assert level.max() <= 0.51
    negative = Pieces(made.x, np.full(20, np.nan), np.full(20, np.nan), Onsets.together([]), made.station)
    plain, _ = windows(negative, 2000, 100.0, AugmentSettings(**NOTHING), np.random.default_rng(2), noise)
    added, _ = windows(negative, 2000, 100.0, chosen, np.random.default_rng(2), noise)
    np.testing.assert_array_equal(plain, added)


def test_components_are_silenced_turned_and_weighted_together():
    made = pieces()
    plain, _ = windows(made, 2000, 100.0, AugmentSettings(**NOTHING), np.random.default_rng(2))
    silent, _ = windows(made, 2000, 100.0, AugmentSettings(**NOTHING | {"drop_share": 1.0}), np.random.default_rng(2))
    dead = (np.abs(silent).max(axis=2) == 0).sum(axis=1)
    assert dead.min() >= 0
    assert dead.max() <= 2
    assert (dead > 0).any()
    turned, _ = windows(made, 2000, 100.0, AugmentSettings(**NOTHING | {"polarity_share": 1.0}),
                        np.random.default_rng(2))
    np.testing.assert_array_equal(turned, -plain)
