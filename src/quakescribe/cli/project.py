"""Commands that work in a project folder."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The project folder.")]
RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The project folder, or the folder of a run.")]
Name = Annotated[str, typer.Option("--name", help="Which run.", show_default="the one worked on last")]
Set = Annotated[list[str] | None, typer.Option(
    "--set", metavar="SECTION.NAME=VALUE", help="Change a setting for this once, e.g. pick.picker=sar; repeatable.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]


class FigureFormat(StrEnum):
    """Formats of figures for print."""

    PNG = "png"
    PDF = "pdf"
    SVG = "svg"


Figures = Annotated[bool, typer.Option("--figures", help="Write the figures for print too.")]
Formats = Annotated[list[FigureFormat] | None, typer.Option(
    "--figure-format", help="Repeatable; with it --figures may be left away.", show_default="png and pdf")]


def formats_of(figures: bool, formats: list[FigureFormat] | None) -> tuple[str, ...]:
    """Return the formats that the two options ask for; none = no figures."""
    return tuple(one.value for one in formats) if formats else ("png", "pdf") if figures else ()


class Stage(StrEnum):
    """The stages a run can end with."""

    PICK = "pick"
    ASSOCIATE = "associate"
    LOCATE = "locate"
    MEASURE = "measure"
    REPORT = "report"


def init(
    folder: Folder,
    waveforms: Annotated[str, typer.Option(help="SDS archive, folder, file or quoted glob of miniSEED or SAC.")],
    stations: Annotated[str, typer.Option(help="StationXML, or CSV with positions and gains.")],
    velocity: Annotated[str, typer.Option(help="Layered model; none = a generic crust.")] = "",
    as_json: Json = False,
) -> None:
    """Make a project folder with its complete, explained quakescribe.toml."""
    from quakescribe.cli import show
    from quakescribe.run.projects import new_project

    project = new_project(folder, waveforms, stations, velocity)
    path = project.folder / "quakescribe.toml"
    if as_json:
        show.as_json({"settings": path})
        return
    show.say(f"made {path}; next: quakescribe check {folder}")


def check(folder: Folder, as_json: Json = False) -> None:
    """Say what data there are and what is wrong with them, before hours are spent."""
    from quakescribe.cli import show
    from quakescribe.run.check import check_project
    from quakescribe.run.workspace import Project

    found = check_project(Project(folder))
    if as_json:
        show.as_json(found.as_dict())
        return
    show.table("Project", ("what", "value"), found.facts)
    show.table("Recordings by station", found.coverage.columns, found.coverage.itertuples(index=False))
    if found.problems:
        show.table("Worth a look before the run", ("reason", "where", "count", "detail"), found.problems)
    show.say(f"next: quakescribe run {folder}")


def run(
    folder: Folder,
    name: Annotated[
        str, typer.Option("--name", help="The run's name; the same name goes on where it stopped.")
    ] = "first",
    until: Annotated[
        Stage | None, typer.Option("--until", help="Last stage.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="1 = in this process, 0 = one per core.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Running Dask scheduler, tcp://host:port.")
    ] = None,
    changes: Set = None,
    as_json: Json = False,
) -> None:
    """Make the catalogue: pick, associate, locate, measure, report. What is done already is reused."""
    from quakescribe.cli import show
    from quakescribe.report.runs import finish
    from quakescribe.run.runner import Silent, execute
    from quakescribe.run.summary import summary
    from quakescribe.run.workspace import Project
    from quakescribe.settings.project import override

    project = Project(folder)
    settings = override(project.settings, changes or ())
    given = {"workers": workers, "scheduler": scheduler}
    changed = {key: value for key, value in given.items() if value is not None}
    settings = settings.model_copy(update={"run": settings.run.model_copy(update=changed)})
    this = project.run(name)
    if as_json:
        execute(settings, folder, this, until, Silent(), finish)
        show.as_json(summary(this))
        return
    with show.Bars() as bars:
        execute(settings, folder, this, until, bars, finish)
    _print_summary(summary(this))
    if until in (None, Stage.REPORT):
        show.say(f"report: {this.folder / 'report.html'}")


def _print_summary(facts: dict[str, object]) -> None:
    from quakescribe.cli import show

    skips = facts.pop("skipped", [])
    show.table("Result", ("what", "value"), ((key.replace("_", " "), _plain(value)) for key, value in facts.items()))
    if isinstance(skips, list) and skips:
        show.table(
            "Left out (details in the report)",
            ("stage", "reason", "count"),
            ((row["stage"], row["reason"], row["count"]) for row in skips),
        )


def _plain(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def export(
    folder: RunFolder,
    to: Annotated[str, typer.Option("--format", help="csv, quakeml, fdsn, geojson, pal, hypodd, hypoinverse, ...")],
    out: Annotated[Path, typer.Option("--out", help="File or folder to write.")],
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Write a run's catalogue in another format, and say what that format cannot hold."""
    from quakescribe.cli import show
    from quakescribe.exchange.formats import write_tables
    from quakescribe.report.runs import all_tables
    from quakescribe.run.workspace import chosen_run

    this = chosen_run(folder, name)
    losses = write_tables(out, to, all_tables(this))
    if as_json:
        show.as_json({"file": out, "format": to, "run": this.name, "losses": losses})
        return
    show.say(f"wrote {out}")
    for loss in losses:
        show.say(f"  not in this format: {loss}")


def report(
    folder: RunFolder,
    name: Name = "",
    figures: Figures = False,
    formats: Formats = None,
    as_json: Json = False,
) -> None:
    """Audit a run and make its report again from its tables; with --figures also every figure for print."""
    from quakescribe.cli import show
    from quakescribe.report.runs import make_report
    from quakescribe.run.workspace import chosen_run

    this = chosen_run(folder, name)
    path, drawn = make_report(this, formats_of(figures, formats))
    if as_json:
        show.as_json({"report": path, "run": this.name, "figures": drawn})
        return
    show.say(f"wrote {path}")
    if drawn:
        show.say(f"wrote {len(drawn)} files in {drawn[0].parent}")


def settings(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A project; none = the defaults.")] = None,
    as_json: Json = False,
) -> None:
    """Print every setting with its value, meaning, unit and range."""
    from quakescribe.cli import show
    from quakescribe.run.workspace import Project
    from quakescribe.settings.project import Settings, dump

    current = Project(folder).settings if folder is not None else Settings()
    if as_json:
        show.as_json(current.model_dump(mode="json"))
    else:
        typer.echo(dump(current), nl=False)
