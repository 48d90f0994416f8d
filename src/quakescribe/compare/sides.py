"""The catalogues that are compared: of the same data, brought to the span and the stations that they share."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit import Audit
from quakescribe.audit.case import block_hours
from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import SettingsError
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables.facts import Facts, gather
from quakescribe.tables.matching import Rows, nanoseconds

Span = tuple[pd.Timestamp, pd.Timestamp]

BEYOND = -1
"""``event_id`` of picks whose event lies beyond the common span: they belong to one, but to none that is compared."""

_ALL_PAIRS = 6  # sides; of more, every one is held against the first only
_MOVED_KM = 0.1  # a station is not known better than this in many a list


@dataclass(frozen=True)
class Side:
    """One catalogue.

    Attributes
    ----------
    name
        As it is called in tables and figures.
    tables
        By the names of ``quakescribe.tables.TABLES``; any may be absent.
    audit
        What an audit found of it.
    model
        The velocity model that it was located with.
    null
        What associates by chance, as in :class:`quakescribe.audit.Case`; none = not counted.
    info
        ``span``: first and last time of the data; else from the first to the last pick or event. ``arrivals_given``:
        False where the arrivals were guessed for the audit; they are not compared. ``filled_in``: sentences on what
        was not given.
    """

    name: str
    tables: Mapping[str, pd.DataFrame]
    audit: Audit | None = None
    model: VelocityModel | None = None
    null: pd.DataFrame | None = None
    info: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def facts(self) -> Facts:
        """The tables joined; see :func:`quakescribe.tables.facts.gather`. Without picks, the arrivals are the picks."""
        tables = dict(self.tables)
        if self.guessed:
            tables.pop("arrivals", None)
        arrivals = tables.get("arrivals")
        if not len(tables.get("picks", ())) and arrivals is not None and len(arrivals):
            columns = ["pick_id", "station_id", "phase", "time"]
            tables["picks"] = arrivals.drop_duplicates("pick_id")[columns].assign(pair_id=0, picker="arrivals")
        return gather(tables, self.info)

    @property
    def guessed(self) -> bool:
        """Whether the arrivals were not given but taken from the picks near predicted onsets."""
        return not self.info.get("arrivals_given", True)

    @cached_property
    def fates(self) -> tuple[bool, bool]:
        """Whether it says which picks belong to events; and whether it holds picks that do not, so that it has a rate.

        Of the whole catalogue: cut to the common span, one that holds associated picks only has others too.
        """
        kept = (self.facts.picks["event_id"] > 0).to_numpy()
        return bool(kept.any()), bool(kept.any() and not kept.all())


@dataclass(frozen=True)
class Common:
    """What all sides are compared over.

    Attributes
    ----------
    names, facts
        Of the sides, restricted to the span (and, where asked, to the stations) that they share.
    associated, rated
        Of every side: whether it says which picks belong to events, and whether its association rate means something;
        see :attr:`Side.fates`.
    span
        None where they share none; all facts are empty then.
    warnings
        Where the sides differ in what they are made of, one sentence each.
    """

    names: tuple[str, ...]
    facts: tuple[Facts, ...]
    associated: tuple[bool, ...]
    rated: tuple[bool, ...]
    span: Span | None
    warnings: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Length of the span."""
        return (self.span[1] - self.span[0]).total_seconds() if self.span else 0.0

    @cached_property
    def block_s(self) -> float:
        """Length of a block of time: a day, or the longest of shorter ones of which there are ten."""
        return 3600.0 * block_hours(self.seconds / 3600.0)

    @property
    def n_blocks(self) -> int:
        """How many blocks of time there are."""
        return max(1, int(np.ceil(self.seconds / self.block_s)))

    def blocks(self, times: pd.Series) -> Rows:
        """Return the block of every time."""
        if self.span is None or not len(times):
            return np.zeros(len(times), np.int64)
        after = (nanoseconds(times) - self.span[0].value) // int(self.block_s * 1e9)
        return np.clip(after, 0, self.n_blocks - 1)

    def pairs(self) -> list[Pair]:
        """Return all pairs of sides; of more than six, each with the first."""
        n = len(self.names)
        chosen = itertools.combinations(range(n), 2) if n <= _ALL_PAIRS else ((0, k) for k in range(1, n))
        return [Pair(self, i, j) for i, j in chosen]


@dataclass(frozen=True)
class Pair:
    """Two sides; differences are the second minus the first."""

    common: Common
    i: int
    j: int

    @property
    def first(self) -> str:
        """Name of the first side."""
        return self.common.names[self.i]

    @property
    def second(self) -> str:
        """Name of the second side."""
        return self.common.names[self.j]

    @property
    def a(self) -> Facts:
        """Facts of the first side."""
        return self.common.facts[self.i]

    @property
    def b(self) -> Facts:
        """Facts of the second side."""
        return self.common.facts[self.j]

    def key(self, *more: str) -> str:
        """Return how the pair is called in findings."""
        return " | ".join([self.first, self.second, *more])

    @property
    def columns(self) -> dict[str, str]:
        """What says in a table of which pair a row is."""
        return {"first": self.first, "second": self.second}


def common_ground(sides: Sequence[Side], settings: ComparisonSettings) -> Common:
    """Return the sides over what they share.

    Raises
    ------
    SettingsError
        With fewer than two sides, where two share a name, or where all hold something and share no time.
    TableError
        When a table breaks its contract.
    """
    names = tuple(side.name for side in sides)
    if len(names) < 2:
        raise SettingsError(f"a comparison needs two catalogues or more, got {len(names)}")
    if len(set(names)) < len(names) or "" in names:
        raise SettingsError(f"every catalogue needs a name of its own, got {', '.join(map(repr, names))}")
    facts = [side.facts for side in sides]
    span = common_span([one.span for one in facts], settings.match_s)
    if span is None and all(one.span for one in facts):
        told = ", ".join(f"'{name}' {_said(one.span)}" for name, one in zip(names, facts, strict=True) if one.span)
        raise SettingsError(f"the catalogues share no time: {told}")
    shared = shared_stations(facts)
    warnings = [*_spans(names, facts, span), *_station_lists(names, facts, settings), *_places(names, facts),
                *_models(sides), *_lacking(sides), *_filled_in(sides)]
    keep = shared if settings.common_stations else None
    associated, rated = zip(*(side.fates for side in sides), strict=True)
    return Common(names, tuple(restricted(one, span, keep, settings.least_stations) for one in facts), associated,
                  rated, span, tuple(warnings))


def common_span(spans: Sequence[Span | None], margin_s: float) -> Span | None:
    """Return the span that all share, longer by a margin at both ends; a side without one does not count.

    Where spans begin with the first event, the margin keeps that event on all sides.
    """
    known = [one for one in spans if one is not None]
    if not known:
        return None
    start, end = max(one[0] for one in known), min(one[1] for one in known)
    margin = pd.Timedelta(seconds=margin_s)
    return (start - margin, end + margin) if start <= end else None


def station_names(station_id: pd.Series) -> pd.Series:
    """Return NET.STA of NET.STA.LOC: catalogues differ in how they write the location code."""
    number, unique = pd.factorize(station_id)
    short = np.array([".".join(str(one).split(".")[:2]) for one in unique], dtype=object)
    return pd.Series(short[number] if len(unique) else np.empty(0, object), index=station_id.index, dtype="str")


def station_codes(*columns: pd.Series) -> tuple[list[Rows], tuple[str, ...]]:
    """Return a whole number for every entry, equal for equal NET.STA in any column, and what the numbers stand for."""
    found = [pd.factorize(one) for one in columns]
    short = [station_names(pd.Series(unique, dtype="str")).to_numpy(object) for _, unique in found]
    names = sorted({str(one) for part in short for one in part})
    number = {name: k for k, name in enumerate(names)}
    lookup = [np.array([number[str(one)] for one in part], np.int64) for part in short]
    return [table[code] if len(table) else np.zeros(0, np.int64)
            for table, (code, _) in zip(lookup, found, strict=True)], tuple(names)


def restricted(facts: Facts, span: Span | None, stations: set[str] | None, least: int) -> Facts:
    """Return facts of a span and of some stations.

    Parameters
    ----------
    span
        Both ends belong to it. None = nothing is left. Picks of events beyond it have the ``event_id`` BEYOND.
    stations
        NET.STA; None = all. An event that has arrivals stays if at least `least` of these stations hold one; picks of
        one that does not stay count as in none, since it would not have been found with these stations.
    """
    def inside(times: pd.Series) -> NDArray[np.bool_]:
        return np.asarray(times.between(*span) if span is not None else np.zeros(len(times), bool), dtype=bool)

    def there(table: pd.DataFrame) -> NDArray[np.bool_]:
        if stations is None:
            return np.ones(len(table), dtype=bool)
        return station_names(table["station_id"]).isin(stations).to_numpy()

    within = inside(facts.catalogue["time"])
    catalogue, beyond = _rows(facts.catalogue, within), facts.catalogue.loc[~within, "event_id"]
    arrivals = _rows(facts.arrivals, there(facts.arrivals))
    if stations is not None:
        left = arrivals.assign(name=station_names(arrivals["station_id"])).groupby("event_id")["name"].nunique()
        enough = catalogue["event_id"].map(left).fillna(0).to_numpy() >= least
        catalogue = _rows(catalogue, enough | ~catalogue["event_id"].isin(facts.arrivals["event_id"]).to_numpy())
    picks = _rows(facts.picks, inside(facts.picks["time"]) & there(facts.picks))
    kept = catalogue["event_id"]
    lost = (picks["event_id"] > 0) & ~picks["event_id"].isin(kept)
    if lost.any():
        instead = np.where(picks["event_id"].isin(beyond), BEYOND, 0)
        picks = picks.assign(event_id=picks["event_id"].where(~lost, instead))
    return dataclasses.replace(
        facts, picks=picks, catalogue=catalogue, span=span, stations=_rows(facts.stations, there(facts.stations)),
        arrivals=_rows(arrivals, arrivals["event_id"].isin(kept).to_numpy()),
        magnitudes=_rows(facts.magnitudes, facts.magnitudes["event_id"].isin(kept).to_numpy()))


def _rows(table: pd.DataFrame, keep: NDArray[np.bool_]) -> pd.DataFrame:
    """Return some rows of a table, numbered anew; the table itself where they are all."""
    return table if keep.all() else table[keep].reset_index(drop=True)


def _stations_of(facts: Facts) -> set[str]:
    """Return NET.STA of all stations with a pick, or of the list where there is none."""
    used = facts.picks if len(facts.picks) else facts.stations
    return set(station_names(pd.Series(used["station_id"].unique(), dtype="str")))


def shared_stations(facts: Sequence[Facts]) -> set[str]:
    """Return NET.STA of the stations that all sides with any station have."""
    known = [one for one in map(_stations_of, facts) if one]
    return set.intersection(*known) if known else set()


def _spans(names: Sequence[str], facts: Sequence[Facts], span: Span | None) -> list[str]:
    known = {name: one.span for name, one in zip(names, facts, strict=True)}
    out = [f"'{name}' holds neither a pick nor an event." for name, one in known.items() if one is None]
    if span is None:
        return [*out, "The catalogues share no span of time."]
    length = (span[1] - span[0]).total_seconds()
    for name, one in known.items():
        beyond = (one[1] - one[0]).total_seconds() - length if one else 0.0
        if beyond > max(0.005 * length, 600.0):
            out.append(f"'{name}' reaches {beyond / 3600.0:.1f} h beyond the span that all share "
                       f"({_said(span)} UTC); that is left out.")
    return out


def _said(span: Span) -> str:
    return " to ".join(f"{one:%Y-%m-%d %H:%M}" for one in span)


def _station_lists(names: Sequence[str], facts: Sequence[Facts], settings: ComparisonSettings) -> list[str]:
    used = {name: _stations_of(one) for name, one in zip(names, facts, strict=True)}
    used = {name: one for name, one in used.items() if one}
    shared = shared_stations(facts)
    done = "they are left out" if settings.common_stations else "they are kept (common_stations = false)"
    out = []
    if used and not shared:
        out.append("The catalogues share no station by NET.STA: picks cannot be compared.")
    for name, one in used.items():
        more = sorted(one - shared)
        if more:
            shown = ", ".join(more[:5]) + (" and others" if len(more) > 5 else "")
            out.append(f"'{name}' has {len(more)} of {len(one)} stations that not all have ({shown}); {done}.")
    return out


def _places(names: Sequence[str], facts: Sequence[Facts]) -> list[str]:
    """Return the sentence on stations of one name that lie at different places."""
    first = facts[0].stations.assign(name=station_names(facts[0].stations["station_id"])).drop_duplicates("name")
    out = []
    for name, one in zip(names[1:], facts[1:], strict=True):
        other = one.stations.assign(name=station_names(one.stations["station_id"])).drop_duplicates("name")
        both = first.merge(other, on="name", suffixes=("", "_other"))
        if both.empty:
            continue
        apart, _ = distance_azimuth(both["latitude"], both["longitude"], both["latitude_other"],
                                    both["longitude_other"])
        moved = both["name"][apart > _MOVED_KM].tolist()
        if moved:
            out.append(f"'{names[0]}' and '{name}' place {len(moved)} of {len(both)} stations more than "
                       f"{1000 * _MOVED_KM:.0f} m apart (most: {both['name'].iloc[int(np.argmax(apart))]}, "
                       f"{float(apart.max()):.2f} km).")
    return out


def _models(sides: Sequence[Side]) -> list[str]:
    known = [(side.name, side.model) for side in sides if side.model is not None]
    out = []
    for name, model in known[1:]:
        first = known[0][1]
        if not all(np.array_equal(getattr(first, part), getattr(model, part)) for part in ("top_km", "vp", "vs")):
            out.append(f"'{known[0][0]}' and '{name}' were located with different velocity models; depths and origin "
                       "times differ for that reason too.")
    return out


def _lacking(sides: Sequence[Side]) -> list[str]:
    out = []
    names, facts = [side.name for side in sides], [side.facts for side in sides]
    for side, one in zip(sides, facts, strict=True):
        if one.span is None:
            continue
        associated, rated = side.fates
        if one.picks.empty:
            out.append(f"'{side.name}' has no picks: it is compared by its events only.")
        elif one.catalogue.empty:
            out.append(f"'{side.name}' has no events: it has no association rate and is compared by its picks only.")
        elif not associated:
            out.append(f"'{side.name}' does not say which picks belong to its events: it is left out of all that rests "
                       "on arrivals, such as the association rate.")
        elif not rated:
            out.append(f"'{side.name}' holds associated picks only: it has no association rate.")
        if len(one.catalogue) and not one.catalogue["well_located"].any():
            out.append(f"'{side.name}' has no event that is known to be well located.")
    kinds = [set(one.magnitudes.loc[one.magnitudes["station_id"].isna(), "kind"]) for one in facts]
    if all(kinds) and not set.intersection(*kinds):
        out.append("The catalogues share no kind of magnitude: " + "; ".join(
            f"'{name}' {', '.join(sorted(one))}" for name, one in zip(names, kinds, strict=True)) + ".")
    return out


def _filled_in(sides: Sequence[Side]) -> list[str]:
    """Return what was filled in for the audit of each side, under its name."""
    return [f"'{side.name}': {sentence}" for side in sides for sentence in side.info.get("filled_in") or ()]
