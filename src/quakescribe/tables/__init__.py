"""The tables through which the stages meet; each one's contract is declared once, here."""

from quakescribe.tables.events import ARRIVALS, EVENTS, event_ids
from quakescribe.tables.findings import FINDINGS, SKIPS
from quakescribe.tables.origins import AMPLITUDES, MAGNITUDES, ORIGINS
from quakescribe.tables.picks import PICKS, pick_ids
from quakescribe.tables.samples import MARKS, SAMPLES
from quakescribe.tables.schema import Column, Table
from quakescribe.tables.stations import CHANNELS, COVERAGE, STATIONS

TABLES: dict[str, Table] = {
    table.name: table
    for table in (STATIONS, CHANNELS, COVERAGE, PICKS, EVENTS, ARRIVALS, ORIGINS, AMPLITUDES, MAGNITUDES, FINDINGS,
                  SKIPS)
}

__all__ = [
    "AMPLITUDES",
    "ARRIVALS",
    "CHANNELS",
    "COVERAGE",
    "EVENTS",
    "FINDINGS",
    "MAGNITUDES",
    "MARKS",
    "ORIGINS",
    "PICKS",
    "SAMPLES",
    "SKIPS",
    "STATIONS",
    "TABLES",
    "Column",
    "Table",
    "event_ids",
    "pick_ids",
]
