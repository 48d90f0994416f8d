import numpy as np
import pytest
from waveform_files import START_NS

from quakescribe.errors import StationError, WaveformError
from quakescribe.waveforms.response import remove_response


def inventory(stages: bool):
    from obspy import UTCDateTime
    from obspy.core.inventory import Channel, InstrumentSensitivity, Inventory, Network, Response, Station

    if stages:
        response = Response.from_paz(zeros=[0j, 0j], poles=[-4.44 + 4.44j, -4.44 - 4.44j], stage_gain=1e6,
                                     stage_gain_frequency=10.0)
    else:
        response = Response(instrument_sensitivity=InstrumentSensitivity(1e6, 1.0, "M/S", "COUNTS"))
    channel = Channel("HHZ", "", 1.0, 2.0, 0.0, 0.0, response=response, start_date=UTCDateTime(2000, 1, 1))
    return Inventory([Network("XX", [Station("AAA", 1.0, 2.0, 0.0, channels=[channel])])], source="test")


def tone(frequency: float, n: int = 6000, rate: float = 100.0):
    t = np.arange(n) / rate
    return np.sin(2 * np.pi * frequency * t) * np.exp(-0.5 * ((t - 30) / 6) ** 2)


@pytest.mark.parametrize("output", ["m", "m/s", "m/s**2"])
@pytest.mark.parametrize("stages", [True, False])
def test_a_tone_in_the_flat_part_comes_back_in_every_unit(output, stages):
    frequency = 8.3
    out = remove_response(1e6 * tone(frequency), 100.0, START_NS, "XX.AAA.", "HHZ", inventory(stages), output)
    factor = (2 * np.pi * frequency) ** {"m": -1, "m/s": 0, "m/s**2": 1}[output]
    assert np.abs(out).max() == pytest.approx(factor, rel=0.02)


def test_below_its_corner_the_sensor_is_corrected_only_by_the_full_response():
    x = 1e6 * tone(0.5)
    full = remove_response(x, 100.0, START_NS, "XX.AAA.", "HHZ", inventory(True))
    gain = remove_response(x, 100.0, START_NS, "XX.AAA.", "HHZ", inventory(False))
    assert np.abs(full).max() > 2.5 * np.abs(gain).max()


def test_a_stationxml_path_is_read_when_needed(tmp_path):
    path = tmp_path / "s.xml"
    inventory(False).write(str(path), format="STATIONXML")
    out = remove_response(1e6 * tone(5.0), 100.0, START_NS, "XX.AAA.", "HHZ", path)
    assert np.abs(out).max() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(("channel", "time_ns"), [("HHN", START_NS), ("HHZ", 0)])
def test_a_channel_without_response_is_an_error(channel, time_ns):
    with pytest.raises(StationError, match="no response"):
        remove_response(tone(5.0), 100.0, time_ns, "XX.AAA.", channel, inventory(True))


@pytest.mark.parametrize("samples", [[], [1.0] * 3, [np.nan] * 100, [np.inf] * 100])
def test_a_window_that_is_not_whole_is_an_error(samples):
    with pytest.raises(WaveformError, match="expected 16 or more"):
        remove_response(np.array(samples), 100.0, START_NS, "XX.AAA.", "HHZ", inventory(True))


def test_a_stationxml_that_changes_is_read_again(tmp_path):
    path = tmp_path / "s.xml"
    peaks = []
    for stages in (True, False):
        inventory(stages).write(str(path), format="STATIONXML")
        peaks.append(np.abs(remove_response(1e6 * tone(0.5), 100.0, START_NS, "XX.AAA.", "HHZ", path)).max())
    assert peaks[0] > 2.5 * peaks[1]
