"""The figures of the README are those that were measured."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "evidence"))

import page  # noqa: E402

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
TABLE = re.search(r"<!-- evidence -->\n(.*?)<!-- /evidence -->", TEXT, re.DOTALL)[1]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.strip().splitlines()[2:]]


def recorded(label):
    """The record behind a row of the table, read without the page's own search."""
    stage, name, data = next(where for said, *where in page.HEADLINES if said == label)
    rows = json.loads((ROOT / "evidence" / f"{stage}.json").read_text(encoding="utf-8"))
    return next(row for row in rows if row["name"] == name and row["data"].startswith(data))


def test_every_headline_is_in_the_table():
    assert [row[0] for row in ROWS] == [headline[0] for headline in page.HEADLINES]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_figure_is_the_recorded_one_within_rounding(row):
    label, value, aim, data = row
    record = recorded(label)
    assert float(value.split()[0].replace(",", "")) == pytest.approx(record["value"], rel=5e-4)
    assert data == record["data"]
    assert bool(aim) == bool(record["aim"])
    assert ("not met" in aim) == (bool(record["aim"]) and page.met(record["value"], record["aim"]) != "met")


@pytest.mark.parametrize(
    ("start", "way"),
    [
        ("as the published pairs were made, mends off", "as the reference was made, mends off"),
        ("as the published pairs were made, with the mends above", "as the reference was made, all mends on"),
        ("the defaults", "the defaults"),
    ],
)
def test_the_fidelity_on_the_page_of_the_picker_is_the_recorded_one(start, way):
    line = next(
        line
        for line in (ROOT / "docs" / "pick.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {start} |")
    )
    said = [float(cell.strip(" %")) for cell in line.strip("|").split("|")[1:]]
    rows = {row["name"]: row["value"] for row in json.loads((ROOT / "evidence" / "pick.json").read_text())}
    measured = [rows[f"PAL pairs with the same {what}: {way}"] for what in ("P (0.05 s)", "P and S (0.1 s)")]
    digits = 0 if start == "the defaults" else 1
    assert said == [round(100 * value, digits) for value in measured]


def test_the_table_is_the_one_that_make_evidence_writes():
    assert page.readme(TEXT, page.read(ROOT / "evidence")) == TEXT, "run: python evidence/page.py"


def test_the_table_is_made_anew_and_the_rest_stays():
    made = page.readme("before\n<!-- evidence -->\nold\n<!-- /evidence -->\nafter", {})
    assert made.startswith("before\n<!-- evidence -->\n| figure")
    assert "old" not in made
    assert made.endswith("<!-- /evidence -->\nafter")
