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


def test_the_python_on_the_page_of_the_simulator_runs():
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "simulate.md").read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 1
    made: dict[str, object] = {}
    exec(blocks[0], made)
    assert made["counts"].shape == (3, 1000)


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


@pytest.mark.parametrize(
    ("value", "said"), [(0.59, "**not met**"), (0.6, "met"), (0.76, "met"), (0.77, "**not met**"), (float("nan"), "?")]
)
def test_an_aim_with_two_sides_is_missed_on_either(value, said):
    maker = script(ROOT / "evidence" / "page.py")
    assert maker.met(value, ["in", 0.6, 0.76]) == said
    assert maker.sign(["in", 0.6, 0.76]) == "0.6 to 0.76"


def test_the_page_of_evidence_is_made_of_the_records():
    maker = script(ROOT / "evidence" / "page.py")
    made = maker.page(maker.read(ROOT / "evidence"))
    assert made == (DOCS / "evidence.md").read_text(encoding="utf-8"), "run: python evidence/page.py"


def test_the_page_of_scenarios_is_made_of_the_records():
    maker = script(ROOT / "evidence" / "page.py")
    rows, before = (json.loads(path.read_text()) if path.exists() else []
                    for path in (ROOT / "evidence" / "scenarios.json", maker.BEFORE))
    assert maker.scenarios(rows, before) == (DOCS / "scenarios.md").read_text(), "run: python evidence/page.py"


def test_a_scenario_is_a_column_and_shows_in_brackets_what_it_was_before():
    maker = script(ROOT / "evidence" / "page.py")
    rows = [record(name="picks: recall", data="scenario quiet", value=0.8),
            record(name="picks: recall (M 1.0 to 1.5)", data="scenario quiet", value=0.9),
            record(name="picks: recall (M 0.5 to 1.0)", data="scenario quiet", value=0.7),
            record(name="picks: recall", data="scenario mine", value=0.6)]
    text = maker.scenarios(rows, [record(name="picks: recall", data="scenario quiet", value=0.5)])
    assert "| figure | quiet | mine |" in text
    assert "| recall | 0.8 (0.5) | 0.6 |" in text
    assert text.index("(M 0.5") < text.index("(M 1.0")


def test_what_is_said_of_real_recordings_is_left_out_without_their_records():
    assert script(ROOT / "evidence" / "page.py").reading({"pick": [record()]}) == ""


def test_without_real_recordings_their_records_stay(tmp_path, monkeypatch, capsys):
    maker = script(ROOT / "evidence" / "records.py")
    old = [record(data="ridgecrest_picks"), record(data="ridgecrest_picks", name="other"), record(name="gone")]
    (tmp_path / "pick.json").write_text(json.dumps(old))
    monkeypatch.setattr(maker, "HERE", tmp_path)
    monkeypatch.setattr(maker, "real_data", lambda: None)
    records = maker.Records("pick")
    records.rows = [record(value=0.5), record(data="ridgecrest_picks", value=0.7)]
    records.write()
    kept = json.loads((tmp_path / "pick.json").read_text())
    assert [(row["name"], row["data"], row["value"]) for row in kept] == [
        ("recall", "simulated", 0.5),
        ("recall", "ridgecrest_picks", 0.7),
        ("other", "ridgecrest_picks", 0.9),
    ]
    assert "1 records on real recordings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "ending"),
    [("", ""), ("evidence/pick.json\nREADME.md", ""), ("evidence/pick.json\nsrc/quakescribe/errors.py", "-dirty")],
)
def test_a_commit_says_when_the_code_differs_from_it(monkeypatch, changed, ending):
    maker = script(ROOT / "evidence" / "records.py")
    monkeypatch.setattr(maker, "git", lambda word, *_: changed if word == "diff" else "abc1234")
    assert maker.commit() == "abc1234" + ending


def test_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / target).exists(), target


def test_every_page_is_in_the_menu_and_every_entry_of_the_menu_is_a_page():
    menu = set(re.findall(r": (\w+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert menu == {path.name for path in DOCS.glob("*.md")}


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_reasons_for_leaving_out_are_lower_case_with_hyphens(path):
    text = path.read_text(encoding="utf-8")
    for table in re.findall(r"^\| reason \|.*\n\|[-|: ]+\n((?:\|.*\n?)+)", text, re.MULTILINE):
        for line in table.splitlines():
            for reason in re.findall(r"`([^`]+)`", line.split("|")[1]):
                assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", reason), f"{path.name}: {reason}"


def test_reasons_on_the_page_of_waveforms_are_lower_case_with_hyphens():
    reasons = re.findall(r"\| `([^`]+)`: ", (DOCS / "waveforms.md").read_text(encoding="utf-8"))
    assert len(reasons) >= 10
    assert [reason for reason in reasons if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", reason)] == []
