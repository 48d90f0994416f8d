import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
sys.path.insert(0, str(Path(__file__).parents[1] / "compare"))
from made_catalogue import catalogue
from made_sides import picked_twin, twins

from quakescribe.compare.side_by_side import compare_sides
from quakescribe.compare.sides import Side
from quakescribe.report import style
from quakescribe.report.comparison import bars, panels, ranking
from quakescribe.report.print_figure import drawn
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.settings.report import ReportSettings
from quakescribe.tables import pick_ids

SETTINGS = ComparisonSettings(shifts=2, resamples=60)
SOUND = catalogue(200, 10.0, seed=1)
THREE = {"pal": SOUND, "net": picked_twin(SOUND, 1), "other": picked_twin(SOUND, 2, loss=0.4, false=2000)}

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB
VISION = {
    "normal": np.eye(3),
    "no red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "no green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                          [-0.011820, 0.042940, 0.968881]]),
    "no blue": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                         [0.004733, 0.691367, 0.303900]]),
}


def compared(tables):
    return compare_sides([Side(name, one) for name, one in tables.items()], SETTINGS)


def drawn_of(tables, settings=None):
    found = compared(tables)
    return {panel.key: panel for part in panels(found.facts, found.tables, settings or ReportSettings()).values()
            for panel in part}


def linear(colour):
    part = np.array([int(colour[k:k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    f = np.cbrt(to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    high, low = sorted((float(np.array([0.2126, 0.7152, 0.0722]) @ linear(c)) for c in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("eyes", VISION)
def test_the_colours_of_eight_sides_are_told_apart_by_all_eyes(theme, eyes):
    seen = [lab(VISION[eyes] @ linear(pair[theme])) for pair in style.SIDES]
    apart = [np.linalg.norm(a - b) for k, a in enumerate(seen) for b in seen[k + 1:]]
    assert min(apart) > {"normal": 24, "no blue": 10}.get(eyes, 15)


def test_the_colours_stand_out_from_the_page_and_each_has_one_partner_in_the_dark():
    for theme, paper in enumerate(("#ffffff", "#171d25")):
        assert min(contrast(pair[theme], paper) for pair in style.SIDES) > 3.4
    assert len({pair[0] for pair in style.SIDES}) == 8


def test_every_figure_is_there_for_three_sides_and_can_be_printed():
    found = drawn_of(THREE)
    assert {"comparison-unassociated", "comparison-map-1", "comparison-map-3", "comparison-poor",
            "comparison-cumulative", "comparison-magnitude-time-2", "comparison-matched", "comparison-distance",
            "comparison-origin-time", "comparison-depth", "comparison-depths-1",
            "comparison-magnitude-difference", "comparison-agreement", "comparison-ranking",
            "comparison-associated-picks", "comparison-association-rate", "comparison-well-located",
            "comparison-better", "comparison-alone", "comparison-shared-events"} <= set(found)
    for panel in found.values():
        assert (panel.figure is None) != (panel.grid is None)
        assert panel.caption and "nan" not in panel.caption
        if panel.figure:
            drawn(panel.figure, 120, 80)


def test_two_sides_have_numbers_of_both_and_of_one_only():
    found = compared({"a": twins(1)[0], "b": twins(1)[1]})
    (panel,) = (one for part in panels(found.facts, found.tables, ReportSettings()).values() for one in part
                if one.key == "comparison-numbers")
    assert [trace["name"] for trace in panel.figure["data"]] == ["Both", "Only a", "Only b"]
    row = found.tables["events"].iloc[0]
    assert f"both: {row['matched']}; only a: {row['n_first'] - row['matched']};" in panel.caption


@pytest.mark.parametrize("other", [{}, {"origins": SOUND["origins"].iloc[:3]}, {"picks": SOUND["picks"]},
                                   {name: SOUND[name] for name in ("origins", "magnitudes")}])
def test_a_side_without_anything_or_with_little_leaves_no_hole(other):
    for tables in ({"a": SOUND, "b": other}, {"a": other, "b": SOUND}, {"a": other, "b": other}):
        for panel in drawn_of(tables).values():
            assert panel.caption and "nan" not in panel.caption


def test_maps_show_one_area_and_thin_points_say_so():
    found = drawn_of(THREE, ReportSettings(max_points=100))
    boxes = [found[f"comparison-map-{k}"].figure["layout"]["xaxis"]["range"] for k in (1, 2, 3)]
    assert boxes[0] == boxes[1] == boxes[2]
    assert "Drawn: 100 of" in found["comparison-map-1"].caption


def test_the_date_line_cuts_no_map():
    def turned(tables):
        return {name: table.assign(longitude=(table["longitude"] + 330.0) % 360.0 - 180.0) if "longitude" in table
                else table for name, table in tables.items()}

    low, high = drawn_of({name: turned(tables) for name, tables in THREE.items()})[
        "comparison-map-1"].figure["layout"]["xaxis"]["range"]
    assert high - low < 3.0 and low < 180.0 < high


def test_the_station_that_stands_out_is_named():
    picks = SOUND["picks"]
    mine = picks[picks["station_id"] == "XX.S02."]
    more = [mine.assign(time=mine["time"] + pd.Timedelta(seconds=7 * k)) for k in range(1, 8)]
    loud = pd.concat([picks, *more], ignore_index=True)
    loud["pick_id"] = pick_ids(loud["station_id"], loud["phase"], loud["time"])
    loud = loud.assign(pair_id=0).drop_duplicates("pick_id")
    caption = drawn_of({"pal": SOUND, "net": {**SOUND, "picks": loud}})["comparison-unassociated"].caption
    assert "Farthest out: XX.S02 in 'net'" in caption


def test_two_sides_are_told_in_sentences_and_without_matrices():
    one, two = SOUND, picked_twin(SOUND, 1)
    found = drawn_of({"a": one, "b": two})
    for key, noun in (("comparison-agreement", "picks"), ("comparison-shared-events", "events")):
        assert found[key].figure is None and not found[key].missing
        assert f"a has {len(one['picks' if noun == 'picks' else 'origins']):,} {noun}" in found[key].caption
    assert "comparison-better" not in found
    assert found["comparison-matched"].title == "Share of a's events that b has, by magnitude"


def test_no_lone_picks_need_no_figure_and_equal_sides_are_equal():
    found = drawn_of({"a": SOUND, "b": SOUND})
    assert "comparison-alone" not in found
    ranking = {(row[0], row[2]): row for row in found["comparison-ranking"].grid.rows}
    assert ranking["Associated picks", "a"][5] == ranking["Associated picks", "b"][5] == "equal"


def test_rules_have_one_name_in_table_and_matrix():
    found = drawn_of(THREE)
    rules = {row[0] for row in found["comparison-ranking"].grid.rows}
    assert set(found["comparison-better"].figure["data"][0]["y"]) <= rules


def test_depth_differences_are_drawn_and_their_spread_told():
    rng = np.random.default_rng(0)
    depth = SOUND["origins"]["depth_km"] + 2.0 + rng.uniform(0, 1, len(SOUND["origins"]))
    other = {**SOUND, "origins": SOUND["origins"].assign(depth_km=depth)}
    panel = drawn_of({"a": SOUND, "b": other})["comparison-depth"]
    assert "Median 2." in panel.caption and "90% within 2.9" in panel.caption
    bare = {"events": SOUND["events"].assign(depth_km=np.nan)}
    assert drawn_of({"a": SOUND, "b": bare})["comparison-depth"].missing


def test_numbers_that_span_much_stand_on_a_logarithmic_axis_with_labelled_ticks_and_others_begin_at_zero():
    narrow, wide = np.array([10.0, 250.0]), np.array([0.0, 3.0, 400.0])
    assert style.count_axis("n", narrow)["rangemode"] == "tozero"
    axis = style.count_axis("n", wide)
    assert axis["type"] == "log" and axis["ticktext"] == ["0", "1", "2", "5", "10", "20", "50", "100", "200"]
    assert style.on_axis(wide, axis).tolist() == [0.5, 3.0, 400.0]
    assert style.on_axis(narrow, style.count_axis("n", narrow)) is narrow


def test_events_without_a_magnitude_are_counted_and_said_not_to_be_drawn():
    lost = SOUND["origins"]["event_id"].iloc[-14:]
    bare = {**SOUND, "magnitudes": SOUND["magnitudes"].iloc[:0],
            "origins": SOUND["origins"][~SOUND["origins"]["event_id"].isin(SOUND["origins"]["event_id"].iloc[:14])]}
    other = {**SOUND, "origins": SOUND["origins"][~SOUND["origins"]["event_id"].isin(lost)]}
    caption = drawn_of({"pal": {name: one for name, one in other.items() if name != "events"},
                        "hyp": {name: one for name, one in bare.items() if name != "events"}})[
        "comparison-numbers"].caption
    n = len(SOUND["origins"])
    assert f"both: {n - 28}; only pal: 14; only hyp: 14." in caption
    assert "Not drawn, without a magnitude: 14 (only hyp)." in caption


def test_located_events_of_which_the_good_ones_are_not_known_are_called_located():
    bare = {**SOUND, "origins": SOUND["origins"].assign(well_located=False)}
    found = drawn_of({"a": SOUND, "b": bare})
    for key in ("comparison-map-2", "comparison-depths-2"):
        assert [one["name"] for one in found[key].figure["data"] if one["name"] != "Stations"] == ["Located"]
    assert "which are well located is not known" in found["comparison-map-2"].caption
    rough = {name: one for name, one in SOUND.items() if name not in ("origins", "magnitudes")}
    assert drawn_of({"a": SOUND, "b": rough})["comparison-map-2"].figure["data"][0]["name"] == "Not located"


def test_what_one_side_alone_has_is_no_bar_and_no_share_of_two():
    events, picks = {"origins": SOUND["origins"]}, {"picks": SOUND["picks"]}
    found = drawn_of({"a": events, "b": picks})
    for key in ("comparison-associated-picks", "comparison-association-rate", "comparison-well-located",
                "comparison-poor", "comparison-shared-events", "comparison-unassociated"):
        assert found[key].missing, key
    assert "only 'a' says" in found["comparison-well-located"].missing
    assert {row[5] for row in found["comparison-ranking"].grid.rows} == {"-"}


def test_shares_on_axes_have_the_digits_of_their_ticks():
    for panel in drawn_of(THREE).values():
        layout = panel.figure["layout"] if panel.figure else {}
        assert ".0%" not in {layout[name].get("tickformat") for name in ("xaxis", "yaxis") if name in layout}


def test_caption_and_table_round_alike():
    ranks = compared({"a": SOUND, "b": picked_twin(SOUND, 1)}).tables["ranks"]
    chosen = ranks["criterion"] == "associated_picks"
    ranks = ranks.assign(value=ranks["value"].mask(chosen, [21_185.6, 21_634.9] * (len(ranks) // 2)))
    caption = bars({"a": None, "b": None}, ranks)[0].caption
    assert caption.startswith("a 21,186; b 21,635.")
    assert [row[3] for row in ranking(ranks).grid.rows if row[0] == "Associated picks"] == ["21,186", "21,635"]
