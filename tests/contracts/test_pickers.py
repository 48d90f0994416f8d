"""What every picker must do, whatever it picks with. A new picker joins by its entry in CHOICES."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.pick import PICKERS, display_name, pick_unit
from quakescribe.settings.network import NetworkSettings
from quakescribe.settings.pick import PickSettings
from quakescribe.tables import PICKS, SKIPS

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from swarm import DAY, SECOND, Recording, events, swarm

TIMES = np.arange(40.0, 640.0, 60.0)
SPS = np.linspace(1.5, 5.0, len(TIMES))


DATA = Path(__file__).parents[1] / "data"


def trained_here(picker, name):
    return PickSettings(picker=picker, network=NetworkSettings(weights=str(DATA / f"tiny_{name}.safetensors")))


CHOICES = {
    "pal": lambda data: PickSettings(),
    "sar": lambda data: trained_here("sar", "sar"),
    "sar-published": lambda data: trained_here("sar", "sar_published"),
    "phasenet": lambda data: trained_here("phasenet", "phasenet"),
    "original-phasenet": lambda data: PickSettings(picker=f"seisbench:PhaseNet:{data}/weights/phasenet_ncedc"),
    "eqtransformer": lambda data: PickSettings(picker=f"seisbench:EQTransformer:{data}/weights/eqt_original"),
}
REAL = ("original-phasenet", "eqtransformer")


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.real_data if name in REAL else ()) for name in CHOICES])
def settings(request):
    data = request.getfixturevalue("real_data") if request.param in REAL else None
    if request.param in REAL:
        pytest.importorskip("seisbench")
    return CHOICES[request.param](data)


def test_every_picker_is_among_the_choices():
    assert {CHOICES[name](None).picker.partition(":")[0] for name in CHOICES} == set(PICKERS)


@pytest.fixture
def recording():
    return Recording(events(700.0, TIMES, SPS, np.full(len(TIMES), 60.0)), start=DAY - 350.0)


def whole(recording, settings):
    return pick_unit(recording.load, recording.start_ns, recording.end_ns, settings)


def test_tables_keep_their_contract(recording, settings):
    picks, skips = whole(recording, settings)
    PICKS.check(picks)
    SKIPS.check(skips)
    assert len(picks) > 0
    assert set(picks["station_id"]) == {"XX.SIM."}
    assert set(picks["picker"]) == {display_name(settings.picker)}
    pd.testing.assert_frame_equal(picks, PICKS.order(picks))


def test_pairs_link_an_s_with_an_earlier_p(recording, settings):
    picks, _ = whole(recording, settings)
    p = picks[picks["phase"] == "P"].set_index("pick_id")
    for s in picks[(picks["phase"] == "S") & (picks["pair_id"] != 0)].itertuples():
        assert p.loc[s.pair_id, "pair_id"] == s.pair_id
        assert p.loc[s.pair_id, "time"] < s.time


@pytest.mark.parametrize("fs", [50.0, 100.0, 200.0])
def test_clear_events_are_found_at_any_sampling_rate(settings, fs):
    recording = Recording(events(700.0, TIMES, SPS, np.full(len(TIMES), 60.0), fs), fs, start=DAY - 350.0)
    picks, _ = whole(recording, settings)
    for phase, true in (("P", TIMES), ("S", TIMES + SPS)):
        seconds = picks.loc[picks["phase"] == phase, "time"].astype("int64").to_numpy() / SECOND - recording.start
        nearest = np.abs(seconds[:, None] - true[None, :]).min(axis=0)
        assert np.count_nonzero(nearest < 0.3) >= len(true) - 1


def test_uncertainty_and_snr_are_given_and_positive(recording, settings):
    picks, _ = whole(recording, settings)
    assert (picks["uncertainty_s"] > 0).all()
    assert (picks["snr"] > 0).all()


def test_the_span_owns_the_pairs_whose_p_lies_in_it(recording, settings):
    picks, _ = whole(recording, settings)
    p = picks.loc[picks["phase"] == "P", "time"].astype("int64").to_numpy()
    cut = int(p[4])
    before, _ = pick_unit(recording.load, recording.start_ns, cut, settings)
    after, _ = pick_unit(recording.load, cut, recording.end_ns, settings)
    assert before.loc[before["phase"] == "P", "time"].astype("int64").max() < cut
    assert after.loc[after["phase"] == "P", "time"].astype("int64").min() == cut
    pd.testing.assert_frame_equal(PICKS.order(pd.concat([before, after], ignore_index=True)), picks)


def test_twice_gives_the_same_bytes(recording, settings):
    pd.testing.assert_frame_equal(whole(recording, settings)[0], whole(recording, settings)[0], check_exact=True)


def test_hours_or_the_whole_give_the_same_table(settings):
    recording = Recording(swarm(1300.0))
    picks, _ = whole(recording, settings)
    edges = np.linspace(recording.start_ns, recording.end_ns, 6).astype(np.int64)
    pieces = [pick_unit(recording.load, int(a), int(b), settings)[0] for a, b in pairwise(edges)]
    pd.testing.assert_frame_equal(PICKS.order(pd.concat(pieces, ignore_index=True)), picks, check_exact=True)


def test_masked_samples_are_never_looked_at(recording, settings):
    mask = np.zeros(recording.x.shape, dtype=bool)
    mask[:, 20000:21000] = True
    mask[1, 40000:40020] = True
    recording.mask = mask
    picks, _ = whole(recording, settings)
    recording.x = np.where(mask, np.float32(1e9), recording.x)
    again, _ = whole(recording, settings)
    assert len(picks) > 0
    pd.testing.assert_frame_equal(picks, again, check_exact=True)
    seconds = picks["time"].astype("int64").to_numpy() / SECOND - recording.start
    assert not ((seconds > 200) & (seconds < 210)).any()


BAD = {
    "nothing recorded": lambda x: x[:, :0],
    "one sample": lambda x: x[:, :1],
    "too short": lambda x: x[:, :500],
    "dead": np.zeros_like,
    "constant": lambda x: np.full_like(x, 1e6),
    "not a number": lambda x: np.full_like(x, np.nan),
    "infinite": lambda x: np.full_like(x, np.inf),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_recordings_give_no_picks_and_no_error(recording, settings, kind):
    recording.x = BAD[kind](recording.x)
    picks, skips = pick_unit(recording.load, DAY * SECOND - 300 * SECOND, DAY * SECOND + 300 * SECOND, settings)
    assert len(picks) == 0
    SKIPS.check(skips)


def test_a_fully_masked_recording_gives_no_picks(recording, settings):
    recording.mask = np.ones(recording.x.shape, dtype=bool)
    assert len(whole(recording, settings)[0]) == 0


def test_nan_and_infinity_in_the_middle_count_as_a_gap(recording, settings):
    recording.x[0, 30000] = np.nan
    recording.x[1, 30500] = np.inf
    picks, _ = whole(recording, settings)
    assert len(picks) > 0
    assert np.isfinite(picks["uncertainty_s"]).all()


def test_counts_give_no_amplitude(recording, settings):
    recording.unit = "counts"
    picks, skips = whole(recording, settings)
    assert len(picks) > 0
    assert picks["amplitude_m"].isna().all()
    assert "no-amplitude-gain" in set(skips["reason"])
