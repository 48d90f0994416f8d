import os
import shutil
import sys
from datetime import UTC, datetime

import pytest
from broken_input import CASES, NETWORKS, Case

from quakescribe.__main__ import main
from quakescribe.run.projects import new_project
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import simulate


def small_network(folder):
    """Six minutes of five simulated stations as a project."""
    simulate(
        SimulateSettings(
            start=datetime(2024, 3, 1, 6, tzinfo=UTC),
            hours=0.1,
            network={"n_stations": 5},
            seismicity={"background_per_day": 1000.0},
            instruments={"gaps_per_day": 0.0, "n_overlaps": 0},
        ),
        folder,
    )
    new_project(folder, str(folder / "waveforms"), str(folder / "stations.xml"), str(folder / "velocity.csv"))
    return folder


def meet(case: Case, original, folder) -> tuple[int, str]:
    """Break a copy of the project, give the command in it; return the exit code and all that was said."""
    import contextlib
    import io

    shutil.copytree(original, folder)
    held = case.make(folder)
    said = io.StringIO()
    before, argv = os.getcwd(), sys.argv
    os.chdir(folder)
    sys.argv = ["quakescribe", *case.words]
    code: object = 0
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main()
    except SystemExit as leave:
        code = leave.code
    finally:
        os.chdir(before)
        sys.argv = argv
    if hasattr(held, "close"):
        held.close()
    return int(code or 0), said.getvalue()


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return small_network(tmp_path_factory.mktemp("broken") / "original")


@pytest.mark.parametrize("case", CASES + NETWORKS, ids=[case.what for case in CASES + NETWORKS])
def test_broken_input_gets_a_clear_word(case, original, tmp_path, monkeypatch):
    if case in NETWORKS:
        pytest.importorskip("torch")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("quakescribe.run.engine._SCHEDULER_TIMEOUT_S", 2)
    code, said = meet(case, original, tmp_path / "project")
    assert code == case.code, said
    for words in case.says:
        assert words in said, said
    assert "Traceback" not in said


def test_there_are_at_least_25_kinds():
    assert len({case.what for case in CASES}) >= 25
