"""The verdicts of the audit: what is wrong, what to look at, and how all of it was told."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from quakescribe.report.panel import Grid, Lead, Panel, Section, Told, nothing
from quakescribe.report.text import count, listed, stations, stations_in

if TYPE_CHECKING:
    from quakescribe.audit import Audit, Check

WORST_FIRST = ("bad", "watch", "cannot tell", "good")
SECTIONS = {"pick": "Pick", "associate": "Associate", "locate": "Locate", "measure": "Measure",
            "catalogue": "Catalogue"}
HEAD = ("What", "Verdict", "Value [95%]", "Expected", "n", "Why, and what to do")
WIDTHS = (20.0, 10.5, 15.0, 7.5, 6.5, 0.0)
ORDER = ("bad", "watch", "good", "cannot tell")
"""Of the rows of a table: what cannot be told is of least use."""
FIRST = "input"
"""The check whose bad findings come before all others, since these may follow from them."""
MEND_FIRST = "Mend this first: verdicts below may follow from it."
LOOK = ("bad", "watch")
"""Verdicts that are shown unfolded."""

Rows = tuple[tuple[str, ...], ...]
_PERCENT = re.compile(r"([0-9][0-9,]*(?:\.[0-9]+)?) ?%")
_LEVEL = re.compile(r"95 ?%(?=:| interval| confidence)")  # says how sure, not how much
_TINY = 1e-9  # below it a number is shown as zero
_FINEST = 6  # decimals
_MOST = 2000  # rows of the list of single stations, days, ...; findings.csv holds all
_NAMED = 6
_TOLD = 6  # checks, and kinds of single things, told in words at the top
_STATIONS = 3  # single stations told in words


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
            rows.sort(key=lambda row: ORDER.index(row[1]))
            panels.append(_table(section, title, rows))
    single = found[found["scope"] != "network"]
    if len(single):
        panels.append(_single(single, titles))
    counts = tuple((one, int((network["verdict"] == one).sum())) for one in WORST_FIRST)
    return Section("verdicts", "Verdicts", _intro(counts), panels, counts, leads(found, known))


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


def leads(found: pd.DataFrame, checks: Sequence[Check]) -> tuple[Lead, ...]:
    """Return the worst in words: what is bad, of the input first; single stations and days; what is to be watched.

    What a check found with several metrics is one lead, with what it does not name. Watched things come as far as there
    is room.
    """
    titles = {metric.name: metric.title for check in checks for metric in check.metrics}
    ordered = in_order(found, checks)
    network, single = ordered[ordered["scope"] == "network"], ordered[ordered["scope"] != "network"]
    bad = _by_check(network[network["verdict"] == "bad"], titles)
    alone = single[single["verdict"] == "bad"]
    out = [*_most(bad, _TOLD), *_of_stations(alone[alone["scope"] == "station"], titles),
           *_of_scopes(alone[alone["scope"] != "station"], titles)]
    watched = _by_check(network[network["verdict"] == "watch"], titles)
    return (*out, *_most(watched, max(0, _TOLD - len(out))))


def in_order(found: pd.DataFrame, checks: Sequence[Check]) -> pd.DataFrame:
    """Return findings with the column ``check``: the worst verdicts first, of each the input's, then by check."""
    ordered = sorted(checks, key=lambda check: check.name != FIRST)
    owner = {metric.name: check.name for check in ordered for metric in check.metrics}
    place = {name: k for k, name in enumerate(owner)}
    return (found.assign(check=[owner.get(one, one) for one in found["metric"]],
                         worst=found["verdict"].map({one: k for k, one in enumerate(WORST_FIRST)}),
                         place=[place.get(one, len(place)) for one in found["metric"]])
            .sort_values(["worst", "place", "metric", "scope", "key"], kind="stable").drop(columns=["worst", "place"]))


def _by_check(rows: pd.DataFrame, titles: dict[str, str]) -> list[tuple[Lead, list[str]]]:
    """Return a lead for every check, with the titles of what it stands for."""
    out = []
    for check, group in rows.groupby("check", sort=False):
        named, *others = (_title(row, titles) for row in group.to_dict("records"))
        why = str(group["why"].iloc[0])
        if others:
            why += f" And {count(len(others))} more of this check: {listed(others, 3)}."
        if check == FIRST and group["verdict"].iloc[0] == "bad":
            why = f"{MEND_FIRST} {why}"
        out.append((Lead(str(group["verdict"].iloc[0]), named, stations_in(why), _todo(group["todo"])),
                    [named, *others]))
    return out


def _most(told: Sequence[tuple[Lead, list[str]]], room: int) -> list[Lead]:
    """Return leads as far as there is room, and one with the titles of the rest."""
    rest = [title for _, titles in told[room:] for title in titles]
    more = [Lead(told[0][0].verdict, f"{count(len(rest))} more", f"{listed(rest, _NAMED)}.")] if rest else []
    return [*(lead for lead, _ in told[:room]), *more]


def _of_stations(bad: pd.DataFrame, titles: dict[str, str]) -> list[Lead]:
    """Return a lead for each of the stations that are bad in most, and one that names the others."""
    if bad.empty:
        return []
    names = bad.groupby("key", sort=True).size().sort_values(ascending=False, kind="stable").index.tolist()
    out = []
    for name in names[:_STATIONS]:
        rows = bad[bad["key"] == name]
        which = list(dict.fromkeys(_named(str(one), titles) for one in rows["metric"]))
        words = f"{listed(which, _NAMED)}: " if len(which) > 1 else ""
        out.append(Lead("bad", f"Station {stations(str(name))}, {which[0] if not words else f'{len(which)} metrics'}",
                        stations_in(words + str(rows["why"].iloc[0])), _todo(rows["todo"])))
    rest = [stations(str(name)) for name in names[_STATIONS:]]
    if rest:
        out.append(Lead("bad", count(len(rest), "more station"), f"{listed(rest, _NAMED)}."))
    return out


def _of_scopes(bad: pd.DataFrame, titles: dict[str, str]) -> list[Lead]:
    return [Lead("bad", f"{_named(str(metric), titles)}, by {scope}",
                 f"{count(len(rows), str(scope))}: {listed([stations(one) for one in rows['key']], _NAMED)}.",
                 _todo(rows["todo"])) for (metric, scope), rows in bad.groupby(["metric", "scope"], sort=False)]


def _todo(given: Iterable[Any]) -> str:
    return next((str(one) for one in given if not pd.isna(one)), "")


def _rows_of(rows: pd.DataFrame, titles: dict[str, str]) -> list[tuple[str, ...]]:
    """Return the rows of one metric: those of the network, then one for all stations, one for all days, and so on."""
    network = rows[rows["scope"] == "network"]
    out = [_row(row, titles) for row in network.to_dict("records")]
    for scope, part in rows[rows["scope"] != "network"].groupby("scope", sort=True):
        marked = {one: part.loc[part["verdict"] == one, "key"].tolist() for one in WORST_FIRST}
        worst = next((one for one in ("bad", "watch", "good") if marked[one]), "cannot tell")
        words = [f"{count(len(keys), str(scope))} {one}" + (
            f" ({listed([stations(str(key)) for key in keys], 3)})" if one in LOOK else "")
            for one, keys in marked.items() if keys]
        todo = _todo(part["todo"])
        title = _named(str(part["metric"].iloc[0]), titles)
        out.append((f"{title}, by {scope}", worst, "", "", count(len(part)), _with("; ".join(words) + ".", todo)))
    return out


def _row(row: dict[Any, Any], titles: dict[str, str]) -> tuple[str, ...]:
    shown, expected = values(row)
    todo = "" if pd.isna(row["todo"]) else str(row["todo"])
    return (_title(row, titles), str(row["verdict"]), shown, expected,
            count(row["n"]) if math.isfinite(row["n"]) else "-", _with(stations_in(str(row["why"])), todo))


def values(row: dict[Any, Any]) -> tuple[str, str]:
    """Return the value of a finding with interval and unit, and its null: ``0.021 [0.011, 0.044] km``.

    A share is told in per cent as its reason does: a finding of unit ``-`` whose numbers lie between 0 and 1, and whose
    reason names the value with a ``%``.
    """
    value, low, high, null = (float(row[name]) for name in ("value", "low", "high", "expected"))
    known = [one for one in (value, low, high, null) if math.isfinite(one)]
    bounded = math.isfinite(low) and math.isfinite(high)
    if not _unit(row["unit"]) and all(0.0 <= one <= 1.0 for one in known) and _names(str(row["why"]), 100.0 * value):
        digits = _percent_digits(value, low, high)
        ends = f" [{number(100 * low, digits)}, {number(100 * high, digits)}]" if bounded else ""
        return f"{number(100 * value, digits)}%{ends}", _percent(null, value, digits)
    digits, unit = decimals(value, low, high), _unit(row["unit"])
    shown = number(value, digits)
    if bounded:
        shown += f" [{number(low, digits)}, {number(high, digits)}]"
    return shown + (f" {unit}" if unit and shown != "-" else ""), number(null, _digits_of_null(null, value, digits))


def _names(why: str, percent: float) -> bool:
    """Return whether a sentence names a percentage, to the decimals that it has; that of an interval does not count."""
    told = _PERCENT.findall(_LEVEL.sub("", why))
    return any(abs(float(one.replace(",", "")) - percent) <= 0.51 * 10.0 ** -len(one.partition(".")[2]) for one in told)


def _percent_digits(value: float, low: float, high: float) -> int:
    """Return the decimals of a percentage: one digit of the interval's width, but always one below 10%."""
    width = 100.0 * (high - low)
    fine = -math.floor(math.log10(width)) if math.isfinite(width) and width > 0 else 0
    return min(3, max(fine, 1 if value < 0.1 else 0))


def _percent(share: float, value: float, digits: int) -> str:
    """Return a null as a percentage; a tiny one as such, unless the value is as tiny."""
    if not math.isfinite(share):
        return "-"
    if 0 < share < 0.001 and not 0 < value < 0.001:
        return "<0.1%"
    return f"{number(100 * share, _digits_of_null(100 * share, 100 * value, digits))}%"


def _digits_of_null(null: float, value: float, digits: int) -> int:
    """Return the decimals of a null: those of its value, and more until it has two digits and differs from the value.

    One that has fewer digits of its own gets no more: 0.05 and 1 stay as they are.
    """
    if not math.isfinite(null):
        return digits
    shown, apart = round(value, digits), not math.isclose(null, value, rel_tol=1e-6)
    while digits < _FINEST and not math.isclose(round(null, digits), null, rel_tol=1e-9, abs_tol=_TINY) and (
            abs(round(null, digits)) < 10.0 ** (1 - digits) or (apart and round(null, digits) == shown)):
        digits += 1
    return digits


def _with(why: str, todo: str) -> str:
    """Return the reason, and on a line of its own what to do."""
    return f"{why}\nWhat to do: {todo}" if todo else why


def _title(row: dict[Any, Any], titles: dict[str, str]) -> str:
    title = _named(row["metric"], titles)
    return f"{title} ({stations(str(row['key']))})" if row["key"] else title


def split(rows: Sequence[tuple[str, ...]], verdict: int = 1) -> tuple[Rows, Rows, str]:
    """Return the rows to look at, those to fold away, and words for these: ``39 good, 3 cannot tell``."""
    look, rest = (tuple(row for row in rows if (row[verdict] in LOOK) is wanted) for wanted in (True, False))
    counts = [(one, sum(row[verdict] == one for row in rest)) for one in ORDER]
    return look, rest, ", ".join(f"{count(n)} {one}" for one, n in counts if n)


def _table(section: str, title: str, rows: list[tuple[str, ...]]) -> Panel:
    counts = [(one, sum(row[1] == one for row in rows)) for one in WORST_FIRST]
    look, rest, summary = split(rows)
    grid = Grid(HEAD, look, frozenset({4}), 1, rest, summary, WIDTHS) if look else Grid(
        HEAD, rest, frozenset({4}), 1, widths=WIDTHS)
    return Panel(f"verdicts-{section}", title, in_words(counts), size="full", folded=True, opened=bool(look), grid=grid)


def _single(single: pd.DataFrame, titles: dict[str, str]) -> Panel:
    order = single["verdict"].map({one: i for i, one in enumerate(ORDER)})
    ordered = single.assign(order=order).sort_values(["order", "metric", "scope", "key"], kind="stable")
    rows = tuple(_row(row | {"key": f"{row['scope']} {row['key']}"}, titles)
                 for row in ordered.head(_MOST).to_dict("records"))
    scopes = ", ".join(f"{count(n)} by {scope}" for scope, n in single["scope"].value_counts(sort=False).items())
    more = f" The worst {count(_MOST)} are listed; findings.csv holds all." if len(single) > _MOST else ""
    return Panel("verdicts-single", f"All {count(len(single))} findings about single stations, days and the like",
                 f"Worst first: {scopes}.{more}", size="full", folded=True,
                 grid=Grid(HEAD, rows, frozenset({4}), verdict=1, widths=WIDTHS))


def decimals(value: float, low: float, high: float) -> int:
    """Return the decimals that an interval allows: two digits of its width; three digits of the value without one."""
    known = math.isfinite(low) and math.isfinite(high) and high > low
    if not known and (not math.isfinite(value) or value == round(value)):
        return 0
    size = high - low if known else abs(value) / 10.0
    return min(_FINEST, max(0, 1 - math.floor(math.log10(size))))


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
