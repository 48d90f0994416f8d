"""Do events keep to the clock? The Schuster test and spectrum at hours, days and weeks."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.completeness import chosen
from quakescribe.audit.local_time import HOUR_S, EventTimes, event_times, weekday
from quakescribe.audit.neighbours import ONE_SEQUENCE
from quakescribe.audit.schuster import (
    ENOUGH_BLOCKS,
    SCAN_ALARMS,
    Schuster,
    null_scans,
    schuster,
    spectrum,
)
from quakescribe.audit.statistics import wilson

PERIODS = {"modulation_day": 24.0, "modulation_half_day": 12.0, "modulation_week": 168.0, "modulation_hour": 1.0}
"""Period (h) of each metric that is chosen beforehand."""
LEAST_CYCLES = 8  # with fewer in the span no verdict is given: one sequence would look like a period
_REPEATS = 0.01  # probability by chance of a peak's steadiness from block to block, below which it is one
METRICS = (
    Metric("modulation_day", "Period of 24 h, all events", "-",
           "Look for blasts in the map of quarries and compare events by day and by night; remove blasts, and use only "
           "events above the completeness by day."),
    Metric("modulation_day_complete", "Period of 24 h, complete events only", "-",
           "Look for blasts: incomplete detection does not explain a period that large events have too."),
    Metric("modulation_half_day", "Period of 12 h", "-",
           "Compare with the tides of the region and with hours of work."),
    Metric("modulation_week", "Period of 7 days", "-",
           "Nothing natural has a period of a week: look for blasts on working days and for noise that pauses."),
    Metric("modulation_hour", "Period of 1 h", "-",
           "Nothing natural has a period of an hour: look for events at the edges of files or of processing windows, "
           "and for calibration pulses."),
    Metric("spectrum_peak_p", "Strongest period in the Schuster spectrum (p)", "-",
           "Compare the period of the peak with tides, work, telemetry and processing windows."),
)


def _run(case: Case) -> Outcome:
    rules, rows = case.settings.rates, Rows(METRICS)
    times = event_times(case)
    if not times.sure:
        for one in METRICS:
            rows.cannot_tell(one.name, ONE_SEQUENCE, n=times.n)
        return Outcome(rows.rows, {"periods": pd.DataFrame(), "spectrum": pd.DataFrame()})
    tests = []
    for metric, hours in PERIODS.items():
        tests.append(_named(rows, metric, hours, times, np.ones(times.n, dtype=bool), case))
    tests.append(_complete(rows, times, case, tests[0]))
    scan = pd.DataFrame()
    cycles = times.span_s / (rules.least_cycles * HOUR_S)
    shortest_h = max(rules.shortest_period_h, rules.intervals_per_period * times.span_s / HOUR_S / max(times.n, 1))
    if int(times.first.sum()) < rules.least_events:
        rows.cannot_tell("spectrum_peak_p", f"there are fewer than {rules.least_events} independent events",
                         n=times.n)
    elif shortest_h >= cycles:
        rows.cannot_tell("spectrum_peak_p", f"no period longer than {shortest_h:.1f} h has {rules.least_cycles} cycles "
                         "in the catalogue", n=times.n)
    else:
        scan = spectrum(times.seconds, times.unit, times.span_s, shortest_h * HOUR_S, cycles * HOUR_S,
                        rules.most_periods)
        _peak(rows, scan, times)
    return Outcome(rows.rows, {"periods": pd.DataFrame([test for test in tests if test]), "spectrum": scan})


def _named(rows: Rows, metric: str, hours: float, times: EventTimes, part: NDArray[np.bool_], case: Case) -> dict:
    """Test one period that has a name, with some of the events; write it down; return it for the figure."""
    rules = case.settings.rates
    unit = times.unit[part]
    independent = len(np.unique(unit))
    if independent < rules.least_events:
        rows.cannot_tell(metric, f"there are only {independent} independent events, too few for a period", n=part.sum())
        return {}
    if times.span_s < (LEAST_CYCLES - 0.1) * hours * HOUR_S:
        rows.cannot_tell(metric, f"the catalogue is shorter than {LEAST_CYCLES} cycles of {_name(hours)}",
                         n=part.sum())
        return {}
    test = schuster(times.seconds[part], unit, hours * HOUR_S, times.span_s)
    peak_h, by_day, day_name = _peak_time(test.peak, hours, times, case)
    verdict = _verdict(test, hours, by_day, rules.periodicity_p)
    low, high = max(0.0, test.amplitude - test.half_width), test.amplitude + test.half_width
    where = f", largest near {day_name}" if verdict != GOOD and hours >= 24.0 else ""
    if verdict == GOOD and test.amplitude > 3 * test.by_chance:
        why = "no more than the scatter between blocks of time explains"
    elif verdict == GOOD:
        why = "which chance explains"
    elif verdict == CANNOT_TELL:
        why = f"but {test.blocks} blocks of time are too few to see whether it repeats"
    else:
        why = f"which chance does not explain{where}"
    rows.add(metric, test.amplitude, verdict, f"The rate of {independent:,} independent events changes by "
             f"±{100 * test.amplitude:.0f}% with a period of {_name(hours)} (±{100 * test.by_chance:.0f}% by chance; "
             f"p = {test.p:.2g}, without regard to clusters {test.p_naive:.2g}), {why}.",
             low=low, high=high, expected=test.by_chance, n=independent)
    return {"metric": metric, "period_h": hours, "verdict": verdict, "peak_h": peak_h, "by_day": by_day,
            "n": independent, "low": low, "high": high, **vars(test)}


def _verdict(test: Schuster, hours: float, by_day: bool, limit: float) -> str:
    """Return the verdict: a day's or week's maximum in working time and any hourly one are bad; others are watched.

    What all tests but the scatter between few blocks of time call a period may be a sequence or a true one.
    """
    watched = min(10.0 * limit, 1.0)
    if test.p >= watched:
        unsettled = test.blocks < ENOUGH_BLOCKS and max(test.p_independent, test.p_units) < watched
        return CANNOT_TELL if unsettled else GOOD
    human = hours < 2.0 or (hours != 12.0 and by_day)
    return BAD if test.p < limit and human else WATCH


def _peak_time(peak: float, hours: float, times: EventTimes, case: Case) -> tuple[float, bool, str]:
    """Return the local time of the maximum (h), whether it falls in daytime (working days), and its name."""
    rules = case.settings.rates
    offset = (times.hour[0] + 24.0 * weekday(times.day[0])) - times.seconds[0] / HOUR_S
    at = (peak * hours + offset) % hours
    if hours <= 24.0:
        return at, rules.day_from_h <= at % 24.0 < rules.day_to_h, _clock(at)
    day = int(at // 24.0)
    return at, (day - rules.weekend_starts) % 7 > 1, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
                                                     "Saturday", "Sunday")[day % 7]


def _complete(rows: Rows, times: EventTimes, case: Case, all_events: dict) -> dict:
    """Test 24 hours again above the completeness by day: a peak that vanishes is one of detection."""
    rules, metric = case.settings.rates, "modulation_day_complete"
    day = (times.hour >= rules.day_from_h) & (times.hour < rules.day_to_h)
    _, limit, _ = chosen(case, day)
    if not math.isfinite(limit):
        rows.cannot_tell(metric, "the magnitudes by day do not tell from which size on they are complete", n=day.sum())
        return {}
    test = _named(rows, metric, 24.0, times, times.magnitude >= limit - 1e-9, case)
    if not test:
        return {}
    row = rows.rows[-1]
    row["why"] = f"Of magnitude {limit:.1f} and above, complete by day: {row['why'][0].lower()}{row['why'][1:]}"
    if all_events and all_events["verdict"] in (WATCH, BAD) and test["verdict"] == GOOD:
        if test["high"] < all_events["amplitude"]:
            row["why"] += " The period of all events is therefore one of detection, or of small blasts."
        else:
            row["verdict"] = CANNOT_TELL
            row["why"] += " Too few events to exclude the modulation seen in all events."
    return {**test, "verdict": row["verdict"]}


def _peak(rows: Rows, scan: pd.DataFrame, times: EventTimes) -> None:
    """Write down the strongest peak of the spectrum."""
    score = (scan["p"] * times.span_s / scan["period_s"]).to_numpy()
    at = int(np.argmin(score))
    period = float(scan["period_s"].iloc[at])
    null = null_scans(round(2 * times.span_s / scan["period_s"].iloc[0]),
                      round(2 * times.span_s / scan["period_s"].iloc[-1]))
    k = int(np.searchsorted(null, score[at], side="right"))
    chance = (k + 1) / (len(null) + 1)
    low, high = wilson(k + 1, len(null) + 1)
    again = schuster(times.seconds, times.unit, period, times.span_s)
    passes = (scan["p"] < scan["threshold"]).sum()
    verdict = GOOD
    words = (f"one as strong is found in {100 * chance:.2g}% of uniform catalogues" if chance < 0.5 else
             "most uniform catalogues have one as strong")
    few = times.span_s < (LEAST_CYCLES - 0.1) * period
    if chance <= SCAN_ALARMS and again.p_blocks < _REPEATS and not few:
        verdict = WATCH
    elif chance <= SCAN_ALARMS and (few or again.blocks < ENOUGH_BLOCKS):
        verdict, words = CANNOT_TELL, f"{words}, but there are too few cycles to see whether it repeats"
    elif chance <= SCAN_ALARMS:
        words += f", but no more in step from one block of time to the next than by chance (p = {again.p_blocks:.2g})"
    rows.add("spectrum_peak_p", chance, verdict,
             f"Of {len(scan):,} periods from {_name(scan['period_s'].iloc[-1] / HOUR_S)} to "
             f"{_name(scan['period_s'].iloc[0] / HOUR_S)}, {passes} pass the threshold; the strongest peak is at "
             f"{_name(period / HOUR_S)}: {words}.", low=low, high=high, expected=0.5, n=len(np.unique(times.unit)))


def _clock(hour: float) -> str:
    """Return a local time of day."""
    minutes = round(60 * hour) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d} local time"


def _name(hours: float) -> str:
    """Return a period in words."""
    if hours < 2.0:
        return f"{60 * hours:.4g} min"
    return f"{hours:.4g} h" if hours < 72.0 else f"{hours / 24.0:.4g} days"


PERIODICITY = Check(
    "periodicity", "catalogue", "Do the events keep to hours, days or weeks?",
    "Every event is a unit vector that turns once in a period; the length of their sum is compared with that of a "
    "random walk, at 24 h, 12 h, 7 days and 1 h, and at all periods from a few mean intervals to a part of the "
    "catalogue's length. Aftershocks make vectors alike, so three versions must agree: first events of families only; "
    "all events, each family counted as one step; and the scatter between whole days or cycles, or eighths of "
    "catalogues shorter than three days. The threshold of the spectrum depends on the period and is measured so that "
    "1% of uniform catalogues pass it anywhere. The interval of the amplitude is that of a sum of independent vectors, "
    "or of those blocks where they scatter more. A catalogue of one sequence has no independent events and no answer, "
    "nor has a period of which the span holds fewer than eight cycles.",
    ("Schuster, A. (1897). On lunar and solar periodicities of earthquakes. Proceedings of the Royal Society of London "
     "61, 455-465.",
     "Ader, T. J. & Avouac, J.-P. (2013). Detecting periodicities and declustering in earthquake catalogs using the "
     "Schuster spectrum, application to Himalayan seismicity. Earth and Planetary Science Letters 377-378, 97-105.",
     "Park, T., Kiraly, F. J. & Bourne, S. J. (2021). Periodic seismicity detection without declustering. "
     "arXiv:2101.11533.",
     "Liang, K.-Y. & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73, "
     "13-22."),
    METRICS, _run)
