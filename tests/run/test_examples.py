"""Recordings about picks without event."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import Audit, audit, make_case
from quakescribe.audit.anomaly import ANOMALY
from quakescribe.audit.check import Outcome, table
from quakescribe.audit.lift import LIFT
from quakescribe.run.examples import PICKS_EACH, WINDOW_S, examples, worst_station_days
from quakescribe.run.projects import new_project
from quakescribe.run.workspace import Run
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import simulate
from quakescribe.tables import ARRIVALS, PICKS, pick_ids, store

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL

START = pd.Timestamp("2024-03-01T06:00:00Z")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Ten minutes of three stations, as a project."""
    folder = tmp_path_factory.mktemp("examples")
    simulate(SimulateSettings(start=datetime(2024, 3, 1, 6, tzinfo=UTC), hours=1 / 6, network={"n_stations": 4},
                              seismicity={"background_per_day": 2000.0}), folder / "made")
    return new_project(folder / "project", str(folder / "made" / "waveforms"), str(folder / "made" / "stations.xml"))


@pytest.fixture(scope="module")
def run(project):
    """A run of it with picks every 40 s at two stations, of which one has events for half of them."""
    names = _station_ids(project)[:2]
    picks = pd.DataFrame({"station_id": np.repeat(names, 13), "phase": "P",
                          "time": list(START + pd.to_timedelta(np.arange(13) * 40.0 + 60, unit="s")) * 2})
    picks["pick_id"] = pick_ids(picks["station_id"], picks["phase"], picks["time"])
    picks = PICKS.order(PICKS.conform(picks.assign(pair_id=0, picker="made")))
    kept = picks[(picks["station_id"] == names[0]) & (np.arange(len(picks)) % 4 < 2)].assign(event_id=1)
    made = Run(project.folder / "runs" / "first")
    store.write(picks, PICKS, made.folder / "pick" / "picks" / "all.parquet")
    arrivals = ARRIVALS.order(ARRIVALS.conform(kept))
    store.write(arrivals, ARRIVALS, made.folder / "associate" / "arrivals" / "all.parquet")
    return made


def _station_ids(project):
    from quakescribe.run.inputs import open_inputs

    return list(open_inputs(project.settings, project.folder).station_ids)


def audited(run):
    tables = {"picks": run.table("picks"), "arrivals": run.table("arrivals")}
    return audit(make_case(tables, AuditSettings(), MODEL), (ANOMALY, LIFT))


NOTHING = Audit(table([]), {})


def test_the_station_with_most_picks_without_event_comes_first_and_shows_six(run, project):
    shown = examples(run, project.folder, project.settings, audited(run), most=1)
    assert len(shown) == PICKS_EACH
    assert {one.station_id for one in shown} == {_station_ids(project)[1]}
    assert "13 picks without event, 0 with one" in shown[0].why


def test_a_window_holds_its_pick_normalised_components_and_the_picks_as_they_are(run, project):
    for one in examples(run, project.folder, project.settings, audited(run)):
        n = round(WINDOW_S * one.sampling_rate)
        assert one.data.shape == (3, n)
        assert one.data.dtype == np.float32
        np.testing.assert_allclose(np.nanmax(np.abs(one.data), axis=1), 1.0, rtol=1e-6)
        assert [(phase, kept) for phase, _, kept in one.picks] == [("P", False)]
        at = one.start + pd.Timedelta(one.picks[0][1], "s")
        assert abs((run.table("picks")["time"] - at).dt.total_seconds()).min() < 1e-6
        assert one.day == "2024-03-01"


def test_the_samples_are_those_of_the_recording_filtered_whole(run, project):
    from quakescribe.run.inputs import open_inputs
    from quakescribe.waveforms.prepare import bandpass, load

    one = examples(run, project.folder, project.settings, audited(run), most=1)[2]
    inputs, settings = open_inputs(project.settings, project.folder), project.settings
    blocks, _ = load(inputs.archive, inputs.stations, inputs.channels, one.station_id, START.value,
                     (START + pd.Timedelta(600, "s")).value, settings.waveforms)
    block = bandpass(blocks[0], settings.pick.band_low_hz, settings.pick.band_high_hz)
    first = block.index(one.start.value)
    own = block.data[:, first:first + one.data.shape[1]]
    np.testing.assert_allclose(one.data, own / np.abs(own).max(axis=1, keepdims=True), atol=1e-5)


def test_without_recordings_there_are_no_examples(run, project, tmp_path):
    gone = project.settings.model_copy(update={"project": project.settings.project.model_copy(
        update={"waveforms": str(tmp_path / "nowhere")})})
    assert examples(run, project.folder, gone, audited(run)) == []


def test_without_picks_or_checks_there_is_no_error(run, project, tmp_path):
    assert examples(Run(tmp_path), project.folder, project.settings, NOTHING) == []
    assert len(examples(run, project.folder, project.settings, NOTHING, most=1)) == PICKS_EACH


def test_anomalous_days_come_before_weak_stations_and_these_before_the_fullest():
    day = pd.Timestamp("2024-03-01", tz="UTC")
    picks = pd.DataFrame({"station_id": list("AABBBCCCCDDDDD"), "day": day, "kept": False})
    days = pd.DataFrame({"station_id": ["B"], "day": [day], "z": [9.0], "d": [1.0], "flagged": [True]})
    lifts = pd.DataFrame({"station_id": list("AD"), "lift": [1.0, 30.0], "high": [2.0, 40.0]})
    rows = [{"metric": "association_lift", "scope": "station", "key": "A", "value": 1.0, "low": 0.5, "high": 2.0,
             "expected": 1.0, "n": 9.0, "unit": "-", "verdict": "bad", "why": "so", "todo": "do"}]
    outcomes = {"anomaly": Outcome([], {"station_days": days}), "lift": Outcome([], {"stations": lifts})}
    found = Audit(table(rows), outcomes)
    chosen = worst_station_days(picks, found, 3)
    assert chosen["station_id"].tolist() == ["B", "A", "D"]
    assert chosen["why"].tolist()[0].startswith("10 times")
