"""What a stranger's catalogue leaves out is filled in from the rest."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, catalogue

from quakescribe.run.foreign import assigned, complete
from quakescribe.tables import ARRIVALS, ORIGINS

SOUND = catalogue(150, 6.0)


def by_pick(arrivals):
    return arrivals.set_index("pick_id").sort_index()


def test_picks_near_predicted_onsets_become_the_arrivals_that_they_are():
    found = assigned(SOUND["origins"], SOUND["picks"], SOUND["stations"], MODEL)
    ARRIVALS.check(found)
    true, mine = by_pick(SOUND["arrivals"])["event_id"], by_pick(found)["event_id"]
    assert mine.reindex(true.index).eq(true).mean() > 0.95
    assert (~mine.index.isin(true.index)).mean() < 0.02
    assert mine.index.is_unique


def test_residuals_distances_and_azimuths_are_computed_where_they_are_missing():
    bare = SOUND["arrivals"].assign(distance_km=np.nan, azimuth_deg=np.nan, residual_s=np.nan)
    tables, said, _ = complete({**SOUND, "arrivals": bare}, MODEL)
    assert np.abs(tables["arrivals"]["distance_km"] - SOUND["arrivals"]["distance_km"]).max() < 1e-6
    assert np.abs(tables["arrivals"]["residual_s"]).median() < 0.2
    assert "Residuals" in said[0]


def test_it_says_which_columns_rest_on_the_model():
    nothing = {"distance_km": np.nan, "azimuth_deg": np.nan, "residual_s": np.nan}
    bare = {**SOUND, "arrivals": SOUND["arrivals"].assign(**nothing)}
    assert complete(bare, MODEL)[2] == {"residual_s"}
    assert complete({**bare, "origins": SOUND["origins"].assign(rms_s=np.nan)}, MODEL)[2] == {"residual_s", "rms_s"}


def test_geometry_and_rms_are_computed_where_they_are_missing_and_kept_where_given():
    bare = SOUND["origins"].assign(rms_s=np.nan, gap_deg=np.nan, dmin_km=np.nan, n_phases=0, n_stations=0)
    tables, said, _ = complete({**SOUND, "origins": bare}, MODEL)
    for name in ("rms_s", "gap_deg", "dmin_km", "n_phases", "n_stations"):
        assert tables["origins"][name].to_numpy() == pytest.approx(SOUND["origins"][name].to_numpy(), rel=1e-6), name
    assert said[-1].endswith("does not give it: RMS, gap, distance of the nearest station, number of phases, number of "
                             "stations.")
    ORIGINS.check(tables["origins"])
    same, said, computed = complete(SOUND, MODEL)
    assert not said and not computed
    assert same["origins"].equals(SOUND["origins"])


def test_arrivals_of_weight_zero_do_not_count():
    dropped = SOUND["arrivals"].assign(weight=np.where(SOUND["arrivals"]["phase"] == "S", 0.0, 1.0))
    bare = SOUND["origins"].assign(n_phases=0)
    tables, _, _ = complete({**SOUND, "arrivals": dropped, "origins": bare}, MODEL)
    p = SOUND["arrivals"][SOUND["arrivals"]["phase"] == "P"].groupby("event_id").size()
    assert (tables["origins"].set_index("event_id")["n_phases"] == p).all()


@pytest.mark.parametrize("missing", [("stations",), ("origins",), ("picks", "arrivals")])
def test_nothing_is_filled_in_where_it_cannot_be(missing):
    tables, said, _ = complete({name: frame for name, frame in SOUND.items() if name not in missing}, MODEL)
    assert not said
    assert set(tables) == set(SOUND) - set(missing)
