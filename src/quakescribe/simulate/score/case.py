"""The truth as it was written, and the catalogue to be judged, each made ready once for all parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.errors import StationError
from quakescribe.simulate.score.match import Matches, match_catalogue, match_onsets
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS, TRUTH_TRANSIENTS
from quakescribe.tables import store
from quakescribe.tables.matching import Rows

LOCAL = ("earthquake", "blast")
APART = ("blast", "regional", "teleseism")  # kinds with lines of their own


@dataclass(frozen=True)
class Tolerances:
    """When things count as the same; see :func:`quakescribe.simulate.score.score`."""

    time_s: float
    distance_km: float
    pick_s: float
    shared: int


@dataclass(frozen=True)
class Truth:
    """The truth tables; ``transients`` is None where no such table was written."""

    events: pd.DataFrame
    arrivals: pd.DataFrame
    transients: pd.DataFrame | None

    @classmethod
    def read(cls, folder: Path) -> Truth:
        """Read the folder ``truth``, or the one that holds it."""
        folder = folder / "truth" if (folder / "truth").is_dir() else folder
        transients = folder / "transients.parquet"
        return cls(store.read(folder / "events.parquet", TRUTH_EVENTS),
                   store.read(folder / "arrivals.parquet", TRUTH_ARRIVALS),
                   store.read(transients, TRUTH_TRANSIENTS) if transients.exists() else None)

    def within(self, start: pd.Timestamp | None, end: pd.Timestamp | None) -> Truth:
        """Return the truth of the events of [start, end): their arrivals, and the disturbances that begin in it."""
        def inside(times: pd.Series) -> pd.Series:
            return ((times >= start) if start is not None else times.notna()) & (
                (times < end) if end is not None else True)

        events = self.events[inside(self.events["time"])].reset_index(drop=True)
        arrivals = self.arrivals[self.arrivals["event_id"].isin(events["event_id"])].reset_index(drop=True)
        transients = self.transients
        if transients is not None:
            transients = transients[inside(transients["time"])].reset_index(drop=True)
        return Truth(events, arrivals, transients)

    @cached_property
    def local(self) -> NDArray[np.bool_]:
        """Whether each event lies in the network's own region."""
        return self.events["kind"].isin(LOCAL).to_numpy()

    @cached_property
    def event_of(self) -> Rows:
        """Row of the event of every arrival."""
        return pd.Index(self.events["event_id"]).get_indexer(self.arrivals["event_id"])

    @cached_property
    def detectable(self) -> NDArray[np.bool_]:
        """Whether each event is detectable."""
        return self.events["detectable"].to_numpy(dtype=bool)


class Case:
    """A catalogue against the truth.

    Attributes
    ----------
    catalogue
        Found events, with the place and time of the origin where there is one; ``located``: there is one. None = picks
        only.
    picks, arrivals, magnitudes
        The tables given, or None.
    onset, lies_on
        Row of the true arrival, and of its event, for every pick and for every arrival of a found event; -1 = none.
    matches
        Which true event each found one is.
    """

    def __init__(self, truth: Truth, tables: dict[str, pd.DataFrame], tolerances: Tolerances) -> None:
        self.truth, self.tolerances = truth, tolerances
        names = truth.arrivals["station_id"].unique()
        self.picks, self.magnitudes = _with_names(tables.get("picks"), names), tables.get("magnitudes")
        self.catalogue = _catalogue(tables.get("events"), tables.get("origins"))
        arrivals = _with_names(tables.get("arrivals"), names)
        if arrivals is not None and self.catalogue is not None:
            arrivals = arrivals[arrivals["event_id"].isin(self.catalogue["event_id"])].reset_index(drop=True)
        self.arrivals = arrivals if arrivals is not None and len(arrivals) else None
        self.onset, self.lies_on = self._onsets()
        self.matches = None if self.catalogue is None else self._match(self.catalogue)

    def _onsets(self) -> tuple[Rows, Rows]:
        """Match picks and those arrivals that are none of them in one go."""
        columns = ["pick_id", "station_id", "phase", "time"]
        given = [table[columns] for table in (self.picks, self.arrivals) if table is not None]
        if not given:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        everything = pd.concat(given, ignore_index=True).drop_duplicates("pick_id", ignore_index=True)
        onset = match_onsets(self.truth.arrivals, everything, self.tolerances.pick_s)
        row = pd.Index(everything["pick_id"])
        of_picks, of_arrivals = (np.empty(0, np.int64) if table is None else onset[row.get_indexer(table["pick_id"])]
                                 for table in (self.picks, self.arrivals))
        return of_picks, np.append(self.truth.event_of, -1)[of_arrivals]

    @cached_property
    def found_row(self) -> Rows:
        """Row of the found event of every arrival."""
        if self.arrivals is None or self.catalogue is None:
            return np.empty(0, np.int64)
        return pd.Index(self.catalogue["event_id"]).get_indexer(self.arrivals["event_id"])

    def found_size(self, catalogue: pd.DataFrame) -> NDArray[np.float64]:
        """Return the found local magnitude of every event of the catalogue; NaN where there is none."""
        if self.magnitudes is None:
            return np.full(len(catalogue), np.nan)
        network = self.magnitudes[self.magnitudes["station_id"].isna() & (self.magnitudes["kind"] == "ML")]
        return network.set_index("event_id")["value"].reindex(catalogue["event_id"]).to_numpy(dtype=np.float64)

    def _match(self, catalogue: pd.DataFrame) -> Matches:
        gates = (self.tolerances.time_s, self.tolerances.distance_km)
        shared = None if self.arrivals is None else pd.DataFrame({"found": self.found_row, "true": self.lies_on})
        return match_catalogue(self.truth.events, catalogue, shared, self.tolerances.shared, gates)


def _with_names(table: pd.DataFrame | None, names: NDArray[np.object_]) -> pd.DataFrame | None:
    """Return a table with its stations named as the truth names them: NET.STA is NET.STA. there.

    Raises
    ------
    StationError
        If the table has rows and none of its stations is among the truth's.
    """
    if table is None or not len(table):
        return table
    given = table["station_id"].astype("str")
    table = table.assign(station_id=given.where(given.str.count(r"\.") != 1, given + "."))
    if len(names) and not table["station_id"].isin(names).any():
        raise StationError(f"none of the stations {', '.join(sorted(set(given))[:5])}, ... is among the truth's "
                           f"{', '.join(sorted(names)[:5])}, ...")
    return table


def _catalogue(events: pd.DataFrame | None, origins: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the events found, at their origins where they have been located."""
    if events is None and origins is None:
        return None
    if events is None or origins is None or not len(events):
        only = origins if origins is not None and (events is None or len(origins)) else events
        return None if only is None else only.assign(located=True).reset_index(drop=True)
    left = events[~events["event_id"].isin(origins["event_id"])]
    return pd.concat((origins.assign(located=True), left.assign(located=False)), ignore_index=True)
