import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

from truth_by_hand import (
    arrivals_of,
    events_of,
    look,
    magnitudes_of,
    origins_of,
    picks_of,
    ring,
    true_arrivals,
    true_events,
    written,
)

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.simulate.score import PARTS, score
from quakescribe.simulate.score.figures import COLUMNS, by_magnitude, classes
from quakescribe.simulate.score.match import match_events
from quakescribe.tables import ARRIVALS, EVENTS, MAGNITUDES, ORIGINS, PICKS
from quakescribe.tables.matching import one_to_one


@pytest.fixture
def truth():
    events = true_events(np.arange(10) * 60.0, magnitude=np.linspace(0.5, 2.3, 10))
    return events, true_arrivals(events, ring())


def everything(events, arrivals):
    picks, owner = picks_of(arrivals)
    return {"picks": picks, "events": events_of(events), "arrivals": arrivals_of(picks, owner),
            "origins": origins_of(events), "magnitudes": magnitudes_of(events["event_id"], events["magnitude"] + 0.1)}


def test_the_truth_itself_scores_full_marks(tmp_path, truth):
    found = score(written(tmp_path, *truth), everything(*truth))
    for name in ("recall of detectable P", "recall of detectable S", "precision of P", "precision of S",
                 "recall of all events", "recall of detectable events", "precision of events",
                 "arrivals of the event's own true event", "association rate of picks", "association rate of pairs",
                 "picks of found events that are in them"):
        assert look(found, name) == 1.0, name
    for name in ("false events", "events missed", "splits (true events found more than once)",
                 "merges (events that hold several true ones)", "P time error, 90%"):
        assert look(found, name) == 0.0, name
    assert look(found, "epicentre error, 90%") == pytest.approx(0.0, abs=1e-9)
    assert look(found, "ML minus true magnitude, median") == pytest.approx(0.1)
    assert look(found, "slope of ML against true magnitude") == pytest.approx(1.0)


def test_of_a_part_of_the_time_only_its_events_count(tmp_path, truth):
    events, arrivals = truth
    cut = events["time"].sort_values().iloc[4]
    late = events[events["time"] >= cut]
    tables = everything(late, arrivals[arrivals["event_id"].isin(late["event_id"])])
    folder = written(tmp_path, events, arrivals)
    assert look(score(folder, tables), "recall of all events") == pytest.approx(0.6)
    assert look(score(folder, tables, start=cut), "recall of all events") == 1.0
    assert look(score(folder, tables, start=cut), "recall of detectable P") == 1.0
    assert look(score(folder, tables, end=cut), "events found") == 0.0


def test_the_table_has_its_columns_and_every_figure_once(tmp_path, truth):
    found = score(written(tmp_path, *truth), everything(*truth))
    assert tuple(found.columns) == COLUMNS
    assert tuple(found["part"].unique()) == PARTS
    assert not found.duplicated(["part", "scope", "name"]).any()
    assert set(found["unit"]) == {"-", "s", "km"}
    assert (found["n"] >= 0).all()


def test_the_truth_folder_or_the_one_above_it_may_be_given(tmp_path, truth):
    folder = written(tmp_path, *truth)
    tables = everything(*truth)
    pd.testing.assert_frame_equal(score(folder, tables), score(folder / "truth", tables))


def test_the_order_of_the_rows_does_not_matter(tmp_path, truth):
    folder, tables = written(tmp_path, *truth), everything(*truth)
    mixed = {name: table.sample(frac=1, random_state=4).reset_index(drop=True) for name, table in tables.items()}
    pd.testing.assert_frame_equal(score(folder, tables), score(folder, mixed))


def test_picks_alone_are_scored_as_picks_alone(tmp_path, truth):
    found = score(written(tmp_path, *truth), {"picks": picks_of(truth[1])[0]})
    assert set(found["part"]) == {"picks"}
    assert "unassociated picks" not in set(found["name"])


def test_nothing_found_is_scored_and_not_an_error(tmp_path, truth):
    empty = {"picks": PICKS.empty(), "events": EVENTS.empty(), "arrivals": ARRIVALS.empty(),
             "origins": ORIGINS.empty(), "magnitudes": MAGNITUDES.empty()}
    found = score(written(tmp_path, *truth), empty)
    assert look(found, "events found") == 0
    assert look(found, "events missed") == 10
    assert look(found, "recall of detectable events") == 0.0
    assert look(found, "recall of detectable P") == 0.0
    for name in ("precision of P", "epicentre error, median", "precision of events",
                 "magnitude from which recall reaches 50%"):
        assert np.isnan(look(found, name)), name


def test_nothing_true_is_scored_and_not_an_error(tmp_path, truth):
    events, arrivals = truth
    found = score(written(tmp_path, events.iloc[:0], arrivals.iloc[:0]), everything(*truth))
    assert look(found, "false events") == 10
    assert look(found, "precision of P") == 0.0
    assert np.isnan(look(found, "recall of all events"))


def test_no_tables_give_no_rows(tmp_path, truth):
    assert score(written(tmp_path, *truth), {}).empty


def test_one_event_of_one_station_is_scored(tmp_path):
    events = true_events(0.0)
    arrivals = true_arrivals(events, ring(1))
    found = score(written(tmp_path, events, arrivals), everything(events, arrivals))
    assert look(found, "events found") == 1  # two arrivals say too little; time and place tell


def test_origins_place_the_events_and_events_without_one_count_as_found_but_not_as_located(tmp_path, truth):
    events, _ = truth
    moved = origins_of(events).assign(depth_km=9.0).iloc[:4]
    found = score(written(tmp_path, *truth), {"events": events_of(events), "origins": moved})
    assert look(found, "events found") == 10
    rows = found[(found["name"] == "depth error, median") & (found["scope"] == "all")]
    assert (rows["value"].iloc[0], rows["n"].iloc[0]) == (pytest.approx(1.0), 4)


def test_missed_and_false_events_are_counted_without_arrivals(tmp_path, truth):
    events = events_of(truth[0])
    tables = {"events": pd.concat((events.iloc[3:], events.iloc[:2].assign(event_id=[91, 92], latitude=45.0)))}
    found = score(written(tmp_path, *truth), tables)
    assert look(found, "false events") == 2
    assert look(found, "events missed") == 3
    assert look(found, "events found") == 7
    assert look(found, "precision of events") == pytest.approx(7 / 9)


def test_two_solutions_of_one_event_are_a_split_and_no_false_event_without_arrivals(tmp_path, truth):
    events = events_of(truth[0])
    found = score(written(tmp_path, *truth), {"events": pd.concat((events, events.iloc[:1].assign(event_id=91)))})
    assert look(found, "events found") == 10
    assert look(found, "false events") == 0
    assert look(found, "splits (true events found more than once)") == 1
    assert look(found, "surplus events of splits") == 1


def nearest_first(candidates):
    """The slow and obvious way."""
    pairs = {}
    for _, a, b in sorted(candidates):
        if a not in pairs and b not in pairs.values():
            pairs[a] = b
    return pairs


def test_matching_events_agrees_with_trying_everything():
    rng = np.random.default_rng(0)
    true = true_events(np.sort(rng.uniform(0, 200, 80)), latitude=40 + rng.normal(0, 0.05, 80))
    other = true.assign(time=true["time"] + pd.to_timedelta(rng.normal(0, 0.8, 80), unit="s"),
                        latitude=true["latitude"] + rng.normal(0, 0.05, 80))
    other = other.sample(frac=1, random_state=1).reset_index(drop=True)
    i, j = match_events(true, other, 2.0, 15.0)
    candidates = []
    for a, left in true.iterrows():
        for b, right in other.iterrows():
            apart = float(distance_azimuth(left["latitude"], left["longitude"], right["latitude"],
                                           right["longitude"])[0])
            cost = np.hypot((left["time"] - right["time"]).total_seconds() / 2.0, apart / 15.0)
            if cost <= 1:
                candidates.append((cost, a, b))
    assert len(candidates) > 120
    assert dict(zip(i.tolist(), j.tolist(), strict=True)) == nearest_first(candidates)


@pytest.mark.parametrize("seed", range(5))
def test_one_to_one_takes_the_cheapest_first_and_nothing_twice(seed):
    rng = np.random.default_rng(seed)
    i, j = (k.ravel() for k in np.meshgrid(np.arange(15), np.arange(12)))
    chosen = rng.uniform(size=i.size) < 0.4
    i, j = i[chosen], j[chosen]
    cost = rng.integers(0, 6, i.size).astype(float)  # with ties
    got = one_to_one(i, j, cost)
    assert dict(zip(*(k.tolist() for k in got), strict=True)) == nearest_first(zip(cost, i, j, strict=True))


def test_classes_name_their_limits_and_leave_out_what_is_empty():
    values = np.array([0.5, 5.0, 9.9, 70.0, np.nan])
    found = {name: members.sum() for name, members in classes(values, (0, 5, 10, 50), "SNR")}
    assert found == {"SNR 0 to 5": 1, "SNR 5 to 10": 2, "SNR 50 and more": 1}
    assert [name for name, _ in classes(np.array([12.0]), (0, 10, 20), "", "km")] == ["10 to 20 km"]
    assert [name for name, _ in by_magnitude(np.array([-0.2, 1.0, 1.49, np.nan]))] == ["M -0.5 to 0.0", "M 1.0 to 1.5"]


def test_blasts_are_local_and_distant_events_are_reported_apart(tmp_path):
    events = true_events(np.arange(4) * 60.0, kind=["earthquake", "blast", "regional", "teleseism"])
    arrivals = true_arrivals(events, ring())
    found = score(written(tmp_path, events, arrivals), everything(events, arrivals))
    assert look(found, "true events") == 2
    assert look(found, "events found") == 2
    assert look(found, "false events") == 0
    for kind in ("blast", "regional", "teleseism"):
        assert look(found, "events found", kind) == 1
        assert look(found, "recall of detectable P", kind) == 1.0
    assert found.loc[(found["name"] == "epicentre error, median") & (found["scope"] == "all"), "n"].tolist() == [2]
    assert look(found, "precision of events") == 1.0


def test_a_time_is_the_same_to_the_nanosecond_everywhere(tmp_path, truth):
    late = picks_of(truth[1], 0.25)[0]
    found = score(written(tmp_path, *truth), {"picks": late}, pick_s=0.25)
    assert look(found, "precision of P") == 1.0
    assert look(score(tmp_path, {"picks": late}, pick_s=0.2499), "precision of P") == 0.0

