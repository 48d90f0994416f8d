"""Clocks wrong by seconds: P and S of a station come together, but at another time than the events predict.

Such onsets are in no event, so residuals do not show them (:mod:`quakescribe.audit.clocks` finds smaller errors).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import poisson

from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Metric, Rows
from quakescribe.audit.statistics import false_discovery, wilson
from quakescribe.tables.matching import YEAR_2000

Array = NDArray[np.float64]
Onsets = tuple[Array, Array]

OFFSETS_S = np.concatenate([np.arange(-30.0, -2.0), np.arange(3.0, 31.0)])
"""Where P and S are looked for together; nearer ones may be those of a right clock and an event a little off."""
_LEAST = 5  # events at one offset
_MOSTLY = 0.5  # of the events in that time: onsets taken for others, such as S for P, come beside right ones
_RATE = 0.01  # of false discoveries among the stations
_CLOCKS = 1 / 3  # of the stations: more do not have wrong clocks
_AS_PREDICTED = 0.25  # of the events, at the better stations: with fewer the predictions are not to be trusted
_MOST = 0.1  # of a station's events may be at an offset that was not found, for 'good'

CLOCK_OFFSET = Metric(
    "clock_offset", "Share of a station's events whose P and S come together at another time", "-",
    "Check the station's clock in the time named; correct its picks or leave them out, and associate again.")


def met(onsets: Onsets, predicted: Array, within: tuple[float, float]) -> NDArray[np.bool_]:
    """Return which events have a P and an S near their predictions.

    Parameters
    ----------
    onsets
        Times of P and of S, each ascending (s).
    predicted
        Shape (2, n): times of P and S (s).
    within
        How near P and S (s).
    """
    both = np.ones(predicted.shape[1], dtype=bool)
    for times, wanted, apart in zip(onsets, predicted, within, strict=True):
        both &= np.searchsorted(times, wanted + apart, "right") > np.searchsorted(times, wanted - apart, "left")
    return both


@dataclass(frozen=True)
class Offsets:
    """What a station has at other times than predicted.

    Attributes
    ----------
    station
        Its name.
    there, lost
        Events whose P and S are where they are predicted, and those whose are not.
    found
        Shape (56,): of the latter, those that have both at each of OFFSETS_S.
    by_chance
        Shape (r,): the same with picks shifted by minutes.
    when
        Shape (56, 4): at each offset, the times between which 90% of such events lie, the median offset of their P (s),
        and which share of the events between these times it is that has P and S then, not as predicted.
    """

    station: str
    there: int
    lost: int
    found: NDArray[np.int64]
    by_chance: NDArray[np.int64]
    when: Array


def offsets(station: str, onsets: Onsets, predicted: Array, there: NDArray[np.bool_], within: tuple[float, float],
            by_chance: NDArray[np.int64]) -> Offsets:
    """Look for the P and S of a station at other times than predicted.

    Parameters
    ----------
    station
        Its name.
    onsets, predicted, within
        See :func:`met`.
    there
        Which events have P and S as predicted.
    by_chance
        How many of the events without P and S as predicted have both after each of some shifts by minutes.
    """
    lost, right = predicted[:, ~there], predicted[0, there]
    found, when = np.zeros(len(OFFSETS_S), np.int64), np.full((len(OFFSETS_S), 4), np.nan)
    for k, by in enumerate(OFFSETS_S):
        here = lost[0, met(onsets, lost + by, within)]
        found[k] = len(here)
        if len(here):
            begin, end = np.quantile(here, [0.05, 0.95], method="nearest")
            then, still = (int(((one >= begin) & (one <= end)).sum()) for one in (here, right))
            when[k] = (begin, end, by + float(np.median(_nearest(onsets[0], here + by) - here - by)),
                       then / (then + still))
    return Offsets(station, len(right), lost.shape[1], found, by_chance, when)


def _nearest(times: Array, at: Array) -> Array:
    """Return of ascending times the nearest to each of some."""
    place = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
    before, after = times[place - 1], times[np.minimum(place, len(times) - 1)]
    return np.asarray(np.where(at - before < after - at, before, after))


def say_offsets(rows: Rows, stations: list[Offsets]) -> None:
    """Add for every station whether its P and S come together at another time than predicted.

    Notes
    -----
    Expected at an offset: the rate after shifts by minutes, or the median of the stations at that offset where it is
    larger (events that stand twice in a catalogue make all stations come early or late). Poissonian, its counts divided
    by how much more the shifts scatter than that; Bonferroni over the offsets, false discoveries over the stations.
    """
    as_usual = [one.there / (one.there + one.lost) for one in stations if one.there + one.lost]
    if not as_usual or np.quantile(as_usual, 0.75) < _AS_PREDICTED:
        rows.cannot_tell("clock_offset", "Most stations do not have the events where they are predicted.",
                         n=len(as_usual))
        return
    asked = [one for one in stations if one.lost]
    for one in stations:
        if not one.lost:
            _right(rows, one, 0)
    if not asked:
        return
    usual = np.median([one.found / (one.there + one.lost) for one in asked], axis=0)
    p, best = np.ones(len(asked)), np.zeros(len(asked), np.int64)
    for k, one in enumerate(asked):
        null = one.by_chance
        wider = max(1.0, float(null.var(ddof=1)) / max(float(null.mean()), 1e-9)) if null.any() else 1.0
        expected = np.maximum((null.sum() + 1.0) / len(null), (one.there + one.lost) * usual)
        chance = poisson.sf(np.ceil(one.found / wider) - 1, expected / wider)
        best[k] = int(np.argmin(chance))
        p[k] = min(1.0, float(chance[best[k]]) * len(OFFSETS_S))
    wrong = false_discovery(p, _RATE) & np.array(
        [one.found[at] >= _LEAST and one.when[at, 3] > _MOSTLY for one, at in zip(asked, best, strict=True)])
    many = wrong.sum() > max(1.0, _CLOCKS * len(stations))
    for one, at, chance, sure in zip(asked, best, p, wrong, strict=True):
        if sure:
            _wrong(rows, one, int(at), float(chance), bool(many))
        else:
            _right(rows, one, int(one.found.max()))


def _wrong(rows: Rows, one: Offsets, at: int, chance: float, many: bool) -> None:
    n = int(one.there + one.found[at])
    begin, end = (YEAR_2000 + pd.Timedelta(float(when), "s") for when in one.when[at, :2])
    low, high = wilson(int(one.found[at]), n)
    also = "; so many stations have this that it is the events or the model, not clocks" if many else ""
    rows.add("clock_offset", one.found[at] / n, WATCH if many else BAD,
             f"P and S come together {one.when[at, 2]:+.1f} s from where {int(one.found[at]):,} events predict them, "
             f"from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} (p = {chance:.1g}, all offsets counted), and as "
             f"predicted in {one.there:,}{also}.",
             scope="station", key=one.station, low=low, high=high, expected=0.0, n=n)


def _right(rows: Rows, one: Offsets, most: int) -> None:
    n = one.there + most
    low, high = wilson(most, n)
    verdict = GOOD if high <= _MOST else CANNOT_TELL
    rows.add("clock_offset", most / n if n else float("nan"), verdict,
             f"P and S are where predicted in {one.there:,} events, and together at any other one time within 30 s in "
             f"at most {most:,}, no more than by chance" + ("." if verdict == GOOD else ": too few to tell."),
             scope="station", key=one.station, low=low, high=high, expected=0.0, n=n)
