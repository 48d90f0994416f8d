import sys
from pathlib import Path

import numpy as np
import pytest

from quakescribe.pick import pick_unit
from quakescribe.pick.network import Onsets, _apart
from quakescribe.settings.network import NetworkSettings
from quakescribe.settings.pick import PickSettings
from quakescribe.tables import PICKS

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from swarm import Recording, events, swarm

TINY = Path(__file__).parents[1] / "data" / "tiny_sar.safetensors"


def settings(**network):
    return PickSettings(picker="sar", network=NetworkSettings(weights=str(TINY), **network))


def onsets(times, probability):
    n = len(times)
    return Onsets(np.array(times, float), np.array(times, np.int64), np.array(probability, float),
                  np.zeros((n, 2), np.int64), np.zeros((n, 2)))


def slow_apart(times, probability, near):
    """An onset goes if a more probable one (or an equal, earlier one) lies near."""
    kept = []
    for i in range(len(times)):
        rivals = [j for j in range(len(times)) if j != i and abs(times[j] - times[i]) < near]
        if not any(probability[j] > probability[i] or (probability[j] == probability[i] and times[j] < times[i])
                   for j in rivals):
            kept.append(times[i])
    return sorted(kept)


def test_of_onsets_that_were_refined_together_the_more_probable_stays():
    rng = np.random.default_rng(0)
    for _ in range(30):
        times = np.unique(np.cumsum(rng.integers(60, 400, 30)))
        probability = rng.permutation(np.linspace(0.3, 1, len(times)))
        found = _apart(onsets(times, probability), 250).time
        assert found.tolist() == slow_apart(times, probability, 250)


def test_equal_times_leave_one_and_the_rest_is_in_order_of_time():
    found = _apart(onsets([500, 100, 500], [0.4, 0.9, 0.8]), 250)
    assert found.time.tolist() == [100, 500]
    assert found.probability.tolist() == [0.9, 0.8]


@pytest.mark.parametrize("threshold", [0.02, 0.1, 0.3])
def test_a_dense_swarm_gives_every_onset_once_at_any_threshold(threshold):
    recording = Recording(swarm(1300.0, every=4.0))
    picks, _ = pick_unit(recording.load, recording.start_ns, recording.end_ns,
                         settings(p_threshold=threshold, s_threshold=threshold))
    PICKS.check(picks)
    assert len(picks) > 50


def test_a_lower_threshold_finds_more_and_none_below_it():
    recording = Recording(swarm(700.0))
    found = {}
    for threshold in (0.2, 0.6):
        picks, _ = pick_unit(recording.load, recording.start_ns, recording.end_ns,
                             settings(p_threshold=threshold, s_threshold=threshold))
        assert picks["probability"].min() >= np.float32(threshold)
        found[threshold] = len(picks)
    assert found[0.2] > found[0.6]


def test_without_a_horizontal_only_p_are_given_out_and_s_are_counted():
    times = np.arange(40.0, 640.0, 60.0)
    recording = Recording(events(700.0, times, np.full(10, 3.0), np.full(10, 60.0)), present="Z")
    picks, skips = pick_unit(recording.load, recording.start_ns, recording.end_ns, settings(s_threshold=0.02))
    assert set(picks["phase"]) == {"P"}
    assert (picks["pair_id"] == 0).all()
    assert skips.set_index("reason")["count"]["no-horizontal"] > 0


def test_without_a_vertical_nothing_is_picked_and_it_is_said():
    recording = Recording(swarm(700.0), present="NE")
    picks, skips = pick_unit(recording.load, recording.start_ns, recording.end_ns, settings())
    assert picks.empty
    assert skips["reason"].tolist() == ["no-vertical"]


def test_the_largest_of_overlapping_windows_finds_no_fewer():
    recording = Recording(swarm(700.0))
    mean, largest = (len(pick_unit(recording.load, recording.start_ns, recording.end_ns,
                                   settings(stack=how, overlap=0.5))[0]) for how in ("mean", "max"))
    assert largest >= mean > 0


def test_onsets_can_be_left_where_the_network_put_them():
    recording = Recording(swarm(700.0))
    picks, _ = pick_unit(recording.load, recording.start_ns, recording.end_ns, settings(onset="network"))
    assert (picks["uncertainty_s"] == np.float32(0.12)).all()
