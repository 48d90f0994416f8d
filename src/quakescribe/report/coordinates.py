"""Plotly's values and axes as numbers that Matplotlib draws: packed arrays, dates, categories, logarithms."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DAY_MS = 86_400_000.0
_DATE = re.compile(r"^\d{4}-\d\d(-\d\d)?")


def values(given: Any) -> list[Any]:
    """Return what plotly calls an array as a list: a list, a packed one (``bdata``), or nothing."""
    if given is None:
        return []
    if isinstance(given, dict):
        flat = np.frombuffer(base64.b64decode(given["bdata"]), dtype=np.dtype(given["dtype"]).newbyteorder("<"))
        if "shape" in given:
            flat = flat.reshape([int(one) for one in str(given["shape"]).split(",")])
        return list(flat.tolist())
    return list(given)


def numbers(given: Any) -> NDArray[np.float64]:
    """Return an array of numbers, NaN where there is none; the shape is kept."""
    return np.array([[_number(x) for x in one] if isinstance(one, list) else _number(one) for one in values(given)],
                    dtype=np.float64)


def _number(given: Any) -> float:
    try:
        return float("nan") if given is None else float(given)
    except (TypeError, ValueError):
        return float("nan")


@dataclass
class Axis:
    """One axis of a figure.

    Attributes
    ----------
    options
        As plotly has them.
    kind
        linear, log, date or category.
    names
        Of the categories, in the order of the axis.
    """

    options: dict[str, Any]
    kind: str
    names: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, options: dict[str, Any], given: Iterable[Any]) -> Axis:
        """Return the axis of some values: its kind is the one stated, or what the first value looks like."""
        every = [one for one in given if one is not None]
        kind = options.get("type") or "-"
        if kind in ("-", "multicategory"):
            kind = _guessed(every)
        if kind != "category":
            return cls(options, kind)
        named = [str(one) for one in options.get("categoryarray") or []]
        return cls(options, kind, list(dict.fromkeys([*named, *map(str, every)])))

    def place(self, given: Any) -> NDArray[np.float64]:
        """Return values in the units that are drawn: serial numbers of categories, days of dates, else the same."""
        listed = values(given)
        if self.kind == "category":
            where = {name: i for i, name in enumerate(self.names)}
            return np.array([np.nan if one is None else where.get(str(one), _number(one)) for one in listed], float)
        if self.kind == "date":
            return np.array([_days(one) for one in listed], dtype=np.float64)
        found = numbers(listed)
        return np.where(found > 0, found, np.nan) if self.kind == "log" else found

    def length(self, given: float) -> float:
        """Return a width in the units that are drawn."""
        return given / DAY_MS if self.kind == "date" else given

    def end(self, given: Any) -> float:
        """Return an end of the range, or the place of an annotation: powers of ten where the axis is logarithmic."""
        if self.kind == "log":
            return float(10.0 ** float(given))
        return float(self.place([given])[0])


def _guessed(every: list[Any]) -> str:
    texts = [one for one in every if isinstance(one, str)]
    if not texts:
        return "linear"
    if all(_DATE.match(one) for one in texts):
        return "date"
    return "linear" if not np.isnan([_number(one) for one in texts]).any() else "category"


def _days(given: Any) -> float:
    if given is None:
        return float("nan")
    if isinstance(given, str):
        stamp = pd.Timestamp(given)
        stamp = stamp.tz_convert(None) if stamp.tzinfo is not None else stamp
        return float(stamp.value / 1e6 / DAY_MS) if stamp is not pd.NaT else float("nan")
    return float(given) / DAY_MS


def stepped(x: NDArray[np.float64], y: NDArray[np.float64], shape: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the corners of a line that plotly draws as steps: hv, vh, hvh (steps between points) or vhv."""
    if len(x) < 2 or shape not in ("hv", "vh", "hvh", "vhv"):
        return x, y
    if shape == "hv":
        return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    if shape == "vh":
        return np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
    if shape == "hvh":
        middle = (x[1:] + x[:-1]) / 2
        return np.concatenate([x[:1], np.repeat(middle, 2), x[-1:]]), np.repeat(y, 2)
    middle = (y[1:] + y[:-1]) / 2
    return np.repeat(x, 2), np.concatenate([y[:1], np.repeat(middle, 2), y[-1:]])


def plain(text: Any) -> str:
    """Return plotly's small HTML as Matplotlib's text: lines broken, powers raised, all other marks taken off."""
    import html

    out = html.unescape(re.sub(r"<br\s*/?>", "\n", str(text)).replace("$", r"\$"))
    out = re.sub(r"<sup>(.*?)</sup>", r"$^{\1}$", out)
    out = re.sub(r"<sub>(.*?)</sub>", r"$_{\1}$", out)
    return re.sub(r"</?(b|i|em|span|extra)[^>]*>", "", out)


def colour(given: Any, opacity: float = 1.0) -> tuple[float, float, float, float]:
    """Return red, green, blue and opacity in 0 to 1 of ``#rrggbb``, ``rgb(...)``, ``rgba(...)`` or a name."""
    from matplotlib.colors import to_rgba

    found = re.match(r"rgba?\(([^)]*)\)", str(given))
    if found:
        parts = [float(one) for one in found.group(1).split(",")]
        red, green, blue = (one / 255.0 for one in parts[:3])
        return red, green, blue, (parts[3] if len(parts) > 3 else 1.0) * opacity
    rgba = to_rgba(str(given) if given else "#1b2430")
    return rgba[0], rgba[1], rgba[2], rgba[3] * opacity
