"""Work through the stages of a run: plan, decide, act, and leave a record of it."""

from __future__ import annotations

import json
import logging
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

import quakescribe
from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import EngineError, QuakescribeError, SettingsError
from quakescribe.run.engine import Engine, open_engine
from quakescribe.run.inputs import Inputs, open_inputs, recorded_stretches
from quakescribe.run.pickers import Identity, identity, with_paths
from quakescribe.run.stage import Stage, Task, Unit, act, decide, fingerprint, part
from quakescribe.run.workspace import SETTINGS, Run, write_text
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.project import Settings, dump
from quakescribe.tables import CHANNELS, COVERAGE, SKIPS, STATIONS, store

PACKAGES = ("numpy", "scipy", "numba", "pandas", "pyarrow", "pyproj", "obspy", "pydantic", "distributed", "plotly")
log = logging.getLogger("quakescribe")
_FILE_SYSTEM_PAUSE_S = 5.0


@dataclass(frozen=True)
class Context:
    """What a stage may look at when it plans."""

    settings: Settings
    inputs: Inputs
    run: Run
    folder: Path = Path()

    @cached_property
    def picker(self) -> tuple[PickSettings, Identity]:
        """The settings of `pick` with absolute paths, and what identifies its picks; weights are opened once."""
        pick = with_paths(self.settings.pick, self.folder)
        return pick, identity(pick)


class Watcher(Protocol):
    """Whoever wants to see the progress of a run."""

    def begin(self, stage: str, units: int, reused: int) -> None:
        """Announce a stage: this many units to do, that many found done."""

    def advance(self, stage: str, rows: dict[str, int]) -> None:
        """Announce one finished unit."""

    def finish(self, stage: str, seconds: float, rows: dict[str, int]) -> None:
        """Announce the end of a stage."""


class Silent:
    """A watcher that looks away."""

    def begin(self, stage: str, units: int, reused: int) -> None:
        """Do nothing."""

    def advance(self, stage: str, rows: dict[str, int]) -> None:
        """Do nothing."""

    def finish(self, stage: str, seconds: float, rows: dict[str, int]) -> None:
        """Do nothing."""


@dataclass
class StageRecord:
    """What was done for one stage."""

    units: int = 0
    reused: int = 0
    seconds: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)


def execute(
    settings: Settings,
    folder: Path,
    run: Run,
    until: str | None = None,
    watcher: Watcher | None = None,
    report: Callable[[Context], object] | None = None,
    stages: tuple[Stage, ...] | None = None,
) -> dict[str, StageRecord]:
    """Bring a run up to date, to its end or to the stage `until`, and return what was done per stage.

    Everything finished earlier under the same inputs, settings and code is reused. The last stage, ``report``, is
    the function given (`quakescribe.report.runs.finish`); without one the run ends after ``measure``. ``stages`` are
    those of :mod:`quakescribe.run.stages`, unless others are given.

    Raises
    ------
    QuakescribeError
        If an input is unusable, or units failed (after all others were finished).
    """
    from quakescribe.run.stages import STAGES

    watcher, stages = watcher or Silent(), stages or STAGES
    names = [*dict.fromkeys(stage.name for stage in stages), "report"]
    if until is not None and until not in names:
        raise SettingsError(f"no stage '{until}'; a run has {', '.join(names)}")
    last = names.index(until or "report")
    folder, run = folder.absolute(), Run(run.folder.absolute())
    done: dict[str, StageRecord] = {}
    with run.lock(), _log_to(run.folder / "run.log"):
        inputs = open_inputs(settings, folder)
        context = Context(settings, inputs, run, folder)
        write_text(run.folder / SETTINGS, dump(settings))
        _write_inputs(inputs, run)
        with open_engine(settings.run) as engine:
            log.info("run %s: %d stations, %s", run.name, len(inputs.station_ids), engine.where)
            for stage in stages:
                if names.index(stage.name) > last:
                    _remove_outdated(stage, context)
                    continue
                record = done.setdefault(stage.name, StageRecord())
                _do(stage, context, engine, watcher, record)
                _write_provenance(context, done)
        if report is not None and last == names.index("report"):
            began = time.perf_counter()
            watcher.begin("report", 1, 0)
            report(context)
            done["report"] = StageRecord(1, 0, time.perf_counter() - began)
            watcher.finish("report", done["report"].seconds, {})
            _write_provenance(context, done)
    return done


def _write_inputs(inputs: Inputs, run: Run) -> None:
    """Keep with the run the stations and channels as used, when they recorded, and what was left out at the start."""
    for folder, table, frame in (
        ("inputs", STATIONS, inputs.stations),
        ("inputs", CHANNELS, inputs.channels),
        ("inputs", COVERAGE, recorded_stretches(inputs.archive.index)),
        ("waveforms", SKIPS, inputs.skips),
    ):
        path = part(run.folder / folder, table.name, "inputs")
        wanted = fingerprint(frame)
        if store.read_note(path) != wanted:
            store.write(table.order(frame), table, path, note=wanted)


def _do(stage: Stage, context: Context, engine: Engine, watcher: Watcher, record: StageRecord) -> None:
    began = time.perf_counter()
    folder = context.run.folder / stage.folder
    units = stage.plan(context)
    todo = [unit for unit in units if _decision(stage, folder, unit) == "run"]
    _remove_stale(stage, folder, {unit.key for unit in units})
    watcher.begin(stage.name, len(todo), len(units) - len(todo))
    log.info("%s: %d units to do, %d found done", stage.name, len(todo), len(units) - len(todo))
    failures: list[str] = []
    finished: list[Unit] = []
    for done in engine.map(act, (Task(stage.work, unit, str(folder), stage.makes) for unit in todo)):
        if done.error is not None:
            failures.append(f"{todo[done.index].key}: {type(done.error).__name__}: {done.error}")
            log.error("%s: unit %s", stage.name, failures[-1], exc_info=done.error)
            continue
        for table, rows in done.value.items():
            record.rows[table] = record.rows.get(table, 0) + rows
        finished.append(todo[done.index])
        watcher.advance(stage.name, done.value)
    failures += [
        f"{unit.key}: done, but its result is not in {folder}: every worker must see the project folder and the "
        "recordings under the same path"
        for unit in _not_there(stage, folder, finished)
    ]
    record.units += len(units)
    record.reused += len(units) - len(todo)
    record.seconds += time.perf_counter() - began
    if failures:
        raise EngineError(
            f"{stage.name}: {len(failures)} of {len(todo)} units failed; the others are done and kept. "
            f"First: {failures[0]}. The log is {context.run.folder / 'run.log'}"
        )
    watcher.finish(stage.name, time.perf_counter() - began, record.rows)
    log.info("%s: done in %.1f s: %s", stage.name, record.seconds, record.rows)


def _not_there(stage: Stage, folder: Path, units: list[Unit]) -> list[Unit]:
    """Return the units whose result cannot be seen from here, also after a pause for a slow network file system."""
    missing = [unit for unit in units if _decision(stage, folder, unit) == "run"]
    if missing:
        time.sleep(_FILE_SYSTEM_PAUSE_S)
        missing = [unit for unit in missing if _decision(stage, folder, unit) == "run"]
    return missing


def _remove_outdated(stage: Stage, context: Context) -> None:
    """Remove the parts of a stage beyond the last one asked for that earlier stages have left behind."""
    folder = context.run.folder / stage.folder
    if folder.exists():
        units = stage.plan(context)
        _remove_stale(stage, folder, {unit.key for unit in units if _decision(stage, folder, unit) == "reuse"})


def _decision(stage: Stage, folder: Path, unit: Unit) -> str:
    found = [store.read_note(part(folder, table, unit.key)) for table in stage.makes]
    decision = decide(unit.fingerprint, found)
    log.debug("%s %s: %s (%s)", stage.name, unit.key, decision.action, decision.why)
    return decision.action


def _remove_stale(stage: Stage, folder: Path, keys: set[str]) -> None:
    """Remove parts of units that are no longer planned, and what a killed writer left behind."""
    for table in stage.makes:
        root = folder / table
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                continue
            key = str(path.relative_to(root).with_suffix(""))
            if path.suffix == ".tmp" or (path.suffix == ".parquet" and key not in keys):
                path.unlink()


def _write_provenance(context: Context, done: dict[str, StageRecord]) -> None:
    settings, inputs, run = context.settings, context.inputs, context.run
    _, picker = context.picker
    stages = dict(run.provenance().get("stages", {}))
    for name, record in done.items():
        if record.units > record.reused or name not in stages:
            stages[name] = {
                "units": record.units,
                "reused": record.reused,
                "seconds": round(record.seconds, 3),
                "workers": settings.run.workers,
            }
    record_of_run = {
        "run": run.name,
        "quakescribe": quakescribe.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "settings": fingerprint(settings),
        "picker": {"name": picker.name, "weights": Path(settings.pick.network.weights).name, "sha256": picker.digest},
        "inputs": {
            "waveforms": {
                "path": settings.project.waveforms,
                "files": int(inputs.archive.index["source"].nunique()),
                "digest": fingerprint(inputs.archive.index),
            },
            "stations": {"path": settings.project.stations, "sha256": _digest(inputs.stations_path)},
            "velocity": {"name": inputs.model.name, "layers": _layers(inputs.model)},
            "span": [pd.Timestamp(one, tz="UTC").isoformat() for one in (inputs.start_ns, inputs.end_ns)],
        },
        "stages": stages,
    }
    write_text(run.folder / "provenance.json", json.dumps(record_of_run, indent=1) + "\n")


def _layers(model: VelocityModel) -> list[dict[str, float]]:
    rows = zip(model.top_km, model.vp, model.vs, strict=True)
    return [{"top_km": float(top), "vp_km_s": float(vp), "vs_km_s": float(vs)} for top, vp, vs in rows]


def _digest(path: Path) -> str:
    return store.digest(path) if path.is_file() else ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


class _log_to:
    """Send the package's log to a file while inside."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._handler = logging.FileHandler(self._path, encoding="utf-8")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(self._handler)
        log.setLevel(logging.INFO)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is not None:
            expected = isinstance(error, QuakescribeError | KeyboardInterrupt)
            log.error("ended early: %s", error if expected else "", exc_info=None if expected else error)
        log.removeHandler(self._handler)
        self._handler.close()
