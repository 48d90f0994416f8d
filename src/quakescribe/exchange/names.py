"""Station names of foreign files, resolved against the stations table."""

from __future__ import annotations

from collections import Counter

import pandas as pd


class Names:
    """Turns NET.STA, NET_STA, NETSTA, STA or NET.STA.LOC[.CHA] into station_ids, and remembers what it could not.

    A name that fits exactly one station gets its station_id. One that fits none or several gets the id that its
    own parts spell (``NET.STA.``; a bare STA becomes ``.STA.``) and is counted in `unresolved`.
    """

    def __init__(self, stations: pd.DataFrame | None) -> None:
        ids = [] if stations is None else sorted(set(stations["station_id"].astype(str)))
        self.known = set(ids)
        self.unresolved: Counter[tuple[str, str, str]] = Counter()
        self._keys: dict[str, set[str]] = {}
        self._cache: dict[str, tuple[str, str]] = {}
        for station_id in ids:
            network, station = station_id.split(".")[:2]
            for key in {f"{network}.{station}", f"{network}_{station}", f"{network}{station}", station}:
                self._keys.setdefault(key, set()).add(station_id)

    def resolve(self, label: str) -> str:
        """Return the station_id of a name."""
        found = self._cache.get(label)
        if found is None:
            found = self._cache[label] = self._find(label.strip())
        station_id, reason = found
        if reason:
            self.unresolved[label.strip(), station_id, reason] += 1
        return station_id

    def _find(self, label: str) -> tuple[str, str]:
        parts = label.split(".")
        spelled = ".".join([*parts, ""][:3]) if len(parts) >= 2 else f".{label}."
        if spelled in self.known and len(parts) >= 3:
            return spelled, ""
        short = ".".join(parts[:2])
        fits = self._keys.get(short, set())
        if len(parts) >= 3 and parts[2]:
            return spelled, "unknown-station" if self.known else ""
        if len(fits) == 1:
            return next(iter(fits)), ""
        if fits:
            return spelled, "ambiguous-station"
        return spelled, "unknown-station" if self.known or len(parts) < 2 else ""


def parts(station_id: str) -> tuple[str, str, str]:
    """Return network, station and location of a station_id."""
    network, station, location = [*station_id.split("."), "", ""][:3]
    return network, station, location


def phase_word(name: str) -> str | None:
    """Return P or S for the local phases (P, Pg, Pn, P*, Pb, P1, IPU0 ...), None for any other."""
    word = name.strip().strip("?_'\"")
    if word in ("P", "p"):
        return "P"
    if word in ("S", "s"):
        return "S"
    if len(word) == 2 and word[0] in "PS" and word[1] in "gnb*1GNB":
        return word[0]
    return None
