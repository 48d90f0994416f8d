"""The command that compares: finished catalogues of the same data, or pickers and trainings in an experiment."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from quakescribe.cli.project import Json, Set

SHOWN = {"arm": "arm", "threshold": "thr.", "picks": "picks", "corrected_picks": "in events", "corrected_rate": "rate",
         "events": "events", "well_located_share": "well loc.", "true_recall": "true recall",
         "true_precision": "true prec.", "front": "front"}
"""The columns of the table of an experiment, with headings that fit 80 characters; the files have all."""

SIDES = {"stations": "stations", "picks": "picks", "associated": "picks in events",
         "association_rate": "association rate", "chance_share": "of these by chance", "events": "events",
         "located": "located", "well_located": "well located", "with_magnitude": "with a magnitude"}
"""The numbers of the sides, a line each."""


def compare(
    items: Annotated[list[str], typer.Argument(
        metavar="WHAT...", help="Two or more of [NAME=]RUN, [NAME=]PROJECT, [NAME=]FILE[,FILE...]; or a project and an "
        "EXPERIMENT.toml that says what to train and to pick.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for report and tables of finished catalogues.")] = Path(
        "comparison"),
    stations: Annotated[Path | None, typer.Option("--stations", help="With files: StationXML, CSV or PAL.")] = None,
    velocity: Annotated[Path | None, typer.Option("--velocity", help="With files: layered model; none = a generic "
                                                  "crust.")] = None,
    reference: Annotated[Path | None, typer.Option(
        "--reference", help="With files: picks of a rule-based picker.")] = None,
    depth_datum: Annotated[list[str] | None, typer.Option(
        "--depth-datum", metavar="[NAME=]KM", help="With files: km above sea level from which they count depth; "
        "repeatable, of the catalogue NAME or of all.")] = None,
    settings_file: Annotated[Path | None, typer.Option(
        "--settings", help="TOML with settings, among them those of comparison.")] = None,
    figures: Annotated[bool, typer.Option("--figures", help="Write the figures for print too.")] = False,
    changes: Set = None,
    as_json: Json = False,
) -> None:
    """Put catalogues of the same data side by side: matched events, picks, verdicts, and which is better at what."""
    if len(items) == 2 and items[1].endswith(".toml"):
        _experiment(Path(items[0]), Path(items[1]), as_json)
        return
    from quakescribe.cli import show
    from quakescribe.cli.audited import print_findings
    from quakescribe.compare.given import sides_of
    from quakescribe.compare.page import worst_first, write_comparison
    from quakescribe.compare.side_by_side import METRICS, compare_sides
    from quakescribe.run.plain import settings_from
    from quakescribe.settings.project import override

    settings = override(settings_from(settings_file), changes or ())
    sides = sides_of(items, settings, stations, velocity, reference, _datums(depth_datum or ()),
                     for_runs=settings_file is not None or bool(changes))
    found = compare_sides(sides, settings.comparison)
    report = write_comparison(found, sides, out, settings, figures)
    if as_json:
        show.as_json({"report": str(report), "sides": found.tables["sides"].to_dict("records"),
                      "findings": found.findings.to_dict("records")})
        return
    for warning in found.common.warnings:
        show.say(f"note: {warning}")
    table = found.tables["sides"]
    show.table("Side by side", ("", *table["side"]),
               ((words, *map(_cell, table[name].astype(object))) for name, words in SIDES.items()))
    shared = found.tables["events"]
    shared = shared[(shared["n_first"] > 0) & (shared["n_second"] > 0)]
    if len(shared):
        show.table("Shared events, without chance", ("first", "second", "of the first", "of the second"),
                   ((row["first"], row["second"], *(_cell(row["without_chance"] / row[name]) for name in (
                       "n_first", "n_second"))) for row in shared.to_dict("records")))
    ranks = found.tables["ranks"].dropna(subset=["value", "p_best"])
    if len(ranks):
        show.table("Which is better at what, and how surely", ("rule", "catalogue", "value", "best in"),
                   ((row["title"], row["side"], _cell(row["value"]), f"{row['p_best']:.0%}")
                    for row in ranks.to_dict("records")))
    print_findings(worst_first(found.findings), {metric.name: metric.title for metric in METRICS}, "How they differ")
    show.say(f"report: {report}")
    if figures:
        show.say(f"figures: {out / 'figures'}")


def _datums(given: Iterable[str]) -> dict[str, float]:
    """Return the depth data by the name of a catalogue, ``""`` for all.

    Raises
    ------
    SettingsError
        If one is no number.
    """
    from quakescribe.errors import SettingsError

    out = {}
    for one in given:
        name, _, km = one.rpartition("=")
        try:
            out[name] = float(km)
        except ValueError:
            raise SettingsError(f"--depth-datum {one}: expected [NAME=]KM, e.g. 1.2 or theirs=1.2") from None
    return out


def _experiment(folder: Path, experiment: Path, as_json: bool) -> None:
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
    import pandas as pd

    if str(value) in ("True", "False"):
        return "yes" if value else ""
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
