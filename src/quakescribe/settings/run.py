"""Settings of the project and of a run: where things are, and who does the work."""

from datetime import UTC, datetime
from typing import Any

from pydantic import field_validator, model_validator

from quakescribe.settings.base import Section, setting


class ProjectSettings(Section):
    """Where the recordings, the stations and the velocity model are. Paths are relative to the project folder."""

    waveforms: str = setting("waveforms", "SDS archive, folder, file or glob of miniSEED or SAC; or the .toml of a "
                             "scenario, whose recordings are made when they are needed")
    stations: str = setting("stations.xml", "StationXML, or CSV with positions and gains")
    velocity: str = setting("", "layered velocity model (.cre, NonLinLoc, CSV); empty = the shipped generic crust")
    start: datetime | None = setting(None, "first time to process; unset = where the recordings begin", "UTC")
    end: datetime | None = setting(None, "end of the time to process; unset = where the recordings end", "UTC")
    exclude_stations: tuple[str, ...] = setting((), "stations left out, as NET.STA or NET.STA.LOC")

    @field_validator("start", "end")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @model_validator(mode="after")
    def _ordered(self) -> "ProjectSettings":
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(
                f"start ({self.start:%Y-%m-%dT%H:%M:%S}) must be before end ({self.end:%Y-%m-%dT%H:%M:%S})"
            )
        return self


class RunSettings(Section):
    """Who does the work. Nothing here changes a result."""

    workers: int = setting(0, "processes on this machine; 1 = in this process, 0 = one per core", ge=0)
    scheduler: str = setting("", "address of a running Dask scheduler (tcp://host:port); empty = this machine")
    jobqueue: str = setting("", "start workers through dask-jobqueue: 'SLURMCluster', 'PBSCluster', ...; empty = no")
    jobqueue_options: dict[str, Any] = setting({}, "keyword arguments of that cluster (cores, memory, queue, ...)")
    jobqueue_jobs: int = setting(1, "how many jobs to submit", ge=1)
    chunk_hours: int = setting(24, "length of one unit of picking; 24 must be a multiple of it", "h", ge=1, le=24)
    exports: tuple[str, ...] = setting(("csv", "quakeml"), "formats written at the end of a run")

    @field_validator("chunk_hours")
    @classmethod
    def _divides_the_day(cls, value: int) -> int:
        if 24 % value:
            raise ValueError("must divide 24")
        return value
