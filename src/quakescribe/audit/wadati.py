"""Wadati lines: vp/vs and origin times from S minus P, without a velocity model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.intervals import quantile_interval, share_interval
from quakescribe.audit.statistics import absolute, judge_surely
from quakescribe.kernels.theil_sen import theil_sen

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

_LEAST_S = 0.1  # P times closer than this say nothing about a slope
_LEAST_SPREAD_S = 0.3  # standard deviation of P times that a line needs
_LOST = 2.2  # points that a robust line takes from its scatter: of n normal ones the MAD is 1 - 2.2 / n (n = 4 to 40)
_EFFICIENCY = 1.0233  # root of pi / 3: standard error of a Theil-Sen slope over that of least squares (Sen 1968)


def phase_pairs(arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return one row per event and station with both phases: travel times p_s and s_s (s), sorted by event.

    Parameters
    ----------
    arrivals
        ``Facts.arrivals``. Of several picks of one phase at a station the first counts.
    """
    known = arrivals[np.isfinite(arrivals["travel_s"].astype("float64"))]
    keep = ["event_id", "station_id", "travel_s"]
    p, s = (known.loc[known["phase"] == phase, keep].drop_duplicates(keep[:2]) for phase in ("P", "S"))
    out = p.merge(s, on=["event_id", "station_id"], suffixes=("_p", "_s"))
    out = out.rename(columns={"travel_s_p": "p_s", "travel_s_s": "s_s"})
    return out.sort_values(["event_id", "station_id"], kind="stable").reset_index(drop=True)


def lines(pairs: pd.DataFrame, least_stations: int) -> pd.DataFrame:
    """Return the Wadati line of every event with enough stations.

    Parameters
    ----------
    pairs
        From :func:`phase_pairs`.
    least_stations
        Stations that a line needs.

    Returns
    -------
    DataFrame
        event_id, stations, vp_vs, error (one standard error of it), origin_s (Wadati's origin time minus the event's).

    Notes
    -----
    S - P = (vp/vs - 1) (P - t0) (Wadati 1933; Kisslinger & Engdahl 1973), so vp/vs is 1 plus the slope and t0 the P
    time at which S - P vanishes. Standard error: 1.0233 sigma / (root(n) sd(P)), where sigma is the event's scatter
    over (1 - 2.2 / n), or the median of that over all events where it is larger: three points' scatter says little.
    """
    n = pairs.groupby("event_id")["station_id"].transform("size")
    pairs = pairs[(n >= least_stations) & (pairs["s_s"] > pairs["p_s"])]
    ids, counts = np.unique(pairs["event_id"].to_numpy(), return_counts=True)
    found = np.empty((len(ids), 4))
    p, s = pairs["p_s"].to_numpy(dtype=np.float64), pairs["s_s"].to_numpy(dtype=np.float64)
    theil_sen(found, p, s - p, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), _LEAST_S)
    out = pd.DataFrame({"event_id": ids, "stations": counts, "vp_vs": 1.0 + found[:, 0], "scatter_s": found[:, 2],
                        "spread_s": found[:, 3]})
    slope = np.where(found[:, 0] > 0, found[:, 0], np.nan)
    out["origin_s"] = -found[:, 1] / slope
    out = out[(counts >= least_stations) & np.isfinite(found[:, 0]) & (found[:, 3] >= _LEAST_SPREAD_S)]
    own = out["scatter_s"] * out["stations"] / (out["stations"] - _LOST)
    sigma = own.clip(lower=own.median() if len(own) else 0.0)
    out["error"] = _EFFICIENCY * sigma / (np.sqrt(out["stations"]) * out["spread_s"])
    return out.reset_index(drop=True)


def _ratio(rows: Rows, found: pd.DataFrame, case: Case) -> None:
    """Add the network's vp/vs and the share of events outside credible values."""
    rules = case.settings.locations
    middle, low, high = quantile_interval(found["vp_vs"], 0.5, found["time"], case, 70)
    model = float(np.average(case.model.vp / case.model.vs)) if "velocity" not in case.assumed else float("nan")
    centre, half = (rules.vp_vs_low + rules.vp_vs_high) / 2, (rules.vp_vs_high - rules.vp_vs_low) / 2
    near, far = absolute(low - centre, high - centre)
    verdict = GOOD if far <= half else BAD if near > half else CANNOT_TELL
    rows.add("vp_vs", middle, verdict,
             f"The median vp/vs of {len(found):,} events is {middle:.3f} ({low:.3f} to {high:.3f}); credible are "
             f"{rules.vp_vs_low:g} to {rules.vp_vs_high:g}"
             + (f", the model has {model:.3f}." if np.isfinite(model) else "."),
             low=low, high=high, expected=model, n=len(found))
    sure = found[found["error"] <= rules.vp_vs_error]
    if len(sure) < rules.least_events:
        rows.cannot_tell("vp_vs_outside", f"{len(sure)} events have a vp/vs known to {rules.vp_vs_error:g}; "
                         f"{rules.least_events} are needed.", n=len(sure))
        return
    outside = (sure["vp_vs"] < rules.vp_vs_low) | (sure["vp_vs"] > rules.vp_vs_high)
    chance = float(np.mean(norm.cdf((rules.vp_vs_low - middle) / sure["error"])
                           + norm.sf((rules.vp_vs_high - middle) / sure["error"])))
    low, high = share_interval(outside, sure["time"], case, 71)
    by_chance = min(chance, rules.vp_vs_share_bad)  # a median outside makes all outside: that is no excuse
    rows.add("vp_vs_outside", float(outside.mean()),
             judge_surely(low - by_chance, high - by_chance, rules.vp_vs_share_good, rules.vp_vs_share_bad),
             f"{outside.mean():.1%} of {len(sure):,} events with a well-known vp/vs lie outside {rules.vp_vs_low:g} to "
             f"{rules.vp_vs_high:g}; their own errors explain {chance:.1%}.", low=low, high=high, expected=chance,
             n=len(sure))


def _origins(rows: Rows, found: pd.DataFrame, case: Case) -> None:
    """Add how Wadati's origin times differ from the catalogue's."""
    rules = case.settings.locations
    known = found[np.isfinite(found["origin_s"])]
    middle, low, high = quantile_interval(known["origin_s"], 0.5, known["time"], case, 72)
    rows.add("origin_time_offset", middle, judge(*absolute(low, high), rules.origin_good_s, rules.origin_bad_s),
             f"Wadati's origin times are {middle:+.2f} s from the catalogue's in the median ({low:+.2f} to {high:+.2f} "
             "s); earlier or later as a whole means that the model's vp/vs or its depths are off.",
             low=low, high=high, expected=0.0, n=len(known))
    spread, low, high = quantile_interval((known["origin_s"] - middle).abs() * 1.4826, 0.5, known["time"], case, 73)
    own = float((known["error"] * known["spread_s"] * np.sqrt(known["stations"])
                 / np.maximum(known["vp_vs"] - 1, 0.1)).median())
    rows.add("origin_time_scatter", spread, judge(low, high, 2 * rules.origin_good_s, 2 * rules.origin_bad_s),
             f"They scatter by {spread:.2f} s about that (1.4826 times the median absolute deviation); S - P scatters "
             f"by {own:.2f} s of origin time at one station.", low=low, high=high, n=len(known))


def _run(case: Case) -> Outcome:
    rows = Rows(WADATI.metrics)
    rules = case.settings.locations
    found = lines(phase_pairs(case.facts.arrivals), rules.wadati_stations)
    found = found.merge(case.facts.catalogue[["event_id", "time"]], on="event_id", how="left")
    found = found[found["time"].notna()].reset_index(drop=True)
    if len(found) < rules.least_events or np.isfinite(found["origin_s"]).sum() < rules.least_events:
        for metric in WADATI.metrics:
            rows.cannot_tell(metric.name, f"{len(found)} events have P and S at {rules.wadati_stations} stations or "
                             f"more; {rules.least_events} are needed.", n=len(found))
    else:
        _ratio(rows, found, case)
        _origins(rows, found, case)
    credible = pd.DataFrame({"low": [rules.vp_vs_low], "high": [rules.vp_vs_high]})
    return Outcome(rows.rows, {"lines": found, "credible": credible})


WADATI = Check(
    "wadati", "locate", "Do P and S times agree with a credible vp/vs and with the origin times?",
    "For every event with P and S at three stations or more, S - P against the P time is a line whose slope is vp/vs - "
    "1 and which meets zero at the origin time; no velocity model enters. The slope is Theil-Sen's, its error that of "
    "least squares over the efficiency. The median over events has an interval from order statistics and resampled "
    "blocks of time. Of the events whose vp/vs is known to 0.1, the share outside 1.60 to 1.90 is compared with what "
    "their errors explain.",
    ("Wadati, K. (1933). On the travel time of earthquake waves, part II. Geophys. Mag. 7, 101-111.",
     "Kisslinger, C. & Engdahl, E. R. (1973). The interpretation of the Wadati diagram with relaxed assumptions. Bull. "
     "Seismol. Soc. Am. 63, 1723-1736.",
     "Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau. J. Am. Stat. Assoc. 63, "
     "1379-1389."),
    (Metric("vp_vs", "Median vp/vs of the events", "-",
            "Check the S picks (converted phases, wrong labels) and the vp/vs of the model."),
     Metric("vp_vs_outside", "Share of events outside credible vp/vs", "-",
            "Look at these events: one wrong S or P turns their line; leave out what does not fit."),
     Metric("origin_time_offset", "Median of Wadati's origin times less the catalogue's", "s",
            "Check the vp/vs of the velocity model against the one found here.", "velocity"),
     Metric("origin_time_scatter", "Scatter of Wadati's origin times about the catalogue's", "s",
            "Look at the events with the largest differences: their S or P picks do not belong together.")),
    _run)
