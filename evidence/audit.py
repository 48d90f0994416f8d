"""The audit, shown: planted faults and false alarms, what its metrics are worth against the truth, real data.

    python evidence/audit.py                # everything
    python evidence/audit.py faults         # some of: clean, faults, ranking, real

What is simulated is kept below ``.cache/audit``; tables go to ``evidence/experiments/audit-*.csv``.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from planted import FAULTS, Base, chain, judged, month
from records import HERE, ROOT, Records, real_data
from scipy.stats import spearmanr
from scipy.stats import t as student

from quakescribe.audit.check import BAD, WATCH
from quakescribe.audit.statistics import false_discovery
from quakescribe.compare.experiment import run_experiment
from quakescribe.compare.given import side_of
from quakescribe.compare.page import write_comparison
from quakescribe.compare.side_by_side import compare_sides
from quakescribe.earth.velocity import read_velocity
from quakescribe.report.demo import simulated_project
from quakescribe.run.audits import audit_files, audit_run
from quakescribe.run.projects import new_project
from quakescribe.run.runner import Silent, execute
from quakescribe.run.workspace import Project, write_text
from quakescribe.settings.compare import ArmSettings, ExperimentSettings
from quakescribe.settings.project import Settings, dump, override
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.simulate import read_scenario
from quakescribe.simulate.score import score

KEPT = ROOT / ".cache" / "audit"
TABLES = HERE / "experiments"
CLEAN, SEEDS, PROCESSES = 10, 3, 2
LEVEL = {"good": 0, "cannot tell": 0, WATCH: 1, BAD: 2}
WEIGHTS = {"phasenet": "PhaseNet:{}/weights/phasenet_ncedc", "eqt": "EQTransformer:{}/weights/eqt_original",
           "eqt-conservative": "EQTransformer:{}/weights/eqt_conservative"}
PUBLISHED = {"pick.trigger_threshold": 12, "pick.onset": "pal", "pick.phase_test": False,
             "pick.s_back_from": "window-end"}
ASSOCIATORS: dict[str, dict[str, Any]] = {
    "usual": {},
    "strict": {"associate.min_stations": 5, "associate.min_pairs": 4, "associate.max_mean_residual_s": 0.4},
    "loose": {"associate.min_stations": 3, "associate.min_pairs": 2, "associate.origin_time_deviation_s": 4.0,
              "associate.max_residual_s": 3.0, "associate.max_mean_residual_s": 1.4,
              "associate.max_added_residual_s": 2.0}}


# --- sound runs, and faults planted into them ------------------------------------------------------------------------


def sound(k: int) -> Project:
    """Return one of the sound simulated networks, run: three days, 14 stations, no quarry, clocks right."""
    base = read_scenario("quiet")
    settings = base.model_copy(update={
        "seed": 1000 + k, "hours": 72.0, "network": base.network.model_copy(update={"n_stations": 14}),
        "seismicity": base.seismicity.model_copy(update={"background_per_day": 400.0})})
    project = simulated_project(KEPT / f"clean-{k:02d}", settings, None, Silent())
    execute(project.settings, project.folder, project.run("first"), "measure", Silent())
    return project


def prepare(k: int) -> None:
    """Make a sound network, its run, and the picks of PAL as published, which it is held against."""
    project = sound(k)
    execute(override(project.settings, [f"{name}={value}" for name, value in PUBLISHED.items()]), project.folder,
            project.run("published"), "pick", Silent())


def base_of(k: int) -> Base:
    """Return a sound run, made already, as a base for faults."""
    project = Project(KEPT / f"clean-{k:02d}")
    run = project.run("first")
    tables = {name: run.table(name) for name in ("stations", "picks", "events", "arrivals", "origins", "magnitudes")}
    model = read_velocity(project.path(project.settings.project.velocity), project.settings.velocity)
    return Base(tables, model, project.run("published").table("picks"))


def verdicts(findings: pd.DataFrame) -> pd.DataFrame:
    """Return metric, scope, key, level: 0 nothing wrong, 1 watch, 2 bad."""
    return findings[["metric", "scope", "key"]].assign(level=findings["verdict"].map(LEVEL))


def clean(records: Records) -> None:
    """False alarms on ten sound runs, as they came out of the chain, and on ten sound months."""
    for k in range(CLEAN):
        prepare(k)
    for kind, bases in (("run", (base_of(k) for k in range(CLEAN))), ("month", (month(k) for k in range(CLEAN)))):
        rows = []
        for k, base in enumerate(bases):
            found = judged(base).findings
            rows.append(found.assign(base=k))
        table = pd.concat(rows, ignore_index=True)
        table.to_csv(TABLES / f"audit-clean-{kind}.csv", index=False)
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
    for k in range(SEEDS):
        prepare(k)
    jobs = [(name, strength, seed) for kind in ("run", "month") for seed in range(SEEDS)
            for name, fault in FAULTS.items() if fault.kind == kind for strength in fault.strengths]
    table = pd.concat(spread(_spoilt, jobs), ignore_index=True)
    table.to_csv(TABLES / "audit-faults.csv", index=False)
    for name, fault in FAULTS.items():
        mine = table[(table["fault"] == name) & table["metric"].isin(fault.meant)]
        data = f"fault planted: {name} ({fault.unit}; {', '.join(f'{one:g}' for one in fault.strengths)})"
        for level, word in ((2, "bad"), (1, "watch or bad")):
            found = [strength for strength in fault.strengths if _found(mine, strength, level)]
            records.add(f"strengths at which a metric meant for it turns {word} in every base", len(found), "-", data,
                        note=f"of {len(fault.strengths)}; {_words(mine, fault.strengths, level)}")
    others = table[[metric not in FAULTS[fault].meant for fault, metric in zip(table["fault"], table["metric"],
                                                                             strict=True)]]
    records.add("metrics not meant for a fault that turn bad", float((others["level"] == 2).mean()), "-",
                f"{len(table)} verdicts after planting")


def _found(mine: pd.DataFrame, strength: float, level: int) -> list[str]:
    """Return the metrics that reach a level in all bases at a strength."""
    least = mine[mine["strength"] == strength].groupby("metric")["level"].min()
    return sorted(least.index[least >= level])


def _words(mine: pd.DataFrame, strengths: Iterable[float], level: int) -> str:
    return "; ".join(f"{one:g}: {', '.join(_found(mine, one, level)) or 'none'}" for one in strengths)


def spread(work: Callable[[Any], pd.DataFrame], jobs: list[Any]) -> list[pd.DataFrame]:
    """Do jobs in processes of their own; say how far it is."""
    out = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for k, one in enumerate(pool.map(work, jobs)):
            out.append(one)
            print(f"{k + 1} of {len(jobs)}: {jobs[k]}", flush=True)
    return out


# --- what the metrics are worth --------------------------------------------------------------------------------------


def arms() -> list[ArmSettings]:
    """Pickers and associators: each picker with each associator; thresholds multiply those of the networks."""
    data = real_data()
    pickers: dict[str, dict[str, Any]] = {
        "pal": {}, "pal-6": {"pick.trigger_threshold": 6}, "pal-12": {"pick.trigger_threshold": 12},
        "pal-published": PUBLISHED}
    if data is not None:
        pickers |= {name: {"pick.picker": f"seisbench:{path.format(data)}"} for name, path in WEIGHTS.items()}
    return [ArmSettings(name=f"{picker}-{how}", changes={**changes, **ASSOCIATORS[how]})
            for picker, changes in pickers.items() for how in ASSOCIATORS]


def ranking(records: Records) -> None:
    """Does the ranking without labels agree with the truth?"""
    rows = []
    for name, project, span in (
            ("quiet", sound(0), ("2024-03-06T00:00:00Z", "2024-03-07T00:00:00Z")),
            ("aftershocks", simulated_project(KEPT / "aftershocks", read_scenario("aftershocks"), None, Silent()),
             (None, None))):
        execute(project.settings, project.folder, project.run("first"), "locate", Silent())
        done = experiment(project, span)
        jobs = [(str(project.folder), run) for run in done["run"]]
        judged_runs = pd.concat(spread(_metrics_of, jobs), ignore_index=True)
        rows.append(done[["run", "arm", "threshold"]].merge(judged_runs, on="run").assign(data=name))
    table = pd.concat(rows, ignore_index=True)
    table.to_csv(TABLES / "audit-ranking.csv", index=False)
    agreement(records, table)


def experiment(project: Project, span: tuple[str | None, str | None]) -> pd.DataFrame:
    """Return the findings of all arms; each picker picks once, for all associators."""
    wanted = {"name": "ranking", "thresholds": (0.1, 0.3, 0.6), "null_repeats": 0, "pick_start": span[0],
              "pick_end": span[1]}
    every = arms()
    usual = tuple(arm for arm in every if arm.name.endswith("usual"))
    run_experiment(project, ExperimentSettings(arms=usual, **wanted))
    for made in sorted((project.folder / "runs").glob("ranking-*-usual*")):
        for how in ASSOCIATORS:
            other = made.with_name(made.name.replace("-usual", f"-{how}"))
            if not (other / "pick").exists():
                shutil.copytree(made / "pick", other / "pick")  # the same settings of pick: a run finds them done
    return run_experiment(project, ExperimentSettings(arms=tuple(every), **wanted)).findings


def _metrics_of(job: tuple[str, str]) -> pd.DataFrame:
    """Return one row: every metric of the network of a run, and the truth."""
    folder = Path(job[0])
    project = Project(folder)
    run = project.run(job[1])
    settings = override(project.settings, ["audit.resamples=60"])
    found = audit_run(run, folder, settings, project.run("first")).audit.findings
    network = found[found["scope"] == "network"]
    names = network["metric"] + network["key"].map(lambda key: f": {key}" if key else "")
    row = dict(zip(names, network["value"], strict=True))
    stations = found[(found["scope"] == "station")].groupby("metric")["verdict"].agg(lambda v: float((v == BAD).mean()))
    row |= {f"{metric}: share of bad stations": value for metric, value in stations.items()}
    row |= {f"verdicts {verdict}": float((network["verdict"] == verdict).sum()) for verdict in ("good", WATCH, BAD)}
    row |= {"events": float(len(run.table("origins"))), "picks": float(len(run.table("picks")))}
    return pd.DataFrame([{"run": job[1], **row, **truth_of(run, project)}])


def truth_of(run: Any, project: Project) -> dict[str, float]:
    """Return F1, recall and precision of events, and the errors of location, of a run of a simulation."""
    span = [pd.Timestamp(one) for one in run.provenance()["inputs"]["span"]]
    found = score(project.folder / "truth", run.made("picks", "events", "arrivals", "origins"), start=span[0],
                  end=span[1])
    values = found[found["scope"] == "all"].set_index(["part", "name"])["value"]
    recall, precision = (float(values.get(("association", name), np.nan))
                         for name in ("recall of detectable events", "precision of events"))
    return {"true recall": recall, "true precision": precision,
            "true F1": 2 * recall * precision / max(recall + precision, 1e-9),
            "true events": float(values.get(("association", "events found"), np.nan)),
            "true epicentre error": float(values.get(("location", "epicentre error, median"), np.nan)),
            "true depth error": float(values.get(("location", "depth error, median"), np.nan))}


TRUE = ("true F1", "true recall", "true precision", "true epicentre error")
TRUSTED = 0.05
"""False-discovery rate of rank correlations that are called true."""


def agreement(records: Records, table: pd.DataFrame) -> None:
    """Record the rank correlation of every metric with the truth, over all runs of each data set.

    Thresholds of one picker with one associator are not independent: arms are drawn again whole, and the test of a
    correlation counts arms, not runs.
    """
    metrics = [name for name in table.columns if not name.startswith("true ") and
               name not in ("run", "arm", "threshold", "data") and table[name].notna().mean() > 0.7]
    rows = [_correlation(mine, data, metric, truth) for data, mine in table.groupby("data") for metric in metrics
            for truth in TRUE]
    found = pd.DataFrame([row for row in rows if row is not None])
    found["trusted"] = false_discovery(found["p"], TRUSTED)
    found.to_csv(TABLES / "audit-agreement.csv", index=False)
    for data, mine in table.groupby("data"):
        records.add("runs ranked without labels and by the truth", len(mine), "-", f"simulated: {data}", (">=", 30))
    for truth in TRUE:
        _tell_agreement(records, found[found["truth"] == truth], truth)


def _correlation(mine: pd.DataFrame, data: Any, metric: str, truth: str) -> dict[str, Any] | None:
    """Return rho, its interval by drawing arms, and its p counting arms; None with too few."""
    good = mine[["arm", metric, truth]].dropna()
    arms_there = good["arm"].unique()
    if len(arms_there) < 8 or len(good) < 15 or len(good[metric].unique()) < 3:
        return None
    rho = float(spearmanr(good[metric], good[truth]).statistic)
    rng, parts = np.random.default_rng(0), {arm: rows[[metric, truth]].to_numpy() for arm, rows in good.groupby("arm")}
    again = []
    for _ in range(200):
        drawn = np.concatenate([parts[arm] for arm in rng.choice(arms_there, len(arms_there))])
        again.append(spearmanr(drawn[:, 0], drawn[:, 1]).statistic)
    low, high = np.nanquantile(again, [0.025, 0.975])
    free = len(arms_there) - 2
    p = 2 * student.sf(abs(rho) * np.sqrt(free / max(1e-12, 1 - rho**2)), free)
    return {"data": data, "metric": metric, "truth": truth, "rho": rho, "low": low, "high": high, "runs": len(good),
            "arms": len(arms_there), "p": p}


def _tell_agreement(records: Records, found: pd.DataFrame, truth: str) -> None:
    """Record how many metrics agree with a truth in every data set, which most, and which in none."""
    rho = found.pivot_table(index="metric", columns="data", values="rho").dropna()
    sure = found.pivot_table(index="metric", columns="data", values="trusted", aggfunc="min").reindex(rho.index)
    same = (np.abs(np.sign(rho).sum(axis=1)) == rho.shape[1]) & (sure.sum(axis=1) == rho.shape[1])
    order = rho[same].abs().min(axis=1).sort_values(ascending=False).index
    data = " and ".join(f"simulated: {name}" for name in rho.columns)
    words = "; ".join(f"{metric} {', '.join(f'{one:+.2f}' for one in rho.loc[metric])}" for metric in order[:12])
    records.add(f"metrics whose ranking agrees with {truth} in both data sets", len(order), "-", data,
                note=f"of {len(rho)}; {words}")
    turned = rho[np.abs(np.sign(rho).sum(axis=1)) < rho.shape[1]]
    weak = rho.index[(rho.abs() < 0.3).all(axis=1)]
    records.add(f"metrics that say nothing of {truth} (|rho| < 0.3 in both)", len(weak), "-", data,
                note=", ".join(weak[:15]))
    records.add(f"metrics whose correlation with {truth} has another sign in each", len(turned), "-", data,
                note=", ".join(turned.abs().min(axis=1).sort_values(ascending=False).index[:10]))


# --- real data -------------------------------------------------------------------------------------------------------


def real(records: Records) -> None:
    """Two days of PAL's picks with HYPOINVERSE's locations, and four pickers on 80 minutes, side by side."""
    data = real_data()
    if data is None:
        print("audit: no real recordings")
        return
    folder = data / "ridgecrest_picks"
    settings = override(Settings(), ["velocity.reference_elevation_km=2.5", "audit.timezone=America/Los_Angeles"])
    sides = []
    for name, depths in (("hypoinverse_trial5", "one trial depth"), ("hypoinverse_trials20", "twenty trial depths")):
        audited = audit_files(hypoinverse_files(folder, name), settings, folder / "stations.csv",
                              folder / "velocity_p.cre")
        told(records, audited.audit.findings, f"ridgecrest_picks, HYPOINVERSE's locations, {depths}")
        sides.append(side_of(audited, depths))
    write_comparison(compare_sides(sides, settings.comparison), sides, KEPT / "comparison-depths", settings)
    project, sides = ridgecrest(data), []
    for name, changes in pickers_there(data).items():
        run = project.run(name)
        execute(override(project.settings, [f"{key}={value}" for key, value in changes.items()]), project.folder, run,
                "measure", Silent())
        audited = audit_run(run, project.folder, override(project.settings, ["audit.timezone=America/Los_Angeles"]),
                            project.run("pal") if name != "pal" else None)
        told(records, audited.audit.findings, f"ridgecrest_waveforms, {name}")
        sides.append(side_of(audited, name))
    found = compare_sides(sides, settings.comparison)
    write_comparison(found, sides, KEPT / "comparison-pickers", settings, figures=True)
    side_by_side(records, found.tables, f"ridgecrest_waveforms, {', '.join(found.common.names)}")
    for figure, of in FIGURES.items():
        shutil.copy(KEPT / "comparison-pickers" / "figures" / f"comparison-{figure}.png",
                    ROOT / "docs" / "figures" / f"audit-{of}.png")


FIGURES = {"unassociated": "figure-2a", "associated-picks": "figure-5-picks", "association-rate": "figure-5-rate",
           "well-located": "figure-5-located"}
"""Figures of the comparison that are those of the reference study, and what they are called in the documentation."""


def side_by_side(records: Records, tables: dict[str, pd.DataFrame], data: str) -> None:
    """Record the numbers of every side, what pairs share, and the ranking."""
    for row in tables["sides"].to_dict("records"):
        for name in ("picks", "associated", "association_rate", "chance_share", "events", "well_located"):
            records.add(f"{row['side']}: {name.replace('_', ' ')}", float(row[name]), "-", data)
    for row in tables["events"].to_dict("records"):
        records.add(f"events of {row['first']} and {row['second']} that are the same, less chance",
                    float(row["without_chance"]), "-", data, note=f"of {row['n_first']} and {row['n_second']}")
    for row in tables["ranks"].to_dict("records"):
        if row["p_best"] == row["p_best"] and row["p_best"] > 0.5:
            records.add(f"best by {row['title']}: {row['side']}, in a share of resampled spans", float(row["p_best"]),
                        "-", data, note=f"value {row['value']:.3g}")


def hypoinverse_files(folder: Path, name: str) -> list[Path]:
    """Return HYPOINVERSE's locations with PAL's pairs and arrivals, written together as tables of ours."""
    from quakescribe.exchange.formats import read_tables
    from quakescribe.exchange.stations import read_stations
    from quakescribe.tables import TABLES as CONTRACTS
    from quakescribe.tables import store

    out = KEPT / name
    stations = read_stations(folder / "stations.csv")[0]
    located = read_tables(folder / f"{name}.sum")
    pairs = read_tables(folder / "pal_pairs.csv", stations)["picks"]
    arrivals = read_tables(folder / "arrivals.csv", stations)["arrivals"]
    magnitudes = read_tables(folder / "events.csv")["magnitudes"]
    tables = {"origins": located["origins"], "events": located["events"], "picks": pairs, "arrivals": arrivals,
              "magnitudes": magnitudes}
    for name, frame in tables.items():
        store.write(CONTRACTS[name].order(frame), CONTRACTS[name], out / f"{name}.parquet")
    return [out]


def ridgecrest(data: Path) -> Project:
    """Return the project of the real recordings."""
    folder, source = KEPT / "ridgecrest", data / "ridgecrest_waveforms"
    if not (folder / "quakescribe.toml").exists():
        made = new_project(folder, str(source / "waveforms"), str(source / "stations.csv"),
                           str(data / "ridgecrest_picks" / "velocity_p.cre"))
        settings = made.settings.model_copy(update={"velocity": VelocitySettings(reference_elevation_km=2.5)})
        write_text(folder / "quakescribe.toml", dump(settings))
    return Project(folder)


def pickers_there(data: Path) -> dict[str, dict[str, Any]]:
    """Return the pickers to compare, by name of run; SAR where its weights of this window were trained."""
    out: dict[str, dict[str, Any]] = {"pal": {}}
    out |= {name: {"pick.picker": f"seisbench:{WEIGHTS[name].format(data)}"} for name in ("phasenet", "eqt")}
    trained = ROOT / ".cache" / "selftraining" / "ridgecrest" / "weights" / "late-sar-from-simulation-s0.safetensors"
    if trained.exists():
        out["sar"] = {"pick.picker": "sar", "pick.network.weights": str(trained)}
    return out


def told(records: Records, findings: pd.DataFrame, data: str) -> None:
    """Record how many verdicts of each kind there are, and every metric of the network that is not good."""
    network = findings[findings["scope"] == "network"]
    for verdict in ("good", WATCH, BAD, "cannot tell"):
        records.add(f"verdicts '{verdict}'", int((network["verdict"] == verdict).sum()), "-", data)
    for row in network[network["verdict"].isin([WATCH, BAD])].to_dict("records"):
        name = row["metric"] + (f" ({row['key']})" if row["key"] else "")
        records.add(name, float(row["value"]), str(row["unit"]), data, note=f"{row['verdict']}: {row['why']}")
    slug = data.replace(",", "").replace(" ", "-").replace("'", "").replace("(", "").replace(")", "")
    findings.to_csv(TABLES / f"audit-{slug}.csv", index=False)


PARTS: dict[str, Callable[[Records], None]] = {"clean": clean, "faults": faults, "ranking": ranking, "real": real}


def main(names: list[str]) -> None:
    """Do all parts, or some; the records of the others stay."""
    path, marks = HERE / "audit.json", {}
    TABLES.mkdir(exist_ok=True)
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for name in names or list(PARTS):
        records = Records("audit")
        PARTS[name](records)
        marks[name] = [row | {"part": name} for row in records.rows]
        old = [row for row in old if row.get("part") != name] + marks[name]
        path.write_text(json.dumps(old, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
