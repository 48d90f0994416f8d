"""What was picked: onsets in time, their signal-to-noise ratios, and S minus P."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.report import style
from quakescribe.report.activity import bin_width_s, binned, time_axis
from quakescribe.report.panel import Panel, nothing
from quakescribe.report.text import count, duration, moment, value
from quakescribe.tables.facts import Facts

NO_PAIRS = "no pair ids are given"
"""Why nothing is said about pairs."""


def picking(facts: Facts) -> list[Panel]:
    """Return picks in time, signal-to-noise ratios, and S minus P times."""
    if facts.picks.empty or facts.span is None:
        return [nothing("picks-time", "Picks in time", "there is no pick")]
    return [_in_time(facts, facts.span), _snr(facts), _s_minus_p(facts)]


def paired(picks: pd.DataFrame) -> bool:
    """Return whether the picks say at all which P and S belong together; those of a stranger's list may not."""
    return bool((picks["pair_id"] > 0).any())


def pairs(picks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per P-S pair: station_id, time and event_id of its P, s_time and s_event of its S."""
    paired = picks[picks["pair_id"] > 0]
    p = paired[paired["phase"] == "P"].set_index("pair_id")[["station_id", "time", "event_id"]]
    s = paired[paired["phase"] == "S"].drop_duplicates("pair_id").set_index("pair_id")[["time", "event_id"]]
    return p.join(s.rename(columns={"time": "s_time", "event_id": "s_event"}), how="inner")


def by_fate(
    values: NDArray[Any], kept: NDArray[np.bool_], edges: NDArray[np.float64], unit: str, percent: bool = False
) -> tuple[list[dict[str, Any]], str]:
    """Return the histograms of what was associated and what was not as lines, and a sentence with their medians."""
    traces, words = [], []
    middle = (edges[1:] + edges[:-1]) / 2
    for name, mask, tint, dash in (("Associated", kept, "P", "solid"), ("Not associated", ~kept, "muted", "4px,3px")):
        if not mask.any():
            continue
        found = np.histogram(np.clip(values[mask], edges[0], edges[-1]), bins=edges)[0]
        shown = 100.0 * found / found.sum() if percent else found
        line = {"shape": "hvh", "width": 2, "color": style.colour(tint), "dash": dash}
        hover = f"%{{x:.3~g}} {unit}: %{{y:.3~g}}{'%' if percent else ''}<extra>{name.lower()}</extra>"
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": middle,
                "y": shown,
                "line": line,
                "hovertemplate": hover,
            }
        )
        words.append(f"{name.lower()} {value(float(np.median(values[mask])), 1, unit)}")
    return traces, f"Medians: {', '.join(words)}."


def _in_time(facts: Facts, span: tuple[pd.Timestamp, pd.Timestamp]) -> Panel:
    width = bin_width_s(span)
    traces, total = [], np.zeros(0)
    for phase, dash in (("P", "solid"), ("S", "2px,2px")):
        middle, found = binned(facts.picks.loc[facts.picks["phase"] == phase, "time"], span, width)
        total = found + total if total.size else found
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": phase,
                "x": middle,
                "y": found * 3600.0 / width,
                "line": {"shape": "hvh", "width": 1.8, "color": style.colour(phase), "dash": dash},
                "hovertemplate": "%{x|%Y-%m-%d %H:%M}<br>%{y:.0f} per hour<extra>" + phase + "</extra>",
            }
        )
    arranged = style.layout(time_axis(facts), style.axis("Picks per hour", rangemode="tozero"))
    busiest = int(total.argmax())
    start = pd.Timestamp(middle[busiest] - width * 500.0, unit="ms", tz="UTC")
    p, s = (int((facts.picks["phase"] == phase).sum()) for phase in ("P", "S"))
    of_pairs = f", of which {count(len(pairs(facts.picks)), 'P–S pair')}" if paired(facts.picks) else f" ({NO_PAIRS})"
    caption = (
        f"{count(p, 'P pick')} and {count(s, 'S pick')}{of_pairs}, in bins of {duration(width)}. The fullest holds "
        f"{count(total[busiest])} (from {moment(start)[:16]} UTC), the median {count(float(np.median(total)))}."
    )
    return Panel("picks-time", "Picks in time", caption, style.figure(traces, arranged), size="third", aspect=0.6)


def _snr(facts: Facts) -> Panel:
    title = "Signal to noise"
    known = facts.picks[facts.picks["snr"] > 0]
    if known.empty:
        return nothing("picks-snr", title, "no pick carries a signal-to-noise ratio", size="third")
    log = np.log10(known["snr"].to_numpy(dtype=np.float64))
    top = max(float(np.quantile(log, 0.995)), float(log.min()) + 0.1)
    edges = np.linspace(np.floor(log.min() * 10) / 10, top, 41)
    kept = (known["event_id"] > 0).to_numpy()
    traces, _ = by_fate(log, kept, edges, "", percent=True)
    for trace in traces:
        trace["x"] = 10 ** trace["x"]
    medians = ", ".join(
        f"{name} {value(float(known.loc[mask, 'snr'].median()), 1)}"
        for name, mask in (("associated", kept), ("not associated", ~kept))
        if mask.any()
    )
    arranged = style.layout(
        style.axis("Signal-to-noise ratio", type="log", dtick=1),
        style.axis("Share of the picks (%)", rangemode="tozero"),
    )
    caption = f"Medians: {medians}. Each curve adds up to 100%; its ends hold what lies beyond."
    return Panel("picks-snr", title, caption, style.figure(traces, arranged), size="third", aspect=0.6)


def _s_minus_p(facts: Facts) -> Panel:
    title = "S minus P"
    both = pairs(facts.picks)
    if both.empty:
        because = "there is no P–S pair" if paired(facts.picks) else NO_PAIRS
        return nothing("s-minus-p", title, because, size="third")
    apart = (both["s_time"] - both["time"]).dt.total_seconds().to_numpy(dtype=np.float64)
    edges = np.linspace(0.0, max(float(np.quantile(apart, 0.995)), 0.1), 61)
    traces, medians = by_fate(apart, (both["event_id"] > 0).to_numpy(), edges, "s")
    arranged = style.layout(style.axis("S − P time (s)"), style.axis("Number of pairs", rangemode="tozero"))
    caption = f"{medians} The last bin holds what lies beyond."
    return Panel("s-minus-p", title, caption, style.figure(traces, arranged), size="third", aspect=0.6)
