"""The kernels of association against slow and obvious ones, compiled and as plain Python."""

import sys
from pathlib import Path

import numpy as np
import pytest

from quakescribe.associate.network import prepare
from quakescribe.kernels import cluster, gather, gridsearch
from quakescribe.kernels.grid import interpolate
from quakescribe.settings.associate import AssociateSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from onsets import MODEL, network

PLACES = [[0, 0], [20, 5], [-15, 10], [5, -25], [18, -18]]
SETTINGS = AssociateSettings(grid_km=10.0, grid_depth_km=10.0, max_distance_km=40.0)
NETWORK = prepare(network(PLACES, np.linspace(300, 1500, 5)), MODEL, SETTINGS).network
RNG = np.random.default_rng(0)


@pytest.fixture(params=["compiled", "python"])
def way(request):
    return (lambda kernel: kernel) if request.param == "compiled" else (lambda kernel: kernel.py_func)


def test_travel_times_are_those_of_the_tables(way):
    for _ in range(20):
        x, y, z = RNG.uniform([-25, -25, 2], [25, 25, 17])
        site, phase = RNG.integers(5), RNG.integers(2)
        distance = np.hypot(x - NETWORK.x[site], y - NETWORK.y[site])
        table = NETWORK.times[phase, NETWORK.surface[site]]
        want = interpolate(table, distance / 0.5, (z - 2.0) / 0.5)[0] if distance <= 40.0 else np.inf
        assert way(gridsearch.travel_time)(NETWORK, site, phase, x, y, z) == pytest.approx(want, abs=1e-5)


def test_beyond_the_reach_no_wave_arrives(way):
    assert way(gridsearch.travel_time)(NETWORK, 0, 0, 41.0, 0.0, 5.0) == np.inf


def test_the_nodes_hold_p_times_and_lags(way):
    for site, node in ((0, 0), (3, 7), (4, len(NETWORK.nodes) - 1)):
        p, s = (gridsearch.travel_time(NETWORK, site, phase, *NETWORK.nodes[node]) for phase in (0, 1))
        assert NETWORK.node_p[site, node] == np.float32(p)
        assert NETWORK.node_sp[site, node] == (np.inf if p == np.inf else np.float32(s - p))


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_the_weighted_median_minimises_the_weighted_deviation(way, n):
    values, weights = RNG.normal(size=n).round(1), RNG.uniform(0.1, 1.0, n)
    order = RNG.permutation(n)
    got = way(gridsearch.weighted_median)(values, weights, order, n)
    cost = [(weights * np.abs(values - v)).sum() for v in values]
    assert (weights * np.abs(values - got)).sum() == pytest.approx(min(cost))
    assert (np.diff(values[order]) >= 0).all()


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_score_agrees_with_its_formula(way, share):
    origins, weights = RNG.normal(size=9), np.array([1.0, 0.7] * 4 + [0.0])
    time, score = way(gridsearch.fit_score)(origins, weights, np.arange(9), 9, 1.2, share)
    off = np.abs(origins - time)
    assert score == pytest.approx((weights * np.where(off <= 1.2, 1 - (1 - share) * off / 1.2, 0.0)).sum())
    assert time == gridsearch.weighted_median(origins, weights, np.arange(9), 9)


def slow_scan(sites, p, s, tolerance, share, need, s_weight):
    scores = np.full(len(NETWORK.nodes), -1.0)
    for i in range(len(NETWORK.nodes)):
        travel = NETWORK.node_p[sites, i].astype(float)
        lag = NETWORK.node_sp[sites, i].astype(float)
        if (np.abs(lag - (s - p)) <= 2 * tolerance).sum() < need:
            continue
        inside = np.isfinite(travel)
        origins = np.concatenate([np.where(inside, p - travel, 0.0), np.where(inside, s - travel - lag, 0.0)])
        weights = np.concatenate([inside * 1.0, inside * s_weight])
        scores[i] = gridsearch.fit_score(origins, weights, np.arange(len(origins)), len(origins), tolerance, share)[1]
    return scores


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("noise", [0.0, 0.3, 3.0])
def test_the_scan_finds_the_best_node(way, noise):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sites = np.arange(5)
        node = rng.integers(len(NETWORK.nodes))
        travel, lag = (table[:, node].astype(float) for table in (NETWORK.node_p, NETWORK.node_sp))
        travel, lag = np.where(np.isfinite(travel), travel, 5.0), np.where(np.isfinite(lag), lag, 4.0)
        p = travel + rng.normal(0, noise, 5)
        s = travel + lag + rng.normal(0, noise, 5)
        got, score = way(gridsearch.scan)(NETWORK, sites, p, s, 5, 1.5, 0.4, 3, 0.7)
        want = slow_scan(sites, p, s, 1.5, 0.4, 3, 0.7)
        assert score == pytest.approx(want.max())
        assert got == (want.argmax() if want.max() >= 0 else -1) or want[got] == pytest.approx(want.max())


def test_the_compass_finds_an_exact_hypocentre(way):
    true = np.array([3.0, -4.0, 9.0])
    sites, phases = np.repeat(np.arange(5), 2), np.tile([0, 1], 5)
    times = np.array([7.0 + gridsearch.travel_time(NETWORK, k, f, *true) for k, f in zip(sites, phases, strict=True)])
    place = np.array([0.0, 0.0, 12.0])
    time, score = way(gridsearch.compass)(NETWORK, sites, phases, times, np.ones(10), 1.5, 0.0, place, 4.0, 0.25)
    assert np.abs(place - true).max() < 1.0
    assert abs(time - 7.0) < 0.15
    assert score > 9.5


def test_the_compass_stays_inside_its_box(way):
    sites, phases = np.repeat(np.arange(5), 2), np.tile([0, 1], 5)
    times = np.array([gridsearch.travel_time(NETWORK, k, f, 0, 0, 17.0) for k, f in zip(sites, phases, strict=True)])
    times += 0.3 * phases
    place = np.array([0.0, 0.0, 12.0])
    way(gridsearch.compass)(NETWORK, sites, phases, times, np.ones(10), 1.5, 0.0, place, 4.0, 0.25)
    assert (place >= NETWORK.box[:3]).all()
    assert (place <= NETWORK.box[3:]).all()


@pytest.mark.parametrize("seed", range(4))
def test_stations_are_counted_once_each(way, seed):
    rng = np.random.default_rng(seed)
    t0, stations = np.sort(rng.uniform(0, 30, 40)).round(1), rng.integers(0, 6, 40)
    alive, count = rng.random(40) < 0.8, np.full(40, -7)
    way(cluster.count_stations)(t0, stations, alive, 2.0, 5, 38, count, np.full(6, -1))
    for i in range(40):
        near = alive & (t0 >= t0[i] - 2.0) & (t0 <= t0[i] + 2.0)
        want = len(set(stations[near])) if alive[i] else 0
        assert count[i] == (want if 5 <= i < 38 else -7)


def test_a_cluster_holds_the_nearest_pair_of_each_station(way):
    t0 = np.array([0.0, 1.0, 1.5, 2.0, 3.0, 3.5, 9.0])
    stations = np.array([0, 1, 0, 2, 1, 2, 3])
    got = way(cluster.nearest_per_station)(t0, stations, np.ones(7, bool), 2.0, 2.0)
    assert got.tolist() == [1, 2, 3]  # station 1: both lie 1 s off, the earlier wins


def exact_pairs(place, time, sites):
    return (np.array([time + gridsearch.travel_time(NETWORK, k, phase, *place) for k in sites]) for phase in (0, 1))


def test_pairs_that_fit_are_one_per_station_with_s_where_it_fits(way):
    place, sites = np.array([2.0, 3.0, 8.0]), np.array([0, 1, 2, 2, 3])
    p, s = exact_pairs(place, 5.0, sites)
    p[2] += 0.5
    s[1] += 2.0
    p[4] += 9.0
    t0, usable = np.full(5, 5.0), np.ones(5, bool)
    pairs, full, misfit = way(cluster.fitting_pairs)(NETWORK, t0, sites, p, s, usable, place, 5.0, 4.0, 1.5)
    assert pairs.tolist() == [0, 1, 3]
    assert full.tolist() == [True, False, True]
    assert np.abs(misfit).max() < 1e-9


def test_each_pick_goes_to_the_event_it_fits_best(way):
    places = np.array([[2.0, 3.0, 8.0], [2.0, 3.0, 8.0]])
    times = np.array([0, 1_000_000_000])
    travel = gridsearch.travel_time(NETWORK, 0, 0, *places[0])
    onsets = np.round((np.array([0.2, 0.4, 0.9]) + travel) * 1e9).astype(np.int64)
    owner = np.full(3, -1)
    way(gather.gather)(NETWORK, places, times, np.zeros(3, int), np.zeros(3, int), onsets, owner, 1.0, 1.5,
                       60 * 10**9, 0)
    assert owner.tolist() == [0, -1, 1]  # the second fits the first event less than the first pick does


def test_an_onset_that_fits_better_takes_the_place_of_an_owned_one(way):
    place = np.array([[2.0, 3.0, 8.0]])
    travel = gridsearch.travel_time(NETWORK, 0, 0, *place[0])
    onsets = np.round((np.array([-1.2, 0.2, 0.9]) + travel) * 1e9).astype(np.int64)
    owner = np.array([0, -1, -1])
    way(gather.gather)(NETWORK, place, np.array([0]), np.zeros(3, int), np.zeros(3, int), onsets, owner, 1.0, 1.5,
                       60 * 10**9, 0)
    assert owner.tolist() == [-1, 0, -1]


def test_a_second_onset_close_to_one_that_has_an_event_is_its_duplicate(way):
    place = np.array([[2.0, 3.0, 8.0]])
    travel = gridsearch.travel_time(NETWORK, 0, 0, *place[0])
    onsets = np.round((np.array([0.1, 0.4, 3.0]) + travel) * 1e9).astype(np.int64)
    owner = np.array([0, -1, -1])
    way(gather.gather)(NETWORK, place, np.array([0]), np.zeros(3, int), np.zeros(3, int), onsets, owner, 1.0, 1.5,
                       60 * 10**9, 500_000_000)
    assert owner.tolist() == [0, -2, -1]


def test_no_pairs_make_no_events(way):
    none = np.empty(0, np.int64)
    rules = cluster.Rules(2.0, 1.5, 0.4, 0.7, 0.0, 0.5, 0.7, 4.0, 4, 3, 1)
    event, s_fits, places, times = way(cluster.grow)(NETWORK, rules, none, none, none, none)
    assert [len(a) for a in (event, s_fits, places, times)] == [0, 0, 0, 0]


def test_the_share_of_nearby_stations_counts_those_in_operation_once(way):
    distance = np.hypot(NETWORK.x, NETWORK.y)
    by = np.argsort(distance)
    share = way(gridsearch.share_nearby)
    place = np.zeros(3)
    assert share(NETWORK, by[:3], place, 0) == 1.0
    assert share(NETWORK, by[[0, 3, 4]], place, 0) == pytest.approx(2 / 4)  # out to the fourth: two of four
    closed = NETWORK.open_ns.copy()
    closed[by[1]] = [-10, 0]
    assert share(NETWORK._replace(open_ns=closed), by[[0, 3, 4]], place, 0) == pytest.approx(2 / 3)
    twice = NETWORK.station.copy()
    twice[by[1]] = twice[by[2]]
    assert share(NETWORK._replace(station=twice), by[[0, 3, 4]], place, 0) == pytest.approx(2 / 3)
