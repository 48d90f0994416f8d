import base64
import gzip
import io
import re

import numpy as np
import pandas as pd
import pytest
from made_audit import CHECKS, made_audit

from quakescribe.exchange.formats import read_tables
from quakescribe.report import write
from quakescribe.report.downloads import downloads, embedded, pack
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import gather


@pytest.fixture(scope="module")
def page(run_tables, tmp_path_factory):
    path = tmp_path_factory.mktemp("downloads") / "report.html"
    return write(run_tables, {}, path, audit=made_audit(), checks=CHECKS).read_text(encoding="utf-8")


def files(text):
    """Name and unpacked text of every table inside a page."""
    buttons = dict(re.findall(r'class="download" data-from="([\w-]+)" data-name="([^"]+)"', text))
    packed = dict(re.findall(r'<script type="application/octet-stream" id="([\w-]+)">([^<]*)</script>', text))
    assert set(buttons) == set(packed)
    return {name: gzip.decompress(base64.b64decode(packed[key])).decode() for key, name in buttons.items()}


def test_findings_catalogue_stations_and_the_audits_tables_lie_in_the_page(page):
    assert list(files(page)) == ["findings.csv", "catalogue.csv", "stations.csv", "made-chance-counts.csv"]


def test_the_findings_come_back_as_they_are(page):
    back = pd.read_csv(io.StringIO(files(page)["findings.csv"]), keep_default_na=False, na_values={"value": [""]})
    found = made_audit().findings
    assert len(back) == len(found)
    assert np.allclose(back["value"], found["value"], rtol=1e-8, equal_nan=True)
    assert list(back["why"]) == list(found["why"])
    assert list(back.columns) == list(found.columns)


def test_the_catalogue_is_one_that_any_of_our_readers_knows(page, run_tables, tmp_path):
    path = tmp_path / "catalogue.csv"
    path.write_text(files(page)["catalogue.csv"])
    back = read_tables(path)
    origins = run_tables["origins"].sort_values("event_id")
    mine = back["origins"].sort_values("event_id")
    assert list(mine["event_id"]) == list(origins["event_id"])
    assert np.allclose(mine["latitude"], origins["latitude"], atol=1e-5)
    apart = mine["time"].to_numpy() - origins["time"].to_numpy()
    assert np.abs(apart.astype("timedelta64[us]").astype(int)).max() <= 1
    network = run_tables["magnitudes"][run_tables["magnitudes"]["station_id"].isna()].sort_values("event_id")
    assert np.allclose(back["magnitudes"].sort_values("event_id")["value"], network["value"], atol=1e-4)


def test_missing_numbers_are_empty_fields(page):
    assert files(page)["made-chance-counts.csv"].splitlines() == ["repeat,events", "0,1.5", "1,", "2,2"]


def test_large_tables_are_named_with_their_size_and_place_and_do_not_lie_in_the_page(page, run_tables):
    assert "picks.csv" not in files(page)
    told = re.search(r"<b>picks.csv</b>\s*<span>(.*?)</span>", page, re.DOTALL)[1]
    assert f"{len(run_tables['picks']):,} rows, not in this page" in told


def test_the_budget_holds_for_all_tables_together(run_tables):
    facts = gather(run_tables, {})
    whole = {one.name: len(one.packed) for one in downloads(run_tables, facts, {}, ReportSettings(), made_audit())}
    room = (whole["findings.csv"] + whole["stations.csv"] + 200) / 1e6
    found = downloads(run_tables, facts, {"tables": "over there"}, ReportSettings(embed_most_mb=room), made_audit())
    assert sum(len(one.packed) for one in found) <= room * 1e6
    named = {one.name: one for one in found}
    assert named["findings.csv"].packed and named["stations.csv"].packed
    assert not named["catalogue.csv"].packed
    assert named["catalogue.csv"].where == "over there"


def test_what_is_far_too_large_is_not_even_packed(monkeypatch):
    monkeypatch.setattr("quakescribe.report.downloads.pack", lambda frame: pytest.fail("packed"))
    found = embedded("a.csv", "numbers", pd.DataFrame({"a": np.arange(10_000)}), 1000, "elsewhere")
    assert (found.rows, found.packed, found.where) == (10_000, "", "elsewhere")


def test_the_same_rows_give_the_same_text_and_times_are_utc():
    frame = pd.DataFrame({"time": pd.to_datetime(["2024-03-01T00:00:01.25Z", None]), "x": [1 / 3, 2.0]})
    assert pack(frame) == pack(frame.copy())
    text = gzip.decompress(base64.b64decode(pack(frame))).decode()
    assert text == "time,x\n2024-03-01T00:00:01.250000Z,0.333333333\n,2\n"


def test_without_tables_there_is_nothing_to_download(tmp_path):
    text = write({}, {}, tmp_path / "a.html").read_text(encoding="utf-8")
    assert 'id="downloads"' not in text


def test_a_name_cannot_become_markup(run_tables, tmp_path):
    audit = made_audit()
    audit.outcomes["made-chance"].tables['"><img src=x>'] = pd.DataFrame({"a": ["</script><img>"]})
    text = write({}, {}, tmp_path / "a.html", audit=audit, checks=CHECKS).read_text(encoding="utf-8")
    assert "<img" not in text


def test_small_numbers_keep_their_digits():
    text = gzip.decompress(base64.b64decode(pack(pd.DataFrame({"p": [4e-52, 1234567.128]})))).decode()
    assert text == "p\n4e-52\n1234567.13\n"


def test_a_large_table_of_the_audit_does_not_take_the_room_of_the_others(run_tables):
    audit = made_audit()
    audit.outcomes["made-chance"].tables["all"] = pd.DataFrame({"a": np.random.default_rng(1).random(30_000)})
    found = downloads(run_tables, gather(run_tables, {}), {}, ReportSettings(embed_most_mb=1.0), audit)
    packed = {one.name for one in found if one.packed}
    assert packed == {"findings.csv", "catalogue.csv", "stations.csv", "made-chance-counts.csv"}
