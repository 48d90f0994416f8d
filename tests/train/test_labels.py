import numpy as np
import pandas as pd
import pytest
from tables_by_hand import MODEL, START, VP, VS, arrivals, marks_of, ns, origins, picks, stations

from quakescribe.settings.train import SamplesSettings
from quakescribe.train.labels import MIN_SP_S, agree, find_labels, find_pairs

SETTINGS = SamplesSettings()
NETWORK = stations(A=0.0, B=20.0, C=24.0, D=60.0)
Z = 8.0


def travel(km: float, phase: str) -> float:
    return float(np.hypot(km, Z)) / (VP if phase == "P" else VS)


PICKS = picks((1, "A", "P", travel(0, "P"), 1), (2, "A", "S", travel(0, "S"), 1),
              (3, "B", "P", travel(20, "P"), 0), (4, "B", "S", travel(20, "S"), 0))
ARRIVALS = arrivals(PICKS, (7, 1, 0.1), (7, 2, -0.1), (7, 3, 0.2), (7, 4, 0.3))
ORIGINS = origins((7, 0.0, 0.0, Z, True))


def found(table=PICKS, theirs=ARRIVALS, where=ORIGINS, **changes):
    return find_labels(table, theirs, where, NETWORK, MODEL, SamplesSettings(**changes))


def test_p_and_s_of_one_event_at_one_station_are_a_labelled_pair_whatever_the_picker_paired():
    labels = found()
    assert list(labels.pairs["station_id"]) == ["XX.A.", "XX.B."]
    assert list(labels.pairs["p_ns"]) == [ns(travel(0, "P")), ns(travel(20, "P"))]
    assert list(labels.pairs["s_ns"]) == [ns(travel(0, "S")), ns(travel(20, "S"))]
    assert set(labels.pairs["picker"]) == {"hand"} and set(labels.pairs["event_id"]) == {7}
    assert marks_of(labels, "B") == {("P", round(travel(20, "P"), 1), "label"), ("S", round(travel(20, "S"), 1),
                                                                                 "label")}


@pytest.mark.parametrize(("changed", "use"), [
    ({"residual_p": 0.6}, ("ignore", "label")), ({"residual_s": -0.9}, ("label", "ignore")),
    ({"residual_s": np.nan}, ("label", "ignore")), ({"residual_p": 0.49, "residual_s": 0.79}, ("label", "label"))])
def test_a_large_residual_makes_an_onset_doubtful_and_spoils_the_pair(changed, use):
    theirs = arrivals(PICKS, (7, 1, 0.1), (7, 2, 0.1), (7, 3, changed.get("residual_p", 0.0)),
                      (7, 4, changed.get("residual_s", 0.0)))
    labels = found(theirs=theirs)
    assert ("XX.B." in set(labels.pairs["station_id"])) == (use == ("label", "label"))
    assert marks_of(labels, "B") == {("P", round(travel(20, "P"), 1), use[0]), ("S", round(travel(20, "S"), 1), use[1])}


def test_badly_located_events_give_labels_only_if_asked_for():
    bad = origins((7, 0.0, 0.0, Z, False))
    assert found(where=bad).pairs.empty
    assert {use for _, _, use in marks_of(found(where=bad), "A")} == {"ignore"}
    assert len(found(where=bad, well_located=False).pairs) == 2


def test_arrivals_of_an_event_without_an_origin_are_doubtful():
    labels = found(where=origins())
    assert labels.pairs.empty and {use for _, _, use in marks_of(labels, "A")} == {"ignore"}
    assert labels.quakes["associated"].all() and len(labels.quakes) == 2


@pytest.mark.parametrize(("lag", "paired", "use"), [(0.2, False, "ignore"), (0.4, True, "label"), (17.9, True, "label"),
                                                     (18.1, False, "label")])
def test_a_pair_is_neither_too_close_nor_too_far_apart(lag, paired, use):
    table = picks((1, "D", "P", 100.0, 1), (2, "D", "S", 100.0 + lag, 1))
    labels = found(table, arrivals(table, (7, 1, 0.0), (7, 2, 0.0)), origins((7, 90.0, 60.0, Z, True)))
    assert len(labels.pairs) == paired
    assert {one for _, second, one in marks_of(labels, "D") if second in (100.0, round(100 + lag, 1))} == {use}


def test_pairs_of_two_stations_that_agree_are_doubtful_and_a_lonely_one_is_no_mark():
    lag = VP / VS - 1  # an S-P time of travel * lag
    table = picks((11, "A", "P", 500.0, 11), (12, "A", "S", 500 + 3 * lag, 11),
                  (13, "B", "P", 503.5, 13), (14, "B", "S", 503.5 + 5 * lag, 13),
                  (15, "C", "P", 520.0, 15), (16, "C", "S", 522.0, 15))
    labels = found(table, arrivals(table), origins())
    assert marks_of(labels, "A") == {("P", 500.0, "ignore"), ("S", round(500 + 3 * lag, 1), "ignore")}
    assert marks_of(labels, "B") == {("P", 503.5, "ignore"), ("S", round(503.5 + 5 * lag, 1), "ignore")}
    assert marks_of(labels, "C") == set()
    assert not labels.quakes["associated"].any() and len(labels.quakes) == 2
    assert found(table, arrivals(table), origins(), agree_s=1.0).marks.empty


def test_two_instruments_of_one_station_do_not_agree_with_each_other():
    table = picks((11, "XX.A.00", "P", 500.0, 11), (12, "XX.A.00", "S", 502.0, 11),
                  (13, "XX.A.10", "P", 500.0, 13), (14, "XX.A.10", "S", 502.0, 13))
    assert found(table, arrivals(table), origins()).marks.empty


def test_a_picker_s_pair_of_which_half_is_associated_is_doubtful_as_a_whole():
    table = picks((1, "A", "P", travel(0, "P"), 1), (2, "A", "S", travel(0, "P") + 7.0, 1))
    labels = found(table, arrivals(table, (7, 1, 0.0)))
    assert ("S", round(travel(0, "P") + 7.0, 1), "ignore") in marks_of(labels, "A")
    assert ("P", round(travel(0, "P"), 1), "label") in marks_of(labels, "A")


def test_an_event_is_expected_where_it_was_not_picked_but_not_far_beyond_its_farthest_pick():
    labels = found()
    assert marks_of(labels, "C") == {("P", round(travel(24, "P"), 1), "ignore"), ("S", round(travel(24, "S"), 1),
                                                                                  "ignore")}
    assert marks_of(labels, "D") == set()
    c = labels.quakes[labels.quakes["station_id"] == "XX.C."]
    assert list(c["p_ns"] - START.value) == pytest.approx([travel(24, "P") * 1e9], abs=1e7)
    assert not c["associated"].any()


def test_an_unassociated_onset_where_one_is_expected_is_doubtful_and_takes_its_place():
    second = travel(24, "S") + 0.9
    table = pd.concat([PICKS, picks((9, "C", "S", second, 0))], ignore_index=True)
    assert marks_of(found(table), "C") == {("P", round(travel(24, "P"), 1), "ignore"), ("S", round(second, 1),
                                                                                        "ignore")}
    late = pd.concat([PICKS, picks((9, "C", "S", second + 0.2, 0))], ignore_index=True)
    assert marks_of(found(late), "C") == {("P", round(travel(24, "P"), 1), "ignore"),
                                          ("S", round(travel(24, "S"), 1), "ignore")}


def test_expected_times_are_those_of_the_earth_model():
    expected = found().quakes.set_index("station_id")["s_ns"]
    assert (expected["XX.C."] - START.value) * 1e-9 == pytest.approx(travel(24, "S"), abs=0.01)


def test_agreement_is_what_comparing_all_with_all_gives():
    random = np.random.default_rng(3)
    t0, site = random.integers(0, 300, 120), random.integers(0, 4, 120)
    slow = [any(abs(t0[i] - t0[j]) <= 2 and site[i] != site[j] for j in range(120)) for i in range(120)]
    assert list(agree(t0, site, 2)) == slow


def test_unpaired_onsets_are_paired_as_going_through_them_one_by_one_does():
    random = np.random.default_rng(4)
    n = 200
    onsets = pd.DataFrame({"pick_id": np.arange(1, n + 1), "station_id": random.choice(["XX.A.", "XX.B."], n),
                           "phase": random.choice(["P", "S"], n), "time_ns": random.permutation(n) * 700_000_000,
                           "pair_id": 0, "event_id": random.integers(-1, 3, n)})
    slow = []
    for _, mine in onsets.sort_values("time_ns").groupby("station_id"):
        open_p = None
        for one in mine.itertuples():
            if one.phase == "P":
                open_p = one
            elif open_p is not None and MIN_SP_S < (one.time_ns - open_p.time_ns) * 1e-9 <= 3:
                slow.append((open_p.pick_id, one.pick_id, open_p.event_id == one.event_id and one.event_id >= 0))
                open_p = None
    pairs = find_pairs(onsets, 3.0)
    assert sorted(zip(pairs["p_id"], pairs["s_id"], pairs["associated"], strict=True)) == sorted(slow)


def test_the_picker_s_own_pairs_are_counted_as_they_are():
    table = pd.concat([PICKS, picks((21, "A", "P", 900.0, 21), (22, "A", "S", 930.0, 21), (23, "A", "P", 905.0, 0))],
                      ignore_index=True)
    counted = found(table).counted
    assert list(counted["associated"]) == [True, False, True]
    assert list((counted["s_ns"] - counted["p_ns"]) * 1e-9) == pytest.approx(
        [travel(0, "S") - travel(0, "P"), 30.0, travel(20, "S") - travel(20, "P")])
