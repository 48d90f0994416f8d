"""The catalogues to compare, as they are given on the command line: runs, projects, files; each audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from quakescribe.compare.sides import Side
from quakescribe.errors import SettingsError
from quakescribe.run.audits import Audited, audit_files, audit_run
from quakescribe.run.workspace import chosen_run, is_project, is_run, project_of
from quakescribe.settings.project import Settings


def sides_of(items: Sequence[str], settings: Settings, stations: Path | None = None, velocity: Path | None = None,
             reference: Path | None = None, depth_datum_km: Mapping[str, float] | None = None,
             for_runs: bool = True) -> list[Side]:
    """Return the catalogues that are named, audited.

    Parameters
    ----------
    items
        Each ``[NAME=]WHAT``: a run's folder, a project (its latest run), or one or more files separated by commas.
    settings
        Limits of the audit; how the picks of files are associated, for what associates by chance.
    stations, velocity, reference
        Of files; see :func:`quakescribe.run.audits.audit_files`. Runs are held against the run of the rule-based picker
        in their project.
    depth_datum_km
        By the name of a catalogue in files, or ``""`` for all of them: km above sea level from which depth is counted.
    for_runs
        Whether the limits hold for runs too; else those count that each was made with.

    Raises
    ------
    SettingsError, FormatError, WorkspaceError
        If something named is not there, two have one name, or a datum is given of what is no catalogue in files.
    """
    datum = dict(depth_datum_km or {})
    made = [_named(item) for item in items]
    in_files = {name for name, paths in made if not _is_run(paths)}
    vain = sorted(name for name in datum if name not in in_files and (name or not in_files))
    if vain:
        raise SettingsError(f"a depth datum is for catalogues in files, of which there are {len(in_files)}"
                            f"{': ' if in_files else ''}{', '.join(sorted(in_files))}; "
                            f"not for {', '.join(vain) or 'runs'}")
    sides = [side_of(_audited(paths, settings if for_runs else None), name) if _is_run(paths) else
             side_of(audit_files(paths, settings, stations, velocity, reference,
                                 depth_datum_km=datum.get(name, datum.get("", 0.0))), name) for name, paths in made]
    names = [side.name for side in sides]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SettingsError(f"two catalogues are called {', '.join(repeated)}; give them names: NAME={items[0]}")
    return sides


def _named(item: str) -> tuple[str, list[Path]]:
    """Return the name and the paths of ``[NAME=]WHAT``."""
    name, equals, what = item.partition("=")
    if not equals:
        name, what = "", item
    paths = [Path(one) for one in what.split(",") if one]
    if not paths:
        raise SettingsError(f"'{item}': expected [NAME=]RUN, [NAME=]PROJECT or [NAME=]FILE[,FILE...]")
    return name or (chosen_run(paths[0]).name if _is_run(paths) else paths[0].stem), paths


def _is_run(paths: Sequence[Path]) -> bool:
    return len(paths) == 1 and (is_run(paths[0]) or is_project(paths[0]))


def _audited(paths: Sequence[Path], settings: Settings | None) -> Audited:
    run = chosen_run(paths[0])
    return audit_run(run, project_of(run), settings)


def side_of(audited: Audited, name: str) -> Side:
    """Return an audited catalogue as a side of a comparison."""
    return Side(name, audited.tables, audited.audit, audited.model, audited.null, audited.info)
