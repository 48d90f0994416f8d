"""Does the catalogue change with the hour and the weekday? Small and large events by day and by night."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.completeness import bins_of
from quakescribe.audit.local_time import Array, EventTimes, event_times, ratio_interval, weekday
from quakescribe.audit.magnitude_bins import SMALL
from quakescribe.audit.neighbours import ONE_SEQUENCE
from quakescribe.audit.words import number_of
from quakescribe.settings.audit_rates import AuditRatesSettings

_LEAST_DAYS = 3
_LEAST_WEEKEND_DAYS = 4
_LEAST_OF_A_SIDE = 10  # events by night or by day; the logarithm of their ratio is about normal from here on
_WIDER = 2.576 / 1.960  # from a 95% to a 99% interval of a logarithm: several ratios are judged
_SEEN = 1.5  # a ratio that the data would have shown, or 'good' is not said
_BIN_TOLERANCE = 0.3  # magnitude units: completeness by maximum curvature is no better known

_BLASTS = "look for blasts and for daytime noise detected as events (the map of quarries shows where), and remove them"
METRICS = (
    Metric("night_ratio_small", "Night-to-day ratio of rates, events below completeness", "-",
           f"Where the day has more, {_BLASTS}; where the night has more, use only events above the completeness by "
           "day."),
    Metric("night_ratio_large", "Night-to-day ratio of rates, complete events only", "-",
           f"Where the day has more, {_BLASTS}; where the night has more, the completeness is set too low: raise it."),
    Metric("night_gain_small", "Night-to-day ratio, small relative to complete events", "-",
           f"Above one, detection is better by night: use only events above the completeness by day. Below one, "
           f"{_BLASTS}."),
    Metric("completeness_day_minus_night", "Completeness magnitude, day minus night", "magnitude units",
           "Use the completeness by day for the whole catalogue, or treat day and night apart."),
    Metric("weekend_ratio", "Weekend-to-weekday ratio of rates", "-",
           f"Where working days have more, {_BLASTS}; where the weekend has more, noise pauses then."),
)


@dataclass(frozen=True)
class Counts:
    """Events and recorded hours per local day, shape (days, 2) each: by night, by day."""

    days: NDArray[np.int64]
    small: Array
    large: Array
    hours: Array


def _run(case: Case) -> Outcome:
    rules, rows, times = case.settings.rates, Rows(METRICS), event_times(case)
    because = _too_little(times, rules)
    if because:
        for metric in METRICS:
            rows.cannot_tell(metric.name, because, n=times.n)
        return Outcome(rows.rows, {"hours": pd.DataFrame(), "weekdays": pd.DataFrame()})
    counts = daily(times, rules)
    drawn = _drawn(len(counts.days), case, 1)
    if math.isfinite(times.completeness):
        limit = f"magnitude {times.completeness:.1f}"
        _night_ratio(rows, "night_ratio_small", counts.small, counts.hours, drawn, f"below {limit}", rules)
        _night_ratio(rows, "night_ratio_large", counts.large, counts.hours, drawn, f"from {limit} on", rules)
        _gain(rows, counts, drawn, rules)
        _completeness(rows, times, rules, case)
    else:
        for metric in METRICS[:-1]:
            rows.cannot_tell(metric.name, "the completeness of the whole is not known", n=times.n)
    _weekend(rows, counts, rules, case)
    return Outcome(rows.rows, _tables(times))


def _too_little(times: EventTimes, rules: AuditRatesSettings) -> str:
    """Return why day and night cannot be compared, or nothing."""
    if not times.sure:
        return ONE_SEQUENCE
    if int(times.first.sum()) < rules.least_events:
        return f"there are fewer than {rules.least_events} independent events"
    if times.days < _LEAST_DAYS - 0.1:
        return f"the catalogue is shorter than {_LEAST_DAYS} days"
    return ""


def daily(times: EventTimes, rules: AuditRatesSettings) -> Counts:
    """Return independent events per local day, by night and by day, below and above the completeness."""
    days = np.unique(np.concatenate([times.grid["day"].to_numpy(), times.day[times.first]]))

    def table(day: NDArray, hour: Array, weight: Array) -> Array:
        light = (hour >= rules.day_from_h) & (hour < rules.day_to_h)
        code = 2 * np.searchsorted(days, day) + light
        return np.asarray(np.bincount(code, weight, 2 * len(days)).reshape(-1, 2), dtype=np.float64)

    grid = times.grid
    hours = table(grid["day"].to_numpy(), grid["hour"].to_numpy(np.float64), grid["hours"].to_numpy())
    large = times.magnitude >= times.completeness - 1e-9
    small, big = (table(times.day[keep], times.hour[keep], np.ones(keep.sum()))
                  for keep in (times.first & ~large, times.first & large))
    return Counts(days, small, big, hours)


def _drawn(n_days: int, case: Case, purpose: int) -> NDArray[np.int64]:
    """Return how often each day is drawn, per repeat."""
    return case.rng(67, purpose).multinomial(n_days, np.full(n_days, 1.0 / n_days), size=case.settings.resamples)


def log_ratio(events: Array, hours: Array) -> Array:
    """Return the natural logarithm of the ratio of two rates, first over second, in the last axis."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.log(events + 0.5) - np.log(hours)
    return np.asarray(rate[..., 0] - rate[..., 1])


def _night_ratio(rows: Rows, metric: str, events: Array, hours: Array, drawn: NDArray, of: str,
                 rules: AuditRatesSettings) -> None:
    n = events.sum(axis=0)
    if n.sum() < rules.least_events or (n.min() < _LEAST_OF_A_SIDE and n.max() < 3 * _LEAST_OF_A_SIDE):
        rows.cannot_tell(metric, f"only {int(n.sum())} independent events {of} are too few to compare day and night",
                         n=n.sum())
        return
    value = float(log_ratio(n, hours.sum(axis=0)))
    low, high = ratio_interval(value, log_ratio(drawn @ events, drawn @ hours), math.sqrt((1 / (n + 0.5)).sum()),
                               len(events))
    verdict, words = night_verdict(math.exp(value), low, high, rules.day_excess)
    rows.add(metric, math.exp(value), verdict, f"Events {of} have a rate by night that is {math.exp(value):.2f} times "
             f"that by day (interval {low:.2f} to {high:.2f}; {int(n[0]):,} and {int(n[1]):,} independent events): "
             f"{words}.", low=low, high=high, expected=1.0, n=n.sum())


_DAY = {
    "blasts": "the day has more, as with blasts or daytime noise detected as events (or, rarely, better detection by "
              "day)",
    "quiet": "the night has more, as where detection is better by night",
    "little": "the day has somewhat more",
    "chance": "no more than chance and better detection by night explain",
    "wide": "too wide an interval to tell day from night",
}
_WORKING_DAYS = {
    "blasts": "working days have more, as with blasts or noise of work detected as events",
    "quiet": "the weekend has more, as where detection is better at weekends",
    "little": "working days have somewhat more",
    "chance": "no more than chance and better detection at weekends explain",
    "wide": "too wide an interval to tell working days from weekends",
}


def night_verdict(value: float, low: float, high: float, excess: float, told: dict[str, str] = _DAY) -> tuple[str, str]:
    """Return the verdict of a ratio night over day (or weekend over working days), and what it means in words.

    An excess by day is bad where the 99% interval excludes less than `excess`: nature and better detection by night
    give none. An excess by night is better detection; it is watched, as rates are not to be compared then.
    """
    if math.isnan(low) or math.isnan(high):
        return CANNOT_TELL, "there are too few days to say how well this is known"
    if value * (high / value) ** _WIDER < 1.0 / excess:
        return BAD, told["blasts"]
    if low > excess:
        return WATCH, told["quiet"]
    if high < 1.0:
        return WATCH, told["little"]
    if low >= 1.0 / _SEEN and high <= _SEEN**2:
        return GOOD, told["chance"]
    return CANNOT_TELL, told["wide"]


def _gain(rows: Rows, counts: Counts, drawn: NDArray, rules: AuditRatesSettings) -> None:
    """Compare night over day of small events with that of large ones (Rydelek & Sacks 1989)."""
    small, large = counts.small.sum(axis=0), counts.large.sum(axis=0)
    if min(small.min(), large.min()) < _LEAST_OF_A_SIDE:
        rows.cannot_tell("night_gain_small", f"fewer than {_LEAST_OF_A_SIDE} small or large independent events by day "
                         "or by night are too few to compare", n=small.sum() + large.sum())
        return
    hours = counts.hours.sum(axis=0)
    value = float(log_ratio(small, hours) - log_ratio(large, hours))
    repeats = log_ratio(drawn @ counts.small, drawn @ counts.hours) - log_ratio(drawn @ counts.large,
                                                                                drawn @ counts.hours)
    error = math.sqrt((1 / (small + 0.5)).sum() + (1 / (large + 0.5)).sum())
    low, high = ratio_interval(value, repeats, error, len(counts.days))
    verdict, words = night_verdict(math.exp(value), low, high, rules.day_excess)
    rows.add("night_gain_small", math.exp(value), verdict, f"From day to night the rate of small events changes "
             f"{math.exp(value):.2f} times as much as that of complete ones (interval {low:.2f} to {high:.2f}): "
             f"{words}.", low=low, high=high, expected=1.0, n=small.sum() + large.sum())


def _completeness(rows: Rows, times: EventTimes, rules: AuditRatesSettings, case: Case) -> None:
    """Compare the maximum-curvature magnitude by day and by night; days are drawn again for the interval."""
    metric = "completeness_day_minus_night"
    known = np.isfinite(times.magnitude)
    light = (times.hour >= rules.day_from_h) & (times.hour < rules.day_to_h)
    n = [int((known & side).sum()) for side in (light, ~light)]
    days, where = np.unique(times.day[known], return_inverse=True)
    if min(n) < 2 * rules.least_events or len(days) < _LEAST_DAYS:
        rows.cannot_tell(metric, f"{n[0]} events by day and {n[1]} by night are too few for a completeness", n=sum(n))
        return
    whole = bins_of(case)
    width, least = whole.width, round(float(whole.magnitude[0]) / whole.width)
    step = np.floor(times.magnitude[known] / width + 0.5 + SMALL).astype(np.int64) - least
    table = np.zeros((2, len(days), len(whole.magnitude)))
    np.add.at(table, (light[known].astype(np.int64), where, step), 1.0)
    drawn = _drawn(len(days), case, 2)
    peak = [(drawn @ side).argmax(axis=1) for side in table]
    fullest = [int(side.sum(axis=0).argmax()) for side in table]
    value, repeats = (fullest[1] - fullest[0]) * width, (peak[1] - peak[0]) * width
    low, high = (float(end) for end in np.quantile(repeats, [0.025, 0.975]))
    low, high = min(low, value), max(high, value)
    if low > width / 2 or high < -width / 2:
        verdict, words = WATCH, "completeness changes with the hour"
    elif max(-low, high) <= _BIN_TOLERANCE + width / 2:
        verdict, words = GOOD, "the same as far as can be told"
    else:
        verdict, words = CANNOT_TELL, "too wide an interval to tell"
    rows.add(metric, value, verdict, f"The magnitude of the fullest bin is {whole.magnitude[fullest[1]]:.2f} by day "
             f"and {whole.magnitude[fullest[0]]:.2f} by night (difference {value:+.2f}, interval {low:+.2f} to "
             f"{high:+.2f}): {words}.", low=low, high=high, expected=0.0, n=sum(n))


def _weekend(rows: Rows, counts: Counts, rules: AuditRatesSettings, case: Case) -> None:
    """Compare the rate of all independent events on the two days without work with that on the other five."""
    off = (weekday(counts.days) - rules.weekend_starts) % 7 < 2
    hours = counts.hours.sum(axis=1)
    whole = int((off & (hours > 23.0)).sum())
    events = (counts.small + counts.large).sum(axis=1)
    n = np.array([events[off].sum(), events[~off].sum()])
    if whole < _LEAST_WEEKEND_DAYS or n.sum() < rules.least_events or n.min() < _LEAST_OF_A_SIDE / 2:
        rows.cannot_tell("weekend_ratio", _few_weekends(whole, off, hours, n), n=n.sum())
        return
    split = np.stack([off, ~off], axis=1)
    events_by, hours_by = events[:, None] * split, hours[:, None] * split
    drawn = _drawn(len(counts.days), case, 3)
    value = float(log_ratio(n, hours_by.sum(axis=0)))
    low, high = ratio_interval(value, log_ratio(drawn @ events_by, drawn @ hours_by),
                               math.sqrt((1 / (n + 0.5)).sum()), whole)
    verdict, words = night_verdict(math.exp(value), low, high, rules.day_excess, _WORKING_DAYS)
    rows.add("weekend_ratio", math.exp(value), verdict, f"The rate of events at weekends is {math.exp(value):.2f} "
             f"times that of working days (interval {low:.2f} to {high:.2f}; {int(n[0]):,} and {int(n[1]):,} "
             f"independent events): {words}.", low=low, high=high, expected=1.0, n=n.sum())


def _few_weekends(whole: int, off: NDArray, hours: Array, n: Array) -> str:
    """Return why weekends cannot be compared with working days."""
    if not (off & (hours > 0)).any():
        return "No weekend lies in the span."
    if not (~off & (hours > 0)).any():
        return "No working day lies in the span."
    return (f"{number_of(whole, 'whole day')} of weekends with {number_of(n[0], 'independent event')}, against "
            f"{number_of(n[1], 'event')} on working days, are too few to compare; it needs {_LEAST_WEEKEND_DAYS} days.")


def _tables(times: EventTimes) -> dict[str, pd.DataFrame]:
    """Return rates per local hour and per weekday (events per day of recording), of small, large and all events."""
    large = times.magnitude >= times.completeness - 1e-9
    parts = {"small": times.first & ~large, "large": times.first & large, "all": np.ones(times.n, dtype=bool)}
    out = {}
    for name, of_event, of_grid, size in (
            ("hours", np.floor(times.hour).astype(np.int64), times.grid["hour"].to_numpy(), 24),
            ("weekdays", weekday(times.day), weekday(times.grid["day"].to_numpy()), 7)):
        days = np.bincount(of_grid, times.grid["hours"], size) / 24.0
        counts = {part: np.bincount(of_event[keep], minlength=size) for part, keep in parts.items()}
        out[name] = pd.DataFrame({name[:-1]: np.arange(size), "recorded_days": days, **counts})
    out["about"] = pd.DataFrame({"zone": [times.zone], "completeness": [times.completeness]})
    return out


DAY_NIGHT = Check(
    "day-night", "catalogue", "Does the catalogue change with the hour of the day and with the weekday?",
    "Rates by night and by day (local time) are compared for events below and above the completeness of the whole, and "
    "their ratios with each other: detection that is better by night adds small events only, blasts and daytime noise "
    "add events by day. Of a family only the first event within half a day counts, so that an aftershock sequence "
    "weighs as one. Without either, all ratios are one. Intervals are from drawing whole days again, not narrower than "
    "those of independent events.",
    ("Rydelek, P. A. & Sacks, I. S. (1989). Testing the completeness of earthquake catalogues and the hypothesis of "
     "self-similarity. Nature 337, 251-253.",
     "Wiemer, S. & Wyss, M. (2000). Minimum magnitude of completeness in earthquake catalogs: examples from Alaska, "
     "the western United States, and Japan. Bulletin of the Seismological Society of America 90, 859-869.",
     "Atef, A. H., Liu, K. H. & Gao, S. S. (2009). Apparent weekly and daily earthquake periodicities in the western "
     "United States. Bulletin of the Seismological Society of America 99, 2273-2279."),
    METRICS, _run)
