"""From which magnitude on is the catalogue complete? Seven answers from its frequency-magnitude distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr

from quakescribe.audit.case import Case
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.magnitude_bins import (
    Array,
    Bins,
    Dithered,
    bin_width,
    binned,
    exponential_p,
    maximum_curvature,
    rounding,
    tinti,
)
from quakescribe.settings.audit_magnitudes import AuditMagnitudesSettings

FIT_LEVELS = (0.90, 0.95)  # of Wiemer & Wyss (2000)
STABLE_OVER = 0.5  # magnitude units; of Cao & Gao (2002)
MIDDLES = np.arange(-0.5, 1.51, 0.04)  # EMR: magnitude of half detection, from the fullest bin (magnitude units)
WIDTHS = 0.03 * 1.15 ** np.arange(26)  # EMR: standard deviation of detection, 0.03 to 1.0 (magnitude units)
AROUND = (-0.1, 1.2)  # EMR: Mc is looked for from the fullest bin (magnitude units)
LOWEST = 0.002  # EMR: share of the smallest events that is left out, so that one mistake at -3 does not count
DITHERS = 20  # of which the p of a cut-off is the mean
SURE = 200  # events at or above Mc from which its b value is known to some 7%
WIDE = 1.2  # magnitude units: an interval this wide says little
JUDGED = ("maxC corrected", "GFT 95%", "MBS", "EMR", "Lilliefors")  # methods that are set against each other
CAN_FAIL = ("GFT 90%", "GFT 95%", "MBS", "Lilliefors")

Estimates = dict[str, Array]


def goodness_of_fit(bins: Bins, least: int) -> Array:
    """Return how well a Gutenberg-Richter law fits from every cut-off on, shape (n, k); not a number of too few events.

    R = 1 - sum |B_i - S_i| / sum B_i over the bins i from the cut-off on, with B_i the events at or above bin i and S_i
    those of the law with the b value of the cut-off (Wiemer & Wyss 2000, BSSA 90, 859-869, eq. 3).
    """
    b, _ = tinti(bins, least)
    above = bins.above
    steps = np.arange(len(bins.magnitude)) * bins.width
    fit = np.full(b.shape, np.nan)
    for cut in np.flatnonzero(np.isfinite(b).any(axis=0)):
        law = above[:, cut, None] * 10.0 ** (-b[:, cut, None] * steps[: len(steps) - cut])
        fit[:, cut] = 1.0 - np.abs(above[:, cut:] - law).sum(axis=1) / np.maximum(above[:, cut:].sum(axis=1), 1.0)
    return fit


def b_stability(bins: Bins, least: int) -> Array:
    """Return |mean b - b| over the standard error of b for every cut-off, shape (n, k); the mean is of the next 0.5.

    Stable where at most 1 (Cao & Gao 2002, GRL 29(9); the error instead of a fixed limit after Woessner & Wiemer 2005).
    The cut-off itself is the first of the values averaged.
    """
    b, error = tinti(bins, least)
    steps = max(2, int(np.ceil(STABLE_OVER / bins.width - 1e-9)))
    out = np.full(b.shape, np.nan)
    if b.shape[1] >= steps:
        mean = np.lib.stride_tricks.sliding_window_view(b, steps, axis=1).mean(axis=2)
        k = mean.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            out[:, :k] = np.abs(mean - b[:, :k]) / error[:, :k]
    return out


def lowest_that(holds: NDArray[np.bool_], magnitude: Array) -> Array:
    """Return the magnitude of the first True of every row; not a number where there is none."""
    if not holds.shape[1]:
        return np.full(len(holds), np.nan)
    return np.where(holds.any(axis=1), magnitude[holds.argmax(axis=1)], np.nan)


def entire_range(bins: Bins, least: int) -> tuple[Array, Array, Array]:
    """Return Mc, and middle and width of detection below it, each of shape (n,), by the entire magnitude range.

    Notes
    -----
    Events per bin are Poissonian about 10^(a - b m) at and above Mc, with a and b of the events there, and about
    10^(a - b m) Phi((m - middle) / width) below; Mc, middle and width are where the likelihood of all bins is largest
    (Ogata & Katsura 1993, Geophys. J. Int. 113, 727-738; Woessner & Wiemer 2005, BSSA 95, 684-698, eqs. 3 to 5). All
    combinations of a grid are tried, which finds the largest of many maxima. O(n bins grid).
    """
    peak = float(np.median(maximum_curvature(bins)))
    first = int(np.searchsorted(bins.counts.sum(axis=0).cumsum(), LOWEST * bins.counts.sum()))
    magnitude, counts = bins.magnitude[first:], bins.counts[:, first:]
    part = Bins(magnitude, counts, bins.width)
    b, _ = tinti(part, least)
    above = part.above
    middle, width = (grid.ravel() for grid in np.meshgrid(peak + MIDDLES, WIDTHS, indexing="ij"))
    log_detected = log_ndtr((magnitude - middle[:, None]) / width[:, None])  # (grid, bins)
    detected = np.exp(log_detected)
    best = np.full(len(counts), -np.inf)
    found = np.full((3, len(counts)), np.nan)
    for cut in np.flatnonzero((magnitude >= peak + AROUND[0] - 1e-9) & (magnitude <= peak + AROUND[1] + 1e-9)):
        with np.errstate(invalid="ignore", divide="ignore"):
            log_law = (np.log(above[:, cut]) + np.log1p(-(10.0 ** (-b[:, cut] * bins.width))))[:, None] - np.log(10) * (
                b[:, cut, None] * (magnitude - magnitude[cut]))
        law = np.exp(log_law)  # expected in every bin; their sum from the cut-off on is `above`
        whole = (counts * log_law - gammaln(counts + 1)).sum(axis=1) - above[:, cut]
        below = log_detected[:, :cut] @ counts[:, :cut].T - detected[:, :cut] @ law[:, :cut].T  # (grid, n)
        at = below.argmax(axis=0)
        likelihood = whole + below[at, np.arange(len(counts))]
        better = likelihood > best
        best = np.where(better, likelihood, best)
        found = np.where(better, [np.full(len(counts), magnitude[cut]), middle[at], width[at]], found)
    return found[0], found[1], found[2]


def lilliefors(bins: Bins, least: int, rng: np.random.Generator, dithers: int) -> Array:
    """Return the p of an exponential law for every cut-off of the first row, shape (k,), as the mean over dithers.

    Lilliefors (1969); for completeness Herrmann & Marzocchi (2021, Seismol. Res. Lett. 92, 909-922); Clauset et al.
    (2009). Not a number with fewer than `least` events.
    """
    b = tinti(bins, least)[0][0]
    cuts = np.flatnonzero(np.isfinite(b))
    p = np.full((dithers, len(b)), np.nan)
    for k in range(dithers):
        spread = Dithered(bins.counts[0], bins.width, rng)
        p[k, cuts] = [exponential_p(spread.heights(cut, b[cut])) for cut in cuts.tolist()]
    return np.asarray(p.mean(axis=0))


def first_exponential(bins: Bins, least: int, p_least: float, rng: np.random.Generator) -> Array:
    """Return the lowest magnitude from which an exponential law is not contradicted, shape (n,), by one dither each."""
    b, _ = tinti(bins, least)
    out = np.full(len(b), np.nan)
    for row in range(len(b)):
        spread = Dithered(bins.counts[row], bins.width, rng)
        for cut in np.flatnonzero(np.isfinite(b[row])).tolist():
            if exponential_p(spread.heights(cut, b[row, cut])) >= p_least:
                out[row] = bins.magnitude[cut]
                break
    return out


def simple_estimates(bins: Bins, settings: AuditMagnitudesSettings) -> Estimates:
    """Return Mc of all methods but Lilliefors, each of shape (n,); not a number where a method finds none."""
    least = settings.events_least
    peak = maximum_curvature(bins)
    step = np.ceil(settings.correction / bins.width - 1e-9) * bins.width
    fit = goodness_of_fit(bins, least)
    return {
        "maxC": peak,
        "maxC corrected": np.round(peak + step, 9),
        "GFT 90%": lowest_that(fit >= FIT_LEVELS[0], bins.magnitude),
        "GFT 95%": lowest_that(fit >= FIT_LEVELS[1], bins.magnitude),
        "MBS": lowest_that(b_stability(bins, least) <= 1.0, bins.magnitude),
        "EMR": entire_range(bins, least)[0],
    }


def bins_of(case: Case, part: NDArray[np.bool_] | None = None) -> Bins:
    """Return the magnitudes of a catalogue, or of some of its events, in the bins that all checks use."""
    magnitudes = case.facts.catalogue["magnitude"].to_numpy(np.float64)
    width = bin_width(magnitudes[np.isfinite(magnitudes)], case.settings.magnitudes.bin)
    return binned(magnitudes if part is None else magnitudes[part], width)


def completeness(bins: Bins, case: Case) -> tuple[Estimates, Array]:
    """Return Mc of the first row by every method, shape (1,), and the p of the Lilliefors test for every cut-off."""
    settings = case.settings.magnitudes
    estimates = simple_estimates(bins, settings)
    p = lilliefors(bins, settings.events_least, case.rng(660), DITHERS)
    return estimates | {"Lilliefors": lowest_that((p >= settings.law_p)[None], bins.magnitude)}, p


def chosen(case: Case, part: NDArray[np.bool_] | None = None) -> tuple[Bins, float, str]:
    """Return bins, the Mc that the settings choose (not a number without one) and its name: of all events or some."""
    bins, method = bins_of(case, part), case.settings.magnitudes.completeness
    if not bins.counts.sum() >= case.settings.magnitudes.events_least:
        return bins, float("nan"), method
    if method == "Lilliefors":
        return bins, float(completeness(bins, case)[0][method][0]), method
    return bins, float(simple_estimates(bins, case.settings.magnitudes)[method][0]), method


def _resampled(bins: Bins, case: Case) -> Estimates:
    """Return Mc of resamples of the events by every method, each of shape (repeats,)."""
    settings = case.settings.magnitudes
    drawn = bins.resampled(case.rng(661), settings.resamples)
    law = first_exponential(drawn, settings.events_least, settings.law_p, case.rng(662))
    return simple_estimates(drawn, settings) | {"Lilliefors": law}


METRICS = (
    Metric("completeness_magnitude", "Magnitude of completeness", "magnitude units",
           "Use the highest of the methods that agree; where a method finds none or its interval is wide, judge rates "
           "and b values from a higher magnitude, and look at shorter periods or smaller regions on their own."),
    Metric("completeness_spread", "Spread of completeness between methods", "magnitude units",
           "Look at the frequency-magnitude distribution: two slopes, two peaks or a gradual fall-off let methods "
           "disagree. Split the catalogue by period and region, and use the highest magnitude until it is explained."),
    Metric("completeness_methods", "Methods that find a completeness magnitude", "-",
           "No magnitude from which on the numbers fall off exponentially was found by some methods: check the "
           "magnitudes for mixed kinds, wrong gains and false events before any b value or rate is used."),
    Metric("events_complete", "Events at or above completeness", "events",
           "Take a longer period or a larger region before b values or changes of rate are interpreted."),
)


def _range(values: Sequence[float] | Array) -> tuple[float, float]:
    """Return the central 95% of the numbers among some values; not a number with too few."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if len(known) < max(2, len(values) // 2):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _add_methods(rows: Rows, found: dict[str, float], again: Estimates, bins: Bins,
                 settings: AuditMagnitudesSettings) -> list[dict[str, object]]:
    table = []
    for method, value in found.items():
        name = label(method, settings)
        if not np.isfinite(value):
            verdict = WATCH if bins.counts.sum() >= 2 * SURE else CANNOT_TELL
            rows.add("completeness_magnitude", value, verdict, f"{name} finds no magnitude from which on the catalogue "
                     f"looks complete with at least {settings.events_least} events.", key=name, n=bins.counts.sum())
            table.append({"method": name, "value": np.nan, "low": np.nan, "high": np.nan, "n": 0})
            continue
        low, high = _range(again[method])
        n = int(bins.counts[0, bins.magnitude >= value - 1e-9].sum())
        if np.isnan(low):
            verdict, spread = CANNOT_TELL, "but finds none in most resamples"
        else:
            low, high = min(low, value), max(high, value)
            verdict = GOOD if high - low <= WIDE else WATCH
            spread = f"between {low:.2f} and {high:.2f} in 95% of resamples"
        verdict = verdict if n >= settings.events_least else CANNOT_TELL
        why = f"{name} gives {value:.2f}, {spread}, with {n:,} events at or above it."
        rows.add("completeness_magnitude", value, verdict, why, key=name, low=low, high=high, n=n)
        table.append({"method": name, "value": value, "low": low, "high": high, "n": n})
    return table


def label(method: str, settings: AuditMagnitudesSettings) -> str:
    """Return the name of a method as findings and figures write it, with the correction in it."""
    return f"maxC{settings.correction:+g}" if method == "maxC corrected" else method


def _add_agreement(rows: Rows, found: dict[str, float], again: Estimates, settings: AuditMagnitudesSettings) -> None:
    values = {method: found[method] for method in JUDGED if np.isfinite(found[method])}
    if len(values) < 2:
        rows.cannot_tell("completeness_spread", "Fewer than two methods find a completeness magnitude.")
        return
    stack = np.stack([again[method] for method in values])
    low, high = _range(np.nanmax(stack, axis=0) - np.nanmin(stack, axis=0))
    spread = max(values.values()) - min(values.values())
    low, high = min(low, spread), max(high, spread)
    first, last = min(values, key=lambda m: values[m]), max(values, key=lambda m: values[m])
    verdict = BAD if low > settings.spread_bad else GOOD if spread <= settings.spread_good else WATCH
    rows.add("completeness_spread", spread, verdict,
             f"The methods differ by {spread:.2f}: from {values[first]:.2f} by {label(first, settings)} to "
             f"{values[last]:.2f} by {label(last, settings)}; a sound catalogue with gradual detection gives some 0.2 "
             "with 1,000 events and 0.5 with 20,000.", low=low, high=high, expected=0.4, n=len(values))


def _add_success(rows: Rows, found: dict[str, float], total: float, settings: AuditMagnitudesSettings) -> None:
    failed = [method for method in CAN_FAIL if not np.isfinite(found[method])]
    share = 1.0 - len(failed) / len(CAN_FAIL)
    if total < 2 * SURE:
        rows.cannot_tell("completeness_methods", f"{int(total):,} events are too few for a method's failure to mean "
                         f"anything; it needs {2 * SURE}.", n=total)
        return
    verdict = GOOD if not failed else BAD if len(failed) == len(CAN_FAIL) else WATCH
    why = (f"All {len(CAN_FAIL)} methods that can fail find a completeness magnitude." if not failed else
           f"No completeness magnitude is found by {', '.join(failed)} among {int(total):,} events.")
    rows.add("completeness_methods", share, verdict, why, expected=1.0, n=total)


def _add_events(rows: Rows, case: Case, bins: Bins, mc: float, again: Array) -> None:
    method = label(case.settings.magnitudes.completeness, case.settings.magnitudes)
    if not np.isfinite(mc):
        rows.cannot_tell("events_complete", f"{method} finds no completeness magnitude.")
        return
    n = float(bins.counts[0, bins.magnitude >= mc - 1e-9].sum())
    counts = [float(bins.counts[0, bins.magnitude >= one - 1e-9].sum()) for one in again if np.isfinite(one)]
    low, high = _range(counts)
    verdict = GOOD if n >= SURE else WATCH if n >= case.settings.magnitudes.events_least else CANNOT_TELL
    rows.add("events_complete", n, verdict, f"{int(n):,} of {int(bins.counts.sum()):,} events lie at or above "
             f"{mc:.2f}, the completeness by {method}; {SURE} give b to some 7%.", low=min(low, n), high=max(high, n),
             n=bins.counts.sum())


def _run(case: Case) -> Outcome:
    rows, settings = Rows(METRICS), case.settings.magnitudes
    bins = bins_of(case)
    total = float(bins.counts.sum())
    if total < settings.events_least or len(bins.magnitude) < 2:
        why = ("All magnitudes are equal." if total >= settings.events_least else
               f"{int(total):,} events have a magnitude; completeness needs {settings.events_least}.")
        for metric in METRICS:
            rows.cannot_tell(metric.name, why, n=total)
        return Outcome(rows.rows)
    estimates, p = completeness(bins, case)
    found = {method: float(value[0]) for method, value in estimates.items()}
    again = _resampled(bins, case)
    methods = _add_methods(rows, found, again, bins, settings)
    _add_agreement(rows, found, again, settings)
    _add_success(rows, found, total, settings)
    _add_events(rows, case, bins, found[settings.completeness], again[settings.completeness])
    b, error = tinti(bins, settings.events_least)
    cuts = pd.DataFrame({"magnitude": bins.magnitude, "count": bins.counts[0], "above": bins.above[0], "b": b[0],
                         "b_error": error[0], "fit": goodness_of_fit(bins, settings.events_least)[0],
                         "stability": b_stability(bins, settings.events_least)[0], "p": p})
    return Outcome(rows.rows, {"cut_offs": cuts, "methods": pd.DataFrame(methods), "widths": pd.DataFrame(
        {"bin": [bins.width], "rounded_to": [rounding(_finite(case))]})})


def _finite(case: Case) -> Array:
    values = case.facts.catalogue["magnitude"].to_numpy(np.float64)
    return values[np.isfinite(values)]


COMPLETENESS = Check(
    name="completeness",
    section="measure",
    question="From which magnitude on is the catalogue complete, and do the methods agree?",
    method=(
        "The completeness magnitude Mc is estimated by the fullest bin (with and without a correction), goodness of "
        "fit at 90 and 95%, stability of b, the entire magnitude range (a normal detection curve below, a "
        "Gutenberg-Richter law above, by maximum likelihood), and the lowest magnitude from which the Lilliefors test "
        "does not contradict an exponential law, the magnitudes spread within their bins by a truncated exponential. "
        "Intervals hold 95% of resamples of the events. There is no null: Mc is no fault; what is judged is whether "
        "the methods succeed, agree, and leave enough events."),
    references=(
        "Wiemer, S., & Wyss, M. (2000). Minimum magnitude of completeness in earthquake catalogs. Bulletin of the "
        "Seismological Society of America 90(4), 859-869.",
        "Cao, A., & Gao, S. S. (2002). Temporal variation of seismic b-values beneath northeastern Japan island arc. "
        "Geophysical Research Letters 29(9).",
        "Ogata, Y., & Katsura, K. (1993). Analysis of temporal and spatial heterogeneity of magnitude frequency "
        "distribution inferred from earthquake catalogues. Geophysical Journal International 113(3), 727-738.",
        "Woessner, J., & Wiemer, S. (2005). Assessing the quality of earthquake catalogues. Bulletin of the "
        "Seismological Society of America 95(2), 684-698.",
        "Lilliefors, H. W. (1969). On the Kolmogorov-Smirnov test for the exponential distribution with mean unknown. "
        "Journal of the American Statistical Association 64, 387-389.",
        "Herrmann, M., & Marzocchi, W. (2021). Inconsistencies and lurking pitfalls in the magnitude-frequency "
        "distribution of high-resolution earthquake catalogs. Seismological Research Letters 92(2A), 909-922.",
    ),
    metrics=METRICS,
    run=_run,
)
