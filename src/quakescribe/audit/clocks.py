"""Changes of a station's residuals with time: wrong clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from quakescribe.audit.case import block_hours, blocks
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Metric, Rows
from quakescribe.audit.statistics import MEDIAN_ERROR, false_discovery, mad_scale

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

_PER_BLOCK = 5  # residuals of a phase that a block's median needs: two wrong ones do not move it
_MOST_BLOCKS = 240  # blocks of a station: bounds the search over all stretches
_LEAST_BLOCKS = 6
_RATE = 0.01  # of false discoveries among the stations
AS_CLOCK, NOT_CLOCK = "P and S alike, as a clock does", "P and S differ: picks or paths"
ONE_PHASE = "only one phase has enough residuals in and out of it: a clock, picks or paths"

CLOCK_CHANGE = Metric(
    "clock_change", "Largest change of a station's residuals with time", "s",
    "Check the station's clock in the stretch named; leave its arrivals out, or correct them, and locate again.")

Array = NDArray[np.float64]


def longest_change(value: Array, error: Array) -> tuple[int, int, float, float, float]:
    """Return the stretch of blocks that departs most from the rest, and by how much.

    Parameters
    ----------
    value, error
        Shape (b,): medians of the blocks in time order and their standard errors, s.

    Returns
    -------
    tuple
        First and last block; the weighted mean of the stretch minus that of all others (s); its standard error (s),
        overdispersion included; the probability of so large a change anywhere.

    Notes
    -----
    With w = 1 / error^2, W = sum w, the statistic of blocks i..j is z = (mean_in - mean_out) sqrt(w_in w_out / W),
    over the root of the overdispersion phi; the largest |z| over all stretches of at most half of the weight is taken
    (circular binary segmentation: Olshen et al. 2004, eq. 2). phi is the larger of 1 and the variance (from the MAD,
    and with values beyond three times that drawn in) of the blocks' normalised deviations, inside and outside apart, so
    that days which differ anyway do not count as a change. p is Student's with b - 3 degrees of freedom, and
    Bonferroni's over the b (b + 1) / 2 stretches. O(b^2).
    """
    weight = 1.0 / error**2
    total_w = np.concatenate([[0.0], np.cumsum(weight)])
    total_m = np.concatenate([[0.0], np.cumsum(weight * (value - np.average(value, weights=weight)))])
    i, j = np.triu_indices(len(value) + 1, 1)
    inside, moment = total_w[j] - total_w[i], total_m[j] - total_m[i]
    share = inside / total_w[-1]
    allowed = share <= 0.5
    z = np.where(allowed, np.abs(moment) / np.sqrt(inside * np.maximum(1.0 - share, 1e-12)), 0.0)
    best = int(np.argmax(z))
    first, last = int(i[best]), int(j[best]) - 1
    mask = np.zeros(len(value), dtype=bool)
    mask[first : last + 1] = True
    if not allowed[best] or mask.all():
        return 0, 0, 0.0, float("inf"), 1.0
    step = np.average(value[mask], weights=weight[mask]) - np.average(value[~mask], weights=weight[~mask])
    left = np.concatenate([(value[part] - np.median(value[part])) / error[part] for part in (mask, ~mask)])
    scale = 3.0 * max(1.0, mad_scale(left))
    phi = max(1.0, mad_scale(left) ** 2, float(np.mean(np.clip(left, -scale, scale) ** 2)))
    se = float(np.sqrt(phi * (1 / weight[mask].sum() + 1 / weight[~mask].sum())))
    p = min(1.0, 2.0 * float(student.sf(abs(step) / se, max(len(value) - 3, 1))) * len(i))
    return first, last, float(step), se, p


def block_medians(known: pd.DataFrame, block: NDArray[np.int64], medians: pd.DataFrame) -> pd.DataFrame:
    """Return per station and block the median residual (s) of P and S, freed from their own medians, and its error.

    Parameters
    ----------
    known
        Arrivals with residuals.
    block
        Shape (n,): the block of each.
    medians
        From :func:`quakescribe.audit.residuals.station_medians`.

    Notes
    -----
    P and S are kept apart here, so that each counts by its own scatter. The error is that
    of a median with the station's scatter or the block's own, whichever is larger; fewer than five residuals of a phase
    in a block are left out.
    """
    wide = medians.set_index(["station_id", "phase"])
    at = wide.index.get_indexer(pd.MultiIndex.from_frame(known[["station_id", "phase"]]))
    freed = known["residual_s"].to_numpy() - wide["median_s"].to_numpy()[at]
    spread = np.maximum(wide["spread_s"].to_numpy()[at], 1e-3)
    keys = ["station_id", "block", "phase"]
    frame = known[["station_id", "phase"]].assign(block=block, freed=freed, spread=spread)
    frame["apart"] = 1.4826 * (frame["freed"] - frame.groupby(keys)["freed"].transform("median")).abs()
    out = frame.groupby(keys)[["freed", "spread", "apart"]].median()
    out["n"] = frame.groupby(keys).size()
    out = out[out["n"] >= _PER_BLOCK].reset_index()
    out["error"] = MEDIAN_ERROR * np.maximum(out["spread"], out["apart"]) / np.sqrt(out["n"])
    return out


def _joined(phases: pd.DataFrame) -> pd.DataFrame:
    """Return per station and block the weighted mean over its phases."""
    weight = 1.0 / phases["error"] ** 2
    frame = phases.assign(weight=weight, moment=weight * phases["freed"])
    out = frame.groupby(["station_id", "block"]).agg(weight=("weight", "sum"), moment=("moment", "sum"),
                                                     n=("n", "sum")).reset_index()
    out["value"] = out["moment"] / out["weight"]
    out["error"] = 1.0 / np.sqrt(out["weight"])
    return out


def _change(station: pd.DataFrame, phases: pd.DataFrame) -> dict[str, float]:
    """Return the stretch of a station that departs most, and what P and S do in it."""
    first, last, step, se, p = longest_change(station["value"].to_numpy(), station["error"].to_numpy())
    begin, end = station["block"].iloc[first], station["block"].iloc[last]
    out = {"first": float(begin), "last": float(end), "change_s": step, "error_s": se, "p": p}
    for phase in ("P", "S"):
        part = phases[phases["phase"] == phase]
        mask = part["block"].between(begin, end)
        out[f"change_{phase}_s"], out[f"error_{phase}_s"] = float("nan"), float("nan")
        if mask.any() and (~mask).any():
            w = 1.0 / part["error"] ** 2
            out[f"change_{phase}_s"] = float(np.average(part["freed"][mask], weights=w[mask])
                                             - np.average(part["freed"][~mask], weights=w[~mask]))
            out[f"error_{phase}_s"] = float(np.sqrt(1 / w[mask].sum() + 1 / w[~mask].sum()))
    return out


def drifts(known: pd.DataFrame, medians: pd.DataFrame, case: Case) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per station with its largest change in time, and the series of its blocks.

    Parameters
    ----------
    known
        Arrivals with residuals.
    medians
        From :func:`quakescribe.audit.residuals.station_medians`.
    case
        Its blocks of time are taken, merged to at most 240.
    """
    block = blocks(known["time"], case)
    merge = max(1, int(np.ceil((block.max(initial=0) + 1) / _MOST_BLOCKS)))
    block = block // merge
    length = pd.Timedelta(hours=block_hours(case.hours) * merge)
    start = case.facts.span[0] if case.facts.span else known["time"].min()
    phases = block_medians(known, block, medians)
    series = _joined(phases)
    by_phase = dict(tuple(phases.groupby("station_id")))
    found = [{"station_id": name, **_change(part, by_phase[name]), "blocks": len(part)}
             for name, part in series.groupby("station_id") if len(part) >= _LEAST_BLOCKS]
    out = pd.DataFrame(found)
    if len(out):
        out["start"], out["end"] = start + out["first"] * length, start + (out["last"] + 1) * length
        out["significant"] = false_discovery(out["p"], _RATE)
    series = series.assign(time=start + (series["block"] + 0.5) * length)
    return out, series[["station_id", "time", "value", "error", "n"]]


def say_changes(rows: Rows, found: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Add the change of each station; return the changes that count, with what they look like.

    Parameters
    ----------
    rows
        Gets `clock_change`.
    found
        From :func:`drifts`.
    case
        Its limits.
    """
    rules = case.settings.locations
    if found.empty:
        rows.cannot_tell("clock_change", f"No station has residuals in {_LEAST_BLOCKS} blocks of time.", n=0)
        return pd.DataFrame()
    kinds = []
    for row in found.to_dict("records"):
        change, half, station = row["change_s"], 1.96 * row["error_s"], row["station_id"]
        apart = abs(row["change_S_s"] - row["change_P_s"]) / np.hypot(row["error_P_s"], row["error_S_s"])
        alike, both = apart <= 3.0, np.isfinite(apart)
        counts = bool(row["significant"]) and abs(change) >= rules.drift_least_s
        verdict = (BAD if alike and abs(change) - half > rules.drift_bad_s else WATCH) if counts else GOOD
        if not counts and abs(change) + half > rules.drift_bad_s:
            verdict = CANNOT_TELL
        kinds.append("" if not counts else AS_CLOCK if alike else NOT_CLOCK if both else ONE_PHASE)
        when = f"from {row['start']:%Y-%m-%d %H:%M} to {row['end']:%Y-%m-%d %H:%M}"
        why = (f"Residuals change by {change:+.2f} s ± {half:.2f} s {when} (p = {row['p']:.1g}, all stretches "
               f"counted); {kinds[-1]}." if counts else f"No stretch of time departs beyond chance; the largest "
               f"departure is {change:+.2f} s (p = {row['p']:.1g}).")
        rows.add("clock_change", change, verdict, why, scope="station", key=station, low=change - half,
                 high=change + half, expected=0.0, n=row["blocks"])
    flagged = found.assign(kind=kinds)
    return flagged[flagged["kind"] != ""].sort_values("change_s", key=np.abs, ascending=False, kind="stable")
