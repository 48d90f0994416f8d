"""How closely the mode 'hypoinverse' follows HYPOINVERSE 1.40, and what it makes of events whose place is known."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

SUMMARY = ("latitude", "longitude", "depth_km", "n_phases", "gap_deg", "dmin_km", "rms_s", "erh_km", "erz_km",
           "quality", "mark", "time")


def read_summary(path: Path) -> pd.DataFrame:
    """Read a HYPO71-format summary (year 2000 layout): one row per line, indexed by event_id."""
    rows = []
    for text in path.read_text().splitlines():
        minute = pd.Timestamp(f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[9:11]}:{text[11:13]}", tz="UTC")
        latitude = float(text[20:22]) + float(text[23:28]) / 60
        longitude = float(text[29:32]) + float(text[33:38]) / 60
        rows.append((int(text[83:93]), -latitude if text[22] == "S" else latitude,
                     longitude if text[32] == "E" else -longitude, float(text[38:45]), int(text[52:55]),
                     int(text[55:59]), float(text[59:64]), float(text[64:69]), float(text[69:74]), float(text[74:79]),
                     text[80], text[82].strip(), minute + pd.Timedelta(seconds=float(text[13:19]))))
    return pd.DataFrame(rows, columns=["event_id", *SUMMARY]).set_index("event_id")


def choose(solutions: pd.DataFrame) -> pd.DataFrame:
    """Return the best line of each event: unmarked first, then quality, gap, number of phases, RMS."""
    ordered = solutions.assign(marked=solutions["mark"] != "", fewer=-solutions["n_phases"]).sort_values(
        ["event_id", "marked", "quality", "gap_deg", "fewer", "rms_s"], kind="stable")
    return ordered.drop_duplicates("event_id").set_index("event_id")[list(SUMMARY)]
