import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import obspy
import pandas as pd
import pytest
from chain import ASSOCIATED, assert_same_tables, run_all

from quakescribe.errors import EngineError
from quakescribe.run.projects import new_project
from quakescribe.run.runner import execute
from quakescribe.run.workspace import Project
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import simulate


def times(run) -> dict[str, int]:
    """When each part of the picks was written."""
    return {path.name + path.parent.name: os.stat(path).st_mtime_ns for path in run.parts("pick", "picks")}


def copy_of(network: Path, folder: Path) -> Project:
    shutil.copytree(network, folder)
    return new_project(folder, str(folder / "waveforms"), str(folder / "stations.xml"), str(folder / "velocity.csv"))


def test_a_preferred_location_that_arrives_later_replaces_the_other(network, tmp_path):
    """Choosing an instrument looks at all files of a station, so a new file may change what an old day reads."""
    project = copy_of(network, tmp_path / "late")
    first = sorted(
        path for path in (project.folder / "waveforms").rglob("*") if path.is_file() and ".S01." in path.name
    )
    for path in first:
        stream = obspy.read(path)
        for trace in stream:
            trace.stats.location = "10"
        stream.write(str(path.with_name(path.name.replace(".S01..", ".S01.10."))), format="MSEED")
        path.rename(tmp_path / path.name)
    run_all(project, until="pick")
    for path in first:
        shutil.move(tmp_path / path.name, path)
    resumed = run_all(project, until="pick")
    fresh = run_all(project, "fresh", until="pick")
    pd.testing.assert_frame_equal(resumed.table("picks"), fresh.table("picks"))
    assert "QS.S01.10" not in set(resumed.table("picks")["station_id"])


def test_a_new_day_of_recordings_leaves_finished_days_alone(tmp_path):
    folder = tmp_path / "grows"
    simulate(
        SimulateSettings(
            start=datetime(2024, 3, 1, 12, tzinfo=UTC),
            hours=0.1,
            network={"n_stations": 4},
            instruments={"gaps_per_day": 0.0, "n_overlaps": 0},
        ),
        folder,
    )
    project = new_project(folder, str(folder / "waveforms"), str(folder / "stations.xml"))
    before = times(run_all(project, until="pick"))
    for path in [one for one in (folder / "waveforms").rglob("*") if one.is_file()]:
        stream = obspy.read(path)
        for trace in stream:
            trace.stats.starttime += 3 * 86400
        target = path.with_name(path.name.replace("2024.061", "2024.064"))
        stream.write(str(target), format="MSEED")
    after = times(run_all(project, until="pick"))
    assert len(after) == 2 * len(before)
    assert {name: after[name] for name in before} == before


def test_stopping_early_leaves_no_later_tables_of_older_settings(network, tmp_path):
    project = copy_of(network, tmp_path / "mixed")
    run = run_all(project)
    settings = project.settings.model_copy(
        update={
            "pick": PickSettings(trigger_threshold=30.0),
            "run": project.settings.run.model_copy(update={"workers": 1}),
        }
    )
    execute(settings, project.folder, run, "associate")
    events = set(run.table("events")["event_id"])
    assert set(run.table("arrivals")["event_id"]) == events
    assert set(run.table("origins")["event_id"]) <= events
    fresh = project.run("fresh")
    execute(settings, project.folder, fresh)
    execute(settings, project.folder, run)
    assert_same_tables(run, fresh)


def test_a_project_named_by_a_relative_path_is_worked_on_where_it_is(network, tmp_path, monkeypatch, reference):
    copy_of(network, tmp_path / "relative")
    monkeypatch.chdir(tmp_path)
    assert_same_tables(run_all(Project(Path("relative")), until="associate"), reference, ASSOCIATED)


def test_results_that_land_elsewhere_are_not_taken_for_none(network, tmp_path, monkeypatch):
    import quakescribe.run.runner as runner

    project = copy_of(network, tmp_path / "elsewhere")
    monkeypatch.setattr(runner, "_FILE_SYSTEM_PAUSE_S", 0.0)
    monkeypatch.setattr(runner, "act", lambda task: {"picks": 0})
    with pytest.raises(EngineError, match="every worker must see the project folder"):
        run_all(project)


def test_a_project_without_a_fault_has_no_skips_at_its_start(tmp_path):
    folder = tmp_path / "clean"
    simulate(
        SimulateSettings(
            start=datetime(2024, 3, 1, 12, tzinfo=UTC),
            hours=0.1,
            network={"n_stations": 4},
            instruments={
                "gaps_per_day": 0.0,
                "n_overlaps": 0,
                "n_oblique": 0,
                "n_vertical_only": 0,
                "n_without_gain": 0,
            },
        ),
        folder,
    )
    run = run_all(new_project(folder, str(folder / "waveforms"), str(folder / "stations.xml")), until="pick")
    assert len(run.stage_table("waveforms", "skips")) == 0


def test_a_station_recorded_outside_the_span_does_not_stop_the_others(network, tmp_path):
    project = copy_of(network, tmp_path / "late")
    for path in [one for one in (project.folder / "waveforms").rglob("*") if one.is_file() and ".S02." in one.name]:
        stream = obspy.read(path)
        for trace in stream:
            trace.stats.starttime += 3600
        stream.write(str(path.with_name(path.name + "late")), format="MSEED")
        path.unlink()
    text = (project.folder / "quakescribe.toml").read_text()
    text = text.replace("# end =", "end = 2024-03-02T00:10:00Z", 1)
    (project.folder / "quakescribe.toml").write_text(text)
    picks = run_all(Project(project.folder), until="pick").table("picks")
    assert len(picks) and "QS.S02." not in set(picks["station_id"])
    assert picks["time"].max() < pd.Timestamp("2024-03-02T00:10:30Z")
