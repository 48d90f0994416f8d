"""What the picks without event look like: recordings about some, of the station-days that are most out of line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit import Audit
from quakescribe.errors import QuakescribeError
from quakescribe.run.inputs import Inputs, open_inputs
from quakescribe.run.recordings import NOWHERE, recordings_of
from quakescribe.run.runner import Context
from quakescribe.run.workspace import Run
from quakescribe.settings.project import Settings
from quakescribe.waveforms.block import Block
from quakescribe.waveforms.prepare import bandpass

WINDOW_S = 12.0
BEFORE_S = 4.0
"""A window is so long, and begins so long before its pick: room for an S, and for the noise before."""
PICKS_EACH = 6
"""Windows of a station-day, evenly taken from its picks without event."""


@dataclass(frozen=True)
class Example:
    """The recording about one pick without event.

    Attributes
    ----------
    station_id, day
        Whose it is; the day as 2024-03-04.
    why
        Why this station-day was chosen.
    start
        Time of sample 0 (UTC).
    sampling_rate
        Hz.
    data
        Shape (3, n), float32: Z, N, E, filtered as the picker sees them, each over its largest absolute value; not a
        number where nothing was recorded.
    picks
        Phase, time after sample 0 (s), and whether it belongs to an event, of every pick of the station in the window.
    """

    station_id: str
    day: str
    why: str
    start: pd.Timestamp
    sampling_rate: float
    data: NDArray[np.float32]
    picks: tuple[tuple[str, float, bool], ...]


def examples(run: Run, folder: Path, settings: Settings, found: Audit, most: int = 3,
             inputs: Inputs | None = None) -> list[Example]:
    """Return recordings about picks without event, of the station-days that are most out of line.

    Parameters
    ----------
    run, folder, settings
        A run, its project's folder, and the settings it was made with.
    found
        The audit of the run: of its checks `anomaly` and `lift`, whichever can tell, say which station-days.
    most
        Station-days.
    inputs
        Of the project, where they are open already.

    Returns
    -------
    list
        Six per station-day, ordered as these and in time; none where the recordings cannot be read.
    """
    picks = _with_fate(run)
    chosen = worst_station_days(picks, found, most)
    if chosen.empty:
        return []
    try:
        context = Context(settings, inputs or open_inputs(settings, folder), run, folder)
    except (QuakescribeError, OSError):
        return []
    return [one for station_day in chosen.itertuples(index=False)
            for one in _of_station_day(context, picks, *station_day)]


def _with_fate(run: Run) -> pd.DataFrame:
    """Return station_id, phase, time, day and `kept` (belongs to an event) of the picks."""
    picks, arrivals = run.table("picks"), run.table("arrivals")
    return picks[["station_id", "phase", "time"]].assign(
        day=picks["time"].dt.floor("D"), kept=picks["pick_id"].isin(arrivals["pick_id"]))


def worst_station_days(picks: pd.DataFrame, found: Audit, most: int) -> pd.DataFrame:
    """Return station_id, day, why of the station-days that are most out of line, the worst first.

    Those that the anomaly of a day flags, by their z; else the stations of least lift, on their days of most picks
    without event; else the station-days with most picks without event for one with. A station enters once as long as
    there are others.
    """
    lone = picks[~picks["kept"]]
    counts = lone.groupby(["station_id", "day"]).size().rename("lone").reset_index()
    parts = [_by_anomaly(found), _by_lift(found, counts), _by_count(picks, counts)]
    ranked = pd.concat([part for part in parts if len(part)] or [_NONE], ignore_index=True)
    ranked = ranked.merge(counts[["station_id", "day"]], on=["station_id", "day"])
    ranked = ranked.drop_duplicates(["station_id", "day"])
    again = ranked.duplicated("station_id")
    return pd.concat([ranked[~again], ranked[again]]).head(most).reset_index(drop=True)


_NONE = pd.DataFrame({"station_id": pd.Series(dtype="str"), "day": pd.Series(dtype="datetime64[ns, UTC]"),
                      "why": pd.Series(dtype="str")})


def _table(found: Audit, check: str, name: str, *columns: str) -> pd.DataFrame:
    """Return a table of a check's outcome, empty where it has none with these columns."""
    outcome = found.outcomes.get(check)
    table = outcome.tables.get(name, pd.DataFrame()) if outcome else pd.DataFrame()
    return table if set(columns) <= set(table.columns) else pd.DataFrame(columns=list(columns))


def _by_anomaly(found: Audit) -> pd.DataFrame:
    table = _table(found, "anomaly", "station_days", "station_id", "day", "z", "d", "flagged")
    table = table[table["flagged"].astype(bool)].sort_values("z", ascending=False, kind="stable")
    why = [f"{10 ** d:.2g} times as many picks without event as the rule-based picker leads to expect"
           for d in table["d"]]
    return table[["station_id", "day"]].assign(why=why)


def _by_lift(found: Audit, counts: pd.DataFrame) -> pd.DataFrame:
    table = _table(found, "lift", "stations", "station_id", "lift", "high")
    least = found.findings[(found.findings["metric"] == "association_lift") & (found.findings["scope"] == "station")
                           & found.findings["verdict"].isin(["bad", "watch"])]
    table = table[table["station_id"].isin(least["key"])].sort_values("lift", kind="stable")
    fullest = counts.sort_values("lone", ascending=False, kind="stable").drop_duplicates("station_id")
    both = table[["station_id", "lift"]].merge(fullest, on="station_id")
    why = [f"has the onsets that events predict only {lift:.1f} times as often as by chance" for lift in both["lift"]]
    return both[["station_id", "day"]].assign(why=why)


def _by_count(picks: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    kept = picks[picks["kept"]].groupby(["station_id", "day"]).size().rename("with").reset_index()
    both = counts.merge(kept, on=["station_id", "day"], how="left")
    both["ratio"] = both["lone"] / (both["with"].fillna(0) + 1)
    both = both.sort_values(["ratio", "station_id", "day"], ascending=[False, True, True], kind="stable")
    why = [f"{lone:,.0f} picks without event, {0 if pd.isna(n) else n:,.0f} with one"
           for lone, n in zip(both["lone"], both["with"], strict=True)]
    return both[["station_id", "day"]].assign(why=why)


def _of_station_day(context: Context, picks: pd.DataFrame, station_id: str, day: pd.Timestamp,
                    why: str) -> list[Example]:
    """Return examples of one station-day; those that cannot be read are left out."""
    if not _is_recorded(context.inputs, station_id):
        return []
    mine = picks[picks["station_id"] == station_id].sort_values(["time", "phase"], kind="stable")
    lone = mine[~mine["kept"] & (mine["day"] == day)]
    p = lone[lone["phase"] == "P"]
    lone = p if len(p) >= PICKS_EACH else lone
    apart = np.concatenate([[True], np.diff(lone["time"].astype("int64").to_numpy()) > WINDOW_S * 1e9])
    lone = lone[apart[:len(lone)]]
    rows = np.unique(np.linspace(0, len(lone) - 1, PICKS_EACH).round().astype(np.int64))
    load = recordings_of(context, station_id).loader(NOWHERE)
    pick = context.settings.pick
    out = []
    for time in lone["time"].iloc[rows]:
        start = time.value - round(BEFORE_S * 1e9)
        try:
            blocks = [bandpass(block, pick.band_low_hz, pick.band_high_hz)
                      for block in load(start, start + round(WINDOW_S * 1e9))]
        except (QuakescribeError, OSError):
            continue
        block = max(blocks, key=lambda one: int((~one.mask).sum()), default=None)
        if block is not None and not block.mask.all():
            out.append(_cut(block, start, mine, f"{day:%Y-%m-%d}", why))
    return out


def _is_recorded(inputs: Inputs, station_id: str) -> bool:
    return station_id in inputs.station_ids


def _cut(block: Block, start_ns: int, mine: pd.DataFrame, day: str, why: str) -> Example:
    """Return the window that begins at a time, normalised, with the station's picks in it."""
    n = round(WINDOW_S * block.sampling_rate)
    first = block.index(start_ns)
    data = np.full((3, n), np.nan, dtype=np.float32)
    low, high = max(first, 0), min(first + n, block.n)
    data[:, low - first:high - first] = np.where(block.mask[:, low:high], np.nan, block.data[:, low:high])
    tallest = np.nanmax(np.abs(data), axis=1, initial=0.0, keepdims=True)
    begins = block.time_ns(first)
    after = (mine["time"].astype("int64") - begins) * 1e-9
    seen = mine.assign(after=after)[(after >= 0) & (after < WINDOW_S)]
    picks = tuple((str(phase), float(at), bool(kept)) for phase, at, kept in
                  zip(seen["phase"], seen["after"], seen["kept"], strict=True))
    return Example(block.station_id, day, why, pd.Timestamp(begins, tz="UTC"), block.sampling_rate,
                   np.asarray(data / np.where(tallest > 0, tallest, 1.0), dtype=np.float32), picks)
