"""Speed and size of the report of 100,000 and of 1,000,000 events: to write it, and to open it in a browser.

    python benchmarks/report.py [EVENTS ...]

Without Chromium only writing is timed. The catalogue is made of random numbers: what counts here is how much it is.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "evidence"), str(HERE), str(HERE.parent / "tests" / "reference")]

import browser_peer  # noqa: E402
from made_catalogue import FRAME, MODEL, START  # noqa: E402
from records import Records  # noqa: E402

from quakescribe.audit import Audit, audit, make_case  # noqa: E402
from quakescribe.report import write  # noqa: E402
from quakescribe.settings.audit import AuditSettings  # noqa: E402

STATIONS = 30
PAIRS = 4  # P and S of so many stations per event
SHARE_FALSE = 0.3
AUDITED = 300_000  # events; beyond, the page is written without an audit, whose own time is recorded elsewhere


def large(n: int, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Return the tables of n events in a year: straight rays, normal errors, some picks that belong to none."""
    rng = np.random.default_rng(seed)
    names = np.array([f"XX.S{i:02d}." for i in range(STATIONS)])
    sx, sy = rng.uniform(-60, 60, (2, STATIONS))
    places = FRAME.to_geographic(sx, sy)
    stations = pd.DataFrame({"station_id": names, "latitude": places[0], "longitude": places[1],
                             "elevation_m": rng.uniform(0, 2000, STATIONS)})
    seconds = np.sort(rng.uniform(0, 365 * 86_400, n))
    x, y = rng.normal(0, 15, (2, n))
    depth = rng.gamma(5.0, 1.8, n)
    latitude, longitude = FRAME.to_geographic(x, y)
    ids = np.arange(1, n + 1)
    erh = rng.lognormal(-0.7, 0.5, n)
    origins = pd.DataFrame({
        "event_id": ids, "time": _times(seconds), "latitude": latitude, "longitude": longitude, "depth_km": depth,
        "erh_km": erh, "erz_km": 2 * erh, "ert_s": 0.1, "rms_s": rng.gamma(4.0, 0.03, n),
        "gap_deg": rng.uniform(50, 320, n), "dmin_km": 5.0, "n_phases": 2 * PAIRS, "n_stations": PAIRS,
        "quality": rng.choice(list("ABCD"), n), "well_located": erh < 1.0, "method": "made"})
    arrivals, picks = _onsets(rng, names, (sx, sy), (seconds, x, y, depth), ids)
    magnitudes = pd.DataFrame({"event_id": ids, "station_id": None, "kind": "ML",
                               "value": (0.5 + rng.exponential(0.43, n)).round(2), "uncertainty": 0.1,
                               "n_stations": PAIRS, "used": True})
    return {"stations": stations, "picks": picks, "arrivals": arrivals, "origins": origins, "magnitudes": magnitudes}


def _times(seconds: np.ndarray) -> pd.Series:
    return pd.Series(START + pd.to_timedelta((seconds * 1e6).round().astype(np.int64), unit="us"))


def _onsets(rng: np.random.Generator, names: np.ndarray, at: tuple, true: tuple,
            ids: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    seconds, x, y, depth = true
    n = len(ids)
    station = (rng.integers(0, STATIONS, n)[:, None] + np.arange(PAIRS) * 7) % STATIONS
    distance = np.hypot(at[0][station] - x[:, None], at[1][station] - y[:, None])
    slant = np.hypot(distance, depth[:, None])
    parts = []
    for phase, speed in (("P", 6.0), ("S", 3.5)):
        residual = rng.normal(0, 0.06, station.shape)
        parts.append(pd.DataFrame({
            "event_id": np.repeat(ids, PAIRS), "station_id": names[station.ravel()], "phase": phase,
            "time": _times((seconds[:, None] + slant / speed + residual).ravel()), "distance_km": distance.ravel(),
            "azimuth_deg": rng.uniform(0, 360, station.size), "residual_s": residual.ravel(), "weight": 1.0,
            "pair_id": np.arange(1, station.size + 1)}))
    arrivals = pd.concat(parts, ignore_index=True)
    arrivals["pick_id"] = np.arange(1, len(arrivals) + 1)
    false = int(SHARE_FALSE * len(arrivals))
    others = pd.DataFrame({"station_id": rng.choice(names, false), "phase": rng.choice(["P", "S"], false),
                           "time": _times(rng.uniform(0, 365 * 86_400, false)), "pair_id": 0,
                           "pick_id": len(arrivals) + 1 + np.arange(false)})
    columns = ["pick_id", "station_id", "phase", "time", "pair_id"]
    picks = pd.concat([arrivals[columns], others[columns]], ignore_index=True)
    return arrivals.drop(columns="pair_id"), picks.assign(snr=rng.lognormal(2.5, 1.0, len(picks)), picker="made")


async def opened(page: Path) -> tuple[float, float, list[str]]:
    """Return seconds by the clock and by the page's own until the first screen is drawn, and what the console said.

    The page is then read to its end, so that every figure is drawn.
    """
    async with browser_peer.Browser() as browser:
        wall = await browser.open(page)
        own = float(await browser.value("document.documentElement.dataset.firstScreenMs")) / 1000.0
        height = int(await browser.value("document.documentElement.scrollHeight"))
        for top in range(0, height, 700):
            await browser.value(f"window.scrollTo({{top: {top}, behavior: 'instant'}})")
            await asyncio.sleep(0.3)
        await asyncio.sleep(5.0)
        return wall, own, browser.console


def main(sizes: list[int]) -> int:
    """Write and open the report of every size."""
    records = Records("bench-report")
    for n in sizes:
        tables = large(n)
        where = f"{n:,} random events, {len(tables['picks']):,} picks, {STATIONS} stations"
        found = _audited(tables) if n <= AUDITED else None
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            page = write(tables, {"name": f"{n:,} events"}, Path(folder) / "report.html", audit=found)
            records.add("writing the report", time.perf_counter() - begin, "s", where)
            records.add("size of the report", page.stat().st_size / 1e6, "MB", where, ("<=", 25.0))
            if browser_peer.PROGRAM:
                wall, own, console = asyncio.run(opened(page))
                aim = ("<=", 3.0) if n <= 100_000 else None
                records.add("opening: first screen drawn, by the clock", wall, "s", where + ", headless Chromium", aim,
                            "figures with WebGL are drawn by the processor")
                records.add("opening: first screen drawn, by the page", own, "s", where + ", headless Chromium", aim)
                records.add("warnings and errors on the console", len(console), "-", where + ", headless Chromium",
                            ("<=", 0.0), "; ".join(console)[:300])
            else:
                print("bench-report: no Chromium, the page is not opened")
        del tables, found
    records.write()
    return 0


def _audited(tables: dict[str, pd.DataFrame]) -> Audit:
    return audit(make_case(tables, AuditSettings(), MODEL))


if __name__ == "__main__":
    sys.exit(main([int(one) for one in sys.argv[1:]] or [100_000, 1_000_000]))
