"""Numbers as people read them."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

_CODE = r"\b((?:[A-Z][A-Z0-9]{0,7}|[0-9][A-Z])\.[A-Z0-9]{1,8})\."
_IN_WORDS = re.compile(_CODE + r"(?=\s*[,;:)|'.]|\s+[a-z0-9(])")
_ALONE = re.compile(_CODE + r"(?![A-Z0-9])")


def stations(key: str) -> str:
    """Return a key with its stations as people write them: ``CI.CLC`` of ``CI.CLC.``, which has no location code."""
    return _ALONE.sub(r"\1", key)


def stations_in(sentence: str) -> str:
    """Return a sentence with its stations as people write them; a full stop after the last one stays."""
    return _IN_WORDS.sub(r"\1", sentence)


def count(number: float, noun: str = "", plural: str = "") -> str:
    """Return ``1,640`` or, with a noun, ``1,640 events`` and ``1 event``."""
    text = f"{int(number):,}"
    if not noun:
        return text
    return f"{text} {noun if int(number) == 1 else plural or noun + 's'}"


def share(part: float, whole: float) -> str:
    """Return a percentage: ``57%``, ``5.6%``, or ``-`` of nothing. Never rounds to 100% or 0% what is not."""
    if not whole:
        return "-"
    percent = 100.0 * part / whole
    if 0 < percent < 9.95 or 99 < percent < 100:
        return f"{min(max(percent, 0.1), 99.9):.1f}%"
    return f"{percent:.0f}%"


def value(number: float, digits: int = 2, unit: str = "") -> str:
    """Return the number with its unit, or ``-`` where there is none."""
    if number is None or not math.isfinite(number):
        return "-"
    text = f"{number:.{digits}f}"
    text = text.removeprefix("-") if float(text) == 0 else text
    return f"{text} {unit}" if unit else text


def moment(time: Any, digits: int = 0) -> str:
    """Return ``2019-07-04 17:33:49`` with ``digits`` decimals of a second (cut, not rounded)."""
    if time is None or pd.isna(time):
        return "-"
    stamp = pd.Timestamp(time)
    stamp = stamp.tz_convert("UTC") if stamp.tzinfo is not None else stamp
    text = stamp.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{stamp.microsecond:06d}"[: len(text) + 1 + digits] if digits else text


def duration(seconds: float) -> str:
    """Return ``0.4 s``, ``12 min``, ``1.3 h`` or ``2.0 days``."""
    if not math.isfinite(seconds):
        return "-"
    for limit, unit, name in ((120.0, 1.0, "s"), (7200.0, 60.0, "min"), (172_800.0, 3600.0, "h")):
        if seconds < limit:
            scaled = seconds / unit
            return f"{scaled:.0f} {name}" if scaled >= 10 else f"{scaled:.1f} {name}"
    return f"{seconds / 86_400:.1f} days"


def listed(words: list[str], limit: int = 3) -> str:
    """Return ``a, b, c and 4 more``."""
    shown = ", ".join(words[:limit])
    return f"{shown} and {count(len(words) - limit)} more" if len(words) > limit else shown
