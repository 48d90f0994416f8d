"""Small recordings for the tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.tables import CHANNELS

START = "2020-01-02T00:09:00"
START_NS = pd.Timestamp(START, tz="UTC").value
NETWORK = ("XX", "AAA", "")


def second(s: float) -> int:
    """Return the time s seconds after START in ns."""
    return START_NS + round(s * 1e9)


def ground(n: int, seed: int = 1) -> np.ndarray:
    """Counts that look like noise: correlated, never flat, with an offset."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 300, n + 20)
    return (np.convolve(noise, np.ones(21) / 4, "valid") + 1000).astype(np.int32)


def write(path: Path, samples: np.ndarray, channel: str = "HHZ", at: float = 0.0, rate: float = 100.0,
          name: tuple[str, str, str] = NETWORK, fmt: str = "MSEED", **options: Any) -> Path:
    """Write one trace that starts ``at`` seconds after START."""
    from obspy import Trace, UTCDateTime

    header = {"network": name[0], "station": name[1], "location": name[2], "channel": channel,
              "starttime": UTCDateTime(START) + at, "sampling_rate": rate}
    if fmt == "MSEED":
        options.setdefault("reclen", 512)
    Trace(np.asarray(samples), header).write(str(path), format=fmt, **options)
    return path


def channel_table(gain: float = 1e6, unit: str = "m/s", codes: tuple[str, ...] = ("HHZ", "HHN", "HHE"),
                  **columns: Any) -> pd.DataFrame:
    n = len(codes)
    return CHANNELS.make({"station_id": ["XX.AAA."] * n, "channel": list(codes), "gain": [gain] * n, "unit": [unit] * n,
                          "has_response": [False] * n, **columns})
