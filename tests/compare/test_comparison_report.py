import re

import numpy as np
import pandas as pd
import pytest
from made_catalogue import MODEL, catalogue
from made_sides import picked_twin

from quakescribe.audit import audit, make_case
from quakescribe.cli.compared import _datums
from quakescribe.compare import given
from quakescribe.compare.page import worst_first, write_comparison
from quakescribe.compare.side_by_side import METRICS, compare_sides
from quakescribe.compare.sides import Side
from quakescribe.errors import SettingsError
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.settings.project import Settings

SOUND = catalogue(150, 10.0, seed=6)


def audited(name, tables):
    return Side(name, tables, audit(make_case(tables, Settings().audit, MODEL, {}, model_known=True)), MODEL)


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
