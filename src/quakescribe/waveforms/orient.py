"""Counts to ground motion, and sensor axes to Z, N, E, epoch by epoch."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.waveforms.archive import COMPONENTS
from quakescribe.waveforms.block import Block
from quakescribe.waveforms.skips import skip

_MOTION = ["gain", "azimuth_deg", "dip_deg"]


def channels_of(channels: pd.DataFrame, station_id: str, codes: set[str]) -> pd.DataFrame:
    """Return the rows of some channel codes of a station: under its own id, or else under NET.STA without location.

    A row whose channel is only a component (Z, N, E) holds for every instrument that has no row of its own.
    """
    for name in (station_id, station_id.rsplit(".", 1)[0] + "."):
        mine = channels[channels["station_id"] == name]
        exact = mine[mine["channel"].isin(codes)]
        if len(exact):
            return exact
        parts = [mine[mine["channel"] == "ZNE"[COMPONENTS[code[2]]]].assign(channel=code) for code in sorted(codes)]
        if any(len(part) for part in parts):
            return pd.concat(parts, ignore_index=True)
    return channels.iloc[:0]


def calibrate(block: Block, rows: pd.DataFrame, channels: pd.DataFrame, instrument: str,
              settings: WaveformsSettings, own_ns: tuple[int, int]) -> tuple[Block, list[dict[str, Any]]]:
    """Scale a block in counts to ground motion and rotate it to Z, N, E, in place; return it with the skips.

    Gain and direction are those of the epoch of each sample. If any recorded channel has no gain in any epoch the
    whole block stays in counts; if it has one, samples outside its epochs are masked, and counted within ``own_ns``.
    Where gain or direction change one sample is masked, so that no filter takes the step of the offset for a signal.
    """
    codes = {c: sorted(x for x in rows["channel"].unique() if COMPONENTS[x[2]] == c) for c in range(3)
             if "ZNE"[c] in block.present}
    table = channels_of(channels, block.station_id, {x for names in codes.values() for x in names})
    note: dict[str, Any] = {"station_id": block.station_id, "start_ns": own_ns[0], "end_ns": own_ns[1]}
    own = slice(*(min(max(block.index(ns), 0), block.n) for ns in own_ns))
    skips: list[dict[str, Any]] = []
    unit, why = _unit(table, codes)
    if unit == "counts":
        skips.append(skip("no-gain", f"{instrument}: {why}; picks without amplitudes", **note))
    clip = np.full(3, np.inf)
    outside = 0
    for i0, i1, time_ns in _intervals(block, table):
        epoch = _epoch(table, codes, time_ns)
        limits = np.full(3, np.inf)
        for c in codes:
            row = epoch.get(c)
            if unit == "counts":
                limits[c] = settings.clip_counts
            elif row is None or not np.isfinite(row["gain"]) or row["gain"] == 0:
                outside += int((~block.mask[c, max(i0, own.start):min(i1, own.stop)]).sum())
                block.mask[c, i0:i1] = True
                block.data[c, i0:i1] = 0.0
            else:
                block.data[c, i0:i1] *= np.float32(1.0 / row["gain"])
                limits[c] = settings.clip_counts / abs(row["gain"])
        fault = _turn(block, epoch, i0, i1, limits, settings.orientation_tolerance_deg)
        clip = np.minimum(clip, limits)
        if fault and not any(row["reason"] == "no-orientation" for row in skips):
            skips.append(skip("no-orientation", f"{instrument}: {fault}", **note))
    _break(block, table, codes)
    if outside:
        skips.append(skip("outside-epochs", f"{instrument}: samples at times without a gain; masked", count=outside,
                          **note))
    return replace(block, unit=unit, clip=clip), skips


def _unit(table: pd.DataFrame, codes: dict[int, list[str]]) -> tuple[str, str]:
    """Return the unit of a block, and if it is 'counts' the reason."""
    known = table[table["gain"].notna() & (table["gain"] != 0)]
    for names in codes.values():
        missing = [name for name in names if name not in set(known["channel"])]
        if missing:
            return "counts", f"no gain for {', '.join(missing)}"
    units = sorted(known["unit"].dropna().unique())
    if len(units) != 1 or known["unit"].isna().any():
        return "counts", f"gain in units {', '.join(units) or 'not stated'}; expected one of m, m/s, m/s**2"
    return str(units[0]), ""


def _cuts(table: pd.DataFrame) -> list[int]:
    """Return the times at which an epoch begins or ends (ns after 1970)."""
    return sorted({int(t.value) for t in pd.concat([table["valid_from"], table["valid_to"]]).dropna()})


def _intervals(block: Block, table: pd.DataFrame) -> list[tuple[int, int, int]]:
    """Cut the block where an epoch begins or ends; return first and last index and a time (ns) of the same epochs."""
    times = _cuts(table)
    begins = [0, *(min(max(block.index(ns), 0), block.n) for ns in times), block.n]
    inside = [times[0] - 1 if times else block.time_ns(0), *times]
    return [(i0, i1, ns) for (i0, i1), ns in zip(pairwise(begins), inside, strict=True) if i1 > i0]


def _break(block: Block, table: pd.DataFrame, codes: dict[int, list[str]]) -> None:
    """Mask in place the first sample after every change of a gain or direction, whatever the cut of the block."""
    for ns in _cuts(table):
        i = block.index(ns)
        if 0 <= i < block.n and _differ(_epoch(table, codes, ns - 1), _epoch(table, codes, ns)):
            block.mask[:, i] = True
            block.data[:, i] = 0.0


def _differ(before: dict[int, pd.Series], after: dict[int, pd.Series]) -> bool:
    if not before or not after:
        return False
    return before.keys() != after.keys() or any(
        not np.array_equal(before[c][_MOTION].to_numpy(float), after[c][_MOTION].to_numpy(float), equal_nan=True)
        for c in before)


def _epoch(table: pd.DataFrame, codes: dict[int, list[str]], time_ns: int) -> dict[int, pd.Series]:
    """Return the channel row that holds at a time for every component."""
    now = pd.Timestamp(time_ns, unit="ns", tz="UTC")
    valid = table[~(table["valid_from"] > now) & ~(table["valid_to"] <= now)]
    found = {}
    for c, names in codes.items():
        rows = valid[valid["channel"].isin(names)]
        if len(rows):
            found[c] = rows.iloc[0]
        elif any(name[2] in "12" for name in names):
            found[c] = pd.Series({"channel": names[0], "gain": np.nan, "azimuth_deg": np.nan, "dip_deg": np.nan})
    return found


def _turn(block: Block, epoch: dict[int, pd.Series], i0: int, i1: int, limits: NDArray[np.float64],
          tolerance_deg: float) -> str | None:
    """Rotate samples i0 to i1 and their clipping limits in place; return what is missing for it, or None."""
    parts = sorted(epoch)
    if not parts:
        return None
    axes, unknown = np.eye(3), []
    for c in parts:
        azimuth, dip = epoch[c]["azimuth_deg"], epoch[c]["dip_deg"]
        if np.isfinite(azimuth) and np.isfinite(dip):
            axes[c] = axis(azimuth, dip)
        elif str(epoch[c]["channel"])[2] in "12":
            unknown.append(str(epoch[c]["channel"]))
    if unknown:
        return f"no direction for {', '.join(unknown)}; 1 and 2 are taken as north and east"
    alone = _alone(parts, axes, tolerance_deg)
    small = axes[np.ix_(parts, parts)]
    off = np.degrees(np.arccos(np.clip(np.diag(small), -1.0, 1.0)))
    if (off <= tolerance_deg).all():
        return alone
    if abs(np.linalg.det(small)) < 0.1:
        return "the directions of its components lie almost in one plane; not rotated"
    _apply(block, parts, np.linalg.inv(small).astype(np.float64), i0, i1, limits)
    return alone


def _alone(parts: list[int], axes: NDArray[np.float64], tolerance_deg: float) -> str | None:
    """Take a horizontal without its partner along its own name, in place: it cannot be turned, only its sign can."""
    horizontals = [c for c in parts if c > 0]
    if len(horizontals) != 1:
        return None
    c = horizontals[0]
    along = axes[c, c]
    oblique = abs(along) < np.cos(np.radians(tolerance_deg))
    axes[c] = np.eye(3)[c] * (-1.0 if along < 0 and not oblique else 1.0)
    return "one horizontal alone cannot be rotated; taken along its name" if oblique else None


def _apply(block: Block, parts: list[int], inverse: NDArray[np.float64], i0: int, i1: int,
           limits: NDArray[np.float64]) -> None:
    """Mix the components of samples i0 to i1 by a matrix, in place, and with them masks and clipping limits.

    Sensor axes are unit vectors, so a raw sample at its limit leaves ground motion at least as large, and of n mixed
    components one is at least 1/sqrt(n) of it: that is the limit after the mixing.
    """
    inverse[np.abs(inverse) < 1e-6] = 0.0
    mixes = inverse != 0.0
    linked = np.linalg.matrix_power((mixes | mixes.T).astype(np.int64), 3) > 0
    raw = block.data[parts, i0:i1].astype(np.float32)
    masks = block.mask[parts, i0:i1].copy()
    own = limits[parts]
    for k, c in enumerate(parts):
        mask = masks[mixes[k]].any(axis=0)
        turned = np.zeros(i1 - i0, dtype=np.float32)
        for j in np.flatnonzero(mixes[k]):
            turned += np.float32(inverse[k, j]) * raw[j]
        turned[mask] = 0.0
        block.data[c, i0:i1], block.mask[c, i0:i1] = turned, mask
        limits[c] = own[linked[k]].min() / np.sqrt(linked[k].sum())


def axis(azimuth_deg: float, dip_deg: float) -> NDArray[np.float64]:
    """Return the direction of positive motion as (up, north, east); dip is down from horizontal."""
    azimuth, dip = np.radians(azimuth_deg), np.radians(dip_deg)
    return np.array([-np.sin(dip), np.cos(dip) * np.cos(azimuth), np.cos(dip) * np.sin(azimuth)])
