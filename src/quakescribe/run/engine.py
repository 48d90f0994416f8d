"""The one place where work is shared out: in this process, on this machine's cores, or on a Dask cluster.

An engine applies a function to payloads and yields results as they finish. Who does the work never changes a result,
because every unit of work is complete in itself and writes its own files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from quakescribe.errors import EngineError
from quakescribe.settings.run import RunSettings

_SCHEDULER_TIMEOUT_S = 20
_IN_FLIGHT_PER_WORKER = 3


@dataclass(frozen=True)
class Done:
    """One finished payload: its position, and its result or the error that ended it."""

    index: int
    value: Any = None
    error: BaseException | None = None


class Engine(Protocol):
    """What a stage asks of an engine."""

    workers: int
    where: str

    def map(self, function: Callable[[Any], Any], payloads: Iterable[Any]) -> Iterator[Done]:
        """Yield one `Done` per payload, in the order they finish."""
        ...


class InProcess:
    """Everything in this process, in order."""

    workers = 1
    where = "this process"

    def map(self, function: Callable[[Any], Any], payloads: Iterable[Any]) -> Iterator[Done]:
        """Apply the function to one payload after the other; an error is handed on and the rest still done."""
        for index, payload in enumerate(payloads):
            try:
                value = function(payload)
            except Exception as error:  # noqa: BLE001 - one failed unit must not end the others; the caller reports it
                yield Done(index, error=error)
            else:
                yield Done(index, value)


class OnDask:
    """A Dask client's workers; few units are in flight at a time, so that memory stays bounded."""

    def __init__(self, client: Any, where: str) -> None:
        self._client = client
        self.where = where
        self.workers = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))

    def map(self, function: Callable[[Any], Any], payloads: Iterable[Any]) -> Iterator[Done]:
        """Submit the payloads; a lost worker's units are done again by another (three times at most)."""
        from distributed import as_completed

        waiting = enumerate(payloads)
        position: dict[str, int] = {}

        def submit() -> Any:
            for index, payload in waiting:
                future = self._client.submit(function, payload, pure=False)
                position[future.key] = index
                return future
            return None

        window = [submit() for _ in range(_IN_FLIGHT_PER_WORKER * self.workers)]
        running = as_completed([future for future in window if future is not None])
        for future in running:
            index = position.pop(future.key)
            error = future.exception()
            done = Done(index, error=error) if error is not None else Done(index, future.result())
            future.release()
            following = submit()
            if following is not None:
                running.add(following)
            yield done


@contextlib.contextmanager
def open_engine(settings: RunSettings) -> Iterator[Engine]:
    """Yield the engine the settings ask for, and close it afterwards.

    Raises
    ------
    EngineError
        If the scheduler cannot be reached, has no workers, or dask-jobqueue is not installed.
    """
    workers = settings.workers or cores()
    if settings.scheduler:
        with _connect(settings.scheduler) as client:
            yield OnDask(client, settings.scheduler)
    elif settings.jobqueue:
        with _job_queue(settings) as client:
            yield OnDask(client, settings.jobqueue)
    elif workers == 1:
        yield InProcess()
    else:
        with _local(workers) as client:
            yield OnDask(client, f"{workers} processes on this machine")


def cores() -> int:
    """Return how many cores this process may use: fewer than the machine has where a scheduler has set some apart."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _local(workers: int) -> Iterator[Any]:
    import logging

    import dask
    from distributed import Client, LocalCluster

    options = {
        # Dask has its workers give back memory after every array, at three times the cost of a network's arithmetic
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 1 << 28,
        "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 1 << 25,
        "distributed.admin.large-graph-warning-threshold": "1GiB",
        "distributed.scheduler.allowed-failures": 3,
        "distributed.comm.timeouts.connect": "60s",
        "distributed.worker.profile.enabled": False,
    }
    with (
        dask.config.set(options),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any free port: two runs on one machine do not meet
            scheduler_kwargs={"dashboard": False},
            host="127.0.0.1",
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(_ignore_interrupts)
        yield client


def _ignore_interrupts() -> None:
    """Leave Ctrl-C in a terminal, which reaches every process, to the one that gave out the work."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _connect(address: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(address, timeout=_SCHEDULER_TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise EngineError(
            f"no Dask scheduler answers at {address}: {error}; start one with 'dask scheduler' and "
            "workers with 'dask worker'"
        ) from error
    with client:
        _wait_for_workers(client, address)
        yield client


@contextlib.contextmanager
def _job_queue(settings: RunSettings) -> Iterator[Any]:
    try:
        import dask_jobqueue
    except ImportError as error:
        raise EngineError("run.jobqueue needs the package dask-jobqueue: pip install dask-jobqueue") from error
    from distributed import Client

    kind = getattr(dask_jobqueue, settings.jobqueue, None)
    if kind is None:
        raise EngineError(
            f"run.jobqueue = '{settings.jobqueue}': dask-jobqueue has no such cluster; "
            "expected SLURMCluster, PBSCluster, SGECluster, LSFCluster, ..."
        )
    with kind(**settings.jobqueue_options) as cluster, Client(cluster) as client:
        cluster.scale(jobs=settings.jobqueue_jobs)
        _wait_for_workers(client, settings.jobqueue, timeout_s=3600)
        yield client


def _wait_for_workers(client: Any, where: str, timeout_s: int = _SCHEDULER_TIMEOUT_S) -> None:
    try:
        client.wait_for_workers(1, timeout=timeout_s)
    except TimeoutError as error:
        raise EngineError(
            f"the scheduler at {where} has no workers after {timeout_s} s; start some with 'dask worker'"
        ) from error
