import json
import subprocess
import sys

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
    (("report", "nowhere"), "no run yet"),
])
def test_a_users_mistake_is_exit_1_without_a_traceback(quakescribe, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = quakescribe(*words)
    assert code == 1 and message in err and "Traceback" not in err


def test_an_interrupt_is_exit_130(monkeypatch, capsys):
    import quakescribe.cli.app as app

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "app", interrupted)
    code, _, err = call(monkeypatch, capsys, "settings")
    assert code == 130 and "run the same command again" in err


def test_a_start_loads_nothing_heavy():
    heavy = "{'torch', 'dask', 'distributed', 'matplotlib', 'plotly', 'obspy', 'numba', 'pandas', 'scipy'}"
    for code in ("import quakescribe", "import quakescribe.cli.app"):
        done = subprocess.run([sys.executable, "-c", f"{code}; import sys; print(sorted({heavy} & set(sys.modules)))"],
                              capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]", code
