"""One unit of work, a station over a span of time: which picker, and what every picker takes and gives."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from quakescribe.pick import network, pal
from quakescribe.settings.pick import PickSettings
from quakescribe.waveforms.block import Block

Load = Callable[[int, int], list[Block]]
"""Give the raw blocks of the station between two times (ns after 1970)."""

PICKERS: dict[str, Callable[[Load, int, int, PickSettings], tuple[pd.DataFrame, pd.DataFrame]]] = {
    "pal": pal.pick_span, "sar": network.pick_span, "phasenet": network.pick_span, "seisbench": network.pick_span}
"""By the first word of ``pick.picker``."""


def pick_unit(load: Load, start_ns: int, end_ns: int, settings: PickSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pick one station over [start_ns, end_ns).

    Parameters
    ----------
    load
        Gives the unfiltered blocks of the station between two times (ns after 1970). It is asked for more than the
        span: what the picker needs on both sides so that no cut can be seen in the result.
    start_ns, end_ns
        The span owns the pairs, and the unpaired P, whose P lies in it.
    settings
        The section ``pick``.

    Returns
    -------
    (picks, skips)
        Tables PICKS and SKIPS. The reasons are listed in docs/pick.md.
    """
    return PICKERS[settings.picker.partition(":")[0]](load, start_ns, end_ns, settings)
