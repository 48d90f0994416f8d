"""Errors of the magnitudes found, and the found catalogue's completeness and b value against the truth's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.simulate.score.case import APART, Case
from quakescribe.simulate.score.completeness import b_value, goodness_of_fit, maximum_curvature, recall_reaches
from quakescribe.simulate.score.figures import Figures, by_magnitude
from quakescribe.simulate.score.match import Matches

Array = NDArray[np.float64]


def judge_magnitudes(case: Case, catalogue: pd.DataFrame, matches: Matches) -> Figures:
    """Return bias, scatter, slope and coverage of every kind of magnitude of the events found one to one."""
    figures = Figures("magnitude")
    true_row, found_row = matches.rows()
    true, local = case.truth.events["magnitude"].to_numpy()[true_row], case.truth.local[true_row]
    kinds = case.truth.events["kind"].to_numpy()[true_row]
    for kind, value, sigma in _network(case, catalogue):
        value, sigma = value[found_row], sigma[found_row]
        error, name = value - true, f"{kind} minus true magnitude"
        scopes = [("all", local), *by_magnitude(np.where(local & np.isfinite(error), true, np.nan)),
                  *((name, kinds == name) for name in APART if (kinds == name).any())]
        for scope, members in scopes:
            figures.spread(name, error[members], "-", scope)
        known = local & np.isfinite(error)
        figures.add(f"slope of {kind} against true magnitude", _slope(true[known], value[known]), known.sum())
        stated = known & np.isfinite(sigma) & (sigma > 0)
        if stated.any():
            ratio = np.abs(error[stated]) / sigma[stated]
            figures.share(f"{kind} within 1 stated uncertainty (68%)", ratio <= 1.0)
            figures.share(f"{kind} within 1.645 stated uncertainties (90%)", ratio <= 1.645)
    return figures


def judge_completeness(case: Case, catalogue: pd.DataFrame, matches: Matches) -> Figures:
    """Return from which magnitude on events are found, and Mc and b as one would estimate them from the catalogue.

    True events are the local earthquakes (blasts obey another law). The found catalogue counts as it is: with its
    false and split events.
    """
    figures = Figures("completeness")
    chosen = (case.truth.events["kind"] == "earthquake").to_numpy()
    true = case.truth.events["magnitude"].to_numpy()[chosen]
    found = np.zeros(len(chosen), dtype=bool)
    found[matches.rows()[0]] = True
    reached = {level: recall_reaches(true, found[chosen], level) for level in (0.5, 0.9)}
    for level, magnitude in reached.items():
        figures.add(f"magnitude from which recall reaches {level:.0%}", magnitude, len(true))
    _law(figures, "true magnitude", true)
    for kind, value, _ in _network(case, catalogue):
        mc = _law(figures, kind, value[np.isfinite(value)])
        figures.add(f"Mc of {kind} minus magnitude of 90% recall", mc - reached[0.9], np.isfinite(value).sum())
        figures.share(f"recall of true events above Mc of {kind}", found[chosen][true >= mc])
    return figures


def _law(figures: Figures, kind: str, magnitudes: Array) -> float:
    """Add Mc and b of a catalogue; return Mc by maximum curvature."""
    mc = maximum_curvature(magnitudes)
    b, error, used = b_value(magnitudes, mc)
    figures.add(f"Mc of {kind}, maximum curvature + 0.2", mc, len(magnitudes))
    figures.add(f"Mc of {kind}, goodness of fit 90%", goodness_of_fit(magnitudes), len(magnitudes))
    figures.add(f"b of {kind}", b, used)
    figures.add(f"b of {kind}, standard error", error, used)
    return mc


def _network(case: Case, catalogue: pd.DataFrame) -> Iterator[tuple[str, Array, Array]]:
    """Yield every kind of magnitude: value and uncertainty of each event of the catalogue (NaN = none)."""
    table = case.magnitudes
    if table is None:
        return
    network = table[table["station_id"].isna()]
    for kind, rows in network.groupby("kind", sort=True):
        rows = rows.drop_duplicates("event_id").set_index("event_id").reindex(catalogue["event_id"])
        rows = rows.reindex(columns=["value", "uncertainty"]).astype("float64")
        value, sigma = rows.to_numpy().T
        yield str(kind), value, sigma


def _slope(true: Array, found: Array) -> float:
    """Return the least-squares slope; NaN where the true magnitudes do not differ."""
    return float(np.polyfit(true, found, 1)[0]) if len(true) > 2 and np.ptp(true) > 0.1 else float("nan")
