import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

from truth_by_hand import (
    START,
    arrivals_of,
    events_of,
    look,
    picks_of,
    ring,
    true_arrivals,
    true_events,
    true_transients,
    written,
)

from quakescribe.errors import StationError
from quakescribe.simulate.score import score
from quakescribe.simulate.score.match import match_onsets
from quakescribe.simulate.score.picks import _inside
from quakescribe.simulate.truth import TRANSIENTS
from quakescribe.tables import PICKS, pick_ids

N = 20


@pytest.fixture
def truth():
    events = true_events(np.arange(N) * 60.0)
    return events, true_arrivals(events, ring())


def picks_at(rows):
    """Picks from rows of station, phase, seconds after START."""
    frame = pd.DataFrame(rows, columns=["station_id", "phase", "after"])
    frame["time"] = START + pd.to_timedelta(frame["after"], unit="s")
    ids = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    return PICKS.conform(frame.assign(pick_id=ids, pair_id=0, picker="hand"))


def test_recall_counts_detectable_onsets_by_phase_and_class(tmp_path, truth):
    events, arrivals = truth
    rng = np.random.default_rng(0)
    arrivals = arrivals.assign(snr=rng.choice([3.5, 7.0, 30.0], len(arrivals)),
                               overlapped=rng.uniform(size=len(arrivals)) < 0.3,
                               head_wave=rng.uniform(size=len(arrivals)) < 0.3)
    picked = rng.uniform(size=len(arrivals)) < 0.6
    found = score(written(tmp_path, events, arrivals), {"picks": picks_of(arrivals[picked])[0]})
    for phase in "PS":
        mine = arrivals["phase"] == phase
        name = f"recall of detectable {phase}"
        for scope, members in (("all", mine), ("SNR 3 to 5", mine & (arrivals["snr"] == 3.5)),
                               ("SNR 5 to 10", mine & (arrivals["snr"] == 7.0)),
                               ("SNR 20 to 50", mine & (arrivals["snr"] == 30.0)), ("20 to 30 km", mine),
                               ("overlapped", mine & arrivals["overlapped"]), ("free", mine & ~arrivals["overlapped"]),
                               ("head wave", mine & arrivals["head_wave"])):
            assert look(found, name, scope) == pytest.approx(picked[members].mean()), scope
        assert not ((found["name"] == name) & (found["scope"] == "SNR 10 to 20")).any()


def test_distances_are_told_apart(tmp_path):
    events = true_events(np.arange(N) * 60.0)
    stations = pd.concat((ring(3, 9.0), ring(3, 25.0).assign(station_id=["XX.F0.", "XX.F1.", "XX.F2."])))
    arrivals = true_arrivals(events, stations)
    near = arrivals["distance_km"] < 10
    found = score(written(tmp_path, events, arrivals), {"picks": picks_of(arrivals[near])[0]})
    assert look(found, "recall of detectable P", "0 to 10 km") == 1.0
    assert look(found, "recall of detectable P", "20 to 30 km") == 0.0


def test_undetectable_and_unrecorded_onsets_are_right_when_picked_and_not_missed_when_not(tmp_path, truth):
    events, arrivals = truth
    hidden = arrivals["event_id"].to_numpy() > 10
    weak = arrivals.assign(detectable=~hidden, snr=np.where(hidden, 0.7, 20.0))
    folder = written(tmp_path, events, weak)
    found = score(folder, {"picks": picks_of(arrivals)[0]})
    assert look(found, "precision of P") == look(found, "recall of undetectable P") == 1.0
    found = score(folder, {"picks": picks_of(arrivals[~hidden])[0]})
    assert look(found, "recall of detectable P") == 1.0
    assert look(found, "recall of undetectable P") == 0.0
    written(tmp_path, events, weak.assign(recorded=~hidden))
    assert np.isnan(look(score(folder, {"picks": picks_of(arrivals)[0]}), "recall of undetectable P"))


def test_time_errors_are_those_put_in(tmp_path, truth):
    events, arrivals = truth
    rng = np.random.default_rng(3)
    late = rng.normal(0.03, 0.14, len(arrivals)).clip(-0.49, 0.49).round(6)
    loud = rng.uniform(size=len(arrivals)) < 0.5
    arrivals = arrivals.assign(snr=np.where(loud, 30.0, 4.0))
    found = score(written(tmp_path, events, arrivals), {"picks": picks_of(arrivals, late)[0]})
    for phase in "PS":
        for scope, members in (("all", loud | ~loud), ("SNR 20 to 50", loud), ("SNR 3 to 5", ~loud)):
            mine = late[members & (arrivals["phase"] == phase).to_numpy()]
            assert look(found, f"{phase} time error, median", scope) == pytest.approx(np.median(mine), abs=1e-6)
            assert look(found, f"{phase} time error, MAD", scope) == pytest.approx(
                np.median(np.abs(mine - np.median(mine))), abs=1e-6)
            assert look(found, f"{phase} time error, 90%", scope) == pytest.approx(
                np.quantile(np.abs(mine), 0.9), abs=1e-6)
            assert look(found, f"{phase} time error beyond 0.3 s", scope) == pytest.approx((np.abs(mine) > 0.3).mean())


def test_time_errors_are_of_detectable_onsets_only(tmp_path, truth):
    events, arrivals = truth
    weak = arrivals["event_id"].to_numpy() > 10
    picks = picks_of(arrivals, np.where(weak, 0.4, 0.01))[0]
    found = score(written(tmp_path, events, arrivals.assign(detectable=~weak)), {"picks": picks})
    assert look(found, "S time error beyond 0.3 s") == 0.0
    assert look(found, "S time error, 90%") == pytest.approx(0.01, abs=1e-6)


def test_stated_uncertainties_of_picks_are_tested(tmp_path, truth):
    rng = np.random.default_rng(5)
    late = rng.normal(0, 0.05, len(truth[1]))
    picks = picks_of(truth[1], late)[0]
    folder = written(tmp_path, *truth)
    name = "P time error within the stated uncertainty"
    within = look(score(folder, {"picks": picks.assign(uncertainty_s=np.float32(0.05))}), name)
    assert within == pytest.approx((np.abs(late[(truth[1]["phase"] == "P").to_numpy()]) <= 0.05).mean(), abs=0.01)
    assert look(score(folder, {"picks": picks.assign(uncertainty_s=np.float32(0.5))}), name) == 1.0
    assert name not in set(score(folder, {"picks": picks})["name"])


def test_what_wrong_picks_lie_on_is_told(tmp_path, truth):
    events, arrivals = truth
    p = arrivals[(arrivals["phase"] == "P") & (arrivals["station_id"] == "XX.S00.")]
    at = (p["time"] - START).dt.total_seconds().to_numpy()
    s = ((arrivals[(arrivals["phase"] == "S") & (arrivals["station_id"] == "XX.S00.")]["time"]) - START
         ).dt.total_seconds().to_numpy()
    transients = true_transients([("XX.S00.", "impulse", 30.0, 1.0), ("XX.S00.", "spindle", 90.0, 20.0),
                                  ("XX.S01.", "spike", 30.0, 1.0)])
    rows = [("XX.S00.", "P", at[0]), ("XX.S00.", "P", at[0] + 0.1), ("XX.S00.", "P", s[1]),
            ("XX.S00.", "P", s[2] + 1.0), ("XX.S00.", "P", 30.5), ("XX.S00.", "P", 105.0), ("XX.S01.", "P", 32.0),
            ("XX.S02.", "P", 30.5)]
    found = score(written(tmp_path, events, arrivals, transients), {"picks": picks_at(rows)})
    told = {"precision of P": 1, "P picks on an onset picked already": 1, "P picks on the other phase": 1,
            "P picks on a coda": 1, "P picks on impulse": 1, "P picks on spindle": 1, "P picks on nothing": 2}
    for name, count in told.items():
        assert look(found, name) == pytest.approx(count / 8), name
    assert not found["name"].str.contains("P picks on spike").any()


def test_without_the_table_of_transients_the_rest_is_still_told(tmp_path, truth):
    found = score(written(tmp_path, *truth), {"picks": picks_at([("XX.S00.", "P", 30.5)])})
    assert look(found, "P picks on nothing") == 1.0


def test_the_words_cover_every_pick_once(tmp_path, truth):
    rng = np.random.default_rng(1)
    rows = [(f"XX.S{rng.integers(6):02d}.", "PS"[rng.integers(2)], t) for t in rng.uniform(0, 1200, 800)]
    kinds = rng.choice(TRANSIENTS, 300)
    transients = true_transients([(f"XX.S{rng.integers(6):02d}.", kind, rng.uniform(0, 1200), rng.uniform(0, 9))
                                  for kind in kinds])
    found = score(written(tmp_path, *truth, transients), {"picks": picks_at(rows)})
    for phase in "PS":
        names = found["name"].str.startswith(f"{phase} picks on ") | (found["name"] == f"precision of {phase}")
        assert found.loc[names & (found["scope"] == "all"), "value"].sum() == pytest.approx(1.0)


def test_precision_by_chance_is_the_share_of_time_near_onsets(tmp_path):
    """Onsets every 4 s at a station: a pick at any time lies within 0.5 s of one in a quarter of cases."""
    events = true_events(np.arange(600) * 4.0)
    arrivals = true_arrivals(events, ring(1))
    times = np.random.default_rng(2).uniform(20, 2380, 500)
    found = score(written(tmp_path, events, arrivals), {"picks": picks_at([("XX.S00.", "P", t) for t in times])})
    assert look(found, "precision of P by chance") == pytest.approx(0.23, abs=0.05)  # less than 0.25: each once


def test_a_large_event_has_its_pick_though_a_tiny_one_lies_nearer(tmp_path):
    events = true_events([0.0, 0.1], detectable=[True, False])
    arrivals = true_arrivals(events, ring())
    late = picks_of(arrivals[arrivals["event_id"] == 1], 0.09)[0]
    found = score(written(tmp_path, events, arrivals), {"picks": late})
    assert look(found, "recall of detectable P") == 1.0
    assert look(found, "P time error, median") == pytest.approx(0.09, abs=1e-6)


def test_picks_are_matched_as_by_trying_everything():
    rng = np.random.default_rng(8)
    events = true_events(np.sort(rng.uniform(0, 60, 60)), detectable=rng.uniform(size=60) < 0.5)
    arrivals = true_arrivals(events, ring(3))
    picks = picks_at([(f"XX.S{rng.integers(3):02d}.", "PS"[rng.integers(2)], t) for t in rng.uniform(0, 70, 200)])
    row = match_onsets(arrivals, picks, 0.5)
    candidates = []
    for a, left in enumerate(arrivals.to_dict("records")):
        for b, right in enumerate(picks.to_dict("records")):
            apart = abs((left["time"] - right["time"]).value)
            if (left["station_id"], left["phase"]) == (right["station_id"], right["phase"]) and apart <= 5e8:
                candidates.append((not left["detectable"], apart, a, b))
    want = np.full(len(picks), -1)
    taken = set()
    for _, _, a, b in sorted(candidates):
        if a not in taken and want[b] < 0:
            want[b] = a
            taken.add(a)
    assert len(candidates) > 150
    assert row.tolist() == want.tolist()


def test_stretches_cover_what_lies_in_any_of_them():
    rng = np.random.default_rng(4)
    station, begin = rng.integers(0, 4, 60), rng.integers(0, 10**12, 60)
    end = begin + rng.integers(0, 10**11, 60)
    here, time = rng.integers(0, 4, 500), rng.integers(-10**10, 11 * 10**11, 500)
    begin, end, time = (t // 1000 * 1000 for t in (begin, end, time))
    want = [bool(((station == s) & (begin - 5 * 10**8 <= t) & (t <= end)).any())
            for s, t in zip(here, time, strict=True)]
    assert _inside((here, time), station, begin, end, 0.5).tolist() == want
    assert 50 < sum(want) < 450


def test_the_faulty_station_stands_out(tmp_path, truth):
    events, arrivals = truth
    good, owner = picks_of(arrivals)
    stray = picks_at([(f"XX.S{k:02d}.", "P", 30.0 + 60 * j) for k in range(6) for j in range(3)]
                     + [("XX.S03.", "P", 20.0 + 3.1 * j) for j in range(300)])
    picks = pd.concat((good, stray), ignore_index=True)
    found = score(written(tmp_path, events, arrivals), {
        "picks": picks, "events": events_of(events),
        "arrivals": arrivals_of(picks, np.concatenate((owner, np.zeros(len(stray), dtype=int))))})
    stations = found[found["scope"].str.startswith("XX.")]
    assert set(stations["scope"]) == set(arrivals["station_id"])
    assert look(found, "picks", "XX.S03.") == 2 * N + 303
    assert look(found, "unassociated picks", "XX.S03.") == 303
    assert look(found, "unassociated picks", "XX.S01.") == 3
    assert look(found, "unassociated picks over the stations' median", "XX.S03.") == pytest.approx(101.0)
    assert look(found, "precision of picks", "XX.S01.") == pytest.approx(2 * N / (2 * N + 3))
    assert look(found, "recall of detectable onsets", "XX.S01.") == 1.0


def test_a_station_without_picks_has_its_line_and_one_without_truth_too(tmp_path, truth):
    picks = picks_at([("XX.ODD.", "P", 5.0), ("XX.S01.", "P", 5.0)])
    found = score(written(tmp_path, *truth), {"picks": picks})
    assert look(found, "picks", "XX.S00.") == 0
    assert np.isnan(look(found, "precision of picks", "XX.S00."))
    assert look(found, "precision of picks", "XX.ODD.") == 0.0


@pytest.mark.parametrize("change", [lambda s: s, lambda s: s.removesuffix(".")])
def test_a_station_named_without_its_empty_location_is_the_same_station(tmp_path, truth, change):
    events, arrivals = truth
    picks, _ = picks_of(arrivals)
    picks = picks.assign(station_id=picks["station_id"].map(change))
    assert look(score(written(tmp_path, events, arrivals), {"picks": picks}), "recall of detectable P") == 1.0


def test_picks_of_another_network_are_refused_with_both_names(tmp_path, truth):
    events, arrivals = truth
    picks, _ = picks_of(arrivals)
    picks = picks.assign(station_id="YY." + picks["station_id"].str[3:])
    with pytest.raises(StationError, match=r"YY\.S00\..*XX\.S00\."):
        score(written(tmp_path, events, arrivals), {"picks": picks})


@pytest.mark.parametrize(("change", "precision"), [({}, 1.0), ({"snr": 0.3, "detectable": False}, 0.0),
                                                   ({"recorded": False, "detectable": False}, 0.0)])
def test_an_onset_that_nobody_can_see_makes_no_pick_right(tmp_path, truth, change, precision):
    events, arrivals = truth
    picks, _ = picks_of(arrivals)
    found = score(written(tmp_path, events, arrivals.assign(**change)), {"picks": picks})
    assert look(found, "precision of P") == precision


def test_picks_on_converted_and_direct_waves_are_named(tmp_path, truth):
    events, arrivals = truth
    is_s = arrivals["phase"] == "S"
    arrivals = arrivals.assign(precursor_s=np.where(is_s, 0.8, np.nan), direct_s=np.where(is_s, np.nan, 1.0),
                               head_wave=~is_s)
    s, p = arrivals[is_s], arrivals[~is_s]
    rows = [(r.station_id, "S", (r.time - START).total_seconds() - 0.8) for r in s.itertuples()]
    rows += [(r.station_id, "P", (r.time - START).total_seconds() + 1.0) for r in p.itertuples()]
    found = score(written(tmp_path, events, arrivals), {"picks": picks_at(rows)})
    assert look(found, "S picks on a converted Sp") == 1.0
    assert look(found, "P picks on the direct wave behind a head wave") == 1.0


def test_recall_of_picks_is_told_by_magnitude(tmp_path, truth):
    events, arrivals = truth
    events = events.assign(magnitude=np.where(np.arange(N) < 5, 0.7, 1.6))
    small = arrivals["event_id"].isin(events["event_id"][:5])
    found = score(written(tmp_path, events, arrivals), {"picks": picks_of(arrivals[~small])[0]})
    assert look(found, "recall of detectable P", "M 0.5 to 1.0") == 0.0
    assert look(found, "recall of detectable P", "M 1.5 to 2.0") == 1.0
