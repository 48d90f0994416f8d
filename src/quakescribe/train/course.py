"""The course of fitting as a figure: losses, and what is found of the validation samples, epoch by epoch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = {"valid_recall_p": "P found", "valid_recall_s": "S found", "valid_false_per_negative": "false per negative"}


def draw(history: pd.DataFrame, path: Path) -> Path:
    """Draw a row per epoch, as `fit` writes it, into a PNG."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    losses, found = figure.subplots(1, 2)
    for column, label in (("train_loss", "training"), ("valid_loss", "validation")):
        losses.plot(history["epoch"], history[column], "o-", ms=3, label=label)
    losses.set_yscale("log")
    losses.set_ylabel("loss (mean cross-entropy)")
    for column, label in CURVES.items():
        found.plot(history["epoch"], history[column], "o-", ms=3, label=label)
    found.set_ylim(0, None)
    found.set_ylabel("of validation samples")
    best = history["epoch"].iloc[int(history["valid_loss"].argmin())]
    for panel in (losses, found):
        panel.axvline(best, color="0.6", ls=":", label="kept")
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False, fontsize=8)
    return write_figure(figure, path)


def write_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG under a temporary name and rename it; the same figure gives the same bytes."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})
    os.replace(temporary, path)
    return path
