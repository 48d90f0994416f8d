"""Strangers' catalogues are audited as far as they can be, and what is wrong with them is said in clear words."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue

from quakescribe.audit import CHECKS
from quakescribe.errors import FormatError
from quakescribe.exchange.formats import write_tables
from quakescribe.run.audits import audit_files
from quakescribe.settings.project import Settings, override

QUICK = override(Settings(), ["audit.resamples=50", "audit.picks.null_repeats=1"])
SOUND = catalogue(250, 8.0)
ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


@pytest.fixture
def files(tmp_path):
    """Files of others: a catalogue, picks, stations and a velocity model."""
    rows = SOUND["origins"].merge(SOUND["magnitudes"][["event_id", "value"]], on="event_id")
    events = pd.DataFrame({"id": [f"ev{k}" for k in range(len(rows))], "time": rows["time"].dt.strftime(ISO),
                           "latitude": rows["latitude"], "longitude": rows["longitude"], "depth": rows["depth_km"],
                           "magnitude": rows["value"]})
    picks = SOUND["picks"]
    onsets = pd.DataFrame({"station_id": picks["station_id"].str.rstrip("."), "phase_type": picks["phase"],
                           "phase_time": picks["time"].dt.strftime(ISO), "phase_score": 0.5})
    events.to_csv(tmp_path / "events.csv", index=False)
    onsets.to_csv(tmp_path / "picks.csv", index=False)
    write_tables(tmp_path / "stations.csv", "csv", {"stations": SOUND["stations"]})
    layers = pd.DataFrame({"top_km": MODEL.top_km, "vp_km_s": MODEL.vp, "vs_km_s": MODEL.vs})
    layers.to_csv(tmp_path / "velocity.csv", index=False)
    return tmp_path


def audited(folder, *names, **more):
    return audit_files([folder / name for name in names or ("events.csv", "picks.csv")], QUICK, folder / "stations.csv",
                       folder / "velocity.csv", **more)


def verdict(found, metric, key=None):
    findings = found.audit.findings
    rows = findings[(findings["metric"] == metric) & (findings["scope"] == "network")]
    return set((rows if key is None else rows[rows["key"] == key])["verdict"])


def events_changed(folder, **columns):
    frame = pd.read_csv(folder / "events.csv")
    frame.assign(**{name: change(frame) for name, change in columns.items()}).to_csv(folder / "events.csv", index=False)


def every_check_answered(found):
    asked = {metric.name for check in CHECKS for metric in check.metrics}
    return set(found.audit.findings["metric"]) == asked


def test_a_catalogue_and_picks_of_others_are_audited_whole(files):
    found = audited(files)
    assert every_check_answered(found)
    assert len(found.tables["arrivals"]) == pytest.approx(len(SOUND["arrivals"]), rel=0.05)
    assert any("predicted onset" in said for said in found.info["filled_in"])
    network = found.audit.findings[found.audit.findings["scope"] == "network"]
    assert (network["verdict"] == "bad").mean() < 0.05
    assert (network["verdict"] == "good").sum() > 20


def test_a_catalogue_without_picks_is_judged_by_what_it_has(files):
    found = audited(files, "events.csv")
    assert every_check_answered(found)
    assert verdict(found, "time_offset") == {"cannot tell"}
    assert "cannot tell" not in verdict(found, "median_depth")


def test_picks_of_several_files_are_taken_together(files):
    half = pd.read_csv(files / "picks.csv")
    half.iloc[: len(half) // 2].to_csv(files / "some.csv", index=False)
    found = audited(files, "some.csv", "events.csv", "picks.csv")
    assert len(found.tables["picks"]) == len(SOUND["picks"])


def test_picks_without_a_catalogue_too(files):
    found = audited(files, "picks.csv")
    assert every_check_answered(found)


def test_a_catalogue_without_magnitudes(files):
    events_changed(files, magnitude=lambda frame: "")
    found = audited(files)
    assert every_check_answered(found)
    assert verdict(found, "b_value") == {"cannot tell"}


def test_local_time_is_found_by_the_picks(files):
    events_changed(files, time=lambda frame: pd.to_datetime(frame["time"]) + pd.Timedelta(8, "h"))
    found = audited(files)
    assert every_check_answered(found)
    assert verdict(found, "time_offset") == {"bad"}


def test_depths_in_metres_are_taken_as_such_and_said(files):
    events_changed(files, depth=lambda frame: frame["depth"] * 1000.0)
    found = audited(files)
    assert every_check_answered(found)
    assert verdict(found, "changed_on_reading") == {"watch"}
    assert found.tables["origins"]["depth_km"].max() < 100.0
    assert "depth-in-metres" in set(found.tables["skips"]["reason"])


def test_events_without_a_place_are_left_out_and_said(files):
    events_changed(files, latitude=lambda frame: frame["latitude"].where(frame.index % 10 > 0))
    found = audited(files)
    assert every_check_answered(found)
    assert len(found.tables["events"]) == len(SOUND["events"]) * 9 // 10
    assert "no-place" in set(found.tables["skips"]["reason"])


def test_ids_that_repeat_are_said_and_the_rest_is_audited(files):
    events_changed(files, id=lambda frame: "same")
    found = audited(files)
    assert every_check_answered(found)
    assert "duplicate-id" in set(found.tables["skips"]["reason"])
    assert len(found.tables["events"]) == len(SOUND["events"])


def test_our_own_table_with_ids_that_repeat_too(files):
    twice = pd.concat([SOUND["origins"], SOUND["origins"].iloc[:7]])
    twice.to_csv(files / "origins.csv", index=False)
    found = audited(files, "origins.csv", "picks.csv")
    assert every_check_answered(found)
    skips = found.tables["skips"].set_index("reason")
    assert skips.loc["duplicate-id", "count"] == 7
    assert len(found.tables["origins"]) == len(SOUND["origins"])


def test_three_events(files):
    pd.read_csv(files / "events.csv").head(3).to_csv(files / "events.csv", index=False)
    found = audited(files)
    assert every_check_answered(found)
    assert "bad" not in verdict(found, "time_offset")


def test_stations_alone_are_no_catalogue(files):
    with pytest.raises(FormatError, match="neither events nor picks"):
        audited(files, "stations.csv")


def test_a_file_that_is_no_catalogue_is_refused_with_its_name(files):
    (files / "notes.txt").write_text("nothing of the kind\n")
    with pytest.raises(FormatError, match=r"notes\.txt"):
        audited(files, "notes.txt")


def test_a_sound_catalogue_is_not_called_bad_for_a_velocity_model_that_was_not_given(files):
    found = audit_files([files / "events.csv", files / "picks.csv"], QUICK, files / "stations.csv")
    findings = found.audit.findings
    assert set(findings.loc[findings["metric"] == "residual_spread", "verdict"]) <= {"good", "cannot tell"}
    told = findings[findings["why"].str.contains("generic crust")]
    assert len(told) and set(told["verdict"]) == {"cannot tell"}
    assert (findings["verdict"] != "bad").all(), findings[findings["verdict"] == "bad"][["metric", "why"]].to_string()


def test_a_wrong_velocity_model_that_was_given_is_called_bad(files):
    layers = pd.read_csv(files / "velocity.csv")
    layers.assign(vp_km_s=0.8 * layers["vp_km_s"], vs_km_s=0.8 * layers["vs_km_s"]).to_csv(files / "velocity.csv",
                                                                                           index=False)
    assert "bad" in verdict(audited(files), "residual_spread") | verdict(audited(files), "residual_median")


def test_two_catalogues_are_not_taken_for_one(files):
    (files / "again.csv").write_bytes((files / "events.csv").read_bytes())
    with pytest.raises(FormatError, match="holds a catalogue, and so does a file before it"):
        audited(files, "events.csv", "again.csv")


def test_picks_that_are_none_are_refused(files):
    with pytest.raises(FormatError, match="but no picks"):
        audited(files, "events.csv", picks=files / "events.csv")


def test_the_relocated_catalogue_counts_depth_as_the_catalogue_does(files):
    found = audited(files, "events.csv", relocated=files / "events.csv", depth_datum_km=2.0)
    findings = found.audit.findings.set_index("metric")
    assert findings.loc["relocation_lost", "value"] == 0.0
    moved = findings[findings["why"].str.contains("moves the median event")]
    assert len(moved) == 0 or (moved["value"] < 0.01).all()
