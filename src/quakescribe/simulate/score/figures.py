"""The long table of figures, and the statistics that every part uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ("part", "scope", "name", "value", "unit", "n")


class Figures:
    """Rows of one part: scope, name, value, unit, n (how many things the value rests on)."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.rows: list[tuple[str, str, str, float, str, int]] = []

    def add(self, name: str, value: float, n: int, unit: str = "-", scope: str = "all") -> None:
        """Add one figure."""
        self.rows.append((self.part, scope, name, float(value), unit, int(n)))

    def share(self, name: str, true: NDArray[np.bool_], scope: str = "all") -> None:
        """Add the share of the entries that are true (NaN of none)."""
        self.add(name, float(np.mean(true)) if len(true) else float("nan"), len(true), scope=scope)

    def quantile(self, name: str, values: NDArray[np.float64], q: float, unit: str, scope: str = "all") -> None:
        """Add a quantile of the finite values."""
        values = values[np.isfinite(values)]
        self.add(name, quantile(values, q), len(values), unit, scope)

    def spread(self, name: str, values: NDArray[np.float64], unit: str, scope: str = "all") -> None:
        """Add median and median absolute deviation (as it is, not scaled) of the finite values."""
        values = values[np.isfinite(values)]
        middle = quantile(values, 0.5)
        self.add(f"{name}, median", middle, len(values), unit, scope)
        self.add(f"{name}, MAD", quantile(np.abs(values - middle), 0.5), len(values), unit, scope)


def frame(parts: Sequence[Figures]) -> pd.DataFrame:
    """Return the figures of all parts as one table."""
    return pd.DataFrame([row for part in parts for row in part.rows], columns=list(COLUMNS)).astype(
        {"part": "str", "scope": "str", "name": "str", "value": "float64", "unit": "str", "n": "int64"})


def quantile(values: NDArray[np.float64], q: float) -> float:
    """Return the quantile, NaN of nothing."""
    return float(np.quantile(values, q)) if len(values) else float("nan")


def classes(values: NDArray[Any], edges: Sequence[float], word: str,
            unit: str = "") -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield name and members of every class [low, high) that has any; the last one is open."""
    head, tail = f"{word} " if word else "", f" {unit}" if unit else ""
    for low, high in zip(edges, [*edges[1:], np.inf], strict=True):
        member = (values >= low) & (values < high)
        if member.any():
            end = f" to {high:g}{tail}" if np.isfinite(high) else f"{tail} and more"
            yield f"{head}{low:g}{end}", member


def by_magnitude(magnitudes: NDArray[np.float64], width: float = 0.5) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield name and members of every class of magnitudes that has any: 'M 1.0 to 1.5'."""
    index = np.floor(magnitudes / width + 1e-9)
    for k in np.unique(index[np.isfinite(index)]):
        yield f"M {k * width + 0.0:.1f} to {(k + 1) * width + 0.0:.1f}", index == k
