import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quakescribe.__main__ import main


def call(monkeypatch, capsys, *words: str) -> tuple[int, str, str]:
    """Run the command in this process; return exit code, output, and messages."""
    monkeypatch.setattr(sys, "argv", ["quakescribe", *words])
    code: object = 0
    try:
        main()
    except SystemExit as leave:
        code = leave.code
    captured = capsys.readouterr()
    return int(code or 0), captured.out, captured.err


@pytest.fixture
def quakescribe(monkeypatch, capsys):
    return lambda *words: call(monkeypatch, capsys, *words)


def test_help_names_every_command(quakescribe):
    code, out, _ = quakescribe("--help")
    assert code == 0
    for word in ("init", "check", "run", "export", "report", "settings", "pick", "associate", "locate", "measure",
                 "convert", "simulate", "demo"):
        assert word in out


def test_the_printed_settings_read_back(quakescribe, tmp_path):
    from quakescribe.settings.project import Settings, parse

    code, out, _ = quakescribe("settings")
    assert code == 0 and parse(out) == Settings()
    code, out, _ = quakescribe("settings", "--json")
    assert code == 0 and json.loads(out)["run"]["workers"] == 0


def test_wrong_usage_is_exit_2(quakescribe):
    assert quakescribe("run")[0] == 2
    assert quakescribe("no-such-command")[0] == 2
    assert quakescribe("run", "x", "--workers", "many")[0] == 2


@pytest.mark.parametrize(("words", "message"), [
    (("run", "nowhere"), "no such project folder"),
    (("check", "nowhere"), "no such project folder"),
    (("init", "p", "--waveforms", "nowhere", "--stations", "nowhere"), "--waveforms nowhere: nothing there"),
    (("report", "nowhere"), "neither a project nor a run"),
])
def test_a_users_mistake_is_exit_1_without_a_traceback(quakescribe, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = quakescribe(*words)
    assert code == 1 and message in err and "Traceback" not in err


def test_an_interrupt_is_exit_130_and_says_how_to_go_on(tmp_path):
    pipe = tmp_path / "settings.toml"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "quakescribe", "simulate", "--out", str(tmp_path / "net"), "--scenario", str(pipe)]
    # a job in the background of a script starts with SIGINT ignored, and so would all that it starts
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **heard)
    held = _opened_by_reader(pipe, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    os.close(held)
    assert process.returncode == 130
    assert err.splitlines() == ["quakescribe: interrupted; run the same command again to go on"]


def _opened_by_reader(pipe, process) -> int:
    """Wait until the process reads from the pipe, so that it is known what it is doing."""
    for _ in range(600):
        assert process.poll() is None
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the command never read its settings")


def test_the_choices_are_those_of_the_stages():
    from typing import get_args

    from quakescribe.cli.project import Stage
    from quakescribe.cli.stages import Mode
    from quakescribe.run.stages import STAGES
    from quakescribe.settings.locate import LocateSettings

    assert [*Stage] == [*dict.fromkeys(stage.name for stage in STAGES), "report"]
    assert [*Mode] == [*get_args(LocateSettings.model_fields["mode"].annotation)]


def test_json_has_null_where_there_is_no_number(capsys):
    import numpy as np
    import pandas as pd

    from quakescribe.cli import show

    show.as_json({"a": float("nan"), "b": [np.float64("inf"), np.int64(3)], "c": pd.NaT, "d": Path("x"), 5: True})
    said = capsys.readouterr().out
    assert json.loads(said) == {"a": None, "b": [None, 3], "c": None, "d": "x", "5": True}


def test_progress_fits_into_80_columns(monkeypatch):
    from rich.console import Console

    from quakescribe.cli import show

    narrow = Console(width=80, record=True, file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(show, "err", narrow)
    with show.Bars() as bars:
        bars.begin("associate", 1234, 0)
        bars.advance("associate", {"events": 12345, "arrivals": 123456, "skips": 1234})
        narrow.print(bars._progress)
    said = narrow.export_text()
    assert "…" not in said and "1/1234" in said and "0:00:00" in said
    for words in ("12,345 events", "123,456", "1,234 skips"):
        assert words in said


def test_every_fit_draws_the_same_bar_from_its_own_start():
    from quakescribe.cli import show

    with show.Bars() as bars:
        bars.step(0, 1, 6, 0.9)
        bars.step(1, 6, 6, 0.5)
        bars.step(0, 1, 4, 0.8)
        (task,) = bars._progress.tasks
    assert (task.completed, task.total, task.fields["rows"]) == (1, 4, "epoch 1, loss 0.8000")


def test_a_table_on_a_narrow_screen_loses_no_letter(monkeypatch):
    from rich.console import Console

    from quakescribe.cli import show

    narrow = Console(width=40, record=True)
    monkeypatch.setattr(show, "out", narrow)
    digest = "".join(f"{k:02x}" for k in range(32))
    show.table("record", ("what", "value"), [("sha256", digest), ("net", "sar")])
    said = narrow.export_text()
    assert "…" not in said and digest in "".join(line[6:].strip() for line in said.splitlines())


def test_a_start_loads_nothing_heavy():
    heavy = "{'torch', 'dask', 'distributed', 'matplotlib', 'plotly', 'obspy', 'numba', 'pandas', 'scipy'}"
    for code in ("import quakescribe", "import quakescribe.cli.app"):
        done = subprocess.run([sys.executable, "-c", f"{code}; import sys; print(sorted({heavy} & set(sys.modules)))"],
                              capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]", code
