"""Which onsets are labels, which are doubtful, and where there may be an earthquake: from a run's tables alone.

A *label* is an onset to be learned, *ignore* one that may be real and is therefore neither learned nor unlearned. What
is neither, such as an onset that nothing else in the network agrees with, is what a network shall learn not to pick.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.velocity import VelocityModel
from quakescribe.run.predicted import predict
from quakescribe.settings.train import SamplesSettings
from quakescribe.tables.matching import nanoseconds

MIN_SP_S = 0.3
"""A P and an S that are not farther apart are no pair: one of them is wrong."""
NEAR_S = 1.0
"""An onset this close to where one is expected is taken to be the expected one."""
LONE_SP_S = 5.0
"""S-P time (s) assumed of an onset whose partner is neither picked nor predicted."""

_FREE = -1


class Labels(NamedTuple):
    """What a run's tables say about its recordings. All times in ns after 1970 (int64).

    Attributes
    ----------
    pairs
        One row per labelled pair: event_id, station_id, p_ns, s_ns, snr (of the P), picker.
    marks
        One row per onset that is a label or doubtful: station_id, phase, time_ns, use ('label' or 'ignore').
    quakes
        One row per earthquake, certain or possible, and station: station_id, p_ns, s_ns, associated (whether P and S
        are both picked, and associated with the same event).
    counted
        One row per pair of the picker: station_id, p_ns, s_ns, associated.
    """

    pairs: pd.DataFrame
    marks: pd.DataFrame
    quakes: pd.DataFrame
    counted: pd.DataFrame


def find_labels(picks: pd.DataFrame, arrivals: pd.DataFrame, origins: pd.DataFrame, stations: pd.DataFrame,
                model: VelocityModel, settings: SamplesSettings) -> Labels:
    """Sort a run's picks into labels, doubtful onsets and the rest.

    Parameters
    ----------
    picks, arrivals, origins, stations
        Tables PICKS, ARRIVALS (with the residuals of the location), ORIGINS and STATIONS.
    """
    judged = _judged(arrivals, origins, settings)
    onsets = _onsets(picks, judged)
    counted = find_pairs(onsets, settings.max_sp_s)
    expected = predict(origins, arrivals, stations, model)
    vp_vs = float(np.mean(model.vp / model.vs))
    doubtful = counted[_doubtful(counted, settings.agree_s, vp_vs)]
    labelled = judged[judged["label"]]
    pairs = _partners(labelled)
    lag = (pairs["s_ns"] - pairs["p_ns"]) * 1e-9
    pairs = pairs[(lag > MIN_SP_S) & (lag <= settings.max_sp_s)]
    told = onsets.set_index("pick_id")[["snr", "picker"]]
    pairs = pairs.join(told[~told.index.duplicated()], on="p_id").fillna({"picker": ""})
    pairs = pairs.sort_values(["p_ns", "station_id"], kind="stable").reset_index(drop=True)
    return Labels(
        pairs[["event_id", "station_id", "p_ns", "s_ns", "snr", "picker"]],
        _marks(judged, onsets, doubtful, expected),
        _quakes(judged, doubtful, expected),
        counted[["station_id", "p_ns", "s_ns", "associated"]].reset_index(drop=True),
    )


def find_pairs(onsets: pd.DataFrame, max_sp_s: float) -> pd.DataFrame:
    """Return the picker's pairs, and those that the rule makes of its unpaired onsets.

    The rule: the first unpaired S after an unpaired P, more than MIN_SP_S and no more than ``max_sp_s`` later, and
    before the next P of the station.

    Parameters
    ----------
    onsets
        pick_id, station_id, phase, time_ns, pair_id, event_id (-1 = none).

    Returns
    -------
    DataFrame
        station_id, p_id, s_id, p_ns, s_ns, p_event, s_event, associated (both with the same event), by station and P.
    """
    o = onsets.sort_values(["station_id", "time_ns", "phase", "pick_id"], kind="stable").reset_index(drop=True)
    phase_p, pair_id = (o["phase"] == "P").to_numpy(), o["pair_id"].to_numpy()
    given_p = np.flatnonzero(phase_p & (pair_id == o["pick_id"].to_numpy()))
    s = np.flatnonzero(~phase_p & (pair_id != 0))
    where = pd.Series(given_p, index=pair_id[given_p])
    p = where[~where.index.duplicated()].reindex(pair_id[s]).fillna(-1).to_numpy(np.int64)
    p, s = _first(o, p[p >= 0], s[p >= 0], 0.0, np.inf)
    last_p = np.maximum.accumulate(np.where(phase_p, np.arange(len(o)), -1))
    lone_s = np.flatnonzero(~phase_p & (pair_id == 0) & (last_p >= 0))
    lone_s = lone_s[pair_id[last_p[lone_s]] == 0]
    made_p, made_s = _first(o, last_p[lone_s], lone_s, MIN_SP_S, max_sp_s)
    p, s = np.concatenate([p, made_p]), np.concatenate([s, made_s])
    columns = {"station_id": o["station_id"].to_numpy()[p]}
    for name, source in (("id", "pick_id"), ("ns", "time_ns"), ("event", "event_id")):
        values = o[source].to_numpy(np.int64)
        columns |= {f"p_{name}": values[p], f"s_{name}": values[s]}
    pairs = pd.DataFrame(columns)
    pairs["associated"] = (pairs["p_event"] == pairs["s_event"]) & (pairs["p_event"] != _FREE)
    return pairs.sort_values(["station_id", "p_ns", "p_id"], kind="stable").reset_index(drop=True)


def _first(o: pd.DataFrame, p: NDArray[np.int64], s: NDArray[np.int64], above_s: float,
           most_s: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return of every P the first S of the same station whose lag is right; ``s`` ascends within a station."""
    station, time = o["station_id"].to_numpy(), o["time_ns"].to_numpy(np.int64)
    lag = (time[s] - time[p]) * 1e-9
    fits = (station[p] == station[s]) & (lag > above_s) & (lag <= most_s)
    p, first = np.unique(p[fits], return_index=True)
    return p, s[fits][first]


def agree(t0_ns: NDArray[np.int64], site: NDArray[np.int64], within_ns: int) -> NDArray[np.bool_]:
    """Say of every origin time whether one of another site is no farther away. O(n log n)."""
    def count(times: NDArray[np.int64]) -> NDArray[np.int64]:
        ascending = np.sort(times)
        return (np.searchsorted(ascending, times + within_ns, "right")
                - np.searchsorted(ascending, times - within_ns, "left"))

    own = np.zeros(len(t0_ns), dtype=np.int64)
    for one in np.unique(site):
        at = np.flatnonzero(site == one)
        own[at] = count(t0_ns[at])
    return count(t0_ns) > own


def _judged(arrivals: pd.DataFrame, origins: pd.DataFrame, settings: SamplesSettings) -> pd.DataFrame:
    """Return the arrivals with time_ns and whether each is a label."""
    out = arrivals[["event_id", "pick_id", "station_id", "phase"]].reset_index(drop=True)
    out["time_ns"] = nanoseconds(arrivals["time"])
    used = origins[origins["well_located"]] if settings.well_located else origins
    largest = np.where(out["phase"] == "P", settings.residual_p_s, settings.residual_s_s)
    residual = arrivals["residual_s"].abs().to_numpy(np.float64)
    out["label"] = out["event_id"].isin(used["event_id"]).to_numpy() & (residual < largest)
    out = out.sort_values(["event_id", "station_id", "phase", "time_ns", "pick_id"], kind="stable")
    out.loc[out.duplicated(["event_id", "station_id", "phase"]), "label"] = False
    pairs = _partners(out[out["label"]])
    close = pairs[pairs["s_ns"] - pairs["p_ns"] <= MIN_SP_S * 1e9]
    out.loc[out["pick_id"].isin([*close["p_id"], *close["s_id"]]), "label"] = False
    return out.reset_index(drop=True)


def _partners(arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return P and S of the same event at the same station, the first of each: p_id, s_id, p_ns, s_ns."""
    arrivals = arrivals.drop_duplicates(["event_id", "station_id", "phase"])
    p, s = (arrivals[arrivals["phase"] == phase][["event_id", "station_id", "pick_id", "time_ns"]].rename(
        columns={"pick_id": f"{phase.lower()}_id", "time_ns": f"{phase.lower()}_ns"}) for phase in "PS")
    return p.merge(s, on=["event_id", "station_id"])


def _onsets(picks: pd.DataFrame, arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return the picks with time_ns and the event each belongs to (-1 = none)."""
    out = picks[["pick_id", "station_id", "phase", "pair_id", "snr", "picker"]].reset_index(drop=True)
    out["time_ns"] = nanoseconds(picks["time"])
    owned = arrivals.drop_duplicates("pick_id")
    at = pd.Index(owned["pick_id"]).get_indexer(pd.Index(out["pick_id"]))
    event = np.append(owned["event_id"].to_numpy(np.int64), _FREE)
    out["event_id"] = event[at]
    return out


def _doubtful(pairs: pd.DataFrame, agree_s: float, vp_vs: float) -> NDArray[np.bool_]:
    """Say which unassociated pairs may be an earthquake: half of it is associated, or another station agrees."""
    free_p, free_s = (pairs["p_event"] == _FREE).to_numpy(), (pairs["s_event"] == _FREE).to_numpy()
    out = free_p != free_s
    at = np.flatnonzero(free_p & free_s)
    p, s = pairs["p_ns"].to_numpy(np.int64)[at], pairs["s_ns"].to_numpy(np.int64)[at]
    t0 = p - np.round((s - p) / (vp_vs - 1.0)).astype(np.int64)
    site = pd.factorize(pairs["station_id"].iloc[at].astype("str").str.rsplit(".", n=1).str[0])[0]
    out[at] = agree(t0, site.astype(np.int64), round(agree_s * 1e9))
    return out


def _marks(arrivals: pd.DataFrame, onsets: pd.DataFrame, doubtful: pd.DataFrame,
           expected: pd.DataFrame) -> pd.DataFrame:
    """Return the marks, every onset once; a label stays one whatever else speaks of it.

    An onset is expected where no pick is near; not where the event has a label of that phase, however far from it.
    """
    columns = ["station_id", "phase", "time_ns"]
    frames = [arrivals[arrivals["label"]][columns].assign(use="label"),
              arrivals[~arrivals["label"]][columns].assign(use="ignore")]
    maybe = onsets["pick_id"].isin([*doubtful["p_id"], *doubtful["s_id"]]).to_numpy(copy=True)
    keys = ["event_id", "station_id"]
    for phase in "PS":
        known = pd.MultiIndex.from_frame(arrivals[arrivals["label"] & (arrivals["phase"] == phase)][keys])
        there = expected[~pd.MultiIndex.from_frame(expected[keys]).isin(known)]
        there = there[["station_id"]].assign(phase=phase, time_ns=there[f"{phase.lower()}_ns"])
        picked = onsets[onsets["phase"] == phase]
        maybe[picked.index[near(picked, there)]] = True
        frames.append(there[~near(there, picked)].assign(use="ignore"))
    frames.append(onsets[maybe][columns].assign(use="ignore"))
    marks = pd.concat(frames, ignore_index=True).drop_duplicates(columns)
    return marks.sort_values(["station_id", "time_ns", "phase"], kind="stable").reset_index(drop=True)


def near(these: pd.DataFrame, those: pd.DataFrame, within_s: float = NEAR_S) -> NDArray[np.bool_]:
    """Say of each of these onsets (station_id, time_ns) whether one of those is as near at the same station."""
    out = np.zeros(len(these), dtype=bool)
    time = these["time_ns"].to_numpy(np.int64)
    rows_of = pd.Series(np.arange(len(these))).groupby(these["station_id"].to_numpy()).indices
    reach = round(within_s * 1e9)
    for station, group in those.groupby("station_id"):
        rows = rows_of.get(str(station))
        if rows is not None:
            other = np.sort(group["time_ns"].to_numpy(np.int64))
            out[rows] = (np.searchsorted(other, time[rows] + reach, "right")
                         > np.searchsorted(other, time[rows] - reach, "left"))
    return out


def _quakes(arrivals: pd.DataFrame, doubtful: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """Return P and S of every event at every station that picked it or is within its reach, and the doubtful pairs.

    A picked onset goes before a predicted one; one that is neither lies LONE_SP_S from its partner.
    """
    keys = ["event_id", "station_id"]
    first = arrivals.drop_duplicates([*keys, "phase"])
    table = expected.rename(columns={"p_ns": "P_expected", "s_ns": "S_expected"})
    table = table.astype({"P_expected": "Int64", "S_expected": "Int64"})
    for phase in "PS":
        mine = first[first["phase"] == phase][[*keys, "time_ns"]].rename(columns={"time_ns": phase})
        table = table.merge(mine.astype({phase: "Int64"}), on=keys, how="outer", sort=True)
    both = (table["P"].notna() & table["S"].notna()).to_numpy()
    p, s = (table[phase].fillna(table[f"{phase}_expected"]) for phase in "PS")
    lone = round(LONE_SP_S * 1e9)
    quakes = pd.DataFrame({"station_id": table["station_id"], "p_ns": p.fillna(s - lone).astype("int64"),
                           "s_ns": s.fillna(p + lone).astype("int64"), "associated": both})
    maybe = doubtful[["station_id", "p_ns", "s_ns"]].assign(associated=False)
    quakes = pd.concat([quakes, maybe], ignore_index=True)
    return quakes.sort_values(["station_id", "p_ns", "s_ns"], kind="stable").reset_index(drop=True)
