import numpy as np
import pytest

from quakescribe.measure.response import record, transfer
from quakescribe.settings.measure import MeasureSettings

RATE = 100.0
SETTINGS = MeasureSettings(highpass_hz=0.02)


def oracle(frequency, amplitude, settings):
    """Steady-state swing of a damped pendulum under ground displacement of one frequency, times its magnification."""
    ratio = frequency * settings.wood_anderson_period_s
    h = settings.wood_anderson_damping
    return settings.wood_anderson_gain * amplitude * ratio**2 / np.hypot(1 - ratio**2, 2 * h * ratio)


@pytest.mark.parametrize("frequency", [0.5, 1.25, 3.0, 10.0, 25.0])
@pytest.mark.parametrize(("unit", "power"), [("m", 0), ("m/s", 1), ("m/s**2", 2)])
def test_a_steady_sine_swings_as_the_pendulum_says(frequency, unit, power):
    t = np.arange(6000) / RATE
    motion = 1e-6 * (2 * np.pi * frequency) ** power * np.sin(2 * np.pi * frequency * t)
    swing = record(motion, RATE, unit, SETTINGS)[2000:5500]
    expected = oracle(frequency, 1e-6, SETTINGS)
    assert np.sqrt(2 * np.mean(swing**2)) == pytest.approx(expected, rel=0.01)


def test_far_above_its_own_frequency_it_magnifies_displacement():
    gain = np.abs(transfer(np.array([40.0]), "m", MeasureSettings()))[0]
    assert gain == pytest.approx(2080, rel=0.002)


def test_agrees_with_obspy_simulating_the_same_poles():
    from obspy.signal.invsim import simulate_seismometer

    rng = np.random.default_rng(3)
    t = np.arange(6000) / RATE
    motion = np.where((t > 20) & (t < 40), 1.0, 0.0) * np.convolve(rng.normal(0, 1e-6, 6000), np.ones(8) / 8, "same")
    w0, h = 2 * np.pi / 0.8, 0.7
    poles = [w0 * (-h + 1j * np.sqrt(1 - h * h)), w0 * (-h - 1j * np.sqrt(1 - h * h))]
    paz = {"poles": poles, "zeros": [0j], "gain": 1.0, "sensitivity": 2080.0}
    theirs = simulate_seismometer(motion, RATE, paz_simulate=paz, taper=False, zero_mean=False, pitsasim=False)
    ours = record(motion, RATE, "m/s", SETTINGS)
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.01)


def test_it_is_causal():
    motion = np.zeros(4000)
    motion[2000:2100] = 1e-6 * np.hanning(100)
    swing = record(motion, RATE, "m/s", MeasureSettings())
    assert np.abs(swing[:1990]).max() < 1e-3 * np.abs(swing).max()


def test_microseism_is_kept_out():
    t = np.arange(12000) / RATE
    swing = record(1e-6 * np.sin(2 * np.pi * 0.15 * t), RATE, "m/s", MeasureSettings())[4000:]
    open_ = record(1e-6 * np.sin(2 * np.pi * 0.15 * t), RATE, "m/s", SETTINGS)[4000:]
    assert np.abs(swing).max() < 0.15 * np.abs(open_).max()
