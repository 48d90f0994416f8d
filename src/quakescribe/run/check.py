"""What data there are and what is wrong with them, before hours are spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.run.inputs import Inputs, days, open_inputs
from quakescribe.run.workspace import Project


@dataclass(frozen=True)
class Check:
    """The result of a check: facts, coverage by station, and problems."""

    facts: list[tuple[str, str]]
    coverage: pd.DataFrame
    problems: list[tuple[str, str, int, str]]

    def as_dict(self) -> dict[str, Any]:
        """Return the check as plain values."""
        return {
            "facts": dict(self.facts),
            "coverage": self.coverage.to_dict("records"),
            "problems": [dict(zip(("reason", "where", "count", "detail"), row, strict=True)) for row in self.problems],
        }


def check_project(project: Project) -> Check:
    """Open everything a run would open, read headers only, and say what was found.

    Raises
    ------
    QuakescribeError
        If a run could not start.
    """
    settings = project.settings
    inputs = open_inputs(settings, project.folder)
    problems = [
        (str(row["reason"]), _where(row), int(row["count"]), _text(row["detail"]))
        for row in inputs.skips.to_dict("records")
    ]
    return Check(_facts(inputs, settings.run.chunk_hours), _coverage(inputs.coverage), problems)


def _facts(inputs: Inputs, chunk_hours: int) -> list[tuple[str, str]]:
    places = inputs.stations[inputs.stations["station_id"].isin(inputs.station_ids)].drop_duplicates("station_id")
    latitude, longitude = places["latitude"].to_numpy(), places["longitude"].to_numpy()
    apart, _ = distance_azimuth(latitude[:, None], longitude[:, None], latitude[None, :], longitude[None, :])
    start, end = pd.Timestamp(inputs.start_ns), pd.Timestamp(inputs.end_ns)
    long = (end - start) / pd.Timedelta(1, "D")
    units = len(inputs.station_ids) * len(days(inputs.start_ns, inputs.end_ns, chunk_hours))
    index = inputs.archive.index
    hours = float((index["n_samples"] / index["sampling_rate"]).sum()) / 3600
    nearest = np.median(np.sort(apart + np.diag(np.full(len(apart), np.inf)), axis=1)[:, 0]) if len(apart) > 1 else 0.0
    model = ", ".join(
        f"{vp:g} km/s from {top:g} km" for top, vp in zip(inputs.model.top_km, inputs.model.vp, strict=True)
    )
    return [
        ("stations recorded and located", str(len(inputs.station_ids))),
        ("span", f"{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC ({long:.2f} days)"),
        ("files", f"{index['source'].nunique():,}"),
        ("channel hours", f"{hours:,.1f}"),
        ("units of picking", f"{units:,}"),
        ("network", f"{apart.max():.0f} km across, nearest neighbour {nearest:.1f} km (median)"),
        ("elevations", f"{places['elevation_m'].min():.0f} to {places['elevation_m'].max():.0f} m"),
        ("velocity", f"{inputs.model.name}: {model}"),
    ]


def _coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise the survey (one row per channel and day) by station and instrument, those that are read."""
    read = table[table["read"]].assign(instrument=lambda frame: frame["channel"].str[:2])
    rows = []
    for (station_id, instrument), mine in read.groupby(["station_id", "instrument"], sort=True):
        rows.append(
            {
                "station": station_id,
                "channels": f"{instrument} {''.join(sorted(set(mine['channel'].str[2])))}",
                "Hz": ", ".join(sorted(set(mine["rates"]))),
                "days": int(mine["day"].nunique()),
                "of day": f"{float(mine['coverage'].mean()):.1%}",
                "gaps": int(mine["gaps"].sum()),
                "overlaps": int(mine["overlaps"].sum()),
                "gain": "yes" if mine["has_gain"].all() else "no",
                "response": "yes" if mine["has_response"].all() else "no",
            }
        )
    return pd.DataFrame(rows)


def _where(row: Any) -> str:
    station = _text(row["station_id"])
    source = _text(row["source"]).rsplit("/", 1)[-1]
    return " ".join(part for part in (station, source) if part)


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
