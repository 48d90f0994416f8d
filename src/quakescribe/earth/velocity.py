"""Layered one-dimensional velocity models: what they are, and the files they come in."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quakescribe.errors import VelocityError
from quakescribe.settings.velocity import VelocitySettings

Layer = tuple[float, float, float | None]  # depth (km), vp, vs (km/s)

_DEPTH_NAMES = ("top_km", "depth_km", "top", "depth", "z", "z_km")
_P_NAMES = ("vp", "vp_km_s", "vp_km/s", "p", "velocity", "v")
_S_NAMES = ("vs", "vs_km_s", "vs_km/s", "s")


@dataclass(frozen=True)
class VelocityModel:
    """Homogeneous layers over a half-space.

    Attributes
    ----------
    name
        Where it came from.
    top_km
        Shape (n,), float64, ascending: depth of each layer's top below sea level (km). The first layer reaches up
        without end, so that stations and events above sea level lie inside the model.
    vp, vs
        Shape (n,), float64: velocities (km/s).
    """

    name: str
    top_km: NDArray[np.float64]
    vp: NDArray[np.float64]
    vs: NDArray[np.float64]

    def __post_init__(self) -> None:
        for label, values in (("vp", self.vp), ("vs", self.vs)):
            if len(values) != len(self.top_km) or not np.all(np.isfinite(values)) or not np.all(values > 0):
                raise VelocityError(f"velocity model {self.name}: {label} must be {len(self.top_km)} positive numbers, "
                                    f"got {list(values)}")
        if len(self.top_km) == 0 or not np.all(np.isfinite(self.top_km)) or np.any(np.diff(self.top_km) <= 0):
            raise VelocityError(f"velocity model {self.name}: layer tops must ascend, got {list(self.top_km)}")
        if np.any(self.vs >= self.vp):
            raise VelocityError(f"velocity model {self.name}: vs must be below vp in every layer")


def generic_crust() -> VelocityModel:
    """Return the shipped default: crust and uppermost mantle of iasp91 (Kennett & Engdahl 1991).

    A continental average. Locations with it carry its errors: give a model of the region where one is known.
    """
    return VelocityModel("generic continental crust (iasp91)", np.array([0.0, 20.0, 35.0]),
                         np.array([5.80, 6.50, 8.04]), np.array([3.36, 3.75, 4.47]))


def read_velocity(path: str | Path | None, settings: VelocitySettings | None = None) -> VelocityModel:
    """Read a layered model; without a path return the shipped generic crust.

    Recognised by content: HYPOINVERSE ``.cre``/``.crh`` (a title, then ``velocity depth`` lines), NonLinLoc ``LAYER``
    lines (gradients must be 0), CSV with a header (``top_km`` or ``depth_km``, ``vp``, optionally ``vs``). Depths
    are shifted from the file's zero to sea level by ``settings.reference_elevation_km``; only a CSV column named
    ``top_km``, which :func:`write_velocity` writes, is below sea level already and stays.

    Raises
    ------
    VelocityError
        What is wrong, in which file and line, and what was expected.
    """
    settings = settings or VelocitySettings()
    if path is None or str(path) == "":
        return generic_crust()
    path = Path(path)
    lines = _lines(path)
    shift = settings.reference_elevation_km
    if any(line.split()[:1] == ["LAYER"] for _, line in lines):
        layers = [_nonlinloc(path, number, line) for number, line in lines if line.split()[0] == "LAYER"]
    elif all("," in line or ";" in line for _, line in lines):
        layers, absolute = _csv(path, lines)
        shift = 0.0 if absolute else shift
    else:
        layers = _hypoinverse(path, lines)
    return _model(path, layers, shift, settings.vp_vs)


def write_velocity(model: VelocityModel, path: str | Path) -> Path:
    """Write a model as CSV: ``top_km`` (below sea level), ``vp``, ``vs`` (km/s). Reads back to the same numbers."""
    path = Path(path)
    rows = ["top_km,vp,vs"] + [f"{float(top)!r},{float(p)!r},{float(s)!r}"
                               for top, p, s in zip(model.top_km, model.vp, model.vs, strict=True)]
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text("\n".join(rows) + "\n", encoding="utf-8")
    os.replace(temporary, path)
    return path


def _lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines that hold something, with their numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise VelocityError(f"{path}: cannot read the velocity model: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise VelocityError(f"{path}: not a text file (byte {error.start}); expected a velocity model as .cre/.crh, "
                            "NonLinLoc LAYER lines or CSV") from None
    lines = [(n, line.rstrip()) for n, line in enumerate(text.splitlines(), 1)
             if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise VelocityError(f"{path}: the file is empty; expected a velocity model as .cre/.crh, NonLinLoc LAYER "
                            "lines or CSV")
    return lines


def _nonlinloc(path: Path, number: int, line: str) -> Layer:
    values = _numbers(line.split()[1:])
    if values is None or len(values) < 5:
        raise VelocityError(f"{path}, line {number}: expected 'LAYER depth Vp Vp-gradient Vs Vs-gradient density "
                            f"density-gradient', got '{line.strip()}'")
    if values[2] != 0.0 or values[4] != 0.0:
        raise VelocityError(f"{path}, line {number}: layers with a velocity gradient ({values[2]:g}, {values[4]:g} "
                            "1/s) cannot be used; replace them by thin homogeneous layers")
    return values[0], values[1], values[3]


def _csv(path: Path, lines: list[tuple[int, str]]) -> tuple[list[Layer], bool]:
    """Return the layers, and whether their depths are below sea level already (the column is named top_km)."""
    separator = ";" if ";" in lines[0][1] else ","
    header = [name.strip().lower() for name in next(csv.reader([lines[0][1]], delimiter=separator))]
    column = {kind: next((header.index(name) for name in names if name in header), None)
              for kind, names in (("depth", _DEPTH_NAMES), ("p", _P_NAMES), ("s", _S_NAMES))}
    depth, p, s = column["depth"], column["p"], column["s"]
    if depth is None or p is None:
        raise VelocityError(f"{path}, line {lines[0][0]}: expected a header with the columns top_km (or depth_km), vp "
                            f"and optionally vs, got '{lines[0][1].strip()}'")
    layers: list[Layer] = []
    for number, line in lines[1:]:
        fields = next(csv.reader([line], delimiter=separator))
        wanted = [fields[k].strip() if k is not None and k < len(fields) else "" for k in (depth, p, s)]
        values = _numbers([field for field in wanted if field])
        if values is None or not wanted[0] or not wanted[1]:
            raise VelocityError(f"{path}, line {number}: expected numbers for depth and vp, got '{line.strip()}'")
        layers.append((values[0], values[1], values[2] if len(values) > 2 else None))
    return layers, header[depth] == "top_km"


def _hypoinverse(path: Path, lines: list[tuple[int, str]]) -> list[Layer]:
    """Read ``velocity depth`` lines (2F5.2 or separated by blanks) after a title, which may be absent."""
    layers: list[Layer] = []
    for place, (number, line) in enumerate(lines):
        values = _numbers(line.split()[:2]) or _numbers([line[:5], line[5:10]])
        if values is None or len(values) < 2:
            if place == 0:
                continue
            raise VelocityError(f"{path}, line {number}: expected 'velocity depth' in km/s and km, got "
                                f"'{line.strip()}'")
        layers.append((values[1], values[0], None))
    return layers


def _numbers(fields: list[str]) -> list[float] | None:
    """Return the fields as numbers (Fortran's 1.0D0 too), or None if one is not."""
    try:
        return [float(re.sub(r"[dD]", "e", field)) for field in fields]
    except ValueError:
        return None


def _model(path: Path, layers: list[Layer], shift: float, vp_vs: float) -> VelocityModel:
    """Check units and order, shift depths to sea level, and fill S velocities from the ratio."""
    if not layers:
        raise VelocityError(f"{path}: no layer found; expected a velocity model as .cre/.crh (title, then 'velocity "
                            "depth' lines), NonLinLoc LAYER lines or CSV")
    depth = np.array([layer[0] for layer in layers])
    vp = np.array([layer[1] for layer in layers])
    given = [layer[2] for layer in layers if layer[2] is not None]
    if given and len(given) != len(layers):
        raise VelocityError(f"{path}: vs is given for {len(given)} of {len(layers)} layers; give it for all or none")
    vs = np.array(given) if given else vp / vp_vs
    _check_units(path, depth, vp, vs)
    if np.any(np.diff(depth) <= 0):
        k = int(np.flatnonzero(np.diff(depth) <= 0)[0]) + 1
        raise VelocityError(f"{path}: layer tops must ascend; layer {k + 1} at {depth[k]:g} km follows "
                            f"{depth[k - 1]:g} km")
    return VelocityModel(path.name, depth - shift, vp, vs)


def _check_units(path: Path, depth: np.ndarray, vp: np.ndarray, vs: np.ndarray) -> None:
    if not (np.all(np.isfinite(depth)) and np.all(np.isfinite(vp)) and np.all(np.isfinite(vs))):
        raise VelocityError(f"{path}: depths and velocities must be finite numbers")
    for name, values in (("vp", vp), ("vs", vs)):
        if np.any(values <= 0):
            k = int(np.flatnonzero(values <= 0)[0])
            raise VelocityError(f"{path}: {name} of layer {k + 1} is {values[k]:g} km/s; velocities must be positive "
                                "(.cre lines are 'velocity depth', in this order; water layers cannot be used)")
        if np.any(values > 15.0):
            raise VelocityError(f"{path}: {name} reaches {values.max():g} km/s; is it in m/s? expected km/s")
    deep = (depth > 100.0) & (vp < 7.5)
    if np.any(deep) or np.any(depth > 6371.0):
        raise VelocityError(f"{path}: a layer at {depth[deep][0] if np.any(deep) else depth.max():g} km depth; are "
                            "depths in m? expected km")
