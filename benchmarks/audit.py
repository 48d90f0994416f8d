"""Speed and memory of the audit at 100,000 events and 2,000,000 picks; nearest neighbours beside the quadratic way.

    python benchmarks/audit.py
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "evidence"), str(HERE.parent / "tests" / "reference")]

from made_catalogue import MODEL, built, reference_picks  # noqa: E402
from made_catalogue import catalogue as _catalogue  # noqa: E402
from records import Records  # noqa: E402

from quakescribe.audit import CHECKS, make_case  # noqa: E402
from quakescribe.audit.case import Case  # noqa: E402
from quakescribe.audit.neighbours import decluster, places  # noqa: E402
from quakescribe.kernels.neighbours import nearest  # noqa: E402
from quakescribe.run.chance import nulls  # noqa: E402
from quakescribe.settings.associate import AssociateSettings  # noqa: E402
from quakescribe.settings.audit import AuditSettings  # noqa: E402
from quakescribe.tables.matching import seconds  # noqa: E402

Array = np.ndarray

EVENTS, PICKS, DAYS, STATIONS = 100_000, 2_000_000, 365.0, 14


def large(n_events: int, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return a catalogue of which half lies in forty aftershock sequences; false picks fill up to PICKS."""
    rng = np.random.default_rng(seed)
    stations = _catalogue(30, 2.0, STATIONS)["stations"]
    half = n_events // 2
    owner = rng.integers(0, 40, n_events - half)
    begin, x0, y0 = rng.uniform(0, 0.8 * DAYS, 40), *rng.uniform(-25, 25, (2, 40))
    late = 0.02 * ((1 - rng.random(n_events - half)) ** -2.0 - 1)
    true = pd.DataFrame({
        "seconds": np.concatenate([rng.uniform(0, DAYS, half), np.minimum(begin[owner] + late, DAYS)]) * 86_400,
        "x": np.concatenate([rng.uniform(-30, 30, half), x0[owner] + rng.normal(0, 1.5, n_events - half)]),
        "y": np.concatenate([rng.uniform(-30, 30, half), y0[owner] + rng.normal(0, 1.5, n_events - half)]),
        "depth": np.clip(rng.gamma(5.0, 1.8, n_events), 1.0, 25.0),
        "magnitude": 0.6 + rng.exponential(0.434, n_events)}).sort_values("seconds", ignore_index=True)
    tables = built(true, stations, DAYS, rng, false_per_day=5.0)
    missing = PICKS * n_events / EVENTS - len(tables["picks"])
    return built(true, stations, DAYS, rng, false_per_day=max(5.0, missing / 1.75 / DAYS / STATIONS))


def quadratic(time_yr: Array, x: Array, y: Array, weight: Array, floors: tuple[float, float], df: float) -> Array:
    """Return the row of the nearest earlier event by comparing every event with every earlier one, in NumPy."""
    out = np.full(len(x), -1)
    for j in range(1, len(x)):
        later = np.maximum(time_yr[j] - time_yr[:j], floors[0])
        apart2 = np.maximum((x[j] - x[:j]) ** 2 + (y[j] - y[:j]) ** 2, floors[1] ** 2)
        out[j] = np.argmin(later * apart2 ** (df / 2) * weight[:j])
    return out


def neighbours(records: Records, case: Case) -> None:
    """Time the search for nearest neighbours against the number of events, and beside the quadratic way."""
    rules, events = case.settings.seismicity, case.facts.catalogue
    x, y = places(events)
    time_yr = seconds(events["time"]) / (365.25 * 86_400)
    weight = 10.0 ** -events["magnitude"].to_numpy()
    floors = (rules.time_floor_s / (365.25 * 86_400), rules.distance_floor_km)
    taken = {}
    for n in (12_500, 25_000, 50_000, 100_000):
        asked = np.arange(n)
        begin = time.perf_counter()
        parent, _ = nearest(time_yr[:n], x[:n], y[:n], weight[:n], asked, *floors, rules.fractal_dimension)
        taken[n] = time.perf_counter() - begin
        records.add(f"nearest neighbours of {n:,} events", taken[n], "s", "half in aftershock sequences, one core")
        if n == 12_500:
            begin = time.perf_counter()
            same = quadratic(time_yr[:n], x[:n], y[:n], weight[:n], floors, rules.fractal_dimension)
            slow = time.perf_counter() - begin
            records.add("times faster than comparing all pairs in NumPy", slow / taken[n], "-", f"{n:,} events",
                        note=f"{slow:.1f} s")
            records.add("share of the same nearest neighbours", float((same == parent).mean()), "-", f"{n:,} events",
                        (">=", 1.0))
    growth = np.log(taken[100_000] / taken[12_500]) / np.log(8)
    records.add("time grows as the number of events to the power", float(growth), "-", "12,500 to 100,000 events",
                ("<=", 1.8), note="quadratic: 2")


def main() -> None:
    """Time every check, and the whole."""
    records = Records("bench-audit")
    tables = large(EVENTS)
    where = f"{len(tables['origins']):,} events, {len(tables['picks']):,} picks, {STATIONS} stations, one process"
    reference = reference_picks(tables)
    decluster(make_case(_catalogue(200, 3.0), AuditSettings(), MODEL).facts, AuditSettings().seismicity)  # compiled
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begin = time.perf_counter()
    settings = AuditSettings()
    picks = tables["picks"]
    null = nulls(picks, tables["stations"], MODEL, AssociateSettings(), picks["time"].min(), picks["time"].max(),
                 settings.picks.null_repeats, 0, settings.picks.null_most_picks)
    records.add("what associates by chance", time.perf_counter() - begin, "s", where)
    case = make_case(tables, settings, MODEL, reference=reference, null=null)
    records.add("tables joined and checked, with the null", time.perf_counter() - begin, "s", where)
    for check in CHECKS:
        start = time.perf_counter()
        check.run(case)
        records.add(f"check {check.name}", time.perf_counter() - start, "s", where)
    records.add("the whole audit", time.perf_counter() - begin, "s", where, ("<=", 120.0))
    records.add("peak memory of the process", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB", where,
                ("<=", 4096.0), note=f"of it {before:.0f} for making the tables")
    neighbours(records, case)
    records.write()


if __name__ == "__main__":
    main()
