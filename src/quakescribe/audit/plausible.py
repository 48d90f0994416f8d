"""Is the catalogue what it seems: read whole, its depths in kilometres, its times in UTC, its ids unique?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case
from quakescribe.audit.check import BAD, GOOD, WATCH, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.statistics import mad_scale, wilson
from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.tables.facts import Facts
from quakescribe.tables.matching import seconds

METRICS = (
    Metric("left_out_on_reading", "Rows left out when the files were read", "-",
           "Look at the reasons in the section Left out, and mend the file."),
    Metric("unknown_stations", "Picks at stations that the list does not have", "-",
           "Give the list of stations that belongs to these picks, or the picks the names that the list has."),
    Metric("changed_on_reading", "Things changed when the files were read", "-",
           "Check that this is what the file means: depths in km below sea level, an id of its own for every event."),
    Metric("median_depth", "Median depth", "km",
           "Check the unit of the depths: the field expects km below sea level, QuakeML metres."),
    Metric("station_distance", "Median distance from an event to the nearest station", "km",
           "Check signs and order of the coordinates of events and stations, and that both are of one network."),
    Metric("time_offset", "Clock of the events against that of the picks", "h",
           "The catalogue's times are local or of another zone: write them in UTC, or with their numeric offset."),
)
CHANGED = ("depth-in-metres", "duplicate-id", "duplicate-pick", "duplicate-magnitude")
"""Reasons among the skips for what is here, but not as the file has it."""
NOTED = ("amplitude-without-unit", "no-depth", "unknown-station")
"""Reasons for what is lacking, while the row is here."""
_FEW_LOST, _MANY_LOST = 0.001, 0.05
_OFFSETS_H = np.arange(-56, 57) / 4.0  # some zones are a quarter of an hour off (Nepal, Chatham)
_WINDOW_S = 15.0
"""Picks of the nearer stations come within this time after an event."""
_RIGHT, _WRONG = 5.0, 8.0
"""Robust standard deviations over the other offsets that show that the times are right, or that others are."""
_MOST_EVENTS = 5000
_MOUNTAIN_KM = 5.0
_FAR_KM, _ELSEWHERE_KM = 150.0, 500.0


def plausible(case: Case) -> Outcome:
    """Answer the check ``input``."""
    rows = Rows(METRICS)
    facts = case.facts
    _reading(rows, facts)
    _stations(rows, facts)
    _depths(rows, facts)
    _distances(rows, facts)
    table = _offset(rows, facts)
    return Outcome(rows.rows, {"time_offset": table})


def _reading(rows: Rows, facts: Facts) -> None:
    """Say what was left out, and what was taken otherwise than it stands in the file."""
    skips = facts.skips[facts.skips["stage"] == "exchange"]
    kept = len(facts.picks) + len(facts.catalogue)
    if not kept and skips.empty:
        for name in ("left_out_on_reading", "changed_on_reading"):
            rows.cannot_tell(name, "there is neither a pick nor an event")
        return
    changed, noted = skips["reason"].isin(CHANGED), skips["reason"].isin(NOTED)
    lost = skips[~changed & ~noted]
    count = int(lost["count"].sum())
    low, high = wilson(count, count + kept)
    verdict = judge(low, high, _FEW_LOST, _MANY_LOST) if count else GOOD
    rows.add("left_out_on_reading", count / (count + kept), verdict, f"Left out: {_words(lost)}." if count else
             f"All {len(facts.picks):,} picks and {len(facts.catalogue):,} events of the files are here.",
             low=low, high=high, n=count + kept, expected=0.0)
    other = skips[changed]
    n = int(other["count"].sum())
    why = f"Taken otherwise than written: {_words(other)}." if n else "All was taken as it is written."
    rows.add("changed_on_reading", n, WATCH if n else GOOD, why, low=n, high=n, expected=0.0, n=kept)


def _words(skips: pd.DataFrame) -> str:
    counts = skips.groupby("reason")["count"].sum()
    return "; ".join(f"{reason} ({int(count):,})" for reason, count in counts.items())


def _stations(rows: Rows, facts: Facts) -> None:
    """Say how many picks lie at stations that the table of stations does not have."""
    picks = facts.picks
    if picks.empty or facts.stations.empty:
        rows.cannot_tell("unknown_stations", "there are no picks" if picks.empty else "there is no table of stations")
        return
    there = set(facts.stations["station_id"])
    lost = picks[~picks["station_id"].isin(there)]
    low, high = wilson(len(lost), len(picks))
    why = f"All {len(picks):,} picks lie at stations of the list."
    if len(lost):
        examples = ", ".join(sorted(lost["station_id"].unique())[:3])
        why = (f"{len(lost):,} of {len(picks):,} picks lie at stations that the list does not have: they name "
               f"{examples}, the list has {', '.join(sorted(there)[:3])}.{_other_network(lost, there)}")
    rows.add("unknown_stations", len(lost) / len(picks), judge(low, high, _FEW_LOST, _MANY_LOST) if len(lost) else GOOD,
             why, low=low, high=high, expected=0.0, n=len(picks))


def _other_network(lost: pd.DataFrame, there: set[str]) -> str:
    """Return a sentence where the stations are known by their own codes, under other networks or locations."""
    codes = {name.split(".")[1] for name in there if "." in name}
    match = [name.split(".")[1] in codes for name in lost["station_id"].unique() if "." in name]
    return " The station codes are known, under other networks." if match and all(match) else ""


def _summit_km(facts: Facts) -> float:
    """Return the height of the highest station (km), or of high mountains where no station has one."""
    elevation = facts.stations["elevation_m"].to_numpy(np.float64) if len(facts.stations) else np.array([np.nan])
    return float(max(np.nanmax(elevation) / 1000.0, 0.0)) if np.isfinite(elevation).any() else _MOUNTAIN_KM


def _distances(rows: Rows, facts: Facts) -> None:
    """Say how far the events are from the stations: a wrong sign puts them on another continent."""
    known = facts.catalogue[["latitude", "longitude"]].dropna()
    if known.empty or facts.stations.empty:
        rows.cannot_tell("station_distance", "no event has a place" if known.empty else "there is no table of stations")
        return
    part = known.iloc[np.linspace(0, len(known) - 1, min(len(known), _MOST_EVENTS)).astype(np.int64)]
    near = np.full(len(part), np.inf)
    for place in facts.stations[["latitude", "longitude"]].drop_duplicates().to_numpy(np.float64):
        near = np.minimum(near, distance_azimuth(part["latitude"], part["longitude"], *place)[0])
    low, middle, high = (float(one) for one in np.quantile(near, [0.025, 0.5, 0.975]))
    verdict = BAD if middle > _ELSEWHERE_KM else WATCH if middle > _FAR_KM else GOOD
    rows.add("station_distance", middle, verdict, f"The median event is {middle:,.0f} km from the nearest station"
             + (": these are not earthquakes of this network." if verdict == BAD else f", 95% {low:,.0f} to "
                f"{high:,.0f} km."), low=low, high=high, n=len(part))


def _depths(rows: Rows, facts: Facts) -> None:
    depth = facts.catalogue["depth_km"].dropna()
    if len(depth) < 3:
        rows.cannot_tell("median_depth", f"{len(depth)} events have a depth", n=len(depth))
        return
    median, spread = float(depth.median()), float(np.ptp(depth))
    if 0 < depth.abs().max() < 0.1 and spread > 0:
        rows.add("median_depth", median, BAD, f"All {len(depth):,} depths lie within {depth.abs().max() * 1000:.0f} m "
                 "of sea level: they are probably km, written where metres are expected.", n=len(depth))
    elif median < -_summit_km(facts):
        rows.add("median_depth", median, BAD, f"The median depth of {median:.1f} km lies above the stations: depths "
                 "are counted upwards, it seems, and not down from sea level.", n=len(depth))
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
    best, here = int(counts.argmax()), int(np.flatnonzero(_OFFSETS_H == 0)[0])
    others = np.delete(counts, best).astype(np.float64)
    scatter = max(mad_scale(others), float(np.sqrt(max(np.median(others), 1.0))))
    z = (counts - np.median(others)) / scatter
    value = float(_OFFSETS_H[best])
    told = f"{counts[best]:,} picks come within {_WINDOW_S:.0f} s after the events"
    if z[best] < (_RIGHT if best == here else _WRONG):
        rows.cannot_tell("time_offset", "no offset of half hours stands out by the picks that follow the events (most, "
                         f"{counts[best]:,}, at {value:+g} h; {np.median(others):,.0f} in the median)", n=len(at))
    elif best == here:
        rows.add("time_offset", 0.0, GOOD, f"{told}, at other offsets {np.median(others):,.0f} in the median.",
                 low=0.0, high=0.0, expected=0.0, n=len(at))
    elif z[here] < _RIGHT:
        rows.add("time_offset", value, BAD, f"{told} if these are moved by {value:+g} h, only {counts[here]:,} as they "
                 "stand: the catalogue or the picks are not in UTC.", low=value, high=value, expected=0.0, n=len(at))
    else:
        rows.add("time_offset", 0.0, WATCH, f"{told} if these are moved by {value:+g} h, and {counts[here]:,} as they "
                 "stand.", low=min(0.0, value), high=max(0.0, value), expected=0.0, n=len(at))
    return pd.DataFrame({"offset_h": _OFFSETS_H, "picks": counts})


def _after(times: NDArray[np.float64], onsets: NDArray[np.float64]) -> int:
    """Return how many onsets come within the window after any time, each event counted by itself."""
    return int((np.searchsorted(onsets, times + _WINDOW_S) - np.searchsorted(onsets, times)).sum())


INPUT = Check(
    "input", "catalogue", "Is the catalogue what it seems to be?",
    "What was left out, and what was taken otherwise than written, is counted on reading. Depths that all lie within "
    "100 m of sea level are probably in another unit. The picks within 15 s after the events are counted with the "
    "events moved by every half hour from -14 to +14 h: a catalogue in local time has its maximum away from zero. The "
    "other offsets tell what chance gives; a maximum tells something from 5 (at zero) or 8 (elsewhere) robust standard "
    "deviations above them on.",
    ("Husen, S., & Hardebeck, J. L. (2010). Earthquake location accuracy. Community Online Resource for Statistical "
     "Seismicity Analysis, doi 10.5078/corssa-55815573.",), METRICS, plausible)
