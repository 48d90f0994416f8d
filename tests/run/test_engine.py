"""Who does the work: clusters started through dask-jobqueue, and two runs on one machine."""

import contextlib
import math
import signal
import socket
import sys
import types
import warnings

import pytest

from quakescribe.errors import EngineError
from quakescribe.run.engine import open_engine
from quakescribe.settings.run import RunSettings

VALUES = [float(value) for value in range(10)]


def roots(settings: RunSettings) -> list[float]:
    """Take square roots with an engine, in order."""
    with open_engine(settings) as engine:
        done = sorted(engine.map(math.sqrt, VALUES), key=lambda one: one.index)
    assert all(one.error is None for one in done)
    return [one.value for one in done]


@pytest.fixture
def jobqueue(monkeypatch):
    """A stand-in for dask-jobqueue whose jobs are processes on this machine; returns what was asked of it."""
    from distributed import LocalCluster

    asked: dict[str, object] = {}

    class SLURMCluster(LocalCluster):
        def __init__(self, **options):
            asked.update(options)
            super().__init__(n_workers=0, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1")

        def scale(self, n=0, jobs=0):
            asked["jobs"] = asked.get("jobs") or jobs
            return super().scale(n or jobs)

    module = types.ModuleType("dask_jobqueue")
    module.SLURMCluster = SLURMCluster
    monkeypatch.setitem(sys.modules, "dask_jobqueue", module)
    return asked


def test_jobs_of_a_batch_queue_do_the_work(jobqueue):
    settings = RunSettings(jobqueue="SLURMCluster", jobqueue_options={"cores": 1, "memory": "2 GB"}, jobqueue_jobs=2)
    assert roots(settings) == [math.sqrt(value) for value in VALUES]
    assert jobqueue == {"cores": 1, "memory": "2 GB", "jobs": 2}


def test_an_unknown_kind_of_batch_queue_is_named(jobqueue):
    with (
        pytest.raises(EngineError, match=r"run.jobqueue = 'SLRUMCluster'.*SLURMCluster"),
        open_engine(RunSettings(jobqueue="SLRUMCluster")),
    ):
        pass


def test_a_missing_dask_jobqueue_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with (
        pytest.raises(EngineError, match="pip install dask-jobqueue"),
        open_engine(RunSettings(jobqueue="SLURMCluster")),
    ):
        pass


def test_two_runs_on_one_machine_do_not_warn_of_each_other():
    with socket.socket() as taken, warnings.catch_warnings():
        with contextlib.suppress(OSError):  # somebody else's dashboard serves as well
            taken.bind(("127.0.0.1", 8787))
            taken.listen()
        warnings.simplefilter("error", UserWarning)
        assert roots(RunSettings(workers=2)) == [math.sqrt(value) for value in VALUES]


def _ignores_interrupts(_: object) -> bool:
    return signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_workers_leave_an_interrupt_to_the_process_that_gave_out_the_work():
    with open_engine(RunSettings(workers=2)) as engine:
        assert all(done.value for done in engine.map(_ignores_interrupts, range(4)))
