"""Commands that make a network whose every earthquake is known, and judge a run by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from quakescribe.run.runner import Watcher
    from quakescribe.run.workspace import Project

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
simulate = typer.Typer(
    invoke_without_command=True, no_args_is_help=True, help="Make the recordings of a simulated network."
)


Scenario = Annotated[
    str, typer.Option("--scenario", help="A scenario of the package ('simulate scenarios' lists them) or a TOML file.")
]


@simulate.callback()
def make(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for waveforms, stations, velocity and truth.")
    ] = None,
    scenario: Scenario = "demo",
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="1 = in this process, 0 = one per core.")
    ] = 0,
    store: Annotated[
        bool, typer.Option(help="Write the waveforms; otherwise give DIR/scenario.toml to 'init' as --waveforms.")
    ] = True,
    scheduler: Annotated[str, typer.Option("--scheduler", help="Dask scheduler to use, tcp://host:port.")] = "",
    as_json: Json = False,
) -> None:
    """Make the recordings of a simulated network, with the whole truth about them."""
    if context.invoked_subcommand is not None:
        return
    from quakescribe.cli import show
    from quakescribe.run.runner import Silent
    from quakescribe.run.simulation import simulate_into
    from quakescribe.settings.run import RunSettings
    from quakescribe.simulate import read_scenario

    if out is None:
        raise typer.BadParameter("say where to write", param_hint="--out")
    settings, run = read_scenario(scenario), RunSettings(workers=workers, scheduler=scheduler)
    if as_json:
        truth = simulate_into(out, settings, run, Silent(), store)
        show.as_json({"folder": out, **{name.removeprefix("truth_"): len(table) for name, table in truth.items()}})
        return
    with show.Bars() as bars:
        truth = simulate_into(out, settings, run, bars, store)
    events = truth["truth_events"]
    show.say(f"wrote {out}: {len(events):,} events, {int(events['detectable'].sum()):,} of them detectable, "
             f"{len(truth['truth_arrivals']):,} onsets, {len(truth['truth_transients']):,} disturbances")


@simulate.command()
def score(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="Folder that 'simulate' wrote.")],
    catalogue: Annotated[
        Path, typer.Argument(metavar="CATALOGUE", help="A run's folder, or a catalogue or picks in any known format.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="CSV file for every figure, by SNR, distance, magnitude and station.")
    ] = None,
    start: Annotated[str, typer.Option("--start", help="Only true events from this time (UTC) on.")] = "",
    end: Annotated[str, typer.Option("--end", help="Only true events before this time (UTC).")] = "",
    as_json: Json = False,
) -> None:
    """Score a catalogue against the truth: found, missed, false, and how far off."""
    from quakescribe.cli import show
    from quakescribe.report.demo import catalogue_tables
    from quakescribe.run.workspace import write_text
    from quakescribe.simulate import score as judge

    found = judge(truth, catalogue_tables(catalogue), start=_time(start), end=_time(end))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, found.to_csv(index=False))
    if as_json:
        show.as_json(found.to_dict("records"))
    else:
        _show_score(found)


def _time(text: str) -> pd.Timestamp | None:
    import pandas as pd

    if not text:
        return None
    try:
        found = pd.Timestamp(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no time; expected e.g. 2024-03-05T12:00:00") from None
    return found.tz_localize("UTC") if found.tzinfo is None else found.tz_convert("UTC")


@simulate.command("settings")
def show_settings(scenario: Scenario = "demo") -> None:
    """Print every setting of a scenario."""
    from quakescribe.settings.project import dump
    from quakescribe.simulate import read_scenario

    typer.echo(dump(read_scenario(scenario)), nl=False)


@simulate.command("scenarios")
def show_scenarios(as_json: Json = False) -> None:
    """List the scenarios of the package."""
    from quakescribe.cli import show
    from quakescribe.simulate import shipped

    if as_json:
        show.as_json(shipped())
    else:
        show.table("Scenarios", ("name", "what it is"), list(shipped().items()))


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make the demo project in.")] = Path("demo"),
    scenario: Scenario = "demo",
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="1 = in this process, 0 = one per core.")
    ] = None,
    train: Annotated[bool, typer.Option(help="Also train a picker on the network and run it.")] = True,
    as_json: Json = False,
) -> None:
    """Simulate a small network, run everything on it, train a picker on it, and score both against the truth."""
    from quakescribe.cli import show
    from quakescribe.report.demo import run_and_score, side_by_side, simulated_project
    from quakescribe.run.runner import Silent
    from quakescribe.simulate import read_scenario

    settings = read_scenario(scenario)
    if as_json:
        project = simulated_project(folder, settings, workers, Silent())
        scores = {"PAL": run_and_score(project, project.run("first"), workers, Silent())}
        why = _add_trained(scores, project, workers, Silent(), None) if train else "not asked for"
        show.as_json({"report": project.run("first").folder / "report.html", "score": scores["PAL"].to_dict("records"),
                      "side by side": side_by_side(scores).to_dict(), "not trained": why})
        return
    with show.Bars() as bars:
        project = simulated_project(folder, settings, workers, bars)
        scores = {"PAL": run_and_score(project, project.run("first"), workers, bars)}
    _show_score(scores["PAL"])
    if train:
        show.say("training a picker on PAL's associated picks: a few minutes")
        with show.Bars() as bars:
            why = _add_trained(scores, project, workers, bars, bars.step)
        if why:
            show.say(f"no picker was trained: {why}")
        table = side_by_side(scores)
        show.table("PAL, and SAR trained on PAL's picks, against the truth", ("what", *table.columns),
                   [(name, *(f"{one:,.3g}" for one in row)) for name, *row in table.itertuples()])
    for name in ("first", "sar")[:len(scores)]:
        show.say(f"report: {project.run(name).folder / 'report.html'}")
    if len(scores) > 1:
        show.say(f"side by side: {_compared(project)}")


def _compared(project: Project) -> Path:
    """Compare the demo's two runs and return the report."""
    from quakescribe.compare.given import sides_of
    from quakescribe.compare.page import write_comparison
    from quakescribe.compare.side_by_side import compare_sides

    sides = sides_of([str(project.run(name).folder) for name in ("first", "sar")], project.settings)
    return write_comparison(compare_sides(sides, project.settings.comparison), sides, project.folder / "comparison",
                            project.settings)


DEMO_TRAINING = ("train.samples.split_minutes=10", "train.fit.epochs=15", "train.fit.batch=32")
"""Of three hours: short blocks are held out, small batches make many steps."""


def _add_trained(scores: dict[str, pd.DataFrame], project: Project, workers: int | None, watcher: Watcher,
                 progress: Any) -> str:
    """Train SAR on the demo's first run, make the run 'sar' with it, and add its score; or return why not."""
    from quakescribe.errors import TrainError
    from quakescribe.report.demo import run_and_score
    from quakescribe.settings.project import override
    from quakescribe.train.rounds import picker_settings
    from quakescribe.train.rounds import train as train_on

    changes = [*DEMO_TRAINING, *([] if workers is None else [f"run.workers={workers}"])]
    settings = override(project.settings, changes)
    try:
        made = train_on(project, settings, project.run("first"), "sar", watcher, progress)
    except TrainError as error:
        return str(error)
    chosen = picker_settings(settings, project, made)
    scores["SAR"] = run_and_score(project, project.run("sar"), workers, watcher, chosen)
    return ""


def _show_score(found: pd.DataFrame) -> None:
    """Print the first figures of every part, and those by magnitude and SNR."""
    from quakescribe.cli import show
    from quakescribe.report.scored import shown
    from quakescribe.simulate.score import PARTS
    from quakescribe.simulate.score.summary import BY_MAGNITUDE, BY_SNR, by_class, far_out, headlines, wrong_picks

    for part in PARTS:
        rows = [shown(row) for row in headlines(found, part).to_dict("records")]
        if rows:
            show.table(f"Against the truth: {part}", ("what", "value", "unit", "n"), rows)
    tables = [("picks that are on no onset of their phase", "what", wrong_picks(found)),
              ("by magnitude", "class", by_class(found, "M", BY_MAGNITUDE)),
              ("by SNR", "class", by_class(found, "SNR", BY_SNR))]
    for title, head, table in tables:
        if len(table):
            cells = [(str(name), *("-" if x != x else f"{x:.3f}" for x in row)) for name, *row in table.itertuples()]
            show.table(f"Against the truth: {title}", (head, *table.columns), cells)
    for row in far_out(found).to_dict("records"):
        show.say(f"{row['scope']}: {row['value']:.0f} times the stations' median of unassociated picks")
