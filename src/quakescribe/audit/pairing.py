"""Whether P and S come together: per station the share of P without S, and of S without P."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.statistics import compared, resampled_share, wilson
from quakescribe.settings.audit_picks import AuditPicksSettings
from quakescribe.tables.matching import codes, nanoseconds


def has_partner(picks: pd.DataFrame, low_s: float, high_s: float) -> NDArray[np.bool_]:
    """Say for every P whether an S of its station follows it, and for every S whether a P precedes it.

    Parameters
    ----------
    picks
        station_id, phase, time; in any order.
    low_s, high_s
        The S lies in (P + low_s, P + high_s].

    Notes
    -----
    Times of all stations lie behind each other on one axis, so one sort and one search serve all: O(n log n).
    """
    found = np.zeros(len(picks), dtype=bool)
    if not len(picks):
        return found
    time, (station,) = nanoseconds(picks["time"]), codes(picks["station_id"])
    low, high = round(low_s * 1e9), round(high_s * 1e9)
    line = time - time.min()
    is_s = picks["phase"].eq("S").to_numpy()
    for station_rows in np.split(np.argsort(station, kind="stable"), np.cumsum(np.bincount(station))[:-1]):
        p, s = (station_rows[is_s[station_rows] == kind] for kind in (False, True))
        p_line, s_line = np.sort(line[p]), np.sort(line[s])
        found[p] = np.searchsorted(s_line, line[p] + high, "right") > np.searchsorted(s_line, line[p] + low, "right")
        found[s] = np.searchsorted(p_line, line[s] - low, "left") > np.searchsorted(p_line, line[s] - high, "left")
    return found


def pairs_of(picks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per P-S pair that the picker gave: station_id, time of its P, whether one event holds both."""
    paired = picks[picks["pair_id"] > 0]
    p = paired[paired["phase"] == "P"].drop_duplicates("pair_id").set_index("pair_id")
    s = paired[paired["phase"] == "S"].drop_duplicates("pair_id").set_index("pair_id")["event_id"]
    both = p[["station_id", "time", "event_id"]].join(s.rename("s_event"), how="inner")
    both["associated"] = (both["event_id"] > 0) & (both["event_id"] == both["s_event"])
    return both.reset_index(drop=True)


_METRICS = (
    Metric("unpaired_p", "Share of P without S", "-",
           "Look at the station's horizontal components and at its P picks: one of them may be dead or swapped, or the "
           "P may be noise. Do not rely on its S, nor on pairs, until that is clear."),
    Metric("unpaired_s", "Share of S without P", "-",
           "Look at the station's vertical component and at its S picks: S without P are often P taken for S, or noise "
           "on a horizontal. Raise the threshold of S, or leave the station out."),
)


def _run(case: Case) -> Outcome:
    rows, rules, picks = Rows(_METRICS), case.settings.picks, case.facts.picks
    paired = has_partner(picks, rules.pair_min_s, rules.pair_max_s)
    tables = []
    for phase, other, metric in (("P", "S", "unpaired_p"), ("S", "P", "unpaired_s")):
        mine = picks["phase"].eq(phase).to_numpy()
        if mine.all() or not mine.any():
            rows.cannot_tell(metric, f"There is no {phase} pick." if not mine.any() else f"There is no {other} pick.",
                             n=int(mine.sum()))
            continue
        alone = ~paired[mine]
        _network(rows, metric, phase, other, picks[mine], alone, case)
        table = _stations(picks.loc[mine, "station_id"], alone, rules)
        table["others"] = table["station_id"].map(picks.loc[~mine, "station_id"].value_counts()).fillna(0).astype(int)
        _say_stations(rows, metric, (phase, other), table, rules)
        tables.append(table.assign(phase=phase))
    return Outcome(rows.rows, {"stations": pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()})


def _network(rows: Rows, metric: str, phase: str, other: str, mine: pd.DataFrame, alone: NDArray[np.bool_],
             case: Case) -> None:
    """Say how many of a phase are alone, and how many would be if the other phase came at any time."""
    rules, n = case.settings.picks, len(mine)
    value, chance = float(alone.mean()), _alone_by_chance(mine, other, case)
    low, high = resampled_share(alone, blocks(mine["time"], case), case.rng(611), case.settings.resamples)
    if np.isnan(low) or n < rules.least_picks:
        low, high = wilson(float(alone.sum()) / rules.overdispersion, n / rules.overdispersion)
    low, high = min(low, value), max(high, value)
    told = (f"{value:.1%} of {n:,} {phase} have no {other} of their station {rules.pair_min_s:g} to "
            f"{rules.pair_max_s:g} s {'later' if phase == 'P' else 'earlier'}")
    if n < rules.least_picks:
        verdict, why = CANNOT_TELL, f"{told}; these are too few to tell."
    elif high < chance:
        verdict, why = GOOD, f"{told}; {chance:.1%} would have none if {other} came at any time."
    elif low > chance - 0.5 * (1.0 - chance) and value >= chance:
        verdict, why = BAD, f"{told}, no fewer than if {other} came at any time ({chance:.1%})."
    else:
        verdict, why = CANNOT_TELL, f"{told}; this cannot be told from {chance:.1%}, if {other} came at any time."
    rows.add(metric, value, verdict, why, low=low, high=high, expected=chance, n=n)


def _alone_by_chance(mine: pd.DataFrame, other: str, case: Case) -> float:
    """Return the share of picks that would be alone were those of the other phase Poissonian: exp(-rate * window)."""
    picks, rules = case.facts.picks, case.settings.picks
    rate = picks.loc[picks["phase"] == other, "station_id"].value_counts() / max(case.hours * 3600.0, 1e-3)
    expected = mine["station_id"].map(rate).fillna(0.0).to_numpy(np.float64)
    return float(np.exp(-expected * (rules.pair_max_s - rules.pair_min_s)).mean())


def _stations(station_id: pd.Series, alone: NDArray[np.bool_], rules: AuditPicksSettings) -> pd.DataFrame:
    """Return station_id, alone, n and how each compares."""
    counts = pd.DataFrame({"station_id": station_id.to_numpy(), "alone": alone})
    counts = counts.groupby("station_id", sort=True)["alone"].agg(["sum", "size"]).reset_index()
    counts.columns = pd.Index(["station_id", "alone", "n"])
    return pd.concat([counts, compared(counts["alone"], counts["n"], rules)], axis=1)


def _say_stations(rows: Rows, metric: str, phases: tuple[str, str], table: pd.DataFrame,
                  rules: AuditPicksSettings) -> None:
    phase, other = phases
    usual = float(table.loc[table["enough"], "share"].median())
    one: Any
    for one in table.itertuples():
        told = f"{one.share:.1%} of {one.n:,} {phase} have no {other}"
        more = {"scope": "station", "key": one.station_id, "low": one.low, "high": one.high, "n": one.n,
                "expected": usual}
        if not one.enough:
            rows.cannot_tell(metric, f"It has {one.n:,} {phase}, fewer than {rules.least_picks}.", scope="station",
                             key=one.station_id, n=one.n)
        elif np.isnan(one.z):
            rows.add(metric, one.share, CANNOT_TELL, f"{told}; with fewer than {rules.least_stations} stations that "
                     "cannot be compared.", **more)
        elif one.z > rules.z_limit and one.odds > rules.ratio_limit and one.low > rules.unpaired_least:
            extreme = one.low > rules.unpaired_bad and usual < 0.5 and one.others > 0
            silent = "" if one.others else f" There is no {other} at all: were all its components recorded?"
            rows.add(metric, one.share, BAD if extreme else WATCH, f"{told}, where the median station has "
                     f"{usual:.1%}: {one.z:.1f} robust standard deviations more.{silent}", **more)
        elif one.high > max(one.most, rules.unpaired_least):
            rows.add(metric, one.share, CANNOT_TELL, f"{told}; these are too few to tell whether it is out of line "
                     f"with the median station's {usual:.1%}.", **more)
        else:
            rows.add(metric, one.share, GOOD, f"{told}; the median station has {usual:.1%}.", **more)


PAIRING = Check(
    name="pairing",
    section="pick",
    question="Do P and S come together, and equally at all stations?",
    method=(
        "For every P it is asked whether an S of the same station follows within the S minus P times of the network, "
        "and for every S whether a P precedes it. The null of the network is the share left alone if the other phase "
        "came at any time (Poisson); its interval is from resampled blocks of time. Stations are compared by the log "
        "odds of the share, in robust standard deviations (median absolute deviation), with overdispersed counts."),
    references=(
        "Haldane, J. B. S. (1956). The estimation and significance of the logarithm of a ratio of frequencies. Annals "
        "of Human Genetics 20, 309-311.",
        "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the "
        "American Statistical Association 22, 209-212.",
        "Leys, C., Ley, C., Klein, O., Bernard, P. & Licata, L. (2013). Detecting outliers: do not use standard "
        "deviation around the mean, use absolute deviation around the median. Journal of Experimental Social "
        "Psychology 49, 764-766."),
    metrics=_METRICS,
    run=_run,
)
