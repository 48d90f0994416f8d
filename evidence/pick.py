"""Evidence for the stage pick: fidelity to the published PAL picks, calibration of the uncertainty, other checks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
import onsets
from records import Records, real_data

from quakescribe.exchange.stations import read_stations
from quakescribe.pick import pick, pick_unit
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.block import Block

# How the reference was made (found by trying: PAL's version of 2021, before its amplitude tests, at 2-40 Hz).
REFERENCE = {"band_low_hz": 2.0, "band_high_hz": 40.0, "amplitude_quality": False, "frequency_window_s": 0.8}
SLIPS = {"s_back_from": "window-end", "s_before_p": "drop"}
END_S = pd.Timestamp("2019-07-04T18:10:00Z").value / 1e9
RIDGECREST = "ridgecrest_waveforms, 10 common stations, 539 pairs"


def pairs(picks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair: station, tp, ts (s)."""
    p = picks[(picks["phase"] == "P") & (picks["pair_id"] != 0)].set_index("pair_id")
    s = picks[picks["phase"] == "S"].set_index("pair_id").loc[p.index]
    station = p["station_id"].str.rsplit(".", n=1).str[0]
    return pd.DataFrame({"station": station.to_numpy(), "tp": _seconds(p["time"]), "ts": _seconds(s["time"])})


def _seconds(times: pd.Series) -> np.ndarray:
    return times.astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9


def compare(ours: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, float]:
    """Return the shares of their pairs that ours has (P within 0.05 s, and S within 0.1 s), and counts."""
    p_found = both = extra = cut_off = 0
    for station, wanted in theirs.groupby("station"):
        mine = ours[ours["station"] == station]
        gap = np.abs(mine["tp"].to_numpy()[:, None] - wanted["tp"].to_numpy())
        nearest = gap.argmin(axis=0)
        p_ok = gap.min(axis=0) <= 0.05
        s_ok = np.abs(mine["ts"].to_numpy()[nearest] - wanted["ts"].to_numpy()) <= 0.1
        p_found += np.count_nonzero(p_ok)
        both += np.count_nonzero(p_ok & s_ok)
        extra += np.count_nonzero(gap.min(axis=1) > 0.5)
        cut_off += np.count_nonzero(~p_ok & (wanted["tp"].to_numpy() > END_S - PickSettings().s_window_s))
    common = ours["station"].isin(theirs["station"]).sum()
    return {"p": p_found / len(theirs), "pair": both / len(theirs), "ours": int(common), "extra": extra,
            "missed": len(theirs) - p_found, "cut_off": cut_off}


def fidelity(records: Records, folder: Path) -> None:
    """Compare with the published pairs, every difference in settings and every mend on its own."""
    theirs = pd.read_csv(folder / "reference" / "pal_picks.csv")
    for column in ("tp", "ts"):
        theirs[column] = _seconds(pd.to_datetime(theirs[column]))
    archive = open_archive(folder / "waveforms", WaveformsSettings())
    stations, channels = read_stations(folder / "stations.csv")
    ways = {
        "as the reference was made, mends off": REFERENCE | SLIPS,
        "as the reference was made, all mends on": REFERENCE,
        "mend: S walked back from its onset": REFERENCE | SLIPS | {"s_back_from": "onset"},
        "mend: S walked past P taken uncorrected": REFERENCE | SLIPS | {"s_before_p": "uncorrected"},
        "mends on, and AI-PAL's amplitude tests": REFERENCE | {"amplitude_quality": True, "frequency_window_s": 1.0},
        "defaults (AI-PAL's configuration, 1-20 Hz)": {},
    }
    for way, settings in ways.items():
        picks, _ = pick(archive, stations, channels, PickSettings(**settings))
        found = compare(pairs(picks), theirs)
        strict = way.startswith("as the reference")
        records.add(f"PAL pairs with the same P (0.05 s): {way}", found["p"], "share", RIDGECREST,
                    (">=", 0.95) if strict else None,
                    f"{found['missed']} missed, {found['cut_off']} of them for want of 10 s of data after the P")
        records.add(f"PAL pairs with the same P and S (0.1 s): {way}", found["pair"], "share", RIDGECREST,
                    (">=", 0.90) if strict else None)
        records.add(f"pairs of ours on the common stations: {way}", found["ours"], "pairs", RIDGECREST,
                    note=f"{found['extra']} of them have no PAL pair within 0.5 s")


def calibration(records: Records) -> None:
    """Measure how often the truth lies within the stated uncertainty, on onsets that were not used to fit it."""
    got = [onsets.errors(seed, PickSettings()) for seed in onsets.CHECK_SEEDS]
    data = f"simulated onsets, seeds {onsets.CHECK_SEEDS.start}-{onsets.CHECK_SEEDS.stop - 1}"
    for phase in ("P", "S"):
        rows = np.concatenate([g[phase] for g in got])
        error, sigma, snr = rows.T
        note = f"{len(rows)} onsets"
        records.add(f"{phase} truth within one sigma", float(np.mean(np.abs(error) < sigma)), "share", data,
                    ("in", 0.60, 0.76), note)
        records.add(f"{phase} truth within two sigma", float(np.mean(np.abs(error) < 2 * sigma)), "share", data,
                    ("in", 0.90, 0.98), note)
        low, high = np.quantile(snr, [1 / 3, 2 / 3])
        for name, group in (("weakest third", snr <= low), ("strongest third", snr >= high)):
            ratio = np.quantile(np.abs(error[group]), 0.683) / np.median(sigma[group])
            records.add(f"{phase} real over stated spread, {name} by snr", float(ratio), "ratio", data, ("<=", 2.0))
        records.add(f"{phase} median error", float(np.median(error)), "s", data, note="negative = early")


def earliness(records: Records) -> None:
    """Measure how early the picks of sharp onsets are, by sampling rate."""
    for rate in (100.0, 50.0, 20.0):
        for phase, error in onsets.early(rate).items():
            records.add(f"{phase} median error on sharp onsets at {rate:g} Hz", float(np.median(error)), "s",
                        "damped sines of 5 Hz in white noise", note=f"{len(error)} onsets; negative = early")


def labelled(records: Records, folder: Path) -> None:
    """Compare with the analysts' picks of single windows."""
    errors: dict[str, list[float]] = {"P": [], "S": []}
    windows = 0
    for path in sorted((folder / "labelled_samples").glob("*.npz")):
        with np.load(path, allow_pickle=True) as arrays:
            x, p, s = (np.asarray(arrays[name], dtype=np.float32) for name in ("data", "itp", "its"))
        x = np.ascontiguousarray((x if x.shape[0] == 3 else x.T)[::-1])
        n = x.shape[1]
        block = Block("XX.LAB.", 100.0, 0, x, ~np.isfinite(x), np.zeros(n, dtype=np.int64), "counts", "ZNE",
                      np.full(3, np.inf))
        picks, _ = pick_unit(lambda a, b, block=block: [block], 0, int(n / 100 * 1e9), PickSettings())
        windows += 1
        for phase, at in (("P", p), ("S", s)):
            mine = _seconds(picks.loc[picks["phase"] == phase, "time"]) - float(np.ravel(at)[0]) / 100
            if len(mine):
                errors[phase].append(float(mine[np.abs(mine).argmin()]))
    for phase, found in errors.items():
        e = np.array(found)
        near = e[np.abs(e) < 0.5]
        data_name = f"labelled_samples, {windows} windows"
        records.add(f"analysts' {phase} found within 0.5 s", len(near) / windows, "share", data_name)
        records.add(f"{phase} minus analysts', median", float(np.median(near)), "s", data_name)
        spread = 1.48 * np.median(np.abs(near - np.median(near)))
        records.add(f"{phase} minus analysts', spread (1.48 MAD)", float(spread), "s", data_name)


def main() -> None:
    """Measure everything that can be measured here."""
    records = Records("pick")
    calibration(records)
    earliness(records)
    folder = real_data()
    if folder is None:
        print("pick: no real recordings; fidelity is not measured")
    else:
        fidelity(records, folder / "ridgecrest_waveforms")
        labelled(records, folder)
    records.write()


if __name__ == "__main__":
    main()
