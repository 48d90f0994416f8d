"""One look for every figure: colours (light and dark), axes, and how many points are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# name: (light, dark). Figures are made with the light colour; the page's script exchanges it in the dark.
# P, S and good are after the palette of Okabe & Ito (2008), distinguishable with every kind of colour vision.
PALETTE: dict[str, tuple[str, str]] = {
    "ink": ("#1b2430", "#e7ebf0"),
    "muted": ("#566273", "#9fabba"),
    "grid": ("#e4e8ed", "#2b343f"),
    "line": ("#b4bdc8", "#4b5766"),
    "paper": ("#ffffff", "#171d25"),
    "ground": ("#f4f6f8", "#0f141a"),
    "P": ("#0072b2", "#5bb7ec"),
    "S": ("#d55e00", "#ff9450"),
    "good": ("#00805d", "#37c99f"),
    "watch": ("#8f6400", "#e6b84c"),
    "bad": ("#b3202e", "#ff8589"),
    "quiet": ("#c5ccd5", "#465262"),
    "station": ("#1f2937", "#f1f3f6"),
    "halo": ("#fefefe", "#10151b"),
}
# Viridis, without the end that vanishes on the page's ground.
_SCALE = (
    ("#440154", "#6a5aa8"),
    ("#46327e", "#4f7fb8"),
    ("#365c8d", "#3f9dba"),
    ("#277f8e", "#2fb5a5"),
    ("#1fa187", "#5ecb7c"),
    ("#4ac16d", "#a3da4f"),
    ("#90c83a", "#fde725"),
)
SCALE = [[i / (len(_SCALE) - 1), pair[0]] for i, pair in enumerate(_SCALE)]
# Of catalogues side by side. Told apart with every kind of colour vision: least CIE76 distance 16 seen with no red or
# no green cones (Machado et al. 2009), 10 with no blue ones; contrast with the page at least 3.5.
SIDES: tuple[tuple[str, str], ...] = (
    ("#0072b2", "#5bb7ec"), ("#d55e00", "#ff9450"), ("#00805d", "#37c99f"), ("#9304c4", "#b555d5"),
    ("#e30a5a", "#c33e9c"), ("#420c78", "#b6a4c3"), ("#452100", "#be5225"), ("#0d2d39", "#b2edb9"),
)
LIGHT_TO_DARK: dict[str, str] = {**dict(PALETTE.values()), **dict(_SCALE), **dict(SIDES)}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
LEGEND: dict[str, Any] = {
    "orientation": "h",
    "traceorder": "normal",
    "x": 0,
    "y": 1.02,
    "xanchor": "left",
    "yanchor": "bottom",
    "font": {"size": 12},
    "bgcolor": "rgba(0,0,0,0)",
}
TALL = 20  # with more stations than this, a figure of stations stands beside three others
_LOG_FROM = 30  # from so large a range on, numbers are shown on a logarithmic axis
MANY = 3000  # from here on points are drawn with WebGL


def colour(name: str) -> str:
    """Return the light colour of that name."""
    return PALETTE[name][0]


def axis(title: str, **options: Any) -> dict[str, Any]:
    """Return an axis whose title holds its unit.

    Ticks have as many digits as their step needs. An axis laid over another has its own round ticks, not the other's.
    """
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 13}},
        "gridcolor": colour("grid"),
        "linecolor": colour("line"),
        "tickcolor": colour("line"),
        "ticks": "outside",
        "ticklen": 4,
        "showline": True,
        "zeroline": False,
        "automargin": True,
        **({"tickmode": "auto"} if "overlaying" in options else {}),
        **options,
    }


def layout(x: dict[str, Any], y: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return the layout that all figures share."""
    return {
        "template": None,
        "font": {"family": FONT, "size": 13, "color": colour("ink")},
        "xaxis": x,
        "yaxis": y,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 12, "r": 14, "t": 10, "b": 10},
        "hoverlabel": {
            "bgcolor": colour("paper"),
            "bordercolor": colour("line"),
            "font": {"color": colour("ink"), "size": 12},
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colour("line"), "activecolor": colour("P")},
        "legend": LEGEND,
        "dragmode": "zoom",
        **options,
    }


def upright(x: Any, tint: str = "muted", dash: str = "dot", width: float = 1.5) -> dict[str, Any]:
    """Return a line over the whole height of a figure at a value of its x axis."""
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": colour(tint), "width": width, "dash": dash}}


def level(y: Any, tint: str = "muted", dash: str = "dot", width: float = 1.0) -> dict[str, Any]:
    """Return a line over the whole width of a figure at a value of its y axis."""
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y,
            "line": {"color": colour(tint), "width": width, "dash": dash}}


def figure(traces: Sequence[Any], arranged: dict[str, Any]) -> dict[str, Any]:
    """Return the figure as plain JSON values, checked by plotly (an unknown property is an error)."""
    import json

    import plotly.graph_objects as go

    made = json.loads(go.Figure({"data": list(traces), "layout": arranged}).to_json())
    made["layout"].pop("template", None)
    return dict(made)


def count_axis(title: str, counts: NDArray[np.float64]) -> dict[str, Any]:
    """Return an axis of numbers: from zero, or logarithmic with ticks at 1, 2 and 5 where the numbers span much."""
    known = counts[counts > 0]
    if not len(known) or known.max() <= _LOG_FROM * known.min():
        return axis(title, rangemode="tozero", tickformat=",~r")
    low, high = (0.5 if (counts <= 0).any() else float(known.min())), float(known.max())
    every = [step * 10.0**power for power in range(-1, int(np.log10(high)) + 1) for step in (1, 2, 5)]
    ticks = [one for one in every if max(low, 1.0) <= one <= high]
    ticks = ticks if len(ticks) <= 9 else [one for one in ticks if f"{one:.0f}"[0] == "1"]
    zero = [0.5] if low == 0.5 else []
    return axis(title, type="log", tickvals=[*zero, *ticks], ticktext=["0"] * len(zero) + [
        f"{one:,.0f}" for one in ticks], range=[np.log10(low) - 0.06, np.log10(high) + 0.06])


def on_axis(counts: NDArray[np.float64], along: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return numbers as they lie on the axis: zero stands at its foot where the axis is logarithmic."""
    return np.maximum(counts, 0.5) if along.get("type") == "log" else counts


def scatter_type(points: int) -> str:
    """Return plotly's trace type for that many points."""
    return "scattergl" if points > MANY else "scatter"


def milliseconds(times: pd.Series) -> NDArray[np.float64]:
    """Return times as milliseconds since 1970, which plotly's date axes take."""
    return np.asarray(times.dt.tz_convert(None).to_numpy().astype("datetime64[ns]").view(np.int64) / 1e6)


def thin(count: int, limit: int, keep: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
    """Return the rows to draw, ascending: all, or `limit` of them.

    The rows with the largest `keep` (a tenth of the limit) always stay; the rest is taken evenly over the rows.
    """
    if count <= limit:
        return np.arange(count)
    top = np.empty(0, dtype=np.int64)
    if keep is not None:
        top = np.argsort(-np.nan_to_num(keep, nan=-np.inf), kind="stable")[: limit // 10]
    left = np.ones(count, dtype=bool)
    left[top] = False
    rest = np.flatnonzero(left)
    even = rest[np.linspace(0, len(rest) - 1, limit - len(top)).round().astype(np.int64)]
    return np.sort(np.concatenate([top, even]))


def thinned(drawn: int, whole: int, noun: str, kept: str = "taken evenly") -> str:
    """Return the sentence that says how many points are drawn, or nothing when all are."""
    return f" Drawn: {drawn:,} of {whole:,} {noun}, {kept}." if drawn < whole else ""
