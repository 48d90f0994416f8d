"""An experiment on a small simulated network, without training: nothing is replaced."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from quakescribe.cli.app import app
from quakescribe.run.projects import new_project
from quakescribe.run.runner import execute
from quakescribe.run.workspace import Project
from quakescribe.settings.project import load
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import simulate

TINY = Path(__file__).parents[1] / "data" / "tiny_sar.safetensors"
EXPERIMENT = f"""
name = "pickers"
thresholds = [0.3, 0.5]
changes = {{ "run.workers" = 1 }}
pick_end = 2024-03-01T10:20:00Z

[[arms]]
name = "pal"

[[arms]]
name = "tiny"
changes = {{ "pick.picker" = "sar", "pick.network.weights" = "{TINY}" }}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    simulate(SimulateSettings(start=datetime(2024, 3, 1, 10, tzinfo=UTC), hours=0.4, network={"n_stations": 5},
                              seismicity={"background_per_day": 3000.0}), folder)
    made = new_project(folder, *(str(folder / name) for name in ("waveforms", "stations.xml", "velocity.csv")))
    (folder / "experiment.toml").write_text(EXPERIMENT)
    return made


@pytest.fixture(scope="module")
def told(project):
    return compare(project)


def compare(project) -> dict:
    """Give the command and return what it says."""
    words = ["compare", str(project.folder), str(project.folder / "experiment.toml"), "--json"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


def test_every_arm_is_told_beside_the_truth(told):
    assert [row["run"] for row in told["findings"]] == ["pickers-pal", "pickers-tiny-t0.3", "pickers-tiny-t0.5"]
    pal, low, high = told["findings"]
    assert low["picks"] > high["picks"] > 0
    assert low["p_recall"] >= high["p_recall"]
    assert pal["true_recall"] > 0.3
    assert pal["null_events"] <= pal["events"]
    assert {Path(path).name for path in told["figures"]} == {"thresholds.png", "front.png", "truth.png"}
    assert all(Path(path).exists() for path in told["figures"])


def test_a_run_above_a_threshold_is_the_run_at_it(project, told):
    run, direct = project.run("pickers-tiny-t0.5"), project.run("direct")
    execute(load(run.folder / "quakescribe.toml"), project.folder, direct, "locate")
    assert len(direct.table("picks")) > 50
    for name in ("stations", "picks", "events", "arrivals", "origins"):
        one, other = (each.table(name).drop(columns="amplitude_m", errors="ignore") for each in (run, direct))
        pd.testing.assert_frame_equal(one, other, check_exact=True, obj=name)
    assert run.provenance()["picks_from"] == {"run": "pickers-tiny-t0.3", "p_threshold": 0.5, "s_threshold": 0.5}


def test_a_plain_run_of_that_name_picks_anew(project, told):
    run = Project(project.folder).run("pickers-tiny-t0.5")
    before = run.table("picks")
    done = execute(load(run.folder / "quakescribe.toml"), project.folder, run, "pick")
    assert done["pick"].reused == 0
    pd.testing.assert_frame_equal(run.table("picks").drop(columns="amplitude_m"),
                                  before.drop(columns="amplitude_m"), check_exact=True)


def test_the_command_again_finds_all_done(project, told):
    marks = {path: path.stat().st_mtime_ns for path in (project.folder / "runs").rglob("*.parquet")}
    assert compare(project) == told
    assert {path: path.stat().st_mtime_ns for path in (project.folder / "runs").rglob("*.parquet")} == marks
