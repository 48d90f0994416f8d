"""Events lost in relocation, and how far the others move."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from quakescribe.audit import audit, make_case
from quakescribe.audit.relocation import REASONS, RELOCATION, reasons, shared_arrivals
from quakescribe.earth.geodesy import destination
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue

SETTINGS = AuditSettings(resamples=100)
SOUND = catalogue(500, 15.0, seed=19)


def outcome(relocated, tables=SOUND):
    return audit(make_case(tables, SETTINGS, MODEL, relocated=relocated), (RELOCATION,))


def found(relocated, tables=SOUND):
    return outcome(relocated, tables).findings.set_index(["metric", "key"])


def kept(share, seed=0):
    return SOUND["origins"][np.random.default_rng(seed).random(len(SOUND["origins"])) < share]


def test_a_loss_of_three_tenths_is_seen_and_one_of_six_tenths_is_bad():
    row = found(kept(0.7)).loc[("relocation_lost", "")]
    assert row["value"] == pytest.approx(0.3, abs=0.05) and row["low"] < 0.3 < row["high"] and row["verdict"] == "watch"
    rows = found(kept(0.4))
    assert rows.loc[("relocation_lost", ""), "verdict"] == "bad"
    assert rows.loc[("lost_though_linked", ""), "verdict"] == "bad"


def test_nothing_lost_and_nothing_moved_is_good():
    rows = found(SOUND["origins"])
    assert rows.loc[("relocation_lost", ""), "value"] == 0.0
    assert rows.loc[("relocation_shift", "median"), "value"] == pytest.approx(0.0, abs=1e-6)
    assert set(rows["verdict"]) == {"good"}


@pytest.mark.parametrize(("move", "verdict"), [(0.7, "good"), (9.0, "bad")])
def test_a_shift_is_recovered(move, verdict):
    latitude, longitude = destination(SOUND["origins"]["latitude"], SOUND["origins"]["longitude"], 70.0, move)
    row = found(SOUND["origins"].assign(latitude=latitude, longitude=longitude)).loc[("relocation_shift", "median")]
    assert row["value"] == pytest.approx(move, rel=0.01) and row["verdict"] == verdict


def test_every_reason_is_told():
    origins = SOUND["origins"].copy()
    arrivals = SOUND["arrivals"]
    order = arrivals["event_id"].value_counts()
    far, few, poor, linked = order.index[:4]
    origins.loc[origins["event_id"] == far, "latitude"] = 43.0
    origins.loc[origins["event_id"] == poor, "rms_s"] = 3.0
    one = arrivals[arrivals["event_id"] == few]
    arrivals = arrivals.drop(one.index[5:])
    case = make_case({**SOUND, "origins": origins, "arrivals": arrivals}, SETTINGS, MODEL)
    located = case.facts.located.reset_index(drop=True)
    table = reasons(located, located["event_id"].isin([far, few, poor, linked]).to_numpy(), case).set_index("event_id")
    assert table["reason"].to_dict() == {far: REASONS[1], few: REASONS[0], poor: REASONS[3], linked: REASONS[4]}


def test_an_event_that_shares_too_little_is_told():
    arrivals = SOUND["arrivals"].copy()
    event = arrivals["event_id"].value_counts().index[0]
    part = arrivals["event_id"] == event
    arrivals.loc[part, "station_id"] = "YY." + arrivals.loc[part, "station_id"]
    case = make_case({**SOUND, "arrivals": arrivals}, SETTINGS, MODEL)
    located = case.facts.located.reset_index(drop=True)
    assert reasons(located, (located["event_id"] == event).to_numpy(), case)["reason"].tolist() == [REASONS[2]]


def test_shared_arrivals_equal_a_slow_count():
    rng = np.random.default_rng(3)
    places = rng.uniform(0, 12, (40, 3))
    seen = rng.integers(0, 2, (40, 15))
    of = np.array([0, 7, 39])
    neighbours, most = shared_arrivals(places, of, csr_matrix(seen), 5.0)
    for k, i in enumerate(of):
        near = [j for j in range(40) if j != i and np.linalg.norm(places[i] - places[j]) < 5.0]
        assert neighbours[k] == len(near)
        assert most[k] == max([(seen[i] & seen[j]).sum() for j in near], default=0)


def test_sound_relocations_are_not_called_bad():
    verdicts = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        part = kept(rng.uniform(0.85, 1.0), seed)
        moved = part.assign(latitude=part["latitude"] + rng.normal(0, 0.004, len(part)),
                            longitude=part["longitude"] + rng.normal(0, 0.004, len(part)),
                            depth_km=part["depth_km"] + rng.normal(0, 0.5, len(part)))
        verdicts += found(moved)["verdict"].tolist()
    assert verdicts.count("bad") == 0 and verdicts.count("good") > 0.9 * len(verdicts)


def test_without_a_relocated_catalogue_or_a_common_event_nothing_is_told():
    assert set(found(SOUND["origins"].head(0))["verdict"]) == {"cannot tell"}
    strange = SOUND["origins"].assign(event_id=SOUND["origins"]["event_id"] + 10**15)
    assert set(found(strange)["verdict"]) == {"cannot tell"}
    three = {**SOUND, "origins": SOUND["origins"].head(3)}
    assert set(found(SOUND["origins"].head(2), three)["verdict"]) == {"cannot tell"}


def test_without_arrivals_the_loss_is_still_told():
    rows = found(kept(0.4), {**SOUND, "arrivals": SOUND["arrivals"].head(0), "picks": SOUND["picks"].head(0)})
    assert rows.loc[("relocation_lost", ""), "verdict"] == "bad"
    assert rows.loc[("lost_though_linked", ""), "verdict"] == "cannot tell"
