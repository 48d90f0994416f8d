"""The whole instrument response out of an amplitude window, where the StationXML has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from quakescribe.errors import StationError
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.waveforms.block import Block
from quakescribe.waveforms.response import remove_response

_ALSO = {"Z": "Z3", "N": "N1", "E": "E2"}  # channel names a rotated component may come from


def full_response(stationxml: Path, channels: pd.DataFrame, settings: WaveformsSettings) -> Callable[[Block], Block]:
    """Return a function that takes the full response out of a block cut to a window.

    A component is multiplied by its channel's gain and divided by its response; horizontals that were rotated use the
    response of the channel nearest in name. A block whose channels have no response is returned as it is, by gain.
    """
    known = channels[channels["has_response"] & channels["gain"].notna()]

    def remove(block: Block) -> Block:
        at = pd.Timestamp(block.time_ns(0), unit="ns", tz="UTC")
        mine = known[(known["station_id"] == block.station_id) & (known["unit"] == block.unit)]
        mine = mine[~((mine["valid_from"] > at) | (mine["valid_to"] <= at))]
        data = np.zeros(block.data.shape)
        for c, name in enumerate("ZNE"):
            if name not in block.present:
                continue
            channel = _channel(mine, name, settings)
            if channel is None:
                return block
            try:
                data[c] = remove_response(block.data[c] * channel["gain"], block.sampling_rate, block.time_ns(0),
                                          block.station_id, str(channel["channel"]), stationxml, "m/s", settings)
            except StationError:
                return block
        return replace(block, data=data, unit="m/s")

    return remove


def _channel(rows: pd.DataFrame, component: str, settings: WaveformsSettings) -> pd.Series | None:
    """Return the channel of a component, of the preferred instrument."""
    for instrument in settings.instruments:
        for letter in _ALSO[component]:
            found = rows[rows["channel"] == instrument + letter]
            if len(found):
                return found.iloc[0]
    return None
