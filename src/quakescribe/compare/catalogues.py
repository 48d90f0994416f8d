"""Which events of two catalogues are the same, how many of the matches are chance, and what each has alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.check import Metric, Rows, judge
from quakescribe.compare import intervals
from quakescribe.compare.sides import Pair, Span
from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables.facts import Facts
from quakescribe.tables.matching import close, nanoseconds, one_to_one

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

SHIFT_S = (60.0, 1800.0)
"""Copies are shifted by at least and at most so much: beyond any location error, within the rate of a sequence."""

DEPTHS_KM = (-10.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0, 800.0)
STATIONS = (1.0, 5.0, 6.0, 8.0, 12.0, 1e6)
_MOST_CLASSES = 16
_LEAST_S, _LEAST_KM = 0.05, 0.1  # scatter below this is rounding of the lists
_LARGE, _LARGE_SHARE = 30, 0.02  # the largest events: so many, or this share of all

METRICS = (
    Metric("matched_share", "Events that the other catalogue has too", "-",
           "Check time zone, coordinates and span of both lists; then look which magnitudes and times are missing."),
    Metric("matched_share_large", "Largest events that the other catalogue has too", "-",
           "Look at the large events that one catalogue lacks: they are false, mis-sized, outside the other's area, or "
           "lost in overlapping waveforms."),
)


@dataclass(frozen=True)
class Matches:
    """Which events of a pair of catalogues are the same.

    Attributes
    ----------
    pairs
        One row per match: ``row_a``, ``row_b`` (rows of the catalogues), ``dt_s``, ``east_km``, ``north_km`` (second
        minus first) and ``distance_km``.
    time_error_s, place_error_km
        The scatter that time and distance were weighed with.
    chance_a, chance_b
        For every event of either: the share of shifted copies in which it found a match.
    chance, chance_error
        Matches of a shifted copy: mean of all shifts, and its standard error.
    n_a, n_b
        Events of either.
    """

    pairs: pd.DataFrame
    time_error_s: float
    place_error_km: float
    chance_a: Array
    chance_b: Array
    chance: float
    chance_error: float
    n_a: int
    n_b: int

    @property
    def true(self) -> float:
        """How many matches are no chance."""
        return float(without_chance(len(self.pairs), self.n_a, self.n_b, self.chance))

    @property
    def by_chance(self) -> bool:
        """Whether half of the matches or more are chance, so that their differences say nothing."""
        return self.true <= 0.5 * len(self.pairs)


def match_events(pair: Pair, settings: ComparisonSettings) -> Matches:
    """Match two catalogues one to one by time and epicentre, and shifted copies of them.

    Parameters
    ----------
    pair
        The catalogues.
    settings
        How far apart matches may be, and how often copies are shifted.

    Notes
    -----
    Of all pairs within ``match_s`` and ``match_km``, those of the least (dt / sigma_t)^2 + (r / sigma_r)^2 are taken
    first, and no event twice. This is the stable matching: no two events are nearer to each other than each to what
    it got. It depends on the order of costs only, so that the heavy tails of mislocated events do no harm; the least
    total cost (Hungarian) gives an event a worse partner so that its neighbour gets any. Unset, sigma_t and sigma_r are
    estimated from the matches of a first pass that weighs with the limits: 1.4826 median |dt|, median r / 1.1774.
    """
    a, b = pair.a.catalogue, pair.b.catalogue
    first, second = nanoseconds(a["time"]), nanoseconds(b["time"])
    near = _near(a, b, first, second, settings)
    errors = _errors(near, settings)
    pairs = _best(near, errors)
    chance_a, chance_b, found = np.zeros(len(a)), np.zeros(len(b)), []
    for moved in shifted(second, pair.common.span, settings.shifts):
        by_chance = _best(_near(a, b, first, moved, settings), errors)
        chance_a[by_chance["row_a"]] += 1
        chance_b[by_chance["row_b"]] += 1
        found.append(len(by_chance))
    n = max(1, len(found))
    mean, scatter = (float(np.mean(found)), float(np.std(found, ddof=1))) if n > 1 else (0.0, 0.0)
    return Matches(pairs, *errors, chance_a / n, chance_b / n, mean, max(scatter, mean**0.5) / n**0.5, len(a), len(b))


def shifted(times_ns: Ints, span: Span | None, shifts: int) -> Iterator[Ints]:
    """Give the times (ns) turned round the span by 60 to 1800 s (less in a short span), either way in turn."""
    if span is None:
        return
    start, length = span[0].value, max(span[1].value - span[0].value, 1)
    longest = min(SHIFT_S[1] * 1e9, length / 3.0)
    for size in np.geomspace(min(SHIFT_S[0] * 1e9, longest / 2.0), longest, (shifts + 1) // 2).astype(np.int64):
        for sign in (1, -1):
            yield start + (times_ns - start + sign * size) % length


def without_chance(matched: float | Array, n_a: float | Array, n_b: float | Array, chance: float | Array) -> Array:
    """Return how many matches are no chance.

    Parameters
    ----------
    matched, n_a, n_b
        Matches, and things of either list.
    chance
        Matches with a shifted copy, where all things of both lists are free to match.

    Notes
    -----
    Chance works on what is left over only: T + C (1 - T/n_a)(1 - T/n_b) = M, the larger root for T, within [0, M].
    M - C would take chance matches from events that have their true partner and are not free.
    """
    m, a, b, c = (np.asarray(one, np.float64) for one in (matched, n_a, n_b, chance))
    with np.errstate(divide="ignore", invalid="ignore"):
        square, line = c / (a * b), 1.0 - c / a - c / b
        under = line**2 - 4.0 * square * (c - m)
        root = np.where(square > 0, (np.sqrt(np.maximum(under, 0.0)) - line) / (2.0 * square), m)
        true = np.clip(np.where(under < 0, 0.0, root), 0.0, m)
    return np.asarray(np.where((a > 0) & (b > 0), np.where(np.isclose(true, m, rtol=1e-9), m, true), 0.0))


def shares(pair: Pair, matches: Matches, settings: ComparisonSettings) -> pd.DataFrame:
    """Return what the other side has of each side, by magnitude, depth and number of stations.

    Returns
    -------
    DataFrame
        Per side and class [``low_edge``, ``high_edge``): ``n``, ``matched``, ``only``, ``share`` with ``low`` and
        ``high``, ``chance`` (expected matches of a shifted copy), and ``corrected`` with its interval: the share
        without chance. Events without the property form the class without edges. The interval is that of ``share``,
        taken through the correction together with two standard errors of the chance.
    """
    out = []
    for facts, side, other, rows, chance in ((pair.a, pair.first, pair.second, "row_a", matches.chance_a),
                                             (pair.b, pair.second, pair.first, "row_b", matches.chance_b)):
        found = np.zeros(len(facts.catalogue), bool)
        found[matches.pairs[rows]] = True
        block = pair.common.blocks(facts.catalogue["time"])
        free = 1.0 - matches.true / max(1, matches.n_b if side == pair.first else matches.n_a)
        for by, values, edges in _classes(facts, settings):
            group = _group(values, edges)
            table = _counted(found, chance, group, block, len(edges) + 1, pair.common.n_blocks)
            table = table.assign(by=by, low_edge=[*edges[:-1], np.nan, np.nan], high_edge=[*edges[1:], np.nan, np.nan])
            table = _corrected(table, matches, free, by == "all")
            out.append(table[(table["n"] > 0) | (by == "all")].iloc[: 1 if by == "all" else None]
                       .assign(side=side, other=other))
    columns = ["side", "other", "by", "low_edge", "high_edge", "n", "matched", "only", "share", "low", "high", "chance",
               "corrected", "corrected_low", "corrected_high"]
    return pd.concat(out, ignore_index=True)[columns]


def tell(rows: Rows, pair: Pair, matches: Matches, table: pd.DataFrame) -> None:
    """Add the findings on how much of each catalogue the other has."""
    for side, other, facts, name in ((pair.first, pair.second, pair.a, "row_a"),
                                     (pair.second, pair.first, pair.b, "row_b")):
        key, row = f"{side} | {other}", table[(table["side"] == side) & (table["by"] == "all")].iloc[0]
        if not row["n"] or not len((pair.b if facts is pair.a else pair.a).catalogue):
            for metric in METRICS:
                rows.cannot_tell(metric.name, f"'{side if not row['n'] else other}' has no event in the common span.",
                                 scope="pair", key=key)
            continue
        why = (f"{row['matched']:,.0f} of {row['n']:,.0f} events of '{side}' lie within the limits of one of "
               f"'{other}'; {row['chance']:.1f} would match a copy shifted in time, and without chance "
               f"{100 * row['corrected']:.1f}% are in both.")
        rows.add("matched_share", row["corrected"], judge(row["corrected_low"], row["corrected_high"], 0.5, 0.1), why,
                 scope="pair", key=key, low=row["corrected_low"], high=row["corrected_high"],
                 expected=row["chance"] / row["n"], n=row["n"])
        _tell_large(rows, key, side, other, facts, matches.pairs[name].to_numpy(), pair)


def _tell_large(rows: Rows, key: str, side: str, other: str, facts: Facts, found: Ints, pair: Pair) -> None:
    magnitude = facts.catalogue["magnitude"].to_numpy(np.float64)
    known = np.flatnonzero(np.isfinite(magnitude))
    count = max(_LARGE, int(_LARGE_SHARE * len(known)))
    if len(known) < 2 * count:
        rows.cannot_tell("matched_share_large", f"'{side}' has {len(known)} events with a magnitude; the {count} "
                         "largest are told apart from twice as many on.", scope="pair", key=key, n=len(known))
        return
    largest = known[np.argsort(-magnitude[known], kind="stable")[:count]]
    part = np.isin(largest, found)
    block = pair.common.blocks(facts.catalogue["time"].iloc[largest])
    share, low, high = (float(one[0]) for one in intervals.shares(np.bincount(block, part), np.bincount(block)))
    rows.add("matched_share_large", share, judge(low, high, 0.85, 0.6),
             f"Of the {count} largest events of '{side}' (magnitude {magnitude[largest].min():.1f} and more) '{other}' "
             f"has {int(part.sum())}.", scope="pair", key=key, low=low, high=high, expected=1.0, n=count)


def _near(a: pd.DataFrame, b: pd.DataFrame, first: Ints, second: Ints, settings: ComparisonSettings) -> pd.DataFrame:
    """Return all pairs of events within the limits."""
    i, j = close((np.zeros(len(a), np.int64), first), (np.zeros(len(b), np.int64), second), settings.match_s)
    at, to = (table[["latitude", "longitude"]].to_numpy(np.float64)[rows] for table, rows in ((a, i), (b, j)))
    distance, azimuth = distance_azimuth(at[:, 0], at[:, 1], to[:, 0], to[:, 1])
    turned = np.radians(azimuth)
    found = pd.DataFrame({"row_a": i, "row_b": j, "dt_s": (second[j] - first[i]) * 1e-9, "distance_km": distance,
                          "east_km": distance * np.sin(turned), "north_km": distance * np.cos(turned)})
    return found[distance <= settings.match_km]


def _best(near: pd.DataFrame, errors: tuple[float, float]) -> pd.DataFrame:
    """Return the matches: nearest first, nothing twice."""
    cost = (near["dt_s"] / errors[0]) ** 2 + (near["distance_km"] / errors[1]) ** 2
    i, j = near["row_a"].to_numpy(), near["row_b"].to_numpy()
    row = pd.MultiIndex.from_arrays([i, j])
    kept = pd.MultiIndex.from_arrays(one_to_one(i, j, cost.to_numpy()))
    return near.iloc[row.get_indexer(kept)].reset_index(drop=True)


def _errors(near: pd.DataFrame, settings: ComparisonSettings) -> tuple[float, float]:
    """Return the scatter of origin times (s) and epicentres (km, along one axis): as set, or of a first pass."""
    found = _best(near, (settings.match_s, settings.match_km))
    time, place = settings.match_s, settings.match_km
    if len(found):
        time = max(_LEAST_S, 1.4826 * float(np.median(np.abs(found["dt_s"]))))
        place = max(_LEAST_KM, float(np.median(found["distance_km"])) / 1.1774)
    return settings.time_error_s or time, settings.place_error_km or place


def magnitude_edges(values: Array, step: float) -> Array:
    """Return edges of classes of magnitude: multiples of the step, or of twice, four times ... where there are many."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.array([0.0, step])
    while (np.ptp(finite) / step) > _MOST_CLASSES:
        step *= 2.0
    first, last = np.floor(finite.min() / step + 1e-9), np.floor(finite.max() / step + 1e-9) + 1
    return np.asarray(np.arange(first, last + 1) * step)


def _classes(facts: Facts, settings: ComparisonSettings) -> list[tuple[str, Array, Array]]:
    """Return the properties that events are told apart by, with values and edges."""
    catalogue = facts.catalogue
    magnitude = catalogue["magnitude"].to_numpy(np.float64)
    stations = catalogue["n_stations"].to_numpy(np.float64)
    return [
        ("all", np.zeros(len(catalogue)), np.array([-1.0, 1.0])),
        ("magnitude", magnitude, magnitude_edges(magnitude, settings.magnitude_step)),
        ("depth", catalogue["depth_km"].to_numpy(np.float64), np.array(DEPTHS_KM)),
        ("stations", np.where(stations > 0, stations, np.nan), np.array(STATIONS)),
    ]


def _group(values: Array, edges: Array) -> Ints:
    """Return the class of every value; the last but one takes what is outside, the last what is unknown."""
    group = np.searchsorted(edges - 1e-9, values, side="right") - 1
    group = np.where((group < 0) | (group >= len(edges) - 1), len(edges) - 1, group)
    return np.where(np.isfinite(values), group, len(edges))


def _counted(found: NDArray[np.bool_], chance: Array, group: Ints, block: Ints, groups: int, blocks: int
             ) -> pd.DataFrame:
    n, k = (intervals.tally(group, block, groups, blocks, weight) for weight in (None, found))
    share, low, high = intervals.shares(k, n)
    return pd.DataFrame({"n": n.sum(1), "matched": k.sum(1), "only": n.sum(1) - k.sum(1), "share": share, "low": low,
                         "high": high, "chance": np.bincount(group, chance, minlength=groups)})


def _corrected(table: pd.DataFrame, matches: Matches, free: float, whole: bool) -> pd.DataFrame:
    """Add the shares without chance; ``free`` is the share of the other catalogue that has no true partner."""
    n = table["n"].to_numpy()
    error = 2.0 * matches.chance_error / max(matches.chance, 1e-9)
    out = {}
    for name, share, sign in (("corrected", "share", 0.0), ("corrected_low", "low", error),
                              ("corrected_high", "high", -error)):
        chance = np.maximum(table["chance"].to_numpy() * (1.0 + sign), 0.0)
        k = table[share].to_numpy() * n
        if whole:
            other = matches.n_a + matches.n_b - n
            true = without_chance(k, n, other, chance)
        else:
            lost = chance * free
            with np.errstate(divide="ignore", invalid="ignore"):
                true = np.where(lost < n, np.clip((k - lost) / (1.0 - lost / n), 0.0, k), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            out[name] = true / n
    return table.assign(**out)
