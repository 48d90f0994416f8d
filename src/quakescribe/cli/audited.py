"""The command that judges a catalogue without labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quakescribe.cli.project import Figures, Formats, Json, Set, formats_of

if TYPE_CHECKING:
    import pandas as pd

    from quakescribe.run.audits import Audited
    from quakescribe.settings.project import Settings

COLOURS = {"bad": "red", "watch": "yellow", "good": "green", "cannot tell": "dim"}


def audit(
    sources: Annotated[list[Path], typer.Argument(
        metavar="WHAT...", help="A project, a run's folder, or a catalogue (and picks) in files of any known format.")],
    name: Annotated[str, typer.Option("--name", help="Which run of a project.", show_default="the latest")] = "",
    stations: Annotated[Path | None, typer.Option("--stations", help="With files: StationXML, CSV or PAL.")] = None,
    velocity: Annotated[Path | None, typer.Option("--velocity", help="With files: layered model; none = a generic "
                                                  "crust.")] = None,
    picks: Annotated[Path | None, typer.Option(
        "--picks", help="With files: all picks, also those in no event.")] = None,
    reference: Annotated[str, typer.Option(
        "--reference", help="Picks of a rule-based picker: of a project the name of a run, of files a file.",
        show_default="the project's latest run of PAL")] = "",
    relocated: Annotated[Path | None, typer.Option(
        "--relocated", help="The relocated catalogue, by the same event ids.")] = None,
    depth_datum: Annotated[float, typer.Option(
        "--depth-datum", help="With files: km above sea level from which they count depth.")] = 0.0,
    settings_file: Annotated[Path | None, typer.Option("--settings", help="With files: TOML with settings.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for report and tables.",
                                             show_default="the run's; of files: audit")] = None,
    figures: Figures = False,
    formats: Formats = None,
    changes: Set = None,
    as_json: Json = False,
) -> None:
    """Say how far a catalogue can be trusted, without labels: a verdict, its reason and what to do, per metric."""
    from quakescribe.cli import show

    audited, report, drawn = _audited(sources, name, stations, velocity, picks, reference, relocated, depth_datum,
                                      settings_file, out, changes, formats_of(figures, formats))
    if as_json:
        show.as_json({"report": str(report), "findings": audited.audit.findings.to_dict("records"), "figures": drawn})
        return
    for sentence in audited.info.get("filled_in", ()):
        show.say(sentence)
    print_verdicts(audited)
    show.say(f"report: {report}")
    if drawn:
        show.say(f"wrote {len(drawn)} files in {drawn[0].parent}")


def _audited(sources: list[Path], name: str, stations: Path | None, velocity: Path | None, picks: Path | None,
             reference: str, relocated: Path | None, depth_datum: float, settings_file: Path | None,
             out: Path | None, changes: list[str] | None, formats: tuple[str, ...]
             ) -> tuple[Audited, Path, list[Path]]:
    """Audit a run or files; return what was found, the report, and the files of figures for print."""
    from quakescribe.errors import SettingsError
    from quakescribe.run.plain import settings_from
    from quakescribe.run.workspace import is_project, is_run
    from quakescribe.settings.project import override

    if is_run(sources[0]) or is_project(sources[0]):
        given = {"--stations": stations, "--velocity": velocity, "--picks": picks, "--settings": settings_file,
                 "--depth-datum": depth_datum or None}
        vain = [option for option, value in given.items() if value is not None]
        if vain:
            raise SettingsError(f"{', '.join(vain)}: for files; {sources[0]} is a project or run and knows its own")
        return _of_run(sources, name, reference, relocated, out, changes, formats)
    if name:
        raise SettingsError(f"--name {name}: for projects; {sources[0]} is none")
    if abs(depth_datum) > 10:
        raise SettingsError(f"--depth-datum {depth_datum:g}: km above sea level, and no mountain is so high; in m?")
    from quakescribe.report.files import write_audit
    from quakescribe.run.audits import audit_files

    settings = override(settings_from(settings_file), changes or ())
    audited = audit_files(sources, settings, stations, velocity, Path(reference) if reference else None, relocated,
                          depth_datum, picks)
    return audited, *write_audit(audited, out or Path("audit"), settings, formats)


def _of_run(sources: list[Path], name: str, reference: str, relocated: Path | None, out: Path | None,
            changes: list[str] | None, formats: tuple[str, ...]) -> tuple[Audited, Path, list[Path]]:
    from quakescribe.errors import SettingsError
    from quakescribe.exchange.formats import read_tables
    from quakescribe.report.files import write_audit
    from quakescribe.report.runs import make_report
    from quakescribe.run.audits import audit_run
    from quakescribe.run.workspace import Run, chosen_run, project_of
    from quakescribe.settings.project import load, override

    if len(sources) > 1:
        raise SettingsError("one run is audited at a time; 'quakescribe compare' takes several")
    run = chosen_run(sources[0], name)
    folder = project_of(run)
    settings: Settings = override(load(folder / "quakescribe.toml"), changes or ())
    other = Run(folder / "runs" / reference) if reference else None
    if other is not None and not other.provenance():
        runs = ", ".join(sorted(path.parent.name for path in (folder / "runs").glob("*/provenance.json")))
        raise SettingsError(f"--reference {reference}: no run of that name in {folder}; it has {runs}")
    moved = read_tables(relocated, lenient=True).get("origins") if relocated is not None else None
    audited = audit_run(run, folder, settings, other, moved)
    return audited, *(make_report(run, formats, audited) if out is None else
                      write_audit(audited, out, settings, formats))


def print_verdicts(audited: Audited) -> None:
    """Print the verdicts on the whole network, the worst first, and how many stations and days stand out."""
    from quakescribe.cli import show
    from quakescribe.report.text import stations
    from quakescribe.report.verdicts import FIRST, MEND_FIRST, in_order, known_checks

    checks = known_checks(audited.audit)
    titles = {metric.name: metric.title for check in checks for metric in check.metrics}
    findings = in_order(audited.audit.findings, checks)
    network = findings[findings["scope"] == "network"]
    if ((network["check"] == FIRST) & (network["verdict"] == "bad")).any():
        show.say(MEND_FIRST.replace("this", "what the files themselves have wrong").replace("it.", "that."))
    print_findings(network, titles, "What to look at")
    for scope, group in findings[findings["scope"] != "network"].groupby("scope"):
        bad = group[group["verdict"] == "bad"]
        if len(bad):
            names = ", ".join(_titled(stations(str(row.key)), titles[str(row.metric)])
                              for row in bad.head(6).itertuples())
            show.say(f"bad {scope}s: {names}" + (f" and {len(bad) - 6} more" if len(bad) > 6 else ""))


def print_findings(findings: pd.DataFrame, titles: Mapping[str, str], title: str) -> None:
    """Print how many findings have each verdict, and what to do about those that are bad or to be watched.

    Parameters
    ----------
    findings
        Table FINDINGS, the worst first.
    titles
        Of the metrics, by their names.
    title
        Of the table.
    """
    from rich.markup import escape

    from quakescribe.cli import show
    from quakescribe.report.text import stations, stations_in
    from quakescribe.report.verdicts import LOOK, WORST_FIRST, values

    counts = findings["verdict"].value_counts()
    show.say("  ".join(f"{int(counts.get(verdict, 0))} {verdict}" for verdict in WORST_FIRST))
    rows = [(_coloured(row["verdict"]), escape(_titled(titles[row["metric"]], stations(str(row["key"])))),
             escape(values(row)[0]), escape(stations_in(f"{row['why']} {row['todo']}")))
            for row in findings[findings["verdict"].isin(LOOK)].to_dict("records")]
    if rows:
        show.table(title, ("verdict", "metric", "value", "why, and what to do"), rows)


def _titled(name: str, more: str) -> str:
    return f"{name} ({more})" if more else name


def _coloured(verdict: Any) -> str:
    return f"[{COLOURS[verdict]}]{verdict}[/]"
