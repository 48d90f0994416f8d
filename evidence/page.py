"""Make docs/evidence.md from every evidence/*.json: accuracy, fidelity and calibration first, then speed and memory."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "evidence.md"
ORDER = ("waveforms", "pick", "onsets", "associate", "locate", "hypoinverse", "measure", "exchange", "run", "simulate")
HEAD = """# Evidence

Every figure that this documentation or the README claims, with what was aimed at, on which data, and the command
that recomputes it. `python evidence/page.py` makes this page from `evidence/*.json`; `make evidence` recomputes
accuracy, fidelity and calibration, `make bench` speed and memory beside the peers. Figures on real recordings need the
data folder (`$QUAKESCRIBE_DATA`); without it, only the simulated ones are made. *Not met* is written where it is so.
"""


def sign(aim: list[Any] | None) -> str:
    """Return an aim as people write it."""
    if not aim:
        return ""
    if aim[0] == "in":
        return f"{number(aim[1])} to {number(aim[2])}"
    return f"{'≥' if aim[0] == '>=' else '≤'} {number(aim[1])}"


def met(value: Any, aim: list[Any] | None) -> str:
    """Return whether the value keeps its aim; nothing where there is none, a question mark where it is no number."""
    if not aim:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return "?"
    low = aim[1] if aim[0] in (">=", "in") else -math.inf
    high = aim[-1] if aim[0] in ("<=", "in") else math.inf
    return "met" if low <= value <= high else "**not met**"


def number(value: Any) -> str:
    """Return a number with four significant digits and separators; text as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows of one stage as a Markdown table, and below it when and how they were made."""
    lines = ["| figure | value | aim | | data |", "|---|---|---|---|---|"]
    for row in rows:
        unit = "" if row["unit"] in ("-", "") else f" {row['unit']}"
        note = f" ({row['note']})" if row.get("note") else ""
        cells = (
            f"{row['name']}{note}",
            f"{number(row['value'])}{unit}",
            sign(row["aim"]),
            met(row["value"], row["aim"]),
            row["data"],
        )
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    made = sorted({(row["how"], row["commit"], row["date"]) for row in rows})
    told = "; ".join(f"`{how}` at commit {commit}, {date}" for how, commit, date in made)
    return "\n".join(lines) + f"\n\nMade by {told}.\n"


def summary(stages: dict[str, list[dict[str, Any]]]) -> str:
    """Return how many aims are met, and the ones that are not."""
    aimed = [(name, row) for name, rows in stages.items() for row in rows if row["aim"]]
    missed = [(name, row) for name, row in aimed if met(row["value"], row["aim"]) != "met"]
    text = f"{len(aimed) - len(missed)} of {len(aimed)} aims are met."
    if missed:
        text += (
            " Not met: "
            + "; ".join(
                f"{row['name']} ({name}: {number(row['value'])}, aim {sign(row['aim'])})" for name, row in missed
            )
            + "."
        )
    return text + "\n"


def page(stages: dict[str, list[dict[str, Any]]]) -> str:
    """Return the whole page; stages named ``bench-...`` come last, in a section of their own."""

    def place(name: str) -> tuple[int, str]:
        plain = name.removeprefix("bench-")
        return (ORDER.index(plain) if plain in ORDER else len(ORDER), plain)

    parts = [HEAD]
    for title, chosen in (
        ("Accuracy, fidelity, calibration", [n for n in stages if not n.startswith("bench-")]),
        ("Speed and memory", [n for n in stages if n.startswith("bench-")]),
    ):
        if not chosen:
            continue
        parts.append(f"## {title}\n\n{summary({name: stages[name] for name in chosen})}")
        parts += [
            f"### {name.replace('bench-', 'speed of ')}\n\n{table(stages[name])}" for name in sorted(chosen, key=place)
        ]
    return "\n".join(parts)


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the records of every stage; stages without records are left out."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: rows for name, rows in found.items() if rows}


if __name__ == "__main__":
    PAGE.write_text(page(read(HERE)), encoding="utf-8")
    print(f"wrote {PAGE}")
