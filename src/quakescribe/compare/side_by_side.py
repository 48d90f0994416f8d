"""Several catalogues of the same data side by side: what they share, how they differ, and which is better at what."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from quakescribe.audit.check import Metric, Rows, table
from quakescribe.compare import catalogues, common_picks, differences, ranking
from quakescribe.compare.sides import BEYOND, Common, Pair, Side, common_ground, station_codes
from quakescribe.run.workspace import write_text
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables import FINDINGS, store
from quakescribe.tables.facts import Facts

METRICS: tuple[Metric, ...] = (*catalogues.METRICS, *differences.METRICS, *common_picks.METRICS, *ranking.METRICS)
"""All that a comparison may find."""


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    common
        The sides over what they share, and the warnings where they differ.
    tables
        By name: ``sides``, ``stations``, ``events`` (of the matching), ``shares``, ``matched``, ``differences``,
        ``magnitude_slopes``, ``cumulative_ratio``, ``pick_agreement``, ``arrival_agreement``, ``pick_association``,
        ``ranks``, ``better``, ``fronts``; see docs/compare.md.
    findings
        Table FINDINGS; scopes ``pair`` (key "A | B", differences are B minus A), ``side`` and ``station``.
    """

    common: Common
    tables: dict[str, pd.DataFrame]
    findings: pd.DataFrame

    @property
    def facts(self) -> dict[str, Facts]:
        """The joined tables of every side, by its name."""
        return dict(zip(self.common.names, self.common.facts, strict=True))

    def write(self, folder: Path) -> list[Path]:
        """Write every table as CSV and Parquet, and the warnings as text; return the files.

        Each is written to a temporary name and renamed.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        out = []
        for name, frame in self.tables.items():
            out += [_write(frame, folder / f"{name}{suffix}") for suffix in (".csv", ".parquet")]
        out += [store.write(self.findings, FINDINGS, folder / f"findings{suffix}") for suffix in (".csv", ".parquet")]
        write_text(folder / "warnings.txt", "".join(f"{one}\n" for one in self.common.warnings))
        return [*out, folder / "warnings.txt"]


def compare_sides(sides: Sequence[Side], settings: ComparisonSettings | None = None) -> Comparison:
    """Compare catalogues of the same data.

    Parameters
    ----------
    sides
        Two or more. Up to six are compared each with each; of more, every one with the first.
    settings
        Limits of what counts as the same.

    Raises
    ------
    SettingsError
        With fewer than two sides, where two share a name, or where they share no time.
    TableError
        When a table breaks its contract.
    """
    settings = settings or ComparisonSettings()
    common = common_ground(sides, settings)
    rows = Rows(METRICS)
    parts: dict[str, list[pd.DataFrame]] = {}
    matched, picked = [], []
    for pair in common.pairs():
        matches, picks = catalogues.match_events(pair, settings), common_picks.match_picks(pair, settings)
        matched.append((pair, matches))
        picked.append((pair, picks))
        for name, frame in _of_pair(pair, matches, picks, rows, settings).items():
            parts.setdefault(name, []).append(frame)
    others = common_picks.seen(common, picked)
    association = common_picks.association(common, others)
    ranked = ranking.rank(ranking.count(common, sides, others, matched), settings)
    common_picks.tell_association(rows, association)
    ranking.tell(rows, ranked)
    tables = {"sides": _sides(common, sides), "stations": _stations(common),
              **{name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()},
              "pick_association": association, "ranks": ranked.ranks, "better": ranked.pairs, "fronts": ranked.fronts}
    return Comparison(common, tables, table(rows.rows))


def _of_pair(pair: Pair, matches: catalogues.Matches, picks: common_picks.PickMatches, rows: Rows,
             settings: ComparisonSettings) -> dict[str, pd.DataFrame]:
    """Return the tables of a pair and add its findings."""
    shares = catalogues.shares(pair, matches, settings)
    catalogues.tell(rows, pair, matches, shares)
    matched = differences.of_matched(pair, matches)
    summary = differences.statistics(pair, matched, settings)
    slopes = differences.slopes(pair, matched, settings)
    ratio = differences.cumulative_ratio(pair, matched, settings)
    differences.tell(rows, pair, matches, summary, slopes, ratio, settings)
    agreement = common_picks.agreement(pair, picks)
    arrivals = common_picks.arrival_sets(pair, matches, settings)
    common_picks.tell(rows, pair, agreement, arrivals, matches)
    told = pd.DataFrame([{**pair.columns, "n_first": matches.n_a, "n_second": matches.n_b,
                          "matched": len(matches.pairs), "chance": matches.chance,
                          "chance_error": matches.chance_error, "without_chance": matches.true,
                          "time_error_s": matches.time_error_s, "place_error_km": matches.place_error_km}])
    return {"events": told, "shares": shares, "matched": matched, "differences": summary, "magnitude_slopes": slopes,
            "cumulative_ratio": ratio, "pick_agreement": agreement, "arrival_agreement": arrivals}


def _sides(common: Common, sides: Sequence[Side]) -> pd.DataFrame:
    """Return the numbers of every side; null is what it has none of, or does not say."""
    out = []
    for s, (side, facts) in enumerate(zip(sides, common.facts, strict=True)):
        fate, catalogue, whole = facts.picks["event_id"], facts.catalogue, side.facts.catalogue
        within, picks = int((fate != BEYOND).sum()), len(side.facts.picks) > 0
        out.append({
            "side": side.name, "stations": facts.picks["station_id"].nunique() if picks else None,
            "picks": len(fate) if picks else None,
            "associated": int((fate > 0).sum()) if common.associated[s] else None,
            "association_rate": (fate > 0).sum() / within if common.rated[s] and within else np.nan,
            "chance_share": ranking.chance_share(side) if common.associated[s] else np.nan,
            "events": len(catalogue) if len(whole) else None,
            **{name: int(catalogue[name].sum()) if whole[name].any() else None for name in ("located", "well_located")},
            "magnitude_kind": facts.kind,
            "with_magnitude": int(catalogue["magnitude"].notna().sum()) if whole["magnitude"].notna().any() else None})
    return pd.DataFrame(out).astype(dict.fromkeys(_COUNTS, "Int64"))


_COUNTS = ("stations", "picks", "associated", "events", "located", "well_located", "with_magnitude")


def _stations(common: Common) -> pd.DataFrame:
    """Return picks by side, station (NET.STA) and phase; those in an event and in none where the side says so."""
    out = []
    for s, (name, facts) in enumerate(zip(common.names, common.facts, strict=True)):
        (station,), names = station_codes(facts.picks["station_id"])
        group = 2 * station + (facts.picks["phase"] == "S").to_numpy()
        fate = facts.picks["event_id"].to_numpy()
        n, kept, lone = (np.bincount(group[rows], minlength=2 * len(names)).astype(float)
                         for rows in (slice(None), fate > 0, fate == 0))
        out.append(pd.DataFrame({
            "station": np.repeat(np.array(names, object), 2), "phase": ["P", "S"] * len(names), "picks": n,
            "associated": kept if common.associated[s] else np.nan, "side": name,
            "unassociated": lone if common.rated[s] else np.nan}))
    return pd.concat(out, ignore_index=True).astype(dict.fromkeys(("picks", "associated", "unassociated"), "Int64"))


def _write(frame: pd.DataFrame, path: Path) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    if path.suffix == ".csv":
        frame.to_csv(temporary, index=False)
    else:
        frame.to_parquet(temporary, index=False)
    os.replace(temporary, path)
    return path
