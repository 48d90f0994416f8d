"""Commands on a small simulated network: what they print for machines, and what they refuse."""

import json
from pathlib import Path

import pandas as pd
import pytest
from test_commands import quakescribe  # noqa: F401 - a fixture

from quakescribe.run.workspace import Run

SCENARIO = """
start = 2024-03-01T06:00:00Z
hours = 0.1
[network]
n_stations = 5
[seismicity]
background_per_day = 1000.0
[instruments]
gaps_per_day = 0.0
n_overlaps = 0
"""
PICKS = "pick_id,station_id,phase,time,pair_id,picker\n1,QS.S01.,P,2024-03-01T06:00:00Z,0,me\n"


def strict(text: str):
    def refuse(word: str):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def ask(quakescribe, tmp_path, monkeypatch):  # noqa: F811 - the fixture
    """Give a command in a folder of its own; it must succeed and print one JSON document."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SCENARIO)

    def answer(*words: str):
        code, out, err = quakescribe(*words, "--json")
        assert code == 0, err
        return strict(out)

    return answer


def simulated(ask):
    return ask("simulate", "--out", "net", "--scenario", "small.toml", "--workers", "1")


def made(ask, waveforms: str = "net/waveforms"):
    return ask("init", "net", "--waveforms", waveforms, "--stations", "net/stations.xml", "--velocity",
               "net/velocity.csv")


def test_every_command_of_a_project_speaks_json(ask, tmp_path):
    first = simulated(ask)
    assert first["folder"] == "net" and first["arrivals"] == first["events"] * 5 * 2 > 0 and first["states"]
    assert made(ask) == {"settings": "net/quakescribe.toml"}
    assert ask("check", "net")
    assert ask("run", "net", "--workers", "1")["run"] == "first"
    assert ask("report", "net") == {"report": "net/runs/first/report.html", "run": "first", "figures": []}
    drawn = ask("report", "net", "--figure-format", "png")["figures"]
    assert drawn and all(Path(one).exists() for one in drawn)
    audited = ask("audit", "net")
    assert audited["report"] == "net/runs/first/report.html"
    assert {row["verdict"] for row in audited["findings"]} <= {"good", "watch", "bad", "cannot tell"}
    compared = ask("compare", "net/runs/first", "again=net", "--out", "side")
    assert [row["side"] for row in compared["sides"]] == ["first", "again"]
    assert Path("side/report.html").exists()
    exported = ask("export", "net", "--format", "geojson", "--out", "x.geojson")
    assert exported["file"] == "x.geojson" and exported["losses"] and (tmp_path / "x.geojson").exists()
    (tmp_path / "picks.csv").write_text(PICKS)
    converted = ask("convert", "picks.csv", "--format", "csv", "--out", "y")
    assert converted["rows"] == {"picks": 1} and converted["format"] == "csv"
    scores = ask("simulate", "score", "net/truth", "net/runs/first")
    assert {row["name"]: row["value"] for row in scores}["true events"] == first["events"]
    # an interrupted or repeated simulation may write over itself
    assert simulated(ask) == first


def test_the_demo_speaks_json_too(ask):
    found = ask("demo", "shown", "--workers", "1", "--scenario", "small.toml")
    assert found["report"] == "shown/runs/first/report.html"
    assert "both are needed" in found["not trained"]  # a few minutes of five stations are too little to learn from
    assert {row["name"]: row["value"] for row in found["score"]}["true events"] > 0


def test_a_network_that_was_never_written_is_picked_as_the_written_one(ask):
    simulated(ask)
    made(ask)
    ask("run", "net", "--workers", "1", "--until", "pick")
    ask("simulate", "--out", "thin", "--scenario", "small.toml", "--workers", "1", "--no-store")
    assert not Path("thin/waveforms").exists()
    ask("init", "thin", "--waveforms", "thin/scenario.toml", "--stations", "thin/stations.xml", "--velocity",
        "thin/velocity.csv")
    ask("run", "thin", "--workers", "1", "--until", "pick")
    written, thin = (Run(Path(name) / "runs" / "first").table("picks") for name in ("net", "thin"))
    assert len(written)
    pd.testing.assert_frame_equal(written, thin)


def test_the_scenarios_are_listed_and_shown(ask, quakescribe):  # noqa: F811 - the fixture
    assert {"quiet", "aftershocks", "swarm", "obs-like", "mine"} <= set(ask("simulate", "scenarios"))
    code, out, _ = quakescribe("simulate", "settings", "--scenario", "mine")
    assert code == 0 and "quarries = 2" in out


def test_a_run_that_only_picked_is_scored_by_its_picks(ask):
    simulated(ask)
    made(ask)
    ask("run", "net", "--workers", "1", "--until", "pick")
    names = {row["name"] for row in ask("simulate", "score", "net/truth", "net/runs/first")}
    assert names and not any("event" in name for name in names)


def test_init_takes_the_globs_that_pick_takes(ask):
    simulated(ask)
    assert made(ask, "net/waveforms/**/*.HH?*")


@pytest.mark.parametrize("command", [("simulate", "--out", "mine"), ("demo", "mine")])
@pytest.mark.parametrize("name", ["stations.xml", "velocity.csv", "waveforms", "quakescribe.toml"])
def test_a_simulation_never_writes_over_a_users_files(quakescribe, tmp_path, monkeypatch, command, name):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    theirs = tmp_path / "mine" / name
    theirs.parent.mkdir()
    if name == "waveforms":
        theirs.mkdir()
    else:
        theirs.write_text("mine")
    code, _, err = quakescribe(*command)
    assert code == 1 and name in err and "nothing was overwritten" in err
    assert [path.name for path in theirs.parent.iterdir()] == [name]
    assert theirs.is_dir() or theirs.read_text() == "mine"
