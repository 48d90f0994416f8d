"""Pages that are made from something else say what it says now."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def script(path):
    """A script of the project as a module."""
    spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_columns_on_the_page_are_those_of_the_tables():
    text = (DOCS / "conventions.md").read_text(encoding="utf-8")
    assert script(DOCS / "tables.py").page(text) == text, "run: python docs/tables.py"


def test_the_references_on_the_page_are_those_of_the_list():
    maker = script(DOCS / "references.py")
    bib = (DOCS / "references.bib").read_text(encoding="utf-8")
    assert maker.page(bib) == (DOCS / "references.md").read_text(encoding="utf-8"), "run: python docs/references.py"
    found = maker.entries(bib)
    assert len(found) == bib.count("@")
    assert all({"author", "title", "year"} <= set(entry) for entry in found)


def test_the_picture_is_the_one_its_script_draws():
    drawn = script(DOCS / "figures" / "pipeline.py").draw()
    assert drawn == (DOCS / "figures" / "pipeline.svg").read_text(encoding="utf-8"), (
        "run: python docs/figures/pipeline.py"
    )


def test_works_named_in_the_report_are_in_the_references():
    from quakescribe.report.notes import REFERENCES

    bib = (DOCS / "references.bib").read_text(encoding="utf-8")
    for reference in REFERENCES:
        title = reference.split("). ")[1].split(". ")[0].replace("−", "-")
        assert title.lower() in bib.lower(), title


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


def record(**values):
    return {
        "name": "recall",
        "value": 0.9,
        "unit": "-",
        "aim": [">=", 0.95],
        "data": "simulated",
        "how": "python x.py",
        "note": "",
        "commit": "abc",
        "date": "2024-01-01",
        **values,
    }


def test_the_page_of_evidence_says_plainly_what_is_not_met():
    maker = script(ROOT / "evidence" / "page.py")
    text = maker.page(
        {"pick": [record(), record(name="speed", value=2, aim=["<=", 3])], "bench-pick": [record(aim=None)]}
    )
    assert "1 of 2 aims are met. Not met: recall (pick: 0.9, aim ≥ 0.95)." in text
    assert "| recall | 0.9 | ≥ 0.95 | **not met** | simulated |" in text
    assert "| speed | 2 | ≤ 3 | met | simulated |" in text
    assert text.index("### pick") < text.index("## Speed and memory") < text.index("### speed of pick")
    assert "`python x.py` at commit abc, 2024-01-01" in text


@pytest.mark.parametrize(
    ("value", "aim", "said"),
    [
        (float("nan"), ["<=", 1], "?"),
        ("n/a", ["<=", 1], "?"),
        (1, None, ""),
        (1.0, ["<=", 1], "met"),
        (1.0, [">=", 1], "met"),
    ],
)
def test_a_value_that_is_no_number_meets_no_aim(value, aim, said):
    assert script(ROOT / "evidence" / "page.py").met(value, aim) == said


def test_every_file_of_evidence_can_be_shown():
    maker = script(ROOT / "evidence" / "page.py")
    for path in (ROOT / "evidence").glob("*.json"):
        rows = json.loads(path.read_text(encoding="utf-8"))
        assert maker.table(rows).count("\n| ") >= len(rows)
