"""Commands on a small simulated network: what they print for machines, and what they refuse."""

import json
from pathlib import Path

import pytest
from test_commands import quakescribe  # noqa: F401 - a fixture

SETTINGS = "start = 2024-03-01T06:00:00Z\nhours = 0.1\nn_stations = 5\nn_events = 8\nn_gaps = 0\nn_overlaps = 0\n"
PICKS = "pick_id,station_id,phase,time,pair_id,picker\n1,QS.S01.,P,2024-03-01T06:00:00Z,0,me\n"


def strict(text: str):
    def refuse(word: str):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def ask(quakescribe, tmp_path, monkeypatch):  # noqa: F811 - the fixture
    """Give a command in a folder of its own; it must succeed and print one JSON document."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SETTINGS)

    def answer(*words: str):
        code, out, err = quakescribe(*words, "--json")
        assert code == 0, err
        return strict(out)

    return answer


def simulated(ask):
    return ask("simulate", "--out", "net", "--settings", "small.toml")


def made(ask, waveforms: str = "net/waveforms"):
    return ask("init", "net", "--waveforms", waveforms, "--stations", "net/stations.xml", "--velocity",
               "net/velocity.csv")


def test_every_command_of_a_project_speaks_json(ask, tmp_path):
    assert simulated(ask) == {"folder": "net", "events": 8, "onsets": 80}
    assert made(ask) == {"settings": "net/quakescribe.toml"}
    assert ask("check", "net")
    assert ask("run", "net", "--workers", "1")["run"] == "first"
    assert ask("report", "net") == {"report": "net/runs/first/report.html", "run": "first"}
    exported = ask("export", "net", "--format", "geojson", "--out", "x.geojson")
    assert exported["file"] == "x.geojson" and exported["losses"] and (tmp_path / "x.geojson").exists()
    (tmp_path / "picks.csv").write_text(PICKS)
    converted = ask("convert", "picks.csv", "--format", "csv", "--out", "y")
    assert converted["rows"] == {"picks": 1} and converted["format"] == "csv"
    scores = ask("simulate", "score", "net/truth", "net/runs/first")
    assert {row["name"]: row["value"] for row in scores}["true events"] == 8
    # an interrupted or repeated simulation may write over itself
    assert simulated(ask)["events"] == 8


def test_the_demo_speaks_json_too(ask, monkeypatch):
    from quakescribe.report.demo import simulate_settings

    small = simulate_settings(Path("small.toml"))
    monkeypatch.setattr("quakescribe.settings.simulate.SimulateSettings", lambda: small)
    found = ask("demo", "shown", "--workers", "1")
    assert found["report"] == "shown/runs/first/report.html"
    assert {row["name"]: row["value"] for row in found["score"]}["true events"] == 8


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
