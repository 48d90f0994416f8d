"""From a run to samples: which station-days are cut, what is found done, and what came of it.

The unit of work is a station and a UTC day, whatever the run's chunks are. A unit is complete in itself: the same
samples come out whoever works on it, in whatever order. What was finished under the same labels, recordings, settings
and code is kept by the next call.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import quakescribe
from quakescribe.errors import EngineError, TrainError
from quakescribe.exchange.formats import read_tables
from quakescribe.run.engine import Engine, open_engine
from quakescribe.run.inputs import DAY_NS, days, open_inputs
from quakescribe.run.recordings import NOWHERE, READING, Recordings, forget_files, recorded, recordings_of, whole_days
from quakescribe.run.runner import Context, Silent, Watcher
from quakescribe.run.stage import Unit, code_digest, decide, fingerprint
from quakescribe.run.workspace import Run, write_text
from quakescribe.settings.project import Settings
from quakescribe.settings.run import ProjectSettings
from quakescribe.settings.train import SamplesSettings
from quakescribe.tables import ARRIVALS, PICKS
from quakescribe.train import store
from quakescribe.train.cuts import HIGH_HZ, LOW_HZ, RATE_HZ, Wanted, cut_unit
from quakescribe.train.labels import Labels, find_labels
from quakescribe.train.negatives import busy, numbers
from quakescribe.train.sources import by_hand, consensus

_MADE_BY = tuple(f"train/{name}" for name in (
    "cuts", "extract", "labels", "negatives", "samples", "sources", "split", "store"))
"""The files of this folder that samples depend on."""


@dataclass(frozen=True)
class Job:
    """One station-day to cut."""

    recordings: Recordings
    wanted: Wanted
    settings: SamplesSettings
    replace: bool


@dataclass(frozen=True)
class _Task:
    unit: Unit
    folder: str


def make_samples(settings: Settings, folder: Path, run: Run, out: Path, watcher: Watcher | None = None,
                 engine: Engine | None = None) -> dict[str, Any]:
    """Make the samples that a run's associated picks give, in a folder; what is there already is used.

    Parameters
    ----------
    settings, folder
        Settings of the project and the folder that their paths are relative to.
    run
        The run whose picks are the labels. Only read.
    out
        Where the samples go (see :mod:`quakescribe.train.store`).
    engine
        Who does the work; what ``settings.run`` asks for if None.

    Returns
    -------
    dict
        The record that also lies in ``samples.json``: ``samples`` (number by kind and split), ``skips`` (number by
        reason), ``events``, ``stations``, ``units``, and what the samples were made of; and ``reused``, the units found
        done.

    Raises
    ------
    TrainError
        If the run has no associated picks, the samples would lack a class, or they cannot be written.
    """
    out, watcher = out.absolute(), watcher or Silent()
    with Run(out).lock():
        inputs = open_inputs(settings, folder.absolute())
        units = plan(Context(settings, inputs, run, folder.absolute()))
        todo = [unit for unit in units if decide(unit.fingerprint, store.notes(out, unit.key)).action == "run"]
        keys = [unit.key for unit in units]
        if todo:
            (out / store.RECORD).unlink(missing_ok=True)
        store.prepare(out, keys, _attributes(settings.train.samples))
        watcher.begin("samples", len(todo), len(units) - len(todo))
        began = time.perf_counter()
        if todo:
            with _engine(engine, settings) as chosen:
                _do(chosen, todo, out, watcher)
        record = _record(settings, run, units, out, inputs.stations)
        write_text(out / store.RECORD, json.dumps(record, indent=1) + "\n")
        watcher.finish("samples", time.perf_counter() - began, {"samples": _total(record)})
    _refuse_one_class(record, settings.train.samples)
    return record | {"reused": len(units) - len(todo)}


def plan(context: Context) -> list[Unit]:
    """List the station-days to cut, with what each depends on.

    Raises
    ------
    TrainError
        If the run has no associated picks, no labelled pair, or no room for negatives.
    """
    inputs, settings = context.inputs, context.settings.train.samples
    labels, source = _labels(context)
    wanted_negatives = numbers(labels.counted, settings, len(labels.pairs))
    if settings.wants_negatives and not wanted_negatives["n"].sum():
        raise TrainError(
            f"{context.run.folder}: no negatives: on every day and at every station at least half of the picker's "
            "pairs are associated, or the picker left no pair unassociated. Train on a quieter time, or say "
            "train.samples.negatives = \"none\"")
    number = wanted_negatives.set_index(["station_id", "day"])["n"]
    replace = context.settings.pick.horizontals == "replace"
    base = fingerprint(code_digest("earth", *READING, *_MADE_BY), settings, context.settings.waveforms, replace)
    forget_files()
    units = []
    for station_id in inputs.station_ids:
        recordings = recordings_of(context, station_id)
        recorded_days = set(recordings.archive.chosen["day"])
        mine = Labels(*(frame[frame["station_id"] == station_id].reset_index(drop=True) for frame in labels))
        known = fingerprint(base, recordings.stations, recordings.channels)
        for name, start_ns, end_ns in days(*whole_days(context, station_id), 24):
            day = start_ns // DAY_NS
            if day not in recorded_days:
                continue
            wanted = _wanted(f"{name}/{station_id}", station_id, (start_ns, end_ns), mine,
                             int(number.get((station_id, day), 0)), source, settings)
            if len(wanted.pairs) or wanted.negatives or settings.noise_per_day:
                made_of = fingerprint(known, recorded(recordings.archive, start_ns, end_ns), start_ns, end_ns,
                                      wanted.pairs, wanted.marks, wanted.quakes, wanted.negatives, source)
                units.append(Unit(wanted.unit, made_of, Job(recordings, wanted, settings, replace)))
    return units


def _labels(context: Context) -> tuple[Labels, str]:
    """Return the labels of a run at the stations of its recordings, and a word for where they come from."""
    run, inputs, settings = context.run, context.inputs, context.settings.train.samples
    arrivals, origins = run.table("arrivals"), run.table("origins")
    if arrivals.empty or origins.empty:
        raise TrainError(f"{run.folder}: no associated picks to learn from; the run must have gone through 'locate' "
                         "and found events ('quakescribe run')")
    picks = run.table("picks")
    recorded = list(inputs.station_ids)
    picks, arrivals, stations = (frame[frame["station_id"].isin(recorded)].reset_index(drop=True)
                                 for frame in (picks, arrivals, inputs.stations))
    labels = find_labels(picks, arrivals, origins, stations, inputs.model, settings)
    if settings.agree_with:
        labels = consensus(labels, _others(run, settings), settings)
    if settings.by_hand:
        path = context.folder / Path(settings.by_hand).expanduser()
        found = read_tables(path, inputs.stations)
        labels = by_hand(labels, found.get("picks", PICKS.empty()), found.get("arrivals", ARRIVALS.empty()), settings,
                         path.name)
    labels = labels._replace(**{name: _within(getattr(labels, name), context.settings.project)
                                for name in ("pairs", "counted")})
    if labels.pairs.empty:
        raise TrainError(
            f"{run.folder}: no labelled pair among {len(arrivals)} associated picks of {len(origins)} events "
            f"({int(origins['well_located'].sum())} well located): a label needs P and S of one event at one station, "
            f"with residuals below {settings.residual_p_s:g} and {settings.residual_s_s:g} s (train.samples)"
            + (f", and the agreement of {settings.agree_least} of {', '.join(settings.agree_with)}"
               if settings.agree_with else ""))
    return labels, run.name


def _within(pairs: pd.DataFrame, project: ProjectSettings) -> pd.DataFrame:
    """Return the pairs whose P lies in the time that is trained on."""
    low, high = (None if time is None else pd.Timestamp(time).value for time in (project.start, project.end))
    p = pairs["p_ns"]
    keep = (p >= (p.min() if low is None else low)) & (p < (p.max() + 1 if high is None else high))
    return pairs[keep].reset_index(drop=True)


def _others(run: Run, settings: SamplesSettings) -> dict[str, pd.DataFrame]:
    """Return the picks of the runs that labels must agree with."""
    found = {name: Run(run.folder.parent / name).table("picks") for name in settings.agree_with}
    for name, picks in found.items():
        if picks.empty:
            raise TrainError(f"train.samples.agree_with: the run '{name}' has no picks; 'quakescribe run --name "
                             f"{name}' makes them")
    return found


def _wanted(unit: str, station_id: str, span: tuple[int, int], labels: Labels, negatives: int, source: str,
            settings: SamplesSettings) -> Wanted:
    """Return what one station-day needs of a station's labels."""
    start, end = span
    reach = round(settings.cut_s * 1e9)
    p, marked = labels.pairs["p_ns"], labels.marks["time_ns"]
    lasts = busy(labels.quakes)
    return Wanted(
        unit, station_id, start, end,
        labels.pairs[(p >= start) & (p < end)].reset_index(drop=True),
        labels.marks[(marked >= start - reach) & (marked < end + reach)].reset_index(drop=True),
        labels.quakes[(lasts[:, 1] >= start) & (lasts[:, 0] < end)].reset_index(drop=True), negatives, source)


def _do(engine: Engine, todo: list[Unit], out: Path, watcher: Watcher) -> None:
    """Work on the units; a disk that is full ends it at once, any other failure after the rest is done."""
    failures = []
    for done in engine.map(_act, (_Task(unit, str(out)) for unit in todo)):
        if isinstance(done.error, TrainError):
            raise done.error
        if done.error is not None:
            failures.append(f"{todo[done.index].key}: {type(done.error).__name__}: {done.error}")
            continue
        watcher.advance("samples", done.value)
    if failures:
        raise EngineError(f"samples: {len(failures)} of {len(todo)} station-days failed; the others are done and kept. "
                          f"First: {failures[0]}")


def _act(task: _Task) -> dict[str, int]:
    """Cut one unit and write it; return how many rows its tables have. Runs on the worker."""
    job = task.unit.payload
    cuts = cut_unit(job.recordings.loader(NOWHERE), job.wanted, job.settings, job.replace)
    store.write_unit(Path(task.folder), task.unit.key, cuts, task.unit.fingerprint)
    return {"samples": len(cuts.samples), "marks": len(cuts.marks), "skips": len(cuts.skips)}


@contextlib.contextmanager
def _engine(given: Engine | None, settings: Settings) -> Iterator[Engine]:
    if given is not None:
        yield given
    else:
        with open_engine(settings.run) as opened:
            yield opened


def _attributes(settings: SamplesSettings) -> dict[str, Any]:
    return {"sampling_rate_hz": RATE_HZ, "length": round(settings.cut_s * RATE_HZ), "band_hz": [LOW_HZ, HIGH_HZ],
            "components": "ZNE"}


def _record(settings: Settings, run: Run, units: list[Unit], out: Path, stations: pd.DataFrame) -> dict[str, Any]:
    """Return what the samples are: the same for the same samples, wherever they lie."""
    samples, skips = (store.read_table(out, name, [unit.key for unit in units]) for name in ("samples", "skips"))
    counts = samples.groupby(["kind", "split"]).size()
    positives = samples[samples["kind"] == "positive"]
    there = stations[stations["station_id"].isin(positives["station_id"])]
    return {
        "quakescribe": quakescribe.__version__,
        "run": run.name,
        "fingerprint": fingerprint(*(unit.fingerprint for unit in units)),
        **_attributes(settings.train.samples),
        "settings": settings.train.samples.model_dump(mode="json"),
        "units": len(units),
        "samples": {kind: {split: int(counts.get((kind, split), 0)) for split in ("train", "valid")}
                    for kind in ("positive", "negative", "noise")},
        "events": int(positives["event_id"].nunique()),
        "stations": int(positives["station_id"].nunique()),
        "region": {name: [round(float(there[name].min()), 3), round(float(there[name].max()), 3)]
                   for name in ("latitude", "longitude")} if len(there) else {},
        "span": [str(positives["p_time"].min()), str(positives["p_time"].max())],
        "skips": {str(reason): int(count) for reason, count in skips.groupby("reason")["count"].sum().items()},
    }


def _total(record: dict[str, Any]) -> int:
    return sum(number for by_split in record["samples"].values() for number in by_split.values())


def _refuse_one_class(record: dict[str, Any], settings: SamplesSettings) -> None:
    for kind in ("positive", "negative") if settings.wants_negatives else ("positive",):
        if not sum(record["samples"][kind].values()):
            raise TrainError(f"no {kind} sample could be cut from the recordings; left out: "
                             f"{json.dumps(record['skips'])} (train.samples)")
