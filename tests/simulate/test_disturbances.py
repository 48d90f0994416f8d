from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from quakescribe.settings.simulate import DisturbanceSettings, SimulateSettings
from quakescribe.simulate import disturbances as module
from quakescribe.simulate.disturbances import disturbances, drawn, listed
from quakescribe.simulate.network import Station, stations
from quakescribe.simulate.truth import TRUTH_TRANSIENTS

START_S = 1709510400  # Monday 4 March 2024, 00:00 UTC
RATE = 50
RATES = [name for name in DisturbanceSettings.model_fields if name.endswith("_per_day")]
NONE = dict.fromkeys(RATES, 0.0)


def make(hours: float = 24.0, faulty: dict[str, object] | None = None, rate: int = RATE,
         **rates: object) -> tuple[SimulateSettings, Station]:
    values = {"start": "2024-03-04T00:00:00Z", "hours": hours, "network": {"sampling_rate": rate},
              "noise": {"local_time_h": 0.0}, "disturbances": NONE | rates, "faulty": faulty or {}}
    settings = SimulateSettings(**values)
    return settings, stations(settings)[-1 if faulty else 0]


def first(settings: SimulateSettings) -> int:
    return settings.span_ns[0] // 10**9 * int(settings.network.sampling_rate)


def alone(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that no other row overlaps."""
    start = frame["time"].astype("int64").to_numpy() / 1e9
    end = start + frame["duration_s"].to_numpy()
    return frame[[(np.sum((start < e) & (end > s)) == 1) for s, e in zip(start, end, strict=True)]]


@pytest.mark.parametrize("rate", RATES)
def test_the_list_says_when_how_long_and_how_large(rate: str) -> None:
    settings, station = make(2.0, **{rate: 400.0, "day_ratio": 1.0})
    begin, n = first(settings), 2 * 3600 * RATE
    x = disturbances(settings, station, begin, n)
    found = listed(settings, station, *settings.span_ns)
    TRUTH_TRANSIENTS.check(found)
    assert len(found) > 10
    quiet = np.ones(n + 10 * 60 * RATE, dtype=bool)
    earlier = listed(settings, station, settings.span_ns[0] - 600 * 10**9, settings.span_ns[1])
    for time, duration in zip(earlier["time"].astype("int64"), earlier["duration_s"], strict=True):
        at = time // 1000 * RATE // 1_000_000 - begin
        quiet[max(at, 0):max(at + round(duration * RATE), 0)] = False
    assert not x[:, quiet[:n]].any()
    for row in alone(earlier).itertuples():
        at = row.time.value // 1000 * RATE // 1_000_000 - begin
        part = x[:, max(at, 0):at + round(row.duration_s * RATE)]
        if at >= 0 and at + round(row.duration_s * RATE) <= n:
            assert np.abs(part).max() == pytest.approx(row.peak_m_s)
            assert np.abs(part[:, :RATE // 2]).max() > 0.0


def test_peaks_lie_within_the_limits_over_the_stations_noise() -> None:
    settings, station = make(impulses_per_day=500.0, peak_log10=(0.5, 1.0), spikes_per_day=500.0,
                             glitch_log10=(2.0, 3.0))
    found = listed(settings, station, *settings.span_ns)
    size = np.log10(found["peak_m_s"] / station.noise_m_s).groupby(found["kind"]).agg(["min", "max"]).round(2)
    np.testing.assert_allclose(size.loc["impulse"], [0.5, 1.0], atol=0.03)
    np.testing.assert_allclose(size.loc["spike"], [2.0, 3.0], atol=0.03)


def test_any_cut_gives_the_same_bytes() -> None:
    settings, station = make(2.0, {"add": True, "begins_at": 0.0, "bursts_per_day": 5000.0}, impulses_per_day=2000.0,
                             spindles_per_day=500.0, steps_per_day=500.0, spikes_per_day=500.0)
    begin, n = first(settings), 3600 * RATE
    whole = disturbances(settings, station, begin, n)
    seams = [k * module.TILE_S * RATE for k in range(1, 6)]
    cuts = sorted([0, 1, *seams, seams[2] + 1, 30_111, 30_112, 71_000, n])
    found = listed(settings, station, *settings.span_ns)
    since = (found["time"].astype("int64") / 1e9 - START_S) % module.TILE_S
    assert (since + found["duration_s"] > module.TILE_S).sum() > 5  # some reach across a seam
    drawn.cache_clear()
    parts = [disturbances(settings, station, begin + a, b - a) for a, b in reversed(list(pairwise(cuts)))]
    assert np.hstack(parts[::-1]).tobytes() == whole.tobytes()
    assert disturbances(settings, station, begin, 0).shape == (3, 0)


def test_lists_of_parts_make_the_list_of_the_whole() -> None:
    settings, station = make(6.0, impulses_per_day=800.0)
    start, end = settings.span_ns
    cuts = [start, start + 1, start + 1234 * 10**9, start + 3 * 3600 * 10**9, end]
    whole = listed(settings, station, start, end)
    parts = pd.concat([listed(settings, station, a, b) for a, b in pairwise(cuts)], ignore_index=True)
    pd.testing.assert_frame_equal(parts, whole)
    onset = int(whole["time"].iloc[3].value)
    assert len(listed(settings, station, onset, onset + 1)) == 1 and len(listed(settings, station, start, onset)) == 3


def test_zero_rates_give_nothing() -> None:
    settings, station = make(1.0)
    assert not disturbances(settings, station, first(settings), 3600 * RATE).any()
    empty = listed(settings, station, *settings.span_ns)
    assert empty.empty and list(empty.columns) == TRUTH_TRANSIENTS.names


def counts(settings: SimulateSettings, station: Station, days: int) -> np.ndarray:
    """Return the number of disturbances in each hour of so many days (days, 24)."""
    tile = settings.span_ns[0] // 10**9 // module.TILE_S
    numbers = np.array([len(drawn(settings, station, tile + k)) for k in range(days * 144)])
    return numbers.reshape(days, 24, 6).sum(axis=2)


def test_numbers_are_poisson_and_as_many_a_working_day_as_asked_for() -> None:
    settings, station = make(impulses_per_day=300.0, day_ratio=1.0)
    per_hour = counts(settings, station, 25)
    assert per_hour.sum() / 25 == pytest.approx(300.0, abs=4 * np.sqrt(300.0 / 25))
    assert per_hour.var() / per_hour.mean() == pytest.approx(1.0, abs=0.2)


def test_the_day_has_more_than_the_night_and_digitisers_know_no_day() -> None:
    settings, station = make(impulses_per_day=600.0, day_ratio=5.0)
    hours = counts(settings, station, 5)  # Monday to Friday
    assert hours.sum() == pytest.approx(3000, abs=4 * np.sqrt(3000))
    assert hours[:, 9:17].mean() / hours[:, [*range(7), *range(19, 24)]].mean() == pytest.approx(5.0, rel=0.2)
    settings, station = make(spikes_per_day=600.0, day_ratio=5.0)
    hours = counts(settings, station, 5)
    assert hours[:, 9:17].mean() / hours.mean() == pytest.approx(1.0, abs=0.15)


def test_a_change_of_one_rate_leaves_the_other_kinds_as_they_are() -> None:
    lists = []
    for rate in (0.0, 500.0):
        settings, station = make(3.0, doublets_per_day=400.0, impulses_per_day=rate)
        found = listed(settings, station, *settings.span_ns)
        lists.append(found[found["kind"] == "doublet"].reset_index(drop=True))
    pd.testing.assert_frame_equal(*lists)


def test_a_spike_is_one_sample_of_one_component() -> None:
    settings, station = make(6.0, spikes_per_day=200.0)
    x = disturbances(settings, station, first(settings), 6 * 3600 * RATE)
    found = listed(settings, station, *settings.span_ns)
    assert np.count_nonzero(x) == len(found) > 20
    assert set(np.nonzero(x)[0]) == {0, 1, 2}
    assert (found["duration_s"] == 1 / RATE).all() and found["separation_s"].isna().all()


def test_a_station_with_a_vertical_only_has_its_spikes_there() -> None:
    settings, _ = make(6.0, spikes_per_day=200.0)
    station = next(s for s in stations(settings) if s.components == "Z")
    x = disturbances(settings, station, first(settings), 6 * 3600 * RATE)
    assert x[0].any() and not x[1:].any()


def test_a_spike_of_an_oblique_channel_is_in_no_other() -> None:
    settings, _ = make(6.0, spikes_per_day=300.0)
    station = next(s for s in stations(settings) if s.components == "Z12")
    x = disturbances(settings, station, first(settings), 6 * 3600 * RATE)
    a = np.radians(station.azimuth_deg)
    channels = np.array([x[0], np.cos(a) * x[1] + np.sin(a) * x[2], -np.sin(a) * x[1] + np.cos(a) * x[2]])
    hit = np.abs(channels) > 1e-9 * np.abs(channels).max()
    assert (hit.sum(axis=0) <= 1).all() and (hit.sum(axis=1) > 5).all()
    np.testing.assert_allclose(np.sort(np.abs(channels[hit])),
                               np.sort(listed(settings, station, *settings.span_ns)["peak_m_s"]))


def test_doublets_look_like_p_and_s() -> None:
    settings, station = make(doublets_per_day=200.0)
    found = alone(listed(settings, station, *settings.span_ns))
    found = found[found["separation_s"] > 1.5]
    assert found["separation_s"].between(0.5, 4.0).all() and len(found) > 50
    first_, second = [], []
    for row in found.itertuples():
        at = row.time.value // 1000 * RATE // 1_000_000
        x = disturbances(settings, station, at, round((row.separation_s + 1.0) * RATE))
        k = round(row.separation_s * RATE)
        first_.append(np.abs(x[:, :RATE]).max(axis=1))
        second.append(np.abs(x[:, k:k + RATE]).max(axis=1))
    a, b = np.median(first_, axis=0), np.median(second, axis=0)
    assert a[0] > a[1:].max() and b[0] < b[1:].min() and np.mean(np.max(second, axis=1) > np.max(first_, axis=1)) > 0.95


def test_the_faulty_station_bursts_from_its_failure_on_and_nearly_regularly() -> None:
    settings, station = make(4.0, {"add": True, "begins_at": 0.5, "bursts_per_day": 8640.0})
    found = listed(settings, station, *settings.span_ns)
    begins = pd.Timestamp(settings.faulty_from_ns, tz="UTC")
    assert len(found) == 720 and (found["kind"] == "burst").all() and (found["time"] >= begins).all()
    assert found["separation_s"].between(0.8, 3.0).all()
    gaps = found["time"].diff().dt.total_seconds().dropna()
    assert gaps.mean() == pytest.approx(10.0, abs=0.1) and gaps.max() <= 13.1 and gaps.std() > 0.5
    peaks = found["peak_m_s"] / station.noise_m_s / settings.faulty.noise_factor / settings.faulty.burst_factor
    assert peaks.between(0.5, 1.0).all()
    x = disturbances(settings, station, first(settings), 4 * 3600 * RATE)
    assert not x[:, :2 * 3600 * RATE].any() and x[:, 2 * 3600 * RATE:].any()
    sound = stations(settings)[0]
    assert listed(settings, sound, *settings.span_ns).empty


def test_nothing_lasts_longer_than_a_tile_and_low_sampling_rates_ring_below_nyquist() -> None:
    settings, station = make(2.0, rate=50, **dict.fromkeys(RATES, 300.0))
    found = listed(settings, station, *settings.span_ns)
    assert found["duration_s"].max() < module.TILE_S and set(found["kind"]) == set(module.CULTURAL + module.DIGITISER)
    assert np.isfinite(disturbances(settings, station, first(settings), 7200 * 50)).all()


@pytest.mark.parametrize(("section", "values"), [
    ("disturbances", {"peak_log10": (1.0, 0.5)}), ("disturbances", {"glitch_log10": (3.0, 1.0)}),
    ("faulty", {"burst_hz": (8.0, 3.0)}), ("disturbances", {"spikes_per_day": -1.0})])
def test_limits_that_descend_and_negative_rates_are_refused(section: str, values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        SimulateSettings(**{section: values})
