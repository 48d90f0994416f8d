import os
import signal
import subprocess
import sys
from pathlib import Path

from chain import parts_of, run_all

from quakescribe.run.workspace import Run

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


MOMENTS = [
    ("pick/picks", 1),
    ("pick/picks", 7),
    ("pick/skips", 3),
    ("associate/events", 2),
    ("associate/arrivals", 1),
    ("locate/origins", 1),
    ("locate/arrivals", 1),
    ("measure-amplitudes/amplitudes", 5),
    ("measure/magnitudes", 1),
    ("audit/findings", 1),
    ("report.html", 1),
    ("provenance.json", 2),
]
"""When a run is killed: as a file of that name is put in its place for the n-th time since it was taken up again."""
TORN = 2  # the unit that was being written may have written some of its tables already


def test_a_run_killed_again_and_again_goes_on_to_the_same_bytes_and_does_nothing_twice(
        make_project, reference, tmp_path):
    project = make_project(tmp_path / "project")
    run = project.run("first")
    script = tmp_path / "killed.py"
    script.write_text(SCRIPT)
    before: dict[Path, int] = {}
    for where, count in MOMENTS:
        done = subprocess.run([sys.executable, str(script), str(project.folder), where, str(count)], check=False,
                              capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, (where, count, done.stderr)
        assert len(written_again(run, before)) <= TORN, (where, count, written_again(run, before))
        before = finished(run)
    run_all(project)
    assert len(written_again(run, before)) <= TORN
    assert parts_of(run) == parts_of(reference)
    before = finished(run)
    run_all(project)
    assert finished(run) == before


def finished(run: Run) -> dict[Path, int]:
    """Return when each finished table was written."""
    return {path: os.stat(path).st_mtime_ns for path in run.folder.rglob("*.parquet")
            if not path.name.startswith(".")}


def written_again(run: Run, before: dict[Path, int]) -> list[str]:
    """Return the tables that were finished before and were written once more."""
    now = finished(run)
    return sorted(str(path) for path, when in before.items() if now.get(path) != when)
