"""How much associates by chance: every station's picks shifted by a time of its own, and associated again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.associate import associate, groups
from quakescribe.audit.case import NULL_COLUMNS
from quakescribe.audit.chance import stretches
from quakescribe.earth.velocity import VelocityModel
from quakescribe.run.inputs import model_of
from quakescribe.run.summary import associated_pairs
from quakescribe.run.workspace import Project, Run
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.project import Settings
from quakescribe.tables import ARRIVALS, EVENTS, PICKS, store

SHIFT_S = (60.0, 1800.0)
"""A station's picks are shifted by at least and at most so much, either way."""



class Null(NamedTuple):
    """What shifted picks make: events, associated picks, pairs of which both onsets are in one event, P and S."""

    events: float
    picks: float
    pairs: float
    p: float = 0.0
    s: float = 0.0


def chance(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel, settings: AssociateSettings,
           start: pd.Timestamp, end: pd.Timestamp, repeats: int = 1, seed: int = 0) -> Null:
    """Count what associates once the stations' clocks have nothing to do with one another; the mean of all repeats.

    Parameters
    ----------
    picks, stations, model, settings
        As for :func:`quakescribe.associate.associate`.
    start, end
        The span that was picked (UTC); picks shifted over one end come in at the other.
    repeats, seed
        How often, and the seed of the shifts.
    """
    if not repeats:
        return Null(*[float("nan")] * len(Null._fields))
    found = [_count(shifted(picks, start, end, np.random.default_rng([seed, k])), stations, model, settings)
             for k in range(repeats)]
    return Null(*(float(np.mean(column)) for column in zip(*found, strict=True)))


def nulls(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel, settings: AssociateSettings,
          start: pd.Timestamp, end: pd.Timestamp, repeats: int, seed: int, most: int) -> pd.DataFrame:
    """Associate a sample of the picks as they are, and with every station's picks shifted; one row per repeat.

    Parameters
    ----------
    picks, stations, model, settings, start, end, repeats, seed
        As for :func:`chance`.
    most
        Picks of the sample: of more, whole stretches of time are taken evenly over the span, each shifted within
        itself; see :func:`quakescribe.audit.chance.stretches`.

    Returns
    -------
    DataFrame
        NULL_COLUMNS: picks, pairs, P and S of the sample, and what is made of them (``real_``) and of the shifted ones
        (``null_``).
    """
    parts = _sample(picks, start, end, most)
    if not repeats or picks.empty or not parts:
        return pd.DataFrame({name: [] for name in NULL_COLUMNS}, dtype=float)
    whole = pd.concat([part for _, _, part in parts])
    sample = (len(whole), int(((whole["phase"] == "S") & (whole["pair_id"] > 0)).sum()), *_phases(whole))
    real = _sum([_count(part, stations, model, settings) for _, _, part in parts])
    found = [_sum([_count(shifted(part, low, high, np.random.default_rng([seed, k, number])), stations, model, settings)
                   for number, (low, high, part) in enumerate(parts)]) for k in range(repeats)]
    return pd.DataFrame([(*sample, *real, *null) for null in found], columns=list(NULL_COLUMNS)).astype(float)


def _sum(counts: list[Null]) -> Null:
    return Null(*(sum(column) for column in zip(*counts, strict=True)))


def _sample(picks: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp,
            most: int) -> list[tuple[pd.Timestamp, pd.Timestamp, pd.DataFrame]]:
    """Return stretches of the span with their picks; all picks where that is the whole."""
    if len(picks) <= most:
        return [(start, end, picks)]
    found = [(low, high, picks[picks["time"].between(low, high)].reset_index(drop=True))
             for low, high in stretches(len(picks), start, end, most)]
    return [one for one in found if len(one[2])]


def chance_in(run: Run, project: Project, settings: Settings, repeats: int = 1) -> Null:
    """Count what associates by chance of the picks of a run, over the project's span or that of the picks."""
    picks = run.table("picks")
    if repeats and picks.empty:
        return Null(0.0, 0.0, 0.0, 0.0, 0.0)
    model = model_of(settings, project.folder)
    start, end = (edge if given is None else pd.Timestamp(given) for given, edge in (
        (settings.project.start, picks["time"].min()), (settings.project.end, picks["time"].max())))
    return chance(picks, run.table("stations"), model, settings.associate, start, end, repeats)


def shifted(picks: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    """Return the picks, every station's list turned round the span by a random 60 to 1800 s, either way.

    Pairs stay whole: an S goes where its P goes. The identities of the picks stay those of the true times.
    """
    first, length = start.value, end.value - start.value
    ns = picks["time"].to_numpy("datetime64[ns]").view(np.int64)
    anchor = _anchor(picks, ns)
    names, station = np.unique(picks["station_id"].to_numpy(object).astype(str), return_inverse=True)
    by = np.round(rng.uniform(*SHIFT_S, len(names)) * rng.choice([-1.0, 1.0], len(names)) * 1e9).astype(np.int64)
    moved = first + (anchor - first + by[station]) % length if len(picks) else anchor
    return PICKS.order(picks.assign(time=pd.to_datetime(moved + ns - anchor, utc=True)))


def _anchor(picks: pd.DataFrame, ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the time that says where a pick goes (ns): that of its pair's P, or its own."""
    row = pd.Index(picks["pick_id"]).get_indexer(picks["pair_id"])
    return np.where(row >= 0, ns[row], ns)


def _count(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel, settings: AssociateSettings) -> Null:
    """Associate as a run does, the independent groups of a day together."""
    by_day: dict[str, list[pd.DataFrame]] = {}
    for group in groups(picks, stations, model, settings):
        by_day.setdefault(group["time"].min().strftime("%Y-%m-%d"), []).append(group)
    found = [associate(store.concat(members, PICKS), stations, model, settings) for members in by_day.values()]
    events = store.concat([one.events for one in found], EVENTS)
    arrivals = store.concat([one.arrivals for one in found], ARRIVALS)
    return Null(len(events), len(arrivals), associated_pairs(picks, arrivals), *_phases(arrivals))


def _phases(onsets: pd.DataFrame) -> tuple[int, int]:
    """Return the numbers of P and of S."""
    return int((onsets["phase"] == "P").sum()), int((onsets["phase"] == "S").sum())
