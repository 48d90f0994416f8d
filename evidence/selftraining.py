"""Self-training, shown by experiments of ``quakescribe compare`` on simulated regions and on real recordings.

A region is simulated for some days. The rule-based picker picks the first part, networks are trained on its associated
pairs, and every picker makes a catalogue of the second part, scored against the truth. Whatever is made is kept below
``.cache/selftraining``: a stopped call goes on where it stopped.

    python evidence/selftraining.py                     # everything, hours
    python evidence/selftraining.py quiet negatives     # some of it
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import HERE, ROOT, Records, real_data

from quakescribe.compare.experiment import Outcome, run_experiment
from quakescribe.report.demo import simulated_project
from quakescribe.run.predicted import nanoseconds
from quakescribe.run.projects import new_project
from quakescribe.run.runner import Silent, execute
from quakescribe.run.workspace import Project, write_text
from quakescribe.settings.compare import ArmSettings, ExperimentSettings
from quakescribe.settings.project import dump, override
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.simulate import read_scenario
from quakescribe.simulate.score import match_events
from quakescribe.train.labels import near
from run import END_OF_REFERENCE, regional_catalogue

KEPT = ROOT / ".cache" / "selftraining"
SEEDS = (0, 1, 2)
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
USUAL = 0.3
PRECISE = 0.98  # precision of events at which networks are compared
SWEPT = ("sar",)  # networks in the sweep of negatives; add "phasenet" where there is time
TEACHER = "teacher"
PUBLISHED = {"pick.trigger_threshold": 12, "pick.onset": "pal", "pick.phase_test": False,
             "pick.s_back_from": "window-end"}
WEIGHTS = {"phasenet-ncedc": "PhaseNet:{}/weights/phasenet_ncedc", "eqt-stead": "EQTransformer:{}/weights/eqt_original",
           "eqt-conservative": "EQTransformer:{}/weights/eqt_conservative"}


@dataclass(frozen=True)
class Region:
    """A simulated region: a shipped scenario, what is changed of it, the hours trained on, epochs of training."""

    scenario: str
    changes: dict[str, Any]
    trained_h: float
    epochs: int
    split_minutes: int = 60
    beside: tuple[int, ...] = SEEDS  # of PhaseNet, trained beside SAR

    @property
    def settings(self) -> SimulateSettings:
        base = read_scenario(self.scenario)
        changed = {key: getattr(base, key).model_copy(update=value) if isinstance(value, dict) else value
                   for key, value in self.changes.items()}
        return base.model_copy(update=changed)

    @property
    def cut(self) -> pd.Timestamp:
        """Where training ends and picking begins."""
        return pd.Timestamp(self.settings.start) + pd.Timedelta(hours=self.trained_h)


BUSY = {"background_per_day": 500.0, "magnitude_min": -1.1}
QUIET = Region("quiet", {"hours": 192.0, "seismicity": BUSY}, 144.0, 8, beside=(0,))
REGIONS = {
    "quiet": QUIET,
    "aftershocks": Region("aftershocks", {"hours": 16.0, "seismicity": {"magnitude_min": -0.6,
                                                                        "background_per_day": 500.0}}, 10.0, 24, 30),
}
# what is different in B from A (the quiet region); everything else, but for the seed, is the same
ELSEWHERE: dict[str, dict[str, Any]] = {
    "nothing but the seed": {},
    "noise level 0.7 instead of 0.35": {"noise": {"level": 0.7}},
    "stronger attenuation": {"earth": {"kappa_s": 0.06, "q_s": 35.0}},
    "twice as wide": {"network": {"aperture_km": 180.0}},
}
ELSEWHERE_HOURS, ELSEWHERE_TRAINED, ELSEWHERE_SEED = 72.0, 48.0, 7
SLOWLY = {"train.fit.learning_rate": 0.0003}


def prepared(folder: Path, region: Region) -> Project:
    """Simulate a region, and make the run that labels come from."""
    project = simulated_project(folder, region.settings, None, Silent())
    before = override(project.settings, [f"project.end={region.cut.isoformat()}"])
    execute(before, project.folder, project.run(TEACHER), "measure", Silent())
    return project


def experiment(name: str, region: Region, arms: list[ArmSettings], **more: Any) -> ExperimentSettings:
    changes = {"train.fit.epochs": region.epochs, "train.samples.split_minutes": region.split_minutes}
    return ExperimentSettings(name=name, train_from=TEACHER, train_end=region.cut, pick_start=region.cut,
                              thresholds=THRESHOLDS, changes=changes | more.pop("changes", {}), arms=tuple(arms),
                              **more)


def rules() -> list[ArmSettings]:
    return [ArmSettings(name="pal"), ArmSettings(name="pal-published", changes=PUBLISHED)]


def pretrained() -> list[ArmSettings]:
    data = real_data()
    return [ArmSettings(name=name, changes={"pick.picker": f"seisbench:{path.format(data)}"})
            for name, path in WEIGHTS.items()] if data else []


def trained(*nets: str) -> list[ArmSettings]:
    return [ArmSettings(name=net, train=True, changes={"train.fit.net": net}) for net in nets]


def tell(records: Records, rows: pd.DataFrame, column: str, name: str, data: str) -> None:
    """Record the mean of a column over the seeds that have one, and its smallest and largest."""
    values = rows[column].dropna().to_numpy(float)
    if len(values):
        spread = f"mean of {len(values)} seeds, {values.min():.4g} to {values.max():.4g}"
        records.add(name, float(values.mean()), "-", data, note=spread if len(values) > 1 else "")


COLUMNS = {
    "events": "events", "true_events": "true events found", "false_events": "false events",
    "true_precision": "precision of events", "true_recall": "recall of detectable events",
    "association_rate": "association rate of picks",
    "association_rate_pairs": "association rate of pairs", "corrected_picks": "associated picks without chance",
    "corrected_rate": "association rate without chance", "well_located": "well-located events",
    "own_arrivals": "arrivals on their event's own onsets", "p_recall": "recall of detectable P",
    "p_precision": "precision of P", "s_recall": "recall of detectable S", "s_precision": "precision of S",
}


def precise(findings: pd.DataFrame) -> pd.DataFrame:
    """Return for every arm and seed the most true events at a precision of events of `PRECISE`; 0 if never so precise.

    Between the thresholds precision and number are interpolated linearly.
    """
    out = []
    for (arm, seed), rows in findings.groupby(["arm", "seed"], dropna=False, sort=False):
        points = rows.sort_values("threshold")[["true_precision", "true_events"]].to_numpy(float)
        found = [events for precision, events in points if precision >= PRECISE]
        for (p, n), (q, m) in itertools.pairwise(points):
            if min(p, q) < PRECISE <= max(p, q):
                found.append(n + (m - n) * (PRECISE - p) / (q - p))
        out.append({"arm": arm, "seed": seed, "true_events": max(found, default=0.0)})
    return pd.DataFrame(out)


def usual(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at the usual threshold, and those of pickers that know none."""
    return findings[findings["threshold"].isna() | (findings["threshold"] == USUAL)]


def side_by_side(records: Records, found: pd.DataFrame, where: str, columns: dict[str, str]) -> None:
    """Record every arm at the usual threshold, and all networks at equal precision of events."""
    for arm, rows in usual(found).groupby("arm", sort=False):
        for column, name in columns.items():
            tell(records, rows, column, name, f"{arm}; {where}")
    if "true_events" in found:
        equal_precision(records, found, where)


def equal_precision(records: Records, found: pd.DataFrame, where: str) -> None:
    for arm, rows in precise(found).groupby("arm", sort=False):
        tell(records, rows, "true_events", f"true events found at a precision of {PRECISE}", f"{arm}; {where}")


def pickers(name: str) -> Records:
    """All pickers on one region."""
    region = REGIONS[name]
    project = prepared(KEPT / name, region)
    outcome = run_experiment(project, experiment("pickers", region, [*rules(), *pretrained(), *trained("sar")],
                                                 seeds=SEEDS))
    beside = run_experiment(project, experiment("beside", region, trained("phasenet"), seeds=region.beside))
    found = pd.concat([outcome.findings, beside.findings], ignore_index=True)
    records, where = Records("selftraining"), f"region {name}"
    side_by_side(records, found, where, COLUMNS)
    mean = usual(found).groupby("arm").mean(numeric_only=True)
    equal = precise(found).groupby("arm")["true_events"].mean()
    for other in ("pal", "pal-published"):
        for column, aim in (("true_events", (">=", 2.5)), ("association_rate_pairs", (">=", 1.0))):
            records.add(f"{COLUMNS[column]}, SAR over {other}", float(mean.loc["sar", column]
                             / mean.loc[other, column]), "ratio", where, aim, f"threshold {USUAL}")
    for other, aim in (("pal", 2.5), ("pal-published", 2.5), *((name, 1.0) for name in WEIGHTS)):
        if other in equal:
            records.add(f"true events found at a precision of {PRECISE}, SAR over {other}",
                             float(equal["sar"] / max(1.0, equal[other])), "ratio", where, (">=", aim))
    if name == "quiet":
        slow_way(records, project, where)
    shown(outcome, f"selftraining-{name}")
    return records


def slow_way(records: Records, project: Project, where: str) -> None:
    """Record how many of SAR's picks stay where they are when every sample is seen twice, as in AI-PAL."""
    weights = "weights/pickers-sar-s0.safetensors"
    settings = override(project.settings, ["pick.picker=sar", f"pick.network.weights={weights}",
                                           "pick.network.overlap=0.5", f"project.start={QUIET.cut.isoformat()}",
                                           f"project.end={(QUIET.cut + pd.Timedelta(days=1)).isoformat()}"])
    slow, fast = project.run("sar-slow"), project.run("sar-fast")
    execute(settings, project.folder, slow, "pick", Silent())
    execute(override(settings, ["pick.network.overlap=-1"]), project.folder, fast, "pick", Silent())
    a, b = (run.stage_table("pick", "picks") for run in (slow, fast))
    for least in (USUAL, 0.5):
        near = np.concatenate([together(x[x["probability"] >= least], y) for x, y in ((a, b), (b, a))])
        records.add(f"SAR's picks of probability {least} or more that the slow way has within 0.02 s", near.mean(),
                         "share", where, (">=", 0.99), f"n = {len(near)}, counted both ways")


def together(picks: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Return for every pick whether the others hold one of its station and phase within 0.02 s."""
    these, those = (frame.assign(time_ns=nanoseconds(frame["time"])) for frame in (picks, others))
    return np.concatenate([near(these[these["phase"] == phase], those[those["phase"] == phase], 0.02)
                           for phase in "PS"])


def negatives() -> Records:
    """More and fewer negatives, on the quiet region: three days to train on, one to pick."""
    project = prepared(KEPT / "quiet", QUIET)
    day = pd.Timedelta(days=1)
    wanted = experiment("negatives", QUIET, [ArmSettings(name="pal")], seeds=(0, 1),
                        train_start=QUIET.cut - 3 * day, pick_end=QUIET.cut + day,
                        grid={"train.samples.negatives_scale": (0.25, 1.0, 1.75), "train.fit.net": SWEPT})
    outcome = run_experiment(project, wanted)
    records, found = Records("selftraining"), usual(outcome.findings)
    for arm, rows in found.groupby("arm", sort=False):
        for column in ("associated_picks", "association_rate_pairs", "corrected_rate", "true_events", "false_events",
                       "true_precision", "p_precision", "s_recall"):
            tell(records, rows, column, COLUMNS.get(column, column.replace("_", " ")), f"{arm}; negatives")
    equal_precision(records, outcome.findings, "negatives")
    scale = "train.samples.negatives_scale"
    for net, rows in found[found[scale].notna()].groupby("train.fit.net", sort=False):
        mean = rows.groupby(scale).mean(numeric_only=True)
        rate, picks = mean["association_rate"], mean["associated_picks"]
        records.add("association rate of picks, a quarter of the negatives over all",
                         float(rate[0.25] / rate[1.0]), "ratio", net, ("in", 0.35, 0.65),
                         "about half in the reference study")
        records.add("association rate of picks, 1.75 times the negatives over all",
                         float(rate[1.75] / rate[1.0]), "ratio", net, (">=", 1.0))
        records.add("associated picks, largest over smallest", float(picks.max() / picks.min() - 1), "-", net,
                         ("<=", 0.1))
    shown(outcome, "negatives")
    return records


def simulated_weights() -> Path:
    """Return the weights of SAR trained on the quiet region; they are made if they are not there."""
    path = KEPT / "quiet" / "weights" / "pickers-sar-s0.safetensors"
    if not path.exists():
        pickers("quiet")
    return path


def elsewhere() -> Records:
    """SAR trained in A (the quiet region), used in B, where one thing is different; and trained there."""
    source, records = simulated_weights(), Records("selftraining")
    for k, (what, changes) in enumerate(ELSEWHERE.items()):
        merged = {"hours": ELSEWHERE_HOURS, "seed": ELSEWHERE_SEED, "seismicity": BUSY, **changes}
        region = Region("quiet", merged, ELSEWHERE_TRAINED, 10)
        project = prepared(KEPT / f"elsewhere-{k}", region)
        arms = [ArmSettings(name="pal"),
                ArmSettings(name="from-A", changes={"pick.picker": "sar", "pick.network.weights": str(source)}),
                ArmSettings(name="from-A-tuned-in-B", train=True, changes={
                    "train.fit.init": str(source), "train.fit.epochs": 3} | SLOWLY),
                ArmSettings(name="trained-in-B", train=True)]
        found = run_experiment(project, experiment("elsewhere", region, arms)).findings
        side_by_side(records, found, f"B: {what}", {name: COLUMNS[name] for name in (
            "events", "true_events", "true_precision", "association_rate_pairs", "s_recall")})
        write(records, "elsewhere")  # what is done so far
    return records


def ridgecrest_project(folder: Path, data: Path) -> Project:
    """Return the project of the real recordings, made where it is not there."""
    source = data / "ridgecrest_waveforms"
    project = Project(folder) if (folder / "quakescribe.toml").exists() else new_project(
        folder, str(source / "waveforms"), str(source / "stations.csv"),
        str(data / "ridgecrest_picks" / "velocity_p.cre"))
    settings = project.settings.model_copy(update={"velocity": VelocitySettings(reference_elevation_km=2.5)})
    write_text(folder / "quakescribe.toml", dump(settings))
    return Project(folder)


def ridgecrest() -> Records:
    """Real recordings: trained on one part of the window, picked the other, and the reverse."""
    records, data = Records("selftraining"), real_data()
    if data is None:
        print("selftraining: no real recordings")
        return records
    project = ridgecrest_project(KEPT / "ridgecrest", data)
    execute(project.settings, project.folder, project.run(TEACHER), "measure", Silent())
    catalogue = regional_catalogue(data)
    # few events to learn from first, many then; the second part is so full that only shorter cuts leave room for
    # negatives
    for name, train, pick, epochs, cut_s in (("late", (None, MIDDLE), (MIDDLE, None), 80, 60.0),
                                             ("early", (MIDDLE, None), (None, MIDDLE), 40, 40.0)):
        wanted = ExperimentSettings(
            name=name, train_from=TEACHER, train_start=train[0], train_end=train[1], pick_start=pick[0],
            pick_end=pick[1], thresholds=THRESHOLDS, seeds=SEEDS[:2],
            changes={"train.samples.split_minutes": 5, "train.samples.valid_share": 0.25, "train.samples.cut_s": cut_s},
            arms=(*rules(), *pretrained(),
                  ArmSettings(name="sar", train=True, changes={"train.fit.epochs": epochs}),
                  ArmSettings(name="sar-from-simulation", train=True, changes={
                      "train.fit.init": str(simulated_weights()), "train.fit.epochs": epochs * 3 // 8} | SLOWLY)))
        found = run_experiment(project, wanted).findings
        found["recall"] = [recall(project, run, catalogue, pick) for run in found["run"]]
        part = f"ridgecrest_waveforms, picked the {'second' if name == 'late' else 'first'} part, trained on the other"
        side_by_side(records, found, part, {**{key: COLUMNS[key] for key in (
            "events", "well_located", "association_rate", "association_rate_pairs", "corrected_picks",
            "corrected_rate")}, "recall": "recall of the regional catalogue's events"})
        write(records, "ridgecrest")  # what is done so far
    return records


MIDDLE = pd.Timestamp("2019-07-04T17:40:00Z")  # M6.4 at 17:33:49; both parts hold one whole round of blocks of time


def recall(project: Project, run: str, catalogue: pd.DataFrame, span: tuple[Any, Any]) -> float:
    """Return the share of the regional catalogue's events of a span that a run found (3 s, 20 km)."""
    start, end = span[0] or catalogue["time"].min(), span[1] or END_OF_REFERENCE
    mine = catalogue[(catalogue["time"] >= start) & (catalogue["time"] < end)].reset_index(drop=True)
    true, _ = match_events(mine, project.run(run).table("origins"), 3.0, 20.0)
    return len(true) / len(mine)


def shown(outcome: Outcome, name: str) -> None:
    """Copy an experiment's tables and figures to where they are kept and shown."""
    (HERE / "experiments").mkdir(exist_ok=True)
    write_text(HERE / "experiments" / f"{name}.csv", (outcome.folder / "means.csv").read_text(encoding="utf-8"))
    for path in outcome.figures:
        if path.stem in ("along", "thresholds"):
            (ROOT / "docs" / "figures" / f"{name}-{path.stem}.png").write_bytes(path.read_bytes())


PARTS: dict[str, Callable[[], Records]] = {
    "quiet": lambda: pickers("quiet"), "aftershocks": lambda: pickers("aftershocks"), "negatives": negatives,
    "elsewhere": elsewhere, "ridgecrest": ridgecrest,
}


def write(records: Records, part: str) -> None:
    """Write the records of a part; those of other parts stay."""
    path = HERE / "selftraining.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for row in records.rows:
        row["part"] = part
    together = Records("selftraining")
    together.rows = [row for row in old if row["part"] != part] + records.rows
    together.rows.sort(key=lambda row: list(PARTS).index(row["part"]))
    together.write()


def main(names: list[str]) -> None:
    for name in names or list(PARTS):
        write(PARTS[name](), name)


if __name__ == "__main__":
    main(sys.argv[1:])
