"""Which side is better at what, without labels: by stated rules, each with its uncertainty, never by one number.

All sides see the same earthquakes and the same noise, so blocks of time are drawn for all alike: how rich a day was
cancels, and what is left is the difference between sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, t

from quakescribe.audit.check import CANNOT_TELL, GOOD, WATCH, Metric, Rows
from quakescribe.compare.catalogues import Matches
from quakescribe.compare.pareto import front
from quakescribe.compare.sides import BEYOND, Common, Pair, Side, station_codes
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables.facts import Facts

Array = NDArray[np.float64]

CONTAMINATION_S = 3.0
"""Width of the window in which an associator takes a pick for an arrival."""

_LEAST_BLOCKS = 3
_SURE = 0.975


@dataclass(frozen=True)
class Criterion:
    """A rule to rank sides by.

    Attributes
    ----------
    name, title
        In tables, and for people.
    larger_is_better
        The direction.
    share
        Whether it is a share (sum of numerators over sum of denominators), else a number (sum of numerators).
    """

    name: str
    title: str
    larger_is_better: bool
    share: bool


CRITERIA = (
    Criterion("associated_picks", "Associated picks", True, False),
    Criterion("association_rate", "Association rate of picks", True, True),
    Criterion("confirmed_picks", "Share of picks that another side has", True, True),
    Criterion("contamination", "Expected share of false arrivals", False, True),
    Criterion("well_located", "Well-located events", True, False),
    Criterion("well_located_share", "Share of events well located", True, True),
    Criterion("agreed_events", "Events that another side has", True, False),
    Criterion("alone_events", "Share of events that no other side has", False, True),
)
"""The first two are without what associates by chance, and say so, where that was counted on all that have them."""

WITHOUT_CHANCE = ("associated_picks", "association_rate")

FRONTS = {"picks": ("associated_picks", "association_rate"), "locations": ("well_located", "well_located_share")}
"""Pairs of number and quality of which no single one can decide."""

METRICS = tuple(
    Metric(f"best_{one.name}", f"Probability to be best: {one.title[0].lower()}{one.title[1:]}", "-",
           f"See in the tables what the sides ahead do differently; {one.title.lower()} is one rule of several.")
    for one in CRITERIA)


@dataclass(frozen=True)
class Counts:
    """What sides are ranked by.

    Attributes
    ----------
    sides
        Names.
    criteria
        The rules.
    numerators, denominators
        Shape (criteria, sides, blocks). Not a number where a side does not say; those of plain numbers are not read.
    """

    sides: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    numerators: Array
    denominators: Array


@dataclass(frozen=True)
class Ranking:
    """How sides rank.

    Attributes
    ----------
    ranks
        Per criterion and side: ``value`` with ``low`` and ``high``; ``rank`` (1 = best; equals share their mean rank)
        with ``rank_low`` and ``rank_high``; ``p_best``, in how many of the resampled spans it is the best; ``ranked``,
        how many sides have a value. Without a second one there is no rank and no best.
    pairs
        Per criterion and two sides: ``p_better``, in how many the first is the better one.
    fronts
        Per front and side: whether no side betters it in both, and in how many of the resampled spans (``p_front``).
    """

    ranks: pd.DataFrame
    pairs: pd.DataFrame
    fronts: pd.DataFrame


def rank(counts: Counts, settings: ComparisonSettings) -> Ranking:
    """Rank sides by every criterion, with blocks of time drawn again for all sides alike.

    Notes
    -----
    Paired bootstrap of K blocks (Kuensch 1989; Efron & Tibshirani 1993). K - 1 blocks are drawn (Rao & Wu 1988,
    J. Am. Stat. Assoc. 83, 231-241), so that the variance of a mean of few blocks comes out unbiased, and differences
    from what was observed are widened as Student's t is against the normal distribution: among equal sides one of two
    then has ``p_best`` above 0.95 in a tenth of cases, as it should. Ties are shared out. A side is not ranked by what
    it does not say. O(resamples * criteria * sides * blocks).
    """
    blocks = counts.numerators.shape[2]
    observed = _values(counts, np.ones((1, blocks)))[:, :, 0]
    again = np.full((*observed.shape, 0), np.nan)
    if blocks >= _LEAST_BLOCKS:
        rng = np.random.default_rng([settings.seed, 3])
        drawn = rng.multinomial(blocks - 1, np.full(blocks, 1.0 / blocks), settings.resamples) * blocks / (blocks - 1.0)
        again = _widened(observed[:, :, None], _values(counts, drawn), blocks)
    return Ranking(_ranks(counts, observed, again), _pairs(counts, again), _fronts(counts, observed, again))


def _values(counts: Counts, weights: Array) -> Array:
    """Return the criteria of weighted blocks: shape (criteria, sides, weights)."""
    top, below = counts.numerators @ weights.T, counts.denominators @ weights.T
    share = np.array([one.share for one in counts.criteria])[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(share, top / below, top))


def _widened(observed: Array, again: Array, blocks: int) -> Array:
    """Return resampled values, farther from what was observed where there are few blocks."""
    return np.asarray(observed + (again - observed) * float(t.ppf(0.95, blocks - 1) / norm.ppf(0.95)))


def _signed(counts: Counts, values: Array) -> Array:
    """Return the values with the sign that makes large ones good."""
    sign = np.array([1.0 if one.larger_is_better else -1.0 for one in counts.criteria])
    return values * sign.reshape(-1, *[1] * (values.ndim - 1))


def _rank(good: Array) -> Array:
    """Return the rank of each side (axis 1) among those that have a value; equals share their mean rank."""
    ahead = (good[:, None] > good[:, :, None]).sum(2) + 0.5 * ((good[:, None] == good[:, :, None]).sum(2) - 1)
    return np.where(np.isfinite(good), 1.0 + ahead, np.nan)


def _best(good: Array) -> Array:
    """Return how often each side is the best; of equals each gets its part."""
    top = np.where(np.isfinite(good), good, -np.inf)
    first = (top == top.max(1, keepdims=True)) & np.isfinite(good)
    part = first / np.maximum(first.sum(1, keepdims=True), 1)
    return np.asarray(np.where(np.isfinite(good).any(2), part.mean(2), np.nan))


def _ranks(counts: Counts, observed: Array, again: Array) -> pd.DataFrame:
    good = _signed(counts, observed)
    known = np.isfinite(observed)
    against = known & (known.sum(1, keepdims=True) > 1)
    place = np.where(against, _rank(good), np.nan)
    ends = np.full((4, *observed.shape), np.nan)
    best = np.full(observed.shape, np.nan)
    if again.shape[2]:
        places = _rank(_signed(counts, again))
        most = np.where([one.share for one in counts.criteria], 1.0, np.inf)[:, None, None]
        ends[:2, known] = np.nanquantile(np.clip(again, 0.0, most)[known], [0.025, 0.975], axis=1)
        ends[2:, against] = np.nanquantile(places[against], [0.025, 0.975], axis=1)
        best = np.where(against, _best(_signed(counts, again)), np.nan)
    out = []
    for c, criterion in enumerate(counts.criteria):
        for s, side in enumerate(counts.sides):
            out.append({"criterion": criterion.name, "title": criterion.title, "side": side,
                        "larger_is_better": criterion.larger_is_better, "is_share": criterion.share,
                        "value": observed[c, s], "low": np.fmin(ends[0, c, s], observed[c, s]),
                        "high": np.fmax(ends[1, c, s], observed[c, s]),
                        "rank": place[c, s], "rank_low": np.fmin(ends[2, c, s], place[c, s]),
                        "rank_high": np.fmax(ends[3, c, s], place[c, s]), "p_best": best[c, s],
                        "ranked": int(known[c].sum())})
    return pd.DataFrame(out)


def _pairs(counts: Counts, again: Array) -> pd.DataFrame:
    good = _signed(counts, again)
    out = []
    for c, criterion in enumerate(counts.criteria):
        for a, first in enumerate(counts.sides):
            for b, second in enumerate(counts.sides):
                if a == b:
                    continue
                x, y = good[c, a], good[c, b]
                known = bool(len(x)) and bool((np.isfinite(x) & np.isfinite(y)).any())
                p = float(((x > y) + 0.5 * (x == y)).mean()) if known else np.nan
                out.append({"criterion": criterion.name, "first": first, "second": second, "p_better": p})
    return pd.DataFrame(out, columns=["criterion", "first", "second", "p_better"])


def _fronts(counts: Counts, observed: Array, again: Array) -> pd.DataFrame:
    row = {one.name: k for k, one in enumerate(counts.criteria)}
    out = []
    for name, axes in FRONTS.items():
        if not set(axes) <= set(row):
            continue
        x, y = (_signed(counts, observed)[row[one]] for one in axes)
        on = front(x, y)
        many = [_signed(counts, again)[row[one]] for one in axes]
        often = np.mean([front(many[0][:, r], many[1][:, r]) for r in range(again.shape[2])], axis=0) if \
            again.shape[2] else np.full(len(x), np.nan)
        for s, side in enumerate(counts.sides):
            out.append({"front": name, "side": side, "number": axes[0], "quality": axes[1],
                        "number_value": observed[row[axes[0]], s], "quality_value": observed[row[axes[1]], s],
                        "on_front": bool(on[s]), "p_front": float(often[s])})
    return pd.DataFrame(out, columns=["front", "side", "number", "quality", "number_value", "quality_value", "on_front",
                                      "p_front"])


def count(common: Common, sides: Sequence[Side], others: Sequence[NDArray[np.int64]],
          matched: Sequence[tuple[Pair, Matches]]) -> Counts:
    """Count per block of time what the sides are ranked by.

    Parameters
    ----------
    common, sides
        The sides.
    others
        For every pick of every side, how many other sides have it.
    matched
        The matches of events of every pair.
    """
    chance = chance_shares(sides)
    criteria = tuple(replace(one, title=f"{one.title}, less chance") if any(chance) and one.name in WITHOUT_CHANCE
                     else one for one in CRITERIA)
    tops, below = (np.full((len(CRITERIA), len(sides), common.n_blocks), np.nan) for _ in range(2))
    agreed = _agreed(common, matched)
    confirming = all(len(one.picks) for one in common.facts)
    meeting = sum(len(one.catalogue) > 0 for one in common.facts) > 1
    for s, facts in enumerate(common.facts):
        rows = _of_events(common, facts, agreed[s], meeting)
        if len(facts.picks):
            rows |= _of_arrivals(common, s, chance[s])
            if confirming:
                rows["confirmed_picks"] = _tallied(common, common.blocks(facts.picks["time"]), others[s] > 0)
        for c, criterion in enumerate(CRITERIA):
            tops[c, s], below[c, s] = rows.get(criterion.name, (np.nan, np.nan))
    if len(sides) == 2:  # what one has that the other has too is the same number
        tops[[one.name for one in CRITERIA].index("agreed_events")] = np.nan
    return Counts(common.names, criteria, tops, below)


def chance_share(side: Side) -> float:
    """Return which share of a side's associated picks is chance; not a number where that was not counted."""
    null = side.null
    if null is None or not len(null) or not float(null["real_picks"].sum()):
        return np.nan
    return float(min(1.0, null["null_picks"].sum() / null["real_picks"].sum()))


def chance_shares(sides: Sequence[Side]) -> list[float]:
    """Return which share of each side's associated picks is chance, to be taken off.

    Zero for all where it was not counted on all that say which picks are associated.
    """
    out = [chance_share(side) if side.fates[0] else 0.0 for side in sides]
    return out if np.isfinite(out).all() else [0.0] * len(sides)


def _of_arrivals(common: Common, side: int, chance: float) -> dict[str, tuple[Array, Array]]:
    """Return what rests on which picks belong to events; nothing of a side that does not say it."""
    if not common.associated[side]:
        return {}
    every = common.facts[side].picks
    picks = every.loc[every["event_id"] != BEYOND]
    kept = (picks["event_id"] > 0).to_numpy()
    block = common.blocks(picks["time"])
    associated, n = _tallied(common, block, kept)
    out = {"associated_picks": (associated * (1.0 - chance), n)}
    if common.rated[side]:
        out["association_rate"] = (associated * (1.0 - chance), n)
        out["contamination"] = _contamination(common, picks, block, kept)
    return out


def _tallied(common: Common, block: NDArray[np.int64], chosen: NDArray[Any]) -> tuple[Array, Array]:
    """Return per block of time how many things are chosen (or the sum of their weights), and how many there are."""
    top, below = (np.bincount(block, weight, minlength=common.n_blocks).astype(np.float64) for weight in (chosen, None))
    return top, below


def _contamination(common: Common, picks: pd.DataFrame, block: NDArray[np.int64], kept: NDArray[np.bool_]
                   ) -> tuple[Array, Array]:
    """Return per block the arrivals that are expected to be false, and all.

    At a station and phase with lambda unassociated picks per second, an arrival is a false pick's with probability
    1 - exp(-lambda w), w = CONTAMINATION_S.
    """
    (number,), _ = station_codes(picks["station_id"])
    cell = (2 * number + (picks["phase"] == "S").to_numpy()) * common.n_blocks + block
    lone = np.bincount(cell, ~kept)
    length = min(common.block_s, max(common.seconds, 1.0))
    false = 1.0 - np.exp(-lone[cell] / length * CONTAMINATION_S)
    top, below = (np.bincount(block, weight, minlength=common.n_blocks).astype(np.float64)
                  for weight in (np.where(kept, false, 0.0), kept))
    return top, below


def _of_events(common: Common, facts: Facts, agreed: Array, meeting: bool) -> dict[str, tuple[Array, Array]]:
    """Return what rests on events; ``meeting`` says whether another side has any."""
    events = facts.catalogue
    if events.empty:
        return {}
    block = common.blocks(events["time"])
    shared, n = _tallied(common, block, agreed)
    out = {"agreed_events": (shared, n), "alone_events": (n - shared, n)} if meeting else {}
    if events["well_located"].any():
        well, _ = _tallied(common, block, events["well_located"].to_numpy())
        out |= {"well_located": (well, n), "well_located_share": (well, n)}
    return out


def _agreed(common: Common, matched: Sequence[tuple[Pair, Matches]]) -> list[Array]:
    """Return for every event of every side how likely another side has it: 0 without a match."""
    out = [np.zeros(len(one.catalogue)) for one in common.facts]
    for pair, matches in matched:
        sure = matches.true / max(1, len(matches.pairs))
        for side, rows in ((pair.i, matches.pairs["row_a"]), (pair.j, matches.pairs["row_b"])):
            out[side][rows] = 1.0 - (1.0 - out[side][rows]) * (1.0 - sure)
    return out


def tell(rows: Rows, ranking: Ranking) -> None:
    """Add for every criterion and side how likely it is the best."""
    for name, table in ranking.ranks.groupby("criterion", sort=False):
        first = table.sort_values(["p_best", "value"], ascending=False).iloc[0]
        sure = first["p_best"] >= _SURE
        for row in table.to_dict("records"):
            if np.isnan(row["p_best"]) or row["ranked"] < 2:
                rows.cannot_tell(f"best_{name}", f"{row['title']}: fewer than two sides have it, or fewer than "
                                 f"{_LEAST_BLOCKS} blocks of time.", scope="side", key=row["side"])
                continue
            verdict = CANNOT_TELL if not sure else GOOD if row["side"] == first["side"] else WATCH
            told = _told(row)
            end = f"'{first['side']}' is in {100 * first['p_best']:.0f}%" if sure else "none is the best beyond chance"
            rows.add(f"best_{name}", row["p_best"], verdict,
                     f"{row['title']} ({'more' if row['larger_is_better'] else 'less'} is better): '{row['side']}' has "
                     f"{told} and is the best in {100 * row['p_best']:.0f}% of the resampled spans; {end}.",
                     scope="side", key=row["side"], expected=1.0 / row["ranked"], n=row["ranked"])


def _told(row: Mapping[Any, Any]) -> str:
    """Return the value and its interval in words: a number, or a share in per cent."""
    low, value, high = (row[name] for name in ("low", "value", "high"))
    return f"{value:.1%} [{low:.1%}, {high:.1%}]" if row["is_share"] else f"{value:,.0f} [{low:,.0f}, {high:,.0f}]"
