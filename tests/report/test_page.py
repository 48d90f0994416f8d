import json
import re
import subprocess
import sys

import numpy as np
import pytest
from made_audit import CHECKS, made_audit

from quakescribe.errors import TableError
from quakescribe.report import write
from quakescribe.report.coordinates import values
from quakescribe.report.page import arranged, bibliography, render, sections
from quakescribe.report.panel import Grid, Panel, Section, nothing
from quakescribe.settings.report import ReportSettings
from quakescribe.tables import TABLES
from quakescribe.tables.facts import gather


@pytest.fixture(scope="module")
def own_part(run_tables, tmp_path_factory):
    """The page of the whole run without plotly's own script."""
    path = write(run_tables, {"name": "first"}, tmp_path_factory.mktemp("report") / "report.html")
    return without_plotly(path)


def without_plotly(path):
    from plotly.offline import get_plotlyjs

    text = path.read_text(encoding="utf-8")
    assert get_plotlyjs() in text
    return text.replace(get_plotlyjs(), "")


def figures(text):
    found = re.findall(r'<script type="application/json" id="data-([\w-]+)">(.*?)</script>', text, flags=re.DOTALL)
    return {key: json.loads(tree) for key, tree in found}


def captions(text):
    """The caption of every panel by its key, as plain text; of a missing one why it is not there."""
    found = re.findall(
        r'<figure class="panel[^>]*id="([\w-]+)">.*?<figcaption>(.*?)</figcaption>', text, flags=re.DOTALL
    )
    return dict(found) | dict(re.findall(r'<span id="([\w-]+)"><b>[^<]*</b> \((.*?)\)</span>', text, flags=re.DOTALL))


def test_the_page_asks_for_nothing_from_outside(own_part):
    assert not re.findall(r'(?:src|href|action|data)\s*=\s*"(?!#|data:,)[^"]*"', own_part)
    assert "://" not in own_part
    assert "@import" not in own_part
    assert "url(" not in own_part
    assert "default-src 'none'" in own_part


def test_the_same_tables_give_the_same_bytes_in_any_order_of_rows(run_tables, info, tmp_path):
    a = write(run_tables, info, tmp_path / "a.html")
    shuffled = {name: table.sample(frac=1, random_state=3) for name, table in run_tables.items()}
    b = write(shuffled, info, tmp_path / "b.html")
    assert a.read_bytes() == b.read_bytes()


def test_the_whole_run_shows_every_figure(own_part):
    shown = figures(own_part)
    assert set(shown) == {
        "map", "section-we", "section-sn", "cumulative", "magnitude-time", "picks-time", "picks-snr", "s-minus-p",
        "picks-station", "stations-event", "association-time", "quality", "distribution-erh", "distribution-erz",
        "distribution-rms", "distribution-gap", "depths", "residuals-station", "residuals", "residuals-distance",
        "travel-times", "station-magnitudes"}  # fmt: skip
    assert re.findall(r'<p class="missing full">Not shown: <span id="([\w-]+)">', own_part) == ["settings"]


def test_every_axis_has_a_label_but_the_ones_that_name_stations(own_part):
    for key, figure in figures(own_part).items():
        for name, axis in figure["layout"].items():
            if name.startswith(("xaxis", "yaxis")) and axis.get("type") != "category":
                assert axis["title"]["text"], (key, name)


def test_map_and_sections_have_equal_scales(own_part):
    shown = figures(own_part)
    middle = np.mean(shown["map"]["layout"]["yaxis"]["range"])
    assert shown["map"]["layout"]["yaxis"]["scaleratio"] == pytest.approx(1 / np.cos(np.radians(middle)), rel=0.01)
    for key in ("section-we", "section-sn"):
        depth = shown[key]["layout"]["yaxis"]
        assert (depth["scaleanchor"], depth["scaleratio"]) == ("x", 1)
        assert depth["range"][0] > depth["range"][1]


def test_captions_are_computed_from_the_data(own_part, run_tables):
    told = captions(own_part)
    picks, arrivals = run_tables["picks"], run_tables["arrivals"]
    associated = sum(pick in set(arrivals["pick_id"]) for pick in picks["pick_id"])
    assert f"({associated:,} of {len(picks):,})" in told["picks-station"]
    assert "100% of the P–S pairs" in told["picks-station"]
    good = int(run_tables["origins"]["well_located"].sum())
    assert f"({good} of 60)" in told["quality"]
    p = arrivals.loc[arrivals["phase"] == "P", "residual_s"]
    assert f"P: median {p.median():.3f}" in told["residuals"].replace("median -0.000", "median 0.000")
    assert "42 things left out for 2 reasons; the most frequent: no-gain in measure (40)" in told["skips"]
    assert "P 6.0" in told["travel-times"] or "P 6.1" in told["travel-times"]


@pytest.mark.parametrize(
    "present",
    [(), *((name,) for name in ("stations", "picks", "events", "arrivals", "origins", "magnitudes", "skips"))],
)
def test_any_table_may_be_absent(run_tables, tmp_path, present):
    text = without_plotly(write({name: run_tables[name] for name in present}, {}, tmp_path / "report.html"))
    assert "Not shown: " in text
    assert "nan" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).lower().replace("nanosec", "")


def test_empty_tables_are_as_good_as_absent_ones(tmp_path):
    a = write({}, {}, tmp_path / "a.html")
    b = write({name: table.empty() for name, table in TABLES.items()}, {}, tmp_path / "b.html")
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize("n_events", [1, 2])
def test_a_single_event_makes_a_report(n_events, tmp_path):
    from made_run import make_run

    text = without_plotly(write(make_run(n_events, n_stations=1), {}, tmp_path / "report.html"))
    assert figures(text)["map"]


def test_events_without_location_depth_or_magnitude_are_shown_as_such(run_tables, tmp_path):
    events = run_tables["events"].assign(depth_km=np.nan)
    text = without_plotly(write({"events": events}, {}, tmp_path / "report.html"))
    told = captions(text)
    assert "60 events without a location of their own" in told["map"]
    assert "no event has a depth" in told["section-we"]
    assert "none of the 60 events was located" in told["quality"]
    assert "not located" in text


def test_unresolved_errors_are_counted_and_not_drawn(run_tables, tmp_path):
    origins = run_tables["origins"].copy()
    origins.loc[:4, ["erh_km", "erz_km"]] = 99.0
    told = captions(without_plotly(write({"origins": origins}, {}, tmp_path / "report.html")))
    assert "Not resolved: 5." in told["distribution-erh"]


def test_text_from_outside_cannot_become_markup(run_tables, tmp_path):
    evil = "</script><img src=x onerror=alert(1)>"
    tables = dict(run_tables)
    tables["skips"] = tables["skips"].assign(detail=evil)
    tables["stations"] = tables["stations"].iloc[:1].assign(station_id=evil)
    text = without_plotly(write(tables, {"name": evil, "settings_toml": evil}, tmp_path / "report.html"))
    assert "<img" not in text


def test_a_broken_table_is_refused(run_tables, tmp_path):
    with pytest.raises(TableError, match="latitude"):
        write({"stations": run_tables["stations"].drop(columns="latitude")}, {}, tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_many_points_are_thinned_and_the_figure_says_so(run_tables, tmp_path):
    text = without_plotly(write(run_tables, {}, tmp_path / "report.html", ReportSettings(max_points=100)))
    assert "Drawn: 100 of 960 arrivals, taken evenly." in captions(text)["travel-times"]


def test_the_folder_is_made_and_nothing_half_written_stays(run_tables, tmp_path):
    path = write({}, {}, tmp_path / "deep" / "folder" / "report.html")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_facts_of_the_run_stand_under_the_title(run_tables, info, tmp_path):
    text = without_plotly(write(run_tables, info, tmp_path / "report.html"))
    for part in (
        "2024-03-01 06:00:00 to 2024-03-01 08:00:00 UTC (2.0 h)",
        "two layers",
        "numpy",
        "2024-03-01 10:00 UTC",
        "picker pal",
        "Against the simulated truth",
        "picker = &#39;pal&#39;",
    ):
        assert part in text, part


def test_layers_may_be_mappings(tmp_path):
    layers = [{"top_km": -3.0, "vp_km_s": 5.5, "vs_km_s": 3.2}]
    text = without_plotly(write({}, {"velocity": {"name": "one", "layers": layers}}, tmp_path / "report.html"))
    assert "no top" in text
    assert "5.50" in text


def test_a_map_across_the_date_line_stays_in_one_piece(run_tables, tmp_path):
    def moved(table):
        longitude = table["longitude"] + 150.0
        return table.assign(longitude=np.where(longitude > 180, longitude - 360, longitude))

    tables = {name: moved(run_tables[name]) for name in ("stations", "origins")}
    assert tables["origins"]["longitude"].min() < 0 < tables["origins"]["longitude"].max()
    shown = figures(without_plotly(write(tables, {}, tmp_path / "report.html")))["map"]
    low, high = shown["layout"]["xaxis"]["range"]
    assert high - low < 1.0


def test_importing_the_report_is_light():
    heavy = ("plotly", "jinja2", "matplotlib", "obspy")
    code = f"import sys, quakescribe.report; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_infinite_and_missing_values_do_not_reach_the_page_as_numbers(run_tables, tmp_path):
    arrivals = run_tables["arrivals"].assign(residual_s=np.nan, distance_km=np.nan)
    picks = run_tables["picks"].assign(snr=np.nan)
    tables = {**run_tables, "arrivals": arrivals, "picks": picks}
    told = captions(without_plotly(write(tables, {}, tmp_path / "report.html")))
    assert "no arrival carries a residual" in told["residuals"]
    assert "no pick carries a signal-to-noise ratio" in told["picks-snr"]
    assert not any("nan" in caption for caption in told.values())


def test_with_an_audit_the_same_input_gives_the_same_bytes_too(run_tables, info, tmp_path):
    paths = [write(run_tables, info, tmp_path / name, audit=made_audit(), checks=CHECKS) for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_every_part_of_the_audit_puts_its_figures_into_a_section_of_the_page_under_keys_of_their_own(run_tables):
    facts = gather(run_tables, {})
    for audit in (None, made_audit()):
        made = sections(facts, {}, ReportSettings(), audit, CHECKS)
        keys = [panel.key for one in made for panel in one.panels]
        assert len(keys) == len(set(keys))
        assert all(re.fullmatch(r"[\w-]+", key) for key in keys)
    assert [one.key for one in made] == ["verdicts", "overview", "pick", "associate", "locate", "measure", "catalogue",
                                         "events", "left-out", "run"]


def test_how_it_is_told_stands_at_the_end_of_the_section_with_its_references(run_tables, tmp_path):
    text = without_plotly(write(run_tables, {}, tmp_path / "a.html", audit=made_audit(), checks=CHECKS))
    told = re.search(r'id="associate-told">(.*?)</details>', text, re.DOTALL)[1]
    assert "How many events are made by chance?" in told
    assert "All picks are shifted." in told
    assert "Efron, B. (1979)" in told


def test_a_work_cited_in_two_ways_is_listed_once_in_its_longer_form():
    found = bibliography([one for check in CHECKS for one in check.references] + ["Aki, K. (1965). b.", "Zuta"])
    assert [one.split(".")[0] for one in found] == ["Aki, K", "Efron, B", "Klein, F", "Zuta"]
    assert "another look at the jackknife" in found[1]


def test_two_works_of_one_author_and_year_are_both_listed():
    assert len(bibliography(["Aki, K. (1965). On b values.", "Aki, K. (1965). Scaling law of spectra."])) == 2


def test_any_sections_make_a_page(tmp_path):
    grid = Grid(("Name", "Verdict"), (("a\nand more <b>", "good"),), verdict=1)
    one = Section("one", "One", "What it is.", [Panel("p", "P", "Told.", grid=grid, size="full", folded=True),
                                               Panel("q", "Q", "", folded=True, listing="x < y")])
    text = without_plotly(render(tmp_path / "a.html", name="Two <catalogues>", kicker="comparison",
                                 head=[("Of", "a & b")], sections=[one], tiles=[("5", "things", "of 6")],
                                 notes=[("Word", "meaning")], references=["Aki, K. (1965). b."]))
    for part in ("Two &lt;catalogues&gt; · comparison", "a &amp; b", "<strong>5</strong>", "x &lt; y", "✓",
                 '<span class="more">and more &lt;b&gt;</span>', "Aki, K. (1965). b."):
        assert part in text, part


def test_two_panels_of_one_key_are_refused_and_nothing_is_written(tmp_path):
    twice = [Section("a", "A", "", [Panel("x", "X", "")]), Section("b", "B", "", [Panel("x", "Y", "")])]
    with pytest.raises(ValueError, match="same key: x"):
        render(tmp_path / "a.html", name="n", kicker="k", head=[], sections=twice)
    assert not list(tmp_path.iterdir())


def alone(**more):
    return Panel("a", "A", "", figure={"data": [], "layout": {}}, **more)


def test_a_figure_alone_in_its_row_is_as_wide_as_the_page_and_missing_ones_are_named_at_the_end(tmp_path):
    panels = [alone(), Panel("b", "B", "", figure={"data": [], "layout": {}}), nothing("c", "C", "no pick has it"),
              Panel("d", "D", "", figure={"data": [], "layout": {}}, aspect=0.6)]
    made = arranged(Section("s", "S", "", panels))
    assert [(panel.key, panel.size) for panel in made.panels] == [("a", "half"), ("b", "half"), ("d", "full")]
    assert made.panels[-1].aspect == pytest.approx(0.3)
    page = render(tmp_path / "a.html", name="n", kicker="k", head=[], sections=[Section("s", "S", "", panels)])
    text = without_plotly(page)
    assert 'Not shown: <span id="c"><b>C</b> (no pick has it)</span>.' in text and "Nothing to show" not in text


def test_figures_beside_a_tall_one_keep_their_width():
    tall = alone(rows=2)
    beside = [Panel(key, key, "", figure={"data": [], "layout": {}}) for key in "bcd"]
    made = arranged(Section("s", "S", "", [tall, *beside]))
    assert [panel.size for panel in made.panels] == ["half", "half", "half", "full"]


def test_formats_of_files_are_no_pickers_and_locators(run_tables, tmp_path):
    tables = {**run_tables, "picks": run_tables["picks"].assign(picker="csv"),
              "origins": run_tables["origins"].assign(method="hypo71/csv")}
    text = without_plotly(write(tables, {}, tmp_path / "report.html"))
    assert "read from csv, hypo71" in text and "picker csv" not in text and "locator" not in text.split("<main")[0]


def test_what_no_location_tells_is_not_none(run_tables, tmp_path):
    bare = run_tables["origins"].assign(erh_km=np.nan, erz_km=np.nan, well_located=False)
    text = without_plotly(write({**run_tables, "origins": bare, "skips": run_tables["skips"].iloc[:0]}, {},
                                tmp_path / "report.html"))
    assert "<strong>not told</strong><span>well located</span>" in text
    assert "reasons to leave data out" not in text


def test_where_no_location_tells_how_well_it_is_known_the_figure_of_qualities_is_left_out(run_tables, tmp_path):
    silent = run_tables["origins"].assign(erh_km=np.nan, erz_km=np.nan, well_located=False, quality=None)
    text = without_plotly(write({**run_tables, "origins": silent}, {}, tmp_path / "a.html"))
    assert "quality" not in figures(text)
    assert "no location says whether it is well located" in captions(text)["quality"]
    assert ">None<" not in text and ">nan<" not in text
    graded = run_tables["origins"].assign(erh_km=np.nan, erz_km=np.nan, well_located=False)
    text = without_plotly(write({**run_tables, "origins": graded}, {}, tmp_path / "b.html"))
    assert [trace["name"] for trace in figures(text)["quality"]["data"]] == ["Events"]
    assert "does not say which events are well located" in captions(text)["quality"]


def test_locations_without_a_letter_are_counted_too(run_tables, tmp_path):
    origins = run_tables["origins"].assign(quality=lambda t: t["quality"].where(t.index >= 10))
    shown = figures(without_plotly(write({**run_tables, "origins": origins}, {}, tmp_path / "a.html")))["quality"]
    assert shown["data"][0]["x"][-1] == "none"
    assert sum(sum(values(trace["y"])) for trace in shown["data"]) == 60


def test_depths_at_both_ends_are_told_and_the_fuller_end_first(run_tables, tmp_path):
    depth = np.r_[np.full(40, 9.0), np.full(8, 3.0), np.linspace(4.0, 8.0, 12)]
    told = captions(without_plotly(write({"origins": run_tables["origins"].assign(depth_km=depth)}, {},
                                         tmp_path / "a.html")))["depths"]
    assert "40 events (67%) lie at the greatest depth, 9.0 km, and 8 (13%) at the smallest, 3.0 km: " in told
    one = run_tables["origins"].assign(depth_km=5.0)
    assert "All events lie at this depth" in captions(without_plotly(write({"origins": one}, {}, tmp_path / "b.html")))[
        "depths"]
    even = run_tables["origins"].assign(depth_km=np.linspace(0.0, 20.0, 60))
    assert captions(without_plotly(write({"origins": even}, {}, tmp_path / "c.html")))["depths"] == "Median 10.0 km."


def test_without_pair_ids_no_pairs_are_counted(run_tables, tmp_path):
    bare = run_tables["picks"].assign(pair_id=0)
    text = without_plotly(write({**run_tables, "picks": bare}, {}, tmp_path / "a.html"))
    told = captions(text)
    assert "480 S picks (no pair ids are given), in bins" in told["picks-time"]
    assert told["s-minus-p"] == "no pair ids are given"
    assert "Pairs are not counted: no pair ids are given." in text
    assert "0 P–S pairs" not in text and "Associated pairs" not in text


def test_ticks_have_the_digits_of_their_step(own_part):
    for key, shown in figures(own_part).items():
        for name, one in shown["layout"].items():
            if name.startswith(("xaxis", "yaxis")):
                assert one.get("tickformat") in (None, "~%", ",~r"), (key, name)
                assert "overlaying" not in one or one["tickmode"] == "auto", (key, name)


def test_warnings_stand_before_the_verdicts(tmp_path):
    text = without_plotly(render(tmp_path / "a.html", name="n", kicker="k", head=[], warnings=["They share <nothing>."],
                                 sections=[Section("verdicts", "V", "")]))
    assert text.index("They share &lt;nothing&gt;.") < text.index('id="verdicts"')
