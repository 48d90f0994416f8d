"""Which picks several catalogues share, how their times differ, and what becomes of picks that only one has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Metric, Rows, judge
from quakescribe.audit.statistics import absolute, mad_scale, robust_z
from quakescribe.compare import intervals
from quakescribe.compare.catalogues import Matches, shifted, without_chance
from quakescribe.compare.sides import BEYOND, Common, Pair, station_codes
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables.facts import Facts
from quakescribe.tables.matching import close, nanoseconds, one_to_one

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

PHASES = ("P", "S")
_SHIFTS = 2  # of picks there are so many that two shifted copies count chance well enough
_FOR_STATION = 50  # shared picks of a station whose times are held against the others'
_OUT_Z, _OUT_S = 3.5, 0.1

METRICS = (
    Metric("pick_agreement", "Picks that both catalogues have, of all picks of either", "-",
           "Check station names and time zone; then compare thresholds, and look at stations that agree least."),
    Metric("pick_time_difference", "Difference of times of one onset", "s",
           "Look at waveforms of a few shared picks: one picker is late, or a filter delays it."),
    Metric("station_time_difference", "Station whose picks differ in time unlike the others'", "s",
           "Compare the station's clock corrections and filters in the two data sets."),
    Metric("arrival_agreement", "Arrivals of one event that both catalogues have", "-",
           "Look at events with few common arrivals: they are mixed with others, or matched by chance."),
    Metric("alone_association_rate", "Association rate of picks that no other catalogue has", "-",
           "Treat picks that no other picker sees and that do not associate as false: raise the threshold."),
)


@dataclass(frozen=True)
class PickMatches:
    """Which picks of a pair are the same.

    Attributes
    ----------
    rows_a, rows_b
        Rows of the picks, one to one.
    dt_s
        Second minus first.
    chance
        Shape (stations * 2,): picks that match a copy shifted in time, by ``2 * station + (phase is S)``.
    groups_a, groups_b
        That number for all picks of either.
    stations
        Names (NET.STA), in the order of the numbers.
    """

    rows_a: Ints
    rows_b: Ints
    dt_s: Array
    chance: Array
    groups_a: Ints
    groups_b: Ints
    stations: tuple[str, ...]


def match_picks(pair: Pair, settings: ComparisonSettings) -> PickMatches:
    """Match picks of the same station (NET.STA) and phase within ``pick_s``, nearest first, nothing twice."""
    first, second = pair.a.picks, pair.b.picks
    groups, names = _groups(first, second)
    a, b = nanoseconds(first["time"]), nanoseconds(second["time"])
    i, j = _one_to_one(groups, a, b, settings.pick_s)
    by_chance = np.zeros(2 * len(names), np.int64)
    for times in shifted(b, pair.common.span, _SHIFTS):
        rows, _ = _one_to_one(groups, a, times, settings.pick_s)
        by_chance += np.bincount(groups[0][rows], minlength=len(by_chance))
    chance: Array = np.asarray(by_chance / _SHIFTS, np.float64)
    return PickMatches(i, j, np.asarray((b[j] - a[i]) * 1e-9, np.float64), chance, *groups, names)


def _groups(first: pd.DataFrame, second: pd.DataFrame) -> tuple[tuple[Ints, Ints], tuple[str, ...]]:
    (a, b), names = station_codes(first["station_id"], second["station_id"])
    return (2 * a + (first["phase"] == "S").to_numpy(), 2 * b + (second["phase"] == "S").to_numpy()), names


def _one_to_one(groups: tuple[Ints, Ints], a: Ints, b: Ints, within_s: float) -> tuple[Ints, Ints]:
    i, j = close((groups[0], a), (groups[1], b), within_s)
    return one_to_one(i, j, np.abs(a[i] - b[j]))


def agreement(pair: Pair, found: PickMatches) -> pd.DataFrame:
    """Return how many picks both have, of all, per phase, per station and per station and phase.

    Returns
    -------
    DataFrame
        ``by`` (all, phase, station, station and phase), ``station``, ``phase``; ``n_first``, ``n_second``, ``both``;
        ``jaccard`` = both / (n_first + n_second - both) with ``low`` and ``high``; ``chance``, shared with a shifted
        copy; ``corrected``, the Jaccard index without chance, with ``corrected_low`` and ``corrected_high``; and of the
        shared picks' times (second minus first) ``median_s`` with ``median_low`` and ``median_high``, and
        ``scatter_s`` (1.4826 MAD; all are cut by the limit of matching).
    """
    n, blocks = len(found.chance), pair.common.n_blocks
    block_a, block_b = (pair.common.blocks(one.picks["time"]) for one in (pair.a, pair.b))
    counts = [intervals.tally(group, block, n, blocks) for group, block in (
        (found.groups_a, block_a), (found.groups_b, block_b), (found.groups_a[found.rows_a], block_a[found.rows_a]))]
    station, phase = np.arange(n) // 2, np.arange(n) % 2
    of_pick = found.groups_a[found.rows_a]
    out = []
    for by, number, size in (("all", np.zeros(n, np.int64), 1), ("phase", phase, 2), ("station", station, n // 2),
                             ("station and phase", np.arange(n), n)):
        n_a, n_b, both = (_merged(one, number, size) for one in counts)
        table = _jaccard(n_a, n_b, both, np.bincount(number, found.chance, minlength=size))
        times = _times(found.dt_s, number[of_pick], block_a[found.rows_a], size)
        names = [found.stations[k] for k in range(n // 2)] if by == "station" else \
            [found.stations[k // 2] for k in range(n)] if by == "station and phase" else [""] * size
        phases = [PHASES[k % 2] for k in range(size)] if "phase" in by else [""] * size
        out.append(table.assign(by=by, station=names, phase=phases, **times))
    return pd.concat(out, ignore_index=True).assign(**pair.columns)


def _merged(counts: Array, number: Ints, size: int) -> Array:
    """Return the counts of groups added up by number."""
    out = np.zeros((size, counts.shape[1]))
    np.add.at(out, number, counts)
    return out


def _jaccard(a: Array, b: Array, both: Array, chance: NDArray[Any]) -> pd.DataFrame:
    union = np.maximum(a + b - both, both)
    share, low, high = intervals.shares(both, union)
    n_a, n_b = a.sum(1), b.sum(1)
    out = {"n_first": n_a, "n_second": n_b, "both": both.sum(1), "jaccard": share, "low": low, "high": high,
           "chance": chance}
    error = 2.0 * np.sqrt(np.asarray(chance) / _SHIFTS)
    for name, index, more in (("corrected", share, 0.0), ("corrected_low", low, error),
                              ("corrected_high", high, -error)):
        shared = np.minimum(index / (1.0 + index) * (n_a + n_b), np.minimum(n_a, n_b))
        true = without_chance(shared, n_a, n_b, np.maximum(chance + more, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            out[name] = true / (n_a + n_b - true)
    return pd.DataFrame(out)


def _times(dt: Array, group: Ints, block: Ints, size: int) -> dict[str, Array]:
    """Return median with its interval, and scatter, of time differences by group."""
    order = np.argsort(group, kind="stable")
    cuts = np.cumsum(np.bincount(group, minlength=size))[:-1]
    out = np.full((4, size), np.nan)
    for k, rows in enumerate(np.split(order, cuts)[:size]):
        out[:3, k] = intervals.quantile(dt[rows], 0.5, block[rows])
        out[3, k] = mad_scale(dt[rows])
    return dict(zip(("median_s", "median_low", "median_high", "scatter_s"), out, strict=True))


def arrival_sets(pair: Pair, matches: Matches, settings: ComparisonSettings) -> pd.DataFrame:
    """Return per matched event how many arrivals (station and phase) each side has, how many both, and their index.

    ``within`` counts those of both whose times agree within ``pick_s``; ``jaccard`` is both / either, not a number
    where neither has an arrival.
    """
    a, b = (facts.catalogue["event_id"].iloc[matches.pairs[row]]
            for facts, row in ((pair.a, "row_a"), (pair.b, "row_b")))
    codes, names = station_codes(pair.a.arrivals["station_id"], pair.b.arrivals["station_id"])
    width, n = 2 * max(1, len(names)), len(a)
    (left, time_a), (right, time_b) = (_arrivals(facts, ids, code, width) for facts, ids, code in (
        (pair.a, a, codes[0]), (pair.b, b, codes[1])))
    shared, i, j = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    near = np.abs(time_b[j] - time_a[i]) <= settings.pick_s * 1e9
    counts = [np.bincount(one // width, minlength=n) for one in (left, right, shared, shared[near])]
    union = counts[0] + counts[1] - counts[2]
    return pd.DataFrame({"first_event": a.to_numpy(), "second_event": b.to_numpy(), "n_first": counts[0],
                         "n_second": counts[1], "both": counts[2], "within": counts[3],
                         "jaccard": np.where(union > 0, counts[2] / np.maximum(union, 1), np.nan),
                         "block": pair.common.blocks(pair.a.catalogue["time"].iloc[matches.pairs["row_a"]])}
                        ).assign(**pair.columns)


def _arrivals(facts: Facts, event_id: pd.Series, station: Ints, width: int) -> tuple[Ints, Ints]:
    """Return match * width + 2 * station + (phase is S) of arrivals, each once, ascending; and their times (ns)."""
    match = pd.Index(event_id).get_indexer(facts.arrivals["event_id"])
    what = match * width + 2 * station + (facts.arrivals["phase"] == "S").to_numpy()
    kept = np.flatnonzero(match >= 0)
    unique, first = np.unique(what[kept], return_index=True)
    return unique, nanoseconds(facts.arrivals["time"])[kept[first]]


def seen(common: Common, found: Sequence[tuple[Pair, PickMatches]]) -> list[Ints]:
    """Return for every pick of every side how many other sides have it (of those it was held against)."""
    out = [np.zeros(len(one.picks), np.int64) for one in common.facts]
    for pair, picks in found:
        out[pair.i][picks.rows_a] += 1
        out[pair.j][picks.rows_b] += 1
    return out


def association(common: Common, others: Sequence[Ints]) -> pd.DataFrame:
    """Return the association rate of picks that another side has too, and of those that none has, by phase.

    Picks of events beyond the common span do not count. A side that does not say which picks belong to events has no
    ``associated``, and one without others no ``rate``.
    """
    out = []
    for s, (name, facts, count) in enumerate(zip(common.names, common.facts, others, strict=True)):
        block, within = common.blocks(facts.picks["time"]), (facts.picks["event_id"] != BEYOND).to_numpy()
        of_phase = facts.picks["phase"].to_numpy()
        kept = (facts.picks["event_id"] > 0).to_numpy()
        for phase in ("", *PHASES):
            for who, part in (("agreed", count > 0), ("alone", count == 0)):
                chosen = part & within & ((of_phase == phase) | (phase == ""))
                n, k = (np.bincount(block[chosen], weight, minlength=common.n_blocks)
                        for weight in (None, kept[chosen]))
                share, low, high = (float(one[0]) if common.rated[s] else np.nan for one in intervals.shares(k, n))
                out.append({"side": name, "phase": phase, "picks": who, "n": n.sum(),
                            "associated": k.sum() if common.associated[s] else np.nan, "rate": share, "low": low,
                            "high": high})
    return pd.DataFrame(out)


def tell(rows: Rows, pair: Pair, table: pd.DataFrame, events: pd.DataFrame, matches: Matches) -> None:
    """Add the findings on shared picks and arrivals of a pair."""
    for row in table[table["by"].isin(["all", "phase"])].to_dict("records"):
        key = pair.key(row["phase"]) if row["phase"] else pair.key()
        if min(row["n_first"], row["n_second"]) == 0:
            rows.cannot_tell("pick_agreement", "One of the two has no picks.", scope="pair", key=key)
        else:
            low, high = row["corrected_low"], row["corrected_high"]
            rows.add("pick_agreement", row["corrected"], judge(low, high, 0.5, 0.05),
                     f"'{pair.first}' has {row['n_first']:,.0f} {row['phase'] or 'P and S'} picks, '{pair.second}' "
                     f"{row['n_second']:,.0f}; {row['both']:,.0f} are the same, {row['chance']:,.0f} by chance if "
                     "their times had nothing to do with one another.", scope="pair", key=key, low=low, high=high,
                     expected=0.0, n=row["n_first"] + row["n_second"] - row["both"])
        if row["phase"]:
            _tell_times(rows, pair, row, key)
    _tell_stations(rows, pair, table)
    if matches.by_chance:
        events = events.iloc[:0]
    _tell_arrivals(rows, pair, events)


def _tell_times(rows: Rows, pair: Pair, row: Mapping[Any, Any], key: str) -> None:
    both, median, low, high = (row[name] for name in ("both", "median_s", "median_low", "median_high"))
    if np.isnan(median) or row["corrected"] <= 0.5 * row["jaccard"]:
        rows.cannot_tell("pick_time_difference", f"{both:.0f} shared picks, and {row['chance']:.0f} with a copy "
                         "shifted in time.", scope="pair", key=key, n=both)
        return
    rows.add("pick_time_difference", median, judge(*absolute(low, high), 0.05, 0.2),
             f"'{pair.second}' picks {median:+.3f} s after '{pair.first}' (median of {both:,.0f} shared picks; "
             f"scatter {row['scatter_s']:.3f} s).", scope="pair", key=key, low=low, high=high, expected=0.0, n=both)


def _tell_stations(rows: Rows, pair: Pair, table: pd.DataFrame) -> None:
    """Tell of stations whose shared picks differ in time unlike those of the others; of none, once for the pair."""
    told = False
    for phase in PHASES:
        part = table[(table["by"] == "station and phase") & (table["phase"] == phase) & (table["both"] >= _FOR_STATION)]
        if len(part) < 5:
            continue
        error = (part["median_high"] - part["median_low"]).to_numpy() / 3.92
        median = part["median_s"].to_numpy()
        z, away = robust_z(median, 0.02, error), median - np.median(median)
        for k in np.flatnonzero((np.abs(z) > _OUT_Z) & (np.abs(away) > _OUT_S)):
            told, row = True, part.iloc[k]
            rows.add("station_time_difference", median[k], BAD if abs(away[k]) > 2 * _OUT_S else WATCH,
                     f"Shared {phase} picks of {row['station']} differ by {median[k]:+.2f} s, those of the other "
                     f"stations by {np.median(median):+.2f} s ({row['both']:,.0f} picks).", scope="station",
                     key=pair.key(row["station"], phase), low=row["median_low"],
                     high=row["median_high"], expected=float(np.median(median)), n=row["both"])
    enough = (table["by"] == "station and phase") & (table["both"] >= _FOR_STATION)
    if not told and enough.sum() < 5:
        rows.cannot_tell("station_time_difference", f"Fewer than five stations have {_FOR_STATION} shared picks of a "
                         "phase.", scope="pair", key=pair.key())
    elif not told:
        rows.add("station_time_difference", 0.0, GOOD, f"No station's shared picks lie more than {_OUT_S:g} s from "
                 f"those of the others ({int(enough.sum())} stations and phases).", scope="pair", key=pair.key(),
                 expected=0.0, n=float(enough.sum()))


def _tell_arrivals(rows: Rows, pair: Pair, events: pd.DataFrame) -> None:
    known = events.dropna(subset=["jaccard"])
    if len(known) < 3 or known["n_first"].sum() == 0 or known["n_second"].sum() == 0:
        rows.cannot_tell("arrival_agreement", f"{len(known)} matched events have arrivals on both sides.", scope="pair",
                         key=pair.key(), n=len(known))
        return
    median, low, high = intervals.quantile(known["jaccard"].to_numpy(), 0.5, known["block"].to_numpy())
    rows.add("arrival_agreement", median, judge(low, high, 0.5, 0.2),
             f"Half of {len(known):,} matched events share {100 * median:.0f}% or more of their arrivals (station and "
             f"phase); {100 * (known['jaccard'] < 0.2).mean():.1f}% share less than a fifth.", scope="pair",
             key=pair.key(), low=low, high=high, n=len(known))


def tell_association(rows: Rows, table: pd.DataFrame) -> None:
    """Add the findings on picks that one side has alone."""
    whole = table[table["phase"] == ""].set_index(["side", "picks"])
    for side in table["side"].unique():
        alone, agreed = whole.loc[(side, "alone")], whole.loc[(side, "agreed")]
        if np.isnan(alone["rate"]) or np.isnan(agreed["rate"]):
            rows.cannot_tell("alone_association_rate", f"'{side}' has no picks, picks of one sort only, only such "
                             "as are associated, or does not say which are.", scope="side", key=str(side), n=alone["n"])
            continue
        lower = alone["high"] < agreed["low"]
        verdict = GOOD if lower else WATCH if alone["low"] > agreed["high"] else CANNOT_TELL
        rows.add("alone_association_rate", alone["rate"], verdict,
                 f"Of {alone['n']:,.0f} picks that only '{side}' has, {100 * alone['rate']:.1f}% associate; of "
                 f"{agreed['n']:,.0f} that another has too, {100 * agreed['rate']:.1f}%" + (
                     ": those of its own are the less likely earthquakes." if lower else "."),
                 scope="side", key=str(side), low=alone["low"], high=alone["high"], expected=agreed["rate"],
                 n=alone["n"])
