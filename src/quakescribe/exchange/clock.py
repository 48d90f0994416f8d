"""Times as text and as whole nanoseconds since 1970, in UTC: strict reading, rounding that carries."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
_EPOCH = date(1970, 1, 1).toordinal()
_ISO = re.compile(r"\s*(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[T ]+(\d\d?):(\d\d?)(?::(\d\d?)(?:[.,](\d*))?)?)?"
                  r"\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?\s*")
_DIGITS = re.compile(r"\s*(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)(?:\.(\d*))?(Z|)\s*")


@lru_cache(maxsize=4096)
def day_start(year: int, month: int, day: int) -> int:
    """Return the first nanosecond of a day; ValueError for a day that is in no calendar or beyond the range."""
    if not 1678 <= year <= 2261:
        raise ValueError(f"year {year} is outside 1678-2261")
    return (date(year, month, day).toordinal() - _EPOCH) * DAY


def instant(year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: str = "") -> int:
    """Return nanoseconds since 1970; ``fraction`` holds the digits after the point. Second 60 is a leap second."""
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second <= 60):
        raise ValueError(f"{hour:02d}:{minute:02d}:{second:02d} is no time of day")
    start = day_start(year, month, day)
    return start + (hour * 3600 + minute * 60 + second) * SECOND + int((fraction or "0")[:9].ljust(9, "0"))


def parse_time(text: str) -> int:
    """Read ISO 8601 (``2019-07-04T17:02:55.34Z``) or plain digits (``20190704170255.34``); no offset means UTC.

    Raises
    ------
    ValueError
        Where the text is neither; names of time zones (PDT, CET) are refused, because they are ambiguous.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        match = _DIGITS.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text.strip()}' is no time; expected YYYY-MM-DDThh:mm:ss in UTC or with a numeric offset")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    ns = instant(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), fraction or "")
    if zone and zone[0] in "+-":
        offset = int(zone[1:3]) * 3600 + int(zone[-2:] if len(zone) > 3 else 0) * 60
        ns -= offset * SECOND if zone[0] == "+" else -offset * SECOND
    return ns


def has_offset(text: str) -> bool:
    """Return whether a time says in which zone it is."""
    match = _ISO.fullmatch(text) or _DIGITS.fullmatch(text)
    return match is not None and bool(match.groups()[-1])


def to_ns(times: pd.Series) -> NDArray[np.int64]:
    """Return a UTC time column as nanoseconds since 1970."""
    return times.dt.tz_convert(None).to_numpy().astype("datetime64[ns]").view(np.int64)


def from_ns(ns: NDArray[np.int64]) -> pd.Series:
    """Return nanoseconds since 1970 as a UTC time column."""
    return pd.Series(pd.DatetimeIndex(np.asarray(ns, dtype=np.int64).view("datetime64[ns]"), tz="UTC"))


def iso(ns: NDArray[np.int64]) -> list[str]:
    """Return ISO 8601 with six digits of the second, or nine where the microseconds are not whole."""
    array = np.asarray(ns, dtype=np.int64)
    times = array.view("datetime64[ns]")
    texts = np.datetime_as_string(times, unit="ns" if (array % 1000).any() else "us")
    return [text + "Z" for text in texts.tolist()]


def rounded(ns: int, step: int) -> int:
    """Round to a whole multiple of ``step`` nanoseconds (59.9999 s to 0.01 s carries into the next minute)."""
    return (int(ns) + step // 2) // step * step


def split(ns: int) -> tuple[int, int, int, int, int, int]:
    """Return year, month, day, hour, minute, and the nanoseconds within the minute."""
    days, rest = divmod(int(ns), DAY)
    day = date.fromordinal(int(days) + _EPOCH)
    minutes, within = divmod(rest, 60 * SECOND)
    hour, minute = divmod(minutes, 60)
    return day.year, day.month, day.day, int(hour), int(minute), int(within)
