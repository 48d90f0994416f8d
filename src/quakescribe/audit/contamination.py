"""How many events meet a false pair: one that a station has at their time whether it recorded them or not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case
from quakescribe.audit.check import Rows
from quakescribe.audit.pairing import pairs_of
from quakescribe.audit.statistics import judge_surely, poisson_interval, resampled

Array = NDArray[np.float64]

FALSE_WINDOW_S = 3.0
"""How wide the window is in which an event's place and time let a false pair join it (s)."""


def contamination(rows: Rows, case: Case) -> pd.DataFrame:
    """Say how many events meet a false pair at each station: 1 - exp(-rate * 3 s), rate that of its lone pairs.

    Parameters
    ----------
    rows
        Gets `expected_contamination` of the network and of every station.
    case
        What is audited.

    Returns
    -------
    DataFrame
        station_id, false (pairs without event), contamination; empty where nothing can be told.
    """
    rules, picks = case.settings.picks, case.facts.picks
    columns = ["station_id", "false", "contamination"]
    reason = ("There are no picks over a span of time." if picks.empty or not case.hours > 0 else
              "No pick belongs to an event, so that nobody knows which pairs are false." if not picks["event_id"].any()
              else "")
    if reason:
        rows.cannot_tell("expected_contamination", reason)
        return pd.DataFrame(columns=columns).astype({"station_id": "str", "false": float, "contamination": float})
    pairs = pairs_of(picks)
    kind = "pairs" if len(pairs) else "P picks"
    false = pairs.loc[~pairs["associated"], "station_id"] if len(pairs) else picks.loc[
        picks["phase"].eq("P") & picks["event_id"].eq(0), "station_id"]
    names = sorted(set(picks["station_id"]))
    count = false.value_counts().reindex(names).fillna(0).to_numpy(np.float64)
    recorded = _recorded_s(case, names)
    shares = 1.0 - np.exp(-count / recorded * FALSE_WINDOW_S)
    for name, k, length, share in zip(names, count, recorded, shares, strict=True):
        low, high = (1.0 - float(np.exp(-rules.overdispersion * end / length * FALSE_WINDOW_S))
                     for end in poisson_interval(k / rules.overdispersion))
        rows.add("expected_contamination", share,
                 judge_surely(low, high, rules.contamination_good, rules.contamination_bad),
                 f"{k:,.0f} {kind} without event in {length / 86_400:.1f} days: {share:.1%} of the events find one "
                 f"within {FALSE_WINDOW_S:g} s.", scope="station", key=name, low=min(low, share), high=max(high, share),
                 n=float(k))
    value = float(shares.mean())
    low, high = resampled(lambda i: float(shares[i].mean()), np.arange(len(names)), case.rng(643),
                          case.settings.resamples)
    most = names[int(np.argmax(shares))]
    verdict = judge_surely(low, high, rules.contamination_good, rules.contamination_bad)
    rows.add("expected_contamination", value, verdict, f"On the average of {len(names)} stations {value:.1%} of the "
             f"events find false {kind} within {FALSE_WINDOW_S:g} s, most at {most} ({shares.max():.1%}).",
             low=min(low, value), high=max(high, value), n=float(count.sum()))
    return pd.DataFrame({"station_id": names, "false": count, "contamination": shares})


def _recorded_s(case: Case, names: list[str]) -> Array:
    """Return how long each station recorded within the span (s); the whole span where that is not known."""
    span = np.full(len(names), case.hours * 3600.0)
    if case.coverage.empty or case.facts.span is None:
        return span
    start, end = case.facts.span
    low, high = case.coverage["start"], case.coverage["end"]
    length = (high.where(high < end, end) - low.where(low > start, start)).dt.total_seconds().clip(lower=0.0)
    known = length.groupby(case.coverage["station_id"]).sum().reindex(names).to_numpy(np.float64)
    return np.where(known > 60.0, np.minimum(known, span), span)
