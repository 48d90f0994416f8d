"""Stations whose picks without event are out of line with those of a rule-based picker of the same recordings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from quakescribe.audit.case import Case
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows, worst
from quakescribe.audit.statistics import false_discovery, mad_scale
from quakescribe.settings.audit_picks import AuditPicksSettings
from quakescribe.tables.matching import close, codes, nanoseconds

SCATTER_FLOOR = 0.1
"""Least scatter of stations' log ratios (log10), so that a network of equals does not make small differences large."""
DAYS_SHOWN = 50
DISCOVERY_RATE = 0.05
"""Expected share of station-days called anomalous without cause: there are many, so single tests would call some."""
U_RATIO = 10.0
"""Without a rule-based picker: how many times the median station's picks without event are out of line; stations' noise
alone makes a factor of three."""


def unassociated(reference: pd.DataFrame, arrivals: pd.DataFrame, within_s: float) -> NDArray[np.bool_]:
    """Say which reference picks lie at no arrival of their station and phase.

    Parameters
    ----------
    reference, arrivals
        station_id, phase, time.
    within_s
        How near (s) is at an arrival.
    """
    station, of = codes(reference["station_id"] + reference["phase"], arrivals["station_id"] + arrivals["phase"])
    near, _ = close((station, nanoseconds(reference["time"])), (of, nanoseconds(arrivals["time"])), within_s)
    out = np.ones(len(reference), dtype=bool)
    out[near] = False
    return out


def log_ratio(u: NDArray[np.float64], rule: NDArray[np.float64], rules: AuditPicksSettings) -> pd.DataFrame:
    """Compare counts of picks without event, of each station, with those of a rule-based picker.

    Parameters
    ----------
    u, rule
        Shape (n,): counts.
    rules
        Overdispersion of the counts, and how far is out of line.

    Returns
    -------
    DataFrame
        L, d (log10), error of d by counting, z, most (the d from where on a station with very many picks would be out
        of line).

    Notes
    -----
    L = log10((U + 1/2) / (U_rule + 1/2)); d = L - median(L); error = sqrt(phi / (U + 1/2) + phi / (U_rule + 1/2)) /
    ln 10; z = d / max(s, error) with s = max(1.4826 MAD(L), 0.1).
    """
    ratio, error = _ratio(u, rule, rules)
    d = ratio - np.median(ratio) if len(ratio) else ratio
    s = max(mad_scale(ratio), SCATTER_FLOOR) if len(ratio) else SCATTER_FLOOR
    return pd.DataFrame({"L": ratio, "d": d, "error": error, "z": d / np.maximum(s, error),
                         "most": max(rules.z_limit * s, float(np.log10(rules.ratio_limit)))})


def _ratio(u: NDArray[np.float64], rule: NDArray[np.float64],
           rules: AuditPicksSettings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the log ratio (log10) of counts and its error by counting."""
    phi = rules.overdispersion
    return (np.log10((u + 0.5) / (rule + 0.5)),
            np.sqrt(phi / (u + 0.5) + phi / (rule + 0.5)) / np.log(10))


_METRICS = (
    Metric("unassociated_picks", "Number of picks without event", "-",
           "Look at the station's recording about such picks (figure of examples), and at its noise. Leave the station "
           "out, or retrain the picker with its noise, if they are no earthquakes."),
    Metric("pick_anomaly", "Excess of picks without event over a rule-based picker's", "log10",
           "Look at the station's recording about such picks (figure of examples). Leave the station out on these days "
           "or retrain the picker with its noise; treat events that rest on it as doubtful."),
)


def _run(case: Case) -> Outcome:
    rows, rules = Rows(_METRICS), case.settings.picks
    lone = case.facts.picks[case.facts.picks["event_id"] == 0]
    names = _stations_of(case)
    plain = _plain(rows, lone, names, case)
    if case.reference.empty or case.facts.picks.empty:
        because = "There are no picks." if case.facts.picks.empty else (
            "There are no picks of a rule-based picker of the same recordings to compare with.")
        rows.cannot_tell("pick_anomaly", because)
        return Outcome(rows.rows, {"stations": plain, "station_days": pd.DataFrame()})
    mine, rule = _same_hours(case)
    table = _counted(mine, rule, names)
    table = pd.concat([table, log_ratio(table["u"].to_numpy(np.float64), table["rule"].to_numpy(np.float64), rules)],
                      axis=1)
    station_days = _station_days(mine, rule, rules)
    if len(table) < rules.least_stations:
        rows.cannot_tell("pick_anomaly", f"There are {len(table)} stations; a comparison needs {rules.least_stations}.",
                         n=len(table))
        station_days["flagged"] = False
    else:
        _say_stations(rows, table, rules)
        _say_days(rows, station_days)
    return Outcome(rows.rows, {"stations": plain.merge(table, on="station_id", how="left"),
                               "station_days": station_days})


def _stations_of(case: Case) -> list[str]:
    """Return the stations that either picker has a pick of."""
    return sorted(set(case.facts.picks["station_id"]) | set(case.reference["station_id"]))


def _same_hours(case: Case) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the picks without event of both pickers, in the span that both have picks in."""
    picks, reference, arrivals = case.facts.picks, case.reference, case.facts.arrivals
    start = max(picks["time"].min(), reference["time"].min())
    end = min(picks["time"].max(), reference["time"].max())
    rule = reference[unassociated(reference, arrivals, case.settings.picks.reference_tolerance_s)]
    mine = picks[picks["event_id"] == 0]
    return mine[mine["time"].between(start, end)], rule[rule["time"].between(start, end)]


def _counted(mine: pd.DataFrame, rule: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    counts = [frame["station_id"].value_counts().reindex(names).fillna(0).to_numpy(np.int64) for frame in (mine, rule)]
    return pd.DataFrame({"station_id": names, "u": counts[0], "rule": counts[1]})


def _plain(rows: Rows, lone: pd.DataFrame, names: list[str], case: Case) -> pd.DataFrame:
    """Say how many picks without event each station has; these alone are judged only when far out of line."""
    rules, picks = case.settings.picks, case.facts.picks
    every = picks["station_id"].value_counts().reindex(names).fillna(0).to_numpy(np.int64)
    found = lone["station_id"].value_counts().reindex(names).fillna(0).to_numpy(np.int64)
    table = pd.DataFrame({"station_id": names, "picks": every, "unassociated": found})
    if len(lone) == len(picks):
        rows.cannot_tell("unassociated_picks", "No pick belongs to an event." if len(picks) else "There are no picks.",
                         n=len(picks))
        return table
    log = np.log10(found + 0.5)
    far, scatter = log - np.median(log), max(mad_scale(log), SCATTER_FLOOR)
    enough, usual = len(names) >= rules.least_stations, float(np.median(found))
    out = enough & (far / scatter > rules.z_limit) & (far > np.log10(U_RATIO))
    for k, name in enumerate(names):
        verdict = CANNOT_TELL if not enough else WATCH if out[k] else GOOD
        tail = f"; with fewer than {rules.least_stations} stations that cannot be compared" if not enough else (
            f"; the median station has {usual:,.0f}")
        rows.add("unassociated_picks", float(found[k]), verdict, f"{found[k]:,} of its {every[k]:,} picks belong to no "
                 f"event{tail}.", scope="station", key=name, expected=usual, n=int(every[k]))
    total = int(found.sum())
    verdict = CANNOT_TELL if not enough else WATCH if out.any() else GOOD
    most = names[int(np.argmax(found))]
    rows.add("unassociated_picks", float(total), verdict, f"{total:,} of {len(picks):,} picks belong to no event, most "
             f"at {most} ({found.max():,}; the median station has {usual:,.0f}).", n=len(picks))
    return table


def _station_days(mine: pd.DataFrame, rule: pd.DataFrame, rules: AuditPicksSettings) -> pd.DataFrame:
    """Return station_id, day, u, rule, d, error, z, flagged: as of the whole span, on every day.

    d is against the median station of the day, and the scatter is that of all station-days, whose number makes it
    sound; of those beyond the limits as many are flagged as keep the expected share of false ones below 5% (Benjamini &
    Hochberg 1995).
    """
    counts = [frame.groupby([frame["time"].dt.floor("D").rename("day"), "station_id"]).size() for frame in (mine, rule)]
    table = pd.concat(counts, axis=1, keys=["u", "rule"]).fillna(0.0).sort_index().reset_index()
    values, error = _ratio(table["u"].to_numpy(np.float64), table["rule"].to_numpy(np.float64), rules)
    ratio = pd.Series(values)
    d = (ratio - ratio.groupby(table["day"]).transform("median")).to_numpy(np.float64)
    scatter = max(mad_scale(d), SCATTER_FLOOR) if len(d) else SCATTER_FLOOR
    z = d / np.maximum(scatter, error)
    many = table.groupby("day")["station_id"].transform("size").to_numpy(np.int64) >= rules.least_stations
    z = np.where(many, z, np.nan)
    return table.assign(d=d, error=error, z=z, flagged=beyond(z, d, rules))


def beyond(z: NDArray[np.float64], d: NDArray[np.float64], rules: AuditPicksSettings) -> NDArray[np.bool_]:
    """Say which of many tests lie beyond the limits of z and of d (log10), and are no false discovery.

    Parameters
    ----------
    z, d
        Shape (n,); not a number where nothing can be told.
    rules
        The limits.
    """
    sure = false_discovery(np.nan_to_num(norm.sf(z), nan=1.0), DISCOVERY_RATE)
    return np.asarray(sure & (np.nan_to_num(z) > rules.z_limit) & (d > np.log10(rules.ratio_limit)))


def _say_stations(rows: Rows, table: pd.DataFrame, rules: AuditPicksSettings) -> None:
    flagged = table["z"].gt(rules.z_limit) & table["d"].gt(np.log10(rules.ratio_limit))
    sure = flagged & (table["d"] - 1.96 * table["error"]).gt(np.log10(rules.ratio_limit))
    verdicts: list[str] = []
    one: Any
    for one, out, certain in zip(table.itertuples(), flagged, sure, strict=True):
        unsure = one.d + 1.96 * one.error > one.most
        verdict = BAD if certain else WATCH if out else CANNOT_TELL if unsure else GOOD
        verdicts.append(verdict)
        rows.add("pick_anomaly", one.d, verdict, f"{one.u:,} of its picks belong to no event, {one.rule:,} of the "
                 f"rule-based picker's: {10**one.d:.2g} times the ratio of the median station (z = {one.z:.1f})"
                 + ("; these are too few to tell." if verdict == CANNOT_TELL else "."),
                 scope="station", key=one.station_id, low=one.d - 1.96 * one.error, high=one.d + 1.96 * one.error,
                 expected=0.0, n=one.u)
    k, n = int(flagged.sum()), len(table)
    furthest: Any = table.iloc[int(np.argmax(table["d"]))]
    rows.add("pick_anomaly", float(furthest["d"]), worst(verdicts), f"{k} of {n} stations have far more picks without "
             f"event than the rule-based picker leads to expect; {furthest['station_id']} has the largest excess, "
             f"{10 ** furthest['d']:.2g} times the ratio of the median station.", expected=0.0, n=n)


def _say_days(rows: Rows, table: pd.DataFrame) -> None:
    """Write one row per day with anomalous stations, of its worst."""
    found = table[table["flagged"]].sort_values("z", ascending=False, kind="stable")
    for day, mine in list(found.groupby("day", sort=False))[:DAYS_SHOWN]:
        one: Any = mine.iloc[0]
        others = f" ({len(mine) - 1} more that day)" if len(mine) > 1 else ""
        rows.add("pick_anomaly", one["d"], WATCH, f"{one['station_id']}{others} has {one['u']:,.0f} picks without "
                 f"event that day, {one['rule']:,.0f} of the rule-based picker's: {10 ** one['d']:.2g} times the ratio "
                 f"of the median station (z = {one['z']:.1f}).", scope="day", key=f"{pd.Timestamp(str(day)):%Y-%m-%d}",
                 low=one["d"] - 1.96 * one["error"], high=one["d"] + 1.96 * one["error"], expected=0.0, n=one["u"])


ANOMALY = Check(
    name="anomaly",
    section="pick",
    question="Does a station have far more picks without event than a rule-based picker leads to expect?",
    method=(
        "Picks without event are counted per station, and so are the picks of a rule-based picker of the same "
        "recordings that lie within 0.5 s of no arrival of their station and phase. The logarithm of their ratio, less "
        "the network's median, is compared with its robust scatter and the error of counting (overdispersed); beyond "
        "3.5 deviations and a factor of two a station is out of line. The same is done on every day, with a limit on "
        "the share of false discoveries. The null is a ratio as at the median station."),
    references=(
        "Zhou, Y. & Zhou, S. (2026). AI- and rule-based earthquake cataloguing. Earth Science 51(2), 690-702, "
        "doi 10.3799/dqkx.2025.177 (their figure 2a).",
        "Iglewicz, B. & Hoaglin, D. C. (1993). How to detect and handle outliers. ASQC Quality Press, Milwaukee "
        "(limit 3.5).",
        "Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal Statistical "
        "Society B 57, 289-300."),
    metrics=_METRICS,
    run=_run,
)
