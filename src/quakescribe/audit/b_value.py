"""How steep is the frequency-magnitude distribution? b by three estimators above a stated completeness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.completeness import chosen, label
from quakescribe.audit.magnitude_bins import SMALL, Array
from quakescribe.settings.audit_magnitudes import AuditMagnitudesSettings

Index = NDArray[np.int64]
UNSURE = 0.15  # half-width of the interval of a difference of b values, from which on it says nothing
EXPECTED = 1.0  # usual: nearly all tectonic regions; swarms and volcanoes may have 1.5 and more
LEAST_BLOCKS = 5  # with fewer blocks of time a resample says nothing about changes in time


def grouped(height: Array | float, width: float) -> Array:
    """Return b of magnitudes in bins by their mean height above the lowest one (in bins).

    b = log10(1 + 1 / height) / width (Tinti & Mulargia 1987, BSSA 77, 2125-2134, eq. 2.5), unbiased by the bins.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log10(1.0 + 1.0 / np.asarray(height, np.float64)) / width)


def half_bin(height: Array | float, width: float) -> Array:
    """Return b of magnitudes in bins by their mean height above the lowest one (in bins).

    b = log10(e) / (mean - (Mc - width / 2)) (Aki 1965, Bull. Earthq. Res. Inst. 43, 237-239; Utsu 1966).
    """
    return np.asarray(1 / (np.log(10) * (np.asarray(height, np.float64) + 0.5) * width))


def standard_error(b: float, heights: Index, width: float) -> float:
    """Return the standard error of b: ln(10) b^2 sqrt(sum (m - mean)^2 / (n (n - 1))) (Shi & Bolt 1982, BSSA 72)."""
    n = len(heights)
    return float(np.log(10) * b**2 * width * np.sqrt(heights.var() / (n - 1))) if n > 1 else float("nan")


def positive_differences(index: Index, least: int) -> tuple[Index, Index]:
    """Return how far successive magnitudes in time order rise beyond the least step, and which events end a rise.

    Parameters
    ----------
    index
        Shape (n,): bin of every magnitude, in time order.
    least
        Least rise (in bins, at least 1) that counts.

    Notes
    -----
    The rises are exponential with the same b as the magnitudes, also where completeness changes slowly (van der Elst
    2021, JGR Solid Earth 126, e2020JB021027, eqs. 6 to 9). A least rise well above the width of the detection curve
    keeps its gradual part out.
    """
    rise = np.diff(index)
    at = np.flatnonzero(rise >= least)
    return rise[at] - least, at + 1


class _Estimate:
    """One estimator's value, its standard error, and its resamples over blocks of time."""

    def __init__(self, heights: Index, block: Index, drawn: Array, width: float,
                 formula: Callable[[Array | float, float], Array]) -> None:
        self.n = len(heights)
        self.value = float(formula(float(heights.mean()), width)) if self.n else float("nan")
        self.value = self.value if np.isfinite(self.value) else float("nan")
        self.error = standard_error(self.value, heights, width)
        count = np.bincount(block, minlength=drawn.shape[1])
        total = np.bincount(block, heights, minlength=drawn.shape[1])
        with np.errstate(divide="ignore", invalid="ignore"):
            self.again = formula((drawn @ total) / (drawn @ count), width)

    def interval(self) -> tuple[float, float]:
        """Return the wider of the sampling interval and that of resampled blocks of time, about the value."""
        low, high = self.value - 1.96 * self.error, self.value + 1.96 * self.error
        known = self.again[np.isfinite(self.again)]
        if len(known) > len(self.again) // 2:
            first, last = np.quantile(known, [0.025, 0.975])
            low, high = min(low, first), max(high, last)
        return float(low), float(high)


METRICS = (
    Metric("b_value", "b value", "-",
           "Check completeness, the kind of magnitude and its attenuation first: a wrong scale, mixed kinds, blasts or "
           "false small events change b as much as the region does. Then compare with published values."),
    Metric("b_difference", "b-positive minus b of all events", "-",
           "Raise the completeness magnitude, or use the b-positive value: small events are missing at times, for "
           "instance after larger ones, or detection falls off gradually."),
)


def _verdict(low: float, high: float, error: float, settings: AuditMagnitudesSettings) -> str:
    least, most = EXPECTED - settings.b_away, EXPECTED + settings.b_away
    if high < least or low > most:
        return BAD if error <= settings.b_error_most else WATCH
    if not low <= EXPECTED <= high:
        return GOOD if low >= least and high <= most else WATCH
    return GOOD if high - low <= 2 * settings.b_away else CANNOT_TELL


def _estimates(case: Case, mc: float, width: float) -> dict[str, _Estimate]:
    settings = case.settings.magnitudes
    known = case.facts.catalogue[np.isfinite(case.facts.catalogue["magnitude"])]
    index = np.floor((known["magnitude"].to_numpy() - mc) / width + 0.5 + SMALL).astype(np.int64)
    block = blocks(known["time"], case)[index >= 0]
    index = index[index >= 0]
    labels, block = np.unique(block, return_inverse=True)
    many = len(labels) if len(labels) >= LEAST_BLOCKS else 1
    block = block if many > 1 else np.zeros_like(block)
    drawn = case.rng(670).multinomial(many, np.full(many, 1.0 / many), size=case.settings.resamples).astype(np.float64)
    rises, ends = positive_differences(index, _step(settings, width))
    return {"Tinti-Mulargia": _Estimate(index, block, drawn, width, grouped),
            "Aki-Utsu": _Estimate(index, block, drawn, width, half_bin),
            "b-positive": _Estimate(rises, block[ends], drawn, width, grouped)}


def _step(settings: AuditMagnitudesSettings, width: float) -> int:
    return max(1, int(np.ceil(settings.b_positive_step / width - SMALL)))


def _add_values(rows: Rows, found: dict[str, _Estimate], mc: float, method: str,
                settings: AuditMagnitudesSettings) -> None:
    for name, one in found.items():
        key = f"{name}, {method}"
        what = "rises" if name == "b-positive" else "events"
        if one.n < settings.events_least or np.isnan(one.value):
            rows.cannot_tell("b_value", f"{name} has {one.n:,} {what} at or above {mc:.2f}; it needs "
                             f"{settings.events_least} of more than one size.", key=key, n=one.n)
            continue
        low, high = one.interval()
        rows.add("b_value", one.value, _verdict(low, high, one.error, settings),
                 f"{name} gives b = {one.value:.2f} ± {one.error:.2f} (standard error; 95%: {low:.2f} to {high:.2f}) "
                 f"from {one.n:,} {what} at or above {mc:.2f}; b near 1 is usual.",
                 key=key, low=low, high=high, expected=EXPECTED, n=one.n)


def _add_difference(rows: Rows, found: dict[str, _Estimate], mc: float, settings: AuditMagnitudesSettings) -> None:
    one, other = found["b-positive"], found["Tinti-Mulargia"]
    if min(one.n, other.n) < settings.events_least or np.isnan(one.value - other.value):
        rows.cannot_tell("b_difference", f"b-positive has {one.n:,} rises; it needs {settings.events_least}.", n=one.n)
        return
    apart = one.value - other.value
    half = 1.96 * float(np.sqrt(max(one.error**2 - other.error**2, 0.0)))
    again = (one.again - other.again)[np.isfinite(one.again - other.again)]
    low, high = np.quantile(again, [0.025, 0.975]) if len(again) else (apart, apart)
    low, high = float(min(low, apart - half)), float(max(high, apart + half))
    if low > settings.b_apart:
        verdict, why = WATCH, "small events are missing at times, for instance after larger ones"
    elif high < -settings.b_apart:
        verdict, why = WATCH, "successive magnitudes depend on each other, or detection falls off gradually"
    else:
        verdict, why = _unsure_difference(apart, low, high, settings.b_apart)
    rows.add("b_difference", apart, verdict, f"Above {mc:.2f} b-positive is {one.value:.2f} and b of all events "
             f"{other.value:.2f}, a difference of {apart:+.2f} ({low:+.2f} to {high:+.2f}): {why}.",
             low=low, high=high, expected=0.0, n=one.n)


def _unsure_difference(apart: float, low: float, high: float, limit: float) -> tuple[str, str]:
    """Return the verdict of a difference that may be smaller than the limit, and what it means."""
    if max(-low, high) <= limit:
        return GOOD, f"they surely differ by less than {limit:g}"
    if not low <= 0.0 <= high:
        likely = abs(apart) > limit
        return (WATCH if likely else CANNOT_TELL), (
            f"they differ; by more than {limit:g} is {'likely but not sure' if likely else 'possible but not likely'}")
    if high - low > 2 * UNSURE:
        return CANNOT_TELL, "the interval is too wide to say"
    return GOOD, "no more than chance explains"


def _against_cut_off(case: Case, magnitude: Array, width: float) -> pd.DataFrame:
    """Return b and its error by Tinti & Mulargia and by b-positive for every cut-off with enough events."""
    settings = case.settings.magnitudes
    values = case.facts.catalogue["magnitude"].to_numpy(np.float64)
    whole = np.floor((values[np.isfinite(values)] - magnitude[0]) / width + 0.5 + SMALL).astype(np.int64)
    table = []
    for cut, middle in enumerate(magnitude):
        index = whole[whole >= cut] - cut
        if len(index) < settings.events_least:
            break
        rises, _ = positive_differences(index, _step(settings, width))
        for name, heights in (("Tinti-Mulargia", index), ("b-positive", rises)):
            if len(heights) >= settings.events_least and heights.any():
                b = float(grouped(float(heights.mean()), width))
                table.append((name, middle, b, standard_error(b, heights, width), len(heights)))
    return pd.DataFrame(table, columns=["estimator", "magnitude", "b", "b_error", "n"])


def _run(case: Case) -> Outcome:
    rows, settings = Rows(METRICS), case.settings.magnitudes
    bins, mc, method = chosen(case)
    total = float(bins.counts.sum())
    if not np.isfinite(mc) or len(bins.magnitude) < 2:
        why = (f"{label(method, settings)} finds no completeness magnitude among {int(total):,} magnitudes"
               + (", which are all equal." if total and len(bins.magnitude) < 2 else "."))
        for metric in METRICS:
            rows.cannot_tell(metric.name, why, n=total)
        return Outcome(rows.rows)
    found = _estimates(case, mc, bins.width)
    _add_values(rows, found, mc, label(method, settings), settings)
    _add_difference(rows, found, mc, settings)
    fits = pd.DataFrame([{"estimator": name, "b": one.value, "b_error": one.error, "n": one.n, "mc": mc,
                          "mc_method": label(method, settings), "above": found["Tinti-Mulargia"].n}
                         for name, one in found.items()])
    return Outcome(rows.rows, {"fits": fits, "cut_offs": _against_cut_off(case, bins.magnitude, bins.width)})


B_VALUE = Check(
    name="b-value",
    section="measure",
    question="How steep is the frequency-magnitude distribution, and do estimators that lose differently agree?",
    method=(
        "b is estimated above a stated completeness magnitude by Tinti & Mulargia (magnitudes in bins), by Aki with "
        "Utsu's half bin, and by b-positive, which takes only rises between successive magnitudes and so forgives "
        "completeness that changes in time. Standard errors are of Shi & Bolt; the interval is the wider of 1.96 "
        "standard errors and of resampled blocks of time, Mc held fixed. The null is b = 1, which is usual: farther "
        "than the limit beyond chance is called bad because scales, mixed kinds and false events do it more often than "
        "the Earth. A difference between the estimators beyond chance is never called bad."),
    references=(
        "Aki, K. (1965). Maximum likelihood estimate of b in the formula log N = a - bM and its confidence limits. "
        "Bulletin of the Earthquake Research Institute 43, 237-239.",
        "Utsu, T. (1966). A statistical significance test of the difference in b-value between two earthquake groups. "
        "Journal of Physics of the Earth 14, 37-40.",
        "Shi, Y., & Bolt, B. A. (1982). The standard error of the magnitude-frequency b value. Bulletin of the "
        "Seismological Society of America 72(5), 1677-1687.",
        "Tinti, S., & Mulargia, F. (1987). Confidence intervals of b values for grouped magnitudes. Bulletin of the "
        "Seismological Society of America 77(6), 2125-2134.",
        "van der Elst, N. J. (2021). B-positive: a robust estimator of aftershock magnitude distribution in "
        "transiently incomplete catalogs. Journal of Geophysical Research: Solid Earth 126(2), e2020JB021027.",
    ),
    metrics=METRICS,
    run=_run,
)
