import numpy as np
import pandas as pd
import pytest

from quakescribe.errors import TrainError
from quakescribe.settings.train import SamplesSettings
from quakescribe.tables import ARRIVALS, PICKS, pick_ids
from quakescribe.train.labels import Labels
from quakescribe.train.sources import by_hand, consensus

T0 = 1_700_000_000_000_000_000


def picks(rows, pairs=False):
    """Rows: (station, phase, seconds)."""
    frame = pd.DataFrame(rows, columns=["station_id", "phase", "time"])
    frame["time"] = pd.to_datetime(T0 + (frame["time"] * 1e9).astype("int64"), utc=True)
    frame["pick_id"] = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    frame["pair_id"] = 0
    if pairs:
        frame["pair_id"] = np.repeat(frame["pick_id"].to_numpy()[::2], 2)
    return PICKS.conform(frame.assign(picker="hand"))


def labels():
    """Two labelled pairs at A and one at B, one doubtful onset."""
    pairs = pd.DataFrame([(1, "XX.A.", 10.0, 12.0), (2, "XX.A.", 50.0, 53.0), (1, "XX.B.", 11.0, 14.0)],
                         columns=["event_id", "station_id", "p_ns", "s_ns"])
    for name in ("p_ns", "s_ns"):
        pairs[name] = (T0 + pairs[name] * 1e9).astype("int64")
    pairs = pairs.assign(snr=5.0, picker="pal")
    rows = [(row.station_id, phase, ns, "label") for row in pairs.itertuples()
            for phase, ns in (("P", row.p_ns), ("S", row.s_ns))]
    marks = pd.DataFrame([*rows, ("XX.A.", "P", T0 + 90 * 10**9, "ignore")],
                         columns=["station_id", "phase", "time_ns", "use"])
    quakes = pairs[["station_id", "p_ns", "s_ns"]].assign(associated=True)
    return Labels(pairs, marks, quakes, quakes)


SEEN = picks([("XX.A.", "P", 10.05), ("XX.A.", "S", 12.1), ("XX.A.", "P", 50.3), ("XX.A.", "S", 53.0),
              ("XX.B.", "P", 11.0), ("XX.B.", "S", 14.5)])
NOTHING = picks([("XX.C.", "P", 1.0)])


def test_a_pair_stays_a_label_if_another_picker_has_both_its_onsets():
    found = consensus(labels(), {"other": SEEN}, SamplesSettings())
    assert found.pairs[["event_id", "station_id"]].to_numpy().tolist() == [[1, "XX.A."]]
    use = found.marks.set_index(["station_id", "phase", "time_ns"])["use"]
    assert use.loc["XX.A.", "P", T0 + 10 * 10**9] == "label"
    assert use.loc["XX.A.", "P", T0 + 50 * 10**9] == "ignore"
    assert use.loc["XX.A.", "S", T0 + 53 * 10**9] == "label"
    assert use.loc["XX.A.", "P", T0 + 90 * 10**9] == "ignore"


@pytest.mark.parametrize(("least", "left"), [(1, 1), (2, 0)])
def test_so_many_pickers_must_agree_as_the_settings_say(least, left):
    found = consensus(labels(), {"one": SEEN, "two": NOTHING}, SamplesSettings(agree_least=least))
    assert len(found.pairs) == left


def test_the_tolerance_is_that_of_the_phase():
    wide = SamplesSettings(agree_p_s=0.4, agree_s_s=0.6)
    assert len(consensus(labels(), {"other": SEEN}, wide).pairs) == 3


HAND = [("XX.A.", "P", 10.0), ("XX.A.", "S", 12.0), ("XX.B.", "P", 70.0), ("XX.B.", "S", 75.0)]


def as_arrivals(table, events):
    return ARRIVALS.conform(table[["pick_id", "station_id", "phase", "time"]].assign(event_id=events))


@pytest.mark.parametrize("kind", ["events", "pairs", "onsets"])
def test_onsets_picked_by_hand_are_the_labels_and_the_runs_own_are_doubtful(kind):
    table = picks(HAND, kind == "pairs")
    arrivals = as_arrivals(table, [7, 7, 8, 8]) if kind == "events" else ARRIVALS.empty()
    found = by_hand(labels(), table, arrivals, SamplesSettings(), "hand.csv")
    assert found.pairs["station_id"].tolist() == ["XX.A.", "XX.B."]
    assert found.pairs["event_id"].tolist() == ([7, 8] if kind == "events" else [0, 0])
    assert ((found.pairs["s_ns"] - found.pairs["p_ns"]) / 1e9).tolist() == [2.0, 5.0]
    use = found.marks.groupby("use").size()
    assert use["label"] == 4
    assert use["ignore"] == 5  # two of the run's seven are the hand's own
    moved = by_hand(labels(), picks([(name, phase, at + 0.3) for name, phase, at in HAND]), ARRIVALS.empty(),
                    SamplesSettings(), "hand.csv")
    assert moved.marks.groupby("use").size()["ignore"] == 5  # also those that lie 0.3 s beside them
    assert len(found.quakes) == 5


def test_p_and_s_of_different_events_make_no_pair():
    table = picks(HAND[:2])
    with pytest.raises(TrainError, match=r"hand\.csv: no pair of P and S"):
        by_hand(labels(), table, as_arrivals(table, [7, 8]), SamplesSettings(), "hand.csv")


def test_an_s_too_late_makes_no_pair():
    table = picks([("XX.A.", "P", 10.0), ("XX.A.", "S", 40.0)])
    with pytest.raises(TrainError, match="no pair"):
        by_hand(labels(), table, ARRIVALS.empty(), SamplesSettings(), "hand.csv")
