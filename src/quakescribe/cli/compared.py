"""The command that compares pickers, trainings and thresholds on one project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from quakescribe.cli.project import Folder, Json

SHOWN = {"arm": "arm", "threshold": "thr.", "picks": "picks", "corrected_picks": "in events", "corrected_rate": "rate",
         "events": "events", "well_located_share": "well loc.", "true_recall": "true recall",
         "true_precision": "true prec.", "front": "front"}
"""The columns of the printed table, with headings that fit 80 characters; the files have all."""


def compare(
    folder: Folder,
    experiment: Annotated[
        Path, typer.Argument(metavar="EXPERIMENT.toml", help="What is compared: see docs/compare.md.")
    ],
    as_json: Json = False,
) -> None:
    """Train, pick, associate and locate in several ways, and put side by side what each found."""
    from quakescribe.cli import show
    from quakescribe.compare.experiment import run_experiment
    from quakescribe.run.runner import Silent
    from quakescribe.run.workspace import Project
    from quakescribe.settings.compare import read_experiment

    wanted, project = read_experiment(experiment), Project(folder)
    if as_json:
        done = run_experiment(project, wanted, Silent())
        show.as_json({"folder": str(done.folder), "findings": done.findings.to_dict("records"),
                      "means": done.means.to_dict("records"), "figures": [str(path) for path in done.figures]})
        return
    with show.Bars() as bars:
        done = run_experiment(project, wanted, bars, bars.step)
    columns = [name for name in SHOWN if name in done.means]
    rows = done.means[columns].astype(object).itertuples(index=False)
    show.table(f"{wanted.name}: means over seeds; 'in events' and 'rate' are without what associates by chance;\n"
               "front: no other has more picks in events at a larger rate",
               [SHOWN[name] for name in columns], ([_cell(value) for value in row] for row in rows))
    show.say(f"tables: {done.folder / 'findings.csv'} (every run), {done.folder / 'means.csv'}")
    show.say("figures: " + ", ".join(str(path) for path in done.figures))


def _cell(value: Any) -> str:
    """Return a value as people read it."""
    if str(value) in ("True", "False"):
        return "yes" if value else ""
    if isinstance(value, str):
        return value
    if value != value:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
