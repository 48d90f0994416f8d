"""The tutorial's commands, run in the order of the page in one folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder in which every block ran; the first that fails ends the module with its output."""
    place = tmp_path_factory.mktemp("tutorial")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for language, text in BLOCKS:
        command = ["bash", "-euo", "pipefail", "-c", text] if language == "bash" else [sys.executable, "-c", text]
        done = subprocess.run(
            command, cwd=place, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.fail(
                f"this block of the tutorial failed with {done.returncode}:\n{text}\n{done.stdout}\n{done.stderr}"
            )
    return place


@pytest.mark.slow
def test_every_command_of_the_tutorial_runs(folder):
    for made in (
        "net/truth/events.parquet",
        "project/quakescribe.toml",
        "project/runs/first/report.html",
        "hypodd",
        "project/runs/first/export/catalogue.csv",
        "located/origins.csv",
        "five.html",
    ):
        assert (folder / made).exists(), made


@pytest.mark.slow
def test_the_run_of_the_tutorial_finds_events_and_no_false_ones(folder):
    import pandas as pd

    from quakescribe.simulate import score
    from quakescribe.tables import ORIGINS

    origins = ORIGINS.conform(pd.read_csv(folder / "located" / "origins.csv"))
    found = score(folder / "net" / "truth", {"origins": origins})
    found = found[found["scope"] == "all"].set_index("name")["value"]
    assert found["events found"] >= 10
    assert found["false events"] <= 1


def test_the_tutorial_has_commands_and_python():
    assert {language for language, _ in BLOCKS} == {"bash", "python"}
    assert len(BLOCKS) >= 8
