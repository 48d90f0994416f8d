"""QuakeML 1.2, written and read event by event.

What QuakeML has no element for (covariance, quality letter, flags, probability, pairs ...) stands in elements of a
namespace of our own, which other programs skip; so our own files come back whole.
"""

from __future__ import annotations

from quakescribe.exchange.quakeml_read import read
from quakescribe.exchange.quakeml_write import write
from quakescribe.tables import ARRIVALS, EVENTS, MAGNITUDES, ORIGINS, PICKS

HOLDS = {table.name: tuple(table.names) for table in (EVENTS, ORIGINS, ARRIVALS, PICKS, MAGNITUDES)}


def sniff(head: bytes) -> bool:
    """Return whether it is XML with QuakeML's root or event parameters."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") and (b"quakeml" in head.lower() or b"eventParameters" in head) and \
        b"FDSNStationXML" not in head


__all__ = ["HOLDS", "read", "sniff", "write"]
