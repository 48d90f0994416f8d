"""Which metrics find which planted fault, and what the audit says of sound catalogues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
from records import Records

from audits.bases import Base, base_of, chain, judged, month, prepare
from audits.faults import FAULTS
from audits.spread import TABLES, spread
from quakescribe.audit.check import BAD, WATCH

CLEAN = range(10, 20)  # seeds; limits of verdicts were set on 0 to 9
SPOILT = range(10, 13)
LEVEL = {"good": 0, "cannot tell": 0, WATCH: 1, BAD: 2}


def verdicts(findings: pd.DataFrame) -> pd.DataFrame:
    """Return metric, scope, key, level: 0 nothing wrong, 1 watch, 2 bad."""
    return findings[["metric", "scope", "key"]].assign(level=findings["verdict"].map(LEVEL))


def clean(records: Records) -> None:
    """False alarms on ten sound runs, as they came out of the chain, and on ten sound months."""
    for k in CLEAN:
        prepare(k)
    for kind, bases in (("run", (base_of(k) for k in CLEAN)), ("month", (month(k) for k in CLEAN))):
        rows = []
        for k, base in zip(CLEAN, bases, strict=True):
            found = judged(base).findings
            rows.append(found.assign(base=k))
        table = pd.concat(rows, ignore_index=True)
        table.drop(columns=["why", "todo"]).to_csv(TABLES / f"audit-clean-{kind}.csv", index=False)
        network = table[(table["scope"] == "network") & (table["verdict"] != "cannot tell")]
        data = "ten simulated runs of 3 days, 14 stations" if kind == "run" else "ten months made table by table"
        records.add("verdicts 'bad' on sound catalogues", float((network["verdict"] == BAD).mean()), "-", data,
                    ("<=", 0.05), note=f"n = {len(network)}, metrics of the network")
        records.add("verdicts 'watch' on sound catalogues", float((network["verdict"] == WATCH).mean()), "-", data)
        others = table[(table["scope"] != "network") & (table["verdict"] != "cannot tell")]
        if len(others):
            records.add("verdicts 'bad' on single stations, days and phases of sound catalogues",
                        float((others["verdict"] == BAD).mean()), "-", data, ("<=", 0.05), note=f"n = {len(others)}")
        alarms = network[network["verdict"] == BAD].groupby(["metric", "key"]).size()
        print(kind, alarms.sort_values(ascending=False).head(12).to_dict(), flush=True)


@lru_cache(maxsize=4)
def _before(kind: str, seed: int) -> tuple[Base, pd.DataFrame]:
    """Return a base, associated, located and measured here, and its verdicts."""
    base = chain(base_of(seed)) if kind == "run" else month(seed)
    intact = replace(base, relocated=base.tables["origins"]) if kind == "run" else base
    return base, verdicts(judged(intact).findings)


def _spoilt(job: tuple[str, float, int]) -> pd.DataFrame:
    """Plant one fault at one strength into one base, audit before and after, and return what became worse."""
    name, strength, seed = job
    fault = FAULTS[name]
    base, before = _before(fault.kind, seed)
    spoilt, target = fault.plant(base, strength, np.random.default_rng([seed, 99]))
    after = verdicts(judged(spoilt).findings)
    key = ["metric", "scope", "key"]
    both = after.merge(before, on=key, how="left", suffixes=("", "_before")).fillna({"level_before": 0})
    both = both[(both["scope"] == "network") | ((both["scope"] == "station") & (both["key"] == target))]
    worse = both[both["level"] > both["level_before"]]
    found = worse.groupby("metric")["level"].max().rename("level").reset_index()
    every = pd.DataFrame({"metric": sorted(set(after["metric"]))}).merge(found, on="metric", how="left").fillna(0)
    return every.assign(fault=name, strength=strength, seed=seed, unit=fault.unit)


def faults(records: Records) -> None:
    """Which metric finds which fault, from which strength on."""
    for k in SPOILT:
        prepare(k)
    jobs = [(name, strength, seed) for kind in ("run", "month") for seed in SPOILT
            for name, fault in FAULTS.items() if fault.kind == kind for strength in fault.strengths]
    table = pd.concat(spread(_spoilt, jobs), ignore_index=True)
    meant = pd.Series([metric in FAULTS[fault].meant for fault, metric in zip(table["fault"], table["metric"],
                                                                              strict=True)])
    table[meant | (table["level"] > 0)].to_csv(TABLES / "audit-faults.csv", index=False)  # others stayed as they were
    for name, fault in FAULTS.items():
        mine = table[(table["fault"] == name) & table["metric"].isin(fault.meant)]
        data = f"fault planted: {name} ({fault.unit}; {', '.join(f'{one:g}' for one in fault.strengths)})"
        for level, word in ((2, "bad"), (1, "watch or bad")):
            found = [strength for strength in fault.strengths if _found(mine, strength, level)]
            records.add(f"strengths at which a metric meant for it turns {word} in every base", len(found), "-", data,
                        note=f"of {len(fault.strengths)}; {_words(mine, fault.strengths, level)}")
    records.add("metrics not meant for a fault that turn bad", float((table[~meant]["level"] == 2).mean()), "-",
                f"{len(table)} verdicts after planting")


def _found(mine: pd.DataFrame, strength: float, level: int) -> list[str]:
    """Return the metrics that reach a level in all bases at a strength."""
    least = mine[mine["strength"] == strength].groupby("metric")["level"].min()
    return sorted(least.index[least >= level])


def _words(mine: pd.DataFrame, strengths: Iterable[float], level: int) -> str:
    return "; ".join(f"{one:g}: {', '.join(_found(mine, one, level)) or 'none'}" for one in strengths)
