"""What a table is: a name, a key, and columns with type, unit, meaning and range.

Every table is declared once, in a file of its own in this folder. Reading or making a table ends with
:meth:`Table.check`, which lists every fault at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.errors import TableError

TIME = "datetime64[ns, UTC]"
TYPES = ("int64", "float64", "float32", "bool", "str", TIME)


@dataclass(frozen=True)
class Column:
    """One column: its type (one of ``TYPES``), unit, meaning, and inclusive range.

    ``nullable`` allows NaN (floats), None (str) or NaT (times); integers and booleans are never null.
    A nullable column may be absent from input and is then added empty by :meth:`Table.conform`.
    ``blank`` makes the empty text a value: null in input is read as such, since CSV cannot tell the two apart.
    """

    name: str
    type: str
    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    nullable: bool = False
    choices: tuple[str, ...] | None = None
    blank: bool = False


@dataclass(frozen=True)
class Table:
    """A table's contract: columns in order, and the key whose values must be unique (may be empty)."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [column.name for column in self.columns]

    def empty(self) -> pd.DataFrame:
        """Return the table without rows, every column in its type."""
        return pd.DataFrame({c.name: pd.Series([], dtype=c.type) for c in self.columns})

    def make(self, columns: dict[str, Any], rows: int | None = None) -> pd.DataFrame:
        """Build the table from arrays by column name; absent nullable columns are null. Sorted and checked."""
        frame = pd.DataFrame(columns) if rows is None else pd.DataFrame(columns, index=range(rows))
        return self.order(self.conform(frame))

    def order(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows in the table's sort order (stable), with a fresh index."""
        if self.sort and len(frame) > 1:
            frame = frame.sort_values(list(self.sort), kind="stable")
        return frame.reset_index(drop=True)

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Cast to the declared types, add absent nullable columns, drop undeclared ones, and check.

        Raises
        ------
        TableError
            With every fault: a missing column, a value that cannot be cast, and all that `check` finds.
        """
        faults: list[str] = []
        out: dict[str, pd.Series] = {}
        for column in self.columns:
            if column.name not in frame.columns:
                if column.nullable:
                    out[column.name] = _null(column, len(frame))
                else:
                    faults.append(f"column '{column.name}' ({column.type}, {column.meaning}) is missing")
                continue
            try:
                out[column.name] = _cast(frame[column.name], column)
            except (ValueError, TypeError, OverflowError) as error:
                found, why = frame[column.name].dtype, str(error).splitlines()[0]
                faults.append(f"column '{column.name}' is {found}, expected {column.type}: {why}")
        if faults:
            raise _error(self.name, faults)
        result = pd.DataFrame(
            {
                name: series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array
                for name, series in out.items()
            },
            index=range(len(frame)),
        )
        return self.check(result)

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame unchanged if it keeps the contract.

        Raises
        ------
        TableError
            One message that lists every fault: types, nulls, ranges, choices, repeated keys.
        """
        faults: list[str] = []
        for column in self.columns:
            if column.name not in frame.columns:
                faults.append(f"column '{column.name}' ({column.type}, {column.meaning}) is missing")
                continue
            faults.extend(_column_faults(frame[column.name], column))
        if self.key and not faults:
            repeated = frame.duplicated(list(self.key)).to_numpy()
            if repeated.any():
                row = int(np.flatnonzero(repeated)[0])
                value = ", ".join(str(frame[name].iloc[row]) for name in self.key)
                faults.append(
                    f"key '{', '.join(self.key)}' repeats in {int(repeated.sum())} rows; first at row {row}: {value}"
                )
        if faults:
            raise _error(self.name, faults)
        return frame


def _error(name: str, faults: list[str]) -> TableError:
    noun = "fault" if len(faults) == 1 else "faults"
    return TableError(f"{name}: {len(faults)} {noun}\n" + "\n".join(f"  - {fault}" for fault in faults))


def _null(column: Column, rows: int) -> pd.Series:
    if column.type in ("float64", "float32"):
        return pd.Series(np.full(rows, np.nan, dtype=column.type))
    return pd.Series([None] * rows, dtype=column.type)


def _cast(series: pd.Series, column: Column) -> pd.Series:
    if column.type == TIME:
        times = pd.to_datetime(series, utc=True, format="ISO8601") if not _is_time(series) else series
        if times.dt.tz is None:
            times = times.dt.tz_localize("UTC")
        return times.dt.tz_convert("UTC").dt.as_unit("ns")
    if column.type == "str":
        series = series.fillna("") if column.blank else series
        if series.isna().all():
            return _null(column, len(series))
        return series.astype("str")
    if column.type == "int64":
        if series.dtype.kind == "f" and len(series):
            if series.isna().any():
                raise ValueError(f"no value in {int(series.isna().sum())} rows")
            if (series != series.round()).any():
                raise ValueError("not whole numbers")
        return series.astype("int64")
    if column.type == "bool" and series.dtype != bool:
        words = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
        mapped = series.map(lambda value: words.get(str(value).lower()))
        if mapped.isna().any():
            raise ValueError("not true or false")
        return mapped.astype(bool)
    return series.astype(np.dtype(column.type))


def _is_time(series: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(series)


def _column_faults(series: pd.Series, column: Column) -> list[str]:
    if str(series.dtype) != column.type:
        return [f"column '{column.name}' is {series.dtype}, expected {column.type}"]
    faults = []
    null = series.isna().to_numpy()
    if null.any() and not column.nullable:
        faults.append(
            f"column '{column.name}': {int(null.sum())} of {len(series)} rows have no value; "
            f"first at row {int(np.flatnonzero(null)[0])}"
        )
    if column.low is not None or column.high is not None:
        values = series.to_numpy()
        low = -np.inf if column.low is None else column.low
        high = np.inf if column.high is None else column.high
        outside = ~null & ~((values >= low) & (values <= high))
        if outside.any():
            row = int(np.flatnonzero(outside)[0])
            faults.append(
                f"column '{column.name}': {int(outside.sum())} of {len(series)} rows outside "
                f"[{low:g}, {high:g}] {column.unit}; first at row {row}: {values[row]}"
            )
    if column.choices is not None:
        wrong = ~null & ~series.isin(column.choices).to_numpy()
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            faults.append(
                f"column '{column.name}': {int(wrong.sum())} of {len(series)} rows are none of "
                f"{', '.join(column.choices)}; first at row {row}: {series.iloc[row]!r}"
            )
    return faults
