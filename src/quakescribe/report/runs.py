"""The last stage of a run: findings, exports, report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.errors import WorkspaceError
from quakescribe.report.page import write
from quakescribe.run.runner import Context
from quakescribe.run.stage import part
from quakescribe.run.summary import association_rate, skipped
from quakescribe.run.workspace import SETTINGS, Run
from quakescribe.settings.project import dump, load
from quakescribe.tables import FINDINGS, TABLES, store

SUFFIX = {"csv": ".csv", "quakeml": ".xml", "fdsn": ".txt", "geojson": ".geojson"}


def finish(context: Context) -> Path:
    """Write the findings, the exports that the settings name, and the report; return the report's path."""
    from quakescribe.exchange.formats import write_tables

    run = context.run
    tables = all_tables(run)
    tables["findings"] = findings(tables)
    store.write(tables["findings"], FINDINGS, part(run.folder / "report", "findings", "all"))
    for name in context.settings.run.exports:
        write_tables(run.folder / "export" / f"catalogue{SUFFIX.get(name, '.' + name)}", name, tables)
    return _report(run, tables)


def make_report(run: Run) -> Path:
    """Make the report of a run again from its tables, under the settings it was made with."""
    tables = all_tables(run)
    tables["findings"] = findings(tables)
    return _report(run, tables)


def all_tables(run: Run) -> dict[str, pd.DataFrame]:
    """Return every table of a run."""
    if not (run.folder / SETTINGS).exists():
        raise WorkspaceError(f"{run.folder}: no such run; 'quakescribe run' makes one")
    return {name: run.table(name) for name in TABLES}


def findings(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what this run says of itself: association rates, share well located, and what was left out.

    A first version without verdicts: judging them is the audit's work, so every verdict is 'cannot tell'.
    """
    picks, arrivals, origins = tables["picks"], tables["arrivals"], tables["origins"]
    rows: list[dict[str, Any]] = []

    def add(metric: str, scope: str, key: str, value: float, why: str) -> None:
        rows.append(
            {"metric": metric, "scope": scope, "key": key, "value": value, "verdict": "cannot tell", "why": why}
        )

    add(
        "association_rate",
        "network",
        "pairs",
        association_rate(picks, arrivals),
        "share of P-S pairs of which both onsets belong to the same event",
    )
    associated = set(arrivals["pick_id"])
    for station_id, mine in picks.groupby("station_id", sort=True):
        add(
            "association_rate",
            "station",
            str(station_id),
            float(mine["pick_id"].isin(associated).mean()),
            f"share of the station's {len(mine)} picks that belong to an event",
        )
    if len(origins):
        add(
            "well_located",
            "network",
            "events",
            float(origins["well_located"].mean()),
            "share of events that keep the rule of the locate settings",
        )
    for row in skipped(tables["skips"]):
        add(
            "skipped", "stage", f"{row['stage']}: {row['reason']}", float(row["count"]), "left out, and listed in skips"
        )
    return FINDINGS.make({name: [row[name] for row in rows] for name in rows[0]})


def _report(run: Run, tables: dict[str, pd.DataFrame]) -> Path:
    settings, provenance = load(run.folder / SETTINGS), run.provenance()
    inputs = provenance.get("inputs", {})
    info = {
        "name": run.name,
        "version": provenance.get("quakescribe", ""),
        "settings_toml": dump(settings, comments=False),
        "settings_digest": provenance.get("settings", ""),
        "velocity": inputs.get("velocity", {}),
        "span": tuple(pd.Timestamp(one) for one in inputs.get("span", ())),
        "timing": {name: one["seconds"] for name, one in provenance.get("stages", {}).items() if name != "report"},
        "packages": provenance.get("packages", {}),
    }
    score = run.folder / "score.json"
    if score.exists():
        info["score"] = pd.DataFrame(json.loads(score.read_text()))
    return write(tables, info, run.folder / "report.html", settings.report)
