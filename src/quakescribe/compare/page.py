"""The report of a comparison: verdicts side by side, then figures by stage; tables and figures for print beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import quakescribe
from quakescribe.audit import CHECKS
from quakescribe.audit.check import BAD, GOOD, VERDICTS, WATCH, worst
from quakescribe.compare.side_by_side import Comparison
from quakescribe.compare.sides import Side
from quakescribe.report.comparison import panels
from quakescribe.report.page import render
from quakescribe.report.panel import Grid, Panel, Section, nothing
from quakescribe.report.publish import publish
from quakescribe.report.text import count, moment, share
from quakescribe.report.verdicts import decimals, number
from quakescribe.settings.project import Settings

INTROS = {
    "overview": ("Ranking", "Which is better at what, by stated rules, and how surely. No one number decides."),
    "pick": ("Pick", "Onsets: which are shared, and which stations one picker has trouble with."),
    "associate": ("Associate", "How much is in events, and how much of it by chance."),
    "locate": ("Locate", "Where the events are, and how well they are known."),
    "catalogue": ("Catalogue", "Which events are shared, and how the shared ones differ."),
    "measure": ("Measure", "Sizes."),
}


def write_comparison(found: Comparison, sides: Sequence[Side], folder: Path, settings: Settings,
                     figures: bool = False) -> Path:
    """Write ``report.html``, the tables (CSV and Parquet) and the findings of every side; return the report.

    Parameters
    ----------
    found, sides
        The comparison and what was compared.
    folder
        Is made.
    settings
        Section ``report`` counts.
    figures
        Whether every figure is written for print too, into ``figures``.
    """
    found.write(folder / "tables")
    table = verdict_table(sides)
    table.to_csv(folder / "verdicts.csv", index=False)
    drawn = panels(found.facts, found.tables, settings.report)
    said = _verdicts(table, sides)
    sections = [Section("verdicts", "Verdicts", "What an audit says of each, without labels.", said)]
    sections += [Section(key, *INTROS.get(key, (key.capitalize(), "")), more) for key, more in _ordered(drawn)]
    if figures:
        publish(sections, folder / "figures")
    span = found.common.span
    head = [("Compared", ", ".join(found.common.names)),
            ("Common span", f"{moment(span[0])} to {moment(span[1])} UTC" if span else "none"),
            ("Version", quakescribe.__version__),
            *((f"Note {k + 1}", warning) for k, warning in enumerate(found.common.warnings))]
    checks = [one for side in sides if side.audit for one in side.audit.outcomes]
    return render(folder / "report.html", name=folder.name, kicker="quakescribe comparison", head=head,
                  tiles=_tiles(found), sections=sections,
                  references=[one for check in CHECKS if check.name in checks for one in check.references])


def _ordered(drawn: dict[str, list[Panel]]) -> list[tuple[str, list[Panel]]]:
    """Return the sections in the order of INTROS, unknown ones last."""
    known = [(key, drawn[key]) for key in INTROS if drawn.get(key)]
    return known + [(key, more) for key, more in drawn.items() if key not in INTROS and more]


def verdict_table(sides: Sequence[Side]) -> pd.DataFrame:
    """Return a row per metric of the whole network, with value, interval and verdict of every side."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for side in sides:
        if side.audit is None:
            continue
        network = side.audit.findings[side.audit.findings["scope"] == "network"]
        for metric, key, *said in network[["metric", "key", *_SAID]].itertuples(index=False):
            row = rows.setdefault((metric, key), {"metric": metric, "key": key})
            row |= {f"{side.name} {name}": one for name, one in zip(_SAID, said, strict=True)}
    order = {metric.name: k for k, metric in enumerate(metric for check in CHECKS for metric in check.metrics)}
    return pd.DataFrame([rows[one] for one in sorted(rows, key=lambda one: (order.get(one[0], len(order)), one[1]))])


_SAID = ("value", "low", "high", "verdict")


def _verdicts(table: pd.DataFrame, sides: Sequence[Side]) -> list[Panel]:
    """Return what is not good with all of them, worst first, and folded what is."""
    names = [side.name for side in sides if side.audit is not None]
    if table.empty:
        return [nothing("verdict-table", "Verdicts side by side", "none of the catalogues was audited", "full")]
    metrics = {metric.name: metric for check in CHECKS for metric in check.metrics}
    rows: dict[str, list[tuple[str, ...]]] = {verdict: [] for verdict in VERDICTS}
    for one in table.to_dict("records"):
        metric = metrics[one["metric"]]
        title = metric.title + (f" ({one['key']})" if one["key"] else "")
        least = worst([str(one.get(f"{name} verdict")) for name in names])
        rows[least].append((title, least, *(_cell(one, name, metric.unit) for name in names)))
    counts = "; ".join(f"{name}: " + ", ".join(
        f"{int((table[f'{name} verdict'] == verdict).sum())} {verdict}" for verdict in VERDICTS) for name in names)
    head = ("Metric", "Worst", *names)
    out = []
    told = (*rows[BAD], *rows[WATCH])
    if told:
        out.append(Panel("verdict-table", "Bad or to be watched in one of them", f"{counts}.", size="full",
                         grid=Grid(head, told, verdict=1)))
    if rows[GOOD]:
        out.append(Panel("verdict-good", f"Good in all that can tell ({len(rows[GOOD])} metrics)", "" if told else
                         f"{counts}.", size="full", folded=bool(told), grid=Grid(head, tuple(rows[GOOD]), verdict=1)))
    return out or [nothing("verdict-table", "Verdicts side by side", "no metric can be told of any of them", "full")]


def _cell(row: dict[Any, Any], name: str, unit: str) -> str:
    """Return value, unit and verdict of a side."""
    value, verdict = row.get(f"{name} value"), row.get(f"{name} verdict")
    if not isinstance(verdict, str):
        return "-"
    if not isinstance(value, float) or value != value:
        return verdict
    digits = decimals(value, row.get(f"{name} low", value), row.get(f"{name} high", value))
    return f"{number(value, digits)}{'' if unit == '-' else ' ' + unit}\n{verdict}"


def _tiles(found: Comparison) -> list[tuple[str, str, str]]:
    out = []
    for row in found.tables["sides"].to_dict("records"):
        out.append((count(row["events"]), str(row["side"]),
                    f"events, {share(row['well_located'], row['located'])} well located; "
                    f"{share(row['associated'], row['picks'])} of {count(row['picks'])} picks"))
    return out
