import numpy as np
import pandas as pd
import pytest
from scipy import stats

from quakescribe.settings.simulate import Fault, SeismicitySettings, SimulateSettings
from quakescribe.simulate.etas import background, cascade, magnitudes, productivity, swarm

DAY_S = 86400.0
RULES = SeismicitySettings(magnitude_min=0.0, magnitude_max=4.0, omori_c_s=60.0, omori_p=1.5, branching_ratio=0.6)
WIDE = (Fault(length_km=4000.0, depth_km=(0.0, 700.0), dip_deg=90.0),)


def rng(seed=0):
    return np.random.default_rng(seed)


def shocks(magnitude, time_s=0.0):
    """Events in the middle of the first fault, without parents."""
    n = len(magnitude)
    return pd.DataFrame({"time_s": np.full(n, time_s), "magnitude": magnitude, "fault": np.zeros(n, dtype=np.int64),
                         "along_km": np.zeros(n), "down_km": np.zeros(n), "across_km": np.zeros(n),
                         "parent": np.full(n, -1)})


def direct(rules, magnitude, end_s=1e12):
    """The first generation of aftershocks; `parent` is the row of `magnitude`."""
    found = cascade(rng(), rules, shocks(magnitude), end_s)
    return found[(found["parent"] >= 0) & (found["parent"] < len(magnitude))]


@pytest.mark.parametrize("b", [0.7, 1.0, 1.5])
def test_magnitudes_have_the_b_value_by_aki(b):
    m = magnitudes(rng(), 20_000, -0.5, 8.0, b)
    assert np.log10(np.e) / (m.mean() + 0.5) == pytest.approx(b, abs=3 * b / np.sqrt(20_000))


def test_magnitudes_follow_the_law_between_both_ends():
    m = magnitudes(rng(), 20_000, 1.0, 2.0, 1.0)
    assert m.min() >= 1.0
    assert m.max() <= 2.0
    assert stats.kstest(m, lambda x: (1 - 10.0 ** (1 - x)) / 0.9).pvalue > 0.001


def test_equal_ends_give_one_magnitude():
    assert np.all(magnitudes(rng(), 5, 1.5, 1.5, 1.0) == 1.5)


@pytest.mark.parametrize(("b", "alpha", "top"), [(1.0, 0.8, 4.0), (1.0, 1.0, 3.0), (0.8, 1.0, 2.0), (1.0, 0.0, 3.0),
                                                 (1.0, 0.8, 0.0)])
def test_an_event_has_as_many_direct_aftershocks_as_the_branching_ratio_says(b, alpha, top):
    rules = RULES.model_copy(update={"b_value": b, "alpha": alpha, "magnitude_max": top, "omori_p": 3.0})
    roots = magnitudes(rng(1), 20_000, 0.0, top, b)
    counts = np.bincount(direct(rules, roots)["parent"], minlength=len(roots))
    assert counts.mean() == pytest.approx(0.6, abs=4 * counts.std() / np.sqrt(len(roots)))


def test_large_events_have_more_aftershocks_as_alpha_says():
    n = 4000
    counts = np.bincount(direct(RULES, np.repeat([1.0, 2.0], n))["parent"], minlength=2 * n).reshape(2, n).sum(axis=1)
    assert counts[1] / counts[0] == pytest.approx(10**0.8, rel=0.1)
    assert counts[1] / n == pytest.approx(productivity(RULES) * 10 ** (0.8 * 2), rel=0.05)


def test_all_generations_together_are_as_many_as_a_geometric_series():
    rules = RULES.model_copy(update={"alpha": 0.3, "omori_p": 3.0})
    found = cascade(rng(), rules, shocks(magnitudes(rng(1), 5000, 0.0, 4.0, 1.0)), 1e12)
    assert len(found) / 5000 == pytest.approx(1 / (1 - 0.6), rel=0.08)


@pytest.mark.parametrize("end_s", [300.0, 1e9])
def test_delays_follow_omori_and_utsu_up_to_the_end(end_s):
    delay = direct(RULES, np.full(300, 3.0), end_s)["time_s"]

    def share(t):
        return 1 - (1 + t / RULES.omori_c_s) ** (1 - RULES.omori_p)

    assert stats.kstest(delay, lambda t: share(t) / share(end_s)).pvalue > 0.001
    expected = 300 * productivity(RULES) * 10 ** (0.8 * 3) * share(end_s)
    assert len(delay) == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_omori_exponent_and_constant_are_found_by_likelihood():
    delay = direct(RULES, np.full(300, 3.0))["time_s"].to_numpy()
    c, p = np.meshgrid(np.linspace(45, 75, 31), np.linspace(1.4, 1.6, 41))
    likelihood = len(delay) * np.log((p - 1) / c)
    likelihood -= p * np.log1p(delay[:, None, None] / c).sum(axis=0)
    best = np.unravel_index(likelihood.argmax(), c.shape)
    assert p[best] == pytest.approx(1.5, abs=0.03)
    assert c[best] == pytest.approx(60.0, abs=6.0)


@pytest.mark.parametrize("magnitude", [2.0, 4.0])
def test_half_of_the_aftershocks_lie_within_the_spread_and_in_all_directions(magnitude):
    rules = RULES.model_copy(update={"faults": WIDE, "spread_km": 0.2})
    found = direct(rules, np.full(2000, magnitude))
    distance = np.hypot(found["along_km"], found["down_km"])
    d, n = 0.2 * 10 ** (0.5 * (magnitude - 2)), len(found)
    for times in (1.0, 3.0):
        within = times / (times + 1)
        assert np.mean(distance < times * d) == pytest.approx(within, abs=4 * np.sqrt(within * (1 - within) / n))
    angle = np.arctan2(found["down_km"], found["along_km"])
    assert stats.kstest(angle, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.001


def test_aftershocks_stay_on_the_plane_and_near_their_parents_across_it():
    fault = Fault(length_km=4.0, depth_km=(5.0, 8.0), dip_deg=30.0, thickness_km=0.5)
    rules = RULES.model_copy(update={"faults": (fault,), "spread_km": 5.0})
    found = direct(rules, np.full(500, 3.0))
    assert found["along_km"].abs().max() <= 2.0
    assert found["down_km"].abs().max() <= 3.0  # 3 km of depth at a dip of 30 degrees
    assert found["across_km"].std() == pytest.approx(0.5, rel=0.1)
    assert stats.kstest(found["along_km"], stats.uniform(-2, 4).cdf).statistic < 0.05
    near = direct(rules.model_copy(update={"spread_km": 1e-4}), np.full(500, 3.0))
    assert near["across_km"].abs().median() < 0.05


def test_every_generation_lies_as_thick_round_the_plane_as_the_one_before():
    fault = Fault(thickness_km=0.5)
    rules = RULES.model_copy(update={"faults": (fault,), "spread_km": 0.1})
    parents = shocks(np.full(5000, 3.0)).assign(across_km=0.5 * rng(1).standard_normal(5000))
    found = cascade(rng(), rules, parents, 600.0)
    assert found["across_km"][found["parent"] >= 0].std() == pytest.approx(0.5, rel=0.03)


def test_children_come_after_their_parents():
    found = cascade(rng(), RULES, shocks(np.full(20, 3.0), time_s=50.0), 1e6)
    child = found[found["parent"] >= 0]
    assert (child["parent"] < child.index).all()
    assert (child["time_s"].to_numpy() > found["time_s"].to_numpy()[child["parent"]]).all()
    assert child["time_s"].max() <= 1e6
    assert (child["parent"] >= 20).any()


def test_without_branching_or_events_there_are_no_aftershocks():
    single = shocks(np.array([3.0]))
    barren = RULES.model_copy(update={"branching_ratio": 0.0})
    pd.testing.assert_frame_equal(cascade(rng(), barren, single, 1e9), single)
    assert len(cascade(rng(), RULES, shocks(np.empty(0)), 1e9)) == 0


def test_the_background_is_a_poisson_process_uniform_on_the_planes_by_their_shares():
    faults = (Fault(share=3.0, length_km=10.0, dip_deg=45.0, depth_km=(2.0, 6.0)), Fault(share=1.0), Fault(share=0.0))
    settings = SimulateSettings(hours=24.0, seismicity=SeismicitySettings(
        faults=faults, background_per_day=50.0, history_days=1.0, quiet_end_s=0.0))
    drawn = [background(rng(seed), settings) for seed in range(300)]
    counts = np.array([len(one) for one in drawn])
    assert counts.mean() == pytest.approx(100.0, abs=4 * np.sqrt(100 / 300))
    assert counts.var(ddof=1) / counts.mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / 299))
    found = pd.concat(drawn)
    assert stats.kstest(found["time_s"], stats.uniform(-DAY_S, 2 * DAY_S).cdf).pvalue > 0.001
    assert (found["fault"] == 0).mean() == pytest.approx(0.75, abs=0.01)
    assert not (found["fault"] == 2).any()
    first = found[found["fault"] == 0]
    assert stats.kstest(first["along_km"], stats.uniform(-5, 10).cdf).pvalue > 0.001
    width = 4 / np.sin(np.pi / 4)
    assert stats.kstest(first["down_km"], stats.uniform(-width / 2, width).cdf).pvalue > 0.001


def test_a_swarm_is_gaussian_in_time_and_space_and_moves():
    rules = SeismicitySettings(swarm_events=4000, swarm_hours=2.0, swarm_km=1.0, swarm_km_h=3.0, swarm_at=0.25,
                               faults=WIDE)
    found = swarm(rng(), SimulateSettings(hours=96.0, seismicity=rules))
    hours = (found["time_s"] - 24 * 3600) / 3600
    assert len(found) == 4000
    assert stats.kstest(hours, stats.norm(0, 2).cdf).pvalue > 0.001
    assert stats.kstest(found["along_km"] - 3.0 * hours, stats.norm.cdf).pvalue > 0.001
    assert stats.kstest(found["down_km"], stats.norm.cdf).pvalue > 0.001


def test_a_swarm_near_the_end_keeps_its_number_and_stays_inside():
    rules = SeismicitySettings(swarm_events=1000, swarm_hours=5.0, swarm_at=1.0)
    found = swarm(rng(), SimulateSettings(hours=1.0, seismicity=rules))
    assert len(found) == 1000
    assert found["time_s"].between(40.0, 3560.0).all()
