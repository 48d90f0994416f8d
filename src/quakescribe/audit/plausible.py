"""Is the catalogue what it seems: read whole, its depths in kilometres, its times in UTC, its ids unique?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import poisson

from quakescribe.audit.case import Case
from quakescribe.audit.check import BAD, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.tables.facts import Facts
from quakescribe.tables.matching import seconds

METRICS = (
    Metric("left_out_on_reading", "Rows left out when the files were read", "-",
           "Look at the reasons in the section Left out; mend the file or say the station names by --stations."),
    Metric("median_depth", "Median depth", "km",
           "Check the unit of the depths: the field expects km below sea level, QuakeML metres."),
    Metric("time_offset", "Events against picks: offset of the clocks", "h",
           "The catalogue's times are local or of another zone: write them in UTC, or with their numeric offset."),
    Metric("magnitudes_known", "Share of events with a magnitude", "-",
           "Without magnitudes completeness, b and energy cannot be judged: measure them (quakescribe measure)."),
)
_OFFSETS_H = np.arange(-28, 29) / 2.0
_WINDOW_S = 45.0
"""Picks of an event come within this time after it, at local distances."""
_MOST_EVENTS = 5000


def plausible(case: Case) -> Outcome:
    """Answer the check ``input``."""
    rows = Rows(METRICS)
    facts = case.facts
    _left_out(rows, facts)
    _depths(rows, facts)
    table = _offset(rows, facts)
    _magnitudes(rows, facts)
    return Outcome(rows.rows, {"time_offset": table})


def _left_out(rows: Rows, facts: Facts) -> None:
    skips = facts.skips[facts.skips["stage"] == "exchange"]
    kept = len(facts.picks) + len(facts.catalogue)
    lost = skips[~skips["reason"].isin(["unknown-station", "amplitude-without-unit", "no-depth"])]
    if not kept and skips.empty:
        rows.cannot_tell("left_out_on_reading", "there is neither a pick nor an event")
        return
    count = int(lost["count"].sum())
    share = count / max(count + kept, 1)
    words = "; ".join(f"{one.reason}: {one.count:,}" for one in
                      skips.groupby("reason", as_index=False)["count"].sum().itertuples(index=False))
    units = "depth-in-metres" in set(skips["reason"])
    verdict = BAD if share > 0.05 or units else WATCH if len(skips) else GOOD
    why = (f"Said while reading: {words}." if len(skips)
           else f"All {len(facts.picks):,} picks and {len(facts.catalogue):,} events were read.")
    rows.add("left_out_on_reading", share, verdict, why, n=count + kept, expected=0.0)


def _depths(rows: Rows, facts: Facts) -> None:
    depth = facts.catalogue["depth_km"].dropna()
    if len(depth) < 3:
        rows.cannot_tell("median_depth", f"{len(depth)} events have a depth", n=len(depth))
        return
    median, spread = float(depth.median()), float(np.ptp(depth))
    if 0 < depth.abs().max() < 0.1 and spread > 0:
        rows.add("median_depth", median, BAD, f"All {len(depth):,} depths lie within {depth.abs().max() * 1000:.0f} m "
                 "of sea level: they are probably km, written where metres are expected.", n=len(depth))
    elif median > 150.0:
        rows.add("median_depth", median, WATCH, f"The median depth of {median:.0f} km is unusual for a local "
                 "catalogue: are these km?", n=len(depth))
    else:
        rows.add("median_depth", median, GOOD, f"Depths with a median of {median:.1f} km are those of a local "
                 "catalogue.", n=len(depth))


def _offset(rows: Rows, facts: Facts) -> pd.DataFrame:
    """Find the offset of whole half hours at which most picks follow the events."""
    events, picks = facts.catalogue, facts.picks
    if len(events) < 5 or len(picks) < 20:
        rows.cannot_tell("time_offset", f"{len(events)} events and {len(picks)} picks are too few to hold their times "
                         "against each other", n=len(events))
        return pd.DataFrame({"offset_h": [], "picks": []}, dtype=float)
    at, onsets = seconds(events["time"]), np.sort(seconds(picks["time"]))
    at = at[np.unique(np.linspace(0, len(at) - 1, min(len(at), _MOST_EVENTS)).astype(np.int64))]
    counts = np.array([_after(at + 3600.0 * hours, onsets) for hours in _OFFSETS_H])
    table = pd.DataFrame({"offset_h": _OFFSETS_H, "picks": counts})
    best, here = int(counts.argmax()), int(np.flatnonzero(_OFFSETS_H == 0)[0])
    by_chance = float(np.median(counts))
    value = float(_OFFSETS_H[best])
    if not poisson.sf(counts[best] - 1, max(by_chance, 0.5)) < 1e-6 or counts[best] < 2 * by_chance:
        rows.cannot_tell("time_offset", "at no offset of whole half hours do more picks follow the events than by "
                         "chance: picks and events seem to have nothing to do with one another", n=len(at))
    elif best == here:
        rows.add("time_offset", 0.0, GOOD, f"{counts[best]:,} picks follow the events within {_WINDOW_S:.0f} s, by "
                 f"chance it would be {by_chance:,.0f}.", low=0.0, high=0.0, expected=0.0, n=len(at))
    elif counts[best] > 1.5 * counts[here]:
        rows.add("time_offset", value, BAD, f"{counts[best]:,} picks follow the events if these are moved by "
                 f"{value:+g} h, only {counts[here]:,} as they stand: the catalogue or the picks are not in UTC.",
                 low=value, high=value, expected=0.0, n=len(at))
    else:
        rows.add("time_offset", 0.0, WATCH, f"Moved by {value:+g} h about as many picks follow the events "
                 f"({counts[best]:,}) as where they stand ({counts[here]:,}).", low=min(0.0, value),
                 high=max(0.0, value), expected=0.0, n=len(at))
    return table


def _after(times: NDArray[np.float64], onsets: NDArray[np.float64]) -> int:
    """Return how many onsets come within the window after any time, each event counted by itself."""
    return int((np.searchsorted(onsets, times + _WINDOW_S) - np.searchsorted(onsets, times)).sum())


def _magnitudes(rows: Rows, facts: Facts) -> None:
    n = len(facts.catalogue)
    if not n:
        rows.cannot_tell("magnitudes_known", "there is no event", n=0)
        return
    known = int(facts.catalogue["magnitude"].notna().sum())
    if not known:
        rows.cannot_tell("magnitudes_known", f"none of the {n:,} events has a magnitude: sizes, completeness and b are "
                         "left out of this audit", n=n)
        return
    share = known / n
    rows.add("magnitudes_known", share, GOOD if share > 0.9 else WATCH,
             f"{known:,} of {n:,} events have a magnitude{f' {facts.kind}' if facts.kind else ''}.", n=n, expected=1.0)


INPUT = Check(
    "input", "catalogue", "Is the catalogue what it seems to be?",
    "What was left out on reading is counted. Depths that are all within 100 m, or beyond 800 km, are in another unit. "
    "The picks that follow the events within 45 s are counted with the events moved by every half hour from -14 to +14 "
    "h: catalogues in local time show their maximum away from zero; the median over all offsets is what chance gives.",
    ("Husen, S., & Hardebeck, J. L. (2010). Earthquake location accuracy. Community Online Resource for Statistical "
     "Seismicity Analysis, doi 10.5078/corssa-55815573.",), METRICS, plausible)
