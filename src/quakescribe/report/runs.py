"""The last stage of a run: audit, exports, report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.errors import WorkspaceError
from quakescribe.report.page import write
from quakescribe.report.publish import figures
from quakescribe.run.audits import Audited, audit_run
from quakescribe.run.examples import examples
from quakescribe.run.inputs import Inputs
from quakescribe.run.runner import Context
from quakescribe.run.workspace import SETTINGS, Run, project_of
from quakescribe.settings.project import dump, load
from quakescribe.tables import TABLES

SUFFIX = {"csv": ".csv", "quakeml": ".xml", "fdsn": ".txt", "geojson": ".geojson"}


def finish(context: Context) -> Path:
    """Audit the run, write the exports that the settings name, and the report; return the report's path."""
    from quakescribe.exchange.formats import write_tables

    run = context.run
    audited = audit_run(run, context.folder, context.settings)
    for name in context.settings.run.exports:
        write_tables(run.folder / "export" / f"catalogue{SUFFIX.get(name, '.' + name)}", name, audited.tables)
    return make_report(run, audited=audited, inputs=context.inputs)[0]


def make_report(run: Run, formats: Sequence[str] = (), audited: Audited | None = None, inputs: Inputs | None = None
                ) -> tuple[Path, list[Path]]:
    """Make the report of a run from its tables, under the settings it was made with.

    Parameters
    ----------
    run
        Of a project.
    formats
        png, pdf, svg: every figure is written for print too, into the folder ``figures`` of the run.
    audited
        What was found in it; none = it is audited again.
    inputs
        Of the project, where they are open already.

    Returns
    -------
    tuple
        The report, and the files of the figures.
    """
    if not (run.folder / SETTINGS).exists():
        raise WorkspaceError(f"{run.folder}: no such run; 'quakescribe run' makes one")
    audited = audited or audit_run(run, project_of(run))
    info, settings = facts_of(run, audited, inputs), load(run.folder / SETTINGS).report
    path = write(audited.tables, info, run.folder / "report.html", settings, audited.audit)
    if not formats:
        return path, []
    return path, figures(audited.tables, info, run.folder / "figures", settings, audited.audit, formats=formats)


def all_tables(run: Run) -> dict[str, pd.DataFrame]:
    """Return every table of a run."""
    if not (run.folder / SETTINGS).exists():
        raise WorkspaceError(f"{run.folder}: no such run; 'quakescribe run' makes one")
    return {name: run.table(name) for name in TABLES}


def facts_of(run: Run, audited: Audited, inputs: Inputs | None = None) -> dict[str, Any]:
    """Return what a report says about how a run was made."""
    settings, provenance = load(run.folder / SETTINGS), run.provenance()
    made_of = provenance.get("inputs", {})
    info = audited.info | {
        "name": run.name,
        "version": provenance.get("quakescribe", ""),
        "settings_toml": dump(settings, comments=False),
        "settings_digest": provenance.get("settings", ""),
        "velocity": made_of.get("velocity", {}),
        "span": tuple(pd.Timestamp(one) for one in made_of.get("span", ())),
        "timing": {name: one["seconds"] for name, one in provenance.get("stages", {}).items() if name != "report"},
        "packages": provenance.get("packages", {}),
    }
    wanted = settings.report.example_station_days
    if wanted:
        info["examples"] = examples(run, project_of(run), settings, audited.audit, wanted, inputs)
    score = run.folder / "score.json"
    if score.exists():
        info["score"] = pd.DataFrame(json.loads(score.read_text()))
    return info
