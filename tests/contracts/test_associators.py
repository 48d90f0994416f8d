"""What every associator must do, whatever its method. A new associator joins by its entry in ASSOCIATORS."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from quakescribe.associate import ASSOCIATORS, associate, groups, skips
from quakescribe.settings.associate import AssociateSettings
from quakescribe.tables import ARRIVALS, EVENTS, PICKS, SKIPS

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from onsets import FRAME, MODEL, START, network, noise, onsets, picks_of, ring

STATIONS = ring()
EVENTS_TRUE = [(20.0, 5.0, 3.0, 8.0), (140.0, -12.0, 9.0, 12.0), (260.0, 15.0, -10.0, 5.0), (263.5, -14.0, 12.0, 9.0),
               (400.0, 0.0, 20.0, 15.0)]


@pytest.fixture(params=sorted(ASSOCIATORS))
def settings(request):
    return AssociateSettings(associator=request.param)


def make_picks(paired=True):
    frame = pd.concat([onsets(EVENTS_TRUE, STATIONS), noise(STATIONS, 20, 500.0)], ignore_index=True)
    return picks_of(frame, paired)


def assert_same(one, two):
    for a, b in zip(one, two, strict=True):
        pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_tables_keep_their_contract(settings):
    picks, _ = make_picks()
    events, arrivals, skipped = associate(picks, STATIONS, MODEL, settings)
    for table, frame in ((EVENTS, events), (ARRIVALS, arrivals), (SKIPS, skipped)):
        table.check(frame)
        pd.testing.assert_frame_equal(frame, table.order(frame))
    assert set(events["associator"]) == {settings.associator}
    assert arrivals[["distance_km", "azimuth_deg", "residual_s", "weight"]].notna().all(axis=None)


def test_arrivals_carry_what_their_picks_carry(settings):
    picks, _ = make_picks()
    arrivals = associate(picks, STATIONS, MODEL, settings).arrivals
    columns = ["station_id", "phase", "time", "uncertainty_s", "amplitude_m"]
    own = picks.set_index("pick_id").loc[arrivals["pick_id"], columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(arrivals[columns], own)


@pytest.mark.parametrize("paired", [True, False])
def test_every_event_is_found_once_with_its_own_picks(settings, paired):
    picks, truth = make_picks(paired)
    events, arrivals, _ = associate(picks, STATIONS, MODEL, settings)
    assert len(events) == len(EVENTS_TRUE)
    of = truth.loc[arrivals["pick_id"]].to_numpy()
    rank = arrivals["event_id"].rank(method="dense").to_numpy() - 1
    assert np.mean(of == rank) > (0.97 if paired else 0.93)  # noise comes between a P and its S
    assert (truth >= 0).sum() - (of >= 0).sum() <= (2 if paired else 4)


def test_places_and_times_lie_close_to_the_truth(settings):
    picks, _ = make_picks()
    events = associate(picks, STATIONS, MODEL, settings).events
    x, y = FRAME.to_xy(events["latitude"], events["longitude"])
    after = (events["time"] - START).dt.total_seconds()
    true = np.array(EVENTS_TRUE)
    assert np.hypot(x - true[:, 1], y - true[:, 2]).max() < 2.0
    assert np.abs(after - true[:, 0]).max() < 0.5


def test_a_pick_belongs_to_one_event_and_an_event_has_one_pick_per_station_and_phase(settings):
    picks, _ = make_picks()
    arrivals = associate(picks, STATIONS, MODEL, settings).arrivals
    assert arrivals["pick_id"].is_unique
    assert not arrivals.duplicated(["event_id", "station_id", "phase"]).any()


def test_counts_are_those_of_the_arrivals(settings):
    picks, _ = make_picks()
    events, arrivals, _ = associate(picks, STATIONS, MODEL, settings)
    by = arrivals.groupby("event_id")
    assert (events["n_picks"].to_numpy() == by.size().to_numpy()).all()
    assert (events["n_stations"].to_numpy() == by["station_id"].nunique().to_numpy()).all()
    assert (events["n_stations"] >= settings.min_stations).all()


@budget(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_changes_nothing(settings, seed):
    picks, _ = make_picks()
    shuffled = picks.sample(frac=1.0, random_state=seed)
    stations = STATIONS.sample(frac=1.0, random_state=seed)
    assert_same(associate(picks, STATIONS, MODEL, settings), associate(shuffled, stations, MODEL, settings))


@budget(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), paired=st.booleans())
def test_groups_associated_one_by_one_give_the_whole(settings, seed, paired):
    frame = pd.concat([onsets(EVENTS_TRUE, STATIONS, seed), noise(STATIONS, 60, 500.0, seed)], ignore_index=True)
    picks, _ = picks_of(frame, paired)
    whole = associate(picks, STATIONS, MODEL, settings)
    parts = [associate(group, STATIONS, MODEL, settings) for group in groups(picks, STATIONS, MODEL, settings)]
    assert len(parts) > 1
    for table, name in ((EVENTS, "events"), (ARRIVALS, "arrivals")):
        joined = pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(getattr(whole, name), table.order(joined), check_exact=True)


def test_adding_picks_far_away_in_time_changes_no_event(settings):
    picks, _ = make_picks()
    later, _ = picks_of(onsets(EVENTS_TRUE, STATIONS, 5), start=START + pd.Timedelta(5, unit="h"))
    both = associate(pd.concat([picks, later], ignore_index=True), STATIONS, MODEL, settings)
    apart = [associate(part, STATIONS, MODEL, settings) for part in (picks, later)]
    for name in ("events", "arrivals"):
        joined = pd.concat([getattr(part, name) for part in apart], ignore_index=True)
        pd.testing.assert_frame_equal(getattr(both, name), joined, check_exact=True)


def test_an_event_at_midnight_is_one_event(settings):
    midnight = pd.Timestamp("2020-03-02", tz="UTC")
    frame = onsets([(0.0, 5.0, 3.0, 8.0)], STATIONS, sigma_p=0.0, sigma_s=0.0)
    frame["after"] -= frame["after"].sort_values().iloc[5]
    picks, _ = picks_of(frame, start=midnight)
    assert (picks["time"] == midnight).sum() == 1
    assert (picks["time"] < midnight).any()
    events = associate(picks, STATIONS, MODEL, settings).events
    assert events["n_picks"].tolist() == [16]


def test_no_picks_make_no_events(settings):
    result = associate(PICKS.empty(), STATIONS, MODEL, settings)
    assert [len(frame) for frame in result] == [0, 0, 0]
    EVENTS.check(result.events)
    ARRIVALS.check(result.arrivals)
    assert groups(PICKS.empty(), STATIONS, MODEL, settings) == []


def test_one_pick_and_p_picks_alone_make_no_events(settings):
    picks, _ = make_picks(paired=False)
    for some in (picks.iloc[:1], picks[picks["phase"] == "P"], picks[picks["phase"] == "S"]):
        assert len(associate(some, STATIONS, MODEL, settings).events) == 0


def test_two_instruments_of_a_station_count_once(settings):
    twins = pd.concat([STATIONS, STATIONS.assign(station_id=STATIONS["station_id"] + "10")], ignore_index=True)
    few = {0: [0, 1, 2, 8, 9, 10]}  # three places, two instruments each
    picks, _ = picks_of(onsets([(20.0, 5.0, 3.0, 8.0)], twins, chosen=few))
    assert len(associate(picks, twins, MODEL, settings).events) == 0
    picks, _ = picks_of(onsets([(20.0, 5.0, 3.0, 8.0)], twins))
    events = associate(picks, twins, MODEL, settings).events
    assert events["n_stations"].tolist() == [8]
    assert events["n_picks"].tolist() == [16]


def test_a_station_that_repeats_itself_does_not_make_an_event(settings):
    one = onsets([(20.0 + 0.7 * k, 5.0, 3.0, 8.0) for k in range(6)], STATIONS, chosen={k: [2, 3, 4] for k in range(6)})
    picks, _ = picks_of(one)
    assert len(associate(picks, STATIONS, MODEL, settings).events) == 0


def test_picks_of_unknown_stations_are_skipped_and_listed(settings):
    picks, _ = make_picks()
    known = STATIONS[STATIONS["station_id"] != "XX.S03."]
    result = associate(picks, known, MODEL, settings)
    assert "XX.S03." not in set(result.arrivals["station_id"])
    assert result.skips[["station_id", "reason"]].values.tolist() == [["XX.S03.", "unknown-station"]]
    assert result.skips["count"].tolist() == [(picks["station_id"] == "XX.S03.").sum()]
    pd.testing.assert_frame_equal(result.skips, skips(picks, known, MODEL, settings))


def test_a_station_that_moved_is_where_it_was_at_the_time(settings):
    moved = STATIONS.assign(valid_to=pd.Series([None] * len(STATIONS), dtype=EVENTS["time"].type))
    change = START + pd.Timedelta(1, unit="h")
    old = moved.iloc[[3]].assign(latitude=moved["latitude"].iloc[3] + 0.3, valid_to=change)
    new = moved.iloc[[3]].assign(valid_from=change)
    table = pd.concat([moved.drop(index=3), old, new], ignore_index=True)
    picks, _ = picks_of(onsets(EVENTS_TRUE, STATIONS), start=change + pd.Timedelta(1, unit="h"))
    arrivals = associate(picks, table, MODEL, settings).arrivals
    assert (arrivals["station_id"] == "XX.S03.").sum() == 10
    gone = table[table["valid_from"].isna()]
    result = associate(picks, gone, MODEL, settings)
    assert result.skips["reason"].tolist() == ["no-epoch"]


def test_a_swarm_of_events_seconds_apart_is_told_apart(settings):
    true = [(20.0 + 4.0 * k, 3.0 + 0.3 * k, -2.0 + 0.2 * k, 8.0) for k in range(6)]
    picks, truth = picks_of(onsets(true, STATIONS))
    events, arrivals, _ = associate(picks, STATIONS, MODEL, settings)
    assert len(events) == 6
    assert arrivals["event_id"].groupby(truth.loc[arrivals["pick_id"]].to_numpy()).nunique().tolist() == [1] * 6


def test_a_network_on_a_line_finds_events_beside_it(settings):
    line = network(np.column_stack([np.linspace(-40, 40, 7), np.zeros(7)]))
    picks, _ = picks_of(onsets([(20.0, 5.0, 6.0, 8.0)], line, sigma_p=0.02, sigma_s=0.02))
    events = associate(picks, line, MODEL, settings).events
    assert events["n_picks"].tolist() == [14]
    x, y = FRAME.to_xy(events["latitude"], events["longitude"])
    assert abs(x[0] - 5.0) < 1.5
    assert abs(abs(y[0]) - 6.0) < 3.0


def test_noise_alone_makes_next_to_nothing(settings):
    picks, _ = picks_of(noise(STATIONS, 400, 7200.0, seed=3))
    assert len(associate(picks, STATIONS, MODEL, settings).arrivals) <= 0.02 * len(picks)
