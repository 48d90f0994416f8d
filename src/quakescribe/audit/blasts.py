"""Where do events happen in working hours? Quarries, found on a map."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from quakescribe.audit.case import Case
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.local_time import Array, EventTimes, event_times, weekday
from quakescribe.audit.quarry_map import Daytime, daytime_p, quarry_map
from quakescribe.audit.statistics import wilson
from quakescribe.audit.words import number_of
from quakescribe.earth.geodesy import LocalFrame
from quakescribe.settings.audit_rates import AuditRatesSettings

_LEAST_DAYS = 5  # days with events: fewer say nothing about what repeats
_MOST_PLACES = 20  # in the findings
_CHANCE = 0.001  # of the share of the whole network, for 'bad'
_TOO_WIDE = 0.1  # half of the interval of a share

METRICS = (
    Metric("working_hours_share", "Share of events in working hours", "-",
           "Look for quarries on the map and in the list of places, and remove blasts before rates are used."),
    Metric("quarry_places", "Places with likely blasts", "-",
           "Compare each place with satellite pictures and quarry registers, look at waveforms of its daytime events, "
           "and mark them as blasts."),
    Metric("quarry_ratio", "Largest ratio of working to other hours at a place", "-",
           "Treat the daytime events of the place as blasts until waveforms show otherwise."),
    Metric("quarry_blasts", "Likely blasts among the events", "-",
           "Remove events in working hours near the places, or mark them as blasts."),
)


def _run(case: Case) -> Outcome:
    rules, rows, times = case.settings.rates, Rows(METRICS), event_times(case)
    because = _too_little(case, times, rules)
    if because:
        for metric in METRICS:
            rows.cannot_tell(metric.name, because, n=times.n)
        return Outcome(rows.rows, {"nodes": pd.DataFrame(), "places": pd.DataFrame()})
    events = _daytime(case, times)
    _whole(rows, events)
    if len(events.row) < 2 * rules.quarry_least_events:
        for metric in METRICS[1:]:
            rows.cannot_tell(metric.name, f"{len(events.row)} events with a place are too few for a map: it takes "
                             f"{rules.quarry_least_events} nearest events of each place", n=len(events.row))
        return Outcome(rows.rows, {"nodes": pd.DataFrame(), "places": pd.DataFrame()})
    nodes, members = quarry_map(events, rules)
    places = _places(events, nodes, members, case, times)
    _write(rows, events, nodes, places)
    return Outcome(rows.rows, {"nodes": nodes, "places": places})


def _too_little(case: Case, times: EventTimes, rules: AuditRatesSettings) -> str:
    if times.n < rules.least_events:
        return f"there are fewer than {rules.least_events} events"
    if times.days < _LEAST_DAYS:
        return f"the catalogue is shorter than {_LEAST_DAYS} days"
    if not np.isfinite(case.facts.catalogue[["latitude", "longitude"]].to_numpy(np.float64)).all(axis=1).any():
        return "no event has a place"
    return ""


def _daytime(case: Case, times: EventTimes) -> Daytime:
    rules, grid = case.settings.rates, times.grid
    place = case.facts.catalogue[["latitude", "longitude"]].to_numpy(np.float64)
    row = np.flatnonzero(np.isfinite(place).all(axis=1))
    frame = LocalFrame.around(place[row, 0], place[row, 1])
    x, y = frame.to_xy(place[row, 0], place[row, 1])
    hours = grid["hours"].to_numpy()
    within = (grid["hour"] >= rules.work_from_h) & (grid["hour"] < rules.work_to_h)
    work = (times.hour[row] >= rules.work_from_h) & (times.hour[row] < rules.work_to_h)
    return Daytime(row, x, y, work, times.day[row] - times.day.min(), float(hours[within].sum() / hours.sum()), frame)


def _whole(rows: Rows, events: Daytime) -> None:
    """Compare the share of all events in working hours with that of the time."""
    n, k, q = len(events.work), int(events.work.sum()), events.expected
    p = float(daytime_p(events.work[None, :], events.day[None, :], q)[0][0])
    share = k / n
    surplus = np.bincount(events.day, events.work - share)
    days = len(np.unique(events.day))
    if days < _LEAST_DAYS:
        rows.cannot_tell("working_hours_share", f"events on {days} days say nothing about working hours", n=n)
        return
    half = t.ppf(0.975, days - 1) * math.sqrt(max(float((surplus**2).sum()), n * share * (1 - share))) / n
    low, high = max(0.0, share - half), min(1.0, share + half)
    words = f"{100 * share:.0f}% of {n:,} events lie in working hours, {100 * q:.0f}% of the time does"
    if p < _CHANCE and low > q:
        verdict, why = BAD, f"{words}: chance does not explain it (p = {p:.2g}, days taken as independent)."
    elif low > q:
        verdict, why = WATCH, f"{words}: somewhat more than chance (p = {p:.2g})."
    elif high < q:
        verdict, why = GOOD, f"{words}: fewer, as where detection is better by night."
    elif half > _TOO_WIDE:
        verdict, why = CANNOT_TELL, f"{words}, but the interval is too wide ({100 * low:.0f} to {100 * high:.0f}%)."
    else:
        verdict, why = GOOD, f"{words}: as chance has it."
    rows.add("working_hours_share", share, verdict, why, low=low, high=high, expected=q, n=n)


def _places(events: Daytime, nodes: pd.DataFrame, members: list[NDArray[np.int64]], case: Case,
            times: EventTimes) -> pd.DataFrame:
    """Return one row per group of significant nodes that share events: place, counts, blasts and their interval."""
    left = list(nodes.index[nodes["significant"]][np.argsort(nodes["p"][nodes["significant"]], kind="stable")])
    depth = case.facts.catalogue["depth_km"].to_numpy(np.float64)
    rows = []
    while left:
        best, union = left[0], set(members[left[0]].tolist())
        group = [node for node in left if not union.isdisjoint(members[node].tolist())]
        left = [node for node in left if node not in group]
        rows.append(_place(events, members, best, group, depth, times, case.settings.rates))
    found = pd.DataFrame(rows)
    if not len(found):
        return found
    found["latitude"], found["longitude"] = events.frame.to_geographic(found["x"], found["y"])
    return found


def _place(events: Daytime, members: list[NDArray[np.int64]], best: int, group: list[int], depth: Array,
           times: EventTimes, rules: AuditRatesSettings) -> dict[str, float]:
    core, q = members[best], events.expected
    inside = np.unique(np.concatenate([members[node] for node in group]))
    working, n_work = core[events.work[core]], int(events.work[inside].sum())
    n_rest, fair = len(inside) - n_work, q / (1 - q)
    blasts = n_work - n_rest * fair
    half = 1.96 * math.sqrt(n_work + n_rest * fair**2)
    low, high = wilson(float(events.work[core].sum()), len(core))
    row = events.row[inside]
    off = (weekday(times.day[row[events.work[inside]]]) - rules.weekend_starts) % 7 < 2
    with np.errstate(divide="ignore"):
        ratio = [s / max(1 - s, 0.5 / len(core)) * (1 - q) / q for s in (events.work[core].mean(), low, high)]
    return {"x": float(np.median(events.x[working])), "y": float(np.median(events.y[working])), "n": len(inside),
            "n_work": n_work, "ratio": ratio[0], "ratio_low": ratio[1], "ratio_high": max(ratio[2], ratio[0]),
            "blasts": blasts, "blasts_low": max(0.0, blasts - half), "blasts_high": blasts + half,
            "weekend_share": float(off.mean()), "depth_work_km": _middle(depth[row[events.work[inside]]]),
            "depth_rest_km": _middle(depth[row[~events.work[inside]]])}


def _middle(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def _write(rows: Rows, events: Daytime, nodes: pd.DataFrame, places: pd.DataFrame) -> None:
    """Write down how many places there are, and each."""
    n, n_own = len(places), int((nodes["own"] & ~nodes["significant"]).sum())
    verdict = BAD if n else WATCH if n_own else GOOD
    why = f"Of {len(nodes):,} groups of nearest events"
    if n:
        why += (f", {int(nodes['significant'].sum())} have more events in working hours than chance, at "
                f"{number_of(n, 'place')}.")
    elif n_own:
        why += f", {n_own} have more events in working hours than the rest of the catalogue, none more than the time."
    else:
        why += " none has more events in working hours than chance explains."
    rows.add("quarry_places", n, verdict, why, expected=0.0, n=len(nodes))
    if not n:
        top = nodes.iloc[int(nodes["p"].to_numpy().argmin())]
        low, high = (s / max(1 - s, 1e-9) * (1 - events.expected) / events.expected
                     for s in wilson(top["n_work"], top["n"]))
        rows.add("quarry_ratio", top["ratio"], verdict, f"The most conspicuous group has {int(top['n_work'])} of "
                 f"{int(top['n'])} events in working hours, a ratio of {top['ratio']:.1f}, "
                 f"{'more than the rest of the catalogue' if n_own else 'as chance has it among so many groups'}.",
                 low=min(low, top["ratio"]), high=max(high, top["ratio"]), expected=1.0, n=top["n"])
        rows.add("quarry_blasts", 0.0, GOOD, "No place has an excess of events in working hours.", expected=0.0,
                 n=len(events.row))
        return
    _write_places(rows, places, len(events.row))


def _write_places(rows: Rows, places: pd.DataFrame, n_events: int) -> None:
    best, n_places = places.iloc[0], len(places)
    rows.add("quarry_ratio", best["ratio"], BAD, f"At the most conspicuous place the rate in working hours is "
             f"{best['ratio']:.1f} times that of other hours (interval {best['ratio_low']:.1f} to "
             f"{best['ratio_high']:.1f}).", low=best["ratio_low"], high=best["ratio_high"], expected=1.0, n=best["n"])
    half = 1.96 * math.sqrt((((places["blasts_high"] - places["blasts"]) / 1.96) ** 2).sum())
    total = places["blasts"].sum()
    rows.add("quarry_blasts", total, BAD, f"About {total:.0f} of {n_events:,} events (interval "
             f"{max(0.0, total - half):.0f} to {total + half:.0f}) exceed what the other hours lead to expect at "
             f"{number_of(n_places, 'place')}.",
             low=max(0.0, total - half), high=total + half, expected=0.0, n=n_events)
    for k in range(1, min(n_places, _MOST_PLACES) + 1):
        place = places.iloc[k - 1]
        rows.add("quarry_blasts", place["blasts"], BAD, f"Near {place['latitude']:.3f}, {place['longitude']:.3f}: "
                 f"{int(place['n_work'])} of {int(place['n'])} events in working hours (weekend share "
                 f"{100 * place['weekend_share']:.0f}%, without blasts 29%), about {place['blasts']:.0f} too many.",
                 scope="place", key=str(k), low=place["blasts_low"], high=place["blasts_high"], expected=0.0,
                 n=place["n"])


BLASTS = Check(
    "blasts", "catalogue", "Are there quarry blasts among the events, and where?",
    "At places of events the 50 to 400 nearest events are taken together, and the number in local working hours is "
    "compared with the share of working hours in the recorded time and with the share in the rest of the catalogue; "
    "both must be exceeded, as detection that changes with the hour moves the one and other quarries the other. "
    "The test takes days as independent, not events, and no more than a fifth of the working-hour events may lie on "
    "one day, so that a sequence by day is no quarry. Of all nodes and numbers of events those are kept whose "
    "false-discovery rate is below the limit; nodes share events, so neighbours are one place. "
    "Blasts are the working-hour events less what the other hours lead to expect.",
    ("Wiemer, S. & Baer, M. (2000). Mapping and removing quarry blast events from seismicity catalogs. Bulletin of the "
     "Seismological Society of America 90, 525-530.",
     "Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful approach to "
     "multiple testing. Journal of the Royal Statistical Society B 57, 289-300."),
    METRICS, _run)
