"""Depths and epicentres that sit where a program or a file put them: repeated values, limits, lattices, rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.intervals import share_interval
from quakescribe.audit.statistics import judge_surely
from quakescribe.audit.well_located import bears

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

FINEST = {"depth_km": 0.01, "latitude": 1e-4, "longitude": 1e-4}
"""Values closer than this (km, deg) count as the same: about 10 m, far below any error of location."""
_DECIMALS = (10.0, 1.0, 0.1, 0.01, 0.001)
_BESIDE = 6  # classes on each side of a value that say how many events to expect on it
_RATIO, _STEEPNESS = 3.0, 2.0  # a repeated value holds this many times its neighbourhood's mean, and its next ones
_RISK = 1e-4  # of a false alarm in one whole test
_SPACINGS = (0.005, 0.1)  # deg
_SAMPLE, _FREQUENCIES = 3000, 4000  # events and frequencies of the periodogram: bounds its cost
_CELLS = 8  # a lattice needs this many lines
KM_PER_DEGREE = 111.2  # of latitude

Array = NDArray[np.float64]


def rounding(values: Array) -> float:
    """Return the coarsest decimal step that at least 98% of the values are multiples of, from any origin; 0 = none.

    Parameters
    ----------
    values
        Shape (n,), finite.
    """
    for step in _DECIMALS:
        rest = np.round((values / step) % 1.0, 4) % 1.0
        _, counts = np.unique(rest, return_counts=True)
        if len(values) and counts.max() >= 0.98 * len(values) and len(np.unique(np.round(values / step))) > 1:
            return step
    return 0.0


def repeated(values: Array, width: float) -> tuple[NDArray[np.bool_], Array]:
    """Return which values are repeated more often than their neighbourhood lets expect.

    Parameters
    ----------
    values
        Shape (n,), finite.
    width
        Of the classes in which values count as the same; a multiple of the step that they are rounded to.

    Returns
    -------
    tuple
        Shape (n,), bool: the value sits in an over-full class. Shape (n,): the chance that a value of that class sits
        there without any artefact (expected over found count), 0 outside such classes.

    Notes
    -----
    Where density is even over 13 classes, the count c of the middle one given the m values of all is binomial
    (m, 1/13). A class is over-full if that has a probability below 1e-4 over the number of filled classes (Bonferroni),
    c is at least three times the mean of its neighbours, and twice each of the next ones, so that a steep but smooth
    density is not taken for a stripe. O(n log n).
    """
    cell = np.round(values / width).astype(np.int64)
    cells, where, counts = np.unique(cell, return_inverse=True, return_counts=True)
    total = np.concatenate([[0], np.cumsum(counts)])
    low, high = np.searchsorted(cells, cells - _BESIDE), np.searchsorted(cells, cells + _BESIDE, side="right")
    around = total[high] - total[low]
    p = binom.sf(counts - 1, around, 1.0 / (2 * _BESIDE + 1))
    expected = (around - counts) / (2.0 * _BESIDE)
    beside = np.maximum(_count_at(cells, counts, cells - 1), _count_at(cells, counts, cells + 1))
    full = (p < _RISK / max(len(cells), 1)) & (counts >= _RATIO * expected) & (counts >= _STEEPNESS * beside)
    return full[where], np.where(full, expected / counts, 0.0)[where]


def _count_at(cells: NDArray[np.int64], counts: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the counts of some classes, 0 where one is empty."""
    at = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    return np.where(cells[at] == wanted, counts[at], 0)


def spacing(values: Array) -> tuple[float, float, float, NDArray[np.complex128]]:
    """Return the spacing of 0.005 to 0.1 deg that the values keep to most, and how strongly.

    Parameters
    ----------
    values
        Shape (n,), finite, deg.

    Returns
    -------
    tuple
        Spacing (deg); amplitude, 1 = all on nodes, 0 = none; probability of a larger one by chance; shape (cells,):
        what each cell says (its vector). Not a number without at least eight cells.

    Notes
    -----
    Rayleigh's test of the phases 2 pi x / s, made robust against clusters: the events of one cell of width s count as
    one observation, their mean vector m_c. Without a lattice the m_c point anywhere, so that |sum m_c|^2 / sum |m_c|^2
    is about exponential with mean 1; p is Bonferroni's over the independent spacings (span over spacing). Spacings that
    the rounding of the file explains (its step over a whole number, within the resolution 1 / span) are left out. An
    overtone is traced back: of the best spacing and its multiples up to five the one with the largest amplitude counts.
    """
    nothing = float("nan"), float("nan"), float("nan"), np.empty(0, np.complex128)
    low, high = np.quantile(values, [0.01, 0.99]) if len(values) else (0.0, 0.0)
    x = np.sort(values[(values >= low) & (values <= high)])
    x = x[np.linspace(0, len(x) - 1, min(len(x), _SAMPLE)).round().astype(np.int64)] if len(x) else x
    span, step = high - low, rounding(values)
    if span < _CELLS * _SPACINGS[0]:
        return nothing
    most = 1.0 / _SPACINGS[0]
    count = int(np.clip(4 * span * (most - 1.0 / _SPACINGS[1]), 50, _FREQUENCIES))
    tried = np.linspace(1.0 / _SPACINGS[1], most, count)
    nodes = np.arange(1, int(most / 5) + 1) * 5.0  # spacings 0.2 / k, among them 0.1, 0.05, 0.025, 0.02, 0.01, 0.005
    tried = np.concatenate([tried, nodes[(nodes >= tried[0]) & (nodes <= most)]])
    tried = tried[tried * span >= _CELLS]
    if step > 0:
        tried = tried[np.abs(tried * step - np.maximum(np.round(tried * step), 1)) * span / step > 1.5]
    best = max(((_rayleigh(x, frequency), frequency) for frequency in tried), key=lambda one: one[0], default=None)
    if best is None:
        return nothing
    frequency = max((best[1] / k for k in range(5, 0, -1) if best[1] / k * span >= _CELLS),
                    key=lambda one: round(float(abs(_vectors(x, one).mean())), 6))
    vectors = _vectors(x, frequency)
    chance = min(1.0, span * most * float(np.exp(-best[0])))
    return 1.0 / frequency, float(abs(vectors.sum()) / len(vectors)), chance, vectors


def _vectors(x: Array, frequency: float) -> NDArray[np.complex128]:
    """Return the mean vector of every filled cell of sorted values."""
    turns = x * frequency
    cell = np.floor(turns)
    start = np.flatnonzero(np.concatenate([[True], np.diff(cell) > 0]))
    size = np.diff(np.append(start, len(x)))
    return np.asarray(np.add.reduceat(np.exp(2j * np.pi * turns), start) / size)


def _rayleigh(x: Array, frequency: float) -> float:
    vectors = _vectors(x, frequency)
    return float(abs(vectors.sum()) ** 2 / (np.abs(vectors) ** 2).sum()) if len(vectors) >= _CELLS else 0.0


def _stripes(rows: Rows, located: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Add the share of events on repeated depths, latitudes and longitudes; return those values."""
    rules, out = case.settings.locations, []
    for place, (metric, column, unit) in enumerate((("repeated_depths", "depth_km", "km"),
                                                    ("repeated_epicentres", "latitude", "deg"),
                                                    ("repeated_epicentres", "longitude", "deg"))):
        key = "" if column == "depth_km" else column
        known = located[np.isfinite(located[column].astype("float64"))]
        values = known[column].to_numpy(dtype=np.float64)
        if len(values) < rules.least_events:
            rows.cannot_tell(metric, f"{len(values)} located events have a {column.split('_')[0]}; "
                             f"{rules.least_events} are needed.", key=key, n=len(values))
            continue
        width = max(rounding(values), FINEST[column])
        span = float(np.ptp(np.quantile(values, [0.01, 0.99])))
        if 0 < span < 2 * _BESIDE * width:
            rows.cannot_tell(metric, f"The file rounds to {width:g} {unit}, too coarsely for a span of {span:.2g} "
                             f"{unit} to tell a repeated value from a rounded one.", key=key, n=len(values))
            continue
        full, chance = repeated(values, width)
        if column == "depth_km" and np.ptp(values) > 0:  # the ends are a question of their own
            ends = (values <= values.min() + width / 2) | (values >= values.max() - width / 2)
            full, chance = full & ~ends, np.where(ends, 0.0, chance)
        share, expected = float(full.mean()), float(chance.mean())
        low, high = share_interval(full, known["time"], case, 30 + place)
        found = pd.Series(np.round(values[full] / width) * width).round(6).value_counts().head(100)
        out += [{"column": column, "value": value, "events": n} for value, n in found.items()]
        named = f", most of all {found.index[0]:g} {unit} with {found.iloc[0]:,} events" if len(found) else ""
        rows.add(metric, share,
                 judge_surely(low - expected, high - expected, rules.stripes_good, rules.stripes_bad),
                 f"{share:.1%} of {len(values):,} events sit on a {column.split('_')[0]} that is repeated more often "
                 f"than its neighbourhood lets expect ({expected:.1%} would by chance){named}.",
                 key=key, low=low, high=high, expected=expected, n=len(values))
    return pd.DataFrame(out, columns=["column", "value", "events"])


def at_limits(located: pd.DataFrame, stations: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return which events lie at a limit: by flag, over-full least or greatest depth, above the highest station."""
    depth = located["depth_km"].to_numpy(dtype=np.float64)
    out = {"flagged": bears(located["flags"], ("at-top", "at-bottom", "at-edge"))}
    finite = np.isfinite(depth)
    over = np.zeros(len(depth), dtype=bool)
    if finite.sum() > 1 and np.ptp(depth[finite]) > 0:
        width = max(rounding(depth[finite]), FINEST["depth_km"])
        over[finite] = repeated(depth[finite], width)[0]
        low, high = depth[finite].min(), depth[finite].max()
        out["least depth"] = over & (depth <= low + width / 2)
        out["greatest depth"] = over & (depth >= high - width / 2)
    height = stations["elevation_m"].max() / 1000.0 if len(stations) else float("nan")
    out["above the highest station"] = depth < -height if np.isfinite(height) else np.zeros(len(depth), dtype=bool)
    return out


def _limits(rows: Rows, located: pd.DataFrame, case: Case) -> None:
    rules = case.settings.locations
    if len(located) < rules.least_events or not np.isfinite(located["depth_km"].astype("float64")).any():
        rows.cannot_tell("at_limits", f"{len(located)} located events; {rules.least_events} with a depth are needed.",
                         n=len(located))
        return
    kinds = at_limits(located, case.facts.stations)
    either = np.logical_or.reduce(list(kinds.values()))
    low, high = share_interval(either, located["time"], case, 33)
    named = ", ".join(f"{name} {int(mask.sum()):,}" for name, mask in kinds.items() if mask.any())
    rows.add("at_limits", float(either.mean()), judge_surely(low, high, rules.limits_good, rules.limits_bad),
             f"{either.mean():.1%} of {len(located):,} events lie at a limit of the search or of the model"
             + (f" ({named})." if named else "."), low=low, high=high, expected=0.0, n=len(located))


def _lattice(rows: Rows, located: pd.DataFrame, case: Case) -> None:
    rules = case.settings.locations
    for place, column in enumerate(("latitude", "longitude")):
        values = located[column].to_numpy(dtype=np.float64)
        if len(values) < rules.least_events:
            rows.cannot_tell("lattice", f"{len(values)} located events; {rules.least_events} are needed.", key=column,
                             n=len(values))
            continue
        step, amplitude, p, vectors = spacing(values)
        if not np.isfinite(amplitude):
            rows.cannot_tell("lattice", f"The {column}s span too little for eight lines of a lattice.", key=column,
                             n=len(values))
            continue
        drawn = vectors[case.rng(34 + place).integers(0, len(vectors), (case.settings.resamples, len(vectors)))]
        again = np.abs(drawn.mean(axis=1))
        low, high = (float(v) for v in np.quantile(again, [0.025, 0.975]))
        low, high = min(low, amplitude), max(high, amplitude)
        chance = float(np.sqrt(np.log(2 * np.ptp(values) / _SPACINGS[0] + 2) * (np.abs(vectors) ** 2).sum())
                       / len(vectors))
        verdict = BAD if low > rules.lattice_bad else WATCH
        if p > _RISK:
            verdict = GOOD if high <= rules.lattice_bad else CANNOT_TELL
        rows.add("lattice", amplitude, verdict,
                 f"Of all spacings from {_SPACINGS[0]:g} to {_SPACINGS[1]:g} deg the {column}s keep most to {step:.4g} "
                 f"deg, with amplitude {amplitude:.2f} (1 = all on the lines; about {min(chance, 1):.2f} by chance; p "
                 f"= {p:.2g}).", key=column, low=low, high=high, expected=min(chance, 1.0), n=len(vectors))


def _rounded(rows: Rows, located: pd.DataFrame, case: Case) -> None:
    """Add the rounding steps; at most 'watch'."""
    asked = (("depth_rounding", ("depth_km",), "erz_km", "km", 1.0),
             ("coordinate_rounding", ("latitude", "longitude"), "erh_km", "deg", KM_PER_DEGREE))
    for metric, columns, error, unit, per in asked:
        finite = [located.loc[np.isfinite(located[c].astype("float64")), c].to_numpy(np.float64) for c in columns]
        n = min(len(one) for one in finite)
        if n < case.settings.locations.least_events:
            rows.cannot_tell(metric, f"{n} located events; {case.settings.locations.least_events} are needed.", n=n)
            continue
        step = max(rounding(one) for one in finite)
        stated = float(located[error].astype("float64").median())
        known = np.isfinite(stated)
        made = step * per / np.sqrt(12.0)
        verdict = GOOD if made <= (stated if known else 1.0) else WATCH
        what = f"the median stated error is {stated:.2g} km" if known else "no error is stated; up to 1 km passes"
        rows.add(metric, step, verdict,
                 (f"The file rounds to {step:g} {unit}, a standard error of {made:.2g} km" if step > 0 else
                  "The file does not round to a thousandth or coarser") + f"; {what}.", n=n)


def _run(case: Case) -> Outcome:
    rows = Rows(GRIDS.metrics)
    located = case.facts.located
    values = _stripes(rows, located, case)
    _limits(rows, located, case)
    _lattice(rows, located, case)
    _rounded(rows, located, case)
    return Outcome(rows.rows, {"repeated": values})


GRIDS = Check(
    "grids", "locate", "Do depths or epicentres sit where a program or a file put them?",
    "Depths, latitudes and longitudes are counted in classes as wide as the file rounds (at least 0.01 km, 0.0001 "
    "deg). Where density is even over 13 neighbouring classes, the count of the middle one is binomial given all (p = "
    "1/13); classes with a Bonferroni-corrected probability below 1e-4 and at least three times their neighbours' mean "
    "are repeated values, and the share of events on them is compared with the share that the neighbours let expect. "
    "Least and greatest depth, flags at the limits of the search and events above all stations are counted apart. A "
    "lattice of 0.005 to 0.1 deg is searched with Rayleigh's test, in which all events of a cell count once so that "
    "clusters do not look like one. Rounding alone is never bad.",
    ("Lord Rayleigh (1919). On the problem of random vibrations. Phil. Mag. 37, 321-347.",
     "Husen, S. & Hardebeck, J. L. (2010). Earthquake location accuracy. CORSSA, doi:10.5078/corssa-55815573.",
     "Klein, F. W. (2002). User's guide to HYPOINVERSE-2000. USGS Open-File Report 02-171."),
    (Metric("repeated_depths", "Share of depths on repeated values", "-",
            "Leave these depths out of any use of depth: they were fixed or never moved from a trial value. Locate "
            "again with several trial depths and near stations."),
     Metric("repeated_epicentres", "Share of epicentres on repeated values", "-",
            "Locate again without a grid search's rough steps; do not compute distances between these epicentres."),
     Metric("at_limits", "Share of events at a limit of the search", "-",
            "Widen the limits of the search or the model; what stays at them is outside the network or not an "
            "earthquake there."),
     Metric("lattice", "How strictly epicentres keep to a lattice", "-",
            "Refine locations after the grid search, or take a finer one."),
     Metric("depth_rounding", "Step that depths are rounded to", "km",
            "Ask for a file with more decimals."),
     Metric("coordinate_rounding", "Step that epicentres are rounded to", "deg",
            "Ask for a file with more decimals.")),
    _run)
