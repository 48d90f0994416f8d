"""Self-training on simulated regions: PAL, pretrained networks, and networks trained from PAL's picks, side by side.

A region is simulated for some days. PAL picks the first part, and networks are trained on its associated pairs; every
picker then makes a catalogue of the second part, which is scored against the truth. Each step is kept, so a stopped
call goes on where it stopped: ``python evidence/selftraining.py quiet``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import HERE, ROOT, Records, real_data

from quakescribe.report.demo import JUDGED, simulated_project
from quakescribe.run.runner import Silent, execute
from quakescribe.run.workspace import Project, Run
from quakescribe.settings.project import Settings, override
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import read_scenario, score
from quakescribe.train.rounds import findings, picker_settings, train

KEPT = ROOT / ".cache" / "selftraining"
# what is changed of a shipped scenario; where training ends; epochs
REGIONS: dict[str, tuple[str, dict[str, object], float, int]] = {
    "quiet": ("quiet", {"hours": 96.0, "seismicity": {"background_per_day": 500.0, "magnitude_min": -1.1}}, 48.0, 15),
    "aftershocks": ("aftershocks", {"hours": 12.0, "seismicity": {"magnitude_min": -0.6, "background_per_day": 500.0}},
                    6.0, 15),
}
SEEDS = (0, 1, 2)
PRETRAINED = {"PhaseNet, northern California": "PhaseNet:{}/weights/phasenet_ncedc",
              "EQTransformer, STEAD": "EQTransformer:{}/weights/eqt_original"}
TOLD = {
    "picks": ("recall of detectable P", "recall of detectable S", "precision of P", "precision of S",
              "P time error, median", "P time error, MAD", "S time error, MAD"),
    "association": ("true events", "events found", "recall of detectable events", "precision of events", "false events",
                    "merges (events that hold several true ones)", "association rate of pairs",
                    "arrivals of the event's own true event", "chance arrivals (on no true onset)"),
    "location": ("epicentre error, median", "epicentre error, 90%", "depth error, median"),
}


def scenario(name: str) -> SimulateSettings:
    """Return the scenario of a region."""
    shipped, changes, _, _ = REGIONS[name]
    base = read_scenario(shipped)
    sections = {key: value for key, value in changes.items() if isinstance(value, dict)}
    plain = {key: value for key, value in changes.items() if key not in sections}
    inner = {key: getattr(base, key).model_copy(update=value) for key, value in sections.items()}
    return base.model_copy(update={**plain, **inner})


def run_once(project: Project, settings: Settings, name: str) -> Run:
    """Make a run, or find it made."""
    run = project.run(name)
    execute(settings, project.folder, run, "measure", Silent())
    return run


def scored(project: Project, run: Run, start: pd.Timestamp) -> pd.DataFrame:
    """Score a run of what comes after a time."""
    return score(project.folder / "truth", run.made(*JUDGED), start=start)


def tell(records: Records, project: Project, run: Run, region: str, picker: str) -> None:
    """Record what a picker found in the second part of a region."""
    data = f"{picker}; region {region}"
    _, _, hours, _ = REGIONS[region]
    found = scored(project, run, pd.Timestamp(scenario(region).start) + pd.Timedelta(hours=hours))
    for part, names in TOLD.items():
        rows = found[(found["part"] == part) & (found["scope"] == "all")].set_index("name")
        for name in names:
            if name in rows.index:
                records.add(name, float(rows.loc[name, "value"]), str(rows.loc[name, "unit"]), data,
                            note=f"n = {rows.loc[name, 'n']}")
    for name, value in findings(run).items():
        records.add(name.replace("_", " "), float(value), "-", data)


def region(records: Records, name: str) -> None:
    settings = scenario(name)
    project = simulated_project(KEPT / name, settings, None, Silent())
    _, _, hours, epochs = REGIONS[name]
    cut = (pd.Timestamp(settings.start) + pd.Timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    first = override(project.settings, [f"project.end={cut}"])
    second = override(project.settings, [f"project.start={cut}"])
    teacher = run_once(project, first, "pal-first")
    tell(records, project, run_once(project, second, "pal"), name, "PAL")
    published = ["pick.trigger_threshold=12", "pick.onset=pal", "pick.phase_test=false", "pick.s_back_from=window-end"]
    tell(records, project, run_once(project, override(second, published), "pal-published"), name, "PAL as published")
    data = real_data()
    for picker, path in PRETRAINED.items() if data else ():
        chosen = override(second, [f"pick.picker=seisbench:{path.format(data)}"])
        tell(records, project, run_once(project, chosen, path.partition(":")[0].lower()), name, picker)
    for net in ("sar", "phasenet"):
        for seed in SEEDS:
            trained = override(first, [f"train.fit.net={net}", f"train.fit.seed={seed}", f"train.samples.seed={seed}",
                                       f"train.fit.epochs={epochs}", "train.samples.split_minutes=20"])
            made = train(project, trained, teacher, f"{net}-{seed}", Silent())
            run = run_once(project, picker_settings(second, project, made), f"{net}-{seed}")
            tell(records, project, run, name, f"{net} trained from PAL's picks, seed {seed}")
            write(records)


def write(records: Records) -> None:
    """Write the records so far; those of other regions stay."""
    path = HERE / "selftraining.json"
    done = {str(row["data"]).partition("; ")[2] for row in records.rows}
    old = json.loads(path.read_text()) if path.exists() else []
    together = Records("selftraining")
    together.rows = [row for row in old if str(row["data"]).partition("; ")[2] not in done] + records.rows
    together.write()


def main(names: list[str]) -> None:
    for name in names:
        records = Records("selftraining")
        region(records, name)
        write(records)


if __name__ == "__main__":
    main(sys.argv[1:] or list(REGIONS))
