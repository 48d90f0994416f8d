"""Audit a run, or a stranger's catalogue: bring together what the checks need, and put all questions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from quakescribe.audit import Audit, audit, make_case
from quakescribe.audit.case import NULL_COLUMNS
from quakescribe.earth.velocity import VelocityModel, read_velocity
from quakescribe.errors import FormatError, QuakescribeError, SettingsError
from quakescribe.run.chance import nulls
from quakescribe.run.foreign import complete
from quakescribe.run.inputs import model_of, with_locations
from quakescribe.run.stage import code_digest, fingerprint, part
from quakescribe.run.workspace import SETTINGS, Run, write_text
from quakescribe.settings.project import Settings, load
from quakescribe.tables import FINDINGS, PICKS, SKIPS, STATIONS, TABLES, store

Tables = dict[str, pd.DataFrame]
RULES = "pal"
"""The picker that others are held against, because it knows nothing of any training."""


class Audited(NamedTuple):
    """What was audited and what was found.

    Attributes
    ----------
    tables
        By name; with ``findings``.
    info
        For the head of a report.
    audit
        What was found.
    model
        The velocity model.
    null
        What associates by chance, see :class:`quakescribe.audit.Case`.
    """

    tables: Tables
    info: dict[str, Any]
    audit: Audit
    model: VelocityModel
    null: pd.DataFrame


def audit_run(run: Run, folder: Path, settings: Settings | None = None, reference: Run | None = None,
              relocated: pd.DataFrame | None = None) -> Audited:
    """Audit a run and keep what was found with it.

    Parameters
    ----------
    run
        Of a project.
    folder
        The project's.
    settings
        Whose limits count; none = as the run was made.
    reference
        A run of the rule-based picker over the same recordings; none = the project's latest one, if there is one.
    relocated
        Table ORIGINS of the relocated catalogue, by the run's event ids.

    Raises
    ------
    WorkspaceError, SettingsError
        If there is no such run.
    """
    made = load(run.folder / SETTINGS)
    limits = (settings or made).audit
    tables = {name: run.table(name) for name in TABLES if name != "findings"}
    provenance = run.provenance()
    model = model_of(made, folder)
    reference = reference or reference_of(run, folder)
    span = tuple(pd.Timestamp(one) for one in provenance.get("inputs", {}).get("span", ())) or None
    null = _kept_null(run, tables, model, made.model_copy(update={"audit": limits}))
    case = make_case(
        tables, limits, model, {"span": span}, null=null, coverage=tables["coverage"],
        reference=PICKS.empty() if reference is None else reference.table("picks"),
        **({} if relocated is None else {"relocated": relocated}))
    found = audit(case)
    path, note = part(run.folder / "audit", "findings", "all"), fingerprint(found.findings)
    if store.read_note(path) != note:
        store.write(found.findings, FINDINGS, path, note)
    tables["findings"] = found.findings
    info: dict[str, Any] = {"reference": reference.name if reference else "", "span": span}
    return Audited(tables, info, found, model, null)


def reference_of(run: Run, folder: Path) -> Run | None:
    """Return the project's latest other run of the rule-based picker over the same recordings; None without one."""
    mine = run.provenance()
    others = []
    for path in (folder / "runs").glob("*/provenance.json"):
        other = Run(path.parent)
        said = other.provenance()
        same = all(_input(said, name) == _input(mine, name) for name in ("waveforms", "span"))
        if other.name != run.name and said.get("picker", {}).get("name") == RULES and same:
            others.append((path.stat().st_mtime_ns, other.name, other))
    if mine.get("picker", {}).get("name") == RULES or not others:
        return None
    return max(others)[2]


def _input(provenance: Mapping[str, Any], name: str) -> Any:
    return provenance.get("inputs", {}).get(name)


def _kept_null(run: Run, tables: Tables, model: VelocityModel, settings: Settings) -> pd.DataFrame:
    """Return what associates by chance, from the run's folder if it was counted of the same picks."""
    picks, path, wanted = tables["picks"], run.folder / "audit" / "null.json", settings.audit.picks
    made_of = fingerprint(code_digest("associate", "earth", "kernels"), picks, settings.associate, tables["stations"],
                          model.top_km, model.vp, model.vs, wanted.null_repeats, wanted.null_most_picks,
                          settings.audit.seed, NULL_COLUMNS)
    if path.exists():
        kept = json.loads(path.read_text())
        if kept.get("made_of") == made_of:
            return pd.DataFrame(kept["rows"], columns=kept["columns"], dtype=float)
    found = _null(picks, tables["stations"], model, settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps({"made_of": made_of, "columns": list(found), "rows": found.to_numpy().tolist()}) + "\n")
    return found


def _null(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel, settings: Settings) -> pd.DataFrame:
    rules = settings.audit.picks
    repeats = rules.null_repeats if len(picks) and len(stations) else 0
    start, end = (pd.Timestamp(one) for one in ((picks["time"].min(), picks["time"].max()) if repeats else (0, 1)))
    return nulls(picks, stations, model, settings.associate, start, end, repeats, settings.audit.seed,
                 rules.null_most_picks)


def audit_files(sources: Sequence[Path], settings: Settings, stations: Path | None = None,
                velocity: Path | None = None, reference: Path | None = None, relocated: Path | None = None,
                depth_datum_km: float = 0.0, picks: Path | None = None) -> Audited:
    """Audit a catalogue, and picks, in files of any known format.

    Parameters
    ----------
    sources
        Files or folders of tables, together: picks of all of them, of everything else what the first holds that has it.
    settings
        Limits of the verdicts; how picks are associated, for what associates by chance.
    stations, velocity
        As everywhere; without stations much cannot be told, without a velocity a generic crust serves.
    reference
        Picks of a rule-based picker over the same recordings.
    relocated
        The relocated catalogue, by the same event ids.
    depth_datum_km
        See :func:`quakescribe.exchange.formats.read_tables`; of the relocated catalogue too.
    picks
        All picks, also those in no event.

    Raises
    ------
    FormatError, TableError
        If a file cannot be read at all, lacks what it is given for, or if two hold a catalogue.
    """
    tables, known = _read(sources, picks, stations, depth_datum_km)
    if not any(len(tables.get(name, ())) for name in ("origins", "events", "picks", "arrivals")):
        held = ", ".join(sorted(name for name, frame in tables.items() if len(frame))) or "nothing"
        raise FormatError(f"{', '.join(map(str, sources))}: {held}, but neither events nor picks to audit")
    model = read_velocity(velocity, settings.velocity)
    given = bool(len(tables.get("arrivals", ())))
    tables, said, computed = complete(tables, model)
    if velocity is None:
        said.insert(0, "No velocity model was given: a generic crust served, so residuals tell little.")
    limits, every = settings.audit, tables.get("picks", PICKS.empty())
    heard = every[every["station_id"].isin(set(known["station_id"]))].reset_index(drop=True)
    try:
        null = _null(heard, known, model, settings)
    except QuakescribeError as error:
        said.append(f"What associates by chance could not be counted: {str(error).splitlines()[0]}.")
        null = _null(PICKS.empty(), known, model, settings)
    case = make_case(
        tables, limits, model, {}, null=null,
        assumed=frozenset({"velocity", *computed}) if velocity is None else frozenset(),
        reference=_one(reference, known, "picks") if reference else PICKS.empty(),
        **({"relocated": _one(relocated, known, "origins", depth_datum_km)} if relocated else {}))
    found = audit(case)
    tables["findings"] = found.findings
    info = {"name": Path(sources[0]).stem, "filled_in": said, "arrivals_given": given,
            "velocity": {"name": model.name, "layers": list(
                zip(model.top_km.tolist(), model.vp.tolist(), model.vs.tolist(), strict=True))}}
    return Audited(tables, info, found, model, null)


def _one(path: Path, stations: pd.DataFrame, name: str, depth_datum_km: float = 0.0) -> pd.DataFrame:
    from quakescribe.exchange.formats import read_tables

    found = read_tables(path, stations if len(stations) else None, depth_datum_km, lenient=True)
    if name not in found:
        raise _lacks(path, found, name)
    return found[name]


def _lacks(path: Path, found: Tables, name: str) -> FormatError:
    held = ", ".join(sorted(key for key, frame in found.items() if len(frame) and key != "skips")) or "nothing"
    return FormatError(f"{path}: holds {held}, but no {name}")


def _read(sources: Sequence[Path], picks: Path | None, stations: Path | None, depth_datum_km: float
          ) -> tuple[Tables, pd.DataFrame]:
    """Return the tables of all sources, read leniently, and the stations."""
    from quakescribe.exchange.formats import read_tables
    from quakescribe.exchange.stations import read_stations

    if not sources:
        raise SettingsError("nothing to audit: name a project, a run, or files")
    places = read_stations(stations)[0] if stations is not None else STATIONS.empty()
    tables: Tables = {}
    skips = []
    for path in (*sources, *([picks] if picks is not None else [])):
        found = read_tables(path, places if len(places) else None, depth_datum_km, lenient=True)
        skips.append(found.pop("skips", SKIPS.empty()))
        if len(found.get("origins", ())) and len(tables.get("origins", ())):
            raise FormatError(f"{path}: holds a catalogue, and so does a file before it; an audit is of one, "
                              "'quakescribe compare' takes several")
        if path == picks and not len(found.get("picks", ())):
            raise _lacks(path, found, "picks")
        for name, frame in found.items():
            if name not in tables or (tables[name].empty and len(frame)):
                tables[name] = frame
            elif name == "picks":
                tables[name] = _all_picks(tables[name], frame)
    if places.empty:
        places = tables.get("stations", places)
    heard = {name for key in ("picks", "arrivals") if key in tables for name in tables[key]["station_id"]}
    places = with_locations(places, sorted(heard))
    tables |= {"stations": places, "skips": SKIPS.order(store.concat(skips, SKIPS))}
    return _linked(tables), places


def _all_picks(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return the picks of two files, those of the longer one first where both hold one."""
    both = sorted((one, other), key=len, reverse=True)
    return PICKS.order(pd.concat(both, ignore_index=True).drop_duplicates("pick_id"))


def _linked(tables: Tables) -> Tables:
    """Return the tables with the arrivals and magnitudes of events that are there."""
    ids = {one for name in ("origins", "events") if name in tables for one in tables[name]["event_id"]}
    out = dict(tables)
    for name in ("arrivals", "magnitudes"):
        if name in out and ids:
            out[name] = out[name][out[name]["event_id"].isin(ids)].reset_index(drop=True)
    return out
