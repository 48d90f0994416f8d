"""The command that trains a picker on a project's own recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quakescribe.cli.project import Folder, Json, Set

if TYPE_CHECKING:
    from quakescribe.train.rounds import Round


def train(
    folder: Folder,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the weights and of the run made with them; none = the network's.")
    ] = None,
    labels: Annotated[
        str, typer.Option("--from", metavar="RUN", help="The run whose associated picks are the labels.")
    ] = "first",
    net: Annotated[str | None, typer.Option(help="sar, sar-published or phasenet; none = as the settings say.")] = None,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, help="Train again from what the trained picker found.")
    ] = None,
    init: Annotated[
        Path | None, typer.Option("--init", help="Weights to start from (fine-tuning).")
    ] = None,
    only: Annotated[bool, typer.Option("--only-weights", help="Train, but make no run with the weights.")] = False,
    changes: Set = None,
    as_json: Json = False,
) -> None:
    """Train a picker on this network's recordings, with no human label, and make a catalogue with it."""
    from quakescribe.cli import show
    from quakescribe.run.runner import Silent
    from quakescribe.run.workspace import Project
    from quakescribe.settings.project import override

    project = Project(folder)
    given = {"train.fit.net": net, "train.rounds.rounds": rounds,
             "train.fit.init": None if init is None else str(init.absolute())}
    more = [f"{key}={value}" for key, value in given.items() if value is not None]
    settings = override(project.settings, [*(changes or ()), *more])
    run, name = project.run(labels), name or settings.train.fit.net
    if as_json:
        done, found = _train(project, settings, run, name, only, Silent(), None)
        show.as_json({"weights": [str(one.weights) for one in done], "scores": [one.record.scores for one in done],
                      "rounds": found})
        return
    with show.Bars() as bars:
        done, found = _train(project, settings, run, name, only, bars, bars.step)
    for one in done:
        show.table(f"{one.weights.name}: on validation samples", ("what", "value"),
                   ((key.removeprefix("valid_").replace("_", " "), f"{value:.3g}")
                    for key, value in one.record.scores.items()))
    if found:
        show.table("Side by side", ("", *(row["run"] for row in found)), _turned(found))
    last = done[-1]
    show.say(f"wrote {last.weights}; beside it its record (.json) and the course of fitting (.csv, .png)")
    if last.run is not None:
        show.say(f"next: quakescribe report {folder} --name {last.run.name}")
    else:
        show.say(f"next: quakescribe run {folder} --name {name} --set pick.picker={last.record.net.partition('-')[0]} "
                 f"--set pick.network.weights={last.weights.relative_to(project.folder)}")


def _train(project: Any, settings: Any, run: Any, name: str, only: bool, watcher: Any,
           progress: Any) -> tuple[list[Round], list[dict[str, Any]]]:
    from quakescribe.train import rounds

    if only:
        return [rounds.train(project, settings, run, name, watcher, progress)], []
    done, table = rounds.rounds(project, settings, run, name, watcher, progress)
    return done, [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _turned(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return one line per figure, a column per run."""
    names = [key for key in rows[0] if key not in ("round", "run")]
    return [(key.replace("_", " "), *(f"{row[key]:,.3g}" if isinstance(row[key], float) else f"{row[key]:,}"
                                      for row in rows)) for key in names]
