"""Residuals by station and phase: medians, scatter, tails, and changes with time (clocks)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr
from scipy.stats import t as student

from quakescribe.audit.case import blocks
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.intervals import quantile_interval, share_interval
from quakescribe.audit.statistics import false_discovery, mad_scale

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

MEDIAN_ERROR = 1.2533  # standard error of a median over that of a mean, for normal values: sqrt(pi / 2)
S_OVER_P = 1.73  # what delays P by 1 s delays S by this in ground of the usual vp/vs
_PER_BLOCK = 5  # residuals of a phase that a block's median needs: two wrong ones do not move it
_MOST_BLOCKS = 240  # blocks of a station: bounds the search over all stretches
_LEAST_BLOCKS = 6
_RATE = 0.01  # of false discoveries among the stations
AS_CLOCK, NOT_CLOCK = "P and S alike, as a clock does", "P and S differ, or one is missing: picks or paths"

Array = NDArray[np.float64]


def station_medians(known: pd.DataFrame, tail_s: float) -> pd.DataFrame:
    """Return one row per station and phase: n, median, its standard error, scatter (all s) and share in the tail.

    Parameters
    ----------
    known
        Arrivals with station_id, phase, residual_s (finite).
    tail_s
        Where the tail begins.

    Notes
    -----
    Standard error of the median: 1.2533 times 1.4826 MAD over the root of n.
    """
    keys = ["station_id", "phase"]
    group = known.groupby(keys)["residual_s"]
    median = group.transform("median")
    frame = known.assign(apart=(known["residual_s"] - median).abs(), far=known["residual_s"].abs() > tail_s)
    out = frame.groupby(keys).agg(n=("residual_s", "size"), median_s=("residual_s", "median"),
                                  spread_s=("apart", "median"), tail=("far", "mean")).reset_index()
    out["spread_s"] *= 1.4826
    out["error_s"] = MEDIAN_ERROR * out["spread_s"] / np.sqrt(out["n"])
    return out


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
        From :func:`station_medians`.

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
        From :func:`station_medians`.
    case
        Its blocks of time are taken, merged to at most 240.
    """
    block = blocks(known["time"], case)
    merge = max(1, int(np.ceil((block.max(initial=0) + 1) / _MOST_BLOCKS)))
    block = block // merge
    length = pd.Timedelta(hours=_block_hours(case) * merge)
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


def _block_hours(case: Case) -> float:
    """Return how long a block of :func:`quakescribe.audit.case.blocks` is."""
    start = case.facts.span[0] if case.facts.span else pd.Timestamp("2000-01-01", tz="UTC")
    for hours in (24.0, 6.0, 1.0, 1.0 / 6.0):
        if int(blocks(pd.Series([start + pd.Timedelta(hours=1.5 * hours)]), case)[0]) == 1:
            return hours
    return 1.0 / 60.0


def _network(rows: Rows, known: pd.DataFrame, case: Case) -> None:
    """Add median, scatter and tail of P and S over all stations."""
    rules = case.settings.locations
    for place, phase in enumerate(("P", "S")):
        part = known[known["phase"] == phase]
        if len(part) < rules.least_events:
            for metric in ("residual_median", "residual_spread", "residual_tail"):
                rows.cannot_tell(metric, f"{len(part)} {phase} arrivals have a residual; {rules.least_events} are "
                                 "needed.", key=phase, n=len(part))
            continue
        factor = S_OVER_P if phase == "S" else 1.0
        middle, low, high = quantile_interval(part["residual_s"], 0.5, part["time"], case, 60 + place)
        far = max(abs(low), abs(high))
        near = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        rows.add("residual_median", middle, judge(near, far, rules.median_good_s * factor, rules.median_bad_s * factor),
                 f"The median {phase} residual is {middle:+.3f} s ({low:+.3f} to {high:+.3f} s).",
                 key=phase, low=low, high=high, expected=0.0, n=len(part))
        spread, low, high = quantile_interval((part["residual_s"] - middle).abs() * 1.4826, 0.5, part["time"], case,
                                              62 + place)
        rows.add("residual_spread", spread, judge(low, high, rules.spread_good_s * factor, rules.spread_bad_s * factor),
                 f"{phase} residuals scatter by {spread:.3f} s (1.4826 times their median absolute deviation).",
                 key=phase, low=low, high=high, n=len(part))
        tail = part["residual_s"].abs() > rules.tail_s
        low, high = share_interval(tail, part["time"], case, 64 + place)
        chance = 2.0 * float(norm.sf(rules.tail_s / max(spread, 1e-6)))
        rows.add("residual_tail", float(tail.mean()), judge(low, high, rules.tail_good, rules.tail_bad),
                 f"{tail.mean():.1%} of {len(part):,} {phase} residuals exceed {rules.tail_s:g} s; a normal "
                 f"distribution of their scatter would have {chance:.1%}.",
                 key=phase, low=low, high=high, expected=chance, n=len(part))


def _stations(rows: Rows, medians: pd.DataFrame, case: Case) -> None:
    """Add the median residual of each station and phase, and how P's and S's go together."""
    rules = case.settings.locations
    both = medians[medians["n"] >= rules.least_arrivals].pivot_table(index="station_id", columns="phase",
                                                                    values=["median_s", "error_s"])
    for phase in ("P", "S"):
        metric, factor = f"station_{phase.lower()}_median", S_OVER_P if phase == "S" else 1.0
        part = medians[medians["phase"] == phase]
        if part.empty:
            rows.cannot_tell(metric, f"No {phase} arrival has a residual.", n=0)
        for row in part.to_dict("records"):
            if row["n"] < rules.least_arrivals:
                rows.cannot_tell(metric, f"{row['n']} {phase} residuals; {rules.least_arrivals} are needed.",
                                 scope="station", key=row["station_id"], n=row["n"])
                continue
            middle, half, station = row["median_s"], 1.96 * row["error_s"], row["station_id"]
            verdict = judge(max(abs(middle) - half, 0.0), abs(middle) + half, rules.median_good_s * factor,
                            rules.median_bad_s * factor)
            rows.add(metric, middle, verdict, f"The median {phase} residual is {middle:+.3f} s ± {half:.3f} s, from "
                     f"{row['n']:,} arrivals{_cause(both, station, verdict)}.", scope="station", key=station,
                     low=middle - half, high=middle + half, expected=0.0, n=row["n"])
    _together(rows, both)


def _cause(both: pd.DataFrame, station: str, verdict: str) -> str:
    """Return what the station's P and S medians say together, where they are off."""
    wanted = [("median_s", "P"), ("median_s", "S"), ("error_s", "P"), ("error_s", "S")]
    if verdict == GOOD or station not in both.index or not set(wanted) <= set(both.columns):
        return ""
    p, s, error_p, error_s = (float(both[name].to_dict()[station]) for name in wanted)
    if not np.isfinite([p, s, error_p, error_s]).all() or abs(p) < 2 * error_p:
        return ""
    as_clock, as_ground = abs(s - p) / np.hypot(error_p, error_s), abs(s - S_OVER_P * p) / np.hypot(S_OVER_P * error_p,
                                                                                                    error_s)
    if min(as_clock, as_ground) > 3:
        return ", which neither a clock nor slow ground explains together with the other phase"
    return (", by as much as the other phase, as a wrong clock or position does" if as_clock < as_ground else
            ", with S off by more than P, as slow or fast ground under the station does")


def _together(rows: Rows, both: pd.DataFrame) -> None:
    pairs = both["median_s"].dropna() if {("median_s", "P"), ("median_s", "S")} <= set(both.columns) else pd.DataFrame()
    if len(pairs) < 6 or pairs["P"].nunique() < 3 or pairs["S"].nunique() < 3:
        rows.cannot_tell("p_s_correlation", f"{len(pairs)} stations have enough residuals of both P and S; 6 are "
                         "needed.", n=len(pairs))
        return
    found = float(spearmanr(pairs["P"], pairs["S"]).statistic)
    half = 1.96 * np.sqrt(1.06 / (len(pairs) - 3))  # Fieller, Hartley & Pearson 1957
    low, high = (float(np.tanh(np.arctanh(np.clip(found, -0.999, 0.999)) + sign * half)) for sign in (-1, 1))
    size = float(pairs["P"].abs().median())
    rows.add("p_s_correlation", found, WATCH if low > 0.3 and size > 0.05 else GOOD,
             f"The stations' median P and S residuals go together with rank correlation {found:.2f} ({low:.2f} to "
             f"{high:.2f}); the median size for P is {size:.3f} s.", low=min(low, found), high=max(high, found),
             expected=0.0, n=len(pairs))


def _clocks(rows: Rows, found: pd.DataFrame, medians: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Add the change of each station; return the changes that count, with what they look like."""
    rules = case.settings.locations
    phases_of = medians.groupby("station_id")["phase"].unique()
    if found.empty:
        rows.cannot_tell("clock_change", f"No station has residuals in {_LEAST_BLOCKS} blocks of time.", n=0)
        return pd.DataFrame()
    kinds = []
    for row in found.to_dict("records"):
        change, half, station = row["change_s"], 1.96 * row["error_s"], row["station_id"]
        apart = abs(row["change_S_s"] - row["change_P_s"]) / np.hypot(row["error_P_s"], row["error_S_s"])
        alike = apart <= 3.0 or len(phases_of[station]) == 1  # the second: a station with one phase only
        counts = bool(row["significant"]) and abs(change) >= rules.drift_least_s
        verdict = (BAD if alike and abs(change) - half > rules.drift_bad_s else WATCH) if counts else GOOD
        if not counts and half > 2 * rules.drift_bad_s:
            verdict = CANNOT_TELL
        kinds.append("" if not counts else AS_CLOCK if alike else NOT_CLOCK)
        when = f"from {row['start']:%Y-%m-%d %H:%M} to {row['end']:%Y-%m-%d %H:%M}"
        why = (f"Residuals change by {change:+.2f} s ± {half:.2f} s {when} (p = {row['p']:.1g}, all stretches "
               f"counted); {kinds[-1]}." if counts else f"No stretch of time departs beyond chance; the largest "
               f"departure is {change:+.2f} s (p = {row['p']:.1g}).")
        rows.add("clock_change", change, verdict, why, scope="station", key=station, low=change - half,
                 high=change + half, expected=0.0, n=row["blocks"])
    flagged = found.assign(kind=kinds)
    return flagged[flagged["kind"] != ""].sort_values("change_s", key=np.abs, ascending=False, kind="stable")


def _run(case: Case) -> Outcome:
    rows = Rows(RESIDUALS.metrics)
    arrivals = case.facts.arrivals
    known = arrivals[np.isfinite(arrivals["residual_s"].astype("float64"))].reset_index(drop=True)
    if known.empty:
        for metric in RESIDUALS.metrics:
            rows.cannot_tell(metric.name, "No arrival carries a residual.", n=0)
        return Outcome(rows.rows)
    medians = station_medians(known, case.settings.locations.tail_s)
    _network(rows, known, case)
    _stations(rows, medians, case)
    found, series = drifts(known, medians, case)
    changes = _clocks(rows, found, medians, case)
    return Outcome(rows.rows, {"medians": medians, "changes": changes.reset_index(drop=True), "series": series})


RESIDUALS = Check(
    "residuals", "locate", "Do residuals show wrong clocks, delays of stations, or wrong picks?",
    "Median, robust scatter (MAD) and the share beyond 1 s of all P and S residuals, and the median of each station "
    "and phase with the standard error of a median. Whether P and S are off by the same amount (a clock or a position) "
    "or S by about 1.73 times as much (ground) is said for each station. For changes in time, medians per station and "
    "block of time (days, or shorter in short catalogues) are searched for the stretch that departs most from the rest "
    "(circular binary segmentation), with errors from the scatter, overdispersion of the blocks, all stretches "
    "counted, and 1% false discoveries over the stations. The location takes up a part of every clock error: what "
    "shows in residuals is the lower bound of it.",
    ("Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. J. R. Stat. Soc. B 57, 289-300.",
     "Olshen, A. B., Venkatraman, E. S., Lucito, R. & Wigler, M. (2004). Circular binary segmentation. Biostatistics "
     "5, 557-572.",
     "Rousseeuw, P. J. & Croux, C. (1993). Alternatives to the median absolute deviation. J. Am. Stat. Assoc. 88, "
     "1273-1283."),
    (Metric("residual_median", "Median residual", "s", "Check the velocity model of this phase."),
     Metric("residual_spread", "Scatter of residuals", "s", "Check the picks and the velocity model; both widen it."),
     Metric("residual_tail", "Residuals in the tail", "-", "Look at the picks with the largest residuals: wrong phases "
            "and chance picks collect there."),
     Metric("station_p_median", "Station's median P residual", "s", "Use station corrections; where P and S are off "
            "alike, check the clock and the coordinates."),
     Metric("station_s_median", "Station's median S residual", "s", "Use station corrections; where only S is off, "
            "check the horizontal components and the S picks."),
     Metric("p_s_correlation", "P and S delays together", "-", "Use station corrections: the delays belong to the "
            "stations, not to the picks."),
     Metric("clock_change", "Change of a station with time", "s", "Check the station's clock in the stretch named; "
            "leave its arrivals out, or correct them, and locate again.")),
    _run)
