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

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from quakescribe.earth.velocity import VelocityModel
from quakescribe.run.inputs import DAY_NS, days
from quakescribe.run.pickers import identity, with_paths
from quakescribe.run.stage import Stage, Unit, code_digest, fingerprint
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.measure import MeasureSettings
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.tables import PICKS, SKIPS, store

if TYPE_CHECKING:
    from quakescribe.run.runner import Context
    from quakescribe.waveforms.archive import Archive
    from quakescribe.waveforms.block import Block

_READING = ("waveforms", "kernels", "settings")
_EARTH = ("earth", "kernels", "settings")


@dataclass(frozen=True)
class Recordings:
    """The recordings of one station and how to read them; what a worker needs to load blocks."""

    archive: Archive
    stations: pd.DataFrame
    channels: pd.DataFrame
    station_id: str
    settings: WaveformsSettings

    def loader(self, own: tuple[int, int]) -> Loader:
        """Return a function that loads raw blocks and remembers what was left out of its own span."""
        return Loader(self, own)


NOWHERE = (0, 0)
"""The own span of whoever reads what `pick` has read already: what is masked was counted there."""


_SAID_AT_THE_START = ("no-metadata", "no-gain", "no-orientation")
"""What the survey of all recordings says once, before any unit is worked on."""


class Loader:
    """Load raw blocks of a station; collect what was left out of one's own span (ns after 1970)."""

    def __init__(self, recordings: Recordings, own: tuple[int, int]) -> None:
        self._recordings = recordings
        self._own = own
        self._skips: list[pd.DataFrame] = []

    def __call__(self, start_ns: int, end_ns: int) -> list[Block]:
        """Return the blocks of a span of time (ns after 1970)."""
        from quakescribe.waveforms.prepare import load

        this = self._recordings
        blocks, skips = load(
            this.archive, this.stations, this.channels, this.station_id, start_ns, end_ns, this.settings, self._own
        )
        said = skips["reason"].isin(_SAID_AT_THE_START) & ~skips["detail"].str.contains("one plane", na=False)
        self._skips.append(skips[~said])
        return blocks

    def skips(self) -> pd.DataFrame:
        """Return what was left out of the own span, each thing once, however often it was loaded."""
        return within(self._skips, *self._own)


def within(frames: list[pd.DataFrame], start_ns: int, end_ns: int) -> pd.DataFrame:
    """Return the distinct skips that begin in [start, end), or have no time."""
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return SKIPS.empty()
    skips = pd.concat(frames, ignore_index=True)
    ns = skips["start"].astype("int64")
    inside = skips["start"].isna() | ((ns >= start_ns) & (ns < end_ns))
    return SKIPS.order(skips[inside].drop_duplicates())


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
    _file.cache_clear()
    pick = with_paths(settings.pick, context.folder)
    known_by, weights = identity(pick)
    code = code_digest("pick", *_READING, *(("nets",) if weights else ()))
    base = fingerprint(code, known_by, weights, settings.waveforms)
    units = []
    for station_id in inputs.station_ids:
        recordings = _recordings(context, station_id)
        recorded_days = set(recordings.archive.chosen["day"])
        known = fingerprint(base, recordings.stations, recordings.channels)
        for name, start_ns, end_ns in days(*_whole_days(context, station_id), settings.run.chunk_hours):
            if not recorded_days & set(range(start_ns // DAY_NS, (end_ns - 1) // DAY_NS + 1)):
                continue
            job = PickJob(recordings, start_ns, end_ns, pick)
            recorded = _recorded(recordings.archive, start_ns, end_ns)
            units.append(Unit(f"{name}/{station_id}", fingerprint(known, recorded, start_ns, end_ns), job))
    return units


def _whole_days(context: Context, station_id: str) -> tuple[int, int]:
    """Return the days a station was recorded on as a span, cut only where the project's own span begins or ends.

    The recordings' first and last sample do not cut it, so that a day's unit stays the same when recordings are added.
    """
    begin, end = context.inputs.archive.span(station_id)
    begin, end = begin // DAY_NS * DAY_NS, -(-end // DAY_NS) * DAY_NS
    project = context.settings.project
    if project.start is not None:
        begin = max(begin, pd.Timestamp(project.start).value)
    if project.end is not None:
        end = min(end, pd.Timestamp(project.end).value)
    return begin, end


def _recordings(context: Context, station_id: str) -> Recordings:
    inputs = context.inputs
    return Recordings(
        inputs.archive.only(station_id),
        inputs.stations[inputs.stations["station_id"] == station_id].reset_index(drop=True),
        inputs.channels[inputs.channels["station_id"] == station_id].reset_index(drop=True),
        station_id,
        context.settings.waveforms,
    )


def _recorded(archive: Archive, start_ns: int, end_ns: int) -> str:
    """Return a digest of the recordings within a day of a span: files by name, size and time of change, instruments.

    Recordings further away cannot reach into the span, so days that are added later leave finished ones alone.
    """
    low, high = start_ns - DAY_NS, end_ns + DAY_NS
    index, chosen = archive.index, archive.chosen
    near = index[(index["end"] >= pd.Timestamp(low, tz="UTC")) & (index["start"] <= pd.Timestamp(high, tz="UTC"))]
    days_near = chosen[(chosen["day"] >= low // DAY_NS) & (chosen["day"] <= high // DAY_NS)]
    if archive.made:
        from quakescribe.run.simulation import code_of_recordings

        return fingerprint(code_of_recordings(), archive.read, days_near)
    return fingerprint(*(_file(source) for source in sorted(set(near["source"]))), days_near)


@functools.lru_cache(maxsize=100_000)
def _file(source: str) -> tuple[str, int, int]:
    found = os.stat(source)
    return (Path(source).name, found.st_size, found.st_mtime_ns)


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
    _file.cache_clear()
    base = fingerprint(code_digest("measure", "earth", *_READING), settings.measure, settings.waveforms)
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
        recordings = _recordings(context, station_id)
        known = fingerprint(base, recordings.stations, recordings.channels)
        for day, wanted in origins[observed]["event_id"].groupby(day_of, sort=True):
            begin = pd.Timestamp(str(day))
            low, high = begin - _NEIGHBOURS, begin + pd.Timedelta(1, "D") + _NEIGHBOURS
            mine = origins[observed & origins["time"].between(low, high)].reset_index(drop=True)
            near, far = (frame[frame["event_id"].isin(mine["event_id"])].reset_index(drop=True)
                         for frame in (theirs, elsewhere))
            recorded = _recorded(recordings.archive, low.value, high.value)
            ids = tuple(int(one) for one in wanted)
            job = AmplitudeJob(recordings, mine, near, far, ids, settings.measure, str(inputs.stations_path))
            made_of = fingerprint(known, recorded, mine, near, far, ids)
            units.append(Unit(f"{begin:%Y-%m-%d}/{station_id}", made_of, job))
    return units


def expected_onsets(origins: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
                    settings: MeasureSettings) -> pd.DataFrame:
    """Return where events would be seen if they were larger: event_id, station_id, p_ns, s_ns without an arrival."""
    from quakescribe.run.predicted import predict

    found = predict(origins, arrivals, stations, model)
    if not settings.limits or "ML" not in settings.kinds:
        return found.iloc[:0]
    seen = pd.MultiIndex.from_frame(arrivals[["event_id", "station_id"]])
    return found[~pd.MultiIndex.from_frame(found[["event_id", "station_id"]]).isin(seen)].reset_index(drop=True)


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
