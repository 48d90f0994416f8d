"""Reading QuakeML (1.0 to 1.2, any namespace prefix) event by event: ours whole, others' as far as they say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from quakescribe.errors import FormatError
from quakescribe.exchange.collect import COVARIANCE, Associated, Collector, Event, Magnitude, Phase, Tables
from quakescribe.exchange.ellipsoid import scale_2d
from quakescribe.exchange.lines import Line
from quakescribe.exchange.names import phase_word
from quakescribe.exchange.quakeml_write import KM_PER_DEGREE, ROOT

NAN = math.nan
_LOOSE = ("origin", "pick", "magnitude", "amplitude", "stationMagnitude")
Element = Any  # lxml ships no types
_local: dict[str, str] = {}


def _name(tag: Any) -> str:
    if not isinstance(tag, str):
        return ""
    found = _local.get(tag)
    if found is None:
        found = _local[tag] = tag.rpartition("}")[2]
    return found


def _children(element: Element) -> dict[str, Element]:
    """Return the children by local name; of several the first."""
    found: dict[str, Element] = {}
    for child in element:
        found.setdefault(_name(child.tag), child)
    return found


class _Node:
    """An element with its children by name, and readers that complain with the line of the file."""

    def __init__(self, path: Path, element: Element) -> None:
        self.path, self.element, self.children = path, element, _children(element)

    def line(self, name: str = "") -> Line:
        """Return the place for a complaint."""
        element: Element = self.children.get(name, self.element)
        return Line(self.path, element.sourceline or 0, "")

    def text(self, name: str) -> str:
        """Return the text of a child, or of the value within it; empty where there is none."""
        child = self.children.get(name)
        if child is None:
            return ""
        for inner in child:
            if _name(inner.tag) == "value":
                return (inner.text or "").strip()
        return (child.text or "").strip()

    def number(self, name: str) -> float:
        """Return a number, NaN where there is none."""
        text = self.text(name)
        if not text:
            return NAN
        try:
            value = float(text)
        except ValueError:
            return self.line(name).number(text, name)
        return value if math.isfinite(value) else NAN

    def uncertainty(self, name: str) -> float:
        """Return the uncertainty of a quantity; the mean of lower and upper where only these are given."""
        child = self.children.get(name)
        if child is None:
            return NAN
        node = _Node(self.path, child)
        value = node.number("uncertainty")
        if math.isnan(value) and "lowerUncertainty" in node.children:
            value = (node.number("lowerUncertainty") + node.number("upperUncertainty")) / 2.0
        return value

    def time(self, name: str) -> int:
        """Return a time in ns; a missing one is a fault."""
        text = self.text(name)
        if not text:
            self.line(name).fail(f"<{_name(self.element.tag)}> has no {name}; expected one in ISO 8601")
        return self.line(name).time(text, name)

    def each(self, name: str) -> Iterator[_Node]:
        """Yield the children of a name."""
        for child in self.element:
            if _name(child.tag) == name:
                yield _Node(self.path, child)

    @property
    def id(self) -> str:
        """Return the publicID."""
        return str(self.element.get("publicID", ""))

    def inner(self, name: str) -> _Node | None:
        """Return a child as a node."""
        child = self.children.get(name)
        return None if child is None else _Node(self.path, child)


def read(path: Path, stations: pd.DataFrame | None = None) -> Tables:
    """Read the preferred origin of every event with its arrivals, all magnitudes, picks and amplitudes.

    Files in which origins and picks stand beside the events (SeisComP's real-time form) are read too.
    """
    from lxml import etree
    path = Path(path)
    collector = Collector("quakeml", stations)
    loose: dict[str, _Node] = {}
    waiting: list[_Node] = []
    rooted = False
    try:
        for _, element in etree.iterparse(str(path), events=("end",), tag=[f"{{*}}{n}" for n in ("event", *_LOOSE)],
                                          huge_tree=True, resolve_entities=False, no_network=True):
            parent = element.getparent()
            if parent is None or _name(parent.tag) != "eventParameters":
                continue
            rooted = True
            node = _Node(path, element)
            if _name(element.tag) != "event":
                loose[node.id] = node
            elif "origin" in node.children:
                _Reader(node, loose, collector).event()
                _forget(element)
            else:
                waiting.append(node)
        root = element.getroottree().getroot() if rooted else None
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        raise FormatError(f"{path}: line {line}: broken XML ({error.msg}); is the file cut off or of another "
                          "encoding?") from None
    if root is None and not rooted:
        _check_root(path)
    for node in waiting:
        _Reader(node, loose, collector).event()
    return collector.tables()


def _forget(element: Element) -> None:
    """Free an event that has been read, and take what stands before it out of the tree (nodes in use stay alive)."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    while element.getprevious() is not None:
        del parent[0]


def _check_root(path: Path) -> None:
    from lxml import etree
    root = etree.parse(str(path), etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)).getroot()
    if _name(root.tag).lower() != "quakeml" and _name(root.tag) != "eventParameters":
        raise FormatError(f"{path}: line 1: the root is <{_name(root.tag)}>; expected <quakeml>")


class _Reader:
    """One event on its way into the collector."""

    def __init__(self, node: _Node, loose: dict[str, _Node], collector: Collector) -> None:
        self.node, self.loose, self.collector = node, loose, collector
        self.ours = node.id.startswith(ROOT)
        self.origins = list(node.each("origin"))
        if not self.origins:
            wanted = [node.text("preferredOriginID"), *(ref.text("originID") for ref in node.each("originReference"))]
            self.origins = [loose[name] for name in wanted if name in loose]

    def event(self) -> None:
        """Take the event, or count why not."""
        node, origin = self.node, self._preferred()
        if origin is None:
            self.collector.skip("no-origin", "events without any origin are left out")
            return
        if not (origin.text("latitude") and origin.text("longitude")):
            self.collector.skip("no-place", "events whose origin has no latitude or longitude are left out")
            return
        name = node.id
        if self.ours:
            name = name.rpartition("/")[2]
        number = self.collector.event(_origin_row(origin, name, self._associated(),
                                                  node.text("source_id") or None))
        self._magnitudes(number)
        self._arrivals(number, origin)

    def _preferred(self) -> _Node | None:
        wanted = self.node.text("preferredOriginID")
        for origin in self.origins:
            if origin.id == wanted:
                return origin
        return self.origins[-1] if self.origins else None

    def _associated(self) -> Associated | None:
        for origin in self.origins:
            if origin.id.startswith(f"{ROOT}/origin/associated/"):
                quality = origin.inner("quality")
                counts = [0.0, 0.0] if quality is None else [quality.number("associatedPhaseCount"),
                                                             quality.number("associatedStationCount")]
                return Associated(origin.time("time"), *_place(origin), int(counts[0]), int(counts[1]),
                                  _word(origin) or "quakeml")
        return None

    def _all(self, name: str) -> list[_Node]:
        nested = list(self.node.each(name))
        if nested or not self.loose:
            return nested
        ids = {origin.id for origin in self.origins}
        return [node for node in self.loose.values() if _name(node.element.tag) == name
                and (node.text("originID") in ids or name in ("pick", "amplitude"))]

    def _magnitudes(self, event: int) -> None:
        amplitudes = {node.id: node for node in self._all("amplitude")}
        share: dict[str, float] = {}
        networks = self._all("magnitude")
        wanted = self.node.text("preferredMagnitudeID")
        networks.sort(key=lambda node: node.id != wanted)
        for node in networks:
            for part in node.each("stationMagnitudeContribution"):
                weight = part.number("weight")
                share[part.text("stationMagnitudeID")] = 1.0 if math.isnan(weight) else weight
            count = node.number("stationCount")
            self.collector.magnitude(Magnitude(
                event, node.text("type") or "M", self._size(node), uncertainty=node.uncertainty("mag"),
                amplitude_m=node.number("amplitude_m"), n_stations=0 if math.isnan(count) else int(count)))
        for node in self._all("stationMagnitude"):
            station_id = self._station(node)
            if station_id is None:
                self.collector.skip("no-station", "station magnitudes without a station")
                continue
            amplitude = amplitudes.get(node.text("amplitudeID"))
            used = node.text("used")
            self.collector.magnitude(Magnitude(
                event, node.text("type") or "M", self._size(node), station_id, node.uncertainty("mag"),
                _metres(amplitude) if amplitude is not None else NAN, 1,
                used == "true" if used else share.get(node.id, 1.0) > 0.0))

    def _size(self, node: _Node) -> float:
        value = node.number("mag")
        if value > 11.0:
            node.line("mag").fail(f"magnitude {value:g} lies outside [-5, 11]")
        return value if value > -5.0 else NAN

    def _station(self, node: _Node) -> str | None:
        waveform = node.children.get("waveformID")
        if waveform is None or not waveform.get("stationCode"):
            return None
        code = (waveform.get("networkCode") or "", waveform.get("stationCode"), waveform.get("locationCode") or "")
        location = "" if code[2] == "--" else code[2]
        if self.ours:
            return f"{code[0]}.{code[1]}.{location}"
        return self.collector.names.resolve(f"{code[0]}.{code[1]}.{location}" if location else f"{code[0]}.{code[1]}")

    def _arrivals(self, event: int, origin: _Node) -> None:
        amplitudes = {node.text("pickID"): _metres(node) for node in self._all("amplitude")
                      if "pickID" in node.children}
        picks = {node.id: node for node in self.node.each("pick")}
        for arrival in origin.each("arrival"):
            name = arrival.text("pickID")
            pick = picks.pop(name, None) or self.loose.get(name)
            if pick is None:
                self.collector.skip("no-pick", "arrivals whose pick is not in the file")
                continue
            self._phase(event, pick, arrival, amplitudes.get(name, NAN))
        for name, pick in picks.items():
            self._phase(-1, pick, None, amplitudes.get(name, NAN))

    def _phase(self, event: int, pick: _Node, arrival: _Node | None, amplitude: float) -> None:
        hint = (arrival.text("phase") if arrival is not None else "") or pick.text("phaseHint")
        phase, station_id = phase_word(hint), self._station(pick)
        if phase is None or station_id is None:
            self.collector.skip("unknown-phase" if phase is None else "no-station",
                                f"phase '{hint}' is neither P nor S" if phase is None else "picks without a station")
            return
        get: Callable[[str], float] = arrival.number if arrival is not None else (lambda name: NAN)
        own = pick.id.rpartition("/")[2] if self.ours else ""
        pair = pick.text("pair_id")
        self.collector.phase(Phase(
            event, station_id, phase, pick.time("time"), pick.uncertainty("time"), amplitude,
            get("distance") * KM_PER_DEGREE, get("azimuth") % 360.0 if get("azimuth") != 360.0 else 360.0,
            get("takeoffAngle"), get("timeResidual"), get("timeWeight"), pick.number("probability"), pick.number("snr"),
            int(pair) if pair.isdigit() else 0, int(own) if own.isdigit() else 0, _word(pick),
            arrival is not None))


def _metres(node: _Node) -> float:
    value = node.number("genericAmplitude")
    return value if node.text("unit") == "m" and value >= 0 else NAN


def _word(node: _Node) -> str | None:
    """Return the exact name in our namespace, else the last part of methodID, else None."""
    return node.text("method") or node.text("methodID").rpartition("/")[2] or None


def _place(origin: _Node) -> tuple[float, float, float]:
    line = origin.line("latitude")
    latitude, longitude = line.place(origin.number("latitude"), origin.number("longitude"))
    return latitude, longitude, origin.line("depth").depth(origin.number("depth") / 1000.0)


def _standard_error_m(errors: _Node, foreign: bool) -> float:
    """Return the horizontal standard error; others' uncertainty at a stated level, in percent, is brought to it."""
    value = errors.number("horizontalUncertainty")
    if not foreign:
        return value
    if math.isnan(value):
        value = errors.number("maxHorizontalUncertainty")
    level = errors.number("confidenceLevel")
    return value / scale_2d(level) if 1.0 < level < 100.0 else value


def _origin_row(origin: _Node, name: str, associated: Associated | None, source_id: str | None) -> Event:
    latitude, longitude, depth = _place(origin)
    quality, errors = origin.inner("quality"), origin.inner("originUncertainty")
    get: Callable[[str], float] = quality.number if quality is not None else (lambda name: NAN)
    phases, stations = get("usedPhaseCount"), get("usedStationCount")
    if math.isnan(phases):
        phases = get("associatedPhaseCount")
    erh = NAN if errors is None else _standard_error_m(errors, foreign=not origin.id.startswith(ROOT))
    own = {name: origin.number(name) for name in ("erh_km", "erz_km", "ert_s") if name in origin.children}
    covariance = tuple(origin.number(c) for c in COVARIANCE) if any(c in origin.children for c in COVARIANCE) else None
    letter = origin.text("quality_letter") or None
    return Event(
        name, origin.time("time"), latitude, longitude, depth, own.get("erh_km", erh / 1000.0),
        own.get("erz_km", origin.uncertainty("depth") / 1000.0), own.get("ert_s", origin.uncertainty("time")),
        get("standardError"), get("azimuthalGap"), get("minimumDistance") * KM_PER_DEGREE,
        -1 if math.isnan(phases) else int(phases), -1 if math.isnan(stations) else int(stations), letter,
        origin.text("well_located") == "true", origin.text("flags") or None, source_id, _word(origin),
        covariance, not origin.id.startswith(f"{ROOT}/origin/associated/"), associated)

