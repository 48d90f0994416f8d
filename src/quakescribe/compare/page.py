"""The report of a comparison: verdicts side by side, then figures by stage; tables and figures for print beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import quakescribe
from quakescribe.audit import CHECKS
from quakescribe.audit.check import GOOD, VERDICTS, worst
from quakescribe.compare.side_by_side import METRICS, Comparison
from quakescribe.compare.sides import Side
from quakescribe.report.comparison import panels
from quakescribe.report.notes import NOTES
from quakescribe.report.page import render
from quakescribe.report.panel import Grid, Panel, Section, nothing
from quakescribe.report.publish import publish
from quakescribe.report.text import count, moment, share, stations, stations_in
from quakescribe.report.verdicts import LOOK, ORDER, WORST_FIRST, split, values
from quakescribe.settings.project import Settings

INTROS = {
    "overview": ("Ranking", "Which is better at what, by stated rules, and how surely. No one number decides."),
    "pick": ("Pick", "Onsets: which are shared, and which stations one picker has trouble with."),
    "associate": ("Associate", "How much is in events, and how much of it by chance."),
    "locate": ("Locate", "Where the events are, and how well they are known."),
    "catalogue": ("Catalogue", "Which events are shared, and how the shared ones differ."),
    "measure": ("Measure", "Sizes."),
}


REFERENCES = (
    "Bland, J. M., & Altman, D. G. (1986). Statistical methods for assessing agreement between two methods of clinical "
    "measurement. Lancet 327, 307-310.",
    "Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of "
    "positive counts estimated from survey data. Survey Methodology 24, 193-201.",
    "Künsch, H. R. (1989). The jackknife and the bootstrap for general stationary observations. Annals of Statistics "
    "17, 1217-1241.",
    "Rao, J. N. K., & Wu, C. F. J. (1988). Resampling inference with complex survey data. Journal of the American "
    "Statistical Association 83, 231-241.",
    "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the "
    "American Statistical Association 22, 209-212.",
    "Woodruff, R. S. (1952). Confidence intervals for medians and other position measures. Journal of the American "
    "Statistical Association 47, 635-646.",
)
"""Of the comparison itself; docs/compare.md says what each is used for."""

_DIGITS = "%.6g"
_FEW = 8  # rows that need not be folded
_SAID_IN = ("Verdict", "Interval and expected", "Association rate")  # words of the report's notes that stand here too


def write_comparison(found: Comparison, sides: Sequence[Side], folder: Path, settings: Settings,
                     figures: bool = False) -> Path:
    """Write ``report.html``, the tables (CSV and Parquet) and both sets of verdicts; return the report.

    ``differences.csv`` has what the comparison found, the worst first; ``verdicts.csv`` the audits side by side.

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
    table.to_csv(folder / "verdicts.csv", index=False, float_format=_DIGITS)
    own = worst_first(found.findings)
    own.to_csv(folder / "differences.csv", index=False, float_format=_DIGITS)
    drawn = panels(found.facts, found.tables, settings.report)
    counts = [(one, int((own["verdict"] == one).sum())) for one in WORST_FIRST]
    sections = [Section("verdicts", "Verdicts", "How they differ, and what an audit says of each, without labels.",
                        [_differ(own, counts), *_verdicts(table, sides)])]
    sections += [Section(key, *INTROS.get(key, (key.capitalize(), "")), more) for key, more in _ordered(drawn)]
    if figures:
        publish(sections, folder / "figures")
    span = found.common.span
    head = [("Compared", ", ".join(found.common.names)),
            ("Common span", f"{moment(span[0])} to {moment(span[1])} UTC" if span else "none"),
            ("Version", quakescribe.__version__)]
    checks = [one for side in sides if side.audit for one in side.audit.outcomes]
    return render(folder / "report.html", name=folder.name, kicker="quakescribe comparison", head=head,
                  tiles=_tiles(found), sections=sections,
                  references=[*REFERENCES, *(one for check in CHECKS if check.name in checks
                                             for one in check.references)],
                  notes=[*_NOTES, *(note for note in NOTES if note[0] in _SAID_IN)], warnings=found.common.warnings)


_NOTES = (
    ("First and second", "All differences are the second minus the first. A difference is a fault of one of the two, "
     "never of a named one."),
    ("Without chance", "One list is shifted in time and matched again; what still matches is chance and is taken off."),
)


def worst_first(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings of a comparison, the worst verdicts first, then in the order of METRICS."""
    verdict = {one: k for k, one in enumerate(WORST_FIRST)}
    place = {metric.name: k for k, metric in enumerate(METRICS)}
    return (findings.assign(_worst=findings["verdict"].map(verdict), _place=findings["metric"].map(place))
            .sort_values(["_worst", "_place", "scope", "key"], kind="stable").drop(columns=["_worst", "_place"]))


def _differ(own: pd.DataFrame, counts: Sequence[tuple[str, int]]) -> Panel:
    """Return what the comparison itself found: what to look at, and folded what is good or cannot be told."""
    titles = {metric.name: metric.title for metric in METRICS}
    rows = []
    for row in own.to_dict("records"):
        todo = f"\nWhat to do: {row['todo']}" if row["verdict"] in LOOK else ""
        rows.append((titles[row["metric"]], str(row["verdict"]), stations(str(row["key"])), values(row)[0],
                     stations_in(str(row["why"])) + todo))
    look, rest, summary = split(rows)
    head, widths = ("What", "Verdict", "Of", "Value [95%]", "Why, and what to do"), (20.0, 10.5, 14.0, 16.0, 0.0)
    grid = Grid(head, look or rest, frozenset(), 1, rest if look else (), summary if look else "", widths)
    words = ", ".join(f"{count(n)} {one}" for one, n in counts if n)
    return Panel("verdicts-differences", "How they differ", f"{words}.", size="full", folded=True,
                 opened=bool(look) or len(rest) <= _FEW, grid=grid)


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


_SAID = ("value", "low", "high", "verdict", "why")


def _verdicts(table: pd.DataFrame, sides: Sequence[Side]) -> list[Panel]:
    """Return what is not good with all of them, worst first, and folded what is."""
    names = [side.name for side in sides if side.audit is not None]
    if table.empty:
        return [nothing("verdict-table", "Audits side by side", "none of the catalogues was audited", "full")]
    metrics = {metric.name: metric for check in CHECKS for metric in check.metrics}
    rows: list[tuple[str, ...]] = []
    for one in table.to_dict("records"):
        metric = metrics[one["metric"]]
        title = metric.title + (f" ({stations(str(one['key']))})" if one["key"] else "")
        least = worst([str(one.get(f"{name} verdict")) for name in names])
        rows.append((title, least, *(_cell(one, name, metric.unit) for name in names)))
    rows.sort(key=lambda row: ORDER.index(row[1]))
    counts = "; ".join(f"{name}: " + ", ".join(
        f"{int((table[f'{name} verdict'] == verdict).sum())} {verdict}" for verdict in VERDICTS) for name in names)
    look, rest, _ = split(rows)
    head, widths = ("Metric", "Worst", *names), (28.0, 10.5, *(0.0 for _ in names))
    good = sum(row[1] == GOOD for row in rest)
    words = f"{count(good)} good in all that can tell, {count(len(rest) - good)} that none can tell" if look else ""
    grid = Grid(head, look or rest, frozenset(), 1, rest if look else (), words, widths)
    return [Panel("verdict-table", "Audits side by side", f"{counts}.", size="full", folded=True, opened=bool(look),
                  grid=grid)]


def _cell(row: dict[Any, Any], name: str, unit: str) -> str:
    """Return value, unit and verdict of a side."""
    value, verdict = row.get(f"{name} value"), row.get(f"{name} verdict")
    if not isinstance(verdict, str):
        return "-"
    if not isinstance(value, float) or value != value:
        return verdict
    said = {one: row.get(f"{name} {one}", float("nan")) for one in ("value", "low", "high")}
    shown, _ = values({**said, "expected": float("nan"), "unit": unit, "why": row.get(f"{name} why", "")})
    return f"{shown.partition(' [')[0]}{'' if unit == '-' or ' [' not in shown else ' ' + unit}\n{verdict}"


def _tiles(found: Comparison) -> list[tuple[str, str, str]]:
    out = []
    for row in found.tables["sides"].to_dict("records"):
        well, n, kept = row["well_located"], row["picks"], row["associated"]
        events = "no events" if pd.isna(row["events"]) else "events, which are well located is not told" if \
            pd.isna(well) else f"events, {share(well, row['located'])} well located"
        picks = "no picks" if pd.isna(n) else f"{count(n)} picks, which are in events is not told" if \
            pd.isna(kept) else f"{share(kept, n)} of {count(n)} picks"
        out.append(("-" if pd.isna(row["events"]) else count(row["events"]), str(row["side"]), f"{events}; {picks}"))
    return out
