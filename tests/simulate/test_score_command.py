import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))

from truth_by_hand import arrivals_of, events_of, picks_of, ring, true_arrivals, true_events, written

from quakescribe.cli.app import app
from quakescribe.simulate.score.figures import COLUMNS
from quakescribe.tables import ARRIVALS, EVENTS, PICKS, store


@pytest.fixture
def folder(tmp_path):
    """A truth, and a catalogue of events, arrivals and picks as CSV."""
    events = true_events(np.arange(5) * 60.0, magnitude=[0.2, 0.7, 1.2, 1.7, 2.2])
    arrivals = true_arrivals(events, ring())
    written(tmp_path, events, arrivals)
    picks, owner = picks_of(arrivals)
    found = tmp_path / "found"
    store.write(picks, PICKS, found / "picks.csv")
    store.write(arrivals_of(picks, owner), ARRIVALS, found / "arrivals.csv")
    store.write(events_of(events).iloc[1:], EVENTS, found / "events.csv")
    return tmp_path


def run(*words):
    done = CliRunner().invoke(app, ["simulate", "score", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_summary_is_for_people(folder):
    text = run(folder, folder / "found" / "events.csv")
    for word in ("association", "location", "completeness", "recall of all events", "M 0.0 to 0.5", "by magnitude"):
        assert word in text, word
    assert "nan" not in text


def test_picks_are_scored_from_their_own_file(folder):
    text = run(folder, folder / "found" / "picks.csv")
    assert "recall of detectable S" in text
    assert "location" not in text


def test_json_and_file_hold_every_figure(folder):
    rows = json.loads(run(folder, folder / "found" / "events.csv", "--json", "--out", folder / "deep" / "score.csv"))
    table = pd.read_csv(folder / "deep" / "score.csv")
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(rows) > 30
    recall = [row["value"] for row in rows if row["name"] == "recall of all events" and row["scope"] == "all"]
    assert recall == [0.8]
    assert table["n"].tolist() == [row["n"] for row in rows]
