"""The whole instrument response out of an amplitude window, where the StationXML has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from quakescribe.errors import StationError
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.tables import SKIPS
from quakescribe.waveforms.block import Block
from quakescribe.waveforms.response import remove_response

_ALSO = {"Z": "Z3", "N": "N1", "E": "E2"}  # channel names a rotated component may come from


class FullResponse:
    """Takes the full response out of blocks cut to a window, and counts the windows that have none.

    A component is multiplied by its channel's gain and divided by its response; horizontals that were rotated use the
    response of the channel nearest in name. A block whose channels have no response is returned as it is, by gain.
    """

    def __init__(self, stationxml: Path, channels: pd.DataFrame, settings: WaveformsSettings) -> None:
        self._stationxml, self._settings = stationxml, settings
        self._known = channels[channels["has_response"] & channels["gain"].notna()]
        self._without: dict[str, list[tuple[int, int]]] = {}

    def __call__(self, block: Block) -> Block:
        """Return the block as true ground velocity, or as it is if its channels have no response."""
        at = pd.Timestamp(block.time_ns(0), unit="ns", tz="UTC")
        known = self._known
        mine = known[(known["station_id"] == block.station_id) & (known["unit"] == block.unit)]
        mine = mine[~((mine["valid_from"] > at) | (mine["valid_to"] <= at))]
        data = np.zeros(block.data.shape)
        for c, name in enumerate("ZNE"):
            if name not in block.present:
                continue
            channel = _channel(mine, name, self._settings)
            if channel is None:
                return self._by_gain(block)
            try:
                data[c] = remove_response(block.data[c] * channel["gain"], block.sampling_rate, block.time_ns(0),
                                          block.station_id, str(channel["channel"]), self._stationxml, "m/s",
                                          self._settings)
            except StationError:
                return self._by_gain(block)
        return replace(block, data=data, unit="m/s")

    def _by_gain(self, block: Block) -> Block:
        span = (block.time_ns(0), block.time_ns(block.n - 1))
        self._without.setdefault(block.station_id, []).append(span)
        return block

    @property
    def skips(self) -> pd.DataFrame:
        """The windows measured by gain so far, one row of SKIPS per station."""
        if not self._without:
            return SKIPS.empty()
        frame = pd.DataFrame([
            {"stage": "measure", "station_id": station_id, "source": None, "reason": "no-response",
             "detail": "no full response in the StationXML; measured by gain", "start": min(a for a, _ in spans),
             "end": max(b for _, b in spans), "count": len(spans)} for station_id, spans in self._without.items()])
        for name in ("start", "end"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
        return SKIPS.order(SKIPS.conform(frame))


def full_response(stationxml: Path, channels: pd.DataFrame, settings: WaveformsSettings) -> FullResponse:
    """Return what takes the full response out of a block cut to a window; its `skips` name the stations without one."""
    return FullResponse(stationxml, channels, settings)


def _channel(rows: pd.DataFrame, component: str, settings: WaveformsSettings) -> pd.Series | None:
    """Return the channel of a component, of the preferred instrument."""
    for instrument in settings.instruments:
        for letter in _ALSO[component]:
            found = rows[rows["channel"] == instrument + letter]
            if len(found):
                return found.iloc[0]
    return None
