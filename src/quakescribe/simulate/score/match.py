"""What is the same: picks and true onsets, events found and true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.tables.matching import Rows, close, codes, nanoseconds, one_to_one

VISIBLE_SNR = 0.5  # a smaller onset is none: in a swarm, chance alone puts picks on such


def sites(*tables: pd.DataFrame) -> list[Rows]:
    """Return a whole number per row of every table: the same for the same station and phase."""
    stations = codes(*(table["station_id"] for table in tables))
    return [2 * code + (table["phase"] == "S").to_numpy() for code, table in zip(stations, tables, strict=True)]


def match_onsets(onsets: pd.DataFrame, picks: pd.DataFrame, within_s: float) -> Rows:
    """Return the row of the true onset that each pick lies on, -1 for none.

    One to one by station and phase; onsets that nobody can see (SNR below VISIBLE_SNR) or that were not recorded take
    no picks; detectable onsets first, then the nearest first: where a large and a very small
    event coincide, the pick is the large one's.
    """
    there, here = sites(onsets, picks)
    a, b = nanoseconds(onsets["time"]), nanoseconds(picks["time"])
    i, j = close((there, a), (here, b), within_s)
    seen = visible(onsets)[i]
    i, j = i[seen], j[seen]
    i, j = one_to_one(i, j, ~onsets["detectable"].to_numpy(dtype=bool)[i], np.abs(a[i] - b[j]))
    row = np.full(len(picks), -1)
    row[j] = i
    return row


def visible(onsets: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which onsets were recorded and can be seen at all."""
    return np.asarray((onsets["snr"] >= VISIBLE_SNR) & onsets["recorded"], dtype=bool)


def near_onset(onsets: pd.DataFrame, picks: pd.DataFrame, within_s: float, other_phase: bool) -> NDArray[np.bool_]:
    """Return which picks lie at any onset of their station: one of their phase, or one of the other."""
    there, here = sites(onsets, picks)
    near = np.zeros(len(picks), dtype=bool)
    near[close((there, nanoseconds(onsets["time"])), (here ^ int(other_phase), nanoseconds(picks["time"])), within_s)[1]
         ] = True
    return near


def match_events(true: pd.DataFrame, found: pd.DataFrame, time_s: float, distance_km: float) -> tuple[Rows, Rows]:
    """Return the rows of true and found events that are the same by time and place, one to one, nearest first."""
    i, j, near = _candidates(true, found, time_s, distance_km)
    return one_to_one(i, j, near)


@dataclass(frozen=True)
class Matches:
    """Which true event each found one is.

    Attributes
    ----------
    true
        (n found) row of the true event, -1 = false event.
    counted
        (n found) whether it stands for that event; of the others (splits) there is a better one.
    held
        found, true, shared: true events of which a found one holds at least ``shared`` arrivals.
    """

    true: Rows
    counted: NDArray[np.bool_]
    held: pd.DataFrame

    def rows(self) -> tuple[Rows, Rows]:
        """Return the rows of true and found events, one to one."""
        found = np.flatnonzero(self.counted)
        return self.true[found], found


def match_catalogue(true: pd.DataFrame, found: pd.DataFrame, shared: pd.DataFrame | None, least: int,
                    gates: tuple[float, float]) -> Matches:
    """Match by shared arrivals, and by time and place what has too few arrivals to say.

    Parameters
    ----------
    shared
        One row per arrival of a found event: ``found`` and ``true``, rows of the tables (true -1 = on no onset).
        None = no arrivals known.
    least
        A found event is the true one on which most of its arrivals lie, if these are at least so many (ties: the nearer
        in time). Events with fewer arrivals than that are matched by time and place; so are all without any arrivals.
    gates
        Seconds and kilometres of the match by time and place.
    """
    row, counted = np.full(len(found), -1), np.zeros(len(found), dtype=bool)
    held = pd.DataFrame({"found": [], "true": [], "shared": []}, dtype=np.int64)
    silent = np.ones(len(found), dtype=bool)
    if shared is not None:
        silent = np.bincount(shared["found"], minlength=len(found)) < least
        held = shared[shared["true"] >= 0].groupby(["found", "true"], sort=True).size().rename("shared").reset_index()
        held = held[held["shared"] >= least].reset_index(drop=True)
        f, t, n = (held[name].to_numpy() for name in ("found", "true", "shared"))
        late = np.abs(nanoseconds(true["time"])[t] - nanoseconds(found["time"])[f])
        main = held.iloc[np.lexsort((late, -n, f))].drop_duplicates("found").index.to_numpy()
        row[f[main]] = t[main]
        i, j = one_to_one(t[main], f[main], -n[main], late[main])
        counted[j] = True
    quiet = np.flatnonzero(silent)
    i, j, near = _candidates(true, found.iloc[quiet], *gates)
    free = ~np.isin(i, row)
    nearest = pd.DataFrame({"i": i, "j": j, "near": near}).sort_values(["near", "i"]).drop_duplicates("j")
    row[quiet[nearest["j"]]] = nearest["i"]
    i, j = one_to_one(i[free], j[free], near[free])
    row[quiet[j]], counted[quiet[j]] = i, True
    return Matches(row, counted, held)


def _candidates(true: pd.DataFrame, found: pd.DataFrame, time_s: float,
                distance_km: float) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Return rows of all pairs within both gates (as an ellipse), and how near they are (1 = at its edge)."""
    a, b = nanoseconds(true["time"]), nanoseconds(found["time"])
    i, j = close((np.zeros_like(a), a), (np.zeros_like(b), b), time_s)
    apart, _ = distance_azimuth(true["latitude"].to_numpy()[i], true["longitude"].to_numpy()[i],
                                found["latitude"].to_numpy()[j], found["longitude"].to_numpy()[j])
    near = np.hypot((a[i] - b[j]) * 1e-9 / time_s, apart / distance_km)
    return i[near <= 1.0], j[near <= 1.0], near[near <= 1.0]
