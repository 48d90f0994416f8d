import os
import signal
import subprocess
import sys

import pytest
from chain import parts_of, run_all

SCRIPT = """
import os, signal, sys
from pathlib import Path
import quakescribe.run.stage as stage
import quakescribe.tables.store as store
from quakescribe.report.runs import finish
from quakescribe.run.runner import execute
from quakescribe.run.workspace import Project
from quakescribe.settings.run import RunSettings

folder, where, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
replace, seen = os.replace, 0

def deadly(source, target):
    global seen
    if f"/{where}/" in str(target) or str(target).endswith(where):
        seen += 1
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

store.os.replace = deadly
project = Project(Path(folder))
settings = project.settings.model_copy(update={"run": RunSettings(workers=1)})
execute(settings, project.folder, project.run("first"), report=finish)
"""


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("pick/picks", 1),
        ("pick/picks", 9),
        ("pick/skips", 4),
        ("associate/events", 2),
        ("associate/arrivals", 1),
        ("locate/origins", 1),
        ("locate/arrivals", 2),
        ("measure-amplitudes/amplitudes", 5),
        ("measure/magnitudes", 1),
        ("audit/findings", 1),
        ("report.html", 1),
        ("provenance.json", 2),
    ],
)
def test_a_run_killed_at_any_moment_goes_on_to_the_same_bytes(make_project, reference, tmp_path, where, count):
    project = make_project(tmp_path / "project")
    script = tmp_path / "killed.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), str(project.folder), where, str(count)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    run = project.run("first")
    finished = {
        path: os.stat(path).st_mtime_ns for path in run.folder.rglob("*.parquet") if not path.name.startswith(".")
    }
    run_all(project)
    assert parts_of(run) == parts_of(reference)
    torn = 2  # the unit that was being written may have written some of its tables already
    again = [path for path in finished if os.stat(path).st_mtime_ns != finished[path]]
    assert len(again) <= torn, again


def test_a_finished_run_does_nothing_again(make_project, tmp_path):
    project = make_project(tmp_path / "project")
    run = run_all(project)
    before = {path: os.stat(path).st_mtime_ns for path in run.folder.rglob("*.parquet")}
    run_all(project)
    after = {path: os.stat(path).st_mtime_ns for path in run.folder.rglob("*.parquet")}
    assert before == after
