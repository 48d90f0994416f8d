"""From files to blocks: merged, masked, in m/s (or m/s**2 or m) by gain, rotated to Z, N, E; and the band-pass."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.kernels.filtering import filter_tiles, mask_flat, place
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.waveforms.archive import COMPONENTS, DAY_NS, Archive
from quakescribe.waveforms.block import Block, grid_index
from quakescribe.waveforms.files import Read
from quakescribe.waveforms.filters import design
from quakescribe.waveforms.orient import calibrate
from quakescribe.waveforms.skips import skip, skip_table

TILE_NS = 600_000_000_000
LEAD_NS = 30_000_000_000
_OFFSET_STEP_NS = 1000
_DRIFT_STEP = 0.1


@dataclass(frozen=True)
class _Piece:
    """Samples of one channel laid from grid index ``at`` on, ``offset_ns`` after the grid's time."""

    at: int
    offset_ns: int
    samples: NDArray[Any]


@dataclass(frozen=True)
class _Spans:
    """What was asked for, where reading begins, whose masked samples are counted (ns after 1970), and how one reads."""

    start_ns: int
    wide_ns: int
    end_ns: int
    own_ns: tuple[int, int]
    read: Read


def load(archive: Archive, stations: pd.DataFrame, channels: pd.DataFrame, station_id: str, start_ns: int, end_ns: int,
         settings: WaveformsSettings,
         own: tuple[int, int] | None = None) -> tuple[list[Block], pd.DataFrame]:
    """Read [start_ns, end_ns) of one station as blocks, one per instrument and sampling rate; unfiltered.

    The blocks begin earlier than asked, at the lead of the canonical tile that holds ``start_ns``, so that the
    band-pass gives the same bits wherever the request was cut; ``Block.lead`` counts these samples.

    Parameters
    ----------
    stations, channels
        The tables STATIONS and CHANNELS. A station that is not in STATIONS is not read. A channel is looked up by its
        own station_id, or else by NET.STA without a location code.

    own
        The span (ns after 1970) whose masked samples are counted in the skips; the whole request if None. A unit of
        work that loads margins names its own span, so that nothing is counted twice.

    Returns
    -------
    tuple
        The blocks, and the skips.
    """
    skips: list[dict[str, Any]] = []
    if not _known(stations, station_id):
        return [], skip_table([skip("no-metadata", "recorded, but not among the stations",
                                    station_id=station_id, start_ns=start_ns, end_ns=end_ns)])
    spans = _Spans(start_ns, start_ns // TILE_NS * TILE_NS - LEAD_NS, end_ns, own or (start_ns, end_ns),
                   archive.read)
    blocks = []
    index = archive.index[archive.index["station_id"] == station_id]
    for instrument, days in _instruments(archive, station_id, (spans.wide_ns, spans.end_ns)):
        rows = index[index["channel"].str[:2] == instrument]
        for rate in sorted(rows["sampling_rate"].unique()):
            mine = rows[rows["sampling_rate"] == rate]
            block = _block(mine, days, instrument, float(rate), spans, settings, skips)
            if block is not None:
                block, faults = calibrate(block, mine, channels, instrument, settings, spans.own_ns)
                skips.extend(faults)
                blocks.append(block)
    return blocks, skip_table(skips)


def bandpass(block: Block, low_hz: float, high_hz: float) -> Block:
    """Return the block as ground velocity in a band: causal Butterworth, four poles per corner, in canonical tiles.

    Samples of the tile [600 k s, 600 (k + 1) s) come from samples from 30 s before the tile on, and from nothing else.
    Acceleration is integrated and displacement differentiated by the same filter (bilinear transform). Every run of
    valid samples starts at rest under its first sample; its settling time is masked, and so is the block's lead. Where
    the unit changes, ``clip`` no longer compares with the data and becomes infinite.
    """
    sos, settle = design(low_hz, high_hz, block.sampling_rate, block.unit)
    n = block.n
    data = np.empty((3, n), dtype=np.float32)
    mask = np.ones((3, n), dtype=bool)
    tiles = _tiles(block)
    for c, component in enumerate("ZNE"):
        if component in block.present:
            filter_tiles(sos, block.data[c], block.mask[c], data[c], mask[c], tiles, settle)
            mask[c, :block.lead] = True
            data[c, :block.lead] = 0.0
        else:
            data[c] = 0.0
    same = block.unit in ("counts", "m/s")
    return replace(block, data=data, mask=mask, unit=block.unit if same else "m/s",
                   clip=block.clip if same else np.full(3, np.inf))


def _tiles(block: Block) -> NDArray[np.int64]:
    """Return what every tile sees, its first sample and one beyond its last, as indices into the block."""
    first, last = block.first, block.first + block.n
    k = grid_time_ns(first, block.sampling_rate) // TILE_NS
    tiles = []
    begin = first
    while begin < last:
        seen = _ceil_index(k * TILE_NS - LEAD_NS, block.sampling_rate)
        end = min(_ceil_index((k + 1) * TILE_NS, block.sampling_rate), last)
        tiles.append((max(seen, first) - first, begin - first, end - first))
        begin, k = end, k + 1
    return np.array(tiles, dtype=np.int64).reshape(-1, 3)


def _known(stations: pd.DataFrame, station_id: str) -> bool:
    bare = station_id.rsplit(".", 1)[0] + "."
    return bool(stations["station_id"].isin([station_id, bare]).any())


def _instruments(archive: Archive, station_id: str, wide: tuple[int, int]) -> list[tuple[str, set[int]]]:
    """Return the instruments chosen for a station in a span, each with its days (days after 1970)."""
    chosen = archive.chosen
    near = chosen[(chosen["station_id"] == station_id) & (chosen["day"] >= wide[0] // DAY_NS)
                  & (chosen["day"] <= (wide[1] - 1) // DAY_NS)]
    return [(str(name), set(rows["day"].astype(int))) for name, rows in near.groupby("instrument", sort=True)]


def _block(rows: pd.DataFrame, days: set[int], instrument: str, rate: float, spans: _Spans,
           settings: WaveformsSettings, skips: list[dict[str, Any]]) -> Block | None:
    """Lay all pieces of one instrument at one rate on the grid, in counts; None if there is not one valid sample."""
    pad = max(2, int(np.ceil(settings.flat_s * rate)))
    begin, asked, stop = (_ceil_index(ns, rate) for ns in (spans.wide_ns, spans.start_ns, spans.end_ns))
    own = slice(*(max(_ceil_index(ns, rate) - begin + pad, 0) for ns in spans.own_ns))
    data = np.zeros((3, stop - begin), dtype=np.float32)
    mask = np.ones((3, stop - begin), dtype=bool)
    station_id = str(rows["station_id"].iloc[0])
    note: dict[str, Any] = {"station_id": station_id, "start_ns": spans.own_ns[0], "end_ns": spans.own_ns[1]}
    laid: list[list[tuple[int, int, int]]] = [[], [], []]
    present = ""
    pieces = functools.partial(_pieces, spans.read, rate, skips)
    for c, component in enumerate("ZNE"):
        mine = rows[rows["channel"].str[2].map(COMPONENTS) == c]
        if mine.empty:
            continue
        present += component
        row = np.zeros(stop - begin + 2 * pad, dtype=np.float32)
        empty = np.ones(len(row), dtype=bool)
        differ, not_finite = _lay(row, empty, mine, begin - pad, rate, laid[c], own, pieces)
        mask_other_days(row, empty, begin - pad, rate, days)
        before = empty[own].copy()
        flat = (empty[own] & ~before).sum() - differ if mask_flat(row, empty, pad) else 0
        for reason, count, what in (
                ("overlap-disagrees", differ, "samples of overlapping records differ; masked"),
                ("not-finite", not_finite, "NaN or infinite samples; masked"),
                ("flat", flat, f"samples in runs of equal ones of {settings.flat_s:g} s or longer; masked")):
            if count:
                skips.append(skip(reason, f"{instrument} {component}: {what}", count=int(count), **note))
        data[c], mask[c] = row[pad:-pad], empty[pad:-pad]
    if mask.all():
        return None
    offsets = _offsets([[(at - pad, m, offset) for at, m, offset in pieces] for pieces in laid], stop - begin)
    return Block(station_id, rate, begin, data, mask, offsets, "counts", present, np.full(3, settings.clip_counts),
                 lead=asked - begin)


def _lay(row: NDArray[np.float32], empty: NDArray[np.bool_], rows: pd.DataFrame, low: int, rate: float,
         laid: list[tuple[int, int, int]], own: slice, pieces: Callable[..., list[_Piece]]) -> tuple[int, int]:
    """Lay one component on the grid from ``low`` on; return its own samples that disagree and that are not finite."""
    reach = (grid_time_ns(low, rate), grid_time_ns(low + len(row), rate))
    disagree, bad = False, 0
    near = rows[(rows["start"] <= _stamp(reach[1])) & (rows["end"] >= _stamp(reach[0]))]
    for _, mine in near.groupby(["source", "channel"], sort=True):
        for piece in pieces(mine, reach):
            at = piece.at - low
            differ, not_finite = place(piece.samples, row, empty, at)
            disagree |= differ > 0
            if not_finite:
                mine_own = piece.samples[max(own.start - at, 0):max(own.stop - at, 0)]
                bad += int((~np.isfinite(mine_own)).sum())
            laid.append((at, len(piece.samples), piece.offset_ns))
    return (int(np.isnan(row[own]).sum()) if disagree else 0), bad


def _pieces(read: Read, rate: float, skips: list[dict[str, Any]], rows: pd.DataFrame,
            reach: tuple[int, int]) -> list[_Piece]:
    """Read the pieces of one channel of one file that reach into a span."""
    source, station_id, channel = (str(rows[name].iloc[0]) for name in ("source", "station_id", "channel"))
    segments, faults = read(source, station_id, channel, *reach)
    skips.extend(faults)
    starts = rows["start"].astype("int64").to_numpy()
    ends = rows["end"].astype("int64").to_numpy()
    counts = rows["n_samples"].to_numpy()
    half = 0.5e9 / rate
    pieces: list[_Piece] = []
    for segment in segments:
        inside = np.flatnonzero((starts - half <= segment.start_ns) & (segment.end_ns <= ends + half))
        if segment.samples is not None and len(segment.samples) and len(inside):
            row = inside[0]
            pieces.extend(_laid(segment.samples, segment.start_ns, rate, int(starts[row]), int(ends[row]),
                                int(counts[row])))
    return pieces


def _laid(samples: NDArray[Any], at_ns: int, rate: float, start: int, end: int, count: int) -> list[_Piece]:
    """Lay samples that begin at ``at_ns`` by the times of the whole stretch they belong to, so that no cut shifts them.

    A clock that drifts against the nominal rate by more than a tenth of a sample over the stretch is followed in steps
    of a tenth of a sample; where it runs fast by a whole sample one sample is dropped, where slow one is missing.
    """
    step = (end - start) / (count - 1) if count > 1 else 1e9 / rate
    drift = (step * rate * 1e-9 - 1) * (count - 1)
    if abs(drift) <= _DRIFT_STEP:
        i0 = round((at_ns - start) * rate * 1e-9)
        at, offset = _on_grid(start, i0, 0.0, rate)
        return [_Piece(at, offset, samples)]
    i0 = round((at_ns - start) / step)
    i1 = i0 + len(samples)
    per_step = (count - 1) / abs(drift) * _DRIFT_STEP
    pieces: list[_Piece] = []
    for k in range(int(i0 // per_step), int(i1 // per_step) + 1):
        a, b = max(i0, int(np.ceil(k * per_step))), min(i1, int(np.ceil((k + 1) * per_step)))
        if b > a:
            at, offset = _on_grid(start, a, float(np.sign(drift)) * (k + 0.5) * _DRIFT_STEP, rate)
            again = max(0, pieces[-1].at + len(pieces[-1].samples) - at) if pieces else 0
            pieces.append(_Piece(at + again, offset, samples[a - i0 + again:b - i0]))
    return pieces


def _on_grid(start: int, i: int, late: float, rate: float) -> tuple[int, int]:
    """Return grid index and offset (ns) of sample ``i`` after ``start``, ``late`` samples behind the nominal rate."""
    base = start + round(late * 1e9 / rate)
    at = grid_index(base, rate)
    offset = round((base - grid_time_ns(at, rate)) / _OFFSET_STEP_NS) * _OFFSET_STEP_NS
    return at + i, offset


def grid_time_ns(index: int, rate: float) -> int:
    """Return the time of a grid index (ns after 1970)."""
    whole, part = divmod(index, rate)
    return int(whole) * 1_000_000_000 + round(part / rate * 1e9)


def _ceil_index(ns: int, rate: float) -> int:
    """Return the first grid index at or after a time."""
    index = grid_index(ns, rate)
    return index if grid_time_ns(index, rate) >= ns else index + 1


def mask_other_days(row: NDArray[np.float32], mask: NDArray[np.bool_], low: int, rate: float, days: set[int]) -> None:
    """Mask in place the samples of UTC days on which another instrument of the station is read."""
    day = int(grid_time_ns(low, rate) // DAY_NS)
    begin = 0
    while begin < len(row):
        end = min(len(row), _ceil_index((day + 1) * DAY_NS, rate) - low)
        if day not in days and end > begin:
            row[begin:end] = 0.0
            mask[begin:end] = True
        begin, day = max(begin, end), day + 1


def _offsets(laid: list[list[tuple[int, int, int]]], n: int) -> NDArray[np.int64]:
    """Return the offset of every sample: of Z where it was recorded, else of N, else of E; 0 in gaps."""
    values = {offset for pieces in laid for _, _, offset in pieces}
    if len(values) == 1:
        return np.broadcast_to(np.int64(values.pop()), n)
    offsets = np.zeros(n, dtype=np.int64)
    for pieces in reversed(laid):
        for at, m, offset in reversed(pieces):
            offsets[max(at, 0):max(at + m, 0)] = offset
    return offsets


def _stamp(ns: int) -> pd.Timestamp:
    return pd.Timestamp(ns, unit="ns", tz="UTC")
