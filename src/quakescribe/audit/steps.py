"""Does the rate or the size of events change in steps, at changes of the network or without known reason?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom, ks_2samp, norm

from quakescribe.audit.case import Case
from quakescribe.audit.change_point import Step, change_point, pettitt, rate_step
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, NAN, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.local_time import DAY_S, HOUR_S, EventTimes, event_times
from quakescribe.audit.neighbours import ONE_SEQUENCE
from quakescribe.audit.network_changes import network_changes
from quakescribe.audit.statistics import false_discovery, resampled, wilson
from quakescribe.audit.words import number_of
from quakescribe.settings.audit_rates import AuditRatesSettings

_SIDE_S = 21_600.0  # least length of either side of a step
_LEAST_BLOCKS = 8
_MOST_BLOCKS = 400
_SURE = 0.001  # probability by chance of a step without known reason
_MOST_ROWS = 50
_MOST_CHANGES = 500

METRICS = (
    Metric("changes_with_step", "Network changes at which the rate steps", "-",
           "Set the completeness of the whole to that of the poorest network, or treat the times apart."),
    Metric("rate_step_at_change", "Largest step of the rate at a network change", "-",
           "Compare rates across this time only above the completeness of the poorer network."),
    Metric("unexplained_step", "Clearest step of the rate", "-",
           "Look for a change of the network, the picker or the thresholds at this time; if there is none, seismicity "
           "may have changed."),
    Metric("magnitude_step", "Clearest step of the median magnitude", "magnitude units",
           "Look for a change of instruments, responses or of the magnitude's formula at this time; compare station "
           "magnitudes before and after."),
    Metric("size_ratio_step", "Mean magnitude above completeness, second over first half", "-",
           "Estimate b in both halves, above a common completeness, before it is used for the whole."),
)


def _run(case: Case) -> Outcome:
    rules, rows, times = case.settings.rates, Rows(METRICS), event_times(case)
    use = times.background
    empty = {"changes": pd.DataFrame(), "step": pd.DataFrame()}
    if int(use.sum()) < rules.least_events or times.span_s < 4 * _SIDE_S:
        because = (f"there are fewer than {rules.least_events} events apart from clusters"
                   if int(use.sum()) < rules.least_events else "the catalogue is shorter than a day")
        for metric in METRICS:
            rows.cannot_tell(metric.name, because, n=times.n)
        return Outcome(rows.rows, empty)
    known = network_changes(case, times)
    unchanged = known.empty and len(case.facts.picks) + len(case.coverage) > 0
    if unchanged:
        rows.add("changes_with_step", 0.0, GOOD, "No station was absent for long, so the network did not change.",
                 expected=0.0, n=0)
        rows.cannot_tell("rate_step_at_change", "the network did not change", n=int(use.sum()))
    if not times.sure:
        for metric in METRICS[2 if unchanged else 0:]:
            rows.cannot_tell(metric.name, ONE_SEQUENCE, n=times.n)
        return Outcome(rows.rows, empty)
    changes = _at_changes(known, times, rules)
    if not unchanged:
        _write_changes(rows, changes, times)
    step = _unexplained(rows, changes, times, case)
    step |= _magnitude_step(rows, changes, times, case)
    _sizes(rows, times, case)
    return Outcome(rows.rows, {"changes": changes, "step": pd.DataFrame([step])})


def _at_changes(changes: pd.DataFrame, times: EventTimes, rules: AuditRatesSettings) -> pd.DataFrame:
    """Return the changes that have enough time and events around them, each with the steps of its rates."""
    at = times.seconds[times.background]
    large = times.magnitude[times.background] >= times.completeness - 1e-9
    window = rules.step_window_days * DAY_S
    edges = np.concatenate([[0.0], changes["seconds"].to_numpy(np.float64), [times.span_s]])
    kept = []
    for k in range(1, min(len(edges) - 1, _MOST_CHANGES + 1)):
        a, when, b = max(edges[k - 1], edges[k] - window), edges[k], min(edges[k + 1], edges[k] + window)
        if when - a < _SIDE_S or b - when < _SIDE_S:
            continue
        steps = {name: rate_step(at[part], when, a, b, DAY_S)
                 for name, part in (("all", np.ones(len(at), dtype=bool)), ("large", large), ("small", ~large))}
        if steps["all"].before + steps["all"].after < rules.least_events:
            continue
        about: dict = {name: changes[name].iloc[k - 1] for name in ("seconds", "gone", "come")}
        for name, step in steps.items():
            about |= {f"{name}_{key}": value for key, value in vars(step).items()}
        kept.append(about)
    out = pd.DataFrame(kept)
    if len(out):
        out["time"] = times.start + pd.to_timedelta(out["seconds"], unit="s")
        for name in ("all", "large"):
            rejected = false_discovery(out[f"{name}_p"], rules.step_rate)
            out[f"{name}_step"] = rejected & ~_near(out, name, rules.step_ratio)
    return out


def _near(changes: pd.DataFrame, name: str, ratio: float) -> NDArray[np.bool_]:
    """Return where a ratio may well be of no concern: its interval reaches into it."""
    return np.asarray((changes[f"{name}_low"] < ratio) & (changes[f"{name}_high"] > 1.0 / ratio))


def _write_changes(rows: Rows, changes: pd.DataFrame, times: EventTimes) -> None:
    if changes.empty:
        for metric in ("changes_with_step", "rate_step_at_change"):
            rows.cannot_tell(metric, "no change of the network has enough time and events before and after it",
                             n=int(times.background.sum()))
        return
    n, k, large = len(changes), int(changes["all_step"].sum()), int(changes["large_step"].sum())
    low, high = wilson(k, n)
    verdict = BAD if large else WATCH if k else GOOD
    also = (f"; at {large} also from magnitude {times.completeness:.1f} on, where the catalogue should be complete"
            if math.isfinite(times.completeness) else "")
    rows.add("changes_with_step", k / n, verdict, f"At {k} of {number_of(n, 'change')} of the network the rate "
             f"of events apart from clusters has a step that chance does not explain{also}.",
             low=low, high=high, expected=0.0, n=n)
    size = np.abs(np.log(changes["all_ratio"]))
    order = np.lexsort((changes["seconds"], -size, ~changes["all_step"], ~changes["large_step"]))
    top = changes.iloc[order[0]]
    rows.add("rate_step_at_change", top["all_ratio"], _change_verdict(top), _change_words(top, times),
             low=top["all_low"], high=top["all_high"], expected=1.0, n=top["all_before"] + top["all_after"])
    seen: set[str] = set()
    for _, one in changes.iloc[order].iterrows():
        day = one["time"].strftime("%Y-%m-%d")
        if (one["all_step"] or one["large_step"]) and day not in seen and len(seen) < _MOST_ROWS:
            seen.add(day)
            rows.add("rate_step_at_change", one["all_ratio"], _change_verdict(one), _change_words(one, times),
                     scope="day", key=day, low=one["all_low"], high=one["all_high"], expected=1.0,
                     n=one["all_before"] + one["all_after"])


def _change_verdict(one: pd.Series) -> str:
    return BAD if one["large_step"] else WATCH if one["all_step"] else GOOD


def _change_words(one: pd.Series, times: EventTimes) -> str:
    what = "; ".join(f"{one[key]} {verb}" for key, verb in (("gone", "went"), ("come", "came")) if one[key])
    large = (f", from magnitude {times.completeness:.1f} on {one['large_ratio']:.2f} times"
             if math.isfinite(times.completeness) else "")
    chance = "chance does not explain this" if one["all_step"] or one["large_step"] else "chance explains this"
    return (f"On {one['time']:%Y-%m-%d %H:%M} ({what}) the rate became {one['all_ratio']:.2f} times what it was "
            f"({one['all_before']:,} events before, {one['all_after']:,} after){large}: {chance} "
            f"(p = {one['all_p']:.2g}).")


def _block_length(times: EventTimes) -> float:
    """Return the length of the stretches in which events are counted (s): days, shorter in short catalogues."""
    for length in (7 * DAY_S, DAY_S, DAY_S / 4, HOUR_S):
        if times.span_s / length >= (_MOST_BLOCKS if length > DAY_S else 2 * _LEAST_BLOCKS):
            return max(length, times.span_s / (4 * _MOST_BLOCKS))
    return times.span_s / (2 * _LEAST_BLOCKS)


def _unexplained(rows: Rows, changes: pd.DataFrame, times: EventTimes, case: Case) -> dict:
    """Look for the clearest step of the background's rate anywhere, and ask whether a change of the network is near."""
    rules, metric = case.settings.rates, "unexplained_step"
    at = times.seconds[times.background]
    length = _block_length(times)
    m = int(times.span_s / length + 1e-6)
    counts = np.bincount((at / length).astype(np.int64), minlength=m)[:m].astype(np.float64)
    k, p = change_point(counts, case.rng(69, 1), max(1, round(m ** (1 / 3))))
    if not k:
        rows.cannot_tell(metric, "the rate does not vary", n=len(at))
        return {}
    when = k * length
    large = times.magnitude[times.background] >= times.completeness - 1e-9
    step, of_large, of_small = (rate_step(at[part], when, 0.0, times.span_s, length)
                                for part in (np.ones(len(at), dtype=bool), large, ~large))
    near = (changes[np.abs(changes["seconds"] - when) <= max(2 * length, DAY_S)] if len(changes) else changes)
    sure = p <= _SURE and (step.low > rules.step_ratio or step.high < 1 / rules.step_ratio)
    moment = times.start + pd.to_timedelta(when, unit="s")
    head = (f"The clearest step of the rate of events apart from clusters is on {moment:%Y-%m-%d %H:%M}, to "
            f"{step.ratio:.2f} times what it was (p = {p:.2g}): ")
    begun = _mainshock(times, when, length) if step.ratio > 1.0 else ""
    verdict, words = _reason(sure, p, len(near) > 0, begun, of_small, of_large)
    rows.add(metric, step.ratio, verdict, head + words, low=step.low, high=step.high, expected=1.0, n=len(at))
    return {"time": moment, "seconds": when, "ratio": step.ratio, "p": p, "sure": sure,
            "attributed": len(near) > 0 or bool(begun)}


def _mainshock(times: EventTimes, when: float, length: float) -> str:
    """Return how a rise of the rate begins with the largest event, or nothing where it does not.

    The largest event lies within one stretch of time (an hour at least) of the step, and within as much of it, a day
    at most, surely more events follow than came before.
    """
    if not np.isfinite(times.magnitude).any():
        return ""
    largest = int(np.nanargmax(times.magnitude))
    at, reach = times.seconds[largest], max(length, HOUR_S)
    if abs(at - when) > reach:
        return ""
    apart = times.seconds - at
    about = (np.abs(apart) <= min(reach, DAY_S)) & (apart != 0)
    n, before = int(about.sum()), int((about & (apart < 0)).sum())
    if binom.cdf(before, n, 0.5) > _SURE:
        return ""
    moment = times.start + pd.to_timedelta(at, unit="s")
    return (f"it begins on {moment:%Y-%m-%d} at {moment:%H:%M} with the largest event (M "
            f"{times.magnitude[largest]:.1f}): an aftershock sequence")


def _reason(sure: bool, p: float, near: bool, begun: str, small: Step, large: Step) -> tuple[str, str]:
    """Return the verdict of a step, and what explains it."""
    if not sure:
        return GOOD, "chance explains it." if p > _SURE else "it is small."
    detection = _of_detection(small, large)
    if begun:
        more = ("the network changed at that time as well" if near else
                "small events rose more than large ones, so detection may have changed as well")
        return (WATCH, f"{begun}; {more}.") if near or detection else (GOOD, f"{begun}.")
    if near:
        return WATCH, "the network changed at that time, which explains it."
    if not _enough(small, large):
        return WATCH, "no change of the network is known at that time."
    if detection:
        return BAD, ("small events changed more than large ones though no change of the network is known: detection "
                     "changed.")
    return WATCH, "large events changed alike and no change of the network is known: seismicity may have changed."


def _enough(small: Step, large: Step) -> bool:
    return min(small.before + small.after, large.before + large.after) >= 20


def _of_detection(small: Step, large: Step) -> bool:
    """Return whether small events surely changed more than large ones."""
    if not _enough(small, large):
        return False
    apart = math.log(small.ratio / large.ratio)
    error = math.hypot(math.log(small.high / small.low), math.log(large.high / large.low)) / (2 * 1.96)
    return abs(apart) > 3.3 * error and abs(math.log(small.ratio)) > abs(math.log(large.ratio))


def _magnitude_step(rows: Rows, changes: pd.DataFrame, times: EventTimes, case: Case) -> dict:
    """Look for a step of the median magnitude; with an unchanged rate it is one of the scale."""
    rules, metric = case.settings.rates, "magnitude_step"
    use = times.background & np.isfinite(times.magnitude)
    magnitude, at = times.magnitude[use], times.seconds[use]
    n = len(magnitude)
    if n < 2 * rules.least_events or np.ptp(magnitude) == 0:
        rows.cannot_tell(metric, f"{n} events apart from clusters with different magnitudes are too few", n=n)
        return {}
    k, p = pettitt(magnitude)
    when = float((at[k - 1] + at[k]) / 2) if k < n else times.span_s
    value = float(np.median(magnitude[k:]) - np.median(magnitude[:k]))
    after = np.arange(n) >= k

    def shift(drawn: NDArray[np.int64]) -> float:
        late = after[drawn]
        return float(np.median(magnitude[drawn[late]]) - np.median(magnitude[drawn[~late]])) if 0 < late.sum() < len(
            late) else NAN

    low, high = resampled(shift, (at / _block_length(times)).astype(np.int64), case.rng(69, 2),
                          min(case.settings.resamples, 200))
    low, high = min(low, value), max(high, value)
    rate = rate_step(at, when, 0.0, times.span_s, _block_length(times)) if 0 < when < times.span_s else None
    moment = times.start + pd.to_timedelta(when, unit="s")
    head = f"The clearest step of the median magnitude is {value:+.2f} on {moment:%Y-%m-%d %H:%M} (p = {p:.2g}): "
    limit = rules.magnitude_step
    verdict, words = GOOD, "chance explains it."
    if math.isnan(low + high) or rate is None:
        verdict, words = CANNOT_TELL, "there are too few blocks of time to say how well it is known."
    elif p <= _SURE and (low > limit or high < -limit):
        steady = rate.low < 1 < rate.high and max(rate.high, 1 / rate.low) < 1.0 + 10 ** abs(value) / 2
        verdict = BAD if steady else WATCH
        words = ("the number of events stayed the same, so the scale of magnitudes changed." if steady else
                 f"the rate became {rate.ratio:.2f} times what it was, so detection may have changed as well.")
        if len(changes) and (np.abs(changes["seconds"] - when) <= DAY_S).any():
            words = words[:-1] + ", and the network changed at that time."
    elif p <= _SURE:
        words = "it is small."
    elif high - low > 10 * limit:
        verdict, words = CANNOT_TELL, "magnitudes are too few to exclude a large one."
    rows.add(metric, value, verdict, head + words, low=low, high=high, expected=0.0, n=n)
    return {"magnitude_time": moment, "magnitude_step": value, "magnitude_p": p, "magnitude_verdict": verdict}


def _sizes(rows: Rows, times: EventTimes, case: Case) -> None:
    """Compare the sizes above completeness of the two halves: their mean excess goes like 1/b."""
    rules, metric = case.settings.rates, "size_ratio_step"
    use = times.background & (times.magnitude >= times.completeness - 1e-9)
    excess = times.magnitude[use] - times.completeness + 0.05
    n = len(excess)
    half = n // 2
    if n < 2 * rules.least_events or np.ptp(excess) == 0:
        rows.cannot_tell(metric, f"{n} events apart from clusters above the completeness are too few to compare halves",
                         n=n)
        return
    p = float(ks_2samp(excess[:half], excess[half:], method="asymp").pvalue)
    first, second = float(excess[:half].mean()), float(excess[half:].mean())
    error = math.hypot(excess[:half].std() / first, excess[half:].std() / second) / math.sqrt(half)
    width = float(norm.ppf(0.975)) * error
    value = second / first
    low, high = value * math.exp(-width), value * math.exp(width)
    verdict = WATCH if p <= 10 * _SURE else CANNOT_TELL if width > 0.7 else GOOD
    words = {WATCH: "their distributions differ more than chance explains", GOOD: "no more than chance explains",
             CANNOT_TELL: "too few to tell"}[verdict]
    rows.add(metric, value, verdict, f"From magnitude {times.completeness:.1f} on, the mean size above it is "
             f"{value:.2f} times as large in the second half of the events as in the first (interval {low:.2f} to "
             f"{high:.2f}, Kolmogorov-Smirnov p = {p:.2g}): {words}.", low=low, high=high, expected=1.0, n=n)


STEPS = Check(
    "rate-steps", "catalogue", "Does the rate or the size of events change in steps?",
    "Changes of the network are read from what stations recorded, or from picks of a station that are missing while "
    "others pick. At each, the rates of background events before and after are compared, with the scatter of days "
    "instead of Poisson's, for all events and for those above the completeness, at a false-discovery rate. Then the "
    "clearest single step anywhere is sought and compared with permutations of blocks of days. A rise that begins "
    "with the largest event is its aftershock sequence; a step that neither this nor a change of the network explains "
    "is a fault only where small events changed more than large ones. The clearest step of the median magnitude is "
    "Pettitt's; with an unchanged number of events it is one of the scale.",
    ("Habermann, R. E. (1987). Man-made changes of seismicity rates. Bulletin of the Seismological Society of America "
     "77, 141-159.",
     "Zuniga, F. R. & Wyss, M. (1995). Inadvertent changes in magnitude reported in earthquake catalogs: their "
     "evaluation through b-value estimates. Bulletin of the Seismological Society of America 85, 1858-1866.",
     "Pettitt, A. N. (1979). A non-parametric approach to the change-point problem. Journal of the Royal Statistical "
     "Society C 28, 126-135.",
     "Csorgo, M. & Horvath, L. (1997). Limit Theorems in Change-Point Analysis. Wiley.",
     "McCullagh, P. & Nelder, J. A. (1989). Generalized Linear Models, 2nd edition. Chapman & Hall."),
    METRICS, _run)
