import itertools
import shutil

import numpy as np
import obspy
import pandas as pd
import pytest
from chain import ASSOCIATED, assert_same_tables, run_all

from quakescribe.simulate.score import match_events, score


def test_the_whole_chain_finds_the_events_it_should(reference, network):
    truth = pd.read_parquet(network / "truth" / "events.parquet")
    origins = reference.table("origins")
    true, found = match_events(truth, origins, 2.0, 15.0)
    large = np.flatnonzero(truth["magnitude"] >= 1.2)
    assert len(large) >= 5
    assert np.isin(large, true).mean() >= 0.8
    assert len(origins) - len(found) <= 0.1 * len(origins)
    value = score(network / "truth", {"origins": origins, "magnitudes": reference.table("magnitudes")})
    value = value[value["scope"] == "all"].set_index("name")["value"]
    assert value["epicentre error, median"] <= 1.0
    assert abs(value["ML minus true magnitude, median"]) <= 0.3  # the stations' mean amplification is not known


@pytest.mark.parametrize(
    "changes",
    [{"chunk_hours": 1}, {"workers": 2}],
    ids=["hourly units", "two workers"],
)
def test_units_and_workers_change_nothing(make_project, reference, tmp_path, changes):
    assert_same_tables(run_all(make_project(tmp_path / "project"), **changes), reference)


def test_files_cut_at_odd_places_change_nothing(make_project, network, reference, tmp_path):
    for path in sorted((network / "waveforms").rglob("*.???")):
        if not path.is_file():
            continue
        stream = obspy.read(path)
        begin, end = min(t.stats.starttime for t in stream), max(t.stats.endtime for t in stream)
        cuts = [begin, begin + 437.21, begin + 911.57, end + 1]
        for i, (a, b) in enumerate(itertools.pairwise(cuts)):
            piece = obspy.Stream(
                [t for t in (one.slice(a, b - one.stats.delta / 2, nearest_sample=False) for one in stream) if len(t)]
            )
            if len(piece):
                target = tmp_path / "pieces" / f"{path.name.replace('.', '_')}_{i}.mseed"
                target.parent.mkdir(exist_ok=True)
                piece.write(str(target), format="MSEED")
    run = run_all(make_project(tmp_path / "project", tmp_path / "pieces"))
    assert_same_tables(run, reference)


def test_a_project_can_be_moved(make_project, network, reference, tmp_path):
    shutil.copytree(network, tmp_path / "old", dirs_exist_ok=True)
    from quakescribe.run.projects import new_project
    from quakescribe.run.workspace import Project

    old = tmp_path / "old"
    new_project(old, str(old / "waveforms"), str(old / "stations.xml"), str(old / "velocity.csv"))
    old.rename(tmp_path / "new")
    assert_same_tables(run_all(Project(tmp_path / "new"), until="associate"), reference, ASSOCIATED)
