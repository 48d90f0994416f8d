"""Evidence for the stage pick: fidelity to the published PAL picks, what the mends change, the uncertainty.

``STEPS`` adds what is new to the published picker, one after the other, on the same recordings.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
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
from quakescribe.simulate import read_scenario, score, simulate
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.block import Block

# AI-PAL's configuration, without what is added here.
PUBLISHED = {"onset": "pal", "phase_test": False, "trigger_threshold": 12.0}
# How the reference was made (found by trying: PAL's version of 2021, before its amplitude tests, at 2-40 Hz).
REFERENCE = PUBLISHED | {"band_low_hz": 2.0, "band_high_hz": 40.0, "amplitude_quality": False,
                         "frequency_window_s": 0.8}
# What is added, one after the other; then the default trigger of 8, and a lower one.
STEPS: dict[str, dict[str, object]] = {
    "as PAL": PUBLISHED,
    "onsets refined": PUBLISHED | {"onset": "refined"},
    "and P tested": PUBLISHED | {"onset": "refined", "phase_test": True},
    "the defaults": {},
    "the defaults with a trigger of 6": {"trigger_threshold": 6.0},
}
SLIPS = {"s_back_from": "window-end", "s_before_p": "drop"}
SCENARIOS = {"aftershocks": 1.0, "obs-like": 6.0}
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
        "AI-PAL's configuration (1-20 Hz)": PUBLISHED,
        "the defaults": {},
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


def walked(records: Records) -> None:
    """Measure how often the truth lies within the uncertainty of PAL's onsets, where it was not fitted."""
    got = [onsets.errors(seed, PickSettings(**PUBLISHED)) for seed in onsets.CHECK_SEEDS]
    data = f"simulated onsets, seeds {onsets.CHECK_SEEDS.start}-{onsets.CHECK_SEEDS.stop - 1}"
    for phase in ("P", "S"):
        rows = np.concatenate([g[phase] for g in got])
        error, sigma, _ = rows.T
        for times, word, aim in ((1, "one", ("in", 0.60, 0.76)), (2, "two", ("in", 0.90, 0.98))):
            inside = float(np.mean(np.abs(error) < times * sigma))
            records.add(f"{phase} truth within {word} sigma, onsets as PAL", inside, "share", data, aim,
                        f"{len(rows)} onsets")


def sharp(records: Records) -> None:
    """Measure how early the picks of sharp onsets are, by sampling rate, as PAL and refined."""
    for way, settings in (("as PAL", PUBLISHED), ("refined", {})):
        for rate in (100.0, 50.0, 20.0):
            for phase, error in onsets.early(rate, PickSettings(**settings)).items():
                records.add(f"{phase} median error on sharp onsets at {rate:g} Hz, {way}", float(np.median(error)), "s",
                            "damped sines of 5 Hz in white noise",
                            ("in", -0.25 / rate, 0.25 / rate) if way == "refined" else None,
                            f"{len(error)} onsets; negative = early")


def scenario(records: Records, name: str, hours: float, rate: float = 100.0) -> None:
    """Pick a scenario step by step and score against its truth."""
    settings = read_scenario(name)
    network = settings.network.model_copy(update={"sampling_rate": rate})
    settings = settings.model_copy(update={"hours": hours, "network": network})
    data = f"scenario {name}, {hours:g} h, {rate:g} Hz"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        simulate(settings, folder)
        truth = pd.read_parquet(folder / "truth" / "arrivals.parquet")
        archive = open_archive(folder / "waveforms", WaveformsSettings())
        stations, channels = read_stations(folder / "stations.xml")
        for step, update in STEPS.items():
            picks, _ = pick(archive, stations, channels, PickSettings(**update))
            judged = score(folder / "truth", {"picks": picks})
            told = judged[judged["scope"] == "all"].set_index("name")
            for phase in ("P", "S"):
                for figure in (f"precision of {phase}", f"recall of detectable {phase}",
                               f"{phase} picks on the other phase", f"{phase} time error, median",
                               f"{phase} time error, MAD", f"{phase} time error beyond 0.3 s",
                               f"{phase} time error within the stated uncertainty"):
                    if figure in told.index:
                        row = told.loc[figure]
                        records.add(f"{figure}: {step}", float(row["value"]), row["unit"], data,
                                    _aim(figure, step, rate), f"n = {row['n']}")
                records.add(f"{phase} time error within twice the stated uncertainty: {step}",
                            within_two(picks, truth, phase), "-", data,
                            ("in", 0.85, 0.98) if step == "the defaults" else None)


def within_two(picks: pd.DataFrame, truth: pd.DataFrame, phase: str) -> float:
    """Return the share of the picks near a detectable onset (0.5 s) that lie within two stated uncertainties of it."""
    inside = []
    for station, mine in picks[picks["phase"] == phase].groupby("station_id"):
        there = truth[(truth["station_id"] == station) & (truth["phase"] == phase) & truth["detectable"]]
        if len(there):
            off = np.abs(_seconds(mine["time"])[:, None] - _seconds(there["time"])).min(axis=1)
            inside.append((off <= 2 * mine["uncertainty_s"].to_numpy())[off < 0.5])
    return float(np.concatenate(inside).mean())


def _aim(figure: str, step: str, rate: float) -> tuple[str, float, float] | None:
    if step != "the defaults":
        return None
    if figure.endswith("median"):
        return "in", -1.0 / rate, 1.0 / rate
    return ("in", 0.60, 0.85) if figure.endswith("uncertainty") else None


def labelled(records: Records, folder: Path) -> None:
    """Compare with the analysts' picks of single windows, onsets as PAL and refined."""
    for way, settings in (("as PAL", PUBLISHED), ("the defaults", {})):
        errors: dict[str, list[float]] = {"P": [], "S": []}
        windows = 0
        for block, truth in analysts(folder):
            end_ns = int(block.n / 100 * 1e9)
            picks, _ = pick_unit(lambda a, b, block=block: [block], 0, end_ns, PickSettings(**settings))
            windows += 1
            for phase, at in truth.items():
                mine = _seconds(picks.loc[picks["phase"] == phase, "time"]) - at
                if len(mine):
                    errors[phase].append(float(mine[np.abs(mine).argmin()]))
        for phase, found in errors.items():
            e = np.array(found)
            near = e[np.abs(e) < 0.5]
            name = f"labelled_samples, {windows} windows"
            records.add(f"analysts' {phase} found within 0.5 s: {way}", len(near) / windows, "share", name)
            records.add(f"{phase} minus analysts', median: {way}", float(np.median(near)), "s", name)
            spread = 1.48 * np.median(np.abs(near - np.median(near)))
            records.add(f"{phase} minus analysts', spread (1.48 MAD): {way}", float(spread), "s", name)


def analysts(folder: Path) -> Iterator[tuple[Block, dict[str, float]]]:
    """Yield the labelled windows as blocks, and the analysts' P and S (s)."""
    for path in sorted((folder / "labelled_samples").glob("*.npz")):
        with np.load(path, allow_pickle=True) as arrays:
            x, p, s = (np.asarray(arrays[name], dtype=np.float32) for name in ("data", "itp", "its"))
        x = np.ascontiguousarray((x if x.shape[0] == 3 else x.T)[::-1])
        block = Block("XX.LAB.", 100.0, 0, x, ~np.isfinite(x), np.zeros(x.shape[1], dtype=np.int64), "counts", "ZNE",
                      np.full(3, np.inf))
        yield block, {"P": float(np.ravel(p)[0]) / 100, "S": float(np.ravel(s)[0]) / 100}


def main() -> None:
    """Measure everything that can be measured here."""
    records = Records("pick")
    walked(records)
    sharp(records)
    for name, hours in SCENARIOS.items():
        scenario(records, name, hours)
    scenario(records, "aftershocks", 1.0, rate=50.0)
    folder = real_data()
    if folder is None:
        print("pick: no real recordings; fidelity is not measured")
    else:
        fidelity(records, folder / "ridgecrest_waveforms")
        labelled(records, folder)
    records.write()


if __name__ == "__main__":
    main()
