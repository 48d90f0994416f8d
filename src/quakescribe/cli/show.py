"""What people see: progress bars with rates and time left, tables, or one JSON document for machines."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft
from rich.table import Column, Table

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False)
_ROOM_FOR_A_BAR = 100


class Bars:
    """A watcher that draws one bar per stage: units done and per second, time gone and left, rows made."""

    def __init__(self) -> None:
        bar = [BarColumn(bar_width=10)] if err.width >= _ROOM_FOR_A_BAR else []
        self._progress = Progress(
            TextColumn("{task.description:<9}"),
            *bar,
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[rate]:>7}"),
            TimeElapsedColumn(table_column=Column(no_wrap=True)),
            TimeLeft(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[rows]}", table_column=Column()),  # the only one that gives way
            console=err,
        )
        self._tasks: dict[str, Any] = {}
        self._rows: dict[str, dict[str, int]] = {}

    def __enter__(self) -> Bars:
        self._progress.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._progress.__exit__(*error)

    def begin(self, stage: str, units: int, reused: int) -> None:
        """Open the bar of a stage."""
        note = f"{reused} found done" if reused else ""
        if stage in self._tasks:
            task = self._progress.tasks[self._tasks[stage]]
            self._progress.update(task.id, total=(task.total or 0) + units)
            return
        self._tasks[stage] = self._progress.add_task(stage, total=units, rate="", rows=note)

    def advance(self, stage: str, rows: dict[str, int]) -> None:
        """Move the bar on by one unit."""
        total = self._rows.setdefault(stage, {})
        for table, count in rows.items():
            total[table] = total.get(table, 0) + count
        task = self._progress.tasks[self._tasks[stage]]
        seconds = task.elapsed or 0.0
        rate = f"{(task.completed + 1) / seconds:.3g}/s" if seconds > 0.5 else ""
        self._progress.update(task.id, advance=1, rate=rate, rows=_counts(total))

    def finish(self, stage: str, seconds: float, rows: dict[str, int]) -> None:
        """Fill the bar."""
        task = self._progress.tasks[self._tasks[stage]]
        self._progress.update(task.id, completed=task.total, rows=_counts(rows) or task.fields["rows"])

    def step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """Move the bar of fitting: a unit is a step; the loss is shown as it goes down."""
        if "fit" not in self._tasks:
            self._tasks["fit"] = self._progress.add_task("fit", total=steps, rate="", rows="")
        elif step == 1 and epoch == 0:  # the next fit: the same bar from the start
            self._progress.reset(self._tasks["fit"], total=steps)
        note = f"epoch {epoch + 1}, loss {loss:.4f}"
        self._progress.update(self._tasks["fit"], completed=step, total=steps, rows=note)


def _counts(rows: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {table}" for table, count in rows.items() if count)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print a table to standard output."""
    drawn = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")  # on a narrow screen nothing is cut
    for row in rows:
        drawn.add_row(*(str(cell) for cell in row))
    out.print(drawn)


def say(text: str) -> None:
    """Print a line for people (standard error, so that results can be piped)."""
    err.print(text)


def as_json(value: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(_plain(value), indent=1, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    """Return what JSON can hold: no NaN, no infinity, no NumPy, no times."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
