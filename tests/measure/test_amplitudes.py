import numpy as np
import pandas as pd
import pytest

from quakescribe.measure import wood_anderson
from quakescribe.measure.windows import windows
from quakescribe.settings.measure import MeasureSettings

from .conftest import P_S, RATE, S_S, START_NS, burst, make_arrivals, make_block, make_origins

SETTINGS = MeasureSettings()


def loader(*blocks):
    return lambda station_id, start, end: [b for b in blocks if b.station_id == station_id]


def reasons(skips):
    return dict(zip(skips["reason"], skips["count"], strict=True))


def test_a_burst_has_the_amplitude_of_its_displacement(origins, arrivals):
    amplitudes, skips = wood_anderson(loader(make_block(burst(frequency=5.0))), origins, arrivals, SETTINGS)
    expected = 1e-5 / (2 * np.pi * 5.0) * 2080
    assert amplitudes["amplitude_m"].iloc[0] == pytest.approx(expected, rel=0.1)
    assert amplitudes["n_components"].iloc[0] == 2
    assert amplitudes["snr"].iloc[0] > 100
    assert abs(amplitudes["time"].iloc[0].value - (START_NS + (S_S + 1.5) * 1e9)) < 0.3e9
    assert skips.empty


def test_ten_times_the_motion_is_ten_times_the_amplitude(origins, arrivals):
    data = burst()
    one, ten = (wood_anderson(loader(make_block(data * f)), origins, arrivals, SETTINGS)[0]["amplitude_m"].iloc[0]
                for f in (1, 10))
    assert ten == pytest.approx(10 * one, rel=1e-9)


def test_velocity_acceleration_and_displacement_give_the_same(origins, arrivals):
    data = burst(noise=0.0)
    steps = {"m": np.cumsum(data, axis=1) / RATE, "m/s": data, "m/s**2": np.gradient(data, 1 / RATE, axis=1)}
    values = [wood_anderson(loader(make_block(d, unit=u)), origins, arrivals, SETTINGS)[0]["amplitude_m"].iloc[0]
              for u, d in steps.items()]
    assert values == pytest.approx([values[1]] * 3, rel=0.03)


@pytest.mark.parametrize(("seconds", "reason"), [((62.0, 62.5), "gap"), ((50.0, 50.1), "gap"), ((30.0, 31.0), None)])
def test_a_gap_in_the_window_or_its_noise_is_refused_and_one_elsewhere_is_not(origins, arrivals, seconds, reason):
    data = burst()
    mask = np.zeros(data.shape, bool)
    mask[2, int(seconds[0] * RATE):int(seconds[1] * RATE)] = True
    amplitudes, skips = wood_anderson(loader(make_block(data, mask=mask)), origins, arrivals, SETTINGS)
    assert reasons(skips) == ({reason: 1} if reason else {})
    assert len(amplitudes) == (0 if reason else 1)


def test_clipped_samples_are_refused(origins, arrivals):
    amplitudes, skips = wood_anderson(loader(make_block(burst(), clip=0.9e-5)), origins, arrivals, SETTINGS)
    assert amplitudes.empty
    assert reasons(skips) == {"clipped": 1}


def test_a_flat_topped_record_is_refused_though_its_limit_is_unknown(origins, arrivals):
    data = np.clip(burst(frequency=2.0), -6e-6, 6e-6)
    assert reasons(wood_anderson(loader(make_block(data)), origins, arrivals, SETTINGS)[1]) == {"clipped": 1}


def test_a_station_without_gain_gives_no_amplitude_and_says_so(origins, arrivals):
    amplitudes, skips = wood_anderson(loader(make_block(burst(), unit="counts")), origins, arrivals, SETTINGS)
    assert amplitudes.empty
    assert reasons(skips) == {"no-gain": 1}
    assert "gain" in skips["detail"].iloc[0]


def test_an_event_below_the_noise_gives_no_amplitude(origins, arrivals):
    data = burst(amplitude=1e-9, noise=1e-8)
    assert reasons(wood_anderson(loader(make_block(data)), origins, arrivals, SETTINGS)[1]) == {"low-snr": 1}


def test_a_noisy_component_does_not_count(origins, arrivals):
    data = burst()
    data[2] = np.random.default_rng(1).normal(0, 1e-5, data.shape[1])
    amplitudes, _ = wood_anderson(loader(make_block(data)), origins, arrivals, SETTINGS)
    assert amplitudes["n_components"].iloc[0] == 1
    assert amplitudes["amplitude_m"].iloc[0] == pytest.approx(1e-5 / (10 * np.pi) * 2080, rel=0.1)


def test_a_vertical_alone_gives_no_local_magnitude(origins, arrivals):
    block = make_block(burst(), present="Z")
    assert reasons(wood_anderson(loader(block), origins, arrivals, SETTINGS)[1]) == {"no-horizontal": 1}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_sample_that_is_no_number_is_a_gap(origins, arrivals, bad):
    data = burst()
    data[1, int(63 * RATE)] = bad
    amplitudes, skips = wood_anderson(loader(make_block(data)), origins, arrivals, SETTINGS)
    assert amplitudes.empty
    assert reasons(skips) == {"gap": 1}


def test_a_constant_or_zero_recording_gives_no_amplitude(origins, arrivals):
    for value in (0.0, 3.0):
        block = make_block(np.full((3, 10000), value))
        amplitudes, skips = wood_anderson(loader(block), origins, arrivals, SETTINGS)
        assert amplitudes.empty
        assert len(skips) == 1


def test_no_recording_and_no_events_are_said_and_survived(origins, arrivals):
    amplitudes, skips = wood_anderson(loader(), origins, arrivals, SETTINGS)
    assert amplitudes.empty
    assert reasons(skips) == {"no-data": 1}
    amplitudes, skips = wood_anderson(loader(), origins.iloc[:0], arrivals.iloc[:0], SETTINGS)
    assert amplitudes.empty
    assert skips.empty


def test_max_takes_the_larger_horizontal(origins, arrivals):
    data = burst()
    data[2] *= 4
    mean, largest = (wood_anderson(loader(make_block(data)), origins, arrivals, MeasureSettings(horizontal=how))[0]
                     for how in ("mean", "max"))
    assert largest["amplitude_m"].iloc[0] == pytest.approx(2 * mean["amplitude_m"].iloc[0], rel=0.01)


def test_a_missing_s_follows_from_p_and_the_origin_time(origins):
    arrivals = make_arrivals([(1, "XX.A.", "P", P_S, None)])  # origin 55 s, so S is expected at 63.65 s
    amplitudes, _ = wood_anderson(loader(make_block(burst())), origins, arrivals, SETTINGS)
    assert amplitudes["amplitude_m"].iloc[0] == pytest.approx(1e-5 / (10 * np.pi) * 2080, rel=0.1)


def test_another_event_ends_the_window_or_takes_it():
    origins = make_origins([(1, 55.0, 40.0, 30.0, 8.0), (2, 61.0, 40.0, 30.0, 8.0)])
    late = [(1, "XX.A.", "P", P_S, None), (1, "XX.A.", "S", S_S, None), (2, "XX.A.", "P", 66.0, None),
            (2, "XX.A.", "S", 70.0, None)]
    data = burst()
    data[1:, int(66 * RATE):] += 1e-3 * np.sin(np.arange(data.shape[1] - int(66 * RATE)) / 3)
    alone, skips = wood_anderson(loader(make_block(data)), origins, make_arrivals(late), SETTINGS)
    assert alone.set_index("event_id")["amplitude_m"][1] == pytest.approx(1e-5 / (10 * np.pi) * 2080, rel=0.1)
    early = [*late[:2], (2, "XX.A.", "P", 64.8, None), (2, "XX.A.", "S", 68.8, None)]
    _, skips = wood_anderson(loader(make_block(data)), origins, make_arrivals(early), SETTINGS)
    assert reasons(skips)["overlap"] == 1


def test_arrivals_of_events_that_are_not_asked_for_still_end_windows():
    origins = make_origins([(1, 55.0, 40.0, 30.0, 8.0)])
    arrivals = make_arrivals([(1, "XX.A.", "P", P_S, None), (1, "XX.A.", "S", S_S, None),
                              (2, "XX.A.", "S", 64.5, None)])
    amplitudes, skips = wood_anderson(loader(make_block(burst())), origins, arrivals, SETTINGS)
    assert amplitudes.empty
    assert reasons(skips) == {"overlap": 1}


def test_a_neighbours_predicted_onset_counts_whether_the_neighbour_is_wanted_or_not():
    origins = make_origins([(1, 51.5, 40.0, 30.0, 8.0), (2, P_S - 5, 40.0, 30.0, 8.0)])
    arrivals = make_arrivals([(1, "XX.A.", "P", 59.0, None),  # its S, predicted, comes 0.5 s after that of event 2
                              (2, "XX.A.", "P", P_S, None), (2, "XX.A.", "S", S_S, None)])
    both, one, alone = (windows(which, arrivals, SETTINGS, wanted) for which, wanted in (
        (origins, None), (origins, {2}), (origins[origins["event_id"] == 2], None)))
    assert one == [w for w in both if w.event_id == 2]
    assert one[0].overlapped
    assert not alone[0].overlapped


def test_only_the_wanted_events_are_measured(origins, arrivals):
    measured = (wood_anderson(loader(make_block(burst())), origins, arrivals, SETTINGS, wanted=wanted)
                for wanted in ([], {1}, np.array([1])))
    assert [len(amplitudes) + len(skips) for amplitudes, skips in measured] == [0, 1, 1]


def test_cutting_the_recording_changes_nothing(origins, arrivals):
    data = burst()
    whole = make_block(data)
    low = 4500
    part = make_block(data[:, low:8000], first=whole.first + low)
    for one in (whole, part):
        assert one.n >= 3000
    a, b = (wood_anderson(loader(block), origins, arrivals, SETTINGS)[0] for block in (whole, part))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_the_full_response_is_removed_from_the_cut_window(origins, arrivals):
    seen = []

    def remove(block):
        seen.append(block.n)
        return make_block(block.data * 2, first=block.first)

    plain, _ = wood_anderson(loader(make_block(burst())), origins, arrivals, SETTINGS)
    removed, _ = wood_anderson(loader(make_block(burst())), origins, arrivals, SETTINGS, remove)
    assert removed["amplitude_m"].iloc[0] == pytest.approx(2 * plain["amplitude_m"].iloc[0])
    assert len(seen) == 1
    assert seen[0] < 30 * RATE


def test_windows_are_exact_to_the_nanosecond_though_another_event_has_one_onset_only(origins, arrivals):
    odd = arrivals.assign(time=arrivals["time"] + pd.Timedelta(123, "ns"))
    alone = make_arrivals([(9, "XX.A.", "P", 400.0, np.nan)])
    nine = make_origins([(1, 55.0, 40.0, 30.0, 8.0), (9, 395.0, 40.0, 30.0, 8.0)])
    one, both = (windows(o, a, SETTINGS, [1]) for o, a in ((origins, odd), (nine, pd.concat([odd, alone]))))
    assert one == both
    assert one[0].begin_ns == odd["time"].min().value - int(SETTINGS.before_p_s * 1e9)
