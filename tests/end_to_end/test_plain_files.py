import shutil

import obspy
import pandas as pd
import pytest
from chain import run_all

from quakescribe.report.runs import all_tables, make_report
from quakescribe.run.plain import associate_files, locate_files, measure_files, pick_files, settings_from, write_all
from quakescribe.settings.project import Settings
from quakescribe.settings.run import RunSettings


@pytest.fixture
def settings() -> Settings:
    return settings_from(None).model_copy(update={"run": RunSettings(workers=1)})


def chain(waveforms, stations, velocity, out, settings) -> dict[str, pd.DataFrame]:
    """All stages, one after the other, through CSV files."""
    picks = pick_files(str(waveforms), stations, out / "picks", settings)
    write_all(picks, out / "picks")
    events = associate_files(out / "picks" / "picks.csv", stations, velocity, settings)
    write_all(events, out / "events")
    origins = locate_files(out / "events" / "events.csv", out / "events" / "arrivals.csv", stations, velocity, settings)
    write_all(origins, out / "origins")
    magnitudes = measure_files(out / "origins" / "origins.csv", out / "origins" / "arrivals.csv", stations,
                               str(waveforms), settings, velocity)
    return {**picks, **events, **origins, **magnitudes}


def test_stages_on_plain_files_make_what_a_run_makes(network, reference, settings, tmp_path):
    made = chain(network / "waveforms", network / "stations.xml", network / "velocity.csv", tmp_path, settings)
    for name in ("picks", "events", "arrivals", "origins", "amplitudes", "magnitudes"):
        pd.testing.assert_frame_equal(made[name], reference.table(name), check_exact=True, obj=name)


def test_recordings_with_a_location_code_meet_a_station_list_without(network, reference, settings, tmp_path):
    shutil.copytree(network / "waveforms", tmp_path / "waveforms")
    for path in [one for one in (tmp_path / "waveforms").rglob("*") if one.is_file()]:
        stream = obspy.read(path)
        for trace in stream:
            trace.stats.location = "10"
        stream.write(str(path.with_name(path.name.replace("..", ".10."))), format="MSEED")
        path.unlink()
    made = chain(tmp_path / "waveforms", network / "stations.xml", network / "velocity.csv", tmp_path, settings)
    assert len(made["origins"]) == len(reference.table("origins"))
    assert set(made["arrivals"]["station_id"].str[-3:]) == {".10"}
    assert len(made["magnitudes"]) == len(reference.table("magnitudes"))


def test_a_report_is_made_again_without_the_recordings(network, tmp_path):
    from quakescribe.run.projects import new_project
    from quakescribe.run.workspace import Project
    from quakescribe.settings.project import dump, override

    shutil.copytree(network, tmp_path / "project")
    project = new_project(tmp_path / "project", str(tmp_path / "project" / "waveforms"),
                          str(tmp_path / "project" / "stations.xml"))
    settings = override(project.settings, ["report.example_station_days=0"])  # examples are recordings
    (project.folder / "quakescribe.toml").write_text(dump(settings))
    run = run_all(Project(project.folder))
    before = (run.folder / "report.html").read_bytes()
    shutil.rmtree(project.folder / "waveforms")
    (project.folder / "stations.xml").unlink()
    assert make_report(run)[0].read_bytes() == before
    assert len(all_tables(run)["stations"]) == 6
