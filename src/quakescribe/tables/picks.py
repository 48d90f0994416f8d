"""Picks: one onset of one phase at one station."""

import hashlib

import numpy as np
import pandas as pd

from quakescribe.tables.schema import TIME, Column, Table

PICKS = Table(
    name="picks",
    meaning="one row per onset",
    key=("pick_id",),
    sort=("time", "station_id", "phase"),
    columns=(
        Column("pick_id", "int64", "-", "digest of station, phase and time: same onset, same id", 1),
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("phase", "str", "-", "P or S", choices=("P", "S")),
        Column("time", TIME, "UTC", "onset"),
        Column("probability", "float32", "-", "picker's score; null for rule-based pickers", 0.0, 1.0, nullable=True),
        Column("snr", "float32", "-", "signal-to-noise ratio of amplitudes (not energies)", 0.0, nullable=True),
        Column("amplitude_m", "float64", "m", "peak displacement about S; null without a gain", 0.0, nullable=True),
        Column("uncertainty_s", "float32", "s", "one standard deviation", 0.0, nullable=True),
        Column("pair_id", "int64", "-", "pick_id of the pair's P, on P and S; 0 = unpaired", 0),
        Column("picker", "str", "-", "what made the pick"),
    ),
)


def pick_ids(station_id: pd.Series, phase: pd.Series, time: pd.Series) -> np.ndarray:
    """Return the pick_id of every onset: int64 in [1, 2**63), the same for the same station, phase and nanosecond.

    The station enters through a BLAKE2b digest, time and phase through the SplitMix64 finaliser
    (Steele, Lea & Flood 2014). Two of a million picks share an id with probability 5e-8.
    """
    names, inverse = np.unique(np.asarray(station_id, dtype=object).astype(str), return_inverse=True)
    digests = np.array(
        [int.from_bytes(hashlib.blake2b(n.encode(), digest_size=8).digest(), "little") for n in names], dtype=np.uint64
    )
    ns = (
        pd.to_datetime(pd.Series(time), utc=True).dt.tz_convert(None).to_numpy().astype("datetime64[ns]").view(np.int64)
    )
    is_s = (np.asarray(phase, dtype=object).astype(str) == "S").astype(np.uint64)
    with np.errstate(over="ignore"):
        z = ns.astype(np.uint64) * np.uint64(2) + is_s + np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        z = z ^ (z >> np.uint64(31))
        mixed = (z ^ digests[inverse]) >> np.uint64(1) if len(digests) else z
    return np.maximum(mixed.astype(np.int64), 1)
