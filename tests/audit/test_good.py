"""A verdict 'good' says that the whole interval is as good as a sound catalogue's: few events cannot have it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.grids import GRIDS
from quakescribe.audit.outliers import OUTLIERS
from quakescribe.audit.travel_times import TRAVEL_TIMES
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue

SETTINGS = AuditSettings(resamples=60)
FEW, MANY = catalogue(60, 5.0, seed=2), catalogue(1500, 20.0, seed=2)


def verdicts(tables, check, metric):
    rows = audit(make_case(tables, SETTINGS, MODEL), (check,)).findings
    return rows[(rows["metric"] == metric) & (rows["scope"] == "network")]


@pytest.mark.parametrize(("check", "metric", "limit"), [
    (GRIDS, "repeated_depths", 0.02), (GRIDS, "lattice", 0.3), (TRAVEL_TIMES, "s_before_p", 0.003),
    (TRAVEL_TIMES, "mislabelled", 0.005)])
def test_of_few_events_without_a_fault_it_cannot_be_told_and_of_many_it_is_good(check, metric, limit):
    few, many = (verdicts(tables, check, metric) for tables in (FEW, MANY))
    assert (few["high"] > limit).all()
    assert set(few["verdict"]) == {"cannot tell"}
    assert set(many["verdict"]) == {"good"}


@pytest.mark.parametrize(("rms_s", "verdict"), [(0.9, "watch"), (None, "cannot tell")])
def test_outliers_that_fit_worse_are_watched_and_a_few_like_others_cannot_be_told(rms_s, verdict):
    origins = catalogue(300, 10.0, seed=3)["origins"]
    far = np.arange(len(origins)) % 40 == 0
    spread = np.arange(far.sum()) * 0.4
    moved = origins.assign(latitude=origins["latitude"].where(~far, 45.0), flags="")
    moved.loc[far, "latitude"] += spread
    if rms_s:
        moved.loc[far, "rms_s"] = rms_s
    found = verdicts({"origins": moved}, OUTLIERS, "outlier_misfit").set_index("key").loc[""]
    assert found["n"] >= 5
    assert found["verdict"] == verdict
