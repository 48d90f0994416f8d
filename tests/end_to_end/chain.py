"""Whole runs, and what is compared between them."""

from collections.abc import Sequence

import pandas as pd

from quakescribe.report.runs import finish
from quakescribe.run.runner import execute
from quakescribe.run.workspace import Project, Run
from quakescribe.settings.run import RunSettings

TABLES = ("picks", "events", "arrivals", "origins", "amplitudes", "magnitudes", "skips")
ASSOCIATED = ("picks", "events")
"""What there is when a run stops after association and later stages leave as it is."""


def run_all(project: Project, name: str = "first", until: str | None = None, **changes) -> Run:
    """Run a project with changed [run] settings."""
    settings = project.settings.model_copy(update={"run": RunSettings(**{"workers": 1, **changes})})
    run = project.run(name)
    execute(settings, project.folder, run, until, report=finish)
    return run


def assert_same_tables(run: Run, reference: Run, names: Sequence[str] = TABLES) -> None:
    for name in names:
        pd.testing.assert_frame_equal(run.table(name), reference.table(name), check_exact=True, obj=name)


def parts_of(run: Run) -> dict[str, bytes]:
    """Every part of every table of a run, by its path."""
    return {str(path.relative_to(run.folder)): path.read_bytes() for path in sorted(run.folder.rglob("*.parquet"))}
