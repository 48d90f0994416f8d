import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import made_network
import numpy as np
import pandas as pd
import pytest

from quakescribe.errors import TrainError
from quakescribe.run.runner import Silent
from quakescribe.train import store
from quakescribe.train.samples import make_samples
from quakescribe.train.store import SampleStore

UNITS = [f"2024-03-0{day}/{station}" for day in (1, 2) for station in made_network.STATIONS]


class Heard(Silent):
    def __init__(self):
        self.said = []

    def begin(self, stage, units, reused):
        self.said.append((stage, units, reused))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = made_network.project(tmp_path_factory.mktemp("recorded"))
    made_network.run_of(folder)
    return folder


@pytest.fixture
def make(project):
    def do(out: Path, watcher=None, **changes):
        run = made_network.Run(project / "runs" / "first")
        return make_samples(made_network.settings(project, **changes), project, run, out, watcher)
    return do


@pytest.fixture(scope="module")
def reference(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("reference")
    run = made_network.Run(project / "runs" / "first")
    return out, make_samples(made_network.settings(project), project, run, out)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != ".lock"}


def test_a_run_gives_samples_of_every_kind_with_their_marks(reference):
    out, record = reference
    opened = SampleStore(out)
    counts = opened.samples.groupby("kind").size()
    assert counts["positive"] + record["skips"].get("other-split", 0) == 12 and record["events"] == 6
    assert counts["noise"] == 12 and record["stations"] == 2
    assert {kind: sum(by.values()) for kind, by in record["samples"].items()} == dict(counts)
    assert sorted(opened.samples["unit"].unique()) == UNITS and record["units"] == 4 and record["reused"] == 0
    positives = opened.samples[opened.samples["kind"] == "positive"]
    assert set(positives["source"]) == {"first/pal"}
    assert (opened.marks.groupby("sample_id").size() == 2).all() and len(opened.marks) == 2 * len(positives)
    data = opened.read(np.arange(len(opened)))
    assert data.shape == (len(opened), 3, 4000) == (len(opened), 3, opened.length)
    assert np.abs(data).max(axis=(1, 2)) == pytest.approx(1.0)


def test_the_numbers_of_negatives_follow_the_rule(reference):
    opened = SampleStore(reference[0])
    associated, stray = {"2024-03-01": 3, "2024-03-02": 3}, {"2024-03-01": 4.5, "2024-03-02": 4.5}
    rule = sum(stray[day] * 2 * (2 * 12 / 18) * max(0, (0.5 - associated[day] / (associated[day] + stray[day])) / 0.5)
               for day in stray)
    lost = reference[1]["skips"].get("not-placed-negative", 0)
    assert (opened.samples["kind"] == "negative").sum() + lost == pytest.approx(rule, abs=1.5)


def test_the_same_command_again_does_nothing(make, reference, tmp_path):
    shutil.copytree(reference[0], tmp_path, dirs_exist_ok=True)
    before = {path: os.stat(path).st_mtime_ns for path in tmp_path.rglob("*") if path.suffix == ".parquet"}
    heard = Heard()
    record = make(tmp_path, heard)
    assert heard.said == [("samples", 0, 4)] and record == reference[1] | {"reused": 4}
    assert {path: os.stat(path).st_mtime_ns for path in before} == before


def test_other_settings_make_other_samples_and_going_back_the_same(make, reference, tmp_path):
    shutil.copytree(reference[0], tmp_path, dirs_exist_ok=True)
    assert make(tmp_path, noise_per_day=0)["samples"]["noise"] == {"train": 0, "valid": 0}
    make(tmp_path)
    assert files(tmp_path) == files(reference[0])


def test_two_workers_make_the_same_bytes(make, reference, tmp_path):
    assert make(tmp_path, workers=2) == reference[1]
    assert files(tmp_path) == files(reference[0])


def test_another_order_makes_the_same_bytes(make, reference, tmp_path, monkeypatch):
    from quakescribe.train import samples

    do = samples._do
    monkeypatch.setattr(samples, "_do", lambda engine, todo, out, watcher: do(engine, todo[::-1], out, watcher))
    make(tmp_path)
    assert files(tmp_path) == files(reference[0])


SCRIPT = """
import os, signal, sys
from pathlib import Path
import made_network
from quakescribe.run.workspace import Run
from quakescribe.train.samples import make_samples

project, out, where, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
replace, seen = os.replace, 0

def deadly(source, target):
    global seen
    seen += where in str(target)
    if seen == count:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

os.replace = deadly
make_samples(made_network.settings(project), project, Run(project / "runs" / "first"), out)
"""


@pytest.mark.parametrize(("where", "count"), [("/data.zarr/2024-03-02/XX", 1), ("/samples/2024-03-01/XX.BBB", 1)])
def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(project, make, reference, tmp_path, where, count):
    script = [sys.executable, "-c", SCRIPT, str(project), str(tmp_path), where, str(count)]
    done = subprocess.run(script, check=False, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)})
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(TrainError, match="no finished samples"):
        SampleStore(tmp_path)
    kept = [path for path in tmp_path.glob("samples/*/*.parquet") if not path.name.startswith(".")]
    times = [path.stat().st_mtime_ns for path in kept]
    heard = Heard()
    make(tmp_path, heard)
    assert kept and heard.said == [("samples", 4 - len(kept), len(kept))]
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert files(tmp_path) == files(reference[0])


def test_a_full_disk_keeps_what_is_finished_and_the_next_command_goes_on(make, reference, tmp_path, monkeypatch):
    write, written = store._write_array, []

    def full(*given):
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(given)
        write(*given)

    monkeypatch.setattr(store, "_write_array", full)
    with pytest.raises(TrainError, match=r"cannot write the samples of .*: No space left.*are kept; make room"):
        make(tmp_path)
    monkeypatch.undo()
    assert len(list(tmp_path.glob("samples/*/*.parquet"))) == 2
    heard = Heard()
    make(tmp_path, heard)
    assert heard.said == [("samples", 2, 2)] and files(tmp_path) == files(reference[0])


def other_run(project, tmp_path, **changes):
    made_network.run_of(tmp_path, **changes)
    return made_network.Run(tmp_path / "runs" / "first")


def test_a_run_without_associated_picks_is_refused(project, tmp_path):
    run = other_run(project, tmp_path, associated=False)
    with pytest.raises(TrainError, match="no associated picks to learn from"):
        make_samples(made_network.settings(project), project, run, tmp_path / "out")


def test_a_run_without_labels_is_refused(project, tmp_path):
    run = other_run(project, tmp_path)
    with pytest.raises(TrainError, match="no labelled pair among 24 associated picks of 6 events"):
        make_samples(made_network.settings(project, residual_p_s=0.01), project, run, tmp_path / "out")


def test_a_run_that_leaves_no_negatives_is_refused_unless_none_are_wanted(project, tmp_path):
    run = other_run(project, tmp_path, strays=False)
    with pytest.raises(TrainError, match=r"no negatives: .*train.samples.negatives = \"none\""):
        make_samples(made_network.settings(project, negatives_least=0), project, run, tmp_path / "out")
    record = make_samples(made_network.settings(project, negatives="none"), project, run, tmp_path / "out")
    assert record["samples"]["negative"] == {"train": 0, "valid": 0} and sum(record["samples"]["positive"].values())


def test_a_class_that_could_not_be_cut_is_named(make, tmp_path, monkeypatch):
    monkeypatch.setattr("quakescribe.train.negatives.TRIES", 0)
    with pytest.raises(TrainError, match=r"no negative sample could be cut.*not-placed-negative"):
        make(tmp_path)
    assert json.loads((tmp_path / store.RECORD).read_text())["samples"]["negative"] == {"train": 0, "valid": 0}


def test_a_cut_over_midnight_belongs_to_the_day_of_its_p_and_is_whole(reference):
    table = SampleStore(reference[0]).samples
    midnight = pd.Timestamp("2024-03-02", tz="UTC")
    positives = table[table["kind"] == "positive"]
    assert (positives["p_time"].dt.strftime("%Y-%m-%d") == positives["unit"].str[:10]).all()
    drawn = table[table["kind"] != "positive"]
    assert not ((drawn["start"] < midnight) & (drawn["start"] + pd.Timedelta(40, "s") > midnight)).any()


def test_importing_the_samples_loads_neither_torch_nor_zarr():
    code = "import sys, quakescribe.train.samples; print(sorted({'torch', 'zarr', 'dask'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
