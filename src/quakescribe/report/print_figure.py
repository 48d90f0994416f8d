"""One figure of the report drawn by Matplotlib, for print: the same traces, axes, shapes and words as on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from quakescribe.report.coordinates import Axis, colour, plain, values
from quakescribe.report.print_traces import FONT, INK, POINT, TRACES, Drawing, along_axis, dashes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DECADES = 50.0  # a logarithmic axis that spans less has ticks at 1, 2 and 5
_RC: dict[Any, Any] = {
    "font.family": "sans-serif", "font.sans-serif": ["Arial", "Liberation Sans", "Helvetica", "DejaVu Sans"],
    "font.size": FONT, "axes.labelsize": FONT, "xtick.labelsize": FONT, "ytick.labelsize": FONT,
    "legend.fontsize": FONT, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.major.size": 3.0, "ytick.major.size": 3.0, "xtick.minor.size": 1.5, "ytick.minor.size": 1.5,
    "axes.edgecolor": INK, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "hatch.linewidth": 0.5,
}  # fmt: skip
SAVED: dict[Any, Any] = {"pdf.fonttype": 42, "svg.hashsalt": "quakescribe", "savefig.dpi": 300}


def drawn(tree: dict[str, Any], width_mm: float, height_mm: float) -> Figure:
    """Return a figure of plotly's JSON as a Matplotlib figure.

    Parameters
    ----------
    tree
        ``data`` and ``layout``. Traces: scatter, scattergl, bar, box with given quartiles, heatmap. Axes: xaxis, yaxis,
        and any that lie over yaxis. Shapes: line, rect.
    width_mm, height_mm
        Of the paper; a legend of several rows adds to the height.

    Raises
    ------
    ValueError
        When there is a trace or a shape that has no printed form here.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with rc_context(_RC):
        figure = Figure(figsize=(width_mm / 25.4, height_mm / 25.4),
                        layout=ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03))
        drawing = _prepared(figure, tree)
        for order, trace in enumerate(tree["data"]):
            kind = trace.get("type", "scatter")
            if kind not in TRACES:
                raise ValueError(f"a trace of type '{kind}' has no printed form")
            if trace.get("visible", True) is True:
                TRACES[kind](drawing, trace, 2.0 + 0.01 * order)
        for shape in tree["layout"].get("shapes", []):
            _shape(drawing, shape)
        for name in drawing.axes:
            _finish(drawing, name)
        for words in tree["layout"].get("annotations", []):
            _annotation(drawing, words)
        _legend(drawing, tree, width_mm)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    return figure


def _prepared(figure: Figure, tree: dict[str, Any]) -> Drawing:
    """Make the axes: one, and one more for every axis that lies over it."""
    layout, traces = tree["layout"], tree["data"]
    first = figure.add_subplot()
    scale, axes = {}, {"y": first}
    for letter in ("x", "y"):
        names = {letter, *(trace.get(f"{letter}axis", letter) for trace in traces)}
        for name in sorted(names):
            options = layout.get(f"{letter}axis{name[1:]}", {})
            mine = [trace for trace in traces if trace.get(f"{letter}axis", letter) == name]
            scale[name] = Axis.of(options, (one for trace in mine for one in along_axis(trace, letter)))
            if letter == "y" and name != "y":
                axes[name] = first.twinx()
    over = layout.get("yaxis", {}).get("overlaying")
    if over in axes and len(axes) > 1:
        first.set_zorder(axes[over].get_zorder() + 1)
        first.patch.set_visible(False)
    drawing = Drawing(figure, layout, traces, axes, scale)
    for name, ax in axes.items():
        if scale["x"].kind == "log":
            ax.set_xscale("log")
        if scale[name].kind == "log":
            ax.set_yscale("log")
    return drawing


def _finish(drawing: Drawing, name: str) -> None:
    """Give an axis its range, ticks, grid and title as on the page."""
    ax, y = drawing.axes[name], drawing.scale[name]
    over = y.options.get("overlaying")
    if name == "y":
        _axis(ax, drawing.scale["x"], "x")
    _axis(ax, y, "y")
    right = y.options.get("side") == "right" or (name != "y" and y.options.get("side") != "left")
    ax.yaxis.set_label_position("right" if right else "left")
    ax.yaxis.set_ticks_position("right" if right else "left")
    ax.spines["right"].set_visible(right)
    ax.spines["left"].set_visible(not right)
    if y.options.get("scaleanchor") and not over:
        ax.set_aspect(float(y.options.get("scaleratio", 1.0)), adjustable="box")


def _axis(ax: Axes, axis: Axis, letter: str) -> None:
    options, of = axis.options, getattr(ax, f"{letter}axis")
    title = options.get("title") or {}
    of.set_label_text(plain(title.get("text") or "" if isinstance(title, dict) else title))
    if options.get("showgrid", True):
        of.grid(True, color=colour(options.get("gridcolor", "#e4e8ed")), linewidth=0.5, zorder=0)
    if options.get("zeroline") and axis.kind == "linear":
        line: dict[str, Any] = {"color": colour(options.get("zerolinecolor", "#566273")), "linewidth": 0.6, "zorder": 1}
        (ax.axvline if letter == "x" else ax.axhline)(0.0, **line)
    _range(ax, axis, letter)
    _ticks(of, axis, ax)
    if options.get("showticklabels") is False or options.get("visible") is False:
        of.set_tick_params(labelleft=False, labelbottom=False, labelright=False)
    if options.get("ticks") == "":
        of.set_tick_params(length=0)


def _range(ax: Axes, axis: Axis, letter: str) -> None:
    """Set the limits: those given, else those of the data, with zero where it belongs to them."""
    get, put = getattr(ax, f"get_{letter}lim"), getattr(ax, f"set_{letter}lim")
    options, given = axis.options, axis.options.get("range")
    low, high = get()
    turned = options.get("autorange") in ("reversed", "min reversed", "max reversed")
    if axis.kind == "category":
        low, high = -0.5, max(len(axis.names), 1) - 0.5
    elif options.get("rangemode") == "tozero" and axis.kind == "linear":
        smallest, largest = getattr(ax.dataLim, f"interval{letter}")
        low, high = (0.0 if smallest >= 0 else low), (0.0 if largest <= 0 else high)
    if given is not None and len(given) == 2:
        ends = [None if one is None else axis.end(one) for one in given]
        low, high = (low if ends[0] is None else ends[0]), (high if ends[1] is None else ends[1])
    if low != high and np.isfinite(low + high):
        put(high, low) if turned and low < high else put(low, high)


def _ticks(of: Any, axis: Axis, ax: Axes) -> None:
    from matplotlib import dates, ticker

    options = axis.options
    if options.get("tickvals") is not None:
        at = axis.place(options["tickvals"])
        texts = options.get("ticktext")
        of.set_ticks(at, labels=None if texts is None else [plain(one) for one in values(texts)])
        of.set_minor_locator(ticker.NullLocator())
    elif axis.kind == "category":
        of.set_ticks(range(len(axis.names)), labels=[plain(one) for one in axis.names])
    elif axis.kind == "date":
        found = dates.AutoDateLocator(minticks=3, maxticks=7)  # with six, spans of 2.6 days have no interval
        of.set_major_locator(found)
        of.set_major_formatter(dates.ConciseDateFormatter(found))
    elif axis.kind == "log":
        low, high = sorted(of.get_view_interval())
        wide = high / low > _DECADES if low > 0 else True
        of.set_major_locator(ticker.LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        of.set_major_formatter(ticker.LogFormatterMathtext() if wide else ticker.StrMethodFormatter("{x:g}"))
        of.set_minor_formatter(ticker.NullFormatter())
    else:
        _linear_ticks(of, options, ticker)
    if axis.kind == "category":
        _fit(of, axis, ax)


def _linear_ticks(of: Any, options: dict[str, Any], ticker: Any) -> None:
    low, high = sorted(of.get_view_interval())
    step = options.get("dtick")
    if isinstance(step, (int, float)) and step > 0 and 2 <= (high - low) / step <= 9:
        of.set_major_locator(ticker.MultipleLocator(float(step)))
    else:
        of.set_major_locator(ticker.MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3))
    form, suffix = str(options.get("tickformat") or ""), str(options.get("ticksuffix") or "")
    if form.endswith("%"):
        of.set_major_formatter(ticker.PercentFormatter(1.0, decimals=0 if form == ".0%" else None))
    elif suffix:
        of.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}{suffix}"))
    elif high >= 10_000 and low > -1e-6:
        of.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))


def _fit(of: Any, axis: Axis, ax: Axes) -> None:
    """Make the names of categories as small as they must be, turn them where they lie side by side, leave some out."""
    figure = ax.get_figure(root=True)
    if figure is None or not axis.names:
        return
    width, height = (72.0 * one for one in figure.get_size_inches())
    longest = max(len(one) for one in axis.names)
    if of.axis_name == "y":
        of.set_tick_params(labelsize=float(np.clip(0.8 * 0.85 * height / len(axis.names), 4.0, FONT)))
    elif longest * len(axis.names) * 0.55 * FONT > 0.85 * width:
        of.set_tick_params(labelrotation=90, labelsize=float(np.clip(0.8 * width / len(axis.names), 4.0, FONT)))


def _place(drawing: Drawing, of: dict[str, Any], letter: str, given: Any, log_power: bool) -> tuple[float, str]:
    """Return a place and what it is measured in: data, or the share of the axes."""
    reference = str(of.get(f"{letter}ref", letter))
    if reference == "paper" or reference.endswith("domain"):
        return float(given), "axes"
    axis = drawing.scale.get(reference.split()[0], drawing.scale[letter])
    if axis.kind == "log" and log_power:
        return axis.end(given), "data"
    return float(axis.place([given])[0]), "data"


def _shape(drawing: Drawing, shape: dict[str, Any]) -> None:
    """Draw a line or a rectangle, each end in data or in shares of the axes."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import blended_transform_factory

    kind = shape.get("type", "rect")
    if kind not in ("line", "rect"):
        raise ValueError(f"a shape of type '{kind}' has no printed form")
    ax = drawing.axes.get(str(shape.get("yref", "y")).split()[0], drawing.axes["y"])
    (x0, across), (x1, _) = (_place(drawing, shape, "x", shape[name], False) for name in ("x0", "x1"))
    (y0, up), (y1, _) = (_place(drawing, shape, "y", shape[name], False) for name in ("y0", "y1"))
    way = blended_transform_factory(*(ax.transAxes if one == "axes" else ax.transData for one in (across, up)))
    line, opacity = shape.get("line") or {}, float(shape.get("opacity", 1.0))
    edge = {"color": colour(line.get("color"), opacity), "linewidth": float(line.get("width", 2)) * POINT,
            "linestyle": dashes(line.get("dash"))}
    zorder = 1.5 if shape.get("layer") == "below" else 4.0
    if kind == "line":
        ax.add_artist(Line2D([x0, x1], [y0, y1], transform=way, zorder=zorder, **edge))
        return
    face = colour(shape["fillcolor"], opacity) if shape.get("fillcolor") else "none"
    ax.add_artist(Rectangle((min(x0, x1), min(y0, y1)), abs(x1 - x0), abs(y1 - y0), transform=way, zorder=zorder,
                            facecolor=face, edgecolor=edge["color"] if edge["linewidth"] and line else "none",
                            linewidth=edge["linewidth"], linestyle=edge["linestyle"]))


def _annotation(drawing: Drawing, words: dict[str, Any]) -> None:
    """Write a text, with an arrow where there is one."""
    if words.get("visible") is False:
        return
    ax = drawing.axes.get(str(words.get("yref", "y")).split()[0], drawing.axes["y"])
    (x, across), (y, up) = (_place(drawing, words, letter, words[letter], True) for letter in "xy")
    arrow = words.get("showarrow", True)
    shift = (float(words.get("ax", -10)), -float(words.get("ay", -30))) if arrow else (
        float(words.get("xshift", 0)), float(words.get("yshift", 0)))
    centred = "center"
    ha = {"left": "left", "right": "right"}.get(str(words.get("xanchor", "auto")), centred)
    va = {"top": "top", "bottom": "bottom"}.get(str(words.get("yanchor", "auto")), centred)
    if across == "axes" and words.get("xanchor", "auto") == "auto" and not arrow:
        ha = "left" if x < 1 / 3 else "right" if x > 2 / 3 else centred
    if up == "axes" and words.get("yanchor", "auto") == "auto" and not arrow:
        va = "bottom" if y < 1 / 3 else "top" if y > 2 / 3 else centred
    font = words.get("font") or {}
    ax.annotate(plain(words.get("text", "")), (x, y), (shift[0] * POINT, shift[1] * POINT), zorder=6,
                xycoords=(_measured(across), _measured(up)),
                textcoords="offset points", ha=ha, va=va, fontsize=FONT, annotation_clip=False,
                color=colour(font["color"]) if font.get("color") else INK,
                rotation=-float(words.get("textangle", 0)),
                arrowprops={"arrowstyle": "-|>", "linewidth": 0.6, "color": INK} if arrow else None)


def _measured(of: str) -> str:
    return "axes fraction" if of == "axes" else "data"


def _legend(drawing: Drawing, tree: dict[str, Any], width_mm: float) -> None:
    """Put the legend above the axes, in as many columns as the paper bears; further rows make the figure higher."""
    shown = tree["layout"].get("showlegend")
    named = [trace for trace in tree["data"] if trace.get("type") != "heatmap"]
    if shown is False or not drawing.entries or (shown is None and len(named) < 2):
        return
    entries = sorted(drawing.entries, key=lambda entry: entry[0])
    widest = max(len(text) for _, _, text in entries) * 0.5 * FONT + 3.2 * FONT
    columns = max(1, min(len(entries), int(width_mm / 25.4 * 72 * 0.95 / widest)))
    rows = -(-len(entries) // columns)
    figure = drawing.figure
    figure.set_size_inches(figure.get_figwidth(), figure.get_figheight() + (rows - 1) * 1.5 * FONT / 72.0)
    figure.legend([handle for _, handle, _ in entries], [text for _, _, text in entries], ncols=columns,
                  loc="outside upper left", frameon=False, handlelength=1.6, columnspacing=1.2, handletextpad=0.5,
                  borderaxespad=0.2)
