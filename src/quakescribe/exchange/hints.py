"""What a CSV file of no known kind lacks: the columns found beside those that events, picks and stations need."""

from __future__ import annotations

import re

from quakescribe.exchange.columns import EVENT_NAMES, NAMES, NOT_EVENTS, header
from quakescribe.exchange.stationfile import WORDS

_NAME = re.compile(r"[^\W\d][\w().%/°\[\] -]{0,39}")
_KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "an event list needs": {name: EVENT_NAMES[name] for name in ("time", "latitude", "longitude")},
    "picks need": {name: NAMES[name] for name in ("station", "phase", "time")},
    "a station list needs": WORDS}
_SHOWN, _SYNONYMS = 15, 4


def missing_columns(head: bytes) -> str:
    """Return in words which columns a CSV header has, and which it lacks; nothing where it looks like no header.

    Events and picks are always named, a station list where it fits best; synonyms only for what fits best.
    """
    names, mark = header(head)
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace")
    found = [name.strip().strip('"').strip() for name in first.split(mark)]
    if len(found) < 2 or not all(_NAME.fullmatch(name.lstrip("# ")) for name in found):
        return ""
    missing = {kind: [thing for thing, known in needed.items() if not set(known) & set(names)]
               for kind, needed in _KINDS.items()}
    least = min(2, *(len(things) for things in missing.values()))
    shown = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
    words = [_lacks(kind, things, names, len(things) == least) for kind, things in missing.items()
             if kind != "a station list needs" or len(things) == least]
    return f"its columns are {shown}; " + "; ".join(words)


def _lacks(kind: str, missing: list[str], names: list[str], closest: bool) -> str:
    needed = _KINDS[kind]
    if not missing:
        return f"{kind} {', '.join(needed)}, but no {', '.join(sorted(NOT_EVENTS & set(names)))}"
    said = [thing + f" (or {', '.join([n for n in needed[thing] if n != thing][:_SYNONYMS])})" * closest
            for thing in missing]
    return f"{kind} {', '.join(needed)}; missing: {', '.join(said)}"
