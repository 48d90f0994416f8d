"""Duplicated, split and merged events: planted ones are found, sound catalogues pass."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.duplicates import DUPLICATES
from quakescribe.audit.event_pairs import compare, onsets
from quakescribe.audit.origin_times import _slope, independent, single_station, two_groups
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, START, _stations, built, catalogue
from made_sequence import aftershocks, bare, sequences

SETTINGS = AuditSettings(resamples=50)


@pytest.fixture(scope="module")
def sound():
    return aftershocks(seed=3, days=30.0, n_background=500, n_aftershocks=300)[0]


def outcome(tables):
    found = audit(make_case(tables, SETTINGS, MODEL), (DUPLICATES,))
    return found.findings.set_index("metric"), found.outcomes[DUPLICATES.name].tables


def with_origins(tables, more):
    return {**tables, "origins": pd.concat([tables["origins"], more], ignore_index=True)}


def test_nothing_is_found_in_a_sound_catalogue(sound):
    rows, _ = outcome(sound)
    assert set(rows["verdict"]) == {"good"}
    assert rows.loc[["equal_events", "shared_pick_events", "merged_events"], "value"].max() == 0


def test_two_per_cent_of_events_found_again_half_a_second_later_are_found(sound):
    origins = sound["origins"]
    again = origins.iloc[::50].assign(event_id=np.arange(len(origins.iloc[::50])) + 1)
    again["time"] += pd.Timedelta(seconds=0.5)
    again["latitude"] += 0.018
    rows, tables = outcome(with_origins(sound, again))
    row = rows.loc["close_pairs"]
    assert row["verdict"] in ("watch", "bad") and row["low"] > row["expected"]
    assert (row["value"] - row["expected"]) * row["n"] == pytest.approx(len(again), abs=6)
    assert set(again["event_id"]) <= set(tables["close"]["event_id"]) | set(tables["close"]["other_id"])
    many = origins.iloc[::20].assign(event_id=np.arange(len(origins.iloc[::20])) + 1)
    many["time"] += pd.Timedelta(seconds=0.5)
    assert outcome(with_origins(sound, many))[0].loc["close_pairs", "verdict"] == "bad"


def test_repeated_rows_are_counted_exactly(sound):
    again = sound["origins"].iloc[:7].assign(event_id=range(1, 8))
    rows, _ = outcome(with_origins(sound, again))
    assert rows.loc["equal_events", "value"] * rows.loc["equal_events", "n"] == pytest.approx(7)
    assert rows.loc["equal_events", "verdict"] == "watch"
    again = sound["origins"].iloc[:40].assign(event_id=range(1, 41))
    assert outcome(with_origins(sound, again))[0].loc["equal_events", "verdict"] == "bad"


def test_events_that_share_a_pick_are_counted_exactly(sound):
    arrivals, ids = sound["arrivals"], sound["origins"]["event_id"].to_numpy()
    taken = [arrivals[arrivals["event_id"] == ids[k]].iloc[[0]].assign(event_id=ids[k + 1]) for k in range(0, 400, 20)]
    rows, _ = outcome({**sound, "arrivals": pd.concat([arrivals, *taken], ignore_index=True)})
    row = rows.loc["shared_pick_events"]
    assert row["value"] * row["n"] == pytest.approx(40) and row["verdict"] == "bad"
    assert row["low"] < row["value"] < row["high"]


def halved(tables, n):
    """Give a third of the stations of n events to new events 2 s later and 20 km away."""
    counts = tables["arrivals"].groupby("event_id").size()
    enough = counts[counts >= 10].index
    arrivals, more = tables["arrivals"].copy(), []
    for k, event in enumerate(enough[:: len(enough) // n][:n]):
        rows = arrivals["event_id"] == event
        rows &= arrivals["station_id"].isin(arrivals.loc[rows, "station_id"].drop_duplicates().iloc[::3])
        other = tables["origins"][tables["origins"]["event_id"] == event].iloc[[0]].assign(event_id=k + 1)
        other["time"] += pd.Timedelta(seconds=2)
        other["latitude"] += 0.18
        arrivals.loc[rows, "event_id"] = k + 1
        more.append(other)
    return with_origins({**tables, "arrivals": arrivals}, pd.concat(more, ignore_index=True))


def test_split_events_are_found(sound):
    rows, tables = outcome(halved(sound, 30))
    row = rows.loc["split_events"]
    assert row["verdict"] == "bad" and row["value"] * row["n"] == pytest.approx(30, abs=2)
    assert len(set(range(1, 31)) & set(tables["split"]["other_id"])) >= 28
    assert (tables["split"]["shared_stations"] == 0).mean() > 0.9


def merged(seed, n_merged):
    """Return tables in which events 3 s apart stand as one, with the onsets of both."""
    rng = np.random.default_rng(seed)
    true = sequences(500, 100, 1, days=30.0, seed=seed)
    first = true.iloc[rng.choice(len(true), n_merged, replace=False)].assign(magnitude=2.5)
    second = first.assign(seconds=first["seconds"] + rng.uniform(2.5, 4.0, n_merged), x=first["x"] + 3.0)
    rest = true.drop(first.index)
    tables = built(pd.concat([rest, first, second], ignore_index=True), _stations(12, 40.0, rng), 30.0, rng, 0.0)
    arrivals = tables["arrivals"].copy()
    stations = sorted(tables["stations"]["station_id"])
    begin = tables["events"].set_index("event_id")["time"]
    for one, two in zip(*_pairs(begin, first, second), strict=True):
        late = (arrivals["event_id"] == two) & arrivals["station_id"].isin(stations[::3])
        lost = (arrivals["event_id"] == one) & arrivals["station_id"].isin(stations[::3])
        arrivals.loc[late, "residual_s"] += (begin[two] - begin[one]).total_seconds()
        arrivals.loc[late, "event_id"] = one
        arrivals = arrivals[~lost & (arrivals["event_id"] != two)]
    gone = set(_pairs(begin, first, second)[1])
    keep = {name: frame[~frame["event_id"].isin(gone)] if "event_id" in frame else frame
            for name, frame in tables.items()}
    return {**keep, "arrivals": arrivals}


def _pairs(begin, first, second):
    seconds = (begin - START).dt.total_seconds()
    return tuple([seconds.index[np.argmin(np.abs(seconds - s))] for s in part["seconds"]] for part in (first, second))


def test_merged_events_are_found():
    rows, tables = outcome(merged(1, 40))
    row = rows.loc["merged_events"]
    assert row["verdict"] == "bad" and row["value"] * row["n"] == pytest.approx(40, abs=6)
    assert (tables["merged"]["spread_s"] > 1.5).all()
    assert rows.loc["disagreeing_pairs", "value"] > 0.01


def test_single_station_origin_times_are_the_true_ones_whatever_the_place(sound):
    """Residuals are taken away: the model's times from the epicentre stand in; places are then moved by 10 km."""
    scatter = []
    for move in (0.0, 0.09):
        tables = {**sound, "arrivals": sound["arrivals"].assign(residual_s=np.nan),
                  "origins": sound["origins"].assign(latitude=sound["origins"]["latitude"] + move)}
        case = make_case(tables, SETTINGS, MODEL)
        found = single_station(case, onsets(case))
        scatter.append(np.median(np.abs(found["apart_s"])))
        assert np.mean(np.abs(found["apart_s"]) > 1.5) < 0.02
    np.testing.assert_allclose(scatter, [0.1, 0.1], atol=0.08)


def test_two_groups_need_two_stations_each_and_a_gap():
    def groups(*values):
        return len(two_groups(np.zeros(len(values), np.int64), np.array(sorted(values)), 1.5))

    assert groups(0.0, 0.1, 0.2, 2.0, 2.1) == 1
    assert groups(0.0, 0.1, 0.2, 2.0) == 0
    assert groups(0.0, 0.1, 1.0, 1.7, 2.4) == 0
    assert groups(-9.0, -3.0, 0.0, 0.1, 0.2) == 0
    assert groups(0.0, 0.1, 2.0, 2.1) == 1
    both = two_groups(np.repeat([3, 7], 4), np.array([0, 0.1, 2.0, 2.1, 0, 0.1, 0.2, 0.3]), 1.5)
    assert list(both) == [3]
    assert len(two_groups(np.empty(0, np.int64), np.empty(0), 1.5)) == 0


def test_pairs_that_disagree_by_themselves_are_not_called_merged_and_their_odds_are_found():
    rng = np.random.default_rng(5)
    event = np.repeat(np.arange(4000), 8)
    for rate in (0.02, 0.1):
        apart = np.where(rng.random(len(event)) < rate, rng.normal(0, 5, len(event)), rng.normal(0, 0.1, len(event)))
        apart = apart[np.lexsort((apart, event))]
        drawn = independent(event, apart, 1.5, rng)
        far = [np.mean(np.abs(one) > 1.5) for one in (apart, drawn)]
        assert far[1] == pytest.approx(far[0], rel=0.1)
        counted = [len(two_groups(event, one, 1.5)) for one in (apart, drawn)]
        assert counted[0] == pytest.approx(counted[1], abs=4 * np.sqrt(sum(counted)) + 3)


def test_the_slope_is_that_of_the_least_absolute_differences():
    rng = np.random.default_rng(1)
    x = rng.normal(0, 2, 400)
    y = 0.3 * x + rng.laplace(0, 0.1, 400)
    y[:40] += 20
    grid = np.linspace(-1, 1, 4001)
    slow = grid[np.argmin([np.abs(y - g * x).sum() for g in grid])]
    assert _slope(x, y) == pytest.approx(slow, abs=0.01)
    assert _slope(x[:5], y[:5]) == 0.0


def test_onsets_of_two_events_are_compared_like_sets(sound):
    case = make_case(halved(sound, 10), SETTINGS, MODEL)
    found, arrivals = onsets(case), case.facts.arrivals
    ids = case.facts.catalogue["event_id"].to_numpy()
    one, two = np.arange(0, 60), np.arange(1, 61)
    compared = compare(case, found, one, two)
    for k in range(60):
        sets = [{(a.station_id, a.phase) for a in arrivals[arrivals["event_id"] == ids[compared[side][k]]].itertuples()}
                for side in ("large", "small")]
        assert compared["n_small"][k] == len(sets[1]) <= len(sets[0]) == compared["n_large"][k]
        assert compared["overlap"][k] == pytest.approx(len(sets[0] & sets[1]) / len(sets[1]))
        stations = [{station for station, _ in part} for part in sets]
        assert compared["stations"][k] == len(stations[1])
        assert compared["shared_stations"][k] == len(stations[0] & stations[1])
    itself = compare(case, found, one, one)
    assert (itself["fit"] > 0.9).mean() > 0.9 and (itself["same_onsets"] == itself["n_small"]).all()
    moved = compare(case, found, one, one, np.full(60, 30.0))
    assert (moved["fit"] == 0).all() and (moved["same_onsets"] == 0).all()


@pytest.mark.parametrize("fewer", [1, 2])
def test_an_event_moved_onto_its_copy_fits_it(sound, fewer):
    """A copy 20 s later; one of the two (the earlier or the later) has lost a station."""
    ids = sound["origins"]["event_id"].iloc[:30].to_numpy()
    origins = sound["origins"].iloc[:30]
    parts = [sound["arrivals"][sound["arrivals"]["event_id"].isin(ids)].copy() for _ in range(2)]
    first = parts[0].groupby("event_id")["station_id"].transform("first")
    parts[fewer - 1] = parts[fewer - 1][parts[0]["station_id"] != first]
    later = pd.Timedelta(seconds=20)
    number = dict(zip(ids, range(1, 31), strict=True))
    parts[1] = parts[1].assign(event_id=parts[1]["event_id"].map(number), time=parts[1]["time"] + later)
    copies = origins.assign(event_id=origins["event_id"].map(number), time=origins["time"] + later)
    case = make_case({**sound, "arrivals": pd.concat(parts, ignore_index=True),
                      "origins": pd.concat([origins, copies], ignore_index=True), "events": sound["events"].iloc[:0]},
                     SETTINGS, MODEL)
    row = pd.Index(case.facts.catalogue["event_id"])
    one, two = row.get_indexer(ids), row.get_indexer(np.arange(1, 31))
    found = onsets(case)
    apart, together = (compare(case, found, one, two, np.full(30, moved)) for moved in (0.0, -20.0))
    assert (apart["fit"] == 0).all() and (apart["same_onsets"] == 0).all()
    assert (together["fit"] > 0.6).all() and (together["same_onsets"] == together["n_small"]).all()
    assert (together["small"] == (one, two)[fewer - 1]).all()


def test_the_same_event_found_twice_is_no_split_one(sound):
    again, ids = sound["origins"].iloc[::30].copy(), sound["origins"]["event_id"].iloc[::30].to_numpy()
    number = dict(zip(ids, range(1, len(ids) + 1), strict=True))
    again["time"] += pd.Timedelta(seconds=0.5)
    more = sound["arrivals"][sound["arrivals"]["event_id"].isin(ids)]
    more = more.assign(event_id=more["event_id"].map(number), pick_id=more["pick_id"] + 1)
    tables = with_origins(sound, again.assign(event_id=again["event_id"].map(number)))
    rows, found = outcome({**tables, "arrivals": pd.concat([sound["arrivals"], more], ignore_index=True)})
    assert rows.loc["split_events", "verdict"] == "good" and rows.loc["close_pairs", "value"] * 30 > 0.8
    assert found["close"]["same_onsets"].iloc[0] > 5


def test_sound_catalogues_are_not_called_bad():
    bad = []
    for seed in range(20):
        sequence, _ = aftershocks(8, seed, 3.0 + seed, n_background=40, n_aftershocks=100 + 5 * seed, n_sequences=1)
        for tables in (catalogue(60 + 5 * seed, 2.0 + seed, seed=seed), sequence):
            rows, _ = outcome(tables)
            bad += list(rows.index[rows["verdict"] == "bad"])
    assert len(bad) <= 2, bad


def test_dense_aftershocks_have_many_close_pairs_and_are_not_called_bad():
    for seed in range(20):
        true = sequences(50, 2000, 1, 2.0, seed=seed, c_days=0.005)
        rows, _ = outcome(bare(*(true[name].to_numpy() for name in ("seconds", "x", "y", "magnitude"))))
        assert rows.loc["close_pairs", "value"] > 0.02 and rows.loc["close_pairs", "verdict"] != "bad"


def test_strange_input_gets_an_answer(sound):
    three = sound["origins"].iloc[:3]
    for tables in ({}, {"origins": three}, {**sound, "origins": three},
                   {**sound, "stations": sound["stations"].iloc[:0]},
                   {**sound, "arrivals": sound["arrivals"].assign(residual_s=np.nan)},
                   {**sound, "events": sound["events"].assign(depth_km=np.nan), "origins": sound["origins"].iloc[:0]}):
        rows, _ = outcome(tables)
        assert len(rows) == 6 and "bad" not in set(rows["verdict"])
