import numpy as np
import pandas as pd
import pytest
from obspy.core.inventory import Channel, Inventory, Network, Response, Station

from quakescribe.measure import wood_anderson
from quakescribe.measure.full import full_response
from quakescribe.settings.measure import MeasureSettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.tables import CHANNELS

from .conftest import RATE, burst, make_block

GAIN = 1e8
POLES = [2 * np.pi * 4.5 * (-0.7 + 0.7141428j), 2 * np.pi * 4.5 * (-0.7 - 0.7141428j)]  # a 4.5 Hz geophone


@pytest.fixture
def stationxml(tmp_path):
    response = Response.from_paz(zeros=[0j, 0j], poles=POLES, stage_gain=GAIN, stage_gain_frequency=20.0,
                                 input_units="M/S", output_units="COUNTS", normalization_frequency=20.0)
    channels = [Channel(code, "", 40.0, 30.0, 0.0, 0.0, sample_rate=RATE, response=response)
                for code in ("EHZ", "EHN", "EHE")]
    path = tmp_path / "stations.xml"
    Inventory([Network("XX", stations=[Station("A", 40.0, 30.0, 0.0, channels=channels)])], source="test").write(
        str(path), format="STATIONXML")
    return path


@pytest.fixture
def channels():
    return CHANNELS.conform(pd.DataFrame({"station_id": "XX.A.", "channel": ["EHZ", "EHN", "EHE"], "gain": GAIN,
                                          "unit": "m/s", "has_response": True}))


def geophone(data):
    """Ground velocity as the geophone shows it, in m/s by gain."""
    n = 1 << 15
    s = 2j * np.pi * np.fft.rfftfreq(n, 1 / RATE)
    h = s**2 / ((s - POLES[0]) * (s - POLES[1]))
    top = 2j * np.pi * 20.0
    h /= np.abs(top**2 / ((top - POLES[0]) * (top - POLES[1])))
    return np.fft.irfft(np.fft.rfft(data, n) * h, n)[:, :data.shape[1]]


def amplitude(data, origins, arrivals, remove=None):
    blocks = [make_block(data)]
    return wood_anderson(lambda *_: blocks, origins, arrivals, MeasureSettings(), remove)[0]["amplitude_m"].iloc[0]


def test_below_the_geophones_corner_the_full_response_gives_the_true_amplitude(stationxml, channels, origins, arrivals):
    ground = burst(frequency=2.0)
    true = amplitude(ground, origins, arrivals)
    seen = geophone(ground)
    remove = full_response(stationxml, channels, WaveformsSettings())
    assert amplitude(seen, origins, arrivals) < 0.3 * true
    assert amplitude(seen, origins, arrivals, remove) == pytest.approx(true, rel=0.05)


def test_a_channel_without_response_stays_by_gain(stationxml, channels):
    block = make_block(burst())
    assert full_response(stationxml, channels.assign(has_response=False), WaveformsSettings())(block) is block
    other = make_block(burst(), station_id="XX.B.")
    assert full_response(stationxml, channels.assign(station_id="XX.B."), WaveformsSettings())(other) is other


def test_windows_without_a_response_are_counted_by_station(stationxml, channels):
    remove = full_response(stationxml, channels, WaveformsSettings())
    remove(make_block(burst()))
    assert remove.skips.empty
    for first in (0, 5000):
        remove(make_block(burst(), station_id="XX.B.", first=first))
    row = remove.skips.iloc[0]
    assert len(remove.skips) == 1
    assert row[["stage", "station_id", "reason", "count"]].tolist() == ["measure", "XX.B.", "no-response", 2]
    assert row["start"] < row["end"]
