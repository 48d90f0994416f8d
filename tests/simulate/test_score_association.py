import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

from truth_by_hand import arrivals_of, events_of, look, picks_of, ring, true_arrivals, true_events, written

from quakescribe.simulate.score import score
from quakescribe.tables import pick_ids

SPLITS = "splits (true events found more than once)"
MERGES = "merges (events that hold several true ones)"


@pytest.fixture
def truth():
    events = true_events(np.arange(6) * 60.0, magnitude=[0.6, 0.9, 1.1, 1.4, 1.6, 1.8])
    return events, true_arrivals(events, ring())


@pytest.fixture
def picks(truth):
    """Picks on all onsets, and the event each belongs to."""
    return picks_of(truth[1])


def judged(folder, truth, picks, owner, **columns):
    """Score the events that the owners of the picks name, each at the mean time of its true event."""
    ids = np.unique(owner[owner > 0])
    like = np.clip(ids, 1, len(truth[0])) - 1
    events = events_of(truth[0].iloc[like].assign(event_id=ids, **columns))
    return score(written(folder, *truth), {"picks": picks, "events": events, "arrivals": arrivals_of(picks, owner)})


def test_a_split_is_one_event_found_and_one_surplus(tmp_path, truth, picks):
    picks, owner = picks
    owner = owner.copy()
    mine = np.flatnonzero(owner == 3)
    owner[mine[:5]] = 93
    found = judged(tmp_path, truth, picks, owner)
    assert look(found, SPLITS) == 1
    assert look(found, "surplus events of splits") == 1
    assert look(found, "events found") == 6
    assert look(found, "false events") == 0
    assert look(found, "precision of events") == pytest.approx(6 / 7)
    assert look(found, "arrivals of the event's own true event") == 1.0


def test_a_merge_holds_two_true_events_and_loses_one(tmp_path, truth, picks):
    picks, owner = picks
    owner = np.where(owner == 3, 2, owner)
    found = judged(tmp_path, truth, picks, owner)
    assert look(found, MERGES) == 1
    assert look(found, "true events lost in merges") == 1
    assert look(found, "events found") == 5
    assert look(found, "events missed") == 1
    assert look(found, "mis-associated arrivals (of another true event)") == pytest.approx(12 / 72)


def test_a_few_arrivals_of_another_event_are_mis_associated_and_no_merge(tmp_path, truth, picks):
    picks, owner = picks
    owner = owner.copy()
    owner[np.flatnonzero(owner == 3)[:2]] = 2
    found = judged(tmp_path, truth, picks, owner)
    assert look(found, "mis-associated arrivals (of another true event)") == pytest.approx(2 / 72)
    assert look(found, MERGES) == 0
    assert look(found, "events found") == 6
    assert look(found, "picks of found events that are in them") == pytest.approx(70 / 72)


def test_picks_of_nothing_in_an_event_are_chance_arrivals(tmp_path, truth, picks):
    picks, owner = picks
    wrong = np.flatnonzero(owner == 4)[:3]
    shifted = picks.copy()
    shifted.loc[wrong, "time"] += pd.Timedelta("7s")
    found = judged(tmp_path, truth, shifted, owner)
    assert look(found, "chance arrivals (on no true onset)") == pytest.approx(3 / 72)
    assert look(found, "events found") == 6


def test_an_event_of_noise_is_false_though_it_stands_at_a_true_one(tmp_path, truth, picks):
    picks, owner = picks
    noise = owner == 5
    shifted = picks.copy()
    shifted.loc[noise, "time"] += pd.Timedelta("7s")
    found = judged(tmp_path, truth, shifted, owner)
    assert look(found, "false events") == 1
    assert look(found, "events found") == 5
    assert look(found, "chance arrivals (on no true onset)") == pytest.approx(12 / 72)


def test_an_event_made_of_s_taken_for_p_is_false_and_its_arrivals_are_of_the_wrong_phase(tmp_path, truth, picks):
    picks, owner = picks
    wrong = picks[(owner == 5) & (picks["phase"] == "S")]
    wrong = wrong.assign(phase="P", pair_id=0)
    wrong["pick_id"] = pick_ids(wrong["station_id"], wrong["phase"], wrong["time"])
    both = pd.concat((picks, wrong), ignore_index=True)
    owner = np.concatenate((np.where(owner == 5, 0, owner), np.full(len(wrong), 5)))
    found = judged(tmp_path, truth, both, owner)
    assert look(found, "false events") == 1
    assert look(found, "wrong-phase arrivals (on an onset of the other phase)") == pytest.approx(6 / 66)
    assert look(found, "chance arrivals (on no true onset)") == 0.0


def test_shared_arrivals_tell_events_apart_that_time_and_place_confuse(tmp_path):
    """Two events 0.6 s apart whose solutions are swapped in time: the arrivals know which is which."""
    events = true_events([0.0, 0.6], magnitude=[1.0, 2.0])
    arrivals = true_arrivals(events, ring())
    picks, owner = picks_of(arrivals)
    swapped = events_of(events.assign(event_id=[2, 1])).assign(depth_km=[20.0, 10.0])
    truth = written(tmp_path, events, arrivals)
    found = score(truth, {"events": swapped, "arrivals": arrivals_of(picks, owner)})
    assert look(found, "origin time error, median") == pytest.approx(0.6)
    assert look(found, "arrivals of the event's own true event") == 1.0
    without = score(truth, {"events": swapped})
    assert look(without, "origin time error, median") == pytest.approx(0.0)


def test_an_event_far_from_its_true_place_is_found_by_its_arrivals(tmp_path, truth, picks):
    found = judged(tmp_path, truth, *picks, latitude=40.9)
    assert look(found, "events found") == 6
    assert look(found, "epicentre error, median") == pytest.approx(100.0, abs=1.0)


def test_events_with_too_few_arrivals_are_matched_by_time_and_place(tmp_path, truth, picks):
    picks, owner = picks
    owner = owner.copy()
    owner[np.flatnonzero(owner == 4)[2:]] = 0
    found = judged(tmp_path, truth, picks, owner)
    assert look(found, "events found") == 6
    assert look(found, "false events") == 0


def test_recall_is_told_by_magnitude_and_for_detectable_events(tmp_path, truth, picks):
    events, arrivals = truth
    events = events.assign(detectable=events["magnitude"] > 1.0)
    picks, owner = picks
    owner = np.where(np.isin(owner, [1, 2, 4]), 0, owner)  # misses 0.6, 0.9 and 1.4
    found = judged(tmp_path, (events, arrivals), picks, owner)
    assert look(found, "recall of all events", "M 0.5 to 1.0") == 0.0
    assert look(found, "recall of detectable events", "M 1.0 to 1.5") == pytest.approx(1 / 2)
    assert look(found, "recall of detectable events", "M 1.5 to 2.0") == 1.0
    assert look(found, "recall of detectable events") == pytest.approx(3 / 4)
    assert look(found, "recall of all events") == pytest.approx(3 / 6)
    assert np.isnan(look(found, "recall of detectable events", "M 0.5 to 1.0"))


def test_association_rates_count_picks_and_whole_pairs(tmp_path, truth, picks):
    picks, all_owned = picks
    rng = np.random.default_rng(0)
    owner = np.where(rng.uniform(size=len(all_owned)) < 0.3, 0, all_owned)
    found = judged(tmp_path, truth, picks, owner)
    assert look(found, "association rate of picks") == pytest.approx((owner > 0).mean())
    whole = [set(owner[(picks["pair_id"] == pair).to_numpy()]) for pair in picks["pair_id"].unique()]
    expected = np.mean([len(owners) == 1 and 0 not in owners for owners in whole])
    assert look(found, "association rate of pairs") == pytest.approx(expected)
    apart = np.where((picks["phase"] == "S").to_numpy(), all_owned % 6 + 1, all_owned)
    assert look(judged(tmp_path, truth, picks, apart), "association rate of pairs") == 0.0


def test_arrivals_that_are_no_picks_of_the_table_are_judged_too(tmp_path, truth, picks):
    picks, owner = picks
    found = score(written(tmp_path, *truth), {"events": events_of(truth[0]), "arrivals": arrivals_of(picks, owner),
                                              "picks": picks.iloc[:10]})
    assert look(found, "arrivals of the event's own true event") == 1.0
    assert look(found, "events found") == 6


def test_arrivals_of_events_that_are_not_in_the_catalogue_are_left_out(tmp_path, truth, picks):
    picks, owner = picks
    found = score(written(tmp_path, *truth), {"events": events_of(truth[0]).iloc[:3],
                                              "arrivals": arrivals_of(picks, owner), "picks": picks})
    assert look(found, "arrivals") == 36
    assert look(found, "events found") == 3


def test_of_two_found_events_the_one_with_more_of_the_arrivals_stands_for_the_true_one(tmp_path, truth, picks):
    picks, owner = picks
    owner = owner.copy()
    owner[np.flatnonzero(owner == 3)[:8]] = 93
    ids = [1, 2, 3, 4, 5, 6, 93]
    events = events_of(truth[0].iloc[[0, 1, 2, 3, 4, 5, 2]].assign(event_id=ids))
    events["depth_km"] = [8.0] * 6 + [13.0]
    found = score(written(tmp_path, *truth), {"events": events, "arrivals": arrivals_of(picks, owner)})
    assert look(found, "depth error, 90%") == pytest.approx(2.5)  # the sixth of 0, 0, 0, 0, 0, 5


def test_arrivals_without_a_catalogue_tell_which_picks_are_unassociated(tmp_path, truth, picks):
    picks, owner = picks
    kept = arrivals_of(picks, np.where(owner > 2, owner, 0))
    found = score(written(tmp_path, *truth), {"picks": picks, "arrivals": kept})
    assert set(found["part"]) == {"picks"}
    assert look(found, "unassociated picks", "XX.S00.") == 4


def test_three_shared_arrivals_make_an_event_found_and_two_do_not(tmp_path, truth, picks):
    picks, owner = picks
    for kept, found_ones in ((3, 6), (2, 5)):
        mine = np.flatnonzero(owner == 4)[kept:]
        shifted = picks.copy()
        shifted.loc[mine, "time"] += pd.Timedelta("7s")
        found = judged(tmp_path, truth, shifted, owner, latitude=41.0)  # far off: only arrivals can tell
        assert look(found, "events found") == found_ones


def test_an_event_is_the_true_one_with_most_of_its_arrivals_wherever_it_stands(tmp_path, truth, picks):
    picks, owner = picks
    mine = np.flatnonzero(owner == 3)
    owner = np.where(owner == 2, 3, owner)  # stands at 3, with all of 2 ...
    owner[mine[:8]] = 0  # ... and a third of its own
    found = judged(tmp_path, truth, picks, owner)
    assert look(found, "origin time error, 90%") > 20.0
    assert look(found, "true events lost in merges") == 1
    assert look(found, "mis-associated arrivals (of another true event)") == pytest.approx(4 / 64)


def test_an_event_without_arrivals_beside_one_with_arrivals_is_its_split(tmp_path, truth, picks):
    events = events_of(truth[0])
    tables = {"events": pd.concat((events, events.iloc[2:3].assign(event_id=93))), "arrivals": arrivals_of(*picks)}
    found = score(written(tmp_path, *truth), tables)
    assert look(found, "events found") == 6
    assert look(found, "surplus events of splits") == 1
    assert look(found, "precision of events") == pytest.approx(6 / 7)
