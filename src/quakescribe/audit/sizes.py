"""Does the distribution of magnitudes look like one of earthquakes?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.completeness import DITHERS, SURE, chosen, lilliefors
from quakescribe.audit.magnitude_bins import LEAST_TO_TELL, Array, Bins, maximum_curvature, rounding, tinti
from quakescribe.audit.magnitude_shapes import excess, second_peak
from quakescribe.audit.statistics import resampled_share, wilson
from quakescribe.audit.words import percent

NO_LAW = 0.001  # p so small at every cut-off excludes an exponential law beyond doubt
NULL_DRAWS = 199  # resamples of the distribution with one peak; the smallest p is 0.005
SURELY = 0.01  # p of a second peak
MISPLACED = 0.05  # share of events out of place beyond chance that makes a second peak bad
LAW_OVER = 0.4  # magnitude units above the fullest bin that must hold enough events to look for an exponential law
TOO_SMALL = 0.001  # chance that so many events had no larger one

METRICS = (
    Metric("magnitude_range", "Median magnitude", "magnitude units",
           "Look whether the column holds magnitudes at all: energies, moments or amplitudes lie in this range."),
    Metric("magnitudes_missing", "Events without a magnitude", "-",
           "Find out which events have none (small, distant, few stations) before rates or b values are interpreted."),
    Metric("magnitude_rounding", "Rounding of the magnitudes", "magnitude units",
           "Ask for magnitudes with more digits; b and completeness are only known to within this width."),
    Metric("exponential_law", "Fit of the Gutenberg-Richter law (p)", "-",
           "Do not give a b value: look for mixed kinds of magnitude, wrong gains, false events or several "
           "populations, by period, region and kind."),
    Metric("magnitude_excess", "Excess of events at one magnitude", "-",
           "Look which station and day the events of this bin come from: a faulty station, a quarry or a default "
           "value of a program gives many events one size."),
    Metric("second_peak", "Second peak of the magnitude distribution", "-",
           "Split the catalogue by period, kind of magnitude and station until each part has one peak: scales or "
           "detection differ between parts."),
    Metric("largest_magnitude", "Largest magnitude", "magnitude units",
           "Check whether large events are clipped, are measured by a scale that saturates, or were left out."),
)


def _range(rows: Rows, case: Case, known: pd.DataFrame) -> None:
    settings, values = case.settings.magnitudes, known["magnitude"].to_numpy()
    if not len(values):
        rows.cannot_tell("magnitude_range", "No event has a magnitude.", n=0)
        return
    median = float(np.median(values))
    half = 0.98 * np.sqrt(len(values))  # ranks to either side: 1.96 sqrt(n) / 2, the binomial interval of a median
    ordered = np.sort(values)
    at = np.clip(np.round(len(values) / 2 + np.array([-half - 1, half])), 0, len(values) - 1).astype(int)
    low, high = (float(one) for one in ordered[at])
    absurd = high < settings.median_lowest or low > settings.median_highest
    if len(values) < LEAST_TO_TELL:
        verdict = CANNOT_TELL
    else:
        verdict = BAD if absurd else GOOD
    rows.add("magnitude_range", median, verdict, f"Half of {len(values):,} magnitudes are below {median:.2f}; a "
             f"catalogue has its median between {settings.median_lowest:g} and {settings.median_highest:g}.",
             low=min(low, median), high=max(high, median), n=len(values))


def _missing(rows: Rows, case: Case, known: pd.DataFrame) -> None:
    catalogue, settings = case.facts.catalogue, case.settings.magnitudes
    n = len(catalogue)
    if not n or known.empty:
        rows.cannot_tell("magnitudes_missing", "The catalogue has no magnitudes." if n else "There is no event.", n=n)
        return
    lost = catalogue["magnitude"].isna().to_numpy()
    low, high = wilson(int(lost.sum()), n)
    first, last = resampled_share(lost, blocks(catalogue["time"], case), case.rng(680), case.settings.resamples)
    low, high = np.nanmin([low, first]), np.nanmax([high, last])
    rows.add("magnitudes_missing", lost.mean(), judge(low, high, settings.missing_good, settings.missing_bad),
             f"{int(lost.sum()):,} of {n:,} events have no magnitude ({percent(float(lost.mean()))}).",
             low=low, high=high, expected=0.0, n=n)


def _rounding(rows: Rows, case: Case, known: pd.DataFrame) -> None:
    settings, values = case.settings.magnitudes, known["magnitude"].to_numpy()
    if len(values) < LEAST_TO_TELL or np.ptp(values) == 0:
        rows.cannot_tell("magnitude_rounding", f"{len(values):,} magnitudes of different size do not tell how they are "
                         "rounded.", n=len(values))
        return
    width = rounding(values)
    verdict = BAD if width >= settings.coarse_bad else WATCH if width >= settings.coarse_watch else GOOD
    rows.add("magnitude_rounding", width, verdict,
             f"Nearly all of {len(values):,} magnitudes are multiples of {width:g}." if width else
             f"The {len(values):,} magnitudes are not rounded to 0.001 or more.", expected=0.0, n=len(values))


def _law(rows: Rows, case: Case, bins: Bins) -> None:
    settings = case.settings.magnitudes
    p = lilliefors(bins, SURE, case.rng(681), DITHERS)
    p = np.where(bins.magnitude >= maximum_curvature(bins)[0] - 1e-9, p, np.nan)
    if np.count_nonzero(np.isfinite(p)) * bins.width < LAW_OVER:
        rows.cannot_tell("exponential_law", f"Fewer than {SURE} events lie {LAW_OVER} or more above the fullest bin, "
                         "where detection no longer matters.", n=bins.counts.sum())
        return
    at = int(np.nanargmax(p))
    verdict = BAD if p[at] < NO_LAW else WATCH if p[at] < settings.law_p else GOOD
    n = int(bins.above[0, at])
    rows.add("exponential_law", p[at], verdict, f"Of all magnitudes to start from, {bins.magnitude[at]:.2f} agrees "
             f"best with an exponential law: p = {p[at]:.2g} with {n:,} events"
             + (", so no part of the distribution follows one." if verdict == BAD else "."), n=n)


def _excess(rows: Rows, case: Case, bins: Bins) -> pd.DataFrame:
    settings, total = case.settings.magnitudes, float(bins.counts.sum())
    found = excess(bins)
    tested = found.dropna(subset=["z"])
    if tested.empty:
        rows.cannot_tell("magnitude_excess", "No five neighbouring bins hold enough events.", n=total)
        return found
    worst = tested.iloc[int(tested["z"].to_numpy().argmax())]
    value, half = worst["excess"] / total, 1.96 * worst["error"] / total
    low, high = value - half, value + half
    verdict = GOOD
    if worst["flagged"] and low > settings.excess_watch:
        verdict = BAD if low > settings.excess_bad else WATCH
    rows.add("magnitude_excess", value, verdict,
             f"The bin at {worst['magnitude']:.2f} holds {int(worst['count']):,} events where its neighbours lead to "
             f"expect {worst['expected']:,.0f}: {_more(value)} of all events "
             f"(z = {worst['z']:.1f}, the largest of {len(tested)} bins).", low=low, high=high, expected=0.0, n=total)
    return found


def _more(share: float) -> str:
    """Return a share with its sign."""
    return f"{'-' if share < 0 else '+'}{percent(abs(share))}"


def _peaks(rows: Rows, case: Case, bins: Bins) -> Array:
    total = float(bins.counts.sum())
    if total < SURE or len(bins.magnitude) < 3:
        rows.cannot_tell("second_peak", f"{int(total):,} magnitudes in {len(bins.magnitude)} bins do not tell one peak "
                         "from two.", n=total)
        return np.full(len(bins.magnitude), np.nan)
    found = second_peak(bins, case.rng(682), NULL_DRAWS)
    sure, beyond = found.p <= SURELY, found.share - found.chance_high
    verdict = BAD if sure and beyond > MISPLACED else WATCH if sure else GOOD
    half = found.chance_high - found.by_chance
    rows.add("second_peak", found.share, verdict, f"{percent(found.share)} of {int(total):,} events lie out of place "
             f"for a distribution with one peak; {percent(found.by_chance)} do by chance (p = {found.p:.2g}).",
             low=max(0.0, found.share - half), high=found.share + half, expected=found.by_chance, n=total)
    return found.fit


def _largest(rows: Rows, bins: Bins, mc: float, known: pd.DataFrame) -> None:
    b, error = tinti(bins, SURE)
    at = np.flatnonzero(bins.magnitude >= mc - 1e-9)
    if not len(at) or np.isnan(b[0, at[0]]):
        rows.cannot_tell("largest_magnitude", f"Fewer than {SURE} events lie above the completeness magnitude.",
                         n=len(known))
        return
    n, largest, start = bins.above[0, at[0]], float(known["magnitude"].max()), mc - bins.width / 2
    slope = float(b[0, at[0]])
    expected = start - np.log10(-np.expm1(np.log(0.5) / n)) / slope
    steep = slope + 2.0 * float(error[0, at[0]])  # the cautious b: the steeper, the smaller the largest event
    chance = float(np.exp(n * np.log1p(-min(10.0 ** (-steep * (largest + bins.width / 2 - start)), 1.0 - 1e-12))))
    rows.add("largest_magnitude", largest, WATCH if chance < TOO_SMALL else GOOD,
             f"The largest of {int(n):,} events at or above {mc:.2f} is {largest:.2f}; with b = {slope:.2f} "
             f"the largest is {expected:.2f} in the median, and no larger than {largest:.2f} with a chance of "
             f"{chance:.2g}.",
             expected=expected, n=n)


def _run(case: Case) -> Outcome:
    rows, settings = Rows(METRICS), case.settings.magnitudes
    known = case.facts.catalogue[np.isfinite(case.facts.catalogue["magnitude"])]
    for one in (_range, _missing, _rounding):
        one(rows, case, known)
    if len(known) < settings.events_least or np.ptp(known["magnitude"].to_numpy()) == 0:
        why = ("All magnitudes are equal." if len(known) >= settings.events_least else
               f"{len(known):,} magnitudes say nothing about their distribution; it needs {settings.events_least}.")
        for metric in METRICS[3:]:
            rows.cannot_tell(metric.name, why, n=len(known))
        return Outcome(rows.rows)
    bins, mc, _ = chosen(case)
    mc = mc if np.isfinite(mc) else float(maximum_curvature(bins)[0])
    _law(rows, case, bins)
    found = _excess(rows, case, bins).assign(one_peak=_peaks(rows, case, bins))
    _largest(rows, bins, mc, known)
    return Outcome(rows.rows, {"bins": found})


SIZES = Check(
    name="sizes",
    section="measure",
    question="Does the distribution of magnitudes look like one of earthquakes?",
    method=(
        "The best p of the Lilliefors test over all cut-offs tells whether any part is exponential. The count of a bin "
        "is compared with a cubic through the logarithms of its four neighbours (false-discovery rate 1%). The best "
        "fit with one peak (isotonic regression) is resampled for the null of a second peak. The largest magnitude is "
        "compared with that of as many events of the same b."),
    references=(
        "Lilliefors, H. W. (1969). On the Kolmogorov-Smirnov test for the exponential distribution with mean unknown. "
        "Journal of the American Statistical Association 64, 387-389.",
        "Barlow, R. E., Bartholomew, D. J., Bremner, J. M., & Brunk, H. D. (1972). Statistical Inference under Order "
        "Restrictions. Wiley.",
        "Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal Statistical "
        "Society B 57, 289-300.",
    ),
    metrics=METRICS,
    run=_run,
)
