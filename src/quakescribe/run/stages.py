"""The stages of a run, in order: how each is cut into units, and what a unit does.

| stage     | unit                        | needs                               | makes                       |
|-----------|-----------------------------|-------------------------------------|-----------------------------|
| pick      | a station and day           | waveforms, stations                 | picks                       |
| associate | a day of independent groups | picks, stations, velocity           | events, arrivals            |
| locate    | a day of events             | events, arrivals, velocity          | origins, arrivals           |
| measure   | a station and day           | origins, arrivals, waveforms        | amplitudes                  |
| measure   | all events                  | origins, arrivals, amplitudes       | magnitudes                  |

Units are complete in themselves: the result is the same whoever works on them, in whatever order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from quakescribe.earth.velocity import VelocityModel
from quakescribe.run.inputs import DAY_NS, days
from quakescribe.run.predicted import expected_onsets
from quakescribe.run.recordings import (
    NOWHERE,
    READING,
    Recordings,
    forget_files,
    recorded,
    recordings_of,
    whole_days,
    within,
)
from quakescribe.run.stage import Stage, Unit, code_digest, fingerprint
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.measure import MeasureSettings
from quakescribe.settings.pick import PickSettings
from quakescribe.tables import PICKS, SKIPS, store

if TYPE_CHECKING:
    from quakescribe.run.runner import Context
    from quakescribe.waveforms.block import Block

_EARTH = ("earth", "kernels", "settings")


# --- pick ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PickJob:
    """One station and span of time to pick."""

    recordings: Recordings
    start_ns: int
    end_ns: int
    settings: PickSettings


def _plan_pick(context: Context) -> list[Unit]:
    inputs, settings = context.inputs, context.settings
    forget_files()
    pick, known = context.picker
    code = code_digest("pick", *READING, *(("nets",) if known.digest else ()))
    base = fingerprint(code, known.settings, known.name, known.digest, settings.waveforms)
    units = []
    for station_id in inputs.station_ids:
        recordings = recordings_of(context, station_id)
        recorded_days = set(recordings.archive.chosen["day"])
        of_station = fingerprint(base, recordings.stations, recordings.channels)
        for name, start_ns, end_ns in days(*whole_days(context, station_id), settings.run.chunk_hours):
            if not recorded_days & set(range(start_ns // DAY_NS, (end_ns - 1) // DAY_NS + 1)):
                continue
            job = PickJob(recordings, start_ns, end_ns, pick)
            files = recorded(recordings.archive, start_ns, end_ns)
            units.append(Unit(f"{name}/{station_id}", fingerprint(of_station, files, start_ns, end_ns), job))
    return units


def _work_pick(job: PickJob) -> dict[str, pd.DataFrame]:
    from quakescribe.pick import pick_unit

    load = job.recordings.loader((job.start_ns, job.end_ns))
    picks, skips = pick_unit(load, job.start_ns, job.end_ns, job.settings)
    return {"picks": picks, "skips": within([load.skips(), skips], job.start_ns, job.end_ns)}


# --- associate -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AssociateJob:
    """Picks that no other pick of the run can share an event with."""

    picks: pd.DataFrame
    stations: pd.DataFrame
    model: VelocityModel
    settings: AssociateSettings


_UNREACHED = "no-event"
"""The unit of the picks that no event can reach; it says which of them could not be used at all."""


def _plan_associate(context: Context) -> list[Unit]:
    from quakescribe.associate import groups

    inputs, settings = context.inputs, context.settings.associate
    picks = context.run.stage_table("pick", "picks")
    base = fingerprint(code_digest("associate", *_EARTH), settings, inputs.stations, *_model(inputs.model))
    by_day: dict[str, list[pd.DataFrame]] = {}
    for group in groups(picks, inputs.stations, inputs.model, settings):
        by_day.setdefault(group["time"].min().strftime("%Y-%m-%d"), []).append(group)
    grouped = pd.concat([group["pick_id"] for rest in by_day.values() for group in rest] or [picks["pick_id"][:0]])
    by_day[_UNREACHED] = [picks[~picks["pick_id"].isin(grouped)]]
    units = []
    for day, members in sorted(by_day.items()):
        mine = store.concat(members, PICKS)
        units.append(Unit(day, fingerprint(base, mine), AssociateJob(mine, inputs.stations, inputs.model, settings)))
    return units


def _work_associate(job: AssociateJob) -> dict[str, pd.DataFrame]:
    from quakescribe.associate import associate

    events, arrivals, skips = associate(job.picks, job.stations, job.model, job.settings)
    return {"events": events, "arrivals": arrivals, "skips": skips}


def _model(model: VelocityModel) -> tuple[Any, ...]:
    return (model.top_km, model.vp, model.vs)


# --- locate ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LocateJob:
    """Events to locate, each on its own (or all together where station corrections are iterated)."""

    events: pd.DataFrame
    arrivals: pd.DataFrame
    stations: pd.DataFrame
    model: VelocityModel
    settings: LocateSettings


def _plan_locate(context: Context) -> list[Unit]:
    inputs, settings = context.inputs, context.settings.locate
    events = context.run.stage_table("associate", "events")
    arrivals = context.run.stage_table("associate", "arrivals")
    base = fingerprint(code_digest("locate", *_EARTH), settings, inputs.stations, *_model(inputs.model))
    days_of = events["time"].dt.strftime("%Y-%m-%d") if len(events) else pd.Series([], dtype="str")
    if settings.correction_iterations:
        days_of = pd.Series("all", index=events.index)
    units = []
    for day in sorted(days_of.unique()):
        mine = events[days_of == day].reset_index(drop=True)
        theirs = arrivals[arrivals["event_id"].isin(mine["event_id"])].reset_index(drop=True)
        units.append(
            Unit(day, fingerprint(base, mine, theirs), LocateJob(mine, theirs, inputs.stations, inputs.model, settings))
        )
    return units


def _work_locate(job: LocateJob) -> dict[str, pd.DataFrame]:
    from quakescribe.locate import locate

    origins, arrivals, skips = locate(job.events, job.arrivals, job.stations, job.model, job.settings)
    return {"origins": origins, "arrivals": arrivals, "skips": skips}


# --- measure ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AmplitudeJob:
    """The events of one day to be measured at one station."""

    recordings: Recordings
    origins: pd.DataFrame
    arrivals: pd.DataFrame
    expected: pd.DataFrame
    wanted: tuple[int, ...]
    settings: MeasureSettings
    inventory: str


_NEIGHBOURS = pd.Timedelta(10, "min")
"""How far beyond its day a unit knows of other events: longer than any amplitude window that they could end."""


def _plan_amplitudes(context: Context) -> list[Unit]:
    inputs, settings = context.inputs, context.settings
    origins = context.run.stage_table("locate", "origins")
    arrivals = context.run.stage_table("locate", "arrivals")
    forget_files()
    base = fingerprint(code_digest("measure", "earth", *READING), settings.measure, settings.waveforms)
    if settings.measure.response == "full":
        base = fingerprint(base, store.digest(inputs.stations_path))
    units = []
    day_of = origins["time"].dt.floor("D")
    expected = expected_onsets(origins, arrivals, inputs.stations, inputs.model, settings.measure)
    for station_id in inputs.station_ids:
        theirs = arrivals[arrivals["station_id"] == station_id]
        elsewhere = expected[expected["station_id"] == station_id]
        observed = origins["event_id"].isin(theirs["event_id"]) | origins["event_id"].isin(elsewhere["event_id"])
        if not observed.any():
            continue
        recordings = recordings_of(context, station_id)
        known = fingerprint(base, recordings.stations, recordings.channels)
        for day, wanted in origins[observed]["event_id"].groupby(day_of, sort=True):
            begin = pd.Timestamp(str(day))
            low, high = begin - _NEIGHBOURS, begin + pd.Timedelta(1, "D") + _NEIGHBOURS
            mine = origins[observed & origins["time"].between(low, high)].reset_index(drop=True)
            near, far = (frame[frame["event_id"].isin(mine["event_id"])].reset_index(drop=True)
                         for frame in (theirs, elsewhere))
            files = recorded(recordings.archive, low.value, high.value)
            ids = tuple(int(one) for one in wanted)
            job = AmplitudeJob(recordings, mine, near, far, ids, settings.measure, str(inputs.stations_path))
            made_of = fingerprint(known, files, mine, near, far, ids)
            units.append(Unit(f"{begin:%Y-%m-%d}/{station_id}", made_of, job))
    return units


def _work_amplitudes(job: AmplitudeJob) -> dict[str, pd.DataFrame]:
    amplitudes, skips = amplitudes_at(
        job.recordings, job.origins, job.arrivals, job.expected, job.settings, job.inventory, job.wanted
    )
    return {"amplitudes": amplitudes, "skips": skips}


def amplitudes_at(
    recordings: Recordings,
    origins: pd.DataFrame,
    arrivals: pd.DataFrame,
    expected: pd.DataFrame,
    settings: MeasureSettings,
    inventory: str,
    wanted: tuple[int, ...] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the Wood-Anderson amplitudes of the wanted events (or all) at one station, and what was left out."""
    from quakescribe.measure import full_response, wood_anderson

    load_blocks = recordings.loader(NOWHERE)

    def load(station_id: str, start_ns: int, end_ns: int) -> list[Block]:
        return load_blocks(start_ns, end_ns)

    remove = None
    if settings.response == "full":
        remove = full_response(Path(inventory), recordings.channels, recordings.settings)
    amplitudes, skips = wood_anderson(load, origins, arrivals, settings, remove, wanted, expected)
    return amplitudes, skips if remove is None else store.concat([skips, remove.skips], SKIPS)


@dataclass(frozen=True)
class MagnitudeJob:
    """All events and their amplitudes."""

    origins: pd.DataFrame
    arrivals: pd.DataFrame
    stations: pd.DataFrame
    amplitudes: pd.DataFrame
    settings: MeasureSettings


def _plan_magnitudes(context: Context) -> list[Unit]:
    run, inputs, settings = context.run, context.inputs, context.settings.measure
    origins = run.stage_table("locate", "origins")
    arrivals = run.stage_table("locate", "arrivals")
    amplitudes = run.stage_table("measure-amplitudes", "amplitudes")
    job = MagnitudeJob(origins, arrivals, inputs.stations, amplitudes, settings)
    return [
        Unit(
            "all",
            fingerprint(code_digest("measure", *_EARTH), settings, inputs.stations, origins, arrivals, amplitudes),
            job,
        )
    ]


def _work_magnitudes(job: MagnitudeJob) -> dict[str, pd.DataFrame]:
    from quakescribe.measure import measure

    magnitudes, skips = measure(job.origins, job.arrivals, job.stations, job.settings, job.amplitudes)
    return {"magnitudes": magnitudes, "skips": skips}


STAGES: tuple[Stage, ...] = (
    Stage("pick", ("picks", "skips"), _plan_pick, _work_pick),
    Stage("associate", ("events", "arrivals", "skips"), _plan_associate, _work_associate),
    Stage("locate", ("origins", "arrivals", "skips"), _plan_locate, _work_locate),
    Stage("measure", ("amplitudes", "skips"), _plan_amplitudes, _work_amplitudes, step="amplitudes"),
    Stage("measure", ("magnitudes", "skips"), _plan_magnitudes, _work_magnitudes),
)
