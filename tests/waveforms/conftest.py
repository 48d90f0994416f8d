from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from waveform_files import channel_table, second

from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.tables import STATIONS
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.prepare import load


@pytest.fixture
def settings() -> WaveformsSettings:
    return WaveformsSettings()


@pytest.fixture
def stations() -> pd.DataFrame:
    return STATIONS.make({"station_id": ["XX.AAA."], "latitude": [1.0], "longitude": [2.0], "elevation_m": [3.0]})


@pytest.fixture
def loaded(tmp_path: Path, stations: pd.DataFrame, settings: WaveformsSettings) -> Callable[..., Any]:
    """Open the folder of the test and load a span (s after START) of its station."""
    def do(begin: float, end: float, channels: pd.DataFrame | None = None, where: Path | None = None,
           station_id: str = "XX.AAA.", chosen: WaveformsSettings = settings) -> Any:
        archive = open_archive(where or tmp_path, chosen)
        table = channel_table() if channels is None else channels
        return load(archive, stations, table, station_id, second(begin), second(end), chosen)
    return do
