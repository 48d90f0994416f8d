"""Make docs/audit_measured.md: what the audit finds, what it calls wrongly, and what its metrics are worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from records import ROOT

from audits.faults import FAULTS
from audits.spread import TABLES

FIGURES = ROOT / "docs" / "figures"
HEAD = """# Audit, measured

What the [audit](audit.md) finds, what it calls wrongly, and what its metrics are worth. `python evidence/audit.py`
makes all of it again (part of `make evidence`); this page is made by `python evidence/page.py`.
"""
ALARMS = """## False alarms

{runs} of the verdicts on ten sound simulated runs are *bad* (three days, 14 stations, noise and disturbances as in the
scenario `quiet`, picked by PAL, associated, located, measured, with the picks of PAL as published as reference), and
{months} on ten sound months that were made table by table. *watch*: {watch_runs} and {watch_months}. Of single
stations, days and phases {single} are bad in the runs. No limit was set on these runs: those are of other seeds.
Of the verdicts on the whole network {untold} are *cannot tell* in the runs and {untold_months} in the months, and do
not count; never told in either: {never}.
"""
POWER = """## Planted faults

Each fault is planted into three sound bases at several strengths. The table gives the weakest strength at which a
metric that is meant for it turns *bad* (in brackets: *watch* or worse) in all three; "-": at none of those tried. The
last column names those that were meant to see it and did not at any strength. Metrics that are not meant for the fault
turn bad in {others} of the verdicts.

"""
WORTH = """## Does the ranking without labels agree with the truth?

{quiet} runs of a day of the quiet network and {aftershocks} of the aftershocks: PAL with four settings, PhaseNet and
two EQTransformers at three thresholds, each with a usual, a strict and a loose associator. The table has the rank
correlation of metrics (value, not verdict) with the truth in both. Runs of one picker at several thresholds are not
independent: a correlation counts as sure by the number of arms ({arms}), at a false-discovery rate of 5% over all
metrics. The three associators of a picker share its picks, which this does not allow for.{lacking} Printed are the
metrics that are sure and of one sign in both; the sign says whether large values go with good or bad.

"""


def page(rows: list[dict[str, Any]], number: Callable[[Any], str]) -> str:
    """Return the page, of the records and the tables that are there."""
    parts = [HEAD]
    values = {(row["name"], row["data"]): row["value"] for row in rows}

    def share(name: str, data: str) -> str:
        found = [value for (title, of), value in values.items() if title == name and of.startswith(data)]
        return f"{100 * found[0]:.1f}%" if found else "-"

    if any(row.get("part") == "clean" for row in rows):
        bad, watch = "verdicts 'bad' on sound catalogues", "verdicts 'watch' on sound catalogues"
        parts.append(ALARMS.format(
            runs=share(bad, "ten simulated"), months=share(bad, "ten months"), watch_runs=share(watch, "ten simulated"),
            watch_months=share(watch, "ten months"),
            single=share("verdicts 'bad' on single stations, days and phases of sound catalogues", "ten simulated"),
            **untold()))
    if (TABLES / "audit-faults.csv").exists():
        parts.append(POWER.format(others=share("metrics not meant for a fault that turn bad", "")) + faults())
    if (TABLES / "audit-agreement.csv").exists():
        parts.append(worth())
    parts.append(real(rows, number))
    return "\n".join(part for part in parts if part)


def untold() -> dict[str, str]:
    """Return which share of the verdicts on sound catalogues is 'cannot tell', and the metrics that always are."""
    shares, told = [], set()
    every: set[str] = set()
    for kind in ("run", "month"):
        table = pd.read_csv(TABLES / f"audit-clean-{kind}.csv")
        network = table[table["scope"] == "network"]
        shares.append(f"{(network['verdict'] == 'cannot tell').mean():.0%}")
        every |= set(table["metric"])
        told |= set(table.loc[table["verdict"] != "cannot tell", "metric"])
    return {"untold": shares[0], "untold_months": shares[1],
            "never": ", ".join(f"`{one}`" for one in sorted(every - told)) or "none"}


def faults() -> str:
    """Return the table fault x metric."""
    table = pd.read_csv(TABLES / "audit-faults.csv")
    lines = ["| fault | strengths tried | metric: weakest strength that is bad (watch or worse) | not found by |",
             "|---|---|---|---|"]
    for name, fault in FAULTS.items():
        mine = table[table["fault"] == name]
        found, blind = [], []
        for metric in fault.meant:
            least = mine[mine["metric"] == metric].groupby("strength")["level"].min().reindex(fault.strengths)
            bad, seen = (_weakest(least, level, fault.strengths) for level in (2, 1))
            if seen != "-":
                found.append(f"`{metric}` {bad} ({seen})")
            else:
                blind.append(f"`{metric}`")
        tried = ", ".join(f"{one:g}" for one in fault.strengths)
        lines.append(f"| {name} | {tried} {fault.unit} | {'; '.join(found) or 'none'} | {', '.join(blind)} |")
    return "\n".join(lines) + "\n"


def _weakest(least: pd.Series, level: int, strengths: tuple[float, ...]) -> str:
    """Return the strengths at which a level is reached: the first, or of a two-sided fault all of them."""
    hit = [one for one in strengths if least.loc[one] >= level]
    if not hit:
        return "-"
    return f"{hit[0]:g}" if hit == list(strengths[strengths.index(hit[0]):]) else ", ".join(f"{one:g}" for one in hit)


def worth() -> str:
    """Return what correlates with the truth, and what does not."""
    found = pd.read_csv(TABLES / "audit-agreement.csv")
    runs = found.groupby("data")["runs"].max()
    arms = found.groupby("data")["arms"].max()
    full = int(arms.max())
    lacking = "".join(f" Of {name}, {full - int(n)} arms of EQTransformer are lacking: the experiment was stopped "
                      "before them." for name, n in arms.items() if n < full)
    parts = [WORTH.format(quiet=runs.get("quiet", 0), aftershocks=runs.get("aftershocks", 0), lacking=lacking,
                          arms=" and ".join(f"{n} of {name}" for name, n in arms.items()))]
    names = sorted(found["data"].unique())
    for truth, rows in found.groupby("truth", sort=False):
        rho = rows.pivot_table(index="metric", columns="data", values="rho").reindex(columns=names).dropna()
        sure = rows.pivot_table(index="metric", columns="data", values="trusted", aggfunc="min").reindex(rho.index)
        same = (rho.gt(0).all(axis=1) | rho.lt(0).all(axis=1)) & sure.astype(bool).all(axis=1)
        best = rho[same].abs().min(axis=1).sort_values(ascending=False).head(12).index
        turned = rho[~(rho.gt(0).all(axis=1) | rho.lt(0).all(axis=1))].abs().min(axis=1)
        parts.append(f"### {truth.removeprefix('true ').capitalize() if 'F1' not in truth else 'F1 of events'}\n")
        if len(best):
            parts.append(f"| metric | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
            parts += [f"| {metric} | {' | '.join(f'{one:+.2f}' for one in rho.loc[metric])} |" for metric in best]
        else:
            parts.append("No metric is sure and of one sign in both.")
        misleading = turned[turned > 0.3].sort_values(ascending=False).index[:6]
        if len(misleading):
            parts.append("\nNot to be trusted (opposite signs, each above 0.3): " + ", ".join(misleading) + ".")
        parts.append("")
    return "\n".join(parts)


def real(rows: list[dict[str, Any]], number: Callable[[Any], str]) -> str:
    """Return the comparison of pickers on real recordings, and the verdicts on real catalogues."""
    mine = [row for row in rows if row.get("part") in ("located", "pickers")]
    if not mine:
        return ""
    parts = ["## Real data\n", "| catalogue | good | watch | bad | cannot tell |", "|---|---|---|---|---|"]
    counts: dict[str, dict[str, Any]] = {}
    for row in mine:
        if row["name"].startswith("verdicts '"):
            counts.setdefault(row["data"], {})[row["name"].split("'")[1]] = row["value"]
    parts += [f"| {data} | {' | '.join(str(one.get(v, 0)) for v in ('good', 'watch', 'bad', 'cannot tell'))} |"
              for data, one in counts.items()]
    bad = [row for row in mine if str(row["note"]).startswith("bad:")]
    if bad:
        parts.append("\n*Bad*:\n")
        parts += [f"* {row['data']}: {row['note'].removeprefix('bad: ')}" for row in bad]
    sides = [row for row in mine if ": " in row["name"] and not row["note"]]
    if sides:
        table: dict[str, dict[str, Any]] = {}
        for row in sides:
            side, what = row["name"].split(": ", 1)
            table.setdefault(what, {})[side] = row["value"]
        names = list(dict.fromkeys(row["name"].split(": ")[0] for row in sides))
        parts += [f"\n| 80 minutes of Ridgecrest | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
        for what, of in table.items():
            parts.append(f"| {what} | {' | '.join(number(of.get(name, '-')) for name in names)} |")
    shown = [("audit-figure-2a.png", "Picks without an event per station (the study's Figure 2a)"),
             ("audit-figure-5-picks.png", "Associated picks, less what associates by chance (Figure 5)"),
             ("audit-figure-5-rate.png", "Association rate, less what associates by chance (Figure 5)"),
             ("audit-figure-5-located.png", "Well-located events (Figure 5)")]
    parts += ["", *(f"![{title}](figures/{name})\n" for name, title in shown if (FIGURES / name).exists())]
    return "\n".join(parts) + "\n"
