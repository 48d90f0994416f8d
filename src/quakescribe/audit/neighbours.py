"""Nearest neighbours in time, place and magnitude: which events are clustered, and which followers are impossible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.check import CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.excess import excess, excess_verdict
from quakescribe.audit.intervals import share_interval
from quakescribe.audit.mixture import Mixture, crossing, fit_mixture
from quakescribe.audit.statistics import resampled
from quakescribe.audit.words import percent
from quakescribe.earth.geodesy import LocalFrame
from quakescribe.kernels.neighbours import nearest
from quakescribe.settings.audit_seismicity import AuditSeismicitySettings
from quakescribe.tables.facts import Facts
from quakescribe.tables.matching import seconds

Array = NDArray[np.float64]

_YEAR_S = 365.25 * 86_400.0
_FEW = 20  # events; with fewer neither a mixture nor a percentile says anything
_RARE = 0.01  # of the randomised catalogue lies nearer than what is called near (Zaliapin & Ben-Zion 2020)
_MORE = 2.0  # times as many events as by chance lie nearer than the mean of a clustered mode
_DEFAULT = -5.0  # log10 eta where nothing can be estimated: usual for regional catalogues
_SHUFFLED = 20_000  # events of the randomised catalogue that are asked for their neighbour
_ENOUGH = 300  # events; with fewer, a catalogue without clusters may be one by chance
_REFITS = 60  # of the mixture, for the interval of the threshold
_BLOCKS = 30  # of time, in which a background is counted
_UNEVEN = 1.0 / 3.0  # squared scatter of a rate over its mean; one step by a factor of 3 gives no more, wherever it is
_NOT_CHANCE = 1e-6  # probability of such scatter in a Poisson process
_MOVED_S = (60.0, 600.0)  # longer than any split of an event, shorter than most changes of rate


ONE_SEQUENCE = ("clusters and background do not part, and the rate varies more than that of any background: the "
                "catalogue is of one sequence, or was not recorded for much of its time")
"""Why nothing that needs independent events can be told."""


@dataclass(frozen=True)
class Declustered:
    """The nearest earlier event of every event, in the order of the catalogue (its first event has none).

    Attributes
    ----------
    log_eta, log_t, log_r
        Shape (n,): log10 of proximity, rescaled time and rescaled distance (years, km); not a number without parent.
    parent
        Shape (n,), int64: row of the nearest earlier event, -1 without.
    threshold
        log10 eta from which on an event belongs to the background.
    background
        Shape (n,), bool.
    mixture
        The two normal distributions that the threshold is the crossing of; None where they are not separate and the
        threshold is the first percentile of a randomised catalogue.
    chance
        log10 eta of (some of) the events of the randomised catalogue, ascending; empty with too few events.
    sure
        False where the background is one in name only: there is a single mode, and its rate is not :func:`steady`.
    """

    log_eta: Array
    log_t: Array
    log_r: Array
    parent: NDArray[np.int64]
    threshold: float
    background: NDArray[np.bool_]
    mixture: Mixture | None
    chance: Array
    sure: bool


def decluster(facts: Facts, settings: AuditSeismicitySettings) -> Declustered:
    """Find every event's nearest earlier event and part clustered from background events.

    eta_ij = t_ij r_ij**df 10**(-b m_i), T = t 10**(-b m / 2), R = r**df 10**(-b m / 2), in years and km (Zaliapin &
    Ben-Zion 2013). Events without a magnitude take the median magnitude. The threshold is the crossing of two normal
    distributions where they are separate, else the first percentile of a catalogue with times drawn anew, magnitudes
    shuffled and places kept (Zaliapin & Ben-Zion 2020).

    Parameters
    ----------
    facts
        Its catalogue is read.
    settings
        Exponents and floors.
    """
    events = facts.catalogue
    x, y = places(events)
    time, weight = seconds(events["time"]) / _YEAR_S, _weights(events["magnitude"], settings)
    parent, eta = _nearest(time, x, y, weight, np.arange(len(events)), settings)
    has = parent >= 0
    of = np.where(has, parent, 0)
    later = np.maximum(time - time[of], settings.time_floor_s / _YEAR_S) if len(events) else time
    apart = np.maximum(np.hypot(x - x[of], y - y[of]), settings.distance_floor_km) if len(events) else x
    half = 0.5 * np.log10(weight[of]) if len(events) else weight
    log_eta = np.where(has, np.log10(np.where(has, eta, 1.0)), np.nan)
    mixture, chance = _modes(log_eta, time, x, y, weight, settings)
    if mixture is not None:
        threshold = crossing(mixture)
    else:
        threshold = float(np.quantile(chance, _RARE)) if len(chance) else _DEFAULT
    background = ~(log_eta < threshold)
    return Declustered(
        log_eta, np.where(has, np.log10(later) + half, np.nan),
        np.where(has, settings.fractal_dimension * np.log10(apart) + half, np.nan), parent, threshold,
        background, mixture, chance, mixture is not None or steady(time[background]))


def steady(time: Array) -> bool:
    """Return whether events are spread over time like a background, which may have steps but no sequence.

    Parameters
    ----------
    time
        Shape (n,).

    Notes
    -----
    Not steady where counts n_b in 30 blocks of equal length (fewer below 150 events) have both a dispersion
    s^2 / mean that a Poisson process has with a probability below 1e-6 (chi-square; Cox & Lewis 1966, section 6.2), and
    s^2 - mean > mean^2 / 3. The latter, the squared scatter of the rate itself over its mean, does not grow with the
    number of events: a step by a factor r gives at most (r - 1)^2 / 4r, 1/3 for r = 3, the change of a rate with the
    hour about 0.1, but sequences after 1/(t + c) one to five.
    """
    m = min(len(time) // 5, _BLOCKS)
    if m < 5 or np.ptp(time) <= 0:
        return True
    counts = np.histogram(time, m)[0]
    mean, variance = counts.mean(), counts.var(ddof=1)
    chance = float(chi2.sf((m - 1) * variance / mean, m - 1))
    return bool(chance >= _NOT_CHANCE or variance - mean <= _UNEVEN * mean**2)


def places(events: pd.DataFrame) -> tuple[Array, Array]:
    """Return x (east) and y (north) of the events (km) around their middle."""
    if events.empty:
        return np.empty(0), np.empty(0)
    frame = LocalFrame.around(events["latitude"], events["longitude"])
    return frame.to_xy(events["latitude"].to_numpy(), events["longitude"].to_numpy())


def _weights(magnitude: pd.Series, settings: AuditSeismicitySettings) -> Array:
    """Return 10**(-b m); of events without a magnitude that of the median, 1 where none has any."""
    known = magnitude.to_numpy(dtype=np.float64)
    middle = np.nanmedian(known) if np.isfinite(known).any() else 0.0
    return np.asarray(10.0 ** (-settings.b_value * np.where(np.isfinite(known), known, middle)))


def _nearest(time: Array, x: Array, y: Array, weight: Array, asked: NDArray[np.int64],
             settings: AuditSeismicitySettings) -> tuple[NDArray[np.int64], Array]:
    parent, eta = nearest(time, x, y, weight, asked.astype(np.int64), settings.time_floor_s / _YEAR_S,
                          settings.distance_floor_km, settings.fractal_dimension)
    return parent, eta


def _modes(log_eta: Array, time: Array, x: Array, y: Array, weight: Array,
           settings: AuditSeismicitySettings) -> tuple[Mixture | None, Array]:
    """Return the two modes, where there are two, and log10 eta of the randomised catalogue.

    Only what the modes call background is randomised (Zaliapin & Ben-Zion 2020, section 3.2), so that the dense places
    of aftershocks do not enter. Modes of which the clustered one is hardly nearer than chance are none.
    """
    mixture = fit_mixture(log_eta[np.isfinite(log_eta)])
    if mixture is not None:
        rest = np.flatnonzero(~(log_eta < crossing(mixture)))
        chance = _chance(time[rest], x[rest], y[rest], weight[rest], settings)
        if len(chance) and _MORE * np.mean(chance < mixture.mean[0]) <= 0.5 * mixture.share[0]:
            return mixture, chance
    return None, _chance(time, x, y, weight, settings)


def _chance(time: Array, x: Array, y: Array, weight: Array, settings: AuditSeismicitySettings) -> Array:
    """Return log10 eta of a catalogue with times uniform, magnitudes shuffled and places kept, ascending."""
    n = len(time)
    if n < _FEW or time[-1] <= time[0]:
        return np.empty(0)
    rng = np.random.default_rng(0)
    order = rng.permutation(n)
    asked = np.unique(np.linspace(1, n - 1, min(n - 1, _SHUFFLED)).round().astype(np.int64))
    _, eta = _nearest(np.sort(rng.uniform(time[0], time[-1], n)), x[order], y[order], rng.permutation(weight), asked,
                      settings)
    return np.sort(np.log10(eta))


METRICS = (
    Metric("clustered_share", "Share of clustered events", "-",
           "Look at the plane of rescaled time and distance. Events that follow each other like chance are most likely "
           "false: raise the picker's threshold or the number of stations that make an event, and compare with a "
           "rule-based catalogue."),
    Metric("proximity_threshold", "Threshold between clustered and background events", "log10 of proximity",
           "Choose the threshold by eye before declustering with it."),
    Metric("instant_distant_followers", "Events seconds after a distant nearest neighbour", "-",
           "Look at the pairs of the check of coincident events: one of two is false, or both are parts of one event."),
)


def run(case: Case) -> Outcome:
    """Answer the check from the nearest earlier event of every event."""
    rows, events = Rows(METRICS), case.facts.catalogue
    if len(events) < _FEW or events["time"].iloc[0] >= events["time"].iloc[-1]:
        for metric in METRICS:
            rows.cannot_tell(metric.name, f"the catalogue has {len(events)} events; nearest neighbours need "
                             f"at least {_FEW} at different times", n=len(events))
        return Outcome(rows.rows)
    found = case.declustered
    block = blocks(events["time"], case)
    if found.sure:
        _clustered(rows, found, events["time"].iloc[1:], case)
        _threshold(rows, found, block, case)
    else:
        for name in ("clustered_share", "proximity_threshold"):
            rows.cannot_tell(name, ONE_SEQUENCE, n=len(events))
    _instant(rows, found, block, case)
    table = pd.DataFrame({"event_id": events["event_id"], "log_eta": found.log_eta, "log_t": found.log_t,
                          "log_r": found.log_r, "parent": found.parent, "background": found.background})
    modes = found.mixture or Mixture(np.empty(0), np.empty(0), np.empty(0))
    form = pd.DataFrame({"share": modes.share, "mean": modes.mean, "sd": modes.sd})
    return Outcome(rows.rows, {
        "neighbours": table, "mixture": form, "chance": pd.DataFrame({"log_eta": found.chance}),
        "threshold": pd.DataFrame({"log_eta": [found.threshold], "sure": [found.sure]})})


def _clustered(rows: Rows, found: Declustered, later: pd.Series, case: Case) -> None:
    """Give the share below the threshold; the verdict asks whether more are nearer than one in a hundred by chance."""
    part = ~found.background[1:]
    n, share = len(part), float(part.mean())
    expected = float(np.mean(found.chance < found.threshold))
    low, high = share_interval(part, later, case, 611)
    rare = float(np.quantile(found.chance, _RARE))
    nearer = found.log_eta[1:] < rare
    low_rare, high_rare = share_interval(nearer, later, case, 615)
    if high_rare - _RARE < case.settings.seismicity.clustered_share_least:
        verdict = WATCH if n >= _ENOUGH else CANNOT_TELL
    else:
        verdict = GOOD if low_rare > _RARE else CANNOT_TELL
    head = (f"{part.sum():,} of {n:,} events ({percent(share)}) lie nearer to an earlier event than log10 eta = "
            f"{found.threshold:.2f}, the others ({percent(1 - share)}) are background; " if found.mixture is not None
            else f"log10 eta of {n:,} events does not part into clusters and background; ")
    told = ("they cluster" if low_rare > _RARE
            else "they do not surely cluster, as earthquakes do and false events do not")
    rows.add("clustered_share", share, verdict,
             f"{head}{percent(float(nearer.mean()))} lie nearer than {_RARE:.0%} of a catalogue with times and "
             f"magnitudes shuffled, so {told}.",
             low=low, high=high, expected=expected, n=n)


def _threshold(rows: Rows, found: Declustered, block: NDArray[np.int64], case: Case) -> None:
    values = found.log_eta[1:]
    if found.mixture is None:
        rows.add("proximity_threshold", found.threshold, GOOD,
                 f"log10 eta does not part into two modes, so the threshold is the first percentile of the catalogue "
                 f"with times and magnitudes shuffled, {found.threshold:.2f}.", n=len(values))
        return

    def refitted(some: NDArray[np.int64]) -> float:
        drawn = fit_mixture(values[some], found.mixture)
        return crossing(drawn) if drawn else np.nan

    low, high = resampled(refitted, block[1:], case.rng(612), min(case.settings.resamples, _REFITS))
    mean, sd = found.mixture.mean, found.mixture.sd
    told = (f"log10 eta has two modes, clustered events at {mean[0]:.2f} (standard deviation {sd[0]:.2f}) and "
            f"background at {mean[1]:.2f} ({sd[1]:.2f}), which cross at {found.threshold:.2f}")
    expected = float(np.quantile(found.chance, _RARE))
    if np.isnan(low):
        rows.add("proximity_threshold", found.threshold, CANNOT_TELL, f"{told}; but most catalogues of resampled "
                 "blocks of time have no two separate modes.", expected=expected, n=len(values))
        return
    low, high = min(low, found.threshold), max(high, found.threshold)
    rows.add("proximity_threshold", found.threshold, WATCH if high - low > mean[1] - mean[0] else GOOD,
             f"{told} (95% interval {low:.2f} to {high:.2f}).", low=low, high=high, expected=expected, n=len(values))


def _instant(rows: Rows, found: Declustered, block: NDArray[np.int64], case: Case) -> None:
    """Count nearest neighbours that are distant and at once; the null moves every time by one to ten minutes."""
    settings, events = case.settings.seismicity, case.facts.catalogue
    x, y = places(events)
    time, weight = seconds(events["time"]), _weights(events["magnitude"], settings)
    rng = case.rng(613)
    moved = time + rng.uniform(*_MOVED_S, len(time)) * rng.choice([-1.0, 1.0], len(time))
    order = np.argsort(moved, kind="stable")
    parent, _ = _nearest(moved[order] / _YEAR_S, x[order], y[order], weight[order], np.arange(len(time)), settings)
    null = np.zeros(len(time), dtype=bool)
    null[order] = _is_instant(moved[order], x[order], y[order], parent, settings)
    counted = _is_instant(time, x, y, found.parent, settings)
    over = excess(counted.astype(float), null.astype(float), 1.0, block, case.rng(614), case.settings.resamples)
    rows.add("instant_distant_followers", over.value,
             excess_verdict(over, settings.coincident_good, settings.coincident_bad),
             f"{counted.sum():,} of {len(time):,} events have their nearest neighbour less than "
             f"{settings.instant_s:g} s before and at least {settings.distant_km:g} km away, against {null.sum():,} "
             "where every time is moved by one to ten minutes.",
             low=over.low, high=over.high, expected=over.expected, n=len(time))


def _is_instant(time: Array, x: Array, y: Array, parent: NDArray[np.int64],
                settings: AuditSeismicitySettings) -> NDArray[np.bool_]:
    of = np.maximum(parent, 0)
    return np.asarray((parent >= 0) & (time - time[of] < settings.instant_s)
                      & (np.hypot(x - x[of], y - y[of]) >= settings.distant_km))


NEIGHBOURS = Check(
    name="nearest-neighbours",
    section="catalogue",
    question="Do the events follow each other like earthquakes, and which of them are clustered?",
    method="Every event gets its nearest earlier event by time, distance and magnitude: the least "
           "eta = t r^df 10^(-b m). Where log10 eta parts into two normal distributions their crossing separates "
           "clustered from background events, otherwise the first percentile of the catalogue with times and "
           "magnitudes shuffled does. Where there is one mode and the rate varies by far more than a background's, the "
           "catalogue is of one sequence and has no background. A nearest neighbour seconds before and far away was "
           "not its trigger: such events are counted against a catalogue whose times are moved by one to ten minutes. "
           "Intervals draw blocks of time again.",
    references=(
        "Zaliapin, I., A. Gabrielov, V. Keilis-Borok & H. Wong (2008): Clustering analysis of seismicity and "
        "aftershock identification. Physical Review Letters 101, 018501.",
        "Zaliapin, I. & Y. Ben-Zion (2013): Earthquake clusters in southern California I: identification and "
        "stability. Journal of Geophysical Research 118, 2847-2864.",
        "Zaliapin, I. & Y. Ben-Zion (2020): Earthquake declustering using the nearest-neighbor approach in "
        "space-time-magnitude domain. Journal of Geophysical Research 125, e2018JB017120.",
    ),
    metrics=METRICS,
    run=run,
)
