"""A picker trained by the command on a run of a small simulated network, from the labels to the catalogue it makes."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from quakescribe.__main__ import main
from quakescribe.run.workspace import Project
from quakescribe.train.store import SampleStore

torch = pytest.importorskip("torch")
TINY = Path(__file__).parents[1] / "data" / "tiny_sar.safetensors"
QUICKLY = ("train.fit.epochs=1", "train.fit.learning_rate=0.0001", "train.fit.threads=1",
           "train.samples.noise_per_day=5", "train.samples.split_minutes=5", "train.samples.valid_share=0.25",
           "run.workers=1")


@pytest.fixture(scope="module")
def project(make_project, tmp_path_factory) -> Project:
    project = make_project(tmp_path_factory.mktemp("trained") / "project")
    say("run", str(project.folder), "--workers", "1")
    return project


def say(*words: str) -> None:
    before, sys.argv = sys.argv, ["quakescribe", *words]
    try:
        main()
    except SystemExit as leave:
        assert not leave.code, words
    finally:
        sys.argv = before


def trained(project: Project, name: str, *more: str, changes: tuple[str, ...] = ()) -> None:
    sets = [word for one in (*QUICKLY, *changes) for word in ("--set", one)]
    say("train", str(project.folder), "--name", name, "--init", str(TINY), *more, *sets, "--json")


def test_every_round_learns_from_the_run_before_and_makes_a_catalogue(project):
    trained(project, "r", "--rounds", "2", changes=("train.rounds.stop_gain=0",))
    table = pd.read_csv(project.folder / "weights" / "r-rounds.csv")
    assert table["run"].tolist() == ["first", "r-1", "r-2"]
    assert (table["events"] > 3).all() and (table["corrected_picks"] > 0).all()
    for number, source in ((1, "first"), (2, "r-1")):
        weights = project.folder / "weights" / f"r-{number}.safetensors"
        record = json.loads(weights.with_suffix(".json").read_text())
        assert record["data"]["run"] == source and record["data"]["events"] > 3
        assert weights.with_suffix(".png").stat().st_size > 5000 and len(pd.read_csv(weights.with_suffix(".csv"))) == 1
        run = project.run(f"r-{number}")
        assert run.provenance()["picker"]["sha256"] == record["sha256"]
        assert set(run.table("picks")["picker"]) == {"sar"} and len(run.table("magnitudes"))


def test_a_second_call_trains_nothing_again(project):
    weights = project.folder / "weights" / "again.safetensors"
    trained(project, "again", "--only-weights")
    before = weights.stat().st_mtime_ns
    trained(project, "again", "--only-weights")
    assert weights.stat().st_mtime_ns == before


@pytest.mark.parametrize("kind", ["quakeml", "csv"])
def test_onsets_from_a_file_are_the_labels(project, kind):
    labels = {"quakeml": "labels.xml", "csv": "labels"}[kind]
    say("export", str(project.folder), "--name", "first", "--format", kind, "--out", str(project.folder / labels))
    trained(project, f"hand-{kind}", "--only-weights", changes=(f"train.samples.by_hand={labels}",))
    samples = SampleStore(project.folder / "samples" / f"hand-{kind}").samples
    positives = samples[samples["kind"] == "positive"]
    assert len(positives) > 10 and set(positives["source"]) == {f"first/{labels}"}


def test_labels_that_another_run_does_not_agree_with_are_none(project):
    say("run", str(project.folder), "--name", "strict", "--until", "pick", "--workers", "1", "--set",
        "pick.trigger_threshold=40")
    counts = {}
    for name, changes in (("all", ()), ("agreed", ('train.samples.agree_with=["strict"]',))):
        trained(project, name, "--only-weights", changes=changes)
        samples = SampleStore(project.folder / "samples" / name).samples
        counts[name] = int((samples["kind"] == "positive").sum())
    assert 0 < counts["agreed"] < counts["all"]
