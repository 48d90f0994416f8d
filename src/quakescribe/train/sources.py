"""Other sources of labels: agreement between several pickers, and onsets picked by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.errors import TrainError
from quakescribe.settings.train import SamplesSettings
from quakescribe.tables.matching import nanoseconds
from quakescribe.train.labels import MIN_SP_S, Labels, near


def consensus(labels: Labels, others: Mapping[str, pd.DataFrame], settings: SamplesSettings) -> Labels:
    """Keep the labels that other runs' pickers agree with; the others become doubtful.

    Parameters
    ----------
    labels
        Of the run that is trained from.
    others
        Tables PICKS of other runs, by the run's name.
    settings
        ``agree_least`` runs must have an onset of the same phase and station within ``agree_p_s`` or ``agree_s_s``; of
        a pair, both onsets.

    Notes
    -----
    After OBSTransformer (Niksejel & Zhang 2024), where several pickers must agree.
    """
    least = min(settings.agree_least, len(others))
    marks = labels.marks.copy()
    is_label = (marks["use"] == "label").to_numpy()
    counts = _seen(marks["station_id"], marks["phase"], marks["time_ns"], others, settings)
    marks.loc[is_label & (counts < least), "use"] = "ignore"
    pairs = labels.pairs
    p, s = (_seen(pairs["station_id"], pd.Series(phase, index=pairs.index), pairs[name], others, settings)
            for phase, name in (("P", "p_ns"), ("S", "s_ns")))
    return labels._replace(pairs=pairs[(p >= least) & (s >= least)].reset_index(drop=True), marks=marks)


def _seen(station: pd.Series, phase: pd.Series, time_ns: pd.Series, others: Mapping[str, pd.DataFrame],
          settings: SamplesSettings) -> NDArray[np.int64]:
    """Return in how many other runs every onset is found."""
    onsets = pd.DataFrame({"station_id": station.to_numpy(), "time_ns": time_ns.to_numpy(np.int64)})
    counts = np.zeros(len(onsets), dtype=np.int64)
    for picks in others.values():
        theirs = picks[["station_id", "phase"]].assign(time_ns=nanoseconds(picks["time"]))
        for one, within_s in (("P", settings.agree_p_s), ("S", settings.agree_s_s)):
            mine = (phase == one).to_numpy()
            counts[mine] += near(onsets[mine], theirs[theirs["phase"] == one], within_s)
    return counts


def by_hand(labels: Labels, picks: pd.DataFrame, arrivals: pd.DataFrame, settings: SamplesSettings,
            source: str) -> Labels:
    """Take the labels from onsets picked by hand; all others of the run become doubtful.

    Parameters
    ----------
    labels
        Of a run of the same recordings: where else there may be earthquakes, and how many negatives.
    picks, arrivals
        Tables PICKS and ARRIVALS as read from a file; P and S of one event at a station (or of one pair) make a pair,
        and without events or pairs a P and the first S after it.
    source
        The file, for messages and for the samples' record.

    Raises
    ------
    TrainError
        If there is no pair among them.
    """
    onsets = _hand_onsets(picks, arrivals)
    p, s = (onsets[onsets["phase"] == phase] for phase in "PS")
    both = p.merge(s, on=["station_id", "group"], suffixes=("_p", "_s"))
    lag = (both["time_ns_s"] - both["time_ns_p"]) * 1e-9
    both = both[(lag > MIN_SP_S) & (lag <= settings.max_sp_s)].drop_duplicates(["station_id", "time_ns_p"])
    if both.empty:
        raise TrainError(f"{source}: no pair of P and S of one event at one station among {len(onsets)} onsets, with "
                         f"S - P between {MIN_SP_S:g} and {settings.max_sp_s:g} s")
    pairs = pd.DataFrame({"event_id": both["event_id_p"], "station_id": both["station_id"], "p_ns": both["time_ns_p"],
                          "s_ns": both["time_ns_s"], "snr": np.nan, "picker": source})
    hand = onsets[["station_id", "phase", "time_ns"]].assign(use="label")
    doubtful = labels.marks.assign(use="ignore")
    told = [near(doubtful, hand[hand["phase"] == phase]) & (doubtful["phase"] == phase).to_numpy() for phase in "PS"]
    doubtful = doubtful[~(told[0] | told[1])]
    quakes = pairs[["station_id", "p_ns", "s_ns"]].assign(associated=True)
    return labels._replace(
        pairs=pairs.sort_values(["p_ns", "station_id"], kind="stable").reset_index(drop=True),
        marks=pd.concat([hand, doubtful], ignore_index=True).drop_duplicates(["station_id", "phase", "time_ns"]),
        quakes=pd.concat([labels.quakes, quakes], ignore_index=True))


def _hand_onsets(picks: pd.DataFrame, arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return station_id, phase, time_ns, event_id, and the group that P and S of a pair share."""
    source = arrivals if len(arrivals) else picks
    out = source[["station_id", "phase"]].assign(time_ns=nanoseconds(source["time"]), event_id=np.int64(0), group=0)
    if len(arrivals):
        out["event_id"] = out["group"] = arrivals["event_id"].to_numpy(np.int64)
    elif (picks["pair_id"] > 0).any():
        out["group"] = picks["pair_id"].to_numpy(np.int64)
        out = out[out["group"] > 0]
    else:
        out = out.sort_values(["station_id", "time_ns"], kind="stable")
        out["group"] = (out["phase"] == "P").groupby(out["station_id"]).cumsum()
        out = out[out["group"] > 0].drop_duplicates(["station_id", "group", "phase"])
    return out.reset_index(drop=True)
