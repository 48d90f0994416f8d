from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from swarm import SECOND, Recording, swarm

from quakescribe.pick import pal, pick_unit
from quakescribe.settings.pick import PickSettings
from quakescribe.tables import PICKS

SETTINGS = PickSettings(trigger_threshold=4.0)


def pieces(recording, edges):
    parts = [pick_unit(recording.load, a, b, SETTINGS) for a, b in pairwise(edges)]
    return PICKS.order(pd.concat([p for p, _ in parts], ignore_index=True)), pd.concat([s for _, s in parts])


@pytest.fixture(scope="module", params=["dense", "gaps", "dead horizontal"])
def recording(request):
    x = swarm(1400.0, every=5.0, seed=3)
    mask = np.zeros(x.shape, dtype=bool)
    if request.param == "gaps":
        for k, begin in enumerate(range(5000, x.shape[1], 9000)):
            mask[k % 4 if k % 4 < 3 else slice(None), begin:begin + 3 + 40 * k * k] = True
    if request.param == "dead horizontal":
        mask[1, 60000:] = True
    return Recording(x, mask=mask)


@pytest.fixture(scope="module")
def uncut(recording):
    return pick_unit(recording.load, recording.start_ns, recording.end_ns, SETTINGS)


def test_the_swarm_is_dense_enough_to_be_a_test(recording, uncut):
    assert len(uncut[0]) > 100


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
def test_random_cuts_give_identical_tables(recording, uncut, cuts):
    span = recording.end_ns - recording.start_ns
    edges = sorted({recording.start_ns, recording.end_ns, *(recording.start_ns + int(c * span) for c in cuts)})
    picks, skips = pieces(recording, edges)
    pd.testing.assert_frame_equal(picks, uncut[0], check_exact=True)
    pd.testing.assert_series_equal(skips.groupby("reason")["count"].sum(), uncut[1].groupby("reason")["count"].sum())


def test_a_cut_between_the_p_and_s_of_every_pair_changes_nothing(recording, uncut):
    p = uncut[0].loc[uncut[0]["phase"] == "P", "time"].astype("int64").to_numpy()[::9]
    picks, _ = pieces(recording, [recording.start_ns, *(int(t) + SECOND // 3 for t in p), recording.end_ns])
    pd.testing.assert_frame_equal(picks, uncut[0], check_exact=True)


def test_without_a_quiet_stretch_more_is_loaded_until_the_data_begin(monkeypatch):
    monkeypatch.setattr(pal, "FIRST_MARGIN_S", 20)
    recording = Recording(swarm(1400.0, every=5.0, seed=3))
    whole, _ = pick_unit(recording.load, recording.start_ns, recording.end_ns, SETTINGS)
    cut = recording.start_ns + 800 * SECOND
    recording.asked.clear()
    after, _ = pick_unit(recording.load, cut, recording.end_ns, SETTINGS)
    assert len(recording.asked) > 1
    later = whole[(whole["phase"] == "P") & (whole["time"].astype("int64") >= cut)]
    owned = whole["pair_id"].isin(later["pick_id"])
    assert owned.any()
    pd.testing.assert_frame_equal(after[after["pair_id"] != 0].reset_index(drop=True),
                                  whole[owned].reset_index(drop=True), check_exact=True)
