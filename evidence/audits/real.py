"""Two days of PAL's picks with HYPOINVERSE's locations, and four pickers on 80 minutes, side by side."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from records import ROOT, Records, real_data
from selftraining import KEPT as TRAINED
from selftraining import ridgecrest_project

from audits.bases import KEPT
from audits.ranking import WEIGHTS
from audits.spread import TABLES
from quakescribe.audit.check import BAD, WATCH
from quakescribe.compare.given import side_of
from quakescribe.compare.page import write_comparison
from quakescribe.compare.side_by_side import compare_sides
from quakescribe.exchange.formats import read_tables
from quakescribe.exchange.stations import read_stations
from quakescribe.run.audits import audit_files, audit_run
from quakescribe.run.runner import Silent, execute
from quakescribe.settings.project import Settings, override
from quakescribe.tables import TABLES as CONTRACTS
from quakescribe.tables import store

FIGURES = {"unassociated": "figure-2a", "associated-picks": "figure-5-picks", "association-rate": "figure-5-rate",
           "well-located": "figure-5-located"}
"""Figures of the comparison that are those of the reference study, and what they are called in the documentation."""


LOCAL = ["audit.timezone=America/Los_Angeles"]


def located(records: Records) -> None:
    """Two days of PAL's picks with HYPOINVERSE's locations, from one trial depth and from twenty."""
    data = real_data()
    if data is None:
        print("audit: no real recordings")
        return
    folder = data / "ridgecrest_picks"
    settings = override(Settings(), ["velocity.reference_elevation_km=2.5", *LOCAL])
    sides = []
    for name, depths in (("hypoinverse_trial5", "one trial depth"), ("hypoinverse_trials20", "twenty trial depths")):
        audited = audit_files(hypoinverse_files(folder, name), settings, folder / "stations.csv",
                              folder / "velocity_p.cre")
        told(records, audited.audit.findings, f"ridgecrest_picks, HYPOINVERSE's locations, {depths}")
        sides.append(side_of(audited, depths))
    write_comparison(compare_sides(sides, settings.comparison), sides, KEPT / "comparison-depths", settings)


def pickers(records: Records) -> None:
    """Four pickers on 80 minutes of recordings, side by side."""
    data = real_data()
    if data is None:
        print("audit: no real recordings")
        return
    project, sides = ridgecrest_project(KEPT / "ridgecrest", data), []
    settings = override(project.settings, LOCAL)
    for name, changes in pickers_there(data).items():
        run = project.run(name)
        execute(override(project.settings, [f"{key}={value}" for key, value in changes.items()]), project.folder, run,
                "measure", Silent())
        audited = audit_run(run, project.folder, settings, project.run("pal") if name != "pal" else None)
        told(records, audited.audit.findings, f"ridgecrest_waveforms, {name}")
        sides.append(side_of(audited, name))
    found = compare_sides(sides, settings.comparison)
    write_comparison(found, sides, KEPT / "comparison-pickers", settings, figures=True)
    side_by_side(records, found.tables, f"ridgecrest_waveforms, {', '.join(found.common.names)}")
    for figure, of in FIGURES.items():
        shutil.copy(KEPT / "comparison-pickers" / "figures" / f"comparison-{figure}.png",
                    ROOT / "docs" / "figures" / f"audit-{of}.png")


def side_by_side(records: Records, tables: dict[str, pd.DataFrame], data: str) -> None:
    """Record the numbers of every side, what pairs share, and the ranking."""
    for row in tables["sides"].to_dict("records"):
        for name in ("picks", "associated", "association_rate", "chance_share", "events", "well_located"):
            if pd.isna(row[name]):
                continue
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


def pickers_there(data: Path) -> dict[str, dict[str, Any]]:
    """Return the pickers to compare, by name of run; SAR where its weights of this window were trained."""
    out: dict[str, dict[str, Any]] = {"pal": {}}
    out |= {name: {"pick.picker": f"seisbench:{WEIGHTS[name].format(data)}"} for name in ("phasenet", "eqt")}
    trained = TRAINED / "ridgecrest" / "weights" / "late-sar-from-simulation-s0.safetensors"
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
