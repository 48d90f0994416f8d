"""The archive: an index of all recordings by their headers, and the instrument that speaks for a station on a day."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.errors import WaveformError
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.waveforms import files
from quakescribe.waveforms.files import Read
from quakescribe.waveforms.skips import skip, skip_table

DAY_NS = 86_400_000_000_000
COMPONENTS = {"Z": 0, "3": 0, "N": 1, "1": 1, "E": 2, "2": 2}
_EARLIEST_NS = 0
_SLACK_NS = 3_600_000_000_000
_NAMES = ("source", "station_id", "channel", "start", "end", "sampling_rate", "n_samples")


@dataclass(frozen=True)
class Archive:
    """Recordings as their headers describe them; holds no samples and no open file, so it is cheap to send.

    Attributes
    ----------
    index
        One row per contiguous stretch of a channel in a file: source, station_id, channel, start, end (of the first
        and last sample), sampling_rate (Hz, the whole number where it is meant), n_samples.
    chosen
        One row per station (NET.STA) and UTC day: the station_id and the instrument (band and instrument code) that is
        read on that day.
    skips
        Everything that was left out, with its reason.
    read
        Reads the samples of (source, station_id, channel, start_ns, end_ns), as `files.read` does.
    """

    index: pd.DataFrame
    chosen: pd.DataFrame
    skips: pd.DataFrame = field(repr=False)
    read: Read = files.read

    @property
    def made(self) -> bool:
        """Whether the samples are made when they are read, and lie in no file."""
        return self.read is not files.read

    @property
    def station_ids(self) -> list[str]:
        """The stations that are read on at least one day, sorted."""
        return sorted(self.chosen["station_id"].unique())

    def span(self, station_id: str) -> tuple[int, int]:
        """Return the time of a station's first sample and the time just after its last one (ns after 1970)."""
        rows = self.index[self.index["station_id"] == station_id]
        if rows.empty:
            raise WaveformError(f"{station_id}: not in the archive: it has {', '.join(self.station_ids) or 'nothing'}")
        step = 1e9 / rows["sampling_rate"].min()
        return int(rows["start"].min().value), int(rows["end"].max().value) + int(np.ceil(step))

    def only(self, station_id: str) -> Archive:
        """Return the part of the archive that concerns one station: all that `load` needs for it."""
        return replace(self, index=self.index[self.index["station_id"] == station_id].reset_index(drop=True),
                       chosen=self.chosen[self.chosen["station_id"] == station_id].reset_index(drop=True),
                       skips=self.skips.iloc[:0])


def open_archive(where: str | Path, settings: WaveformsSettings) -> Archive:
    """Index an SDS archive, a folder, a glob, or one file of miniSEED or SAC by its headers; no sample is decoded.

    Raises
    ------
    WaveformError
        If nothing is there, or none of the files holds a usable recording; the message says why.
    """
    rows: list[tuple[Any, ...]] = []
    skips: list[dict[str, Any]] = []
    found = files.find(where)
    now_ns = time.time_ns()
    for path in found:
        segments, faults = files.scan(path)
        skips.extend(faults)
        good, faults = _believable(path, segments, settings, now_ns)
        skips.extend(faults)
        rows.extend((str(path), s.station_id, s.channel, s.start_ns, s.end_ns, s.rate, s.n_samples) for s in good)
    index = _index(rows)
    index, faults = _wanted(index, settings)
    skips.extend(faults)
    if index.empty:
        reasons = pd.Series([row["reason"] for row in skips]).value_counts()
        raise WaveformError(f"{where}: none of {len(found)} files holds a usable recording ("
                            + ", ".join(f"{count} x {reason}" for reason, count in reasons.items()) + ")")
    chosen, faults = _choose(index, settings)
    skips.extend(faults)
    return Archive(index, chosen, skip_table(skips))


def made_archive(rows: list[tuple[Any, ...]], settings: WaveformsSettings, read: Read) -> Archive:
    """Return an archive of recordings that are made when they are read.

    Parameters
    ----------
    rows
        (source, station_id, channel, start_ns, end_ns, sampling_rate, n_samples), as in `Archive.index`.
    read
        Makes the samples; travels to the workers with the archive.
    """
    index = _index(rows)
    return Archive(index, _choose(index, settings)[0], skip_table([]), read)


def _believable(path: Path, segments: list[files.Segment], settings: WaveformsSettings,
                now_ns: int) -> tuple[list[files.Segment], list[dict[str, Any]]]:
    """Leave out what contradicts itself, the file's name, or the calendar."""
    good: list[files.Segment] = []
    skips: list[dict[str, Any]] = []
    for segment in segments:
        reason = _contradiction(path, segment, settings, now_ns)
        if reason is None:
            rate = _whole_rate(segment.rate, settings.sampling_rate_tolerance)
            good.append(replace(segment, rate=rate))
        else:
            skips.append(skip(reason[0], reason[1], source=str(path), station_id=segment.station_id,
                              start_ns=segment.start_ns, end_ns=segment.end_ns))
    for name in sorted({(s.station_id, s.channel) for s in good}):
        mine = [s for s in good if (s.station_id, s.channel) == name]
        lie = _rate_contradiction(mine)
        if lie is not None:
            good = [s for s in good if (s.station_id, s.channel) != name]
            skips.append(skip("rate-contradicts", f"{name[1]}: {lie}", source=str(path), station_id=name[0],
                              start_ns=min(s.start_ns for s in mine), end_ns=max(s.end_ns for s in mine),
                              count=len(mine)))
    return good, skips


def _contradiction(path: Path, s: files.Segment, settings: WaveformsSettings, now_ns: int) -> tuple[str, str] | None:
    if s.n_samples <= 0:
        return "no-samples", f"{s.channel}: the header announces {s.n_samples} samples"
    if not np.isfinite(s.rate) or s.rate <= 0:
        return "no-rate", f"{s.channel}: sampling rate {s.rate:g} Hz"
    parts = s.station_id.split(".")
    if not parts[1] or len(s.channel) != 3:
        return "no-name", f"station {s.station_id!r}, channel {s.channel!r}: expected NET.STA.LOC and three letters"
    if not _EARLIEST_NS <= s.start_ns <= s.end_ns or s.end_ns > now_ns + DAY_NS:
        return "impossible-time", f"{s.channel}: starts {_iso(s.start_ns)}, ends {_iso(s.end_ns)}"
    counted = (s.end_ns - s.start_ns) * 1e-9 * s.rate + 1
    if abs(counted - s.n_samples) > max(1.0, 0.01 * s.n_samples):
        return "rate-contradicts", (f"{s.channel}: {s.n_samples} samples at {s.rate:g} Hz, but the times span "
                                    f"{counted:.0f}")
    name = files.sds_name(path.name)
    if name is not None and name[:2] != (s.station_id, s.channel):
        return "name-contradicts", (f"the file is named for {name[0]} {name[1]}, its records say {s.station_id} "
                                    f"{s.channel}")
    if name is not None:
        day = int(np.datetime64(f"{name[2]:04d}-01-01", "ns").astype(np.int64)) + (name[3] - 1) * DAY_NS
        if s.start_ns > day + DAY_NS + _SLACK_NS or s.end_ns < day - _SLACK_NS:
            return "day-contradicts", (f"the file is named for day {name[3]} of {name[2]}, its records start "
                                       f"{_iso(s.start_ns)}")
    return None


def _rate_contradiction(segments: list[files.Segment]) -> str | None:
    """Say so if all records follow each other at another rate than their headers state.

    Pieces of equal length with equal gaps are a recorder that is switched on and off, not a lie.
    """
    if len(segments) < 6:
        return None
    ordered = sorted(segments, key=lambda s: s.start_ns)
    steps = np.diff([s.start_ns for s in ordered]) * 1e-9
    counts = np.array([s.n_samples for s in ordered[:-1]])
    with np.errstate(divide="ignore"):
        implied = counts / steps
    middle = float(np.median(implied))
    steady = float(np.mean(np.abs(implied / middle - 1) < 0.01)) if np.isfinite(middle) and middle > 0 else 0.0
    switched = middle < ordered[0].rate and len(np.unique(counts)) < 3
    if steady > 0.8 and abs(middle / ordered[0].rate - 1) > 0.02 and not switched:
        return f"headers state {ordered[0].rate:g} Hz, the records follow each other as if at {middle:g} Hz"
    return None


def _whole_rate(rate: float, tolerance: float) -> float:
    whole = round(rate)
    return float(whole) if whole > 0 and abs(rate - whole) <= tolerance * whole else rate


def _index(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(_NAMES))
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name].astype("int64"), unit="ns", utc=True).astype("datetime64[ns, UTC]")
    frame = frame.astype({"sampling_rate": "float64", "n_samples": "int64"})
    return frame.sort_values(["station_id", "channel", "start", "source", "end"], kind="stable").reset_index(drop=True)


def _wanted(index: pd.DataFrame, settings: WaveformsSettings) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Leave out channels that are not ground motion of a wanted instrument, or too slow."""
    unknown = ~(index["channel"].str[:2].isin(settings.instruments) & index["channel"].str[2:].isin(list(COMPONENTS)))
    slow = ~unknown & (index["sampling_rate"] < settings.sampling_rate_min_hz)
    skips = []
    for reason, which, why in (("other-instrument", unknown, "not among the instruments of the settings"),
                               ("slow-channel", slow, f"below {settings.sampling_rate_min_hz:g} Hz")):
        for (station_id, channel), rows in index[which].groupby(["station_id", "channel"], sort=True):
            skips.append(skip(reason, f"{channel}: {why}", station_id=str(station_id), count=len(rows),
                              start_ns=rows["start"].min().value, end_ns=rows["end"].max().value))
    return index[~(unknown | slow)].reset_index(drop=True), skips


def _choose(index: pd.DataFrame, settings: WaveformsSettings) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Choose the instrument of every station and UTC day from the whole archive (so that no cut changes it).

    Of the instruments that recorded at least ``complete_share`` of what the most complete one recorded on that day:
    the most components, then the order of ``instruments``, then the order of ``locations``.
    """
    days = _days(index)
    days["instrument"] = days["channel"].str[:2]
    days["component"] = days["channel"].str[2:].map(COMPONENTS)
    per_component = (days.groupby(["station", "day", "station_id", "instrument", "component"], sort=True)["seconds"]
                     .sum().reset_index())
    table = (per_component.groupby(["station", "day", "station_id", "instrument"], sort=True)["seconds"]
             .agg(seconds="max", components="size").reset_index())
    best = table.groupby(["station", "day"])["seconds"].transform("max")
    table["enough"] = table["seconds"] >= settings.complete_share * best
    order = {name: i for i, name in enumerate(settings.instruments)}
    places = {name: i for i, name in enumerate(settings.locations)}
    table["rank"] = table["instrument"].map(order)
    table["place"] = table["station_id"].str.split(".").str[2].map(lambda code: places.get(code, len(places)))
    table = table.sort_values(["station", "day", "enough", "components", "rank", "place", "station_id"],
                              ascending=[True, True, False, False, True, True, True], kind="stable")
    first = ~table.duplicated(["station", "day"])
    skips = []
    for (station_id, instrument), rows in table[~first].groupby(["station_id", "instrument"], sort=True):
        skips.append(skip("not-chosen", f"{instrument}: another instrument or location of the station is preferred on "
                                        f"{len(rows)} day(s)", station_id=str(station_id), count=len(rows),
                          start_ns=int(rows["day"].min()) * DAY_NS, end_ns=(int(rows["day"].max()) + 1) * DAY_NS))
    chosen = table.loc[first, ["station", "day", "station_id", "instrument"]].reset_index(drop=True)
    return chosen, skips


def _days(index: pd.DataFrame) -> pd.DataFrame:
    """Return one row per index row and UTC day that it touches, with the seconds recorded on that day."""
    start = index["start"].astype("int64").to_numpy()
    end = index["end"].astype("int64").to_numpy() + 1
    first, last = start // DAY_NS, (end - 1) // DAY_NS
    repeat = np.repeat(np.arange(len(index)), last - first + 1)
    day = np.concatenate([np.arange(a, b + 1) for a, b in zip(first, last, strict=True)]) if len(index) else first
    seconds = (np.minimum(end[repeat], (day + 1) * DAY_NS) - np.maximum(start[repeat], day * DAY_NS)) * 1e-9
    out = index.loc[repeat, ["station_id", "channel"]].reset_index(drop=True)
    out["station"] = out["station_id"].str.rsplit(".", n=1).str[0]
    out["day"] = day
    out["seconds"] = seconds
    return out


def _iso(ns: int) -> str:
    return str(np.datetime64(int(ns), "ns").astype("datetime64[ms]")) + "Z"
