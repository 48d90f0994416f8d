import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
from chain import assert_same_tables, run_all

from quakescribe.errors import EngineError


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two workers on loopback, as processes of their own."""
    port = _free_port()
    address = f"tcp://127.0.0.1:{port}"
    log = open(tmp_path / "cluster.log", "w")  # noqa: SIM115 - lives as long as the processes

    def start(*words: str) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-m", "dask", *words], stdout=log, stderr=log, start_new_session=True)

    processes = [start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")]
    processes += [
        start(
            "worker",
            address,
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
            "--local-directory",
            str(tmp_path),
        )
        for _ in range(2)
    ]
    yield address, processes[1:]
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    log.close()


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_makes_the_same_tables(cluster, make_project, reference, tmp_path):
    address, workers = cluster
    project = make_project(tmp_path / "project")
    killed = []

    class Killer:
        def begin(self, stage, units, reused): ...

        def finish(self, stage, seconds, rows): ...

        def advance(self, stage, rows):
            if stage == "pick" and not killed:
                os.killpg(workers[0].pid, signal.SIGKILL)
                killed.append(stage)

    from quakescribe.run.runner import execute
    from quakescribe.settings.run import RunSettings

    settings = project.settings.model_copy(update={"run": RunSettings(scheduler=address)})
    run = project.run("first")
    execute(settings, project.folder, run, watcher=Killer())
    assert killed and workers[0].wait(10) == -signal.SIGKILL
    assert_same_tables(run, reference)


def test_a_scheduler_that_does_not_answer_is_named(make_project, tmp_path, monkeypatch):
    monkeypatch.setattr("quakescribe.run.engine._SCHEDULER_TIMEOUT_S", 1)
    began = time.monotonic()
    with pytest.raises(EngineError, match=re.escape("no Dask scheduler answers at tcp://127.0.0.1:1")):
        run_all(make_project(tmp_path / "project"), scheduler="tcp://127.0.0.1:1")
    assert time.monotonic() - began < 60
