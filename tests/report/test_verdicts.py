import re

import numpy as np
import pytest
from made_audit import CHECKS, made_audit

from quakescribe.audit import Audit
from quakescribe.audit.check import table
from quakescribe.report.verdicts import decimals, in_words, known_checks, number, told, verdicts
from quakescribe.tables import FINDINGS


@pytest.fixture(scope="module")
def section():
    return verdicts(made_audit(), CHECKS)


def rows(section):
    return {row[0]: row for panel in section.panels for row in panel.grid.rows if panel.key != "verdicts-single"}


def test_counts_are_those_of_the_network_and_the_intro_says_them(section):
    assert dict(section.counts) == {"bad": 1, "watch": 1, "cannot tell": 1, "good": 1}
    assert "1 good, 1 watch, 1 bad, 1 cannot tell" in section.intro


def test_every_finding_of_the_network_has_a_row_with_its_value_interval_and_reason(section):
    found = made_audit().findings
    shown = rows(section)
    for row in found[found["scope"] == "network"].to_dict("records"):
        todo = "" if row["verdict"] in ("good", "cannot tell") else f"\nWhat to do: {row['todo']}"
        mine = next(one for one in shown.values() if one[5] == row["why"] + todo)
        assert mine[1] == row["verdict"]
    assert shown["Events by chance"][2:5] == ("0.021 [0.011, 0.044]", "0", "1,234")
    assert shown["Trend with distance"][2] == "12,346 [11,000, 13,111] s/100 km"
    assert shown["Lost <P> onsets (S)"][2:5] == ("-", "-", "3")


def test_stations_are_one_row_with_the_worst_verdict_and_a_folded_list_holds_them_all(section):
    row = rows(section)["Lost <P> onsets, by station"]
    assert row[1] == "bad"
    assert row[5] == "3 stations bad (XX.S00., XX.S01., XX.S02.); 9 stations good.\nWhat to do: Look at the stations."
    single = section.panels[-1]
    assert single.folded
    assert len(single.grid.rows) == 13
    assert [one[1] for one in single.grid.rows] == ["bad"] * 3 + ["watch"] + ["good"] * 9


def test_the_worst_stand_first_in_a_table_and_what_cannot_be_told_last(section):
    associate = next(panel for panel in section.panels if panel.key == "verdicts-associate")
    assert [row[1] for row in associate.grid.rows] == ["bad", "bad", "watch", "good", "cannot tell"]


def test_the_bad_stand_first_in_words_those_of_stations_among_them(section):
    assert [lead.verdict for lead in section.leads] == ["bad", "bad", "watch"]
    assert section.leads[0].why == "31% of <P> are lost; 5% are expected."
    assert section.leads[1].title == "Lost <P> onsets, by station"


def test_tables_with_something_to_look_at_are_open_at_first():
    only_good = made_audit().findings.query("metric == 'chance_rate' and scope == 'network'")
    for found, opened in ((made_audit().findings, True), (only_good, False)):
        panel = next(p for p in verdicts(Audit(found, made_audit().outcomes), CHECKS).panels)
        assert panel.folded
        assert panel.opened is opened


def test_many_bad_findings_are_told_five_in_words_and_the_rest_by_title():
    found = made_audit().findings.query("scope == 'network' and verdict == 'bad'").to_dict("records")[0]
    many = table([{**found, "key": f"{i:02d}"} for i in range(8)])
    leads = verdicts(Audit(many, made_audit().outcomes), CHECKS).leads
    assert len(leads) == 6
    assert leads[-1].title == "3 more"
    assert leads[-1].why == "Lost <P> onsets (05), Lost <P> onsets (06), Lost <P> onsets (07)"


def test_metrics_that_no_check_knows_are_shown_under_their_own_name():
    found = made_audit().findings.assign(metric=lambda f: f["metric"].replace("trend", "unheard_of"))
    shown = rows(verdicts(Audit(found, made_audit().outcomes), CHECKS))
    assert "Unheard of" in shown


def test_no_findings_are_said_to_be_none():
    section = verdicts(Audit(FINDINGS.empty(), {}))
    assert "no check was made" in section.panels[0].caption


def test_how_it_is_told_is_by_section_and_only_of_checks_that_were_made():
    audit = made_audit()
    assert [one.question for one in told(known_checks(audit, CHECKS), "locate")] == [CHECKS[1].question]
    only = Audit(audit.findings, {"made-chance": audit.outcomes["made-chance"]})
    assert told(known_checks(only, CHECKS), "locate") == ()


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [(0.1234, 0.10, 0.15, "0.123"), (12345.6, 11000.0, 13111.0, "12,346"), (0.00004, np.nan, np.nan, "0.000040"),
     (5.0, np.nan, np.nan, "5"), (np.nan, 0.0, 1.0, "-"), (0.0, 0.0, 0.0, "0"), (0.0, np.nan, np.nan, "0"),
     (1e-9, 0.0, 1.0, "1e-09"), (4e-52, 0.0, 1.0, "0"), (-0.5, -0.7, -0.3, "-0.50"),
     (np.inf, 0.0, 1.0, "-")])  # fmt: skip
def test_a_number_has_the_digits_that_its_interval_allows(value, low, high, text):
    assert number(value, decimals(value, low, high)) == text


def test_verdicts_in_words_come_in_the_usual_order():
    assert in_words([("bad", 2), ("good", 1000)]) == "1,000 good, 0 watch, 2 bad, 0 cannot tell"


def test_the_page_draws_badges_with_symbol_and_word_and_escapes_everything(tmp_path):
    from quakescribe.report import write

    text = write({}, {}, tmp_path / "a.html", audit=made_audit(), checks=CHECKS).read_text(encoding="utf-8")
    for symbol, word in (("✓", "good"), ("▲", "watch"), ("✕", "bad"), ("?", "cannot tell")):
        name = word.replace(" ", "-")
        assert f'<span class="badge {name}"><span aria-hidden="true">{symbol}</span> {word}</span>' in text
    assert "<P>" not in text
    assert text.count("data-verdict=") == 4 + 4 + 2 + 13
    assert re.search(r"<summary>How this is told</summary>.*?Do residuals grow with distance\?", text, re.DOTALL)
    assert text.index('id="verdicts"') < text.index('id="overview"')
