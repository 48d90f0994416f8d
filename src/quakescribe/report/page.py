"""The report of a run: one HTML file that needs nothing else, neither network nor folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.report import lists, notes, style
from quakescribe.report.activity import activity
from quakescribe.report.association import association
from quakescribe.report.fits import fits
from quakescribe.report.maps import maps
from quakescribe.report.panel import Section
from quakescribe.report.picking import picking
from quakescribe.report.quality import quality
from quakescribe.report.scored import scored
from quakescribe.report.sizes import sizes
from quakescribe.report.text import count, duration, moment, share, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts, gather


def write(
    tables: Mapping[str, pd.DataFrame],
    info: Mapping[str, Any],
    path: Path | str,
    settings: ReportSettings | None = None,
) -> Path:
    """Write the report and return its path. The same tables, info and settings give the same bytes.

    Parameters
    ----------
    tables
        By the names of ``quakescribe.tables.TABLES``; any may be absent or empty.
    info
        All optional: ``name``, ``created``, ``version`` (texts), ``packages`` (name -> version), ``settings_toml``,
        ``settings_digest`` (texts), ``velocity`` (dict of ``name`` and ``layers``: rows of top, P and S velocity),
        ``span`` (first and last time), ``timing`` (stage -> seconds), ``score`` (table of the simulator).
    path
        The file to write; its folder is made. Written under another name first, then renamed.
    settings
        What the report shows.

    Raises
    ------
    TableError
        When a table breaks its contract.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
    from plotly.offline import get_plotlyjs

    facts = gather(tables, info)
    environment = Environment(
        loader=PackageLoader("quakescribe.report", "."),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html", "j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = Path(__file__).parent
    html = environment.get_template("page.html.j2").render(
        name=str(info.get("name") or "run"),
        head=_head(facts, info),
        tiles=_tiles(facts),
        sections=_sections(facts, info, settings or ReportSettings()),
        settings_toml=str(info.get("settings_toml") or ""),
        notes=notes.NOTES,
        references=notes.REFERENCES,
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


def _json(tree: Any) -> str:
    """Return JSON that can stand inside a script element."""
    return json.dumps(tree, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def _sections(facts: Facts, info: Mapping[str, Any], settings: ReportSettings) -> list[Section]:
    return [
        Section(
            "overview",
            "Overview",
            "What was found, where and when.",
            [*maps(facts, settings), *activity(facts, settings)],
        ),
        Section("pick", "Pick", "Onsets found in the recordings.", picking(facts)),
        Section(
            "associate",
            "Associate",
            "Which picks belong to one event, and which to none.",
            association(facts, settings),
        ),
        Section(
            "locate",
            "Locate",
            "How well the events are known, and how well the arrivals fit.",
            [*quality(facts), *fits(facts, settings)],
        ),
        Section("measure", "Measure", "How large the events are.", sizes(facts, settings)),
        *([Section("truth", "Truth", "The recordings are simulated, so the whole truth is known.", panels)]
          if (panels := scored(info)) else []),
        Section("events", "Events", "", lists.largest_events(facts, settings)),
        Section(
            "left-out",
            "Left out",
            "Data that could not be used, and why. Nothing is left out silently.",
            lists.left_out(facts),
        ),
        Section(
            "run",
            "Run",
            "How this report came about.",
            [*lists.timing(info), *lists.velocity(info), *lists.packages(info)],
        ),
    ]


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
        ("Made by", ", ".join(_makers(facts))),
        ("Version", str(info.get("version") or "")),
        ("Settings", str(info.get("settings_digest") or _digest(toml))[:12]),
        ("Written", str(info.get("created") or "")),
    ]
    return [(label, shown) for label, shown in rows if shown]


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest() if text else ""


def _makers(facts: Facts) -> list[str]:
    """Return which picker and locator made the tables."""
    pickers = sorted(facts.picks["picker"].dropna().unique())
    methods = sorted(facts.located["method"].dropna().unique())
    return [f"picker {name}" for name in pickers] + [f"locator {name}" for name in methods]


def _tiles(facts: Facts) -> list[tuple[str, str, str]]:
    """Return the figures at the top: number, what it is, and what to know about it."""
    picks, events, located = facts.picks, facts.catalogue, facts.located
    heard = picks["station_id"].nunique()
    kept = int((picks["event_id"] > 0).sum())
    p = int((picks["phase"] == "P").sum())
    well = int(located["well_located"].sum())
    known = events["magnitude"].dropna()
    erh, erz = (located.loc[located[name] < 99, name].median() for name in ("erh_km", "erz_km"))
    return [
        (count(len(events)), "events" if len(events) != 1 else "event", f"{count(len(located))} located"),
        (share(well, len(located)), "well located", f"{count(well)} of {count(len(located))}"),
        (
            f"{known.min():.1f} to {known.max():.1f}" if len(known) else "-",
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
        (count(facts.skips["reason"].nunique()), "reasons to leave data out", "see Left out"),
    ]
