"""Evidence records: every figure the project claims, with how it was measured.

Each script in this folder and in ``benchmarks/`` collects records for one stage and writes ``evidence/<stage>.json``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def real_data() -> Path | None:
    """Return the folder of real recordings ($QUAKESCRIBE_DATA or ../shared/data), or None."""
    for candidate in (os.environ.get("QUAKESCRIBE_DATA"), ROOT.parent / "shared" / "data"):
        if candidate and Path(candidate).is_dir():
            return Path(candidate)
    return None


class Records:
    """Collect the records of one stage; `write` stores them and prints a table."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.rows: list[dict[str, object]] = []

    def add(
        self, name: str, value: float | str, unit: str, data: str, aim: tuple[str, float] | None = None, note: str = ""
    ) -> None:
        """Add one figure; ``aim`` is (">=" | "<=", bound)."""
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip()
        value = round(value, 6) if isinstance(value, float) else value
        self.rows.append(
            {
                "name": name,
                "value": value,
                "unit": unit,
                "aim": list(aim) if aim else None,
                "data": data,
                "how": f"python {Path(sys.argv[0]).resolve().relative_to(ROOT)}",
                "note": note,
                "commit": commit,
                "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            }
        )
        print(f"{self.stage:12s} {name:60s} {value} {unit}" + (f"   aim {aim[0]} {aim[1]}" if aim else ""), flush=True)

    def write(self) -> Path:
        """Write ``evidence/<stage>.json`` and return its path."""
        path = HERE / f"{self.stage}.json"
        path.write_text(json.dumps(self.rows, indent=1) + "\n")
        return path


def run_all(folder: Path, leave_out: tuple[str, ...] = ("all.py", "records.py", "page.py")) -> int:
    """Run every script of a folder in a process of its own, one after the other; return how many failed."""
    failed = 0
    for script in sorted(folder.glob("*.py")):
        if script.name in leave_out or script.name.endswith("_peer.py"):
            continue
        print(f"--- {script.name}", flush=True)
        code = subprocess.run([sys.executable, str(script)], cwd=ROOT, check=False).returncode
        if code:
            failed += 1
            print(f"--- {script.name} failed with exit code {code}", flush=True)
    return failed
