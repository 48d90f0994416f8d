import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from swarm import SECOND, Recording, swarm

from quakescribe.kernels.onset_time import GUARD, SCALE, aic_onset, highpass, place
from quakescribe.pick import pick_unit
from quakescribe.pick.pal import windows
from quakescribe.settings.pick import PickSettings

W = windows(PickSettings(), 100.0)


def criterion(x):
    """Akaike's criterion of every split, from the definition."""
    n = x.shape[1]
    return np.array([sum(k * np.log(np.mean(row[:k] ** 2)) + (n - k) * np.log(np.mean(row[k:] ** 2)) for row in x)
                     for k in range(GUARD, n - GUARD + 1)])


def step(n=120, at=70, size=30.0, seed=0, traces=1):
    x = np.random.default_rng(seed).standard_normal((traces, n))
    x[:, at:] *= size
    return x


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("traces", [1, 2])
def test_the_split_is_that_of_the_definition(seed, traces):
    x = step(seed=seed, size=2.0, traces=traces)
    cost = criterion(x)
    k, spread = aic_onset(x)
    assert k == GUARD + np.argmin(cost)
    weight = np.exp((cost.min() - cost) / SCALE)
    off = np.arange(len(cost)) - np.argmin(cost)
    assert spread == pytest.approx(np.sqrt((weight * off**2).sum() / weight.sum()))


def test_a_clear_step_is_found_and_a_faint_one_is_less_sharp():
    clear, faint = (aic_onset(step(size=size)) for size in (30.0, 1.5))
    assert abs(clear[0] - 70) <= 1
    assert clear[1] < faint[1]


@pytest.mark.parametrize("x", [np.ones((1, 2 * GUARD)), np.zeros((1, 100)), np.zeros((2, 100)), np.ones((1, 0))])
def test_a_window_that_says_nothing_gives_nothing(x):
    k, spread = aic_onset(x)
    assert k == -1
    assert np.isnan(spread)


def test_a_window_that_begins_without_any_motion_is_no_error():
    x = step()
    x[:, :70] = 0.0
    assert aic_onset(x)[0] == 70


@pytest.mark.parametrize("rate", [20.0, 100.0, 250.0])
def test_the_high_pass_is_a_butterworth_at_rest_under_its_first_sample(rate):
    x = 1e6 + np.random.default_rng(2).standard_normal(300)
    wanted = sosfilt(butter(2, 2.0, "highpass", fs=rate, output="sos"), x - x[0])
    highpass(x, 2.0, rate)
    np.testing.assert_allclose(x, wanted, atol=1e-8)


@pytest.mark.parametrize("off", [-40, -10, 0, 10, 40])
def test_an_onset_is_found_from_wherever_the_picker_put_it(off):
    data = np.random.default_rng(4).standard_normal((3, 1000))
    data[:, 500:] += 40 * np.sin(2 * np.pi * 6 * np.arange(500) / 100)
    clear = np.zeros(data.shape, dtype=bool)
    k, _ = place(data, clear, (1, 2), 500 + off, 500 + off - 70, 500 + off + 50, W, 100.0)
    assert abs(k - 501) <= 1


@pytest.mark.parametrize(("masked", "placed"), [(329, True), (330, False), (429, False), (549, False), (550, True)])
def test_a_masked_sample_or_the_edge_of_the_data_leaves_the_pickers_choice(masked, placed):
    data = step(1000, 500, traces=3)
    mask = np.zeros(data.shape, dtype=bool)
    mask[0, masked] = True
    assert (place(data, mask, (0, 0), 500, 430, 550, W, 100.0)[0] >= 0) == placed
    clear = np.zeros(data.shape, dtype=bool)
    assert place(data, clear, (0, 0), 60, 10, 110, W, 100.0)[0] == -1
    assert place(data, clear, (0, 0), 980, 910, 1030, W, 100.0)[0] == -1


def test_refining_changes_when_but_never_which_pairs_there_are():
    recording = Recording(swarm(900.0, every=10.0, seed=8))
    tables = {}
    for onset in ("pal", "refined"):
        picks, skips = pick_unit(recording.load, recording.start_ns, recording.end_ns,
                                 PickSettings(onset=onset, trigger_threshold=5.0))
        tables[onset] = picks.sort_values(["phase", "time"]), dict(zip(skips["reason"], skips["count"], strict=True))
    (pal, pal_skips), (refined, refined_skips) = tables["pal"], tables["refined"]
    assert len(pal) > 40
    assert pal_skips == refined_skips
    moved = (refined["time"].astype("int64").to_numpy() - pal["time"].astype("int64").to_numpy()) / SECOND
    assert (np.abs(moved) <= 0.71).all()
    assert np.abs(moved).max() > 0
    assert sorted(pal["amplitude_m"].dropna()) == sorted(refined["amplitude_m"].dropna())


@pytest.mark.parametrize("rate", [20.0, 50.0, 100.0])
def test_sharp_onsets_are_placed_within_a_sample(rate):
    t = np.arange(round(300 * rate)) / rate
    x = np.random.default_rng(1).normal(0, 1, (3, len(t)))
    times = np.array([50.3, 120.7, 200.11])
    for onset, size in [(p, (200, 50, 50)) for p in times] + [(p + 4.0, (100, 400, 400)) for p in times]:
        age = np.maximum(t - onset, 0)
        x += np.array(size)[:, None] * np.sin(8 * np.pi * age) * np.exp(-age / 1.5)
    recording = Recording(x.astype(np.float32), fs=rate)
    picks, _ = pick_unit(recording.load, recording.start_ns, recording.end_ns, PickSettings())
    for phase, true in (("P", times), ("S", times + 4.0)):
        at = picks.loc[picks["phase"] == phase, "time"].astype("int64").to_numpy() / SECOND - recording.start
        assert (np.abs(at[:, None] - true).min(axis=0) < 1.0 / rate).all()
