"""Meet every kind of broken input and write the page of the documentation with what the user really saw."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from records import ROOT, Records

sys.path.insert(0, str(ROOT / "tests" / "end_to_end"))

from broken_input import CASES, NETWORKS
from test_broken_input import meet, small_network

PAGE = ROOT / "docs" / "bad_input.md"
HEAD = """# Bad input

Every kind of broken input below is made from a small simulated project and met by a test
(`tests/end_to_end/broken_input.py`). What the user sees was copied by `python evidence/bad_input.py`. Good data are
never stopped by bad data: what cannot be used is skipped, counted and listed with its reason; only where nothing is
left to work on, or a setting is wrong, does the command end with exit code 1, a message, and no traceback. More cases
are on the pages of [waveforms](waveforms.md) and [exchange](exchange.md).

| input | exit code | what the user sees |
|---|---|---|
"""


def seen(said: str, words: tuple[str, ...]) -> str:
    """Return the lines of the output that carry the message, for one cell of a table."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("quakescribe:")]
    if errors:
        at = lines.index(errors[0])
        chosen = lines[at : at + 3]
    else:
        chosen = [line for line in lines if any(word in line for word in words)][:2]
    text = " ".join(" ".join(line.split()) for line in chosen).replace("|", "\\|")
    return text if len(text) <= 330 else text[:327] + "..."


def main() -> None:
    """Meet all cases, write the page, and record how many met what was expected."""
    os.environ["COLUMNS"] = "200"
    rows, good = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        original = small_network(Path(scratch) / "original")
        for number, case in enumerate(CASES + NETWORKS):
            folder = Path(scratch) / f"case{number}"
            code, said = meet(case, original, folder)
            good += code == case.code and all(word in said for word in case.says) and "Traceback" not in said
            shown = seen(said, case.says).replace(str(folder), ".").replace(scratch, "")
            rows.append(f"| {case.what} | {code} | `{shown}` |")
    PAGE.write_text(HEAD + "\n".join(rows) + "\n")
    records = Records("bad_input")
    records.add(
        "kinds of broken input that get a clear word",
        good,
        "kinds",
        "simulated project",
        (">=", 25),
        note=f"of {len(CASES + NETWORKS)}",
    )
    records.write()


if __name__ == "__main__":
    main()
