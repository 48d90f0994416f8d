"""The page in a real browser, where there is one."""

import shutil
import subprocess

import pytest

from quakescribe.report import write

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")
def test_figures_are_drawn_and_the_console_stays_silent(run_tables, info, tmp_path):
    page = write(run_tables, info, tmp_path / "report.html")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader",
               "--enable-unsafe-swiftshader", "--disable-background-networking",
               "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
               "--enable-logging=stderr", "--v=0", "--window-size=1280,9000",
               "--virtual-time-budget=20000", "--dump-dom", page.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line and "GPU stall" not in line]
    assert console == []
    assert done.stdout.count('class="plot-container') >= 10
