"""Evidence records: every figure the project claims, with how it was measured.

Each script in this folder and in ``benchmarks/`` collects records for one stage and writes ``evidence/<stage>.json``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MADE = ("evidence/*.json", "evidence/experiments/*.csv", "docs/evidence.md", "docs/scenarios.md",
        "docs/selftraining.md", "docs/audit_measured.md", "docs/figures/*.png", "docs/bad_input.md",
        "README.md")  # rewritten by the scripts themselves
LEAVE_OUT = ("selftraining.py",  # takes hours: make selftraining
             "all.py", "records.py", "page.py", "selftraining_page.py",
             "onsets.py", "seismograms.py",
             "realism_figures.py", "memory.py", "month.py")  # no records of their own, or long
REAL = ("ridgecrest_", "amatrice_", "labelled_samples")  # folders of real recordings, as records name them


def real_data() -> Path | None:
    """Return the folder of real recordings ($QUAKESCRIBE_DATA or ../shared/data), or None."""
    for candidate in (os.environ.get("QUAKESCRIBE_DATA"), ROOT.parent / "shared" / "data"):
        if candidate and Path(candidate).is_dir():
            return Path(candidate)
    return None


def git(*words: str) -> str:
    """Return what git says, nothing where there is no repository."""
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


@cache
def commit() -> str:
    """Return the commit of this code; ``-dirty`` is added where files other than those made here differ from it."""
    changed = git("diff", "--name-only", "HEAD").splitlines()
    dirty = any(not any(PurePosixPath(path).match(made) for made in MADE) for path in changed)
    return git("rev-parse", "--short", "HEAD") + ("-dirty" if dirty else "")


def kept(old: list[dict[str, object]], new: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the old records on real recordings that are not among the new ones."""
    again = {(row["name"], row["data"]) for row in new}
    return [
        row
        for row in old
        if any(folder in str(row["data"]) for folder in REAL) and (row["name"], row["data"]) not in again
    ]


class Records:
    """Collect the records of one stage; `write` stores them and prints a table."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.rows: list[dict[str, object]] = []

    def add(
        self,
        name: str,
        value: float | str,
        unit: str,
        data: str,
        aim: tuple[str, float] | tuple[str, float, float] | None = None,
        note: str = "",
    ) -> None:
        """Add one figure; ``aim`` is (">=" | "<=", bound) or ("in", low, high)."""
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
                "commit": commit(),
                "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            }
        )
        told = f"   aim {' '.join(map(str, aim))}" if aim else ""
        print(f"{self.stage:12s} {name:60s} {value} {unit}{told}", flush=True)

    def write(self) -> Path:
        """Write ``evidence/<stage>.json`` and return its path; without real recordings, their records stay."""
        path = HERE / f"{self.stage}.json"
        rows = self.rows
        if real_data() is None and path.exists():
            old = kept(json.loads(path.read_text(encoding="utf-8")), rows)
            rows = rows + old
            if old:
                print(f"{self.stage}: {len(old)} records on real recordings, which are not here, stay as they were")
        path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        return path


def run_all(folder: Path, leave_out: tuple[str, ...] = LEAVE_OUT) -> int:
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
