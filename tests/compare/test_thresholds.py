import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.compare.thresholds import above
from quakescribe.errors import TableError
from quakescribe.pick import pick_unit
from quakescribe.settings.network import NetworkSettings
from quakescribe.settings.pick import PickSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from swarm import Recording, swarm

TINY = Path(__file__).parents[1] / "data" / "tiny_sar.safetensors"


def network(threshold, s_threshold=None):
    return NetworkSettings(weights=str(TINY), p_threshold=threshold, s_threshold=s_threshold or threshold)


@pytest.fixture(scope="module")
def recording():
    return Recording(swarm(2000.0, every=4.0))


def picked(recording, settings):
    return pick_unit(recording.load, recording.start_ns, recording.end_ns,
                     PickSettings(picker="sar", network=settings))[0]


@pytest.fixture(scope="module")
def low(recording):
    return picked(recording, network(0.05))


@pytest.mark.parametrize("thresholds", [(0.1, 0.1), (0.3, 0.3), (0.7, 0.7), (0.2, 0.6)])
def test_picks_above_a_threshold_are_those_the_network_picks_at_it(recording, low, thresholds):
    direct, filtered = picked(recording, network(*thresholds)), above(low, network(*thresholds))
    assert 100 < len(direct) < len(low)
    amplitude = ["amplitude_m"]
    pd.testing.assert_frame_equal(filtered.drop(columns=amplitude), direct.drop(columns=amplitude), check_exact=True)
    known = filtered["amplitude_m"].notna()
    assert known.sum() > 0.5 * direct["amplitude_m"].notna().sum()
    pd.testing.assert_series_equal(filtered["amplitude_m"][known], direct["amplitude_m"][known], check_exact=True)


def test_pairs_change_with_the_threshold(low):
    high = above(low, network(0.7))
    before = low.set_index("pick_id")["pair_id"].loc[high["pick_id"]].to_numpy()
    assert (high["pair_id"].to_numpy() != before).any()


def test_the_same_threshold_changes_nothing(low):
    pd.testing.assert_frame_equal(above(low, network(0.05)), low, check_exact=True)


def test_stations_do_not_pair_with_each_other(low):
    other = low.assign(station_id="XX.OTHER.", pick_id=low["pick_id"] + 1,
                       pair_id=np.where(low["pair_id"] > 0, low["pair_id"] + 1, 0))
    both = above(pd.concat([low, other], ignore_index=True), network(0.3))
    mine = both[both["station_id"] == "XX.SIM."].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, above(low, network(0.3)), check_exact=True)


def test_picks_of_a_rule_are_refused(low):
    with pytest.raises(TableError, match="rule-based"):
        above(low.assign(probability=np.float32(np.nan)), network(0.3))


def test_no_picks_stay_none(low):
    assert len(above(low.iloc[:0], network(0.3))) == 0
