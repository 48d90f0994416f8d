import re

import numpy as np
import pandas as pd
import pytest
from made_audit import CHECKS, made_audit

from quakescribe.audit import Audit
from quakescribe.audit.check import Check, Metric, Outcome, Rows, table
from quakescribe.report.text import stations, stations_in
from quakescribe.report.verdicts import (
    MEND_FIRST,
    decimals,
    in_order,
    in_words,
    known_checks,
    number,
    told,
    values,
    verdicts,
)
from quakescribe.tables import FINDINGS


@pytest.fixture(scope="module")
def section():
    return verdicts(made_audit(), CHECKS)


def rows(section):
    return {row[0]: row for panel in section.panels for row in (*panel.grid.rows, *panel.grid.rest)
            if panel.key != "verdicts-single"}


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
    assert shown["Events by chance"][2:5] == ("2.1% [1.1, 4.4]", "0%", "1,234")
    assert shown["Trend with distance"][2] == "12,346 [11,000, 13,111] s/100 km"
    assert shown["Lost <P> onsets (S)"][2:5] == ("-", "-", "3")


def test_stations_are_one_row_with_the_worst_verdict_and_a_folded_list_holds_them_all(section):
    row = rows(section)["Lost <P> onsets, by station"]
    assert row[1] == "bad"
    assert row[5] == "3 stations bad (XX.S00, XX.S01, XX.S02); 9 stations good.\nWhat to do: Look at the stations."
    single = section.panels[-1]
    assert single.folded
    assert len(single.grid.rows) == 13
    assert [one[1] for one in single.grid.rows] == ["bad"] * 3 + ["watch"] + ["good"] * 9


def test_the_worst_stand_first_in_a_table_and_what_cannot_be_told_last(section):
    associate = next(panel for panel in section.panels if panel.key == "verdicts-associate")
    assert [row[1] for row in associate.grid.rows] == ["bad", "bad", "watch"]
    assert [row[1] for row in associate.grid.rest] == ["good", "cannot tell"]
    assert associate.grid.summary == "1 good, 1 cannot tell"


def test_the_bad_stand_first_in_words_with_what_to_do_and_single_stations_after_them(section):
    assert [lead.verdict for lead in section.leads] == ["bad"] * 4 + ["watch"]
    assert section.leads[0].why == "31% of <P> are lost; 5% are expected."
    assert section.leads[0].todo == "Look at the stations."
    assert [lead.title for lead in section.leads[1:4]] == [f"Station XX.S0{k}, Lost <P> onsets" for k in range(3)]


INPUT = Check("input", "catalogue", "Is it plausible?", "m", (), (
    Metric("time_offset", "Clock", "h", "Ask for UTC."), Metric("median_depth", "Depth", "km", "Check units.")),
    lambda case: Outcome([]))  # fmt: skip


def found_with_input(verdict):
    rows = Rows(INPUT.metrics)
    rows.add("time_offset", 7.0, verdict, "It is 7 h off at CI.CLC.; others not.", n=5)
    rows.add("median_depth", 900.0, verdict, "It is 900 km.", n=5)
    rows.add("median_depth", 900.0, "bad", "CI.CLC. has 900 km.", scope="station", key="CI.CLC.", n=5)
    audit = made_audit()
    return Audit(pd.concat([audit.findings, table(rows.rows)]), audit.outcomes | {"input": Outcome(rows.rows)})


def test_faults_of_the_input_come_first_and_one_lead_stands_for_all_of_a_check():
    leads = verdicts(found_with_input("bad"), (*CHECKS, INPUT)).leads
    assert leads[0].title == "Clock"
    assert leads[0].why == (f"{MEND_FIRST} It is 7 h off at CI.CLC; others not. And 1 more of this check: Depth.")
    assert leads[0].todo == "Ask for UTC."
    assert leads[1].title == "Lost <P> onsets (P)"
    ordered = in_order(found_with_input("bad").findings, (*CHECKS, INPUT))
    assert ordered["metric"].tolist()[:2] == ["time_offset", "median_depth"]
    assert not any(MEND_FIRST in lead.why for lead in verdicts(found_with_input("watch"), (*CHECKS, INPUT)).leads)


def test_the_worst_three_stations_are_told_alone_and_the_others_named():
    rows = Rows(INPUT.metrics)
    for k in range(6):
        rows.add("median_depth", 1.0, "bad", f"{k} km.", scope="station", key=f"QS.S{k:02d}.", n=5)
    rows.add("time_offset", 1.0, "bad", "1 h.", scope="station", key="QS.S05.", n=5)
    told = verdicts(Audit(table(rows.rows), {"input": Outcome(rows.rows)}), (INPUT,)).leads
    assert [lead.title for lead in told] == ["Station QS.S05, 2 metrics", "Station QS.S00, Depth",
                                             "Station QS.S01, Depth", "3 more stations"]
    assert told[0].why == "Clock, Depth: 1 h." and told[-1].why == "QS.S02, QS.S03, QS.S04."


@pytest.mark.parametrize(
    ("numbers", "why", "shown"),
    [((0.0563, 0.0539, 0.0587, 0.0003), "5.6% of 9.", ("5.6% [5.4, 5.9]", "<0.1%")),
     ((0.313, 0.25, 0.37, 0.05), "31%.", ("31% [25, 37]", "5%")),
     ((0.0, 0.0, 0.004, 0.0), "0% of 9.", ("0% [0, 0.4]", "0%")),
     ((0.313, 0.25, 0.37, 0.05), "0.31 units.", ("0.31 [0.25, 0.37]", "0.05")),
     ((1.313, 0.25, 1.37, 0.05), "31% more.", ("1.3 [0.2, 1.4]", "0.05")),
     ((0.77, 0.63, 0.96, 1.0), "b = 0.77 (95%: 0.63 to 0.96).", ("0.77 [0.63, 0.96]", "1.00")),
     ((0.95, 0.63, 0.96, 1.0), "b = 0.95 (95%: 0.63 to 0.96).", ("0.95 [0.63, 0.96]", "1.00")),
     ((np.nan, np.nan, np.nan, 0.05), "none of 5%.", ("-", "0.05")),
     ((0.0004, 0.0003, 0.0005, 0.0002), "0.04% of 9.", ("0.04% [0.03, 0.05]", "0.02%"))])  # fmt: skip
def test_shares_are_told_in_per_cent_as_their_reasons_do(numbers, why, shown):
    row = dict(zip(("value", "low", "high", "expected"), numbers, strict=True))
    assert values({**row, "unit": "-", "why": why}) == shown


@pytest.mark.parametrize(
    ("numbers", "why", "null"),
    [((1.0, 1.0, 1.0, 0.58282), "all", "0.58"), ((4.0, 4.0, 4.0, 4.2), "four", "4.2"), ((8.0, 8.0, 8.0, 8.0), "", "8"),
     ((0.4, 0.2, 1.1, 0.4001), "two", "0.4001"), ((0.31, 0.25, 0.37, 0.0446), "31%", "4.5%"),
     ((0.0, 0.0, 0.0, 0.869775), "0.0% of 9", "87.0%"), ((0.31, 0.25, 0.37, 0.3081), "31%", "30.8%"),
     ((2.0, np.nan, np.nan, np.nan), "two", "-")])  # fmt: skip
def test_what_is_expected_has_two_digits_and_differs_from_the_value(numbers, why, null):
    row = dict(zip(("value", "low", "high", "expected"), numbers, strict=True))
    assert values({**row, "unit": "-", "why": why})[1] == null


@pytest.mark.parametrize(
    ("given", "shown"),
    [("CI.CLC.", "CI.CLC"), ("CI.CLC.00", "CI.CLC.00"), ("a | b | QS.S14. | P", "a | b | QS.S14 | P"), ("2.5.", "2.5."),
     ("2024-03-04", "2024-03-04"), ("7D.AB1.", "7D.AB1")])  # fmt: skip
def test_an_empty_location_code_is_not_shown(given, shown):
    assert stations(given) == shown


def test_in_a_sentence_its_own_full_stop_stays():
    assert stations_in("CI.CLC. and QS.S1.: most at CI.CLC.. Look at CI.CLC.") == (
        "CI.CLC and QS.S1: most at CI.CLC. Look at CI.CLC.")


def test_tables_with_something_to_look_at_are_open_at_first():
    only_good = made_audit().findings.query("metric == 'chance_rate' and scope == 'network'")
    for found, opened in ((made_audit().findings, True), (only_good, False)):
        panel = next(p for p in verdicts(Audit(found, made_audit().outcomes), CHECKS).panels)
        assert panel.folded
        assert panel.opened is opened


def test_many_bad_findings_of_one_check_are_one_lead():
    found = made_audit().findings.query("scope == 'network' and verdict == 'bad'").to_dict("records")[0]
    many = table([{**found, "key": f"{i:02d}"} for i in range(8)])
    leads = verdicts(Audit(many, made_audit().outcomes), CHECKS).leads
    (lead,) = leads
    assert lead.title == "Lost <P> onsets (00)"
    assert lead.why.endswith(" And 7 more of this check: Lost <P> onsets (01), Lost <P> onsets (02), Lost <P> onsets "
                             "(03) and 4 more.")


def test_many_checks_with_bad_findings_are_told_six_in_words_and_the_rest_by_title():
    checks = [Check(f"c{k}", "pick", "q?", "m", (), (Metric(f"m{k}", f"M{k}", "-", "Do."),), lambda case: Outcome([]))
              for k in range(8)]
    rows = [row for check in checks for rows in [Rows(check.metrics)] for row in [
        rows.add(check.metrics[0].name, 1.0, "bad", "So.") or rows.rows[0]]]
    told = verdicts(Audit(table(rows), {check.name: Outcome([]) for check in checks}), checks).leads
    assert [lead.title for lead in told] == [f"M{k}" for k in range(6)] + ["2 more"]
    assert told[-1].why == "M6, M7."


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
