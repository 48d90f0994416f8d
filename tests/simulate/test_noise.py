from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import butter, freqs, sosfilt, sosfiltfilt, welch

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import noise as module
from quakescribe.simulate.network import Station, stations
from quakescribe.simulate.noise import daytime, level, noise
from quakescribe.simulate.spectra import band, band_rms, noise_db, response, velocity_amplitude

START_S = 1709510400  # Monday 4 March 2024, 00:00 UTC


def make(rate: float = 50.0, **sections: dict[str, object]) -> SimulateSettings:
    values: dict[str, object] = {"start": "2024-03-04T00:00:00Z", "hours": 24, "network": {"sampling_rate": rate}}
    return SimulateSettings(**values | sections)


def rms_in_band(x: np.ndarray, rate: float, high: float = 20.0) -> np.ndarray:
    spectrum = np.fft.rfft(x * np.hanning(x.shape[1]))
    f = np.fft.rfftfreq(x.shape[1], 1.0 / rate)
    inside = (f >= 1.0) & (f <= high)
    return np.sqrt(np.sum(np.abs(spectrum[:, inside]) ** 2, axis=1) * 2.0 / x.shape[1] / (0.375 * x.shape[1]))


def at(hour: float, rate: float = 50.0) -> int:
    return int((START_S + hour * 3600) * rate)


def test_the_models_are_those_of_obspy() -> None:
    from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

    for number, get in enumerate((get_nlnm, get_nhnm)):
        period, decibels = get()
        inside = period <= 100.0
        assert np.max(np.abs(noise_db(1.0 / period[inside], number, 0.0, 1.0) - decibels[inside])) < 0.2


def test_level_is_linear_in_decibels_tilt_turns_about_its_pivot_and_acceleration_rises_above_10_hz() -> None:
    f = np.array([0.2, 1.0, 4.5, 10.0, 40.0])
    low, high = noise_db(f, 0.0, 0.0, 1.0), noise_db(f, 1.0, 0.0, 1.0)
    np.testing.assert_allclose(noise_db(f, 0.3, 0.0, 1.0), 0.7 * low + 0.3 * high)
    own = f >= 1.0
    tilted = noise_db(f, 0.3, 6.0, 1.0) - noise_db(f, 0.3, 0.0, 1.0)
    np.testing.assert_allclose(tilted[own], 6.0 * np.log10(f[own] / 4.5), atol=1e-9)
    assert noise_db(40.0, 0.3, 0.0, 1.0) - noise_db(10.0, 0.3, 0.0, 1.0) == pytest.approx(12.0 * np.log10(4.0))


def test_the_sea_shakes_all_stations_alike_and_each_has_its_own_level_above_1_hz():
    sea, own = np.array([0.05, 0.15, 0.29]), np.array([1.0, 5.0, 20.0])
    quiet, loud = (lambda f, level=level, tilt=tilt: noise_db(f, level, tilt, 1.0, 0.4)
                   for level, tilt in ((0.2, -5.0), (0.7, 5.0)))
    np.testing.assert_allclose(quiet(sea), loud(sea))
    np.testing.assert_allclose(quiet(sea), noise_db(sea, 0.4, 0.0, 1.0))
    np.testing.assert_allclose(quiet(own), noise_db(own, 0.2, -5.0, 1.0))


def test_the_microseism_grows_in_its_band_and_nowhere_else() -> None:
    f = np.array([0.04, 0.1, 0.2, 0.4, 0.9])
    np.testing.assert_allclose(noise_db(f, 0.5, 0.0, 3.0) - noise_db(f, 0.5, 0.0, 1.0),
                               20.0 * np.log10(3.0) * np.array([0, 1, 1, 1, 0]), atol=1e-9)
    assert np.isfinite(noise_db(f, 0.5, 0.0, 0.0)).all()


def test_velocity_is_acceleration_over_angular_frequency_and_nothing_at_0_hz() -> None:
    assert velocity_amplitude(0.0, 0.5, 0.0, 1.0) == 0.0
    expected = 10 ** (noise_db(2.0, 0.5, 0.0, 1.0) / 20.0) / (4.0 * np.pi)
    assert velocity_amplitude(2.0, 0.5, 0.0, 1.0) == pytest.approx(expected)


def test_the_response_is_that_of_a_damped_pendulum() -> None:
    f = np.array([0.5, 2.0, 4.5, 30.0])
    w0 = 2.0 * np.pi * 4.5
    _, expected = freqs([1.0, 0.0, 0.0], [1.0, 2.0 * 0.707 * w0, w0**2], 2.0 * np.pi * f)
    np.testing.assert_allclose(response(f, 4.5), expected)
    assert (response(f, None) == 1.0).all() and response(0.0, 4.5) == 0.0


@pytest.mark.parametrize("corner", [None, 2.0])
def test_noise_has_the_spectrum_asked_for(corner: float | None) -> None:
    settings = make(100.0, instruments={"corner_hz": corner}, noise={"horizontal": 1.5})
    station = stations(settings)[3]
    f, power = welch(noise(settings, station, at(0, 100.0), 720_000), 100.0, nperseg=20_000)
    f, power = f[15:-400], power[:, 15:-400]  # 0.075 to 48 Hz
    density = velocity_amplitude(f, station.noise_level, station.noise_tilt_db, 1.0, settings.noise.level)
    expected = (density * np.abs(response(f, corner))) ** 2
    bins = np.digitize(np.log2(f), np.arange(-3.0, 5.6, 0.5))
    for row, factor in enumerate((1.0, 1.5, 1.5)):
        ratio = 10.0 * np.log10(power[row] / expected / factor**2)
        means = np.bincount(bins, ratio) / np.maximum(np.bincount(bins), 1)
        assert np.abs(means[bins]).max() < 1.0
    assert np.abs(ratio.mean()) < 0.3


def test_nothing_lies_below_the_cut() -> None:
    settings = make(50.0)
    x = noise(settings, stations(settings)[0], at(0, 50.0), 50 * 7200)
    f, power = welch(x[0], 50.0, nperseg=50 * 1200)
    assert power[(f > 0) & (f < 0.012)].max() < 0.03 * power[(f > 0.03) & (f < 0.05)].mean()


@pytest.mark.parametrize("hour", [0.0, 6.0, 11.0])  # night, dawn (UTC + 2 h), noon
def test_the_level_is_the_root_mean_square_that_noise_has(hour: float) -> None:
    settings = make(noise={"day_factor": 3.0, "hum_hz": 12.5, "hum_factor": 1.5})
    for station in stations(settings)[:2]:  # the first has the hum
        x = noise(settings, station, at(hour), 1800 * 50)
        times = (START_S + int(hour * 3600) + np.arange(1800)) * 10**9
        expected = np.sqrt(np.average(level(settings, station, times) ** 2, weights=np.hanning(1800) ** 2))
        seen = sosfilt(band(50.0), x)[:, 1000:].std(axis=1)
        assert seen[0] == pytest.approx(expected, rel=0.03)
        assert seen[1:] == pytest.approx(expected * settings.noise.horizontal, rel=0.04)


@pytest.mark.parametrize("microseism", [1.0, 5.0])
def test_the_level_counts_what_leaks_in_from_the_microseism(microseism: float) -> None:
    settings = make(100.0, noise={"microseism": microseism, "level": 0.1, "day_factor": 1.0})
    station = stations(settings)[1]
    x = noise(settings, station, at(0, 100.0), 360_000)[0]
    assert sosfilt(band(100.0), x)[2000:].std() == pytest.approx(float(level(settings, station, START_S * 10**9)),
                                                                rel=0.04)


def test_noon_is_louder_than_night_above_1_hz_and_as_loud_below() -> None:
    settings = make(noise={"day_factor": 4.0})
    station = stations(settings)[1]
    (_, night), (f, noon) = (welch(noise(settings, station, at(hour), 3600 * 50)[0], 50.0, nperseg=10_000)
                             for hour in (0, 10))
    ratio = np.sqrt(noon / night)
    assert ratio[(f > 1.1) & (f < 24)].mean() == pytest.approx(4.0, rel=0.05)
    assert ratio[(f > 0.05) & (f < 0.45)].mean() == pytest.approx(1.0, rel=0.1)


def test_the_level_of_night_is_the_stations_own() -> None:
    settings = make(100.0)
    for station in stations(settings):
        assert level(settings, station, START_S * 10**9) == pytest.approx(station.noise_m_s)
        assert station.noise_m_s == band_rms(station.noise_level, station.noise_tilt_db, settings.noise)


def test_power_is_constant_across_the_seams_of_tiles() -> None:
    settings = make(50.0, noise={"microseism": 0.0, "day_factor": 1.0})
    station = stations(settings)[0]
    x = noise(settings, station, at(0, 50.0), 50 * 600 * 100)
    power = (sosfiltfilt(butter(4, 1.0, "high", fs=50.0, output="sos"), x) ** 2).mean(axis=0).reshape(100, 30_000)
    seam, middle = power[:, :200].mean(), power[:, 1000:-1000].mean()
    assert np.sqrt(seam / middle) == pytest.approx(1.0, abs=0.02)


def test_any_cut_gives_the_same_bytes() -> None:
    settings = make(50.0, noise={"day_factor": 2.0, "hum_hz": 3.3})
    station, first, n = stations(settings)[0], at(5.9, 50.0) - 777, 100_000
    whole = noise(settings, station, first, n)
    cuts = [0, 1, 500, 12_345, 12_346, 39_999, n]
    module._tile.cache_clear()
    parts = [noise(settings, station, first + a, b - a) for a, b in reversed(list(pairwise(cuts)))]
    assert np.hstack(parts[::-1]).tobytes() == whole.tobytes()
    assert noise(settings, station, first, 0).shape == (3, 0)


def test_components_stations_and_tiles_have_noise_of_their_own() -> None:
    settings = make()
    a, b = (noise(settings, station, at(0), 60_000) for station in stations(settings)[:2])
    rows = np.vstack([a[:, :30_000], a[:, 30_000:], b[:, :30_000]])
    rows = sosfiltfilt(butter(2, 1.0, "high", fs=50.0, output="sos"), rows)
    between = np.corrcoef(rows) - np.eye(9)
    assert np.abs(between).max() < 0.05


def test_the_day_begins_and_ends_smoothly_wraps_about_midnight_and_halves_at_weekends() -> None:
    plain = make(noise={"local_time_h": 0.0}).noise
    hours = START_S + 3600 * np.array([0.0, 7.0, 8.0, 9.0, 12.0, 17.0, 18.0, 19.0])
    np.testing.assert_allclose(daytime(plain, hours), [0, 0, 0.5, 1, 1, 1, 0.5, 0], atol=1e-12)
    saturday = START_S + 5 * 86_400 + 43_200
    assert daytime(plain, saturday) == plain.weekend
    east = make(noise={"local_time_h": 3.0}).noise
    np.testing.assert_allclose(daytime(east, hours - 3 * 3600), daytime(plain, hours), atol=1e-12)
    wrapped = make(noise={"local_time_h": 0.0, "day_hours": (22.0, 4.0)}).noise
    np.testing.assert_allclose(daytime(wrapped, START_S + 3600 * np.array([0.0, 22.0, 12.0])), [1, 0.5, 0], atol=1e-12)
    always, never = (make(noise={"day_hours": hours}).noise for hours in ((0.0, 24.0), (8.0, 8.0)))
    assert daytime(always, START_S) == 1.0 and daytime(never, START_S + 43_200) == 0.0


def faulty() -> tuple[SimulateSettings, Station]:
    settings = make(faulty={"add": True, "begins_at": 0.25, "noise_factor": 15.0}, noise={"day_factor": 1.0})
    return settings, stations(settings)[-1]


def test_a_faulty_station_is_an_ordinary_one_until_it_fails() -> None:
    settings, station = faulty()
    sound = settings.model_copy(update={"faulty": settings.faulty.model_copy(update={"noise_factor": 1.0})})
    first, begins = at(5.9), at(6.0)
    broken, ordinary = (noise(s, station, first, 30_000) for s in (settings, sound))
    before = begins - first
    np.testing.assert_allclose(broken[:, :before], ordinary[:, :before], atol=1e-5 * ordinary.std())
    ratio = rms_in_band(broken[:, before + 50:], 50.0) / rms_in_band(ordinary[:, before + 50:], 50.0)
    np.testing.assert_allclose(ratio, 15.0, rtol=0.02)
    levels = level(settings, station, (START_S + np.array([21_600, 21_601])) * 10**9)
    assert levels[1] / levels[0] == pytest.approx(15.0, rel=0.06)  # the microseism leaks in and stays as it is
