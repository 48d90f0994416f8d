"""The recordings of a station as units of work see them: how they are loaded, their days, and what changes them."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from quakescribe.run.inputs import DAY_NS
from quakescribe.run.stage import fingerprint
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.tables import SKIPS

if TYPE_CHECKING:
    from quakescribe.run.runner import Context
    from quakescribe.waveforms.archive import Archive
    from quakescribe.waveforms.block import Block

READING = ("waveforms", "kernels", "settings")
"""The sub-packages whose code decides what is read."""


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


def whole_days(context: Context, station_id: str) -> tuple[int, int]:
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


def recordings_of(context: Context, station_id: str) -> Recordings:
    """Return the recordings of one station of a run."""
    inputs = context.inputs
    return Recordings(
        inputs.archive.only(station_id),
        inputs.stations[inputs.stations["station_id"] == station_id].reset_index(drop=True),
        inputs.channels[inputs.channels["station_id"] == station_id].reset_index(drop=True),
        station_id,
        context.settings.waveforms,
    )


def recorded(archive: Archive, start_ns: int, end_ns: int) -> str:
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


def forget_files() -> None:
    """Have files looked at anew: a plan begins."""
    _file.cache_clear()
