"""Association lift: whether a station has the onsets that the events, made without it, predict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case
from quakescribe.audit.check import CANNOT_TELL, NAN, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.clock_offset import CLOCK_OFFSET, Offsets, met, offsets, say_offsets
from quakescribe.audit.contamination import contamination
from quakescribe.audit.predictions import LEAST_OTHERS, Geometry, Lever, Observed, Others, predicted_at, prepared
from quakescribe.audit.statistics import judge_surely, poisson_interval, resampled, wilson
from quakescribe.tables.matching import seconds

Array = NDArray[np.float64]

SHIFTS, SHIFT_S = 40, (60.0, 900.0)
"""How often and how far (s, either way) a station's picks are shifted: beyond any event, within its hours."""


def by_chance(onsets: tuple[Array, Array], predicted: Array, within: tuple[float, float], span: tuple[float, float],
              rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which events have P and S after each of 40 shifts of the picks by 60 to 900 s, either way, round the span.

    Shape (40, n). The predictions are shifted instead, which is the same; one that leaves the span comes in at the
    other end.
    """
    by = rng.uniform(*SHIFT_S, SHIFTS) * rng.choice([-1.0, 1.0], SHIFTS)
    start, length = span[0], max(span[1] - span[0], 1.0)
    found = np.empty((SHIFTS, predicted.shape[1]), dtype=bool)
    for k, shift in enumerate(by):
        p = start + (predicted[0] + shift - start) % length
        found[k] = met(onsets, np.stack([p, p + predicted[1] - predicted[0]]), within)
    return found


_METRICS = (
    Metric("association_lift", "Onsets as predicted, over those by chance (lift)", "-",
           "Check the station's clock, coordinates and noise: its picks lie where the events predict them hardly more "
           "often than by chance. Leave it out and associate again."),
    Metric("chance_arrivals", "Share of arrivals that is chance", "-",
           "Treat this station's arrivals with suspicion, above all in events with few stations: raise its weight only "
           "when its picks without event have become fewer."),
    Metric("expected_contamination", "Share of events that meet a false pair", "-",
           "Make fewer false picks at this station (threshold, training with its noise), or leave it out: so many "
           "events will find a false pair at their time whether it recorded them or not."),
    CLOCK_OFFSET,
)


def _run(case: Case) -> Outcome:
    rows, facts = Rows(_METRICS), case.facts
    stray = contamination(rows, case)
    reason = ("There are no picks." if facts.picks.empty else "There is no table of stations." if facts.stations.empty
              else "No pick belongs to an event." if facts.arrivals.empty or facts.catalogue.empty else
              "There are no S picks." if facts.picks["phase"].eq("P").all() else
              "There are no P picks." if facts.picks["phase"].eq("S").all() else "")
    if not reason:
        geometry, seen, stations = prepared(case)
        if not len(geometry.time):
            reason = f"No event has arrivals of {LEAST_OTHERS} stations."
    if reason:
        for metric in ("association_lift", "chance_arrivals", "clock_offset"):
            rows.cannot_tell(metric, reason)
        return Outcome(rows.rows, {"stations": stray})
    table, shifted = _lifts(case, geometry, seen, stations)
    say_offsets(rows, shifted)
    one: Any
    for one in table.itertuples():
        _say(rows, one, case)
    _network(rows, table, case)
    table = table.merge(stray, on="station_id", how="outer").assign(least=case.settings.picks.lift_least)
    return Outcome(rows.rows, {"stations": table})


def _lifts(case: Case, geometry: Geometry, seen: Observed, stations: pd.Index) -> tuple[pd.DataFrame, list[Offsets]]:
    """Return what stations that have picks have of the events, as predicted and at other times.

    The table has station_id, events, k, k0, k0_low, k0_high, z and lift with its interval.
    """
    rules, picks = case.settings.picks, case.facts.picks
    lever, others = Lever.of(geometry, seen), Others.of(geometry, seen)
    time, is_s = seconds(picks["time"]), picks["phase"].eq("S").to_numpy()
    station = stations.get_indexer(pd.Index(picks["station_id"]))
    start, end = (float(seconds(pd.Series([one]))[0]) for one in case.facts.span or (picks["time"].min(),) * 2)
    within, found, shifted = (rules.lift_p_s, rules.lift_s_s), [], []
    for j, name in enumerate(stations):
        own = station == j
        if not own.any():
            continue
        onsets = np.sort(time[own & ~is_s]), np.sort(time[own & is_s])
        predicted = predicted_at(j, geometry, seen, lever, others, rules.lift_events)
        there = met(onsets, predicted, within)
        null = by_chance(onsets, predicted, within, (start, end), case.rng(641, j))
        found.append((name, len(onsets[0]), len(onsets[1]), predicted.shape[1], int(there.sum()),
                      *_null(null.sum(axis=1))))
        shifted.append(offsets(str(name), onsets, predicted, there, within, null[:, ~there].sum(axis=1)))
    table = pd.DataFrame(found, columns=["station_id", "p", "s", "events", "k", "k0", "k0_low", "k0_high", "var"])
    table["z"] = (table["k"] - table["k0"]) / np.sqrt(np.maximum(table[["k0", "var"]].max(axis=1), 1.0 / SHIFTS))
    least = np.where(table["k0"] > 0, table["k0"], table["k0_high"])
    table["lift"] = np.where(table["events"] > 0, table["k"] / np.maximum(least, 1e-9), np.nan)
    bounds = np.array([_k_interval(k, n) for k, n in zip(table["k"], table["events"], strict=True)]).reshape(-1, 2)
    table["low"] = np.minimum(bounds[:, 0] / np.maximum(table["k0_high"], 1e-9), table["lift"])
    table["high"] = np.where(table["k0_low"] > 0, bounds[:, 1] / np.maximum(table["k0_low"], 1e-9), np.inf)
    table["high"] = np.maximum(table["high"], table["lift"])
    return table, shifted


def _null(found: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """Return mean, interval of the mean, and variance of the hits of the shifts.

    The sum of all shifts is Poissonian (exact interval), or as much wider as they scatter more than that.
    """
    total, variance = float(found.sum()), float(found.var(ddof=1))
    mean = total / len(found)
    low, high = (end / len(found) for end in poisson_interval(total))
    wider = float(np.sqrt(max(variance / mean, 1.0))) if mean > 0 else 1.0
    return mean, max(mean - wider * (mean - low), 0.0), mean + wider * (high - mean), variance


def _k_interval(k: int, n: int) -> tuple[float, float]:
    """Return the interval of the number of hits of n events."""
    low, high = wilson(k, n)
    return low * n, high * n


def _say(rows: Rows, one: Any, case: Case) -> None:
    least, more = case.settings.picks.lift_least, {"scope": "station", "key": one.station_id, "n": one.events}
    because = (f"No event of {LEAST_OTHERS} other stations lies in its reach." if not one.events else
               "It has no P, or no S: were all its components recorded?" if not min(one.p, one.s) else "")
    if because:
        for metric in ("association_lift", "chance_arrivals"):
            rows.cannot_tell(metric, because, **more)
        return
    verdict = judge(one.low, one.high, least, least)
    told = (f"Of {one.events:,} events made without it, it has P and S as predicted in {one.k:,}, and in {one.k0:.1f} "
            f"with its picks shifted in time")
    bound = "at least " if one.k0 == 0 and one.k else ""
    tail = ("; too few to tell." if verdict == CANNOT_TELL else f": {bound}{one.lift:.1f} times as often as by chance.")
    rows.add("association_lift", one.lift, verdict, told + tail, low=one.low, expected=1.0,
             high=one.high if np.isfinite(one.high) else NAN, **more)
    if not one.k:
        rows.cannot_tell("chance_arrivals", f"It has none of the {one.events:,} events as predicted.", **more)
        return
    value, low, high = (min(share, 1.0) for share in (one.k0 / one.k, 1.0 / one.high, 1.0 / max(one.low, 1e-9)))
    rows.add("chance_arrivals", value, judge_surely(low, high, 0.5 / least, 1.0 / least),
             f"About {value:.1%} of its {one.k:,} arrivals as predicted would be there by chance.",
             low=min(low, value), high=max(high, value), **more)


def _network(rows: Rows, table: pd.DataFrame, case: Case) -> None:
    """Say the lift of all stations together; the interval is from drawing stations again."""
    rules = case.settings.picks
    k, k0, n = (table[name].to_numpy(np.float64) for name in ("k", "k0", "events"))
    if not n.sum() > 0:
        because = f"No event of {LEAST_OTHERS} other stations lies in reach of a station with picks."
        for metric in ("association_lift", "chance_arrivals"):
            rows.cannot_tell(metric, because, n=0)
        return
    if not k0.sum() > 0:  # the upper limit of what 40 shifts did not find
        k0 = np.full(len(k), poisson_interval(0.0)[1] / SHIFTS / len(k))
    value = float(k.sum() / k0.sum())
    low, high = resampled(lambda i: k[i].sum() / k0[i].sum() if k0[i].sum() > 0 else NAN, np.arange(len(k)),
                          case.rng(642), case.settings.resamples)
    low, high = min(low, value), max(high, value)
    verdict = judge(low, high, rules.lift_least, rules.lift_least)
    weak = int((table["high"] < rules.lift_least).sum())
    rows.add("association_lift", value, verdict, f"Events have P and S of a station as predicted {k.sum():,.0f} "
             f"times, and {k0.sum():,.1f} times with picks shifted in time: {value:.1f} times as often as by chance; "
             f"{weak} of {len(table)} stations surely stay below {rules.lift_least:g}.", low=low, high=high,
             expected=1.0, n=float(n.sum()))
    share = min(1.0 / value, 1.0) if value > 0 else 1.0
    low, high = (min(1.0 / max(end, 1e-9), 1.0) for end in (high, low))
    verdict = CANNOT_TELL if verdict == CANNOT_TELL else judge_surely(
        low, high, 0.5 / rules.lift_least, 1.0 / rules.lift_least)
    rows.add("chance_arrivals", share, verdict,
             f"About {share:.1%} of the arrivals as predicted would be there by chance.", low=low, high=high,
             n=float(k.sum()))


LIFT = Check(
    name="lift",
    section="associate",
    question="Does every station have the onsets that the events, made without it, predict?",
    method=(
        "For every station the events that have at least four others are taken, and moved by one Gauss-Newton step to "
        "where they would be without its arrivals. K of them have a P within 1 s and an S within 1.5 s of prediction; "
        "K0 is the mean of that over 40 shifts of the station's picks by 60 to 900 s. The lift is K/K0, with the "
        "interval of both counts, and 1 by chance. Predictions carry the median residuals against travel time and of "
        "each station and phase, so the model needs to be roughly right only. The rate of pairs without event gives "
        "the share of events that meet a false pair, 1 - exp(-rate * 3 s). Where a clock is wrong by seconds, P and S "
        "come together at one other time: the events without both as predicted are asked again at 3 to 30 s either "
        "way."),
    references=(
        "Belsley, D. A., Kuh, E. & Welsch, R. E. (1980). Regression diagnostics. Wiley, New York (eq. 2.1: deletion of "
        "rows).",
        "Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.",
        "Zhou, Y. & Zhou, S. (2026). AI- and rule-based earthquake cataloguing. Earth Science 51(2), 690-702, "
        "doi 10.3799/dqkx.2025.177 (the fault that it detects)."),
    metrics=_METRICS,
    run=_run,
)
