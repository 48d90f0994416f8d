"""Write the columns of every table (``quakescribe.tables`` and ``simulate/truth.py``) into docs/conventions.md.

Run it after a change of a table: python docs/tables.py
"""

from __future__ import annotations

from pathlib import Path

from quakescribe.simulate.truth import TRUTH
from quakescribe.tables import MARKS, SAMPLES, TABLES
from quakescribe.tables.schema import Column, Table

PAGE = Path(__file__).parent / "conventions.md"
EVERY = (*TABLES.values(), SAMPLES, MARKS, *TRUTH)
BEGIN = "<!-- tables: written by docs/tables.py -->\n"
END = "<!-- end of tables -->\n"


def section(table: Table) -> str:
    """Return one table's part of the page."""
    key = f" Key: {', '.join(f'`{name}`' for name in table.key)}." if table.key else ""
    order = f" Sorted by {', '.join(f'`{name}`' for name in table.sort)}." if table.sort else ""
    rows = "\n".join(f"| `{c.name}` | {c.type} | {c.unit} | {meaning(c)} |" for c in table.columns)
    head = "| column | type | unit | meaning |\n|---|---|---|---|"
    return f"### {table.name}\n\n{table.meaning[0].upper()}{table.meaning[1:]}.{key}{order}\n\n{head}\n{rows}\n"


def meaning(column: Column) -> str:
    """Return the meaning with range and whether the value may be missing."""
    notes = [column.meaning.replace("|", "\\|")]
    if column.low is not None or column.high is not None:
        low = "" if column.low is None else f"{column.low:g}"
        high = "" if column.high is None else f"{column.high:g}"
        notes.append(f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}")
    if column.nullable:
        notes.append("may be missing")
    return "; ".join(notes)


def page(text: str) -> str:
    """Return the page with the tables' part as it should be."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + "\n" + "\n".join(section(table) for table in EVERY) + "\n" + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
