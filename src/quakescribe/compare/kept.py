"""The table of an experiment: a row per arm, seed and threshold, kept on disk after each; and its means over seeds."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.compare.pareto import front
from quakescribe.errors import FormatError
from quakescribe.run.workspace import write_text

NOTE = "made_of"
"""The column that says what a row was made of: one of other settings, labels or code is not used again."""

_TEXT = ("arm", "run", NOTE)


def read(path: Path, wanted: Collection[str]) -> pd.DataFrame:
    """Return the rows that are there already, made of one of what is wanted; none without a file.

    Raises
    ------
    FormatError
        If the file is not such a table.
    """
    if not path.exists():
        return pd.DataFrame({name: pd.Series([], dtype=object) for name in _TEXT})
    try:
        found = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str), keep_default_na=True)
        return found[found[NOTE].isin(wanted)].reset_index(drop=True)
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: not the findings of an experiment ({str(error).splitlines()[0]}); remove it to "
                          "have them made again") from None


def append(path: Path, table: pd.DataFrame, row: dict[str, Any]) -> pd.DataFrame:
    """Return the table with one more row, written to a temporary name and renamed."""
    table = pd.concat([table, pd.DataFrame([row])], ignore_index=True) if len(table) else pd.DataFrame([row])
    last = [name for name in table.columns if name != NOTE]
    write_text(path, table[[*last, NOTE]].to_csv(index=False))
    return read(path, set(table[NOTE]))


def means(findings: pd.DataFrame, factors: Collection[str]) -> pd.DataFrame:
    """Return a row per arm and threshold: the means of its seeds, and whether it lies on the Pareto front.

    Parameters
    ----------
    findings
        The table of an experiment.
    factors
        Its columns that are values of the grid.

    Returns
    -------
    DataFrame
        Also ``seeds``, how many there are; and ``front``: no other row has more associated picks at a larger
        association rate, both without what chance makes where that was counted.
    """
    by = ["arm", "threshold", *factors]
    numbers = [name for name in findings.columns
               if name not in (*by, "seed") and pd.api.types.is_numeric_dtype(findings[name])]
    grouped = findings.groupby(by, dropna=False, sort=False)
    out = grouped[numbers].mean().reset_index()
    out.insert(len(by), "seeds", grouped.size().to_numpy())
    out["front"] = front(*(out[name] for name in axes(out)))
    return out


def axes(table: pd.DataFrame) -> tuple[str, str]:
    """Return the columns of associated picks and of the association rate: without chance where it was counted."""
    corrected = "corrected_picks" in table and bool(np.isfinite(table["corrected_picks"].to_numpy(float)).all())
    return ("corrected_picks", "corrected_rate") if corrected else ("associated_picks", "association_rate")
