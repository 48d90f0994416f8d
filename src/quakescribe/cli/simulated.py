"""Commands that make a network whose every earthquake is known, and judge a run by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
simulate = typer.Typer(
    invoke_without_command=True, no_args_is_help=True, help="Make the recordings of a simulated network."
)


@simulate.callback()
def make(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for waveforms, stations, velocity and truth.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", help="TOML with settings that differ from the defaults.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the recordings of a simulated network, with the whole truth about them."""
    if context.invoked_subcommand is not None:
        return
    from quakescribe.cli import show
    from quakescribe.report.demo import simulate_into, simulate_settings

    if out is None:
        raise typer.BadParameter("say where to write", param_hint="--out")
    truth = simulate_into(out, simulate_settings(settings))
    if as_json:
        show.as_json({"folder": out, "events": len(truth["truth_events"]), "onsets": len(truth["truth_arrivals"])})
        return
    show.say(f"wrote {out}: {len(truth['truth_events']):,} events, {len(truth['truth_arrivals']):,} onsets")


@simulate.command()
def score(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="Folder that 'simulate' wrote.")],
    catalogue: Annotated[
        Path, typer.Argument(metavar="CATALOGUE", help="A run's folder, or a catalogue or picks in any known format.")
    ],
    as_json: Json = False,
) -> None:
    """Score a catalogue against the truth: found, missed, false, and how far off."""
    from quakescribe.cli import show
    from quakescribe.report.demo import catalogue_tables
    from quakescribe.simulate import score as judge

    found = judge(truth, catalogue_tables(catalogue))
    if as_json:
        show.as_json(found.to_dict("records"))
    else:
        show.table("Against the truth", ("what", "value", "unit", "n"), _rows(found))


@simulate.command("settings")
def show_settings() -> None:
    """Print every setting of the simulator."""
    from quakescribe.settings.project import dump
    from quakescribe.settings.simulate import SimulateSettings

    typer.echo(dump(SimulateSettings()), nl=False)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make the demo project in.")] = Path("demo"),
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="1 = in this process, 0 = one per core.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Simulate a small network, run everything on it, score it against the truth, and leave a report."""
    from quakescribe.cli import show
    from quakescribe.report.demo import run_and_score, simulated_project
    from quakescribe.run.runner import Silent
    from quakescribe.settings.simulate import SimulateSettings

    show.say("simulating a small network ...")
    project = simulated_project(folder, SimulateSettings())
    run = project.run("first")
    if as_json:
        found = run_and_score(project, run, workers, Silent())
        show.as_json({"report": run.folder / "report.html", "score": found.to_dict("records")})
        return
    with show.Bars() as bars:
        found = run_and_score(project, run, workers, bars)
    show.table("Against the truth", ("what", "value", "unit", "n"), _rows(found))
    show.say(f"report: {run.folder / 'report.html'}")


def _rows(found: pd.DataFrame) -> list[tuple[str, ...]]:
    return [
        (
            str(row["name"]),
            f"{row['value']:.4g}" if isinstance(row["value"], float) else str(row["value"]),
            str(row["unit"]),
            str(row["n"]),
        )
        for row in found.to_dict("records")
    ]
