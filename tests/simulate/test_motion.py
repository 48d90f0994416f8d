import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfilt

from quakescribe.measure.attenuation import ATTENUATIONS
from quakescribe.measure.response import record
from quakescribe.settings.measure import MeasureSettings
from quakescribe.simulate import radiation
from quakescribe.simulate.motion import ground_motion, reach_s
from quakescribe.simulate.shot import shot_of
from quakescribe.waveforms.block import grid_index

from .motion_cases import changed

RATE = 100


@pytest.fixture(scope="module")
def loud(scenario):
    return changed(scenario, noise_m_s=1e-12, magnitude=2.0)


@pytest.fixture(scope="module")
def bare(loud):
    """Without scattered waves behind P, so that nothing but the rays remains before S."""
    return changed(loud, earth={"p_coda_ratio": 0.0, "scattering_per_km": 0.0, "converted": 0.0})


def _far(scenario, event=3):
    return event, int(np.argmax(scenario.paths.distance_km[event]))


def test_a_motion_made_twice_is_identical_whatever_was_made_between(scenario):
    first, once = ground_motion(scenario, 4, 2)
    ground_motion(scenario, 5, 1)
    again, twice = ground_motion(scenario, 4, 2)
    assert first == again
    assert once.tobytes() == twice.tobytes()


def test_motions_of_other_events_and_stations_differ(loud):
    cut = [ground_motion(loud, i, j)[1][:, :150] for i, j in ((4, 2), (5, 2), (4, 3))]
    for a, b in ((0, 1), (0, 2)):
        assert np.abs(np.corrcoef(cut[a].ravel(), cut[b].ravel())[0, 1]) < 0.5


def test_motion_begins_at_the_onset(loud):
    i, j = _far(loud)
    first, motion = ground_motion(loud, i, j)
    assert first == grid_index(int(loud.paths.onset_ns[i, j, 0]), RATE)
    size = np.linalg.norm(motion, axis=0)
    shot = shot_of(loud, i, j)
    assert size[:15].max() > 0.05 * size[:shot.gap - 20].max()
    assert size[shot.gap:shot.gap + 100].max() > 2.0 * size[shot.gap - 70:shot.gap - 65].max()


def test_motion_ends_smoothly_and_below_the_noise(scenario):
    for i, j in ((0, 0), (3, 2), (7, 4)):
        _, motion = ground_motion(scenario, i, j)
        noise = scenario.stations[j].noise_m_s
        assert np.all(np.isfinite(motion))
        assert np.abs(motion[:, -1]).max() < 1e-3 * noise
        assert motion[:, -100:].std() < 0.3 * noise


def test_p_shakes_along_the_ray(bare):
    """All of the first arrival and its train: the share of P's energy along the ray, against a tail from all around."""
    for i, j in ((3, 2), (5, 1), (8, 4)):
        shot = shot_of(bare, i, j)
        _, motion = ground_motion(bare, i, j)
        first = motion[:, :6]
        _, _, vh = np.linalg.svd(first.T, full_matrices=False)
        ray = radiation.directions(shot.azimuth_deg, shot.incidence_deg)[0]
        assert abs(vh[0] @ ray) > 0.97


def test_sh_shakes_across_the_path_and_sv_in_its_plane(loud, monkeypatch):
    i, j = 3, int(np.argmin(loud.paths.distance_km[3]))
    shot = shot_of(loud, i, j)
    ways = radiation.directions(shot.azimuth_deg, shot.incidence_deg)
    for row, other in ((1, 2), (2, 1)):
        couple = np.zeros(3)
        couple[row] = 1.0
        monkeypatch.setattr(radiation, "double_couple", lambda *args, only=couple: only)
        monkeypatch.setattr(radiation, "blurred", lambda pattern, f: np.abs(pattern)[:, None] + 1e-6 + 0 * f)
        _, motion = ground_motion(loud, i, j)
        s = motion[:, shot.gap:shot.gap + 15]
        assert np.linalg.norm(ways[row] @ s) > 2.0 * np.linalg.norm(ways[other] @ s)


def test_the_sense_of_the_first_motion_is_the_radiations(bare):
    for i in range(8):
        shot = shot_of(bare, i, 1)
        couple = radiation.double_couple(shot.azimuth_deg, shot.takeoff_deg, *shot.mechanism)
        ray = radiation.directions(shot.azimuth_deg, shot.incidence_deg)[0]
        _, motion = ground_motion(bare, i, 1)
        assert np.sign(ray @ motion[:, 1]) == np.sign(couple[0])


def test_a_head_wave_rises_more_slowly_and_the_direct_wave_follows(loud):
    pairs = np.argwhere(loud.paths.head_wave[..., 0])
    assert len(pairs) >= 10
    plain = changed(loud, paths={"head_wave": np.zeros_like(loud.paths.head_wave),
                                 "direct_s": np.zeros_like(loud.paths.direct_s)})
    first, peak = [], []
    for i, j in pairs[:40]:
        lag = round(shot_of(loud, i, j).direct_s[0] * RATE)
        assert lag >= 0
        size, other = (np.abs(ground_motion(case, i, j)[1][0, :lag + 60]) for case in (loud, plain))
        first.append(size[:8].max() / size.max() / (other[:8].max() / other.max()))
        peak.append(np.argmax(size) - lag)
    assert np.median(first) < 0.4
    assert np.mean(np.array(peak) >= 0) > 0.8


def test_the_converted_wave_comes_before_s_on_the_vertical(loud):
    quiet = {"p_coda_ratio": 0.0, "converted_lead_s": (0.4, 0.5)}
    ratio = []
    for i in range(10):
        shot = shot_of(loud, i, 1)
        lead = slice(shot.gap - 50, shot.gap - 10)
        with_it, without = (ground_motion(changed(loud, earth={**quiet, "converted": c}), i, 1)[1][:, lead]
                            for c in (0.8, 0.0))
        added = np.abs(with_it - without).max(axis=1)
        assert added[0] > 2.0 * np.hypot(*added[1:])
        ratio.append(added[0] > 0.0)
    assert all(ratio)


def _rms(rows):
    return np.sqrt(np.mean(rows**2))


def test_a_blast_has_a_weaker_s_than_an_earthquake_and_a_slow_rayleigh_wave(loud):
    high, low = (butter(4, band, "bandpass", fs=RATE, output="sos") for band in ((4, 15), (0.5, 2)))
    s_over_p, slow = {}, {}
    for kind in ("earthquake", "blast"):
        case = changed(loud, kind=kind, magnitude=1.5, depth_km=0.0)
        for i in range(10):
            j = _far(case, i)[1]
            shot = shot_of(case, i, j)
            _, motion = ground_motion(case, i, j)
            fast, tail = sosfilt(high, motion), sosfilt(low, motion)
            s_over_p.setdefault(kind, []).append(
                _rms(fast[1:, shot.gap:shot.gap + 100]) / _rms(fast[0, :min(shot.gap, 100)]))
            arrival = round((shot.distance_m / 2750.0 - shot.lapse_s[0]) * RATE)
            slow.setdefault(kind, []).append(_rms(tail[0, arrival - 200:arrival + 200]))
    assert np.median(s_over_p["blast"]) < 0.5 * np.median(s_over_p["earthquake"])
    assert np.median(slow["blast"]) > 2.0 * np.median(slow["earthquake"])


def test_a_blasts_first_motion_is_up_everywhere(bare):
    case = changed(bare, kind="blast", depth_km=0.0, paths={"head_wave": np.zeros_like(bare.paths.head_wave)})
    up = [ground_motion(case, i, j)[1][0, 1] > 0.0 for i in range(8) for j in range(6)]
    assert np.mean(up) > 0.85  # chance: 0.5


def test_a_teleseism_is_alike_at_all_stations_slow_and_long(scenario):
    case = changed(scenario, kind="teleseism", magnitude=6.0, site=1.0)
    rows = np.array([ground_motion(case, 2, j)[1][0] for j in range(6)])
    assert np.corrcoef(rows).min() > 0.9
    assert 60 * RATE < rows.shape[1] <= 150 * RATE
    f = np.fft.rfftfreq(rows.shape[1], 1 / RATE)
    power = np.abs(np.fft.rfft(rows[0])) ** 2
    assert power[(f > 0.05) & (f < 1.8)].sum() > 0.98 * power.sum()
    other = ground_motion(case, 3, 0)[1][0]
    assert abs(np.corrcoef(rows[0], other)[0, 1]) < 0.5


def test_a_regional_earthquake_is_long_and_low(loud):
    n = len(loud.events)
    far = {"distance_km": np.full((n, 6), 300.0), "hypocentral_km": np.full((n, 6), 300.0),
           "onset_ns": loud.events["time"].astype("int64").to_numpy()[:, None, None]
           + np.array([42_000_000_000, 73_000_000_000]) + np.zeros((n, 6, 1), dtype=np.int64)}
    case = changed(loud, kind="regional", magnitude=4.0, paths=far)
    _, motion = ground_motion(case, 0, 1)
    assert motion.shape[1] > 200 * RATE
    spectrum = [np.abs(np.fft.rfft(m[2, g:g + 1000])) ** 2 for m, g in (
        (motion, 3100), (ground_motion(changed(loud, magnitude=4.0), 0, 1)[1], shot_of(loud, 0, 1).gap))]
    f = np.fft.rfftfreq(1000, 1 / RATE)
    centre = [np.sum(f * s) / np.sum(s) for s in spectrum]
    assert centre[0] < 0.7 * centre[1]


def test_a_tiny_event_is_short_and_tiny(scenario):
    tiny = changed(scenario, magnitude=-4.0)
    first, motion = ground_motion(tiny, 3, 2)
    assert first == grid_index(int(scenario.paths.onset_ns[3, 2, 0]), RATE)
    assert motion.shape[1] <= shot_of(tiny, 3, 2).gap + 2 * RATE + 1
    assert 0.0 < np.abs(motion).max() < 0.02 * scenario.stations[2].noise_m_s


def test_a_louder_station_hears_a_motion_for_a_shorter_time(scenario):
    lengths = [ground_motion(changed(scenario, noise_m_s=level), 1, 1)[1].shape[1] for level in (1e-9, 1e-8, 1e-7)]
    assert lengths[0] > lengths[1] > lengths[2]


def test_no_motion_outlasts_the_reach(scenario):
    for case in (changed(scenario, noise_m_s=1e-15), changed(scenario, kind="regional", noise_m_s=1e-15)):
        longest = max(ground_motion(case, i, j)[1].shape[1] for i in range(3) for j in range(6))
        assert longest / RATE <= reach_s(case)
    assert reach_s(changed(scenario, kind="teleseism")) < reach_s(changed(scenario, kind="regional"))


def test_the_reach_of_no_events_is_nothing(scenario):
    empty = changed(scenario, paths={"onset_ns": scenario.paths.onset_ns[:0]})
    object.__setattr__(empty, "events", scenario.events.iloc[:0])
    assert reach_s(empty) == 0.0


def test_local_magnitudes_of_the_motions_are_the_true_ones(scenario):
    """Hutton & Boore (1987): in the middle, and growing as the true ones do."""
    settings = MeasureSettings()
    true, seen = [], []
    for magnitude in (0.0, 1.25, 2.5, 3.75, 5.0):
        case = changed(scenario, noise_m_s=1e-11, magnitude=magnitude)
        for i in range(8):
            for j in range(6):
                swing = 1000 * np.abs(record(ground_motion(case, i, j)[1][1:], RATE, "m/s", settings)).max(axis=1)
                far = ATTENUATIONS[settings.attenuation](case.paths.hypocentral_km[i, j])
                true.append(magnitude)
                seen.append(np.log10(swing).mean() + float(far) - np.log10(case.stations[j].site))
    frame = pd.DataFrame({"true": true, "off": np.array(seen) - true}).groupby("true")["off"].median()
    assert abs(np.median(np.array(seen) - true)) < 0.2
    assert abs(np.polyfit(frame.index, frame, 1)[0]) < 0.06
