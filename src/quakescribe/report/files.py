"""What an audit of plain files leaves: the report, the findings, and the tables behind its figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import quakescribe
from quakescribe.report.page import write
from quakescribe.report.publish import figures
from quakescribe.run.audits import Audited
from quakescribe.run.workspace import write_text
from quakescribe.settings.project import Settings, dump
from quakescribe.tables import FINDINGS, store


def write_audit(audited: Audited, folder: Path, settings: Settings, formats: Sequence[str] = ()
                ) -> tuple[Path, list[Path]]:
    """Write ``report.html``, ``findings.csv`` and ``findings.parquet`` into a folder.

    The tables behind the figures go to ``tables/CHECK-TABLE.csv``; figures for print, in the formats that are asked
    for, to ``figures``.

    Returns
    -------
    tuple
        The report, and the files of the figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("csv", "parquet"):
        store.write(audited.audit.findings, FINDINGS, folder / f"findings.{suffix}")
    write_tables(audited, folder / "tables")
    info = {"name": folder.name, **audited.info, "version": quakescribe.__version__,
            "settings_toml": dump(settings.audit, comments=False), "tables": "in the folder 'tables' beside this page"}
    path = write(audited.tables, info, folder / "report.html", settings.report, audited.audit)
    if not formats:
        return path, []
    return path, figures(audited.tables, info, folder / "figures", settings.report, audited.audit, formats=formats)


def write_tables(audited: Audited, folder: Path) -> None:
    """Write the tables behind the figures as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for check, outcome in audited.audit.outcomes.items():
        for name, table in outcome.tables.items():
            write_text(folder / f"{check}-{name}.csv", table.to_csv(index=False))
