"""Figures for a paper: those of the report as PNG and PDF, in the widths of journals, with their captions beside."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from quakescribe.report.panel import Panel, Section
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import gather

if TYPE_CHECKING:
    from quakescribe.audit import Audit, Check

FORMATS = ("png", "pdf", "svg")
SINGLE_MM, DOUBLE_MM, PAGE_MM = 90.0, 190.0, 240.0  # one column, two columns, and the height of a printed page
_PIXEL_MM = 0.17  # on paper for a pixel of a figure's least height: rows of stations then keep 5 pt
_AROUND_MM = 16.0  # ticks, axis title and legend
_ABOUT = {"png": {"Software": None}, "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
          "svg": {"Date": None, "Creator": None}}


def figures(tables: Mapping[str, pd.DataFrame], info: Mapping[str, Any], folder: Path | str,
            settings: ReportSettings | None = None, audit: Audit | None = None,
            checks: Sequence[Check] | None = None, formats: Sequence[str] = ("png", "pdf")) -> list[Path]:
    """Write every figure of a catalogue's report for print; return the files.

    Parameters
    ----------
    tables, info, settings, audit, checks
        As in :func:`quakescribe.report.page.write`.
    folder
        Of the files; it is made. See :func:`publish`.
    formats
        png, pdf, svg.

    Raises
    ------
    TableError
        When a table breaks its contract.
    """
    from quakescribe.report.page import sections

    settings = settings or ReportSettings()
    return publish(sections(gather(tables, info), info, settings, audit, checks), folder, formats)


def publish(what: Sequence[Section | Panel], folder: Path | str, formats: Sequence[str] = ("png", "pdf"),
            dpi: int = 300) -> list[Path]:
    """Write the figures of sections or panels, and ``captions.md`` with the caption of each; return the files.

    Parameters
    ----------
    what
        Sections, panels, or both; panels without a figure are left out.
    folder
        It is made; a figure is named after the key of its panel.
    formats
        Some of FORMATS. In PDF and SVG all is drawn as lines and letters but clouds of many points, which lie in it as
        an image.
    dpi
        Of PNG, and of the clouds.

    Raises
    ------
    ValueError
        When a format is unknown, or a figure has no printed form.
    """
    wrong = [one for one in formats if one not in FORMATS]
    if wrong:
        raise ValueError(f"no format for figures: {', '.join(wrong)}; there are {', '.join(FORMATS)}")
    panels = [panel for one in what for panel in (one.panels if isinstance(one, Section) else [one])]
    folder, files, captions = Path(folder), [], ["# Captions", ""]
    folder.mkdir(parents=True, exist_ok=True)
    for panel in panels:
        if panel.figure is None:
            continue
        made = _written(panel, folder, formats, dpi)
        files += made
        captions += [f"**{panel.title}** ({', '.join(path.name for path in made)}). {panel.caption}", ""]
    target = folder / "captions.md"
    target.write_text("\n".join(captions), encoding="utf-8", newline="\n")
    return [*files, target]


def size_mm(panel: Panel) -> tuple[float, float]:
    """Return width and height on paper: wide and full panels over two columns, all others in one; as high as a page."""
    width = DOUBLE_MM if panel.size in ("wide", "full") else SINGLE_MM
    height = max((width - 14.0) * panel.aspect + _AROUND_MM, panel.least * _PIXEL_MM)
    return width, float(np.clip(height, 45.0, PAGE_MM))


def _written(panel: Panel, folder: Path, formats: Sequence[str], dpi: int) -> list[Path]:
    from matplotlib import rc_context

    from quakescribe.report.print_figure import SAVED, drawn

    assert panel.figure is not None
    figure = drawn(panel.figure, *size_mm(panel))
    files = []
    for one in formats:
        path = folder / f"{panel.key}.{one}"
        half_written = path.with_name(f".{path.name}.{os.getpid()}")
        with rc_context(SAVED):
            figure.savefig(half_written, format=one, dpi=dpi, metadata=_ABOUT[one])
        half_written.replace(path)
        files.append(path)
    return files
