"""The figures of the audit of locations."""

import sys
from pathlib import Path

import numpy as np
import pytest

from quakescribe.audit import Audit, audit, make_case
from quakescribe.audit.grids import GRIDS
from quakescribe.audit.outliers import OUTLIERS
from quakescribe.audit.relocation import RELOCATION
from quakescribe.audit.residuals import RESIDUALS
from quakescribe.audit.travel_times import TRAVEL_TIMES
from quakescribe.audit.wadati import WADATI
from quakescribe.audit.well_located import WELL_LOCATED
from quakescribe.report.audit_locations import panels
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.report import ReportSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, START, catalogue

CHECKS = (WELL_LOCATED, GRIDS, OUTLIERS, RESIDUALS, WADATI, TRAVEL_TIMES, RELOCATION)
SOUND = catalogue(250, 12.0, seed=23)


def drawn(tables, relocated=None, limit=20_000):
    more = {} if relocated is None else {"relocated": relocated}
    case = make_case(tables, AuditSettings(resamples=60), MODEL, **more)
    made = panels(audit(case, CHECKS), case.facts, ReportSettings(max_points=limit))["locate"]
    return {panel.key: panel for panel in made}


def faulty():
    """Fixed depths, a clock, swapped labels, events far away: every figure has something to show."""
    origins, arrivals = SOUND["origins"].copy(), SOUND["arrivals"].copy()
    origins.loc[origins.index[::5], "depth_km"] = 5.0
    origins.loc[origins.index[::40], "latitude"] += 1.0
    day = (arrivals["time"] - START).dt.total_seconds() / 86_400
    arrivals.loc[(arrivals["station_id"] == "XX.S02.") & day.between(4, 7), "residual_s"] += 1.0
    part = arrivals["station_id"] == "XX.S04."
    arrivals.loc[part, "phase"] = arrivals.loc[part, "phase"].map({"P": "S", "S": "P"})
    return {**SOUND, "origins": origins, "arrivals": arrivals}


def test_a_faulty_catalogue_shows_each_fault_in_its_figure():
    made = drawn(faulty(), relocated=SOUND["origins"].iloc[::2])
    assert len(made) == 9 and all(panel.figure is not None for panel in made.values())
    assert "5 km" in made["audit-depth-stripes"].caption
    assert "XX.S02." in made["audit-clocks"].caption and "XX.S04." in made["audit-branches"].caption
    names = [trace["name"] for trace in made["audit-branches"].figure["data"]]
    assert "On the other phase's" in names
    assert any(trace["name"] == "Apart" for trace in made["audit-outliers"].figure["data"])
    assert "most often" in made["audit-relocation"].caption


def test_a_sound_catalogue_says_that_nothing_stands_out():
    made = drawn(SOUND)
    assert "No depth is repeated" in made["audit-depth-stripes"].caption
    assert made["audit-clocks"].figure is None and "Nothing to show" in made["audit-clocks"].caption
    assert "No station stands out" in made["audit-branches"].caption
    assert made["audit-relocation"].figure is None


def test_what_cannot_be_told_of_depths_is_not_called_sound():
    depth = SOUND["origins"]["depth_km"]
    coarse = SOUND["origins"].assign(depth_km=np.where(depth < depth.median(), 3.0, 9.0))
    caption = drawn({**SOUND, "origins": coarse})["audit-depth-stripes"].caption
    assert "too coarsely" in caption and "No depth is repeated" not in caption


def test_what_cannot_be_told_of_events_apart_is_not_called_sound():
    few = {name: frame.head(30) if name == "origins" else frame for name, frame in SOUND.items()}
    case = make_case(few, AuditSettings(resamples=60), MODEL)
    told = audit(case, (OUTLIERS,))
    told.findings.loc[told.findings["metric"] == "outliers", ["verdict", "why"]] = ["cannot tell", "they lie in heaps."]
    told.outcomes["outliers"].tables.update(distances=SOUND["origins"], outliers=SOUND["origins"].head(0))
    assert panels(told, case.facts, ReportSettings())["locate"][0].caption == "They lie in heaps."


@pytest.mark.parametrize("tables", [{}, {name: frame.head(3) for name, frame in SOUND.items()},
                                    {"origins": SOUND["origins"].assign(rms_s=np.nan, erh_km=np.nan, erz_km=np.nan,
                                                                        gap_deg=np.nan)}],
                         ids=["nothing", "three events", "a bare list"])
def test_little_data_leave_panels_with_a_reason(tables):
    made = drawn(tables)
    assert len(made) == 9
    assert all(panel.figure is not None or "because" in panel.caption for panel in made.values())


def test_a_check_that_was_not_run_has_no_figure():
    case = make_case(SOUND, AuditSettings(resamples=60), MODEL)
    assert panels(Audit(audit(case, ()).findings, {}), case.facts, ReportSettings()) == {}
    only = panels(audit(case, (WADATI,)), case.facts, ReportSettings())
    assert [panel.key for panel in only["locate"]] == ["audit-wadati"]


def test_many_points_are_thinned_and_the_figure_says_so():
    made = drawn(faulty(), limit=100)
    assert "Drawn:" in made["audit-branches"].caption and "Drawn:" in made["audit-outliers"].caption
    assert all(len(trace["x"]["bdata"] if isinstance(trace["x"], dict) else trace["x"]) < 2000
               for trace in made["audit-outliers"].figure["data"])
