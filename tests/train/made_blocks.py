"""Blocks made of noise, and what is wanted of them, for the tests of cutting."""

import numpy as np
import pandas as pd

from quakescribe.train.cuts import Wanted
from quakescribe.waveforms.block import Block

DAY = pd.Timestamp("2024-03-01", tz="UTC")
BEGIN = pd.Timestamp("2024-03-01T12:00:00", tz="UTC").value
SPAN = (BEGIN, BEGIN + 600_000_000_000)
STATION = "XX.AAA."


def at(second: float) -> int:
    return BEGIN + round(second * 1e9)


def block(rate: float = 100.0, offset_ns: int = 0, present: str = "ZNE", seed: int = 0, before_s: float = 60.0,
          seconds: float = 720.0, samples=None) -> Block:
    """Ground velocity from a minute before the span to a minute after it, nowhere masked."""
    n = round(seconds * rate)
    data = np.random.default_rng(seed).normal(0, 1e-6, (3, n)) if samples is None else samples
    data[[c for c, one in enumerate("ZNE") if one not in present]] = 0.0
    first = round((BEGIN / 1e9 - before_s) * rate)
    return Block(STATION, rate, first, data.astype(np.float32), np.zeros((3, n), dtype=bool),
                 np.full(n, offset_ns, dtype=np.int64), "m/s", present, np.full(3, np.inf))


def pairs(*rows) -> pd.DataFrame:
    """Rows of event_id, P (s), S (s)."""
    return pd.DataFrame({"event_id": [row[0] for row in rows], "station_id": [STATION] * len(rows),
                         "p_ns": [at(row[1]) for row in rows], "s_ns": [at(row[2]) for row in rows],
                         "snr": np.float32(4.0), "picker": ["hand"] * len(rows)}).astype({"p_ns": "int64",
                                                                                         "s_ns": "int64"})


def marks_of_pairs(table: pd.DataFrame, use: str = "label") -> pd.DataFrame:
    frames = [pd.DataFrame({"station_id": table["station_id"], "phase": phase, "time_ns": table[column], "use": use})
              for phase, column in (("P", "p_ns"), ("S", "s_ns"))]
    return pd.concat(frames, ignore_index=True)


def wanted(table: pd.DataFrame, negatives: int = 0, others: pd.DataFrame | None = None) -> Wanted:
    """Pairs that are wanted; others are earthquakes that are doubtful."""
    others = pairs() if others is None else others
    marks = pd.concat([marks_of_pairs(table), marks_of_pairs(others, "ignore")], ignore_index=True)
    quakes = pd.concat([table.assign(associated=True), others.assign(associated=False)], ignore_index=True)
    return Wanted(f"{DAY:%Y-%m-%d}/{STATION}", STATION, *SPAN, table, marks,
                  quakes[["station_id", "p_ns", "s_ns", "associated"]], negatives, "first")


def loader(*blocks: Block):
    return lambda start_ns, end_ns: list(blocks)
