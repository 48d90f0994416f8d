"""Coincident distant events: two places at one time more often than chance allows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.check import Check, Metric, Outcome, Rows
from quakescribe.audit.event_pairs import compare, onsets, split
from quakescribe.audit.excess import Excess, excess, excess_verdict
from quakescribe.audit.neighbours import places
from quakescribe.audit.words import number_of
from quakescribe.kernels.neighbours import pair_counts, pairs
from quakescribe.tables.matching import seconds

Array = NDArray[np.float64]

WINDOWS_S = (2.0, 5.0, 10.0, 20.0, 30.0)
"""The sweep: pairs no farther apart in time than each of these."""
LAGS_S = (60.0, 150.0, 600.0)
"""Edges of the lags that only chance fills: longer than any split of an event, shorter than most changes of rate."""

_FEW = 20  # events
_MOST = 5000  # events within ten minutes of one; a catalogue with more is not looked at
_LISTED = 300  # pairs
_MARGINAL = 0.25  # an event is marginal below this quantile of the number of onsets

METRICS = (
    Metric("coincident_distant_events", "Simultaneous events at distant places", "-",
           "Inspect the listed pairs: where one fits the other's origin, the associator split an event, so widen its "
           "tolerance or merge both; where the smaller is marginal, ask for more stations per event."),
)


def lagged_null(lagged: NDArray[np.int64], width_s: float, edges_s: tuple[float, ...]) -> tuple[Array, float]:
    """Return the null counts and their scale, of the densest of two spans of lags.

    Parameters
    ----------
    lagged
        Shape (n, 2): pairs of every event in two classes of lags.
    width_s
        Length of the window that the null is for (s).
    edges_s
        The three edges of the classes (s).

    Notes
    -----
    The pairs at short lags alone and all of them give two densities; the larger is taken. Where rates fall within
    minutes, as in the first hours of aftershocks, the short lags are denser, and the null follows.
    """
    short, long = edges_s[1] - edges_s[0], edges_s[2] - edges_s[0]
    both = lagged.sum(axis=1)
    if lagged[:, 0].sum() / short > both.sum() / long:
        return lagged[:, 0].astype(np.float64), width_s / short
    return both.astype(np.float64), width_s / long


def run(case: Case) -> Outcome:
    """Answer the check from all pairs of distant events within ten minutes."""
    rows, settings, events = Rows(METRICS), case.settings.seismicity, case.facts.catalogue
    if len(events) < _FEW:
        rows.cannot_tell(METRICS[0].name, f"the catalogue has {len(events)} events; pairs need at least {_FEW}",
                         n=len(events))
        return Outcome(rows.rows)
    x, y = places(events)
    time = seconds(events["time"])
    edges = np.array([0.0, *sorted({*WINDOWS_S, settings.coincident_s}), *LAGS_S])
    counts, cut = pair_counts(time, x, y, settings.distant_km, np.inf, edges, _MOST)
    if cut:
        rows.cannot_tell(METRICS[0].name, f"more than {_MOST:,} events follow one event within ten minutes: their "
                         "times cannot be right or are all the same", n=len(events))
        return Outcome(rows.rows)
    block = blocks(events["time"], case)
    sweep, result = [], None
    for k, window in enumerate(edges[1:-3]):
        found = counts[:, : k + 1].sum(axis=1).astype(np.float64)
        null, scale = lagged_null(counts[:, -2:], float(window), LAGS_S)
        over = excess(found, null, scale, block, case.rng(620, k), case.settings.resamples)
        sweep.append((window, *(number * len(events) for number in (over.value, over.expected, over.low, over.high))))
        if window == settings.coincident_s:
            result = over, int(found.sum())
    table = pd.DataFrame(sweep, columns=["window_s", "observed", "expected", "low", "high"])
    listed = _listed(case, time, x, y)
    assert result is not None
    _judge(rows, case, *result, listed)
    return Outcome(rows.rows, {"windows": table, "pairs": listed})


def _judge(rows: Rows, case: Case, over: Excess, observed: int, listed: pd.DataFrame) -> None:
    settings, n = case.settings.seismicity, len(case.facts.catalogue)
    verdict = excess_verdict(over, settings.coincident_good, settings.coincident_bad)
    words = listed["judgement"].value_counts()
    told = "; ".join(f"{number} {word}" for word, number in words.items())
    rows.add("coincident_distant_events", over.value, verdict,
             f"{number_of(observed, 'pair')} of events {'lies' if observed == 1 else 'lie'} at most "
             f"{settings.coincident_s:g} s and at least {settings.distant_km:g} km apart; {over.expected * n:.1f} are "
             f"expected from the pairs one to ten minutes apart, so {100 * over.beyond:.2f} pairs per 100 events are "
             "beyond chance (95% interval "
             f"{100 * (over.low - over.expected):.2f} to {100 * (over.high - over.expected):.2f})"
             + (f"; of those listed: {told}." if told else "."),
             low=over.low, high=over.high, expected=over.expected, n=n)


def _listed(case: Case, time: Array, x: Array, y: Array) -> pd.DataFrame:
    """Return the coincident pairs with what their arrivals say, the most suspicious first."""
    settings, events = case.settings.seismicity, case.facts.catalogue
    one, two = pairs(time, x, y, settings.distant_km, np.inf, 0.0, settings.coincident_s, _MOST, 20_000)
    found = onsets(case)
    compared = compare(case, found, one, two)
    small, large = compared["small"].to_numpy(), compared["large"].to_numpy()
    number = np.diff(found.first)
    marginal = number[small] <= np.quantile(number, _MARGINAL)
    rms, gap = (events[name].to_numpy() for name in ("rms_s", "gap_deg"))
    poor = (rms[small] > np.nanmedian(rms) if np.isfinite(rms).any() else False) | (gap[small] > 180.0)
    halves = split(compared, case)
    judgement = np.select(
        [compared["n_small"].to_numpy() == 0, halves, compared["same_onsets"].to_numpy() > 0, marginal & poor],
        ["without arrivals", "probably one event, split", "sharing onsets", "with a marginal, poorly located one"],
        "of two events by themselves")
    ids = events["event_id"].to_numpy()
    table = pd.DataFrame({
        "event_id": ids[large], "other_id": ids[small], "time": events["time"].iloc[large].to_numpy(),
        "apart_s": np.abs(time[small] - time[large]), "apart_km": np.hypot(x[small] - x[large], y[small] - y[large]),
        "latitude": events["latitude"].to_numpy()[large], "longitude": events["longitude"].to_numpy()[large],
        "other_latitude": events["latitude"].to_numpy()[small],
        "other_longitude": events["longitude"].to_numpy()[small],
        **{name: compared[name].to_numpy() for name in ("n_large", "n_small", "stations", "shared_stations",
                                                        "same_onsets", "fit")},
        "rms_s": rms[small], "gap_deg": gap[small], "judgement": judgement})
    rank = np.select([halves, compared["same_onsets"].to_numpy() > 0, marginal & poor], [0, 1, 2], 3)
    return table.iloc[np.lexsort((compared["fit"].fillna(0.0).to_numpy() * -1, rank))[:_LISTED]].reset_index(drop=True)


COINCIDENT = Check(
    name="coincident-events",
    section="catalogue",
    question="Do events at distant places happen at the same time more often than chance allows?",
    method="Pairs of events at most 10 s and at least 30 km apart (settings) are counted. What chance gives is taken "
           "from the pairs of the same distances one to ten minutes apart, which keeps the places and every change of "
           "rate slower than that; of lags below 150 s and all, the denser counts. The excess per event has the wider "
           "of a Poisson interval and one from blocks of time drawn again. The arrivals of each pair then say whether "
           "it is one event split in two, shares onsets, or has a marginal member.",
    references=(
        "Zaliapin, I. & Y. Ben-Zion (2013): Earthquake clusters in southern California I: identification and "
        "stability. Journal of Geophysical Research 118, 2847-2864.",
        "Garwood, F. (1936): Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.",
        "Zou, G. Y. & A. Donner (2008): Construction of confidence limits about effect measures: a general approach. "
        "Statistics in Medicine 27, 1693-1702.",
    ),
    metrics=METRICS,
    run=run,
)
