"""What a check is: a question put to a catalogue, the metrics that answer it, and how each answer is written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from quakescribe.tables import FINDINGS

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

GOOD, WATCH, BAD, CANNOT_TELL = VERDICTS = ("good", "watch", "bad", "cannot tell")
NAN = float("nan")


@dataclass(frozen=True)
class Metric:
    """One number that an audit gives.

    Attributes
    ----------
    name
        In the findings; lower case, words joined by underscores.
    title
        In the report: a few words.
    unit
        Of the value; ``-`` is a number or a share.
    todo
        What to do where it is 'watch' or 'bad': one or two sentences, in the imperative.
    rests_on
        A column, or ``velocity``: where it is among :attr:`quakescribe.audit.case.Case.assumed`, a departure may come
        from the assumption, and 'watch' and 'bad' become 'cannot tell'.
    """

    name: str
    title: str
    unit: str
    todo: str
    rests_on: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a check found: rows of the table FINDINGS, and by name the tables that its figures are drawn from."""

    findings: list[dict[str, Any]]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A question put to a catalogue.

    Attributes
    ----------
    name
        One or two words, joined by hyphens.
    section
        The stage of the report that it belongs to: pick, associate, locate, measure or catalogue.
    question
        One sentence that ends with a question mark.
    method
        How it is answered, with null and interval: two to five sentences.
    references
        Full citations.
    metrics
        All that it may give.
    run
        The function that answers it. It raises nothing: what cannot be told is a finding.
    """

    name: str
    section: str
    question: str
    method: str
    references: tuple[str, ...]
    metrics: tuple[Metric, ...]
    run: Callable[[Case], Outcome]


class Rows:
    """Collects the findings of one check."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._known = {metric.name: metric for metric in metrics}
        self.rows: list[dict[str, Any]] = []

    def add(self, metric: str, value: float, verdict: str, why: str, *, scope: str = "network", key: str = "",
            low: float = NAN, high: float = NAN, expected: float = NAN, n: float = NAN) -> None:
        """Write down one finding; what to do comes from the metric where the verdict is 'watch' or 'bad'."""
        known = self._known[metric]
        self.rows.append({
            "metric": metric, "scope": scope, "key": key, "value": value, "low": low, "high": high,
            "expected": expected, "n": n, "unit": known.unit, "verdict": verdict, "why": why,
            "todo": known.todo if verdict in (WATCH, BAD) else None,
        })

    def cannot_tell(self, metric: str, because: str, *, scope: str = "network", key: str = "", n: float = NAN) -> None:
        """Write down that a metric has no answer, and why."""
        self.add(metric, NAN, CANNOT_TELL, because, scope=scope, key=key, n=n)


def judge(low: float, high: float, good: float, bad: float) -> str:
    """Return the verdict of a value known to lie between low and high.

    Parameters
    ----------
    low, high
        Its interval. Not a number: 'cannot tell'.
    good, bad
        The limits of the two verdicts. With ``good`` above ``bad`` large values are good, otherwise small ones.

    Notes
    -----
    Good: all of the interval is at least as good as ``good``. Bad: all of it is worse than ``bad``. Cannot tell: it
    reaches from worse than bad to good. Watch: everything else.
    """
    if math.isnan(low) or math.isnan(high):
        return CANNOT_TELL
    if good < bad:
        low, high, good, bad = -high, -low, -good, -bad
    if low >= good:
        return GOOD
    if high < bad:
        return BAD
    return CANNOT_TELL if low < bad and high >= good else WATCH


def worst(verdicts: Sequence[str]) -> str:
    """Return the worst of some verdicts; 'cannot tell' only where there is no other."""
    for one in (BAD, WATCH, GOOD):
        if one in verdicts:
            return one
    return CANNOT_TELL


def table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return findings as the table FINDINGS."""
    if not rows:
        return FINDINGS.empty()
    return FINDINGS.make({name: [row[name] for row in rows] for name in rows[0]})
