"""A store in memory: events of known onsets in noise, as `quakescribe.train.store.SampleStore` would give them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quakescribe.tables import MARKS, SAMPLES

LENGTH, RATE, START = 6000, 100.0, 1_700_000_000_000_000_000


@dataclass
class MadeStore:
    samples: pd.DataFrame
    marks: pd.DataFrame
    x: np.ndarray

    def read(self, rows):
        return self.x[rows].astype(np.float32)


def made_store(n_train=48, n_valid=16, seed=0):
    """Positives, as many negatives, and some background, of two stations."""
    rng = np.random.default_rng(seed)
    samples, marks, x = [], [], []
    for split, count in (("train", n_train), ("valid", n_valid)):
        for kind in ("positive", "negative", "noise"):
            for k in range(count if kind != "noise" else 6):
                number = len(samples) + 1
                start = START + number * 3_600_000_000_000
                data = rng.standard_normal((3, LENGTH)) * 0.05
                row = {"sample_id": number, "kind": kind, "split": split, "station_id": f"XX.S{k % 2}.",
                       "start": start, "event_id": 0, "p_time": pd.NaT, "s_time": pd.NaT, "snr": np.nan, "scale": 1e-6,
                       "present": "ZNE", "unit": "2023-11-14/XX.S0.", "row": len(x), "source": "made"}
                if kind == "positive":
                    s = 3000 + int(rng.integers(150, 800))
                    for onset, phase, weight in ((3000, "P", (1, .3, .3)), (s, "S", (.5, 1, 1))):
                        age = np.arange(400) / RATE
                        pulse = rng.standard_normal((3, 400)) * np.exp(-age / 1.0)
                        data[:, onset:onset + 400] += np.array(weight)[:, None] * pulse
                        marks.append({"sample_id": number, "phase": phase, "time": start + onset * 10_000_000,
                                      "use": "label"})
                    row |= {"event_id": number, "p_time": pd.Timestamp(start + 3000 * 10_000_000, tz="UTC"),
                            "s_time": pd.Timestamp(start + s * 10_000_000, tz="UTC")}
                samples.append(row)
                x.append(data / np.abs(data).max())
    table, marked = pd.DataFrame(samples), pd.DataFrame(marks)
    for frame, name in ((table, "start"), (marked, "time")):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    for name in ("p_time", "s_time"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return MadeStore(SAMPLES.conform(table), MARKS.conform(marked), np.array(x, dtype=np.float32))
