"""What share of the picks becomes events, where and when it is out of line, and how much of it is chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.chance import Chance, chance_of, other_associator
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, NAN, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.pairing import pairs_of
from quakescribe.audit.statistics import compared, judge_surely, mad_scale, resampled_share, wilson
from quakescribe.settings.audit_picks import AuditPicksSettings

THRESHOLDS = np.round(np.arange(0.05, 1.0, 0.05), 2)
KINDS = {"": ("picks", "picks"), "P": ("p", "P picks"), "S": ("s", "S picks"), "pairs": ("pairs", "P-S pairs")}
"""Of the network's keys: what they are called in the null, and in sentences."""
DAYS_SHOWN = 50
DAY_FLOOR = 0.1
"""Least scatter of the logarithm (base 10) of the number of unassociated picks of days, as of stations."""


_METRICS = (
    Metric("association_rate", "Association rate", "-",
           "Look at the picks that belong to no event (figure of examples): are they noise or small earthquakes? "
           "Retrain with noise of these stations, raise the threshold, or leave out the stations with most of them."),
    Metric("association_rate_corrected", "Association rate beyond chance", "-",
           "Do not use the catalogue as it is: ask more stations or smaller residuals of an event, or raise the "
           "picker's threshold, until shifted picks make far fewer events than true ones."),
    Metric("chance_share", "Share of what is associated that is chance", "-",
           "Ask for more stations per event (min_stations) or smaller residuals, or raise the picker's threshold; "
           "treat events with the fewest stations as doubtful."),
)


def _run(case: Case) -> Outcome:
    rows, picks, rules = Rows(_METRICS), case.facts.picks, case.settings.picks
    groups = _groups(picks)
    chances = {what: chance_of(case.null, what) for what in ("events", *(what for what, _ in KINDS.values()))}
    other = other_associator(chances["picks"], picks, rules)
    if other:
        chances = dict.fromkeys(chances)
    told = {key: _corrected(rows, key, chances[what], case, other) for key, (what, _) in KINDS.items()}
    _network(rows, groups, chances, told, case)
    _chance(rows, {what: chances[what] for what in ("picks", "pairs", "events")}, case, other)
    stations, days = _stations(picks, rules), _days(picks, rules)
    if (picks["event_id"] > 0).any():
        _say_stations(rows, stations, rules)
        _say_days(rows, days, rules)
    share = chances["picks"].share[0] if chances["picks"] else NAN
    return Outcome(rows.rows, {"stations": stations, "days": days, "thresholds": _thresholds(picks, share),
                               "rates": _rates(rows)})


def _groups(picks: pd.DataFrame) -> dict[str, tuple[pd.Series, NDArray[np.bool_]]]:
    """Return times and fates of all picks, of P, of S, and of pairs (associated: both onsets in one event)."""
    kept = picks["event_id"].to_numpy() > 0
    out = {"": (picks["time"], kept)}
    for phase in ("P", "S"):
        mine = picks["phase"].eq(phase).to_numpy()
        out[phase] = picks["time"][mine], kept[mine]
    pairs = pairs_of(picks)
    out["pairs"] = pairs["time"], pairs["associated"].to_numpy()
    return out


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _corrected(rows: Rows, key: str, chance: Chance | None, case: Case, other: str) -> tuple[str, str]:
    """Say what share associates beyond chance; return the verdict of the rate and how it is told."""
    noun = KINDS[key][1]
    if chance is None or not chance.whole > 0:
        rows.cannot_tell("association_rate_corrected", _sentence(other) if other else
                         f"Of {noun} it is not known how many associate by chance: no picks were shifted and "
                         "associated again, or none of them associated.", key=key)
        return CANNOT_TELL, other or ("anything from 4% to 50% is usual, and without its chance level it cannot be "
                                      "judged")
    events = float(case.null["real_events"].mean())
    value, low, high = chance.corrected(events)
    rate, null = chance.real / chance.whole, chance.null / chance.whole
    told = f"of a sample of {chance.whole:,.0f} {noun} {rate:.2%} associate, and {null:.2%} once shifted in time"
    if low > 0:
        verdict, why = GOOD, f"{told}: {value:.2%} beyond chance, clearly more than none"
    elif high < rate / 2:
        verdict, why = BAD, f"{told}: no more than chance makes"
    else:
        verdict, why = CANNOT_TELL, f"{told}; these are too few to tell them apart"
    rows.add("association_rate_corrected", value, verdict, _sentence(why), key=key, low=low, high=high, expected=0.0,
             n=chance.whole)
    return verdict, told


def _network(rows: Rows, groups: dict[str, tuple[pd.Series, NDArray[np.bool_]]], chances: dict[str, Chance | None],
             told: dict[str, tuple[str, str]], case: Case) -> None:
    """Say the rates; each is judged by what associates of the same kind by chance."""
    for key, (times, kept) in groups.items():
        (what, noun), n = KINDS[key], len(kept)
        if not n:
            rows.cannot_tell("association_rate", f"There are no {noun}.", key=key, n=0)
            continue
        value = float(kept.mean())
        low, high = resampled_share(kept, blocks(times, case), case.rng(601), case.settings.resamples)
        if np.isnan(low):
            low, high = wilson(float(kept.sum()), n)
        chance, (verdict, why) = chances[what], told[key]
        null = chance.null / chance.whole if chance and chance.whole > 0 else NAN
        rows.add("association_rate", value, verdict, f"{int(kept.sum()):,} of {n:,} {noun} belong to an event "
                 f"({value:.1%}); {why}.", key=key, low=min(low, value), high=max(high, value), expected=null, n=n)


def _chance(rows: Rows, chances: dict[str, Chance | None], case: Case, other: str) -> None:
    rules = case.settings.picks
    for what, chance in chances.items():
        good, bad = ((rules.chance_events_good, rules.chance_events_bad) if what == "events" else
                     (rules.chance_good, rules.chance_bad))
        if chance is None:
            rows.cannot_tell("chance_share", _sentence(other) if other else
                             f"There are no shifted picks, or no associated {what} among them.", key=what)
            continue
        value, low, high = chance.share
        low = min(low, value)
        told = (f"Shifted picks make {chance.null:,.1f} {what} where the true ones make {chance.real:,.0f}: "
                f"{value:.1%} ({low:.1%} to {high:.1%})")
        verdict = judge_surely(low, high, good, bad)
        end = {GOOD: f", within {good:.0%}.", WATCH: f", more than {good:.0%}.", BAD: f", above {bad:.0%}.",
               CANNOT_TELL: f"; too few events or repeats to tell it from {good:.0%}."}
        said = end[verdict]
        if verdict == BAD and high < _ALL and (filled := _filled(case)) > _DENSE:
            verdict, said = WATCH, (f"; but events fill {filled:.0%} of the time, so that shifted true picks meet one "
                                    "another: the share is an upper bound.")
        rows.add("chance_share", value, verdict, told + said, key=what, low=low, high=high, expected=0.0,
                 n=len(case.null))


_DENSE, _EVENT_S, _ALL = 0.2, 20.0, 0.9
"""From this share of the time on that is within so many seconds after an event, shifted true picks make events: a share
by chance of less than nearly all is then no proof."""


def _filled(case: Case) -> float:
    """Return the share of the span that events fill, each with what its picks take."""
    return min(1.0, len(case.facts.catalogue) * _EVENT_S / 3600.0 / max(case.hours, 1e-9))


def _stations(picks: pd.DataFrame, rules: AuditPicksSettings) -> pd.DataFrame:
    """Return station_id, picks, associated, unassociated and how each compares."""
    kept = pd.DataFrame({"station_id": picks["station_id"], "kept": picks["event_id"] > 0})
    counts = kept.groupby("station_id", sort=True)["kept"].agg(["size", "sum"]).reset_index()
    counts.columns = pd.Index(["station_id", "picks", "associated"])
    counts["unassociated"] = counts["picks"] - counts["associated"]
    return pd.concat([counts, compared(counts["associated"], counts["picks"], rules)], axis=1)


def _say_stations(rows: Rows, table: pd.DataFrame, rules: AuditPicksSettings) -> None:
    usual = float(table.loc[table["enough"], "share"].median())
    one: Any
    for one in table.itertuples():
        told = f"{one.associated:,} of its {one.picks:,} picks belong to an event ({one.share:.1%})"
        more = {"scope": "station", "key": one.station_id, "low": one.low, "high": one.high, "n": one.picks,
                "expected": usual}
        if not one.enough:
            rows.cannot_tell("association_rate", f"It has {one.picks:,} picks, fewer than {rules.least_picks}.",
                             scope="station", key=one.station_id, n=one.picks)
        elif np.isnan(one.z):
            rows.add("association_rate", one.share, CANNOT_TELL, f"{told}; with fewer than {rules.least_stations} "
                     "stations that cannot be compared.", **more)
        elif one.z < -rules.z_limit and one.odds < 1 / rules.ratio_limit:
            extreme = one.z < -2 * rules.z_limit and one.odds < 1 / rules.extreme_ratio
            rows.add("association_rate", one.share, BAD if extreme else WATCH, f"{told}, where the median station has "
                     f"{usual:.1%}: {-one.z:.1f} robust standard deviations fewer.", **more)
        elif one.low < one.least:
            rows.add("association_rate", one.share, CANNOT_TELL, f"{told}; these are too few to tell whether it is out "
                     f"of line with the median station's {usual:.1%}.", **more)
        else:
            rows.add("association_rate", one.share, GOOD, f"{told}; the median station has {usual:.1%}.", **more)


def _days(picks: pd.DataFrame, rules: AuditPicksSettings) -> pd.DataFrame:
    """Return day, picks, associated, unassociated, share with its interval, excess (log10) and z of the unassociated.

    A quiet day has a low rate without fault. Its fault shows in the number of unassociated picks: z compares their
    logarithm with that of the other days.
    """
    kept = pd.DataFrame({"day": picks["time"].dt.floor("D"), "kept": picks["event_id"] > 0})
    counts = kept.groupby("day", sort=True)["kept"].agg(["size", "sum"]).reset_index()
    counts.columns = pd.Index(["day", "picks", "associated"])
    counts["unassociated"] = counts["picks"] - counts["associated"]
    bounds = [wilson(a, n) for a, n in zip(counts["associated"], counts["picks"], strict=True)]
    counts["share"] = counts["associated"] / counts["picks"]
    counts[["low", "high"]] = np.array(bounds, np.float64).reshape(-1, 2)
    log = np.log10(counts["unassociated"].to_numpy(np.float64) + 0.5)
    error = np.sqrt(rules.overdispersion / (counts["unassociated"].to_numpy() + 0.5)) / np.log(10)
    counts["excess"] = log - np.median(log) if len(log) else log
    scatter = max(mad_scale(log), DAY_FLOOR) if len(log) else NAN
    counts["z"] = counts["excess"] / np.maximum(scatter, error)
    if len(counts) < rules.least_stations:
        counts["z"] = np.nan
    return counts


def _say_days(rows: Rows, days: pd.DataFrame, rules: AuditPicksSettings) -> None:
    usual = float(days["share"].median())
    flagged = days[(days["z"] > rules.z_limit) & (days["excess"] > np.log10(rules.ratio_limit))
                   & (days["high"] < usual) & (days["picks"] >= rules.least_picks)]
    one: Any
    for one in flagged.sort_values("z", ascending=False).head(DAYS_SHOWN).itertuples():
        rows.add("association_rate", one.share, WATCH, f"{one.unassociated:,} picks of this day belong to no event, "
                 f"{10**one.excess:.1f} times the median day's, and {one.share:.1%} belong to one, where the median "
                 f"day has {usual:.1%}.", scope="day", key=f"{one.day:%Y-%m-%d}", low=one.low, high=one.high,
                 expected=usual, n=one.picks)


def _thresholds(picks: pd.DataFrame, chance_share: float) -> pd.DataFrame:
    """Return threshold, picks, associated, rate, corrected: of picks at or above each probability, events as they are.

    Chance events of a higher threshold would be fewer, so the share of chance of all picks is an upper bound, and
    ``corrected`` a lower one.
    """
    known = picks[picks["probability"].notna()]
    probability = np.sort(known["probability"].to_numpy(np.float64))
    kept = np.sort(known.loc[known["event_id"] > 0, "probability"].to_numpy(np.float64))
    at = THRESHOLDS - 1e-6  # float32 probabilities that equal a threshold belong to it
    n, associated = (len(one) - np.searchsorted(one, at) for one in (probability, kept))
    table = pd.DataFrame({"threshold": THRESHOLDS, "picks": n, "associated": associated})
    table["rate"] = associated / np.maximum(n, 1)
    table["corrected"] = table["rate"] * (1.0 - min(chance_share, 1.0)) if np.isfinite(chance_share) else np.nan
    first = probability[0] if len(probability) else np.inf
    return table[(n > 0) & (at >= first - 0.05)].reset_index(drop=True)


def _rates(rows: Rows) -> pd.DataFrame:
    """Return the network's rates as a table: of, rate, low, high, null."""
    kept = [row for row in rows.rows if row["metric"] == "association_rate" and row["scope"] == "network"]
    return pd.DataFrame({"of": [row["key"] for row in kept], "rate": [row["value"] for row in kept],
                         "low": [row["low"] for row in kept], "high": [row["high"] for row in kept],
                         "null": [row["expected"] for row in kept]})


ASSOCIATION = Check(
    name="association",
    section="associate",
    question="What share of the picks belongs to events, and how much of that is chance?",
    method=(
        "The association rate R is the share of picks (P, S, pairs of which one event holds both) that belong to an "
        "event, with an interval from resampled blocks of time. Its null is what associates once every station's picks "
        "are shifted by 60 to 1800 s of their own: R less that is R*, and the two counts of events are Poissonian. "
        "Where the associator that counts this makes another share of the picks into events than the catalogue has, by "
        "more than a factor of 1.25, it says nothing of the catalogue's chance. R alone has no good or bad value; it "
        "is judged by whether R* is above zero, and the chance share by limits. "
        "Stations are compared by the log odds of R in robust standard deviations, days by the number of their picks "
        "without event."),
    references=(
        "Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.",
        "Zou, G. Y. & Donner, A. (2008). Construction of confidence limits about effect measures: a general approach. "
        "Statistics in Medicine 27, 1693-1702.",
        "Zhou, Y. & Zhou, S. (2026). AI- and rule-based earthquake cataloguing. Earth Science 51(2), 690-702, "
        "doi 10.3799/dqkx.2025.177."),
    metrics=_METRICS,
    run=_run,
)
