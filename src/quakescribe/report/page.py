"""The page: one HTML file that needs nothing else, neither network nor folder; and the report of a catalogue on it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from quakescribe.report import (
    audit_locations,
    audit_magnitudes,
    audit_picks,
    audit_rates,
    audit_seismicity,
    lists,
    notes,
    style,
)
from quakescribe.report.activity import activity
from quakescribe.report.association import association
from quakescribe.report.downloads import Download, downloads
from quakescribe.report.fits import fits
from quakescribe.report.maps import maps
from quakescribe.report.panel import Panel, Section, nothing
from quakescribe.report.picking import picking
from quakescribe.report.quality import UNRESOLVED, judged, quality
from quakescribe.report.scored import scored
from quakescribe.report.sizes import sizes
from quakescribe.report.text import count, duration, moment, share, value
from quakescribe.report.verdicts import known_checks, told, verdicts
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts, gather

if TYPE_CHECKING:
    from quakescribe.audit import Audit, Check

_SPANS = {"full": 12, "wide": 7, "half": 6, "narrow": 5, "third": 4}  # columns of twelve, as in page.css
_FLAT = 0.28  # least height over width of a figure as wide as the page

INTROS = {
    "overview": ("Overview", "What was found, where and when."),
    "pick": ("Pick", "Onsets found in the recordings."),
    "associate": ("Associate", "Which picks belong to one event, and which to none."),
    "locate": ("Locate", "How well the events are known, and how well the arrivals fit."),
    "measure": ("Measure", "How large the events are."),
    "catalogue": ("Catalogue", "What the events are together: clusters, rates, and what may not be an earthquake."),
}


def write(
    tables: Mapping[str, pd.DataFrame],
    info: Mapping[str, Any],
    path: Path | str,
    settings: ReportSettings | None = None,
    audit: Audit | None = None,
    checks: Sequence[Check] | None = None,
) -> Path:
    """Write the report of a catalogue and return its path. The same input gives the same bytes.

    Parameters
    ----------
    tables
        By the names of ``quakescribe.tables.TABLES``; any may be absent or empty.
    info
        All optional: ``name``, ``created``, ``version`` (texts), ``packages`` (name -> version), ``settings_toml``,
        ``settings_digest`` (texts), ``velocity`` (dict of ``name`` and ``layers``: rows of top, P and S velocity),
        ``span`` (first and last time), ``timing`` (stage -> seconds), ``score`` (table of the simulator), ``tables``
        (text: where the tables lie), ``reference`` (the run of the rule-based picker that it is held against),
        ``filled_in`` (sentences: what was not given and computed), ``examples`` (recordings about picks without event,
        from :mod:`quakescribe.run.examples`).
    path
        The file to write; its folder is made. Written under another name first, then renamed.
    settings
        What the report shows.
    audit
        What was found about the catalogue; without it there are no verdicts.
    checks
        That the audit was made with; none = all that there are.

    Raises
    ------
    TableError
        When a table breaks its contract.
    """
    settings = settings or ReportSettings()
    facts = gather(tables, info)
    made = [] if audit is None else known_checks(audit, checks)
    return render(
        path,
        name=str(info.get("name") or "run"),
        kicker="quakescribe report",
        head=_head(facts, info),
        tiles=_tiles(facts),
        sections=sections(facts, info, settings, audit, checks),
        notes=notes.NOTES,
        references=[*notes.REFERENCES, *(one for check in made for one in check.references)],
        downloads=downloads(tables, facts, info, settings, audit),
    )


def render(
    path: Path | str,
    *,
    name: str,
    kicker: str,
    head: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    tiles: Sequence[tuple[str, str, str]] = (),
    notes: Sequence[tuple[str, str]] = (),
    references: Iterable[str] = (),
    downloads: Sequence[Download] = (),
    warnings: Sequence[str] = (),
) -> Path:
    """Write a page of sections and return its path. The same input gives the same bytes.

    Parameters
    ----------
    path
        The file to write; its folder is made. Written under another name first, then renamed.
    name, kicker
        The title, and what kind of page it is.
    head
        Label and text of the facts under the title.
    sections
        In order; the keys of all sections and panels differ.
    tiles
        Large numbers at the top: number, what it is, what to know about it.
    notes
        Word and meaning.
    references
        Full citations in any order; the same work cited twice is listed once.
    downloads
        Tables to take along.
    warnings
        Sentences that must be read before any number.

    Raises
    ------
    ValueError
        When two sections or panels have the same key.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
    from plotly.offline import get_plotlyjs

    _check_keys(sections)
    environment = Environment(
        loader=PackageLoader("quakescribe.report", "."),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html", "j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = Path(__file__).parent
    html = environment.get_template("page.html.j2").render(
        name=name,
        kicker=kicker,
        head=head,
        tiles=tiles,
        sections=[arranged(section) for section in sections],
        warnings=warnings,
        notes=notes,
        references=bibliography(references),
        downloads=downloads,
        palette=style.PALETTE,
        font=style.FONT,
        to_dark=_json(style.LIGHT_TO_DARK),
        as_json=_json,
        css=(folder / "page.css").read_text(encoding="utf-8"),
        script=(folder / "page.js").read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
    )
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    half_written = target.with_name(f".{target.name}.{os.getpid()}")
    half_written.write_text(html, encoding="utf-8", newline="\n")
    half_written.replace(target)
    return target


def _check_keys(sections: Sequence[Section]) -> None:
    """Refuse a page on which two things have the same address."""
    keys = [key for section in sections for key in (section.key, *(panel.key for panel in section.panels))]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"sections or panels with the same key: {', '.join(twice)}")


def arranged(section: Section) -> Section:
    """Return a section with missing figures set apart, and figures that stand alone in a row as wide as the page."""
    shown = [panel for panel in section.panels if not panel.missing]
    missing = tuple(panel for panel in section.panels if panel.missing)
    return dataclasses.replace(section, panels=_grown(shown), missing=missing)


def _grown(panels: Sequence[Panel]) -> list[Panel]:
    """Return panels, those alone in a row as wide as the page; a dense grid of twelve columns gives them places."""
    taken: list[list[bool]] = []
    rows = []
    for panel in panels:
        span, high = _SPANS[panel.size], max(1, panel.rows)
        for row in range(len(taken) + 1):
            taken += [[False] * 12 for _ in range(row + high - len(taken))]
            free = [at for at in range(13 - span) if not any(any(one[at:at + span]) for one in taken[row:row + high])]
            if free:
                for one in taken[row:row + high]:
                    one[free[0]:free[0] + span] = [True] * span
                rows.append(row)
                break
    return [dataclasses.replace(panel, size="full", rows=1, aspect=max(_FLAT, panel.aspect * _SPANS[panel.size] / 12))
            if all(sum(one) == _SPANS[panel.size] < 12 for one in taken[row:row + max(1, panel.rows)]) else panel
            for panel, row in zip(panels, rows, strict=True)]


def bibliography(references: Iterable[str]) -> list[str]:
    """Return every work once, by author; of several ways to cite one the longest. A work: author, year, first words."""
    works: dict[tuple[str, ...], str] = {}
    for one in sorted(set(references), key=lambda text: (-len(text), text)):
        year = re.search(r"\(?(\d{4})[a-z]?\)?", one)
        title = re.findall(r"\w+", one[year.end():].casefold())[:2] if year else re.findall(r"\w+", one.casefold())
        author = (re.findall(r"\w+", one.casefold()) or [""])[0]
        works.setdefault((author, year.group(1) if year else "", *title), one)
    return sorted(works.values(), key=str.casefold)


def _json(tree: Any) -> str:
    """Return JSON that can stand inside a script element."""
    return json.dumps(tree, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def sections(facts: Facts, info: Mapping[str, Any], settings: ReportSettings, audit: Audit | None = None,
             checks: Sequence[Check] | None = None) -> list[Section]:
    """Return the sections of a catalogue's report, the verdicts first."""
    made = [] if audit is None else known_checks(audit, checks)
    more = {} if audit is None else audit_panels(audit, facts, settings, info.get("examples") or ())
    own = {
        "overview": [*maps(facts, settings), *activity(facts, settings)],
        "pick": picking(facts),
        "associate": association(facts, settings),
        "locate": [*quality(facts), *fits(facts, settings)],
        "measure": sizes(facts, settings),
        "catalogue": [],
    }
    stages = [Section(key, *INTROS[key], [*own[key], *more.get(key, [])], told=told(made, key)) for key in own]
    truth = scored(info)
    return [
        *([] if audit is None else [verdicts(audit, checks)]),
        *(one for one in stages if one.panels or one.told),
        *([Section("truth", "Truth", "The recordings are simulated, so the whole truth is known.", truth)]
          if truth else []),
        Section("events", "Events", "", lists.largest_events(facts, settings)),
        Section("left-out", "Left out", "Data that could not be used, and why. Nothing is left out silently.",
                lists.left_out(facts)),
        Section("run", "Run", "How this report came about.",
                [*lists.timing(info), *lists.velocity(info), *lists.packages(info), _settings(info)]),
    ]


def audit_panels(audit: Audit, facts: Facts, settings: ReportSettings,
                 examples: Sequence[Any] = ()) -> dict[str, list[Panel]]:
    """Return the figures of the audit by the section that they belong to; examples are recordings about picks."""
    out: dict[str, list[Panel]] = {}
    parts = (audit_picks.panels(audit, facts, settings, examples),
             *(part.panels(audit, facts, settings) for part in (
                 audit_locations, audit_magnitudes, audit_seismicity, audit_rates)))
    for part in parts:
        for key, panels in part.items():
            out.setdefault(key, []).extend(panels)
    return out


def _settings(info: Mapping[str, Any]) -> Panel:
    toml = str(info.get("settings_toml") or "")
    if not toml:
        return nothing("settings", "Settings as used", "the settings were not given", "full")
    return Panel("settings", "Settings as used", "", size="full", folded=True, listing=toml)


def _head(facts: Facts, info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts of the run under its title: label and text."""
    span = facts.span
    toml = str(info.get("settings_toml") or "")
    rows = [
        (
            "Time span",
            f"{moment(span[0])} to {moment(span[1])} UTC ({duration((span[1] - span[0]).total_seconds())})"
            if span
            else "",
        ),
        ("Velocity model", str((info.get("velocity") or {}).get("name", ""))),
        ("Made by", "; ".join(_makers(facts))),
        ("Version", str(info.get("version") or "")),
        ("Settings", str(info.get("settings_digest") or _digest(toml))[:12]),
        ("Written", str(info.get("created") or "")),
        ("Held against the picks of", str(info.get("reference") or "")),
        ("Filled in", " ".join(info.get("filled_in") or ())),
    ]
    return [(label, shown) for label, shown in rows if shown]


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest() if text else ""


def _makers(facts: Facts) -> list[str]:
    """Return which picker and locator made the tables, or which formats of files they were read from."""
    from quakescribe.exchange.formats import FORMATS

    pickers = sorted(facts.picks["picker"].dropna().unique())
    methods = sorted(facts.located["method"].dropna().unique())
    formats = {one: [part for part in str(one).split("/") if part] for one in (*pickers, *methods)}
    read = {one for one, parts in formats.items() if parts and all(part in FORMATS and part != "pal" for part in parts)}
    out = [f"picker {name}" for name in pickers if name not in read]
    out += [f"locator {name}" for name in methods if name not in read]
    kinds = list(dict.fromkeys(part for one in sorted(read) for part in formats[one]))
    return [*out, *([f"read from {', '.join(kinds)}"] if kinds else [])]


def _tiles(facts: Facts) -> list[tuple[str, str, str]]:
    """Return the figures at the top: number, what it is, and what to know about it."""
    picks, events, located = facts.picks, facts.catalogue, facts.located
    heard = picks["station_id"].nunique()
    kept = int((picks["event_id"] > 0).sum())
    p = int((picks["phase"] == "P").sum())
    well = int(located["well_located"].sum())
    known, reasons = events["magnitude"].dropna(), int(facts.skips["reason"].nunique())
    erh, erz = (located.loc[located[name] < UNRESOLVED, name].median() for name in ("erh_km", "erz_km"))
    return [
        (count(len(events)), "events" if len(events) != 1 else "event", f"{count(len(located))} located"),
        (share(well, len(located)), "well located", f"{count(well)} of {count(len(located))}")
        if located.empty or judged(located) else ("not told", "well located", "no location has an error"),
        (
            f"{value(known.min(), 1)} to {value(known.max(), 1)}" if len(known) else "-",
            f"magnitude {facts.kind}".strip(),
            f"{count(len(known), 'event')} measured",
        ),
        (
            f"{value(erh, 1)} / {value(erz, 1)}" if np.isfinite(erh) else "-",
            "km, median ERH / ERZ",
            "one standard error",
        ),
        (count(len(picks)), "picks", f"{count(p)} P, {count(len(picks) - p)} S"),
        (share(kept, len(picks)), "of the picks associated", f"{count(kept)} of {count(len(picks))}"),
        (count(heard), "stations with picks", f"of {count(max(len(facts.stations), heard))}"),
        *([(count(reasons), "reason to leave data out" if reasons == 1 else "reasons to leave data out",
            "see Left out")] if reasons else []),
    ]
