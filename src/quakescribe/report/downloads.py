"""Tables to take along: small ones lie inside the page, compressed; of large ones the page says where they are."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from quakescribe.exchange.tabular import CATALOGUE
from quakescribe.settings.report import ReportSettings
from quakescribe.tables import FINDINGS
from quakescribe.tables.facts import Facts

if TYPE_CHECKING:
    from quakescribe.audit import Audit

_LEAST_BYTES = 1.0  # of a value in the page at the very least: what must be larger than its room is not even compressed
_SIGNIFICANT = "%.9g"
_PLACE, _OTHER = 5, 4  # decimals in the catalogue: 1 m, and 0.1 m, 0.1 ms
_AUDIT_SHARE = 0.1  # of the whole room, that one table of the audit may take at most
_ELSEWHERE = "in the tables of the run; 'quakescribe export' writes them as CSV"


@dataclass(frozen=True)
class Download:
    """One table.

    Attributes
    ----------
    name
        Of the file.
    what
        What it holds, in a few words.
    rows
        How many.
    packed
        The CSV, gzip-compressed, as base64; empty where the table is too large for the page.
    where
        Where it lies otherwise; empty where it is in the page.
    """

    name: str
    what: str
    rows: int
    packed: str = ""
    where: str = ""


def downloads(tables: Mapping[str, pd.DataFrame], facts: Facts, info: Mapping[str, Any], settings: ReportSettings,
              audit: Audit | None = None) -> tuple[Download, ...]:
    """Return what the page offers: findings, catalogue, stations and the audit's tables, then those that lie elsewhere.

    Parameters
    ----------
    tables
        As the page was given them; for the findings without an audit, and for what lies elsewhere.
    facts
        The same, joined.
    info
        ``tables`` (text): where the tables lie.
    settings
        ``embed_most_mb`` bounds all tables together; a table that does not fit into what is left is named only.
    audit
        Its findings and tables.
    """
    where = str(info.get("tables") or "")
    whole, out = settings.embed_most_mb * 1e6, []
    left = whole
    for name, what, frame, share in _offered(tables, facts, audit):
        if frame is None or frame.empty:
            continue
        elsewhere = where or (_ELSEWHERE if share == 1.0 else "too large")
        one = embedded(f"{name}.csv", what, frame, min(left, share * whole), elsewhere)
        left -= len(one.packed)
        out.append(one)
    out += [Download(f"{name}.csv", "as the stages wrote them", len(tables[name]), "", where or _ELSEWHERE)
            for name in ("picks", "arrivals", "magnitudes", "skips") if len(tables.get(name, ()))]
    return tuple(out)


def _offered(tables: Mapping[str, pd.DataFrame], facts: Facts,
             audit: Audit | None) -> list[tuple[str, str, pd.DataFrame | None, float]]:
    """Return name, meaning and rows of what is small enough to be offered, and the share of the room it may take."""
    found = audit.findings if audit is not None else tables.get("findings", FINDINGS.empty())
    own = [("findings", "what was found about this catalogue, with interval and verdict", found, 1.0),
           ("catalogue", "one row per event, with its magnitude", catalogue(facts), 1.0),
           ("stations", "the network", facts.stations, 1.0)]
    checks = [] if audit is None else [
        (f"{check}-{name}", f"audit, {check}: {name.replace('_', ' ')}", frame, _AUDIT_SHARE)
        for check, outcome in audit.outcomes.items() for name, frame in outcome.tables.items()]
    return [*own, *sorted(checks, key=lambda one: one[0])]


def catalogue(facts: Facts) -> pd.DataFrame:
    """Return one row per event in time order: the columns of the catalogue format that any reader of it knows."""
    rows = facts.catalogue.assign(magnitude_kind=facts.kind or None)
    rows["magnitude_kind"] = rows["magnitude_kind"].where(rows["magnitude"].notna())
    for name in ("n_phases", "n_stations"):
        rows[name] = rows[name].astype("Int64")
    rows = rows.reindex(columns=list(CATALOGUE))
    for name in rows.columns[[dtype.kind == "f" for dtype in rows.dtypes]]:
        rows[name] = rows[name].round(_PLACE if name in ("latitude", "longitude") else _OTHER)
    return rows


def embedded(name: str, what: str, frame: pd.DataFrame, most_bytes: float, where: str) -> Download:
    """Return the table packed, or only named where it takes more than ``most_bytes`` in the page."""
    if frame.size * _LEAST_BYTES <= most_bytes:
        packed = pack(frame)
        if len(packed) <= most_bytes:
            return Download(name, what, len(frame), packed)
    return Download(name, what, len(frame), "", where)


def pack(frame: pd.DataFrame) -> str:
    """Return the table as CSV, gzip-compressed without a time stamp, as base64: the same rows give the same text."""
    shown = frame.copy()
    for name in shown.columns:
        column = shown[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            shown[name] = column.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    text = shown.to_csv(index=False, lineterminator="\n", float_format=_SIGNIFICANT)
    return base64.b64encode(gzip.compress(text.encode("utf-8"), 6, mtime=0)).decode("ascii")
