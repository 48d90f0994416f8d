"""Writing QuakeML 1.2: text goes out event by event, so memory does not grow with the catalogue."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd

from quakescribe.exchange.clock import iso, to_ns
from quakescribe.exchange.collect import COVARIANCE
from quakescribe.exchange.ellipsoid import LEVEL, SCALE_2D, horizontal, spatial
from quakescribe.exchange.lines import atomic
from quakescribe.exchange.names import parts
from quakescribe.exchange.view import orphans, preferred_magnitudes
from quakescribe.tables import ARRIVALS, EVENTS, MAGNITUDES, ORIGINS, PICKS, TABLES

NAMESPACE = "urn:quakescribe:1"
ROOT = "smi:local/quakescribe"
KM_PER_DEGREE = 111.19492664455873  # on the sphere of 6371 km, as seismology counts distances in degrees
UNRESOLVED = 99.0
UNSOLVED_KM2 = 999.0  # HYPOINVERSE's variance of a parameter that was not solved for
_CHUNK = 1000
_PLAIN = re.compile(r"[\w\-.*()~']+")


def write(path: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write all events with origins, arrivals, picks, amplitudes and magnitudes; return what is left out."""
    with atomic(path) as out:
        out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<q:quakeml xmlns="http://quakeml.org/xmlns/bed/1.2" '
                  f'xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns:qs="{NAMESPACE}">\n'
                  f'<eventParameters publicID="{ROOT}/catalogue">\n')
        out.writelines(_events(tables))
        out.write("</eventParameters>\n</q:quakeml>\n")
    ids = pd.concat([tables[name]["event_id"] for name in ("events", "origins") if name in tables] or [pd.Series([])])
    rows = pd.DataFrame({"event_id": ids.unique()})
    lost = [f"{name}: {len(frame)} rows are left out; QuakeML has no place for them" for name, frame in tables.items()
            if name in TABLES and len(frame) and name not in ("events", "origins", "arrivals", "picks", "magnitudes")]
    magnitudes = tables.get("magnitudes", MAGNITUDES.empty())
    homeless = int((~magnitudes["event_id"].isin(rows["event_id"])).sum())
    return lost + orphans(tables, rows) + ([f"magnitudes: {homeless} of events without place are left out"]
                                           if homeless else [])


def _events(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Yield the text of every event, in order of time."""
    origins, events = tables.get("origins", ORIGINS.empty()), tables.get("events", EVENTS.empty())
    arrivals = _Groups(tables.get("arrivals", ARRIVALS.empty()))
    magnitudes = _Groups(tables.get("magnitudes", MAGNITUDES.empty()))
    picks = tables.get("picks", PICKS.empty()).set_index("pick_id")
    preferred = preferred_magnitudes(tables.get("magnitudes"))["kind"].to_dict()
    when = pd.concat([frame[["event_id", "time"]] for frame in (origins, events) if len(frame)] or
                     [ORIGINS.empty()[["event_id", "time"]]])
    order = when.drop_duplicates("event_id").sort_values(["time", "event_id"])["event_id"].to_numpy()
    for start in range(0, len(order), _CHUNK):
        ids = order[start:start + _CHUNK]
        located, associated = _records(origins, ids), _records(events, ids)
        onsets = _onsets(arrivals.rows(ids), picks)
        sizes = _by_event(magnitudes.rows(ids))
        for event_id in ids.tolist():
            yield _event(event_id, located.get(event_id), associated.get(event_id), onsets.get(event_id, ([], [])),
                         _magnitudes(event_id, sizes.get(event_id, []), preferred.get(event_id)))


class _Groups:
    """The rows of a table by event, found without copying the table."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        ids = frame["event_id"].to_numpy()
        self.order = np.argsort(ids, kind="stable")
        self.ids = ids[self.order]

    def rows(self, ids: np.ndarray) -> pd.DataFrame:
        """Return the rows of these events."""
        low, high = np.searchsorted(self.ids, ids, "left"), np.searchsorted(self.ids, ids, "right")
        taken = [self.order[a:b] for a, b in zip(low, high, strict=True)]
        return self.frame.iloc[np.concatenate(taken)] if taken else self.frame.iloc[:0]


def _records(frame: pd.DataFrame, ids: np.ndarray) -> dict[int, dict[str, Any]]:
    chunk = frame[frame["event_id"].isin(ids)]
    times = iso(to_ns(chunk["time"])) if len(chunk) else []
    rows: list[dict[Any, Any]] = chunk.to_dict("records")
    return {row["event_id"]: {**row, "time": time} for row, time in zip(rows, times, strict=True)}


def _by_event(frame: pd.DataFrame) -> dict[int, list[dict[str, Any]]]:
    result: dict[int, list[dict[str, Any]]] = {}
    for row in frame.to_dict("records"):
        result.setdefault(row["event_id"], []).append(row)  # type: ignore[arg-type]
    return result


def _real(name: str, value: float, uncertainty: float = math.nan) -> str:
    """Return a quantity with its uncertainty, nothing where there is none."""
    if value is None or math.isnan(value):
        return ""
    more = "" if math.isnan(uncertainty) else f"<uncertainty>{uncertainty!s}</uncertainty>"
    return f"<{name}><value>{value!s}</value>{more}</{name}>"


def _plain(name: str, value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"<{name}>{escape(str(value))}</{name}>"


def _method(kind: str, name: str) -> tuple[str, str]:
    """Return methodID, or, where the id cannot spell the name, an element of our namespace (which goes last)."""
    if _PLAIN.fullmatch(name):
        return f"<methodID>{ROOT}/{kind}/{escape(name)}</methodID>", ""
    return "", f"<qs:method>{escape(name)}</qs:method>"


def _waveform(station_id: str) -> str:
    network, station, location = parts(station_id)
    more = f" locationCode={quoteattr(location)}" if location else ""
    return f"<waveformID networkCode={quoteattr(network)} stationCode={quoteattr(station)}{more}/>"


def _onsets(arrivals: pd.DataFrame, picks: pd.DataFrame) -> dict[int, tuple[list[str], list[str]]]:
    """Return, per event, the texts of picks (with their amplitudes) and of arrivals."""
    result: dict[int, tuple[list[str], list[str]]] = {}
    if not len(arrivals):
        return result
    more = picks.reindex(arrivals["pick_id"])
    columns = [arrivals[name].tolist() for name in ("event_id", "pick_id", "station_id", "phase")]
    columns.append(iso(to_ns(arrivals["time"])))
    columns += [arrivals[name].tolist() for name in ("distance_km", "azimuth_deg", "takeoff_deg", "residual_s",
                                                     "weight", "amplitude_m")]
    columns.append(_short(arrivals["uncertainty_s"]))
    columns += [_short(more[name]) for name in ("probability", "snr")]
    columns.append(more["pair_id"].fillna(0).astype("int64").tolist() if len(picks) else [0] * len(arrivals))
    columns.append([None if name != name else name for name in more["picker"]])
    stations: dict[str, str] = {}
    for (event_id, pick_id, station_id, phase, time, distance, azimuth, takeoff, residual, weight, amplitude, error,
         score, snr, pair, picker) in zip(*columns, strict=True):
        waveform = stations.get(station_id) or stations.setdefault(station_id, _waveform(station_id))
        name = f"{ROOT}/pick/{event_id}/{pick_id}"
        text = f'<pick publicID="{name}"><time><value>{time}</value>'
        text += f"<uncertainty>{error}</uncertainty></time>" if error else "</time>"
        text += f"{waveform}"
        method, own = _method("picker", picker) if picker is not None else ("", "")
        text += f"{method}<phaseHint>{phase}</phaseHint>{own}"
        text += f"<qs:probability>{score}</qs:probability>" if score else ""
        text += f"<qs:snr>{snr}</qs:snr>" if snr else ""
        text += (f"<qs:pair_id>{pair}</qs:pair_id>" if pair else "") + "</pick>\n"
        if amplitude == amplitude:
            text += (f'<amplitude publicID="{ROOT}/amplitude/pick/{event_id}/{pick_id}"><genericAmplitude><value>'
                     f"{amplitude}</value></genericAmplitude><type>A</type><unit>m</unit><pickID>{name}</pickID>"
                     f"{waveform}</amplitude>\n")
        onset = f'<arrival publicID="{ROOT}/arrival/{event_id}/{pick_id}"><pickID>{name}</pickID><phase>{phase}</phase>'
        if azimuth == azimuth:
            onset += f"<azimuth>{azimuth}</azimuth>"
        if distance == distance:
            onset += f"<distance>{distance / KM_PER_DEGREE}</distance>"
        if takeoff == takeoff:
            onset += f"<takeoffAngle><value>{takeoff}</value></takeoffAngle>"
        if residual == residual:
            onset += f"<timeResidual>{residual}</timeResidual>"
        if weight == weight:
            onset += f"<timeWeight>{weight}</timeWeight>"
        lists = result.setdefault(event_id, ([], []))
        lists[0].append(text)
        lists[1].append(onset + "</arrival>\n")
    return result


def _short(column: pd.Series) -> list[str]:
    """Return float32 values in their shortest spelling, empty where null."""
    return ["" if value != value else str(value) for value in column.to_numpy(np.float32)]


def _event(event_id: int, origin: dict[str, Any] | None, event: dict[str, Any] | None,
           onsets: tuple[list[str], list[str]], sizes: tuple[str, str]) -> str:
    texts = [f'<event publicID="{ROOT}/event/{event_id}">\n']
    which = "located" if origin is not None else "associated"
    origin_id = f"{ROOT}/origin/{which}/{event_id}"
    preferred, magnitudes = sizes
    texts.append(f"<preferredOriginID>{origin_id}</preferredOriginID>{preferred}\n")
    source = (origin or event or {}).get("source_id")
    if event is not None:
        texts.append(_associated(event_id, event, onsets[1] if origin is None else []))
    if origin is not None:
        texts.append(_located(origin_id, origin, onsets[1]))
    texts += [magnitudes.replace("{origin}", origin_id), *onsets[0], _plain("qs:source_id", source), "</event>\n"]
    return "".join(texts)


def _associated(event_id: int, row: dict[str, Any], arrivals: list[str]) -> str:
    method, own = _method("associator", row["associator"])
    return (f'<origin publicID="{ROOT}/origin/associated/{event_id}">{_place(row)}'
            f"<quality><associatedPhaseCount>{row['n_picks']}</associatedPhaseCount>"
            f"<associatedStationCount>{row['n_stations']}</associatedStationCount></quality>"
            f"{method}<evaluationMode>automatic</evaluationMode>\n" + "".join(arrivals) + f"{own}</origin>\n")


def _place(row: dict[str, Any], ert: float = math.nan, erz: float = math.nan) -> str:
    depth = row["depth_km"] * 1000.0
    return (f"<time><value>{row['time']}</value>" + ("" if math.isnan(ert) else f"<uncertainty>{ert}</uncertainty>")
            + f"</time>{_real('latitude', row['latitude'])}{_real('longitude', row['longitude'])}"
            + _real("depth", depth, erz * 1000.0))


def _located(origin_id: str, row: dict[str, Any], arrivals: list[str]) -> str:
    known = {name: math.nan if row[name] >= UNRESOLVED else row[name] for name in ("erh_km", "erz_km", "ert_s")}
    own = "".join(_plain(f"qs:{name}", row[name]) for name in (*COVARIANCE, "flags"))
    own += "".join(_plain(f"qs:{name}", row[name]) for name, value in known.items()
                   if name == "erh_km" or (math.isnan(value) and not math.isnan(row[name])))
    own += _plain("qs:quality_letter", row["quality"])
    own += f"<qs:well_located>{'true' if row['well_located'] else 'false'}</qs:well_located>"
    method, more = _method("locator", row["method"])
    own += more
    dmin = row["dmin_km"] / KM_PER_DEGREE
    quality = "".join(_plain(name, value) for name, value in (
        ("usedPhaseCount", row["n_phases"]), ("usedStationCount", row["n_stations"]), ("standardError", row["rms_s"]),
        ("azimuthalGap", row["gap_deg"]), ("minimumDistance", dmin)))
    return (f'<origin publicID="{origin_id}">{_place(row, known["ert_s"], known["erz_km"])}\n'
            f"{_uncertainty(row, known)}<quality>{quality}</quality>{method}"
            "<evaluationMode>automatic</evaluationMode>\n" + "".join(arrivals) + f"{own}</origin>\n")


def _uncertainty(row: dict[str, Any], known: dict[str, float]) -> str:
    """Return originUncertainty: 68% regions from the covariance where it is known and resolved, with their level;
    else the horizontal standard error alone, without any level, since the share it holds is not known.
    """
    xx, xy, xz, yy, yz, zz = (row[name] for name in COVARIANCE[:6])
    erh = known["erh_km"]
    if row["erh_km"] >= UNRESOLVED or not _resolved(xx, xy, yy):
        return "" if math.isnan(erh) else (
            f"<originUncertainty><horizontalUncertainty>{erh * 1000.0}</horizontalUncertainty>"
            "<preferredDescription>horizontal uncertainty</preferredDescription></originUncertainty>\n")
    ellipse = horizontal(np.array([[xx, xy], [xy, yy]]))
    circle = erh * SCALE_2D * 1000.0
    text = "" if math.isnan(circle) else f"<horizontalUncertainty>{circle}</horizontalUncertainty>"
    text += (f"<minHorizontalUncertainty>{ellipse.minor_km * 1000.0}</minHorizontalUncertainty>"
             f"<maxHorizontalUncertainty>{ellipse.major_km * 1000.0}</maxHorizontalUncertainty>"
             f"<azimuthMaxHorizontalUncertainty>{ellipse.azimuth_deg}</azimuthMaxHorizontalUncertainty>")
    described = "uncertainty ellipse"
    if not row["erz_km"] >= UNRESOLVED and _resolved(xz, yz, zz):
        e = spatial(np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))
        values = (("semiMajorAxisLength", e.major_km * 1000.0), ("semiMinorAxisLength", e.minor_km * 1000.0),
                  ("semiIntermediateAxisLength", e.intermediate_km * 1000.0), ("majorAxisPlunge", e.plunge_deg),
                  ("majorAxisAzimuth", e.azimuth_deg), ("majorAxisRotation", e.rotation_deg))
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in values)
        text += f"<confidenceEllipsoid>{inner}</confidenceEllipsoid>"
        described = "confidence ellipsoid"
    return (f"<originUncertainty>{text}<preferredDescription>{described}</preferredDescription>"
            f"<confidenceLevel>{LEVEL}</confidenceLevel></originUncertainty>\n")


def _resolved(*covariances: float) -> bool:
    """Return whether these are known, and none is the variance of a parameter that was not solved for."""
    return not any(math.isnan(value) or value == UNSOLVED_KM2 for value in covariances)


def _magnitudes(event_id: int, rows: list[dict[str, Any]], preferred: str | None) -> tuple[str, str]:
    """Return preferredMagnitudeID, and the magnitudes, station magnitudes and amplitudes; {origin} stays open."""
    texts: list[str] = []
    chosen = ""
    shares: dict[str, list[str]] = {}
    for i, row in enumerate(rows):
        if row["station_id"] is None or row["station_id"] != row["station_id"]:
            continue
        name = f"{ROOT}/stationmagnitude/{event_id}/{i}"
        waveform = _waveform(row["station_id"])
        amplitude = f"{ROOT}/amplitude/station/{event_id}/{i}"
        measured = not math.isnan(row["amplitude_m"])
        if measured:
            texts.append(f'<amplitude publicID="{amplitude}">{_real("genericAmplitude", row["amplitude_m"])}'
                         f"<type>A</type><unit>m</unit>{waveform}</amplitude>\n")
        texts.append(f'<stationMagnitude publicID="{name}"><originID>{{origin}}</originID>'
                     f"{_real('mag', row['value'], row['uncertainty'])}{_plain('type', row['kind'])}"
                     + (f"<amplitudeID>{amplitude}</amplitudeID>" if measured else "")
                     + f"{waveform}<qs:used>{'true' if row['used'] else 'false'}</qs:used></stationMagnitude>\n")
        shares.setdefault(row["kind"], []).append(
            f"<stationMagnitudeContribution><stationMagnitudeID>{name}</stationMagnitudeID>"
            f"<weight>{1.0 if row['used'] else 0.0}</weight></stationMagnitudeContribution>")
    for i, row in enumerate(rows):
        if row["station_id"] is None or row["station_id"] != row["station_id"]:
            name = f"{ROOT}/magnitude/{event_id}/{i}"
            if row["kind"] == preferred:
                chosen = f"<preferredMagnitudeID>{name}</preferredMagnitudeID>"
            texts.append(f'<magnitude publicID="{name}">{"".join(shares.get(row["kind"], []))}'
                         f"{_real('mag', row['value'], row['uncertainty'])}{_plain('type', row['kind'])}"
                         f"<stationCount>{row['n_stations']}</stationCount><originID>{{origin}}</originID>"
                         f"{_plain('qs:amplitude_m', row['amplitude_m'])}</magnitude>\n")
    return chosen, "".join(texts)
