"""The second pass: events of three pairs and single onsets, from what the first left over."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.associate import associate, groups
from quakescribe.settings.associate import AssociateSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from onsets import MODEL, noise, onsets, picks_of, ring

RING = ring()
ONCE = AssociateSettings(second_share=0.0)


def three_pairs(singles, late_s=0.0, sigma=0.02):
    """One event: pairs at stations 0, 2, 4, and one phase alone, P or S, at each of `singles`, `late_s` late."""
    chosen = [0, 2, 4, *singles]
    frame = onsets([(20.0, 5.0, 3.0, 8.0)], RING, sigma_p=sigma, sigma_s=sigma, chosen={0: chosen})
    names = {RING["station_id"].iloc[k]: phase for k, phase in singles.items()}
    alone = frame["station_id"].map(names)
    frame.loc[alone.notna(), "after"] += late_s
    picks, _ = picks_of(frame)
    alone = picks["station_id"].map(names)
    return picks[alone.isna() | (alone == picks["phase"])].reset_index(drop=True)


@pytest.mark.parametrize("singles", [{6: "P"}, {6: "S"}, {1: "P", 6: "S"}])
def test_three_pairs_and_a_single_onset_make_an_event_in_the_second_pass(singles):
    picks = three_pairs(singles)
    assert len(associate(picks, RING, MODEL, ONCE).events) == 0
    events, arrivals, _ = associate(picks, RING, MODEL, AssociateSettings())
    assert events["n_stations"].tolist() == [3 + len(singles)]
    assert set(arrivals["pick_id"]) == set(picks["pick_id"])


def test_three_pairs_alone_make_no_event():
    assert len(associate(three_pairs({}), RING, MODEL, AssociateSettings()).events) == 0


@pytest.mark.parametrize(("late_s", "found"), [(0.15, 1), (0.6, 0)])
def test_the_second_pass_asks_for_closer_fits(late_s, found):
    picks = three_pairs({6: "P"}, late_s)
    assert len(associate(picks, RING, MODEL, AssociateSettings()).events) == found


def test_there_is_no_second_pass_where_every_event_needs_as_many_pairs_as_stations():
    picks = three_pairs({6: "P"})
    assert len(associate(picks, RING, MODEL, AssociateSettings(min_pairs=4)).events) == 0


def test_the_first_pass_does_not_know_of_the_second():
    rng = np.random.default_rng(4)
    times = np.cumsum(rng.uniform(2, 12, 40))
    true = [(t, *rng.normal(0, 12, 2), rng.uniform(4, 14)) for t in times]
    chosen = {k: rng.choice(8, rng.integers(3, 7), replace=False) for k in range(40)}
    frame = pd.concat([onsets(true, RING, 5, chosen=chosen), noise(RING, 80, times[-1])], ignore_index=True)
    picks, _ = picks_of(frame)
    once, both = (associate(picks, RING, MODEL, settings) for settings in (ONCE, AssociateSettings()))
    assert len(both.events) > len(once.events) > 10
    shared = both.arrivals[both.arrivals["pick_id"].isin(once.arrivals["pick_id"])]
    columns = ["pick_id", "event_id", "residual_s"]
    pd.testing.assert_frame_equal(shared[columns].reset_index(drop=True), once.arrivals[columns])
    assert both.arrivals["pick_id"].is_unique
    assert both.events["time"].is_monotonic_increasing


def test_groups_hold_the_events_of_the_second_pass():
    picks = three_pairs({6: "P"})
    late = picks.assign(time=picks["time"] + pd.Timedelta("1h"), pick_id=picks["pick_id"] + 1,
                        pair_id=picks["pair_id"] + 1)
    everything = pd.concat([picks, late], ignore_index=True)
    parts = groups(everything, RING, MODEL, AssociateSettings())
    assert [len(part) for part in parts] == [7, 7]
    assert groups(everything, RING, MODEL, ONCE) == []
