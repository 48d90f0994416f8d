import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from swarm import SECOND, Recording, swarm

from quakescribe.kernels.phase_check import find_p_before, is_s
from quakescribe.pick import pick_unit
from quakescribe.pick.pal import windows
from quakescribe.settings.pick import PickSettings
from quakescribe.tables import PICKS

W = windows(PickSettings(), 100.0)
FAINT_P = np.array([(60.0, 4.0), (120.0, 6.0), (180.0, 3.0), (240.0, 8.0)])


def faint(p_size=1.4, s_size=40.0):
    """Return events whose P does not trigger, as rows Z, N, E: the S is the first that does."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((3, 30000))
    for p, sp in FAINT_P:
        for onset, weight in ((p, (p_size, 0.3, 0.3)), (p + sp, (s_size / 4, s_size, s_size))):
            begin = round(onset * 100)
            smooth = np.apply_along_axis(lambda row: np.convolve(row, np.ones(5) / 5, "same"), 1,
                                         rng.standard_normal((3, 1200)))
            x[:, begin:begin + 1200] += np.array(weight)[:, None] * 3 * smooth * np.exp(-np.arange(1200) / 200)
    return Recording(x.astype(np.float32))


def onsets(recording, phase, **settings):
    picks, skips = pick_unit(recording.load, recording.start_ns, recording.end_ns, PickSettings(**settings))
    times = picks.loc[picks["phase"] == phase, "time"].astype("int64").to_numpy() / SECOND - recording.start
    return times, dict(zip(skips["reason"], skips["count"], strict=True))


def test_an_s_that_triggers_is_given_its_p():
    recording = faint()
    without, _ = onsets(recording, "P", phase_test=False)
    s = FAINT_P.sum(axis=1)
    assert np.count_nonzero(np.abs(without[:, None] - s).min(axis=0) < 0.7) >= 3
    p, _ = onsets(recording, "P")
    assert np.count_nonzero(np.abs(p[:, None] - FAINT_P[:, 0]).min(axis=0) < 0.3) >= 3
    assert np.abs(p[:, None] - s).min() > 0.7
    found, _ = onsets(recording, "S")
    assert np.count_nonzero(np.abs(found[:, None] - s).min(axis=0) < 0.3) >= 3


def test_an_s_without_any_p_before_it_is_dropped_and_counted():
    p, skips = onsets(faint(), "P", p_again_ratio=1000.0)
    assert len(p) <= 1
    assert skips["p-is-s"] >= 3


@pytest.mark.parametrize(("p", "s", "answer"), [
    ((3, 1, 1), (3, 9, 9), False),    # a P, and a stronger S
    ((1, 3, 3), (1, 3, 3), True),     # horizontal motion, and no stronger one
    ((1, 3, 3), (1, 9, 9), False),    # horizontal motion, but a stronger S
    ((3, 1, 1), (3, 1, 1), False),    # vertical motion
])
def test_the_two_ratios_decide(p, s, answer):
    x = np.ones((3, 1000))
    x[:, 300:500] *= np.array(p)[:, None]
    x[:, 500:] *= np.array(s)[:, None]
    assert is_s(x, 1, 2, 300, 500, 100, W) == answer


@pytest.mark.parametrize("sp", [60, 80])
def test_a_near_event_without_any_earlier_p_stays_a_pair(sp):
    x = np.random.default_rng(5).standard_normal((3, 3000))
    age = np.arange(1500) / 100
    x[0, 1500:] += 30 * np.sin(2 * np.pi * 8 * age) * np.exp(-age)
    x[1:, 1500 + sp:] += 300 * np.sin(2 * np.pi * 6 * age[:-sp]) * np.exp(-age[:-sp])
    recording = Recording(x.astype(np.float32))
    p, skips = onsets(recording, "P")
    s, _ = onsets(recording, "S")
    assert skips.get("p-is-s", 0) == 0
    assert np.abs(p - 15.0).min() < 0.05
    assert np.abs(s - 15.0 - sp / 100).min() < 0.05


def test_a_p_is_found_before_an_s_only_if_it_stands_out():
    x = np.random.default_rng(1).standard_normal((3, 2000))
    assert find_p_before(x, 500, 1500, 4.0, W) == -1
    x[0, 900:] *= 8
    assert abs(find_p_before(x, 500, 1500, 4.0, W) - 900) <= 10


def test_cuts_between_a_p_and_the_s_that_triggered_change_nothing():
    recording = faint()
    whole, _ = pick_unit(recording.load, recording.start_ns, recording.end_ns, PickSettings())
    edges = [recording.start_ns, *(recording.start_ns + int((p + sp / 2) * SECOND) for p, sp in FAINT_P),
             recording.end_ns]
    parts = [pick_unit(recording.load, a, b, PickSettings())[0] for a, b in pairwise(edges)]
    pd.testing.assert_frame_equal(PICKS.order(pd.concat(parts, ignore_index=True)), whole, check_exact=True)


def test_no_onset_is_picked_twice_in_a_dense_swarm():
    recording = Recording(swarm(1200.0, every=4.0, seed=11))
    picks, _ = pick_unit(recording.load, recording.start_ns, recording.end_ns, PickSettings(trigger_threshold=3.0))
    assert len(picks) > 100
    for _, mine in picks.groupby("phase"):
        assert np.diff(np.sort(mine["time"].astype("int64"))).min() > 0.5 * SECOND
