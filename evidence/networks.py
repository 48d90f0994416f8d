"""Pickers of SeisBench through this package's own inference: onsets of analysts, and SeisBench's own answer."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import Records, real_data

from quakescribe.pick import pick_unit
from quakescribe.settings.network import NetworkSettings
from quakescribe.settings.pick import PickSettings
from quakescribe.waveforms.block import Block

START_S, RATE, SECOND = 1_500_000_000, 100.0, 1_000_000_000
OFFSETS_S = (1, 4, 7, 10, 13)  # the analysts' P lies 30 s after the start; how a network's windows lie must not matter
NEAR_S = 0.5
DATA = "labelled_samples"
PICKERS = {"PhaseNet, northern California": "PhaseNet:{}/weights/phasenet_ncedc",
           "EQTransformer, STEAD": "EQTransformer:{}/weights/eqt_original"}
AIMS = {"PhaseNet, northern California": {"P": (">=", 0.95), "S": (">=", 0.9)}}


def loader(x: np.ndarray, start_s: int = START_S):
    """Return what gives the samples (3, n; Z, N, E) as a recording that begins at a time."""
    n = x.shape[1]

    def load(start_ns: int, end_ns: int) -> list[Block]:
        first, last = (int(ns // (SECOND // 100)) for ns in (start_ns, end_ns))
        data, mask = np.zeros((3, last - first), np.float32), np.ones((3, last - first), bool)
        at = start_s * 100 - first
        data[:, at:at + n], mask[:, at:at + n] = x, False
        return [Block("XX.A.", RATE, first, data, mask, np.broadcast_to(np.int64(0), last - first), "counts", "ZNE",
                      np.full(3, np.inf))]
    return load


def windows(folder: Path) -> list[tuple[np.ndarray, dict[str, float]]]:
    """Return samples (3, n; Z, N, E) and the analysts' P and S (s after the start) of every window."""
    found = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as arrays:
            x = np.asarray(arrays["data"], dtype=np.float32)
            onsets = {"P": float(arrays["itp"]) / RATE, "S": float(arrays["its"]) / RATE}
        x = x if x.shape[0] == 3 else x.T
        found.append((np.ascontiguousarray(x[::-1]), onsets))
    return found


def seconds(picks: pd.DataFrame, phase: str, start_s: int) -> np.ndarray:
    """Return the onsets of a phase (s after the start)."""
    return (picks.loc[picks["phase"] == phase, "time"].astype("int64").to_numpy() - start_s * SECOND) / SECOND


def analysts(records: Records, name: str, settings: PickSettings, data: Path) -> None:
    """Record how many of the analysts' onsets are found, and how far off."""
    errors: dict[str, list[float]] = {"P": [], "S": []}
    made = windows(data / DATA)
    for start_s in (START_S + offset for offset in OFFSETS_S):
        for x, onsets in made:
            end = start_s * SECOND + int(x.shape[1] / RATE * SECOND)
            picks, _ = pick_unit(loader(x, start_s), start_s * SECOND, end, settings)
            for phase, true in onsets.items():
                away = seconds(picks, phase, start_s) - true
                errors[phase].append(float(away[np.abs(away).argmin()]) if len(away) else np.inf)
    how = {"network": ", onsets as the network gives them", "refined": ""}[settings.network.onset]
    how += ", the largest where windows overlap" if settings.network.stack == "max" else ""
    for phase, each in errors.items():
        away = np.array(each)
        near = np.abs(away) <= NEAR_S
        records.add(f"{name}: analysts' {phase} found within {NEAR_S} s{how}", float(near.mean()), "share", DATA,
                    AIMS.get(name, {}).get(phase),
                    f"n = {len(made)}, laid {len(OFFSETS_S)} ways against the windows")
        records.add(f"{name}: {phase} minus analysts', median{how}", float(np.median(away[near])), "s", DATA,
                    ("in", -0.0101, 0.0101) if name in AIMS else None)
        records.add(f"{name}: {phase} minus analysts', absolute median{how}", float(np.median(np.abs(away[near]))), "s",
                    DATA)


def main() -> None:
    records = Records("networks")
    data = real_data()
    if data is None:
        print("networks: no real recordings and no weights; nothing is compared")
        records.write()
        return
    for name, path in PICKERS.items():
        for how in ({"onset": "network"}, {}, {"stack": "max"}):
            chosen = PickSettings(picker=f"seisbench:{path.format(data)}", network=NetworkSettings(**how))
            analysts(records, name, chosen, data)
    records.write()


if __name__ == "__main__":
    main()
