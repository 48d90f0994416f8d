"""Figures of an experiment, as PNG: what each factor does, curves over thresholds, the Pareto front, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quakescribe.compare.kept import axes
from quakescribe.settings.network import NetworkSettings
from quakescribe.train.course import write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SAID = {
    "associated_picks": "associated picks", "association_rate": "association rate of picks",
    "corrected_picks": "associated picks without chance", "corrected_rate": "association rate without chance",
    "true_recall": "recall of detectable true events", "true_precision": "precision of events",
    "threshold": "threshold",
}
"""What a column is called in a figure."""

_MARKS = "osD^vPX<>*"
_BESIDE = 2.6


def draw(findings: pd.DataFrame, means: pd.DataFrame, factors: Sequence[str], folder: Path) -> list[Path]:
    """Draw all figures that the findings allow and return their files.

    Parameters
    ----------
    findings, means
        See :mod:`quakescribe.compare.kept`.
    factors
        Settings of the grid. The first with several numbers is drawn along.
    folder
        Where the figures go.
    """
    out = []
    factor = _number(means, factors)
    if factor is not None:
        out.append(write_figure(_along(findings, means, factor, factors), folder / "along.png"))
    if means.groupby("arm")["threshold"].nunique().max() > 1:
        out.append(write_figure(_curves(findings, means, *axes(means)), folder / "thresholds.png"))
    out.append(write_figure(_front(findings, means), folder / "front.png"))
    if {"true_recall", "true_precision"} <= set(means):
        out.append(write_figure(_curves(findings, means, "true_recall", "true_precision"), folder / "truth.png"))
    return out


def _number(means: pd.DataFrame, factors: Sequence[str]) -> str | None:
    """Return the first factor with several numbers."""
    for name in factors:
        if pd.api.types.is_numeric_dtype(means[name]) and len(means[name].dropna().unique()) > 1:
            return name
    return None


def _figure(columns: int, beside: float = 0.0) -> tuple[Figure, list[Axes]]:
    """Return a figure of so many panels side by side, with room for a legend beside them (inches)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * columns + beside, 4.2), layout="constrained")
    axes_ = [figure.add_subplot(1, columns, k + 1) for k in range(columns)]
    for one in axes_:
        one.grid(alpha=0.3)
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes_


def _along(findings: pd.DataFrame, means: pd.DataFrame, factor: str, factors: Sequence[str]) -> Figure:
    """Draw association rate and associated picks along a factor: seeds as points, means as lines, other arms flat."""
    threshold = _one_threshold(means)
    seen, mean = (frame[frame["threshold"].isna() | (frame["threshold"] == threshold)] for frame in (findings, means))
    others = [name for name in factors if name != factor]
    columns = ("association_rate", "associated_picks")
    figure, panels = _figure(len(columns))
    lines = _split(mean[mean[factor].notna()], others)
    points = dict(_split(seen[seen[factor].notna()], others))
    for panel, column in zip(panels, columns, strict=True):
        for k, (label, rows) in enumerate(lines):
            rows = rows.sort_values(factor)
            panel.plot(rows[factor], rows[column], color=f"C{k}", label=label)
            panel.plot(points[label][factor], points[label][column], "o", color=f"C{k}", alpha=0.5, ms=5)
        for k, row in enumerate(mean[mean[factor].isna()].itertuples(index=False)):
            panel.axhline(getattr(row, column), color=f"C{len(lines) + k}", ls="--", label=row.arm)
        panel.set_xlabel(factor)
        panel.set_ylabel(SAID[column])
        panel.set_ylim(bottom=0)
    panels[0].legend(frameon=False, fontsize=8)
    if np.isfinite(threshold):
        figure.suptitle(f"threshold {threshold:g}", fontsize=10)
    return figure


def _one_threshold(means: pd.DataFrame) -> float:
    """Return the threshold nearest to the usual one; NaN where there is none."""
    known = means["threshold"].dropna().unique()
    usual = NetworkSettings().p_threshold
    return float(known[np.abs(known - usual).argmin()]) if len(known) else float("nan")


def _split(rows: pd.DataFrame, others: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows by the values of other factors, each with what it is called."""
    if not others:
        return [("arms of the grid", rows)]
    return [(", ".join(str(value) for value in np.atleast_1d(np.asarray(key, dtype=object))), group)
            for key, group in rows.groupby(list(others), sort=False)]


def _curves(findings: pd.DataFrame, means: pd.DataFrame, x: str, y: str) -> Figure:
    """Draw one column against another over the thresholds, a curve per arm; seeds as small points."""
    figure, (panel,) = _figure(1, _BESIDE)
    for k, (arm, rows) in enumerate(means.groupby("arm", sort=False)):
        rows = rows.sort_values("threshold")
        mark = _MARKS[(k // 10) % len(_MARKS)]
        panel.plot(rows[y], rows[x], mark + "-", color=f"C{k}", label=str(arm), ms=5)
        seeds = findings[findings["arm"] == arm]
        if len(seeds) > len(rows):
            panel.plot(seeds[y], seeds[x], ".", color=f"C{k}", alpha=0.4, ms=4)
        for end in (rows.iloc[[0, -1]] if len(rows) > 1 else rows.iloc[:0]).itertuples(index=False):
            panel.annotate(f"{end.threshold:g}", (getattr(end, y), getattr(end, x)), fontsize=7, color=f"C{k}",
                           xytext=(4, 9 - 6 * (k % 4)), textcoords="offset points")
    panel.set_xlabel(SAID[y])
    panel.set_ylabel(SAID[x])
    _legend(panel)
    return figure


def _front(findings: pd.DataFrame, means: pd.DataFrame) -> Figure:
    """Draw every arm and threshold, and the line of those that none betters."""
    x, y = axes(means)
    figure, (panel,) = _figure(1, _BESIDE)
    panel.plot(findings[y], findings[x], ".", color="0.75", ms=4, label="single seeds")
    panel.plot(means[y], means[x], "o", color="0.5", ms=5, label="means")
    best = means[means["front"]].sort_values(y)
    panel.plot(best[y], best[x], "o-", color="C3", ms=6, label="none better")
    for arm, threshold, at_x, at_y in zip(*(best[name].tolist() for name in ("arm", "threshold", y, x)), strict=True):
        number = str(1 + len(panel.texts))
        panel.annotate(number, (at_x, at_y), fontsize=7, xytext=(4, 4), textcoords="offset points")
        panel.plot([], [], " ", label=f"{number}: {arm}" + ("" if np.isnan(threshold) else f", {threshold:g}"))
    panel.set_xlabel(SAID[y])
    panel.set_ylabel(SAID[x])
    _legend(panel)
    return figure


def _legend(panel: Axes) -> None:
    panel.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)

