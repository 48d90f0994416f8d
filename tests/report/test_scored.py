import json

import numpy as np
import pandas as pd
import pytest

from quakescribe.report import write
from quakescribe.report.scored import scored, shown
from quakescribe.simulate.score.figures import COLUMNS
from quakescribe.simulate.score.summary import BY_MAGNITUDE, by_class, far_out, headlines, wrong_picks

ROWS = [
    ("picks", "all", "precision of P", 0.75, "-", 400),
    ("picks", "all", "recall of detectable P", 0.9, "-", 500),
    ("picks", "SNR 5 to 10", "recall of detectable P", 0.8, "-", 200),
    ("picks", "XX.A.", "unassociated picks over the stations' median", 12.0, "-", 900),
    ("picks", "XX.B.", "unassociated picks over the stations' median", 1.0, "-", 90),
    ("association", "all", "events found", 58.0, "-", 60),
    ("association", "all", "surplus events of splits", 2.0, "-", 60),
    ("association", "M 10.0 to 10.5", "recall of all events", 1.0, "-", 1),
    ("association", "M -0.5 to 0.0", "recall of all events", 0.25, "-", 40),
    ("association", "M -0.5 to 0.0", "recall of detectable events", np.nan, "-", 0),
    ("association", "M 2.0 to 2.5", "recall of all events", 0.5, "-", 4),
    ("association", "M 2.0 to 2.5", "recall of detectable events", 0.6, "-", 3),
    ("location", "all", "epicentre error, median", np.nan, "km", 0),
    ("completeness", "all", "magnitude from which recall reaches 50%", 1.23, "-", 45),
    ("completeness", "all", "magnitude from which recall reaches 90%", np.nan, "-", 45),
    ("completeness", "all", "b of ML", 1.02, "-", 45),
]


@pytest.fixture
def found():
    return pd.DataFrame(ROWS, columns=list(COLUMNS))


def panels(found):
    return {panel.key: panel for panel in scored({"score": found})}


def test_every_part_shows_its_first_figures_over_everything_in_the_order_of_reading(found):
    shown_ones = panels(found)
    assert [row[0] for row in shown_ones["truth-picks"].grid.rows] == ["recall of detectable P", "precision of P"]
    assert shown_ones["truth-association"].grid.rows == (("events found", "58", "-", "60"),)
    assert shown_ones["truth-location"].grid.rows[0][1] == "-"
    assert [row[0] for row in shown_ones["truth-completeness"].grid.rows] == [row[2] for row in ROWS[-3:]]
    assert "truth-magnitude" not in shown_ones


def test_a_station_that_stands_out_is_named(found):
    caption = panels(found)["truth-picks"].caption
    assert "XX.A. has 12 times" in caption
    assert "XX.B." not in caption
    assert far_out(found)["scope"].tolist() == ["XX.A."]


def test_recall_by_magnitude_ascends_and_says_from_where_on(found):
    figure, table = scored({"score": found})[:2]
    assert figure.figure["data"][1]["x"] == ["-0.5 to 0.0", "2.0 to 2.5", "10.0 to 10.5"]
    assert figure.figure["data"][1]["y"] == [0.25, 0.5, 1.0]
    assert "50% from M 1.2 on, 90% at no magnitude" in figure.caption
    assert table.grid.rows[1][:3] == ("M 2.0 to 2.5", "0.60", "0.50")
    assert table.grid.rows[0][1] == "-"


def test_a_score_of_picks_alone_has_no_magnitudes(found):
    assert list(panels(found[found["part"] == "picks"])) == ["truth-picks"]


@pytest.mark.parametrize("given", [None, pd.DataFrame(), pd.DataFrame({"name": ["x"], "value": [1.0]})])
def test_without_a_score_of_this_kind_there_is_no_panel(given):
    assert scored({"score": given}) == []


def test_the_score_survives_its_way_through_json(found, tmp_path):
    back = pd.DataFrame(json.loads(found.to_json(orient="records")))
    assert scored({"score": back}) == scored({"score": found})
    text = write({}, {"score": found}, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Recall by magnitude" in text


def test_parts_without_a_choice_of_figures_are_shown_whole(found):
    assert headlines(found, "completeness")["name"].tolist() == [row[2] for row in ROWS[-3:]]
    assert headlines(found, "magnitude").empty


def test_what_wrong_picks_lie_on_is_set_side_by_side(found):
    more = [("picks", "all", f"{phase} picks on {what}", share, "-", 9)
            for phase, what, share in (("P", "nothing", 0.1), ("P", "impulse", 0.2), ("S", "nothing", 0.3))]
    table = wrong_picks(pd.concat((found, pd.DataFrame(more, columns=list(COLUMNS)))))
    assert table.to_dict("index") == {"nothing": {"P": 0.1, "S": 0.3}, "impulse": {"P": 0.2, "S": 0.0}}
    assert wrong_picks(found).empty


def test_classes_of_nothing_are_an_empty_table(found):
    assert by_class(found.iloc[:0], "M", BY_MAGNITUDE).empty


def test_numbers_are_shown_as_people_write_them():
    row = {"name": "x", "unit": "-", "n": 1234}
    assert shown({**row, "value": 20000.0}) == ("x", "20,000", "-", "1,234")
    assert shown({**row, "value": 0.12345})[1] == "0.123"
    assert shown({**row, "value": -0.0})[1] == "0"
    assert shown({**row, "value": None})[1] == "-"
