"""What the metrics are worth: do they rank runs of several pickers and associators as the truth does?"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import selftraining
from records import Records, real_data
from scipy.stats import spearmanr
from scipy.stats import t as student

from audits.bases import KEPT, sound
from audits.spread import TABLES, spread
from quakescribe.audit.check import BAD, WATCH
from quakescribe.audit.statistics import false_discovery
from quakescribe.compare.experiment import run_experiment
from quakescribe.report.demo import simulated_project
from quakescribe.run.audits import audit_run
from quakescribe.run.runner import Silent, execute
from quakescribe.run.workspace import Project
from quakescribe.settings.compare import ArmSettings, ExperimentSettings
from quakescribe.settings.project import override
from quakescribe.simulate import read_scenario
from quakescribe.simulate.score import score

WEIGHTS = {name: selftraining.WEIGHTS[known] for name, known in (
    ("phasenet", "phasenet-ncedc"), ("eqt", "eqt-stead"), ("eqt-conservative", "eqt-conservative"))}
ASSOCIATORS: dict[str, dict[str, Any]] = {
    "usual": {},
    "strict": {"associate.min_stations": 5, "associate.min_pairs": 4, "associate.max_mean_residual_s": 0.4},
    "loose": {"associate.min_stations": 3, "associate.min_pairs": 2, "associate.origin_time_deviation_s": 4.0,
              "associate.max_residual_s": 3.0, "associate.max_mean_residual_s": 1.4,
              "associate.max_added_residual_s": 2.0}}
TRUE = ("true F1", "true recall", "true precision", "true epicentre error")
TRUSTED = 0.05
"""False-discovery rate of rank correlations that are called true."""


def arms() -> list[ArmSettings]:
    """Pickers and associators: each picker with each associator; thresholds multiply those of the networks."""
    data = real_data()
    pickers: dict[str, dict[str, Any]] = {
        "pal": {}, "pal-6": {"pick.trigger_threshold": 6}, "pal-12": {"pick.trigger_threshold": 12},
        "pal-published": selftraining.PUBLISHED}
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
