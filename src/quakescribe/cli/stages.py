"""Commands that do one stage on plain files, outside any project."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from quakescribe.run.plain import Tables

Stations = Annotated[Path, typer.Option("--stations", help="StationXML, CSV or PAL station file.")]
Velocity = Annotated[Path | None, typer.Option("--velocity", help="Layered model; none = a generic crust.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the tables, as Parquet and CSV.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="TOML with settings that differ from the defaults.")
]
Waveforms = Annotated[str, typer.Option("--waveforms", help="SDS archive, folder, file or quoted glob.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]


class Mode(StrEnum):
    """The ways to locate."""

    DEFAULT = "default"
    HYPOINVERSE = "hypoinverse"


def pick(
    waveforms: Waveforms,
    stations: Stations,
    out: Out,
    settings: SettingsFile = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="1 = in this process, 0 = one per core.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Waveforms -> picks."""
    from quakescribe.cli import show
    from quakescribe.run.plain import pick_files, settings_from

    chosen = settings_from(settings)
    if workers is not None:
        chosen = chosen.model_copy(update={"run": chosen.run.model_copy(update={"workers": workers})})
    if as_json:
        _write(pick_files(waveforms, stations, out, chosen), out, as_json)
        return
    with show.Bars() as bars:
        tables = pick_files(waveforms, stations, out, chosen, bars)
    _write(tables, out, as_json)


def associate(
    picks: Annotated[Path, typer.Option("--picks", help="Picks in any known format.")],
    stations: Stations,
    out: Out,
    velocity: Velocity = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Picks -> events and their arrivals."""
    from quakescribe.run.plain import associate_files, settings_from

    _write(associate_files(picks, stations, velocity, settings_from(settings)), out, as_json)


def locate(
    events: Annotated[Path, typer.Option("--events", help="Events in any known format.")],
    stations: Stations,
    out: Out,
    arrivals: Annotated[
        Path | None, typer.Option("--arrivals", help="Their arrivals; none = in the events' file.")
    ] = None,
    velocity: Velocity = None,
    mode: Annotated[Mode | None, typer.Option("--mode", help="How to locate; none = as the settings say.")] = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Events and arrivals -> origins with uncertainty."""
    from quakescribe.run.plain import locate_files, settings_from
    from quakescribe.settings import build
    from quakescribe.settings.locate import LocateSettings

    chosen = settings_from(settings)
    if mode is not None:
        section = build(LocateSettings, "locate", {**chosen.locate.model_dump(), "mode": mode.value})
        chosen = chosen.model_copy(update={"locate": section})
    _write(locate_files(events, arrivals, stations, velocity, chosen), out, as_json)


def measure(
    origins: Annotated[Path, typer.Option("--origins", help="Located events in any known format.")],
    stations: Stations,
    out: Out,
    arrivals: Annotated[
        Path | None, typer.Option("--arrivals", help="Their arrivals; none = in the same file.")
    ] = None,
    waveforms: Annotated[
        str | None, typer.Option("--waveforms", help="Recordings; none = only M_PAL from picks.")
    ] = None,
    velocity: Velocity = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Origins, arrivals and waveforms -> magnitudes."""
    from quakescribe.run.plain import measure_files, settings_from

    _write(measure_files(origins, arrivals, stations, waveforms, settings_from(settings), velocity), out, as_json)


def convert(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file (or folder of tables) in any known format.")],
    to: Annotated[str, typer.Option("--format", help="csv, quakeml, fdsn, geojson, pal, hypodd, hypoinverse, ...")],
    out: Annotated[Path, typer.Option("--out", help="File or folder to write.")],
    stations: Annotated[
        Path | None, typer.Option("--stations", help="Resolves station names, where the format needs it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rewrite a catalogue or picks in another format, and say what that format cannot hold."""
    from quakescribe.cli import show
    from quakescribe.exchange.formats import read_tables, write_tables
    from quakescribe.exchange.stations import read_stations

    places = dict(zip(("stations", "channels"), read_stations(stations), strict=True)) if stations is not None else {}
    tables = read_tables(source, places.get("stations"))
    losses = write_tables(out, to, {**places, **tables})
    rows = {name: len(frame) for name, frame in tables.items() if len(frame)}
    if as_json:
        show.as_json({"file": out, "format": to, "rows": rows, "losses": losses})
        return
    show.say(f"wrote {out}: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))
    for loss in losses:
        show.say(f"  not in this format: {loss}")


def _write(tables: Tables, out: Path, as_json: bool) -> None:
    from quakescribe.cli import show
    from quakescribe.run.plain import write_all
    from quakescribe.run.summary import skipped

    files = write_all(tables, out)
    counts = {name: len(frame) for name, frame in tables.items()}
    left_out = skipped(tables["skips"])
    if as_json:
        show.as_json({"rows": counts, "files": [str(path) for path in files], "skipped": left_out})
        return
    show.say(f"wrote {out}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
    for row in left_out:
        show.say(f"  left out by {row['stage']}: {row['count']:,} x {row['reason']}")
