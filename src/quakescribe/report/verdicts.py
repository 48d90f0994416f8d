"""The verdicts of the audit: what is wrong, what to look at, and how all of it was told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from quakescribe.report.panel import Grid, Lead, Panel, Section, Told, nothing
from quakescribe.report.text import count, listed

if TYPE_CHECKING:
    from quakescribe.audit import Audit, Check

WORST_FIRST = ("bad", "watch", "cannot tell", "good")
SECTIONS = {"pick": "Pick", "associate": "Associate", "locate": "Locate", "measure": "Measure",
            "catalogue": "Catalogue"}
HEAD = ("What", "Verdict", "Value [95%]", "Expected", "n", "Why, and what to do")
_ORDER = ("bad", "watch", "good", "cannot tell")  # in a table: what cannot be told is of least use
_TINY = 1e-9  # below it a number is shown as zero
_MOST = 2000  # rows of the list of single stations, days, ...; findings.csv holds all
_NAMED = 6
_TOLD = 5  # findings told in words at the top


def verdicts(audit: Audit, checks: Sequence[Check] | None = None) -> Section:
    """Return the section that opens the page: counts, the worst in words, and one row for every metric.

    Parameters
    ----------
    audit
        What was found.
    checks
        That found it; none = all that there are.
    """
    found, known = audit.findings, known_checks(audit, checks)
    if found.empty:
        return Section("verdicts", "Verdicts", "", [nothing("no-verdicts", "Verdicts", "no check was made", "full")])
    network = found[found["scope"] == "network"]
    titles = {metric.name: metric.title for check in known for metric in check.metrics}
    owner = {metric.name: check.section for check in known for metric in check.metrics}
    panels = []
    for section, title in SECTIONS.items():
        names = [metric.name for check in known if check.section == section for metric in check.metrics]
        if section == "catalogue":
            names += sorted(set(found["metric"]) - set(owner))
        rows = [row for name in names for row in _rows_of(found[found["metric"] == name], titles)]
        if rows:
            rows.sort(key=lambda row: _ORDER.index(row[1]))
            panels.append(_table(section, title, rows))
    single = found[found["scope"] != "network"]
    if len(single):
        panels.append(_single(single, titles))
    counts = tuple((one, int((network["verdict"] == one).sum())) for one in WORST_FIRST)
    return Section("verdicts", "Verdicts", _intro(counts), panels, counts, _leads(found, titles))


def known_checks(audit: Audit, checks: Sequence[Check] | None = None) -> list[Check]:
    """Return the checks that an audit was made with, in their order."""
    from quakescribe.audit import CHECKS

    return [check for check in (CHECKS if checks is None else checks) if check.name in audit.outcomes]


def told(checks: Sequence[Check], section: str) -> tuple[Told, ...]:
    """Return how the checks of a section tell: question, method, references."""
    return tuple(Told(one.question, one.method, one.references) for one in checks if one.section == section)


def in_words(counts: Sequence[tuple[str, int]]) -> str:
    """Return ``31 good, 5 watch, 1 bad, 6 cannot tell``."""
    numbers = dict(counts)
    return ", ".join(f"{count(numbers.get(one, 0))} {one}" for one in ("good", "watch", "bad", "cannot tell"))


def _intro(counts: Sequence[tuple[str, int]]) -> str:
    total = count(sum(n for _, n in counts), "finding")
    return f"{total} about the whole catalogue, without labels: {in_words(counts)}."


def _leads(found: pd.DataFrame, titles: dict[str, str]) -> tuple[Lead, ...]:
    """Return the bad findings in words, those of the network first; then what to look at, as far as there is room."""
    network = found[found["scope"] == "network"]
    out = _told(network[network["verdict"] == "bad"], titles, _TOLD)
    single = found[(found["scope"] != "network") & (found["verdict"] == "bad")]
    out += [Lead("bad", f"{_named(str(metric), titles)}, by {scope}",
                 f"{count(len(rows), str(scope))}: {listed(rows['key'].tolist(), _NAMED)}")
            for (metric, scope), rows in single.groupby(["metric", "scope"], sort=True)]
    return (*out, *_told(network[network["verdict"] == "watch"], titles, max(0, _TOLD - len(out))))


def _told(rows: pd.DataFrame, titles: dict[str, str], room: int) -> list[Lead]:
    """Return findings of one verdict in words; beyond the room only their titles."""
    records = rows.to_dict("records")
    out = [Lead(row["verdict"], _title(row, titles), str(row["why"])) for row in records[:room]]
    rest = [_title(row, titles) for row in records[room:]]
    if rest:
        out.append(Lead(records[0]["verdict"], f"{count(len(rest))} more", listed(rest, _NAMED)))
    return out


def _rows_of(rows: pd.DataFrame, titles: dict[str, str]) -> list[tuple[str, ...]]:
    """Return the rows of one metric: those of the network, then one for all stations, one for all days, and so on."""
    network = rows[rows["scope"] == "network"]
    out = [_row(row, titles) for row in network.to_dict("records")]
    for scope, part in rows[rows["scope"] != "network"].groupby("scope", sort=True):
        marked = {one: part.loc[part["verdict"] == one, "key"].tolist() for one in WORST_FIRST}
        worst = next((one for one in ("bad", "watch", "good") if marked[one]), "cannot tell")
        words = [f"{count(len(keys), str(scope))} {one}" + (f" ({listed(keys, 3)})" if one in ("bad", "watch") else "")
                 for one, keys in marked.items() if keys]
        todo = next((str(one) for one in part["todo"].dropna()), "")
        title = _named(str(part["metric"].iloc[0]), titles)
        out.append((f"{title}, by {scope}", worst, "", "", count(len(part)), _with("; ".join(words) + ".", todo)))
    return out


def _row(row: dict[Any, Any], titles: dict[str, str]) -> tuple[str, ...]:
    interval, unit = (row["low"], row["high"]), _unit(row["unit"])
    digits = decimals(row["value"], *interval)
    value = number(row["value"], digits)
    if all(math.isfinite(one) for one in interval):
        value += f" [{number(interval[0], digits)}, {number(interval[1], digits)}]"
    todo = "" if pd.isna(row["todo"]) else str(row["todo"])
    return (_title(row, titles), str(row["verdict"]), value + (f" {unit}" if unit and value != "-" else ""),
            number(row["expected"], digits), count(row["n"]) if math.isfinite(row["n"]) else "-",
            _with(str(row["why"]), todo))


def _with(why: str, todo: str) -> str:
    """Return the reason, and on a line of its own what to do."""
    return f"{why}\nWhat to do: {todo}" if todo else why


def _title(row: dict[Any, Any], titles: dict[str, str]) -> str:
    title = _named(row["metric"], titles)
    return f"{title} ({row['key']})" if row["key"] else title


def _table(section: str, title: str, rows: list[tuple[str, ...]]) -> Panel:
    counts = [(one, sum(row[1] == one for row in rows)) for one in WORST_FIRST]
    return Panel(f"verdicts-{section}", title, in_words(counts), size="full", folded=True,
                 opened=any(n for one, n in counts if one in ("bad", "watch")),
                 grid=Grid(HEAD, tuple(rows), frozenset({4}), verdict=1))


def _single(single: pd.DataFrame, titles: dict[str, str]) -> Panel:
    order = single["verdict"].map({one: i for i, one in enumerate(_ORDER)})
    ordered = single.assign(order=order).sort_values(["order", "metric", "scope", "key"], kind="stable")
    rows = tuple(_row(row | {"key": f"{row['scope']} {row['key']}"}, titles)
                 for row in ordered.head(_MOST).to_dict("records"))
    scopes = ", ".join(f"{count(n)} by {scope}" for scope, n in single["scope"].value_counts(sort=False).items())
    more = f" The worst {count(_MOST)} are listed; findings.csv holds all." if len(single) > _MOST else ""
    return Panel("verdicts-single", f"All {count(len(single))} findings about single stations, days and the like",
                 f"Worst first: {scopes}.{more}", size="full", folded=True,
                 grid=Grid(HEAD, rows, frozenset({4}), verdict=1))


def decimals(value: float, low: float, high: float) -> int:
    """Return the decimals that an interval allows: two digits of its width; three digits of the value without one."""
    known = math.isfinite(low) and math.isfinite(high) and high > low
    if not known and (not math.isfinite(value) or value == round(value)):
        return 0
    size = high - low if known else abs(value) / 10.0
    return min(6, max(0, 1 - math.floor(math.log10(size))))


def number(value: float, digits: int) -> str:
    """Return the number with thousands separators, or ``-`` where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    if abs(value) < _TINY:
        return "0"
    if round(value, digits) == 0:
        return f"{value:.1g}"
    return f"{value + 0.0:,.{digits}f}"


def _unit(unit: Any) -> str:
    return "" if pd.isna(unit) or unit == "-" else str(unit)


def _named(metric: str, titles: dict[str, str]) -> str:
    return titles.get(metric) or metric.replace("_", " ").capitalize()
