"""What came out of a run, in a few numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from quakescribe.run.workspace import Run


def summary(run: Run) -> dict[str, Any]:
    """Return the facts of a run: counts, association rate, share well located, magnitudes, what was left out."""
    picks, events, arrivals = run.table("picks"), run.table("events"), run.table("arrivals")
    origins, magnitudes, skips = run.table("origins"), run.table("magnitudes"), run.table("skips")
    facts: dict[str, Any] = {"run": run.name, "picks": len(picks)}
    if len(picks):
        pairs = picks.loc[picks["pair_id"] > 0, "pair_id"]
        facts["pairs"] = int(pairs.nunique())
    if len(events):
        facts["events"] = len(events)
        facts["picks_associated"] = int(arrivals["pick_id"].nunique())
        facts["association_rate_of_picks"] = round(facts["picks_associated"] / max(len(picks), 1), 4)
        facts["association_rate_of_pairs"] = association_rate(picks, arrivals)
    if len(origins):
        facts["origins"] = len(origins)
        facts["well_located"] = int(origins["well_located"].sum())
        facts["rms_s_median"] = round(float(origins["rms_s"].median()), 3)
    network = magnitudes[magnitudes["station_id"].isna()] if len(magnitudes) else magnitudes
    for kind, rows in network.groupby("kind"):
        facts[f"{kind}_values"] = len(rows)
        facts[f"{kind}_range"] = f"{rows['value'].min():.2f} to {rows['value'].max():.2f}"
    facts["skipped"] = skipped(skips)
    return facts


def associated_pairs(picks: pd.DataFrame, arrivals: pd.DataFrame) -> int:
    """Return the number of pairs of which P and S are in the same event."""
    event = arrivals.drop_duplicates("pick_id").set_index("pick_id")["event_id"]
    pairs = picks[(picks["phase"] == "S") & (picks["pair_id"] > 0)]
    return int((event.reindex(pairs["pair_id"]).to_numpy() == event.reindex(pairs["pick_id"]).to_numpy()).sum())


def association_rate(picks: pd.DataFrame, arrivals: pd.DataFrame) -> float:
    """Return associated pairs / all pairs."""
    pairs = picks.loc[picks["pair_id"] > 0, "pair_id"].nunique()
    return round(associated_pairs(picks, arrivals) / pairs, 4) if pairs else float("nan")


def skipped(skips: pd.DataFrame) -> list[dict[str, Any]]:
    """Return how often each stage left something out for each reason."""
    if not len(skips):
        return []
    counts = skips.groupby(["stage", "reason"], sort=True)["count"].sum().reset_index()
    return [{str(key): value for key, value in row.items()} for row in counts.to_dict("records")]
