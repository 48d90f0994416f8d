"""A run against the truth: what was found, missed and invented, and how far off it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS
from quakescribe.tables import store


def score(truth: Path, tables: dict[str, pd.DataFrame], time_s: float = 2.0, distance_km: float = 15.0,
          pick_s: float = 0.5) -> pd.DataFrame:
    """Compare tables with the truth of a simulation.

    Parameters
    ----------
    truth
        The folder ``truth`` that `simulate` wrote (or the one that holds it).
    tables
        Any of ``origins`` (else ``events``), ``picks``, ``magnitudes``.
    time_s, distance_km
        An event is found if it lies this near to a true one; each true event is found once, the nearest pair first.
    pick_s
        A pick is right if it lies this near to an onset of its phase and station; each onset is picked once.

    Returns
    -------
    One row per figure: name, value, unit, n (how many things it rests on).
    """
    folder = Path(truth) / "truth" if (Path(truth) / "truth").is_dir() else Path(truth)
    events = store.read(folder / "events.parquet", TRUTH_EVENTS)
    arrivals = store.read(folder / "arrivals.parquet", TRUTH_ARRIVALS)
    rows: list[tuple[str, float, str, int]] = []
    places = tables.get("origins", tables.get("events"))
    if places is not None:
        true, found = match_events(events, places, time_s, distance_km)
        rows += _events(events, places, true, found)
        if "magnitudes" in tables:
            rows += _magnitudes(events.iloc[true], places.iloc[found], tables["magnitudes"])
    if "picks" in tables:
        for phase in ("P", "S"):
            rows += _picks(arrivals[arrivals["phase"] == phase], tables["picks"], phase, pick_s)
    return pd.DataFrame(rows, columns=["name", "value", "unit", "n"])


def match_events(true: pd.DataFrame, found: pd.DataFrame, time_s: float,
                 distance_km: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of true and found events that are the same, one to one, nearest pairs first."""
    a, b = _seconds(true["time"]), _seconds(found["time"])
    order = np.argsort(b, kind="stable")
    low, high = (np.searchsorted(b[order], a + sign * time_s, side=side)  # type: ignore[call-overload]
                 for sign, side in ((-1, "left"), (1, "right")))
    i = np.repeat(np.arange(len(a)), high - low)
    j = order[_ranges(low, high)]
    apart, _ = distance_azimuth(true["latitude"].to_numpy()[i], true["longitude"].to_numpy()[i],
                                found["latitude"].to_numpy()[j], found["longitude"].to_numpy()[j])
    near = np.hypot((a[i] - b[j]) / time_s, apart / distance_km)
    keep = near <= 1.0
    return _one_to_one(i[keep], j[keep], near[keep])


def _events(events: pd.DataFrame, places: pd.DataFrame, true: NDArray[np.int64],
            found: NDArray[np.int64]) -> list[tuple[str, float, str, int]]:
    detectable = events["detectable"].to_numpy(dtype=bool)
    n_found = int(detectable[true].sum())
    t, p = events.iloc[true], places.iloc[found]
    apart, _ = distance_azimuth(t["latitude"].to_numpy(), t["longitude"].to_numpy(), p["latitude"].to_numpy(),
                                p["longitude"].to_numpy())
    deeper = p["depth_km"].to_numpy(dtype=np.float64) - t["depth_km"].to_numpy(dtype=np.float64)
    later = _seconds(p["time"]) - _seconds(t["time"])
    n = len(true)
    return [
        ("true events", len(events), "-", len(events)),
        ("detectable events", int(detectable.sum()), "-", len(events)),
        ("events found", n, "-", len(places)),
        ("detectable events found", n_found, "-", int(detectable.sum())),
        ("recall of detectable events", _share(n_found, int(detectable.sum())), "-", int(detectable.sum())),
        ("recall of all events", _share(n, len(events)), "-", len(events)),
        ("events missed", len(events) - n, "-", len(events)),
        ("false events", len(places) - n, "-", len(places)),
        ("epicentre error, median", _quantile(apart, 0.5), "km", n),
        ("epicentre error, 90%", _quantile(apart, 0.9), "km", n),
        ("depth error, median", _quantile(np.abs(deeper), 0.5), "km", n),
        ("depth error, 90%", _quantile(np.abs(deeper), 0.9), "km", n),
        ("depth bias, median", _quantile(deeper, 0.5), "km", n),
        ("origin time error, median", _quantile(np.abs(later), 0.5), "s", n),
        ("origin time bias, median", _quantile(later, 0.5), "s", n)]


def _magnitudes(events: pd.DataFrame, places: pd.DataFrame,
                magnitudes: pd.DataFrame) -> list[tuple[str, float, str, int]]:
    network = magnitudes[magnitudes["station_id"].isna()]
    rows: list[tuple[str, float, str, int]] = []
    for kind in sorted(network["kind"].unique()):
        values = network[network["kind"] == kind].set_index("event_id")["value"]
        difference = values.reindex(places["event_id"]).to_numpy() - events["magnitude"].to_numpy()
        difference = difference[np.isfinite(difference)]
        n, middle = len(difference), _quantile(difference, 0.5)
        rows += [(f"{kind} minus true magnitude, median", middle, "-", n),
                 (f"{kind} minus true magnitude, MAD", _quantile(np.abs(difference - middle), 0.5), "-", n)]
    return rows


def _picks(onsets: pd.DataFrame, picks: pd.DataFrame, phase: str, within_s: float) -> list[tuple[str, float, str, int]]:
    """Return recall of the detectable onsets, precision (any true onset counts) and time errors."""
    chosen = picks[picks["phase"] == phase]
    error, seen = [np.empty(0)], 0
    for station, mine in chosen.groupby("station_id", sort=True):
        there = onsets[onsets["station_id"] == station]
        a, b = _seconds(there["time"]), _seconds(mine["time"])
        order = np.argsort(b, kind="stable")
        low, high = (np.searchsorted(b[order], a + sign * within_s) for sign in (-1, 1))
        i, j = np.repeat(np.arange(len(a)), high - low), order[_ranges(low, high)]
        i, j = _one_to_one(i, j, np.abs(a[i] - b[j]))
        error.append(b[j] - a[i])
        seen += int(there["detectable"].to_numpy(dtype=bool)[i].sum())
    late = np.concatenate(error)
    possible = int(onsets["detectable"].sum())
    middle = _quantile(late, 0.5)
    return [(f"recall of detectable {phase}", _share(seen, possible), "-", possible),
            (f"precision of {phase}", _share(len(late), len(chosen)), "-", len(chosen)),
            (f"{phase} time error, median", middle, "s", len(late)),
            (f"{phase} time error, MAD", _quantile(np.abs(late - middle), 0.5), "s", len(late))]


def _one_to_one(i: NDArray[np.int64], j: NDArray[np.int64],
                cost: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs that remain when the nearest are taken first and nothing twice, ordered by the first."""
    taken_i: set[int] = set()
    taken_j: set[int] = set()
    pairs = []
    for k in np.lexsort((j, i, cost)):
        if int(i[k]) not in taken_i and int(j[k]) not in taken_j:
            taken_i.add(int(i[k]))
            taken_j.add(int(j[k]))
            pairs.append((int(i[k]), int(j[k])))
    array = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _ranges(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return low[0]..high[0]-1, low[1]..high[1]-1, ... in one array."""
    lengths = high - low
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(low, lengths)


def _seconds(times: pd.Series) -> NDArray[np.float64]:
    """Return seconds after the year 2000 (exact to a microsecond)."""
    ns = times.dt.tz_convert(None).to_numpy().astype("datetime64[ns]").view(np.int64)
    return np.asarray((ns - 946_684_800_000_000_000) * 1e-9)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _quantile(values: NDArray[np.float64], q: float) -> float:
    return float(np.quantile(values, q)) if len(values) else float("nan")
