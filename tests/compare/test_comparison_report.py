import io
import re

import numpy as np
import pandas as pd
import pytest
from made_catalogue import MODEL, catalogue
from made_sides import picked_twin
from rich.console import Console

from quakescribe.audit import audit, make_case
from quakescribe.cli import show
from quakescribe.cli.compared import SIDES, _datums, compare
from quakescribe.compare import given, ranking
from quakescribe.compare.page import _tiles, worst_first, write_comparison
from quakescribe.compare.side_by_side import METRICS, compare_sides
from quakescribe.compare.sides import Side
from quakescribe.errors import SettingsError
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.settings.project import Settings, override
from quakescribe.tables import TABLES, store

SOUND = catalogue(150, 10.0, seed=6)


def audited(name, tables):
    return Side(name, tables, audit(make_case(tables, Settings().audit, MODEL)), MODEL)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    rng = np.random.default_rng(0)
    other = picked_twin(SOUND, 1)
    depth = np.clip(SOUND["origins"]["depth_km"] + rng.normal(0, 12, len(SOUND["origins"])), -5, 100)
    other["origins"] = SOUND["origins"].assign(depth_km=depth)
    sides = [audited("one", SOUND), audited("two", other)]
    found = compare_sides(sides, ComparisonSettings(shifts=2, resamples=100))
    report = write_comparison(found, sides, folder, Settings())
    text = report.read_text(encoding="utf-8")
    return found, folder, text[text.index("<body>"):text.index('id="to-dark"')]


def test_the_comparisons_own_verdicts_stand_first_the_bad_unfolded_with_what_to_do(written):
    found, _, text = written
    assert found.findings.set_index("metric").loc["depth_scatter", "verdict"] == "bad"
    own, audits = text.index('id="verdicts-differences"'), text.index('id="verdict-table"')
    assert own < audits
    shown, folded = text[own:audits].split('<details class="rest">')
    for words in ("Scatter of depths that 90% keep", "one | two", "What to do: Take the depths"):
        assert words in shown
    assert set(re.findall(r'data-verdict="([a-z ]+)"', shown)) <= {"bad", "watch"}
    assert set(re.findall(r'data-verdict="([a-z ]+)"', folded)) <= {"good", "cannot tell"}
    assert len(re.findall("<tr data-verdict=", text[own:audits])) == len(found.findings)


def test_both_sets_of_verdicts_are_files_with_six_digits(written):
    found, folder, _ = written
    own = pd.read_csv(folder / "differences.csv", dtype=str)
    assert len(own) == len(found.findings) and set(own["metric"]) == {metric.name for metric in METRICS}
    assert own["verdict"].iloc[0] == "bad"
    audits = pd.read_csv(folder / "verdicts.csv", dtype=str)
    assert {"metric", "one value", "two verdict"} <= set(audits)
    for number in (*own["value"].dropna(), *audits["one value"].dropna()):
        assert len(re.sub(r"e.*|[^0-9]", "", number).lstrip("0")) <= 6


def test_references_of_the_comparison_are_listed(written):
    assert "Woodruff, R. S. (1952)" in written[2] and "Rao, J. N. K." in written[2]


def test_warnings_stand_above_the_verdicts(written, tmp_path):
    sides = [Side("one", SOUND), Side("two", {"origins": SOUND["origins"]})]
    found = compare_sides(sides, ComparisonSettings(shifts=2, resamples=100))
    text = write_comparison(found, sides, tmp_path, Settings()).read_text(encoding="utf-8")
    assert found.common.warnings
    assert text.index('<ul class="warnings"') < text.index('id="verdicts"')
    assert "events, " in text and "of 0 picks" not in text
    assert "Note 1" not in text and '<ul class="warnings"' not in written[2]


def test_sides_without_picks_or_events_have_tiles_and_no_numbers(tmp_path):
    sides = [Side("one", {"origins": SOUND["origins"]}), Side("two", {"picks": SOUND["picks"]}),
             Side("guess", SOUND, info={"arrivals_given": False, "filled_in": ["A sentence of the audit."]})]
    found = compare_sides(sides, ComparisonSettings(shifts=2, resamples=100))
    tiles = {name: (number, words) for number, name, words in _tiles(found)}
    assert tiles["one"][1].endswith("well located; no picks")
    assert tiles["two"][0] == "-" and tiles["two"][1].startswith("no events; ")
    assert tiles["guess"][1].endswith("picks, which are in events is not told")
    text = write_comparison(found, sides, tmp_path, Settings()).read_text(encoding="utf-8")
    assert "A sentence of the audit." in text[text.index('<ul class="warnings"'):text.index('id="verdicts"')]
    assert "'guess': A sentence of the audit." in (tmp_path / "tables" / "warnings.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("arrivals", [True, False])
def test_files_say_whether_their_arrivals_were_given_or_guessed(tmp_path, arrivals):
    names = ("origins", "picks", *(("arrivals",) if arrivals else ()))
    for name in (*names, "stations"):
        store.write(SOUND[name], TABLES[name], tmp_path / f"{name}.csv")
    quick = override(Settings(), ["audit.resamples=50", "audit.picks.null_repeats=1"])
    (side,) = given.sides_of(["a=" + ",".join(str(tmp_path / f"{name}.csv") for name in names)], quick,
                             tmp_path / "stations.csv")
    assert len(side.tables["arrivals"]) > 100
    assert side.guessed is not arrivals and side.fates == (arrivals, arrivals)
    assert any("does not say which picks are its own" in one for one in side.info["filled_in"]) is not arrivals


def test_the_printed_numbers_read_at_80_columns(monkeypatch, tmp_path):
    sides = [Side("hypoinverse", SOUND), Side("pal_network", SOUND), Side("pick_alone", {"picks": SOUND["picks"]})]
    monkeypatch.setattr(given, "sides_of", lambda *_, **__: sides)
    monkeypatch.setattr(show, "out", Console(width=80, file=io.StringIO()))
    compare(["a", "b", "c"], out=tmp_path, changes=["comparison.shifts=2", "comparison.resamples=100"])
    lines = show.out.file.getvalue().split("How they differ")[0].splitlines()
    for words in SIDES.values():
        assert sum(line.startswith(f"{words}  ") for line in lines) == 1, words
    assert lines[1].split() == [side.name for side in sides]
    assert len(next(line.split() for line in lines if line.startswith("association rate"))) == 2 + 2  # and a blank
    rules = {metric.title for metric in ranking.CRITERIA}
    assert all(any(line.startswith(f"{rule}  ") for rule in rules) for line in lines if "%" in line)


def test_the_worst_stand_first():
    findings = compare_sides([Side("a", SOUND), Side("b", SOUND)], ComparisonSettings(shifts=2)).findings
    mixed = findings.assign(verdict=["good", "bad"] * (len(findings) // 2) + ["watch"] * (len(findings) % 2))
    order = ["bad", "watch", "cannot tell", "good"]
    assert worst_first(mixed)["verdict"].map(order.index).is_monotonic_increasing


def test_a_depth_datum_reaches_the_files_that_it_is_for(monkeypatch):
    asked = {}

    def audit_files(paths, *args, depth_datum_km):
        asked[paths[0].stem] = depth_datum_km

    monkeypatch.setattr(given, "audit_files", audit_files)
    monkeypatch.setattr(given, "side_of", lambda audited, name: Side(name, {}))
    given.sides_of(["a=x.csv", "b=y.csv", "z.csv"], Settings(), depth_datum_km=_datums(["1.5", "b=-0.2"]))
    assert asked == {"x": 1.5, "y": -0.2, "z": 1.5}
    with pytest.raises(SettingsError, match="not for c"):
        given.sides_of(["a=x.csv", "b=y.csv"], Settings(), depth_datum_km={"c": 1.0})
    with pytest.raises(SettingsError, match="NAME="):
        _datums(["a=high"])
