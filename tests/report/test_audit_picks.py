"""Figures of the audit of picks and association."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import Audit, audit, make_case
from quakescribe.audit.anomaly import ANOMALY
from quakescribe.audit.association import ASSOCIATION
from quakescribe.audit.case import NULL_COLUMNS
from quakescribe.audit.check import table
from quakescribe.audit.lift import LIFT
from quakescribe.audit.pairing import PAIRING
from quakescribe.report.audit_picks import panels
from quakescribe.run.examples import Example
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.report import ReportSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, START, catalogue, reference_picks

CHECKS = (PAIRING, ANOMALY, ASSOCIATION, LIFT)
SETTINGS = AuditSettings(resamples=60)
FIGURES = {"audit-lone", "audit-pairing", "audit-rates", "audit-lift", "audit-thresholds", "audit-days"}


def drawn(tables, checks=CHECKS, shown=(), settings=None, **more):
    case = make_case(tables, SETTINGS, MODEL, **more)
    out = panels(audit(case, checks), case.facts, settings or ReportSettings(), shown)
    return {panel.key: panel for section in out.values() for panel in section}


@pytest.fixture(scope="module")
def sound():
    tables = catalogue(200, 5.0, seed=3)
    picks = tables["picks"]
    return {**tables, "picks": picks.assign(probability=np.linspace(0.3, 0.99, len(picks), dtype=np.float32))}


def example(at="06:00:00"):
    return Example("XX.S01.", "2024-03-04", "many", pd.Timestamp(f"2024-03-04T{at}Z"), 50.0,
                   np.full((3, 600), np.nan, np.float32), (("P", 4.0, False), ("S", 7.0, True)))


def test_a_sound_catalogue_has_all_figures(sound):
    null = pd.DataFrame([dict.fromkeys(NULL_COLUMNS, 10.0) | {"picks": 1000.0, "pairs": 500.0, "real_events": 90.0,
                                                              "real_picks": 400.0, "real_pairs": 200.0}])
    found = drawn(sound, reference=reference_picks(sound), null=null)
    assert set(found) == FIGURES
    assert all(panel.figure is not None for panel in found.values())
    assert all(panel.caption.endswith(".") for panel in found.values())
    rates = found["audit-rates"]
    assert "by chance, 1.00%" in rates.caption
    assert len(rates.figure["layout"]["shapes"]) == 2
    assert [trace["name"] for trace in found["audit-lone"].figure["data"]] == ["Rule-based picker", "This picker"]


def test_values_drawn_are_those_of_the_tables(sound):
    found = drawn(sound)
    rates = {y: x for trace in found["audit-rates"].figure["data"] for x, y in zip(
        np.asarray(_values(trace["x"])), trace["y"], strict=True)}
    picks = sound["picks"].assign(kept=sound["picks"]["pick_id"].isin(sound["arrivals"]["pick_id"]))
    for name, share in (100 * picks.groupby("station_id")["kept"].mean()).items():
        assert rates[name] == pytest.approx(share, rel=1e-6)


def _values(given):
    """Decode an array of plotly's JSON."""
    import base64

    return np.frombuffer(base64.b64decode(given["bdata"]), given["dtype"]) if isinstance(given, dict) else given


def test_the_limit_of_the_lift_is_drawn(sound):
    shapes = drawn(sound)["audit-lift"].figure["layout"]["shapes"]
    assert sorted(shape["x0"] for shape in shapes) == [1.0, 3.0]


@pytest.mark.parametrize("events", [0, 3])
def test_an_empty_catalogue_and_three_events_are_no_error(sound, events):
    ids = sound["origins"]["event_id"].iloc[:events]
    tables = {name: frame[frame["event_id"].isin(ids)] if "event_id" in frame else frame
              for name, frame in sound.items()} if events else {}
    found = drawn(tables)
    assert set(found) == FIGURES
    assert events or all(panel.figure is None for panel in found.values())


def test_missing_checks_leave_panels_that_say_so(sound):
    found = drawn(sound, checks=())
    assert all(panel.figure is None and panel.caption.startswith("Nothing to show") for panel in found.values())
    case = make_case({}, SETTINGS, MODEL)
    assert set(panels(Audit(table([]), {}), case.facts, ReportSettings())) == {"pick", "associate"}


def test_recordings_are_one_figure_per_station_day_with_their_picks(sound):
    found = drawn(sound, shown=[example(), example("07:00:00")])
    panel = found["audit-examples-1"]
    assert panel.title == "Picks without event at XX.S01., 2024-03-04"
    names = [trace.get("name") for trace in panel.figure["data"]]
    assert names.count("P without event") == 1
    assert names.count("S of an event") == 1
    assert len(panel.figure["data"]) == 2 * 3 + 2


def test_more_stations_than_wanted_are_left_out_and_said(sound):
    found = drawn(sound, settings=ReportSettings(stations_drawn=5))
    for key in ("audit-lone", "audit-pairing", "audit-rates", "audit-lift"):
        assert "Drawn: 5 of 12 stations" in found[key].caption


def test_stations_out_of_line_are_named(sound):
    picks = sound["picks"]
    lost = (picks["station_id"] == "XX.S04.") & (picks["phase"] == "S") & (picks["time"] > START + pd.Timedelta(9, "h"))
    assert "XX.S04." in drawn({**sound, "picks": picks[~lost]})["audit-pairing"].caption
