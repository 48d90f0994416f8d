import numpy as np
import pandas as pd
import pytest
from made_picks import END, MODEL, START, noise, picks, planted, stations

from quakescribe.audit.case import NULL_COLUMNS
from quakescribe.run.chance import SHIFT_S, chance, nulls, shifted
from quakescribe.run.stage import fingerprint
from quakescribe.run.summary import associated_pairs
from quakescribe.settings.associate import AssociateSettings
from quakescribe.tables import PICKS

SETTINGS = AssociateSettings()
EVENTS = np.arange(100.0, 7000.0, 700.0)


@pytest.fixture(scope="module")
def busy():
    """Ten events in many pairs that mean nothing."""
    return picks(planted(EVENTS) + noise(100))


def test_planted_events_are_found_and_vanish_when_shifted(busy):
    from quakescribe.associate import associate

    found = associate(busy, stations(), MODEL, SETTINGS)
    assert len(found.events) >= len(EVENTS)
    assert associated_pairs(busy, found.arrivals) >= 8 * len(EVENTS) - 4
    null = chance(busy, stations(), MODEL, SETTINGS, START, END, repeats=2)
    assert null.events < 0.3 * len(EVENTS)
    assert null.picks < 0.3 * len(found.arrivals)


def test_picks_that_mean_nothing_associate_as_rarely_shifted_or_not():
    alone = picks(noise(100))
    null = chance(alone, stations(), MODEL, SETTINGS, START, END, repeats=2)
    assert null.picks < 0.05 * len(alone)


def test_a_shift_is_one_per_station_keeps_pairs_whole_and_stays_in_the_span(busy):
    moved = shifted(busy, START, END, np.random.default_rng(0)).set_index("pick_id").loc[busy["pick_id"]].reset_index()
    by = (moved["time"] - busy["time"]).dt.total_seconds()
    length = (END - START).total_seconds()
    turned = np.minimum(np.round(by % length, 6), np.round(-by % length, 6))
    for _, own in turned.groupby(busy["station_id"]):
        assert own.min() == own.max()
        assert SHIFT_S[0] <= own.iloc[0] <= SHIFT_S[1]
    p = moved[moved["phase"] == "P"].set_index("pick_id")["time"]
    assert p.between(START, END, inclusive="left").all()
    s, before = (frame[frame["phase"] == "S"] for frame in (moved, busy))
    lag = s["time"].to_numpy() - p.loc[s["pair_id"]].to_numpy()
    was = before["time"].to_numpy() - busy.set_index("pick_id")["time"].loc[before["pair_id"]].to_numpy()
    assert (lag == was).all()
    assert turned.groupby(busy["station_id"]).first().nunique() == 8


def test_the_same_seed_gives_the_same_and_another_another(busy):
    one, same, other = (shifted(busy, START, END, np.random.default_rng(k)) for k in (1, 1, 2))
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)


def test_no_picks_and_no_repeats_are_no_error():
    null = chance(PICKS.empty(), stations(), MODEL, SETTINGS, START, END)
    assert tuple(null) == (0, 0, 0, 0, 0)
    assert all(pd.isna(one) for one in chance(PICKS.empty(), stations(), MODEL, SETTINGS, START, END, repeats=0))


def test_the_sample_and_what_is_made_of_it_are_counted_by_phase(busy):
    from quakescribe.associate import associate

    table = nulls(busy, stations(), MODEL, SETTINGS, START, END, 2, 0, 100_000)
    assert list(table) == list(NULL_COLUMNS)
    arrivals = associate(busy, stations(), MODEL, SETTINGS).arrivals
    for phase in "ps":
        assert (table[phase] == (busy["phase"] == phase.upper()).sum()).all()
        assert (table[f"real_{phase}"] == (arrivals["phase"] == phase.upper()).sum()).all()
    for kind in ("real", "null"):
        assert (table[f"{kind}_p"] + table[f"{kind}_s"] == table[f"{kind}_picks"]).all()


def test_of_many_picks_four_stretches_are_taken(busy):
    table = nulls(busy, stations(), MODEL, SETTINGS, START, END, 1, 0, len(busy) // 2)
    assert table["picks"].item() == pytest.approx(len(busy) / 2, rel=0.1)
    assert 0 < table["real_events"].item() < len(EVENTS)
