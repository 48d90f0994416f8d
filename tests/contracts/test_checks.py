"""What every check of the audit must do. A new check joins by its entry in CHECKS."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import CHECKS, audit, make_case
from quakescribe.audit.check import table
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue, reference_picks

SECTIONS = ("pick", "associate", "locate", "measure", "catalogue")
SETTINGS = AuditSettings(resamples=60)
SOUND = catalogue(250, 12.0)


def case_of(tables, **more):
    return make_case(tables, SETTINGS, MODEL, **more)


def without(*names):
    return {name: frame for name, frame in SOUND.items() if name not in names}


def first_events(n):
    ids = SOUND["origins"]["event_id"].iloc[:n]
    return {name: frame[frame["event_id"].isin(ids)] if "event_id" in frame else frame for name, frame in SOUND.items()}


SPARSE = {
    "nothing at all": {}, "picks only": without("events", "origins", "arrivals", "magnitudes"),
    "no picks": without("picks", "arrivals"), "no magnitudes": without("magnitudes"),
    "no stations": without("stations"), "no arrivals": without("arrivals"),
    "three events": first_events(3), "one event": first_events(1),
    "arrivals of one station": {**SOUND, "arrivals": SOUND["arrivals"][
        SOUND["arrivals"]["station_id"] == SOUND["arrivals"]["station_id"].iloc[0]]},
    "events without a depth": {"events": SOUND["events"].assign(depth_km=np.nan)},
    "a bare list": {"origins": SOUND["origins"].assign(
        **dict.fromkeys(["erh_km", "erz_km", "ert_s", "rms_s", "gap_deg", "dmin_km"], np.nan), n_phases=0,
        n_stations=0), "magnitudes": SOUND["magnitudes"]},
    "equal magnitudes": {**SOUND, "magnitudes": SOUND["magnitudes"].assign(value=1.0)},
    "all in one second": {**SOUND, "origins": SOUND["origins"].assign(time=SOUND["origins"]["time"].iloc[0])},
    "all at one place": {**SOUND, "origins": SOUND["origins"].assign(latitude=40.0, longitude=30.0, depth_km=5.0)},
}


def test_a_check_that_fails_says_so_and_the_others_go_on():
    def run(case):
        raise ZeroDivisionError("nothing to divide by")

    broken = replace(CHECKS[0], name="broken", run=run)
    done = audit(case_of(SOUND), (broken, CHECKS[-1]))
    failed = done.findings[done.findings["metric"].isin([metric.name for metric in broken.metrics])]
    assert set(failed["verdict"]) == {"cannot tell"}
    assert failed["why"].str.contains("ZeroDivisionError").all()
    assert set(done.findings["metric"]) - set(failed["metric"])


@pytest.fixture(params=CHECKS, ids=lambda check: check.name)
def check(request):
    return request.param


def test_it_says_what_it_asks_how_and_whose_method_it_is(check):
    assert check.section in SECTIONS
    assert check.question.endswith("?")
    assert check.method.endswith(".")
    assert check.references and all(any(c.isdigit() for c in one) for one in check.references)
    assert check.metrics and all(metric.todo and metric.title and metric.unit for metric in check.metrics)


@pytest.mark.parametrize("kind", SPARSE)
def test_a_sparse_catalogue_gets_an_answer_and_no_error(check, kind):
    found = table(check.run(case_of(SPARSE[kind])).findings)
    assert len(found)
    assert set(found["metric"]) <= {metric.name for metric in check.metrics}
    assert (found["why"].str.len() > 5).all()
    assert found.loc[found["verdict"].isin(["watch", "bad"]), "todo"].notna().all()


def test_without_anything_it_cannot_tell(check):
    found = audit(case_of({}), (check,)).findings
    assert set(found["verdict"]) == {"cannot tell"}
    assert found["value"].isna().all()


def test_a_sound_catalogue_gets_every_metric_of_the_network_or_the_reason_why_not(check):
    found = audit(case_of(SOUND, reference=reference_picks(SOUND)), (check,)).findings
    assert {metric.name for metric in check.metrics} == set(found["metric"])


def test_a_value_lies_within_its_interval(check):
    found = audit(case_of(SOUND, reference=reference_picks(SOUND)), (check,)).findings
    known = found.dropna(subset=["value", "low", "high"])
    assert (known["low"] <= known["value"] + 1e-9).all() and (known["value"] <= known["high"] + 1e-9).all()


def test_the_order_of_rows_does_not_matter_and_the_same_input_gives_the_same(check):
    case = case_of(SOUND, reference=reference_picks(SOUND))
    turned = {name: frame.sample(frac=1.0, random_state=1).reset_index(drop=True) for name, frame in SOUND.items()}
    one, two = (audit(c, (check,)).findings for c in (case, case_of(turned, reference=reference_picks(SOUND))))
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(one, audit(case, (check,)).findings)


def test_it_changes_nothing_that_it_is_given(check):
    case = case_of(SOUND, reference=reference_picks(SOUND))
    before = {name: frame.copy() for name, frame in vars(case.facts).items() if isinstance(frame, pd.DataFrame)}
    audit(case, (check,))
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, getattr(case.facts, name))
