"""Residuals by station and phase: medians, scatter, tails, and changes with time (clocks)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm, spearmanr

from quakescribe.audit.check import CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.clocks import CLOCK_CHANGE, drifts, say_changes
from quakescribe.audit.intervals import quantile_interval, share_interval
from quakescribe.audit.statistics import MEDIAN_ERROR, absolute, judge_surely
from quakescribe.audit.words import number_of

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

_TOGETHER, _SMALL_S = 0.3, 0.05  # rank correlation of P and S delays, and median size of P delays, that matter
_ROUGHLY = 0.1
S_OVER_P = 1.73  # what delays P by 1 s delays S by this in ground of the usual vp/vs


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


def _network(rows: Rows, known: pd.DataFrame, case: Case) -> None:
    """Add median, scatter and tail of P and S over all stations."""
    rules = case.settings.locations
    for place, phase in enumerate(("P", "S")):
        part = known[known["phase"] == phase]
        events = part["event_id"].nunique()
        if events < rules.least_events:
            for metric in ("residual_median", "residual_spread", "residual_tail"):
                rows.cannot_tell(metric, f"{number_of(events, 'event')} with {phase} residuals; {rules.least_events} "
                                 "are needed.", key=phase, n=len(part))
            continue
        factor = S_OVER_P if phase == "S" else 1.0
        middle, low, high = quantile_interval(part["residual_s"], 0.5, part["time"], case, 60 + place)
        limits = rules.median_good_s * factor, rules.median_bad_s * factor
        rows.add("residual_median", middle, judge(*absolute(low, high), *limits),
                 f"The median {phase} residual is {middle:+.3f} s ({low:+.3f} to {high:+.3f} s).",
                 key=phase, low=low, high=high, expected=0.0, n=len(part))
        spread, low, high = quantile_interval((part["residual_s"] - middle).abs() * 1.4826, 0.5, part["time"], case,
                                              62 + place)
        rows.add("residual_spread", spread, judge(low, high, rules.spread_good_s * factor, rules.spread_bad_s * factor),
                 f"{phase} residuals scatter by {spread:.3f} s (1.4826 times their median absolute deviation).",
                 key=phase, low=low, high=high, n=len(part))
        tail = part["residual_s"].abs() > rules.tail_s
        low, high = share_interval(tail, part["time"], case, 64 + place)
        width = max(spread, 1e-6)
        chance = float(norm.sf((rules.tail_s - middle) / width) + norm.sf((rules.tail_s + middle) / width))
        rows.add("residual_tail", float(tail.mean()),
                 judge_surely(low - chance, high - chance, rules.tail_good, rules.tail_bad),
                 f"{tail.mean():.1%} of {len(part):,} {phase} residuals exceed {rules.tail_s:g} s; a normal "
                 f"distribution of their scatter would have {chance:.1%} (good: at most {rules.tail_good:.0%} more, "
                 f"bad: {rules.tail_bad:.0%} more).",
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
    rough = _ROUGHLY * abs(p)  # neither the ground nor the median station is so exact
    as_clock = abs(s - p) / np.hypot(np.hypot(error_p, error_s), rough)
    as_ground = abs(s - S_OVER_P * p) / np.hypot(np.hypot(S_OVER_P * error_p, error_s), rough)
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
    verdict = (GOOD if size <= _SMALL_S or high <= _TOGETHER else WATCH if low > _TOGETHER else CANNOT_TELL)
    rows.add("p_s_correlation", found, verdict,
             f"The stations' median P and S residuals go together with rank correlation {found:.2f} ({low:.2f} to "
             f"{high:.2f}); the median size for P is {size:.3f} s.", low=min(low, found), high=max(high, found),
             expected=0.0, n=len(pairs))


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
    changes = say_changes(rows, found, case)
    return Outcome(rows.rows, {"medians": medians, "changes": changes.reset_index(drop=True), "series": series})


RESIDUALS = Check(
    "residuals", "locate", "Do residuals show wrong clocks, delays of stations, or wrong picks?",
    "Median, robust scatter (MAD) and the share beyond 1 s of all P and S residuals, less what a normal distribution "
    "of that scatter has there, and the median of each station "
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
    (Metric("residual_median", "Median residual of all arrivals", "s",
            "Check the velocity model of this phase.", "residual_s"),
     Metric("residual_spread", "Scatter of residuals", "s",
            "Check the picks and the velocity model; both widen it.", "residual_s"),
     Metric("residual_tail", "Share of residuals in the tail", "-",
            "Look at the picks with the largest residuals: wrong phases and chance picks collect there.", "residual_s"),
     Metric("station_p_median", "Station's median P residual", "s",
            "Use station corrections; where P and S are off alike, check the clock and the coordinates.", "residual_s"),
     Metric("station_s_median", "Station's median S residual", "s",
            "Use station corrections; where only S is off, check the horizontal components and the S picks.",
            "residual_s"),
     Metric("p_s_correlation", "Correlation of the stations' P and S delays", "-",
            "Use station corrections: the delays belong to the stations, not to the picks.", "residual_s"),
     CLOCK_CHANGE),
    _run)
