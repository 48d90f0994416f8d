"""Pick a whole archive in this process, station by station and day by day."""

from __future__ import annotations

import pandas as pd

from quakescribe.pick.unit import pick_unit
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.tables import PICKS, SKIPS, store
from quakescribe.waveforms import prepare
from quakescribe.waveforms.archive import Archive
from quakescribe.waveforms.block import Block

DAY_NS = 86_400_000_000_000


def pick(archive: Archive, stations: pd.DataFrame, channels: pd.DataFrame, settings: PickSettings,
         waveforms_settings: WaveformsSettings | None = None, start: pd.Timestamp | None = None,
         end: pd.Timestamp | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pick all stations of an archive between two times (UTC; default: all there is).

    Parameters
    ----------
    archive
        From :func:`quakescribe.waveforms.archive.open_archive`.
    stations, channels
        Tables STATIONS and CHANNELS, from :func:`quakescribe.exchange.stations.read_stations`.
    settings, waveforms_settings
        The sections ``pick`` and ``waveforms``.
    start, end
        Time zone aware; ``end`` is not included.

    Returns
    -------
    (picks, skips)
        Tables PICKS and SKIPS, the skips of reading included.
    """
    reading = waveforms_settings or WaveformsSettings()
    picks, skips = [PICKS.empty()], [archive.skips]
    for station_id in archive.station_ids:
        first, last = archive.span(station_id)
        first = max(first, start.value) if start is not None else first
        last = min(last, end.value) if end is not None else last

        def load(start_ns: int, end_ns: int, station_id: str = station_id) -> list[Block]:
            blocks, left_out = prepare.load(archive, stations, channels, station_id, start_ns, end_ns, reading)
            skips.append(left_out)
            return blocks

        for day in range(first // DAY_NS, -(-last // DAY_NS)):
            mine, left_out = pick_unit(load, max(first, day * DAY_NS), min(last, (day + 1) * DAY_NS), settings)
            picks.append(mine)
            skips.append(left_out)
    together = store.concat(skips, SKIPS)
    return store.concat(picks, PICKS), SKIPS.order(together.drop_duplicates())
