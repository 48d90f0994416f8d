"""The audit, shown: planted faults and false alarms, what its metrics are worth against the truth, real data.

    python evidence/audit.py                # everything
    python evidence/audit.py faults         # some of: clean, faults, ranking, located, pickers

What is simulated is kept below ``.cache/audit``; tables go to ``evidence/experiments/audit-*.csv``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from audits.alarms import clean, faults
from audits.ranking import ranking
from audits.real import located, pickers
from audits.spread import TABLES
from records import HERE, Records

PARTS: dict[str, Callable[[Records], None]] = {"clean": clean, "faults": faults, "ranking": ranking, "located": located,
                                              "pickers": pickers}


def main(names: list[str]) -> None:
    """Do all parts, or some; the records of the others stay."""
    path, marks = HERE / "audit.json", {}
    TABLES.mkdir(exist_ok=True)
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for name in names or list(PARTS):
        records = Records("audit")
        PARTS[name](records)
        marks[name] = [row | {"part": name} for row in records.rows]
        old = [row for row in old if row.get("part") != name] + marks[name]
        path.write_text(json.dumps(old, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
