"""The catalogues to compare, as they are given on the command line: runs, projects, files; each audited."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from quakescribe.compare.sides import Side
from quakescribe.errors import SettingsError
from quakescribe.run.audits import Audited, audit_files, audit_run, chosen_run, is_project, is_run, project_of
from quakescribe.settings.project import Settings


def sides_of(items: Sequence[str], settings: Settings, stations: Path | None = None, velocity: Path | None = None,
             reference: Path | None = None) -> list[Side]:
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

    Raises
    ------
    SettingsError, FormatError, WorkspaceError
        If something named is not there, or two have one name.
    """
    sides = [_side(item, settings, stations, velocity, reference) for item in items]
    names = [side.name for side in sides]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SettingsError(f"two catalogues are called {', '.join(repeated)}; give them names: NAME={items[0]}")
    return sides


def _side(item: str, settings: Settings, stations: Path | None, velocity: Path | None, reference: Path | None) -> Side:
    name, equals, what = item.partition("=")
    if not equals:
        name, what = "", item
    paths = [Path(one) for one in what.split(",") if one]
    if not paths:
        raise SettingsError(f"'{item}': expected [NAME=]RUN, [NAME=]PROJECT or [NAME=]FILE[,FILE...]")
    if len(paths) == 1 and (is_run(paths[0]) or is_project(paths[0])):
        run = chosen_run(paths[0])
        audited = audit_run(run, project_of(run), settings)
        return side_of(audited, name or run.name)
    audited = audit_files(paths, settings, stations, velocity, reference)
    return side_of(audited, name or paths[0].stem)


def side_of(audited: Audited, name: str) -> Side:
    """Return an audited catalogue as a side of a comparison."""
    return Side(name, audited.tables, audited.audit, audited.model, audited.null, audited.info)
