"""The whole pipeline, default settings, on every shipped scenario, scored against the truth.

``python evidence/scenarios.py quiet mine`` does only these, and leaves the others' records as they are.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import HERE, ROOT, Records

from quakescribe.report.demo import run_and_score, simulated_project
from quakescribe.run.runner import Silent
from quakescribe.run.simulation import simulate_into
from quakescribe.run.workspace import Project, Run
from quakescribe.settings.run import RunSettings
from quakescribe.simulate import read_scenario
from quakescribe.simulate.score.summary import HEADLINES

NAMES = ("quiet", "aftershocks", "swarm", "obs-like", "mine", "faulty")
KEPT = ROOT / ".cache" / "scenarios"  # simulations are kept from one script to the next
# what is told of a run, beside the coverages and the recall by magnitude
TOLD = {
    **HEADLINES,
    "magnitude": ("ML minus true magnitude, median", "ML minus true magnitude, MAD",
                  "slope of ML against true magnitude", "ML within 1 stated uncertainty (68%)"),
    "completeness": ("magnitude from which recall reaches 50%", "magnitude from which recall reaches 90%",
                     "Mc of ML, maximum curvature + 0.2", "b of true magnitude", "b of ML", "b of ML, standard error"),
}
COVERAGE = "covariance"
BY_SIZE = ("recall of detectable events", "precision of events", "recall of detectable P", "recall of detectable S",
           "ML minus true magnitude, median")


def project_of(name: str) -> tuple[Project, Run]:
    """Return the project of a scenario, simulated once for the code as it is, and its run."""
    settings = read_scenario(name)
    simulate_into(KEPT / name, settings, RunSettings(), Silent())
    project = simulated_project(KEPT / name, settings, None, Silent())
    return project, project.run("first")


def told(score: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a score that are kept: the figures of TOLD, coverages, and recall by magnitude."""
    everything = score["scope"] == "all"
    wanted = pd.Series(False, index=score.index)
    for part, names in TOLD.items():
        wanted |= everything & (score["part"] == part) & score["name"].isin(names)
    wanted |= everything & (score["part"] == "location") & score["name"].str.contains(COVERAGE)
    wanted |= score["scope"].str.startswith("M ") & score["name"].isin(BY_SIZE)
    return score[wanted & score["value"].notna()]


def main(names: list[str]) -> None:
    records = Records("scenarios")
    for name in names:
        project, run = project_of(name)
        for row in told(run_and_score(project, run, None, Silent())).to_dict("records"):
            scope = "" if row["scope"] == "all" else f" ({row['scope']})"
            records.add(f"{row['part']}: {row['name']}{scope}", float(row["value"]), row["unit"], f"scenario {name}",
                        note=f"n = {row['n']}")
    path = HERE / "scenarios.json"
    if path.exists() and set(names) != set(NAMES):
        done = {row["data"] for row in records.rows}
        records.rows = [row for row in json.loads(path.read_text()) if row["data"] not in done] + records.rows
    records.write()


if __name__ == "__main__":
    main(sys.argv[1:] or list(NAMES))
