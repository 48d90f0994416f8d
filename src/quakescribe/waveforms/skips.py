"""What was left out while reading, with its reason; the words are listed in docs/waveforms.md."""

from __future__ import annotations

from typing import Any

import pandas as pd

from quakescribe.tables import SKIPS

STAGE = "waveforms"


def skip(reason: str, detail: str, *, station_id: str | None = None, source: str | None = None,
         start_ns: int | None = None, end_ns: int | None = None, count: int = 1) -> dict[str, Any]:
    """Return one row of the skips."""
    return {"stage": STAGE, "station_id": station_id, "source": source, "reason": reason, "detail": detail,
            "start": _time(start_ns), "end": _time(end_ns), "count": count}


def skip_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows as a checked table."""
    if not rows:
        return SKIPS.empty()
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in SKIPS.names}
    columns["start"] = pd.to_datetime(columns["start"], utc=True)
    columns["end"] = pd.to_datetime(columns["end"], utc=True)
    return SKIPS.make(columns)


def _time(ns: int | None) -> pd.Timestamp | None:
    if ns is None or not pd.Timestamp.min.value < ns < pd.Timestamp.max.value:
        return None
    return pd.Timestamp(ns, unit="ns", tz="UTC")
