"""Plotly's traces drawn by Matplotlib: points and lines, bars, boxes with given quartiles, heatmaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quakescribe.report.coordinates import Axis, colour, numbers, plain, stepped, values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINT = 0.6  # points on paper for a pixel on the page, of symbols and lines
CLOUD = 2000  # symbols from here on are drawn as an image inside the vector file
FONT = 8.0  # pt
_SYMBOLS = {"circle": "o", "square": "s", "diamond": "D", "cross": "P", "x": "X", "triangle-up": "^",
            "triangle-down": "v", "triangle-left": "<", "triangle-right": ">", "star": "*", "hexagon": "h",
            "pentagon": "p", "line-ns": "|", "line-ew": "_", "cross-thin": "+", "x-thin": "x"}
_DASHES: dict[str, Any] = {"solid": "-", "dot": (0, (1, 1.5)), "dash": (0, (4, 2)), "longdash": (0, (7, 2)),
                           "dashdot": (0, (4, 1.5, 1, 1.5)), "longdashdot": (0, (7, 1.5, 1, 1.5))}
INK = "#1b2430"


@dataclass
class Drawing:
    """What the traces share: axes by plotly's names, what is stacked where, and the entries of the legend."""

    figure: Figure
    layout: dict[str, Any]
    traces: list[dict[str, Any]]
    axes: dict[str, Axes]
    scale: dict[str, Axis]
    piled: dict[Any, float] = field(default_factory=dict)
    entries: list[tuple[float, Any, str]] = field(default_factory=list)
    last: dict[str, tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=dict)

    def of(self, trace: dict[str, Any]) -> tuple[Axes, Axis, Axis]:
        """Return where a trace is drawn, and its two axes."""
        y = trace.get("yaxis", "y")
        return self.axes[y], self.scale[trace.get("xaxis", "x")], self.scale[y]

    def enter(self, trace: dict[str, Any], handle: Any) -> None:
        """Put a trace into the legend, where it wants to be there."""
        if trace.get("showlegend", True) and trace.get("name"):
            self.entries.append((float(trace.get("legendrank", 1000)), handle, plain(trace["name"])))


def along_axis(trace: dict[str, Any], letter: str) -> list[Any]:
    """Return the values of a trace along an axis, as far as they tell the kind of the axis."""
    given = values(trace.get(letter))
    if not given and trace.get("type") == "box" and (trace.get("orientation") == "h") == (letter == "y"):
        return [trace.get(f"{letter}0", trace.get("name", ""))]
    return given


def _marker(trace: dict[str, Any]) -> dict[str, Any]:
    return dict(trace.get("marker") or {})


def _tint(trace: dict[str, Any]) -> Any:
    line, marker = trace.get("line") or {}, _marker(trace)
    return line.get("color") or (marker.get("color") if isinstance(marker.get("color"), str) else None) or INK


def dashes(given: Any) -> Any:
    """Return Matplotlib's pattern of one of plotly's dashes: a word, or lengths in pixels."""
    if given is None or given in _DASHES:
        return _DASHES.get(given or "solid")
    lengths = [max(0.3, float(one.strip().removesuffix("px")) * POINT) for one in str(given).split(",")]
    return (0, tuple(lengths))


def _scatter(drawing: Drawing, trace: dict[str, Any], zorder: float) -> None:
    from matplotlib.lines import Line2D

    ax, along, up = drawing.of(trace)
    x, y = along.place(trace.get("x")), up.place(trace.get("y"))
    n = min(len(x), len(y))
    x, y = x[:n], y[:n]
    mode, opacity = trace.get("mode", "lines"), float(trace.get("opacity", 1.0))
    handle: Any = Line2D([], [], linestyle="none")
    line, marker = trace.get("line") or {}, _marker(trace)
    if trace.get("fill") not in (None, "none"):
        handle = _fill(drawing, trace, x, y, zorder - 1)
    if "lines" in mode and float(line.get("width", 2)) > 0:
        keep = np.isfinite(x) & np.isfinite(y) if trace.get("connectgaps") else np.ones(n, bool)
        steps = stepped(x[keep], y[keep], line.get("shape", "linear"))
        style = {"color": colour(_tint(trace), opacity), "linewidth": float(line.get("width", 2)) * POINT,
                 "linestyle": dashes(line.get("dash"))}
        ax.plot(*steps, zorder=zorder, solid_capstyle="butt", **style)
        handle = Line2D([], [], **style) if not trace.get("fill") else handle
    _errors(ax, trace, x, y, zorder)
    if "markers" in mode:
        symbol = marker.get("symbol", "circle")
        one = symbol if isinstance(symbol, str) else "circle"
        _symbols(drawing, ax, trace, x, y, zorder, one)
        size = marker.get("size", 6)
        single = float(size) if isinstance(size, (int, float)) else 6.0
        shown = _face(trace, one)
        dots = Line2D([], [], marker=_SYMBOLS.get(one.removesuffix("-open"), "o"), markersize=max(3.0, single * POINT),
                      linestyle=handle.get_linestyle() if "lines" in mode else "none", color=colour(_tint(trace)),
                      linewidth=float(line.get("width", 2)) * POINT, **shown)
        handle = dots
    if "text" in mode:
        _texts(ax, trace, x, y, zorder)
    drawing.last[trace.get("yaxis", "y")] = (x, y)
    drawing.enter(trace, handle)


def _face(trace: dict[str, Any], symbol: str) -> dict[str, Any]:
    """Return face and edge of the symbol in the legend."""
    given = _marker(trace).get("color")
    tint = given if isinstance(given, str) else _tint(trace)
    empty = symbol.endswith("-open")
    return {"markerfacecolor": "none" if empty else colour(tint), "markeredgecolor": colour(tint),
            "markeredgewidth": 0.8 if empty else 0.0}


def _symbols(drawing: Drawing, ax: Axes, trace: dict[str, Any], x: NDArray[Any], y: NDArray[Any], zorder: float,
             symbol: str) -> None:
    """Draw the points: one size and colour, or one of each point's own."""
    marker = _marker(trace)
    size = marker.get("size", 6)
    size = float(size) if isinstance(size, (int, float)) else numbers(size)[: len(x)]
    opacity = float(marker.get("opacity", 1.0)) * float(trace.get("opacity", 1.0))
    empty, shape = symbol.endswith("-open"), _SYMBOLS.get(symbol.removesuffix("-open"), "o")
    edge = marker.get("line") or {}
    options: dict[str, Any] = {"s": (np.asarray(size) * POINT) ** 2, "marker": shape, "zorder": zorder,
                               "linewidths": 0.8 if empty or shape in "|_+x" else float(edge.get("width", 0)) * POINT,
                               "rasterized": len(x) > CLOUD}
    given = marker.get("color")
    if given is None or isinstance(given, str):
        tint = colour(given or _tint(trace), opacity)
        ax.scatter(x, y, facecolors="none" if empty else tint,
                   edgecolors=tint if empty else colour(edge.get("color", given), opacity), **options)
        return
    listed = values(given)
    if listed and isinstance(listed[0], str):
        tints = [colour(one, opacity) for one in listed]
        ax.scatter(x, y, facecolors="none" if empty else tints, edgecolors=tints, **options)
        return
    shade = numbers(listed)[: len(x)]
    low, high = _limits(marker, "c", shade)
    made = ax.scatter(x, y, c=shade, cmap=_scale(marker), vmin=low, vmax=high, alpha=opacity, **options)
    _bar_of_colours(drawing, ax, marker, made)


def _limits(given: dict[str, Any], letter: str, shade: NDArray[Any]) -> tuple[float, float]:
    finite = shade[np.isfinite(shade)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if given.get(f"{letter}mid") is not None:
        middle = float(given[f"{letter}mid"])
        reach = max(abs(low - middle), abs(high - middle))
        low, high = middle - reach, middle + reach
    return float(given.get(f"{letter}min", low)), float(given.get(f"{letter}max", high))


def _scale(given: dict[str, Any]) -> Any:
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap
    from plotly.colors import get_colorscale

    steps = given.get("colorscale") or "Viridis"
    if isinstance(steps, str):
        steps = get_colorscale(steps)
    listed = [(float(place), colour(tint)) for place, tint in steps]
    made = LinearSegmentedColormap.from_list("given", listed) if len(listed) > 1 else colormaps["viridis"]
    return made.reversed() if given.get("reversescale") else made


def _bar_of_colours(drawing: Drawing, ax: Axes, given: dict[str, Any], made: Any) -> None:
    told = given.get("colorbar")
    if told is None or given.get("showscale") is False:
        return
    title = told.get("title") or ""
    across = told.get("orientation") == "h"
    bar = drawing.figure.colorbar(made, ax=ax, shrink=0.8, pad=0.02, aspect=40 if across else 30,
                                  location="bottom" if across else "right")
    bar.set_label(plain(title.get("text", "") if isinstance(title, dict) else title))
    bar.solids.set_alpha(1.0)  # type: ignore[union-attr]
    bar.outline.set_visible(False)  # type: ignore[operator]
    if told.get("tickvals") is not None and told.get("ticktext") is not None:
        bar.set_ticks(numbers(told["tickvals"]).tolist(), labels=[plain(one) for one in values(told["ticktext"])])


def _fill(drawing: Drawing, trace: dict[str, Any], x: NDArray[Any], y: NDArray[Any], zorder: float) -> Any:
    from matplotlib.patches import Patch

    ax = drawing.axes[trace.get("yaxis", "y")]
    shape = (trace.get("line") or {}).get("shape", "linear")
    tint = colour(trace["fillcolor"]) if trace.get("fillcolor") else colour(_tint(trace), 0.5)
    options: dict[str, Any] = {"facecolor": tint, "linewidth": 0, "zorder": zorder}
    if trace["fill"] == "toself":
        for piece in np.split(np.arange(len(x)), np.flatnonzero(~np.isfinite(x + y))):
            piece = piece[np.isfinite(x[piece] + y[piece])]
            ax.fill(x[piece], y[piece], **options)
    elif trace["fill"] == "tonexty" and trace.get("yaxis", "y") in drawing.last:
        old_x, old_y = drawing.last[trace.get("yaxis", "y")]
        a, b = stepped(x, y, shape), stepped(old_x, old_y, shape)
        ax.fill(np.concatenate([a[0], b[0][::-1]]), np.concatenate([a[1], b[1][::-1]]), **options)
    elif trace["fill"] == "tozerox":
        ax.fill_betweenx(y, 0, x, **options)
    else:
        ax.fill_between(*stepped(x, y, shape), 0, **options)
    return Patch(facecolor=tint, linewidth=0)


def _errors(ax: Axes, trace: dict[str, Any], x: NDArray[Any], y: NDArray[Any], zorder: float) -> None:
    found = {}
    for name in ("error_x", "error_y"):
        given = trace.get(name) or {}
        if given.get("visible", True) and given.get("array") is not None:
            up = numbers(given["array"])[: len(x)]
            down = numbers(given["arrayminus"])[: len(x)] if given.get("arrayminus") is not None else up
            found[f"{name[-1]}err"] = np.nan_to_num(np.maximum(np.array([down, up]), 0.0))
    if not found:
        return
    given = trace.get("error_y") or trace.get("error_x") or {}
    ax.errorbar(x, y, **found, fmt="none", ecolor=colour(given.get("color") or _tint(trace)), zorder=zorder,
                elinewidth=float(given.get("thickness", 1.5)) * POINT, capsize=float(given.get("width", 2)) * POINT / 2)


def _texts(ax: Axes, trace: dict[str, Any], x: NDArray[Any], y: NDArray[Any], zorder: float) -> None:
    given = trace.get("text", "")
    texts = [given] * len(x) if isinstance(given, str) else values(given)
    place = str(trace.get("textposition", "middle center"))
    down = -1 if "bottom" in place else 1 if "top" in place else 0
    side = -1 if "left" in place else 1 if "right" in place else 0
    for a, b, words in zip(x, y, texts, strict=False):
        if np.isfinite(a + b) and words:
            ax.annotate(plain(words), (a, b), (3 * side, 3 * down), textcoords="offset points", zorder=zorder,
                        fontsize=FONT, va={-1: "top", 0: "center", 1: "bottom"}[down],
                        ha={-1: "right", 0: "center", 1: "left"}[side], color=_font_colour(trace.get("textfont")))


def _font_colour(font: Any) -> Any:
    given = (font or {}).get("color")
    return colour(given) if isinstance(given, str) else INK


def _bar(drawing: Drawing, trace: dict[str, Any], zorder: float) -> None:
    from matplotlib.patches import Patch

    ax, along, up = drawing.of(trace)
    lying = trace.get("orientation") == "h"
    place, length = (up.place(trace.get("y")), along.place(trace.get("x"))) if lying else (
        along.place(trace.get("x")), up.place(trace.get("y")))
    base_axis = up if lying else along
    width, shift = _bar_width(drawing, trace, base_axis, place)
    start = _bar_start(drawing, trace, place, length, along if lying else up)
    marker = _marker(trace)
    given, opacity = marker.get("color", "#0072b2"), float(marker.get("opacity", trace.get("opacity", 1.0)))
    tint: Any = colour(given, opacity) if isinstance(given, str) else [colour(one, opacity) for one in values(given)]
    edge = marker.get("line") or {}
    options: dict[str, Any] = {"color": tint, "edgecolor": colour(edge["color"]) if edge.get("color") else "none",
               "linewidth": float(edge.get("width", 0)) * POINT, "zorder": zorder}
    if lying:
        ax.barh(place + shift, np.nan_to_num(length), height=width, left=start, **options)
        _errors(ax, trace, start + length, place + shift, zorder + 0.005)
    else:
        ax.bar(place + shift, np.nan_to_num(length), width=width, bottom=start, **options)
        _errors(ax, trace, place + shift, start + length, zorder + 0.005)
    _bar_texts(ax, trace, place + shift, start + np.nan_to_num(length), lying, zorder)
    handle = Patch(facecolor=tint if isinstance(given, str) else tint[0] if tint else INK, linewidth=0)
    drawing.enter(trace, handle)


def _bar_width(drawing: Drawing, trace: dict[str, Any], axis: Axis, place: NDArray[Any]) -> tuple[Any, float]:
    """Return how wide bars are, and how far they are moved to stand beside those of other traces."""
    gap = float(drawing.layout.get("bargap", 0.2))
    given = trace.get("width")
    if given is not None:
        wide = axis.length(float(given)) if isinstance(given, (int, float)) else (
            numbers(given) / (86_400_000.0 if axis.kind == "date" else 1.0))
        return wide, 0.0
    apart = np.diff(np.unique(place[np.isfinite(place)]))
    unit = 1.0 if axis.kind == "category" or not len(apart) else float(apart.min())
    room = unit * (1.0 - gap)
    beside = [other for other in drawing.traces
              if other.get("type") == "bar" and other.get("yaxis", "y") == trace.get("yaxis", "y")]
    if drawing.layout.get("barmode", "group") != "group" or len(beside) < 2:
        return room, 0.0
    k = next(i for i, other in enumerate(beside) if other is trace)
    return room / len(beside), room * ((k + 0.5) / len(beside) - 0.5)


def _bar_start(drawing: Drawing, trace: dict[str, Any], place: NDArray[Any], length: NDArray[Any],
               axis: Axis) -> NDArray[Any]:
    """Return where every bar begins: at its base, or on what was stacked before it."""
    if trace.get("base") is not None:
        base = trace["base"]
        return axis.place(base if isinstance(base, (list, dict)) else [base] * len(place))
    floor = np.zeros(len(place))
    if drawing.layout.get("barmode") in ("stack", "relative"):
        for i, (where, one) in enumerate(zip(place.tolist(), np.nan_to_num(length).tolist(), strict=True)):
            key = (trace.get("yaxis", "y"), where, one < 0)
            floor[i] = drawing.piled.get(key, 0.0)
            drawing.piled[key] = floor[i] + one
    return floor


def _bar_texts(ax: Axes, trace: dict[str, Any], place: NDArray[Any], end: NDArray[Any], lying: bool,
               zorder: float) -> None:
    given = trace.get("text")
    if given is None or trace.get("textposition", "auto") == "none":
        return
    texts = [given] * len(place) if isinstance(given, str) else values(given)
    for where, tip, words in zip(place, end, texts, strict=False):
        at, offset = ((tip, where), (3, 0)) if lying else ((where, tip), (0, 2))
        ax.annotate(plain(words), at, offset, textcoords="offset points", zorder=zorder, fontsize=FONT,
                    va="center" if lying else "bottom", ha="left" if lying else "center", annotation_clip=True,
                    color=_font_colour(trace.get("textfont")))


def _box(drawing: Drawing, trace: dict[str, Any], zorder: float) -> None:
    from matplotlib.patches import Patch

    ax, along, up = drawing.of(trace)
    lying = trace.get("orientation") == "h"
    axis, letter = (up, "y") if lying else (along, "x")
    place = axis.place(along_axis(trace, letter))
    quartiles = {name: numbers(trace[name]) for name in ("lowerfence", "q1", "median", "q3", "upperfence")
                 if trace.get(name) is not None}
    groups = [other for other in drawing.traces if other.get("type") == "box"]
    names = list(dict.fromkeys(str(one.get("offsetgroup", one.get("name", ""))) for one in groups))
    grouped = drawing.layout.get("boxmode") == "group" and len(names) > 1
    room = (1.0 - float(drawing.layout.get("boxgap", 0.3))) * _apart(place, axis)
    k, n = (names.index(str(trace.get("offsetgroup", trace.get("name", "")))), len(names)) if grouped else (0, 1)
    width = room / n
    shift = room * ((k + 0.5) / n - 0.5)
    rows = [{"med": quartiles["median"][i], "q1": quartiles["q1"][i], "q3": quartiles["q3"][i],
             "whislo": quartiles.get("lowerfence", quartiles["q1"])[i],
             "whishi": quartiles.get("upperfence", quartiles["q3"])[i], "fliers": []}
            for i in range(min(len(place), len(quartiles["median"])))]
    line = trace.get("line") or {}
    tint = line.get("color") or _marker(trace).get("color") or INK
    filled = colour(trace["fillcolor"]) if trace.get("fillcolor") else colour(tint, 0.45)
    drawn_line = {"color": colour(tint), "linewidth": float(line.get("width", 2)) * POINT}
    keep = [i for i in range(len(rows)) if np.isfinite(place[i]) and np.isfinite(rows[i]["med"])]
    if keep:
        ax.bxp([rows[i] for i in keep], positions=(place + shift)[keep], widths=width * 0.8, patch_artist=True,
               orientation="horizontal" if lying else "vertical", manage_ticks=False, zorder=zorder, showcaps=False,
               boxprops={"facecolor": filled, "edgecolor": colour(tint), "linewidth": drawn_line["linewidth"]},
               whiskerprops=drawn_line, medianprops=drawn_line)
    drawing.enter(trace, Patch(facecolor=filled, edgecolor=colour(tint), linewidth=0.6))


def _apart(place: NDArray[Any], axis: Axis) -> float:
    if axis.kind == "category":
        return 1.0
    steps = np.diff(np.unique(place[np.isfinite(place)]))
    return float(steps.min()) if len(steps) else 1.0


def _heatmap(drawing: Drawing, trace: dict[str, Any], zorder: float) -> None:
    ax, along, up = drawing.of(trace)
    z = numbers(trace["z"])
    if z.ndim != 2:
        return
    x = _edges(along.place(trace.get("x")) if trace.get("x") is not None else np.arange(z.shape[1]), z.shape[1])
    y = _edges(up.place(trace.get("y")) if trace.get("y") is not None else np.arange(z.shape[0]), z.shape[0])
    low, high = _limits(trace, "z", z)
    made = ax.pcolormesh(x, y, np.ma.masked_invalid(z), cmap=_scale(trace), vmin=low, vmax=high, zorder=zorder,
                         rasterized=z.size > CLOUD, linewidth=0)
    _bar_of_colours(drawing, ax, {"colorbar": {}, **trace}, made)


def _edges(place: NDArray[Any], n: int) -> NDArray[Any]:
    """Return the edges of cells whose middles are given (or their edges)."""
    if len(place) == n + 1:
        return place
    if n == 1:
        return np.array([place[0] - 0.5, place[0] + 0.5])
    middle = (place[1:] + place[:-1]) / 2
    return np.concatenate([[2 * place[0] - middle[0]], middle, [2 * place[-1] - middle[-1]]])


TRACES = {"scatter": _scatter, "scattergl": _scatter, "bar": _bar, "box": _box, "heatmap": _heatmap}
"""How each type of trace is drawn; a type that is not here has no printed form."""
