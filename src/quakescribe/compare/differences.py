"""How events that two catalogues share differ: in place, depth, time and magnitude; and how sizes compare overall."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.check import Metric, Rows, judge
from quakescribe.audit.statistics import absolute, mad_scale
from quakescribe.compare import intervals
from quakescribe.compare.catalogues import Matches, magnitude_edges
from quakescribe.compare.sides import Pair
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables.facts import Facts

Array = NDArray[np.float64]

QUANTITIES = {"distance_km": "epicentres apart", "east_km": "east", "north_km": "north", "depth_km": "depth",
              "dt_s": "origin time"}
_FAR = 5.0  # robust standard deviations: farther out is a wrong match, not an error of size
_ENOUGH = 10  # events on both sides for a ratio of counts
_FOR_SLOPE = 30
_STEP = 0.1

METRICS = (
    Metric("origin_time_difference", "Difference of origin times", "s",
           "Compare clocks and velocity models; whole hours or a fixed shift come from the time zone or the export."),
    Metric("epicentre_shift", "Common shift of epicentres", "km",
           "Compare velocity models, station coordinates and the stations that each catalogue used."),
    Metric("epicentre_distance", "Distance of epicentres of one event", "km",
           "Locate both catalogues' arrivals with one locator, to tell picks from location method."),
    Metric("epicentre_scatter", "Distance of epicentres that 90% keep", "km",
           "Look at the matched events farthest apart: few stations, a large gap, or two events taken for one."),
    Metric("depth_difference", "Difference of depths", "km",
           "Check what depth is counted from (sea level or surface), and compare velocity models and fixed depths."),
    Metric("depth_scatter", "Scatter of depths that 90% keep", "km",
           "Take the depths of single events as unknown by so much; look for fixed depths, trapped starts and few near "
           "stations."),
    Metric("magnitude_difference", "Difference of magnitudes", "magnitude units",
           "Compare gains, attenuation law and station corrections; convert before rates or b values are compared."),
    Metric("magnitude_slope", "Change of the difference with magnitude", "-",
           "Convert one scale to the other by a line instead of a constant, or find which of them saturates."),
    Metric("large_event_ratio", "Ratio of numbers of large events, sizes made equal", "-",
           "Look at large events of one catalogue only: false events, mis-sized ones, or another area."),
)


def of_matched(pair: Pair, matches: Matches) -> pd.DataFrame:
    """Return one row per matched event: both ids and times, and the second catalogue's values minus the first's.

    Columns ``distance_km``, ``east_km``, ``north_km``, ``depth_km``, ``dt_s``; for every kind of magnitude that both
    have, ``dm_KIND`` and ``mean_KIND``; ``magnitude`` is the mean of what the two show, ``block`` the block of time.
    """
    a, b = pair.a.catalogue.iloc[matches.pairs["row_a"]], pair.b.catalogue.iloc[matches.pairs["row_b"]]
    both = [one["magnitude"].to_numpy(np.float64) for one in (a, b)]
    out = matches.pairs.drop(columns=["row_a", "row_b"]).assign(
        first_event=a["event_id"].to_numpy(), second_event=b["event_id"].to_numpy(), time=a["time"].array,
        depth_km=b["depth_km"].to_numpy(np.float64) - a["depth_km"].to_numpy(np.float64),
        magnitude=np.where(np.isfinite(both[0]) & np.isfinite(both[1]), (both[0] + both[1]) / 2.0,
                           np.where(np.isfinite(both[0]), both[0], both[1])),
        block=pair.common.blocks(a["time"]))
    for kind in shared_kinds(pair):
        x, y = (_of_kind(facts, kind, rows["event_id"]) for facts, rows in ((pair.a, a), (pair.b, b)))
        out[f"dm_{kind}"], out[f"mean_{kind}"] = y - x, (x + y) / 2.0
    return out.assign(**pair.columns)


def shared_kinds(pair: Pair) -> list[str]:
    """Return the kinds of network magnitude that both sides have."""
    first, second = (set(one.magnitudes.loc[one.magnitudes["station_id"].isna(), "kind"]) for one in (pair.a, pair.b))
    return sorted(first & second)


def statistics(pair: Pair, table: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Return median, scatter and 90% quantiles of every difference, by class of magnitude.

    ``scatter`` is 1.4826 MAD; 90% of differences have at most the size ``within_90``, and lie at most ``spread_90``
    from the median. Each with its 95% interval from blocks of time. Rows without edges are of all events.
    """
    quantities = [*QUANTITIES, *(f"dm_{kind}" for kind in shared_kinds(pair))]
    edges = magnitude_edges(table["magnitude"].to_numpy(np.float64), settings.magnitude_step)
    out = []
    for quantity in quantities:
        for low, high in [(np.nan, np.nan), *itertools.pairwise(edges)]:
            part = table if np.isnan(low) else table[table["magnitude"].between(low, high, inclusive="left")]
            out.append({**pair.columns, "quantity": quantity, "low_edge": low, "high_edge": high,
                        **_summary(part[quantity].to_numpy(np.float64), part["block"].to_numpy())})
    return pd.DataFrame(out)


def _summary(values: Array, block: NDArray[np.int64]) -> dict[str, float]:
    finite = np.isfinite(values)
    middle = intervals.quantile(values, 0.5, block)
    out = {"n": float(finite.sum()), **_three("median", middle)}
    out |= _three("scatter", tuple(1.4826 * one for one in intervals.quantile(np.abs(values - middle[0]), 0.5, block)))
    out |= _three("spread_90", intervals.quantile(np.abs(values - middle[0]), 0.9, block))
    return out | _three("within_90", intervals.quantile(np.abs(values), 0.9, block))


def _three(name: str, found: tuple[float, ...]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))


def slopes(pair: Pair, table: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Return by kind of magnitude how the difference changes with the mean of both, per magnitude unit.

    Notes
    -----
    Against the mean, as Bland & Altman (1986, Lancet 327, 307-310): against one of the two, its own errors would make a
    slope. Equal errors on both sides give none; errors s1, s2 add (s2^2 - s1^2) / (2 var of the mean). Least squares
    without differences beyond five robust standard deviations; interval by resampled blocks of time.
    """
    rng = np.random.default_rng([settings.seed, 1])
    out = []
    for kind in shared_kinds(pair):
        d, m = (table[f"{name}_{kind}"].to_numpy(np.float64) for name in ("dm", "mean"))
        keep = np.isfinite(d) & (np.abs(d - np.nanmedian(d)) <= _FAR * max(mad_scale(d), 0.01)) if len(d) else d > 0
        d, m, block = d[keep], m[keep] - (m[keep].mean() if keep.any() else 0.0), table["block"].to_numpy()[keep]
        if len(d) < _FOR_SLOPE or np.ptp(m) < 0.5:
            out.append({**pair.columns, "kind": kind, "n": len(d), "slope": np.nan, "low": np.nan, "high": np.nan})
            continue
        _, where = np.unique(block, return_inverse=True)
        sums = np.array([np.bincount(where, one) for one in (np.ones(len(d)), m, d, m * m, m * d)])
        drawn = rng.multinomial(sums.shape[1], np.full(sums.shape[1], 1 / sums.shape[1]), settings.resamples)
        again = _slope(sums @ drawn.T)
        low, high = np.nanquantile(again, [0.025, 0.975]) if sums.shape[1] >= 3 else (np.nan, np.nan)
        value = float(_slope(sums.sum(1, keepdims=True))[0])
        out.append({**pair.columns, "kind": kind, "n": len(d), "slope": value, "low": min(value, low),
                    "high": max(value, high)})
    return pd.DataFrame(out, columns=["first", "second", "kind", "n", "slope", "low", "high"])


def _slope(sums: Array) -> Array:
    """Return the least-squares slope from n, sum x, sum y, sum xx, sum xy."""
    n, x, y, xx, xy = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((n * xy - x * y) / (n * xx - x * x))


def cumulative_ratio(pair: Pair, table: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Return N_first(>= m) / N_second(>= m), as the catalogues say, and with the second's sizes shifted to the first's.

    ``ratio`` and ``equalised``, each with its interval by blocks of time; ``shift`` is the median difference that was
    taken off. Among large events, which no catalogue misses, the second must tend to one: otherwise some are false or
    mis-sized. Magnitudes at which either has fewer than ten events are left out.
    """
    rng = np.random.default_rng([settings.seed, 2])
    out = []
    for kind in shared_kinds(pair):
        shift = float(np.nanmedian(table[f"dm_{kind}"])) if table[f"dm_{kind}"].notna().any() else 0.0
        (a, block_a), (b, block_b) = (_sized(pair, facts, kind) for facts in (pair.a, pair.b))
        top = min((np.sort(one)[-_ENOUGH] for one in (a, b, b - shift) if len(one) >= _ENOUGH), default=-np.inf)
        if min(len(a), len(b)) < _ENOUGH:
            continue
        m = np.arange(np.floor(max(a.min(), b.min()) / _STEP), np.floor(top / _STEP) + 1) * _STEP
        blocks = pair.common.n_blocks
        drawn = rng.multinomial(blocks, np.full(blocks, 1 / blocks), settings.resamples)
        counts = [_at_least(values, block, m, blocks)
                  for values, block in ((a, block_a), (b, block_b), (b - shift, block_b))]
        columns = {"n_first": counts[0].sum(0), "n_second": counts[1].sum(0), "n_equalised": counts[2].sum(0)}
        for name, below in (("ratio", counts[1]), ("equalised", counts[2])):
            columns |= _ratio(name, counts[0], below, drawn)
        out.append(pd.DataFrame({"kind": kind, "magnitude": m, "shift": shift, **columns}).assign(**pair.columns))
    return pd.concat(out, ignore_index=True) if out else pd.DataFrame(
        columns=["kind", "magnitude", "shift", "n_first", "n_second", "n_equalised", "ratio", "ratio_low", "ratio_high",
                 "equalised", "equalised_low", "equalised_high", "first", "second"])


def _ratio(name: str, above: Array, below: Array, drawn: NDArray[np.int64]) -> dict[str, Array]:
    """Return the ratio of two counts by magnitude; one is added to both where blocks are drawn, so that none is 0."""
    value = above.sum(0) / np.maximum(below.sum(0), 1.0)
    again = (drawn @ above + 1.0) / (drawn @ below + 1.0)
    low, high = np.quantile(again, [0.025, 0.975], axis=0) if len(above) >= 3 else (value * np.nan, value * np.nan)
    return {name: value, f"{name}_low": np.fmin(low, value), f"{name}_high": np.fmax(high, value)}


def _at_least(values: Array, block: NDArray[np.int64], m: Array, blocks: int) -> Array:
    """Return how many values of every block reach each magnitude: shape (blocks, magnitudes)."""
    reached = np.searchsorted(m, values + 1e-9, side="right")
    per = intervals.tally(block, reached, blocks, len(m) + 1)
    return per[:, ::-1].cumsum(1)[:, ::-1][:, 1:]


def _sized(pair: Pair, facts: Facts, kind: str) -> tuple[Array, NDArray[np.int64]]:
    """Return the magnitudes of a kind and the blocks of their events."""
    values = _of_kind(facts, kind, facts.catalogue["event_id"])
    known = np.isfinite(values)
    return values[known], pair.common.blocks(facts.catalogue["time"])[known]


def _of_kind(facts: Facts, kind: str, event_id: pd.Series) -> Array:
    network = facts.magnitudes[facts.magnitudes["station_id"].isna() & (facts.magnitudes["kind"] == kind)]
    return np.asarray(event_id.map(network.set_index("event_id")["value"]), dtype=np.float64)


def tell(rows: Rows, pair: Pair, matches: Matches, summary: pd.DataFrame, slope: pd.DataFrame,
         ratio: pd.DataFrame, settings: ComparisonSettings) -> None:
    """Add the findings on differences of matched events; none where most of the matches are chance."""
    if matches.by_chance:
        for one in METRICS:
            rows.cannot_tell(one.name, f"Of {len(matches.pairs)} matched events {matches.true:.0f} are no chance: "
                             "their differences say nothing.", scope="pair", key=pair.key(), n=len(matches.pairs))
        return
    whole = {row["quantity"]: row for row in summary[summary["low_edge"].isna()].to_dict("records")}
    for metric, quantity, good, bad, unit in (
            ("origin_time_difference", "dt_s", 0.2, 1.0, "s"), ("depth_difference", "depth_km", 2.0, 5.0, "km")):
        _tell_median(rows, metric, pair.key(), whole[quantity], QUANTITIES[quantity], (good, bad), unit, pair)
    _tell_place(rows, pair, whole)
    _tell_scatter(rows, pair, whole, settings)
    kinds = [name for name in whole if name.startswith("dm_")]
    for name in kinds:
        _tell_median(rows, "magnitude_difference", pair.key(name[3:]), whole[name], f"magnitude {name[3:]}",
                     (0.1, 0.3), "", pair)
    for row in slope.to_dict("records"):
        key, n = pair.key(row["kind"]), row["n"]
        if np.isnan(row["slope"]):
            rows.cannot_tell("magnitude_slope", f"{n:,} events with {row['kind']} on both sides; a slope needs "
                             f"{_FOR_SLOPE} over half a unit.", scope="pair", key=key, n=n)
            continue
        rows.add("magnitude_slope", row["slope"], judge(*absolute(row["low"], row["high"]), 0.1, 0.3),
                 f"From one unit of magnitude to the next, '{pair.second}' minus '{pair.first}' changes by "
                 f"{row['slope']:+.2f} ({n:,} events with {row['kind']}).", scope="pair", key=key, low=row["low"],
                 high=row["high"], expected=0.0, n=n)
    if not kinds:
        for metric in ("magnitude_difference", "magnitude_slope"):
            rows.cannot_tell(metric, "The two catalogues share no kind of magnitude.", scope="pair", key=pair.key())
    _tell_ratio(rows, pair, ratio)


def _tell_median(rows: Rows, metric: str, key: str, row: Mapping[Any, Any], name: str, limits: tuple[float, float],
                 unit: str, pair: Pair) -> None:
    low, high = row["median_low"], row["median_high"]
    if np.isnan(low):
        rows.cannot_tell(metric, f"{row['n']:.0f} matched events have this value on both sides.", scope="pair", key=key,
                         n=row["n"])
        return
    rows.add(metric, row["median"], judge(*absolute(low, high), *limits),
             f"'{pair.second}' minus '{pair.first}', {name}: median {row['median'] + 0.0:+.2f} {unit}".rstrip() +
             f", scatter {row['scatter']:.2f}, 90% within {row['within_90']:.2f} ({row['n']:,.0f} matched events).",
             scope="pair", key=key, low=low, high=high, expected=0.0, n=row["n"])


def _tell_place(rows: Rows, pair: Pair, whole: Mapping[str, Mapping[Any, Any]]) -> None:
    east, north, apart = (whole[name] for name in ("east_km", "north_km", "distance_km"))
    if np.isnan(east["median_low"]):
        for metric in ("epicentre_shift", "epicentre_distance"):
            rows.cannot_tell(metric, f"{east['n']:.0f} matched events.", scope="pair", key=pair.key(), n=east["n"])
        return
    ends = [absolute(one["median_low"], one["median_high"]) for one in (east, north)]
    low, high = (float(np.hypot(ends[0][k], ends[1][k])) for k in (0, 1))
    shift = float(np.hypot(east["median"], north["median"]))
    rows.add("epicentre_shift", shift, judge(low, high, 1.0, 5.0),
             f"'{pair.second}' lies {east['median']:+.2f} km east and {north['median']:+.2f} km north of "
             f"'{pair.first}' (medians of {east['n']:,.0f} matched events).", scope="pair", key=pair.key(), low=low,
             high=high, expected=0.0, n=east["n"])
    rows.add("epicentre_distance", apart["median"], judge(apart["median_low"], apart["median_high"], 2.0, 10.0),
             f"Half of {apart['n']:,.0f} matched events lie within {apart['median']:.2f} km, 90% within "
             f"{apart['within_90']:.2f} km of each other.", scope="pair", key=pair.key(), low=apart["median_low"],
             high=apart["median_high"], n=apart["n"])


def _tell_scatter(rows: Rows, pair: Pair, whole: Mapping[str, Mapping[Any, Any]], settings: ComparisonSettings
                  ) -> None:
    """Tell how far apart all but the worst tenth lie: of epicentres as they are, of depths without the common shift."""
    for metric, row, name, told, limits in (
            ("epicentre_scatter", whole["distance_km"], "within_90", "lie within {:.2f} km of each other, half within "
             "{:.2f} km", (settings.epicentre_scatter_good_km, settings.epicentre_scatter_bad_km)),
            ("depth_scatter", whole["depth_km"], "spread_90", "differ in depth by at most {:.2f} km once the median "
             "difference of {:+.2f} km is taken off", (settings.depth_scatter_good_km, settings.depth_scatter_bad_km))):
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        if np.isnan(low):
            rows.cannot_tell(metric, f"{row['n']:.0f} matched events have this value on both sides.", scope="pair",
                             key=pair.key(), n=row["n"])
            continue
        rows.add(metric, row[name], judge(low, high, *limits), f"90% of {row['n']:,.0f} matched events "
                 f"{told.format(row[name], row['median'] + 0.0)}.", scope="pair", key=pair.key(), low=low, high=high,
                 n=row["n"])


def _tell_ratio(rows: Rows, pair: Pair, ratio: pd.DataFrame) -> None:
    if ratio.empty:
        rows.cannot_tell("large_event_ratio", f"Fewer than {_ENOUGH} events have one kind of magnitude on both sides.",
                         scope="pair", key=pair.key())
    for kind, table in ratio.groupby("kind", sort=True):
        enough = table[table[["n_first", "n_equalised"]].max(axis=1) >= 3 * _ENOUGH]
        if enough.empty:
            rows.cannot_tell("large_event_ratio", f"Fewer than {3 * _ENOUGH} events have a magnitude {kind}.",
                             scope="pair", key=pair.key(str(kind)))
            continue
        row = enough.iloc[-1]
        low, high = (np.abs(np.log(row[["equalised_low", "equalised_high"]].to_numpy(np.float64))).tolist())
        inside = row["equalised_low"] <= 1.0 <= row["equalised_high"]
        verdict = judge(0.0 if inside else min(low, high), max(low, high), np.log(1.25), np.log(2.0))
        rows.add("large_event_ratio", row["equalised"], verdict,
                 f"At {kind} {row['magnitude']:.1f} and more, '{pair.first}' has {row['n_first']:,.0f} events and "
                 f"'{pair.second}' {row['n_equalised']:,.0f}, once its sizes are shifted by {-row['shift']:+.2f}.",
                 scope="pair", key=pair.key(str(kind)), low=row["equalised_low"], high=row["equalised_high"],
                 expected=1.0, n=row["n_first"] + row["n_equalised"])
