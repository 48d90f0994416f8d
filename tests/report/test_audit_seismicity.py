"""The figures of the audit of events in time and space."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import Audit, audit, make_case
from quakescribe.audit.check import Outcome
from quakescribe.audit.coincident import COINCIDENT
from quakescribe.audit.duplicates import DUPLICATES
from quakescribe.audit.neighbours import NEIGHBOURS
from quakescribe.report.audit_seismicity import panels
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.report import ReportSettings
from quakescribe.tables import FINDINGS

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue
from made_sequence import aftershocks, bare_of, sequences

CHECKS = (NEIGHBOURS, COINCIDENT, DUPLICATES)
KEYS = ["neighbour-plane", "neighbour-proximity", "coincident-windows", "coincident-pairs", "single-station-origins",
        "duplicate-pairs"]


def shown(tables):
    case = make_case(tables, AuditSettings(resamples=50), MODEL)
    found = audit(case, CHECKS)
    return found, panels(found, case.facts, ReportSettings())["catalogue"]


@pytest.fixture(scope="module")
def clustered():
    return shown(aftershocks(seed=1, days=60.0, n_background=300, n_aftershocks=300)[0])


def test_a_clustered_catalogue_gets_every_figure(clustered):
    _, made = clustered
    assert [panel.key for panel in made] == KEYS
    figures = [panel for panel in made if panel.figure]
    assert {panel.key for panel in figures} == set(KEYS) - {"coincident-pairs", "duplicate-pairs"}
    for panel in figures:
        json.dumps(panel.figure)
        assert {trace["type"] for trace in panel.figure["data"]} <= {"scatter", "scattergl", "bar", "heatmap"}
    assert all("nan" not in panel.caption for panel in made)


def test_the_histogram_holds_every_event_and_the_line_is_the_threshold(clustered):
    found, made = clustered
    table = found.outcomes["nearest-neighbours"].tables
    plane, proximity = made[0].figure["data"], made[1].figure["data"]
    n = table["neighbours"]["log_eta"].notna().sum()
    assert np.sum(values(proximity[0]["y"])) == n
    line = values(plane[1]["x"]) + values(plane[1]["y"])
    np.testing.assert_allclose(line, table["threshold"]["log_eta"].iloc[0], atol=1e-6)


def test_the_plane_of_one_sequence_tells_of_no_background():
    _, made = shown(bare_of(sequences(20, 900, 1, 2.0, seed=0)))
    assert "do not part" in made[0].caption and "others are background" not in made[0].caption


def values(given):
    """Numbers of a trace, which plotly writes as base64."""
    if isinstance(given, dict):
        import base64

        return np.frombuffer(base64.b64decode(given["bdata"]), dtype=given["dtype"]).astype(float)
    return np.array(given, dtype=float)


@pytest.mark.parametrize("kind", ["nothing", "three events", "events alone", "sound"])
def test_sparse_catalogues_get_panels_that_say_what_is_missing(kind):
    sound = catalogue(120, 5.0)
    three = {**sound, "origins": sound["origins"].iloc[:3], "events": sound["events"][:0]}
    tables = {"nothing": {}, "three events": three,
              "events alone": {"origins": sound["origins"]}, "sound": sound}[kind]
    _, made = shown(tables)
    assert [panel.key for panel in made] == KEYS
    assert all(panel.figure or panel.grid or "Nothing to show" in panel.caption for panel in made)


def test_checks_that_are_missing_or_empty_make_no_error():
    case = make_case({}, AuditSettings(), MODEL)
    for outcomes in ({}, {check.name: Outcome([], {"pairs": pd.DataFrame()}) for check in CHECKS}):
        made = panels(Audit(FINDINGS.empty(), outcomes), case.facts, ReportSettings())["catalogue"]
        assert [panel.key for panel in made] == KEYS and not any(panel.figure or panel.grid for panel in made)


def test_pairs_are_listed_with_their_judgement():
    tables = catalogue(300, 5.0)
    again = tables["origins"].iloc[:20].assign(event_id=range(1, 21))
    again["latitude"] += 1
    _, made = shown({**tables, "origins": pd.concat([tables["origins"], again], ignore_index=True)})
    grid = made[3].grid
    assert len(grid.rows) == 15 and {row[-1] for row in grid.rows} == {"without arrivals"}
    assert all(len(row) == len(grid.head) for row in grid.rows)
    assert "The first 15 are shown" in made[3].caption
    near = tables["origins"].iloc[:20].assign(event_id=range(1, 21))
    _, made = shown({**tables, "origins": pd.concat([tables["origins"], near], ignore_index=True)})
    assert all(len(row) == len(made[5].grid.head) for row in made[5].grid.rows)
