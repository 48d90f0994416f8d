import numpy as np
import pandas as pd
import pytest

from quakescribe.simulate import score
from quakescribe.simulate.score import _one_to_one, match_events
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS
from quakescribe.tables import EVENTS, PICKS, store


@pytest.fixture
def truth(folder):
    return (store.read(folder / "truth" / "events.parquet", TRUTH_EVENTS),
            store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS))


def as_events(events):
    return EVENTS.conform(events[["event_id", "time", "latitude", "longitude", "depth_km"]].assign(
        n_picks=8, n_stations=4, associator="test"))


def as_picks(arrivals):
    frame = arrivals[["station_id", "phase", "time"]].assign(pick_id=np.arange(1, len(arrivals) + 1), pair_id=0,
                                                             picker="test")
    return PICKS.conform(frame)


def figures(folder, **tables):
    return score(folder, tables).set_index("name")["value"]


def test_the_truth_itself_scores_full_marks(folder, truth):
    events, arrivals = truth
    network = pd.DataFrame({"event_id": events["event_id"], "station_id": None, "kind": "ML",
                            "value": events["magnitude"] + 0.1})
    found = figures(folder, events=as_events(events), picks=as_picks(arrivals), magnitudes=network)
    assert found["recall of all events"] == 1.0
    assert found["recall of detectable events"] == 1.0
    assert found["false events"] == 0
    assert found["epicentre error, 90%"] == pytest.approx(0.0, abs=1e-9)
    assert found["ML minus true magnitude, median"] == pytest.approx(0.1)
    for phase in "PS":
        assert found[f"precision of {phase}"] > 0.99
        assert found[f"recall of detectable {phase}"] > 0.99
        assert found[f"{phase} time error, MAD"] < 1e-6


def test_missed_and_false_events_are_counted(folder, truth):
    events = as_events(truth[0])
    false = events.iloc[:2].assign(latitude=45.0)
    kept = events.iloc[3:]
    found = figures(folder, events=pd.concat((kept, false)))
    assert found["false events"] == 2
    assert found["events missed"] == 3
    assert found["events found"] == len(kept)


def test_two_solutions_of_one_event_are_one_found_and_one_false(folder, truth):
    events = as_events(truth[0])
    twice = pd.concat((events, events.iloc[:1].assign(event_id=1)))
    found = figures(folder, events=twice)
    assert found["events found"] == len(events)
    assert found["false events"] == 1


def test_late_picks_have_their_error_and_wild_ones_no_match(folder, truth):
    picks = as_picks(truth[1])
    late = picks.assign(time=picks["time"] + pd.Timedelta("100ms"))
    assert figures(folder, picks=late)["P time error, median"] == pytest.approx(0.1, abs=1e-6)
    wild = picks.assign(time=picks["time"] + pd.Timedelta("9h"))
    assert figures(folder, picks=wild)["precision of P"] == 0.0


def test_nothing_found_is_scored_and_not_an_error(folder):
    found = figures(folder, events=EVENTS.empty(), picks=PICKS.empty())
    assert found["events found"] == 0
    assert found["recall of detectable events"] == 0.0
    assert np.isnan(found["epicentre error, median"])


def test_origins_are_preferred_to_events(folder, truth):
    events = as_events(truth[0])
    found = figures(folder, events=events, origins=events.iloc[:1])
    assert found["events found"] == 1


def test_matching_agrees_with_trying_everything(truth):
    events, _ = truth
    rng = np.random.default_rng(0)
    shifted = events.assign(time=events["time"] + pd.to_timedelta(rng.normal(0, 0.8, len(events)), unit="s"),
                            latitude=events["latitude"] + rng.normal(0, 0.05, len(events)))
    shifted = shifted.sample(frac=1, random_state=1).reset_index(drop=True)
    i, j = match_events(events, shifted, 2.0, 15.0)
    from quakescribe.earth.geodesy import distance_azimuth

    candidates = []
    for a, left in events.iterrows():
        for b, right in shifted.iterrows():
            apart = float(distance_azimuth(left["latitude"], left["longitude"], right["latitude"],
                                           right["longitude"])[0])
            cost = np.hypot((left["time"] - right["time"]).total_seconds() / 2.0, apart / 15.0)
            if cost <= 1:
                candidates.append((cost, a, b))
    pairs = {}
    for _, a, b in sorted(candidates):
        if a not in pairs and b not in pairs.values():
            pairs[a] = b
    assert dict(zip(i.tolist(), j.tolist(), strict=True)) == pairs


def test_the_nearest_pair_comes_first():
    i, j = _one_to_one(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0.5, 0.1, 0.2]))
    assert (i.tolist(), j.tolist()) == ([0], [1])
