"""When stations came and went: by what they recorded, or by the picks that are missing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from quakescribe.audit.case import Case
from quakescribe.audit.local_time import HOUR_S, Array, EventTimes
from quakescribe.tables.matching import seconds

_TOGETHER_S = 43_200.0  # stations that change within half a day change together
_RARE = 18.0  # mean intervals between picks: a Poisson process has a longer gap once in 66 million


def network_changes(case: Case, times: EventTimes) -> pd.DataFrame:
    """Return when stations came and went, by the coverage, else by picks that are missing while other stations pick.

    Returns
    -------
    pandas.DataFrame
        seconds (after the start of the span), gone, come (stations); changes within half a day are one.
    """
    rules = case.settings.rates
    absence = rules.absence_h * HOUR_S
    stretches = _recorded(case, times, absence) if len(case.coverage) else _picking(case, times, absence)
    found: list[tuple[float, int, str]] = []
    for name, start, end in stretches:
        if start > absence:
            found.append((start, 1, name))
        if end < times.span_s - absence:
            found.append((end, 0, name))
    found.sort()
    rows: list[dict] = []
    for at, come, name in found:
        if not rows or at - rows[-1]["seconds"] > _TOGETHER_S:
            rows.append({"seconds": at, "gone": [], "come": []})
        rows[-1]["come" if come else "gone"].append(name)
    for row in rows:
        row |= {key: ", ".join(sorted(set(row[key]))) for key in ("gone", "come")}
    return pd.DataFrame(rows, columns=["seconds", "gone", "come"])


def _recorded(case: Case, times: EventTimes, absence: float) -> list[tuple[str, float, float]]:
    """Return stretches of every station by the coverage; pauses shorter than the absence are closed."""
    out: list[tuple[str, float, float]] = []
    origin = seconds(pd.Series([times.start]))[0]
    part = case.coverage.sort_values(["station_id", "start"], kind="stable")
    for name, a, b in zip(part["station_id"], seconds(part["start"]) - origin, seconds(part["end"]) - origin,
                          strict=True):
        if out and out[-1][0] == name and a - out[-1][2] < absence:
            out[-1] = (name, out[-1][1], max(out[-1][2], b))
        else:
            out.append((name, float(a), float(b)))
    return out


def _picking(case: Case, times: EventTimes, absence: float) -> list[tuple[str, float, float]]:
    """Return stretches of every station without long pauses between its picks while others pick."""
    picks = case.facts.picks
    if picks.empty:
        return []
    at = seconds(picks["time"]) - seconds(pd.Series([times.start]))[0]
    code, names = pd.factorize(picks["station_id"], sort=True)
    order = np.lexsort((at, code))
    at, code = at[order], code[order]
    alive = _alive(np.sort(at))
    out: list[tuple[str, float, float]] = []
    for k, own in enumerate(np.split(at, np.flatnonzero(np.diff(code)) + 1)):
        edges = np.concatenate([[0.0], own, [max(times.span_s, own[-1])]])
        gap = np.diff(alive(edges))
        mean = (gap.sum() - gap) / len(own)
        long = np.flatnonzero((gap > absence) & (gap > _RARE * mean))
        starts = np.concatenate([[0.0], edges[long + 1]])
        ends = np.concatenate([edges[long], [times.span_s]])
        out += [(str(names[k]), float(a), float(b)) for a, b in zip(starts, ends, strict=True) if b > a]
    return out


def _alive(everyone: Array) -> Callable[[Array], Array]:
    """Return what turns times (s) into time in which the network picked: pauses of all stations are taken out."""
    gap = np.diff(everyone)
    pause = gap > max(_RARE * float(gap.mean()), HOUR_S) if len(gap) else gap > 0
    passed = np.concatenate([[0.0], np.cumsum(np.where(pause, 0.0, gap))])
    return lambda at: np.asarray(np.interp(at, everyone, passed))
