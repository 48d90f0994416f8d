import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quakescribe.report import style, text
from quakescribe.report.activity import bin_width_s, binned
from quakescribe.report.association import per_station
from quakescribe.report.fits import running_median
from quakescribe.report.notes import NOTES, REFERENCES
from quakescribe.tables.facts import gather


@given(st.integers(0, 500), st.integers(10, 300))
def test_thinning_keeps_the_largest_and_never_more_than_the_limit(n, limit):
    size = np.random.default_rng(0).normal(size=n)
    kept = style.thin(n, limit, size)
    assert len(kept) == min(n, limit)
    assert list(kept) == sorted(set(kept))
    if n:
        assert size.argmax() in kept


def test_every_colour_of_the_light_page_has_one_partner_in_the_dark():
    light = [pair[0] for pair in style.PALETTE.values()] + [stop[1] for stop in style.SCALE]
    assert len(set(light)) == len(light)
    pairs = {*style.PALETTE.values(), *style.SIDES} | {(one, style.LIGHT_TO_DARK[one]) for _, one in style.SCALE}
    assert dict(pairs) == style.LIGHT_TO_DARK
    assert len(pairs) == len(style.LIGHT_TO_DARK)


def contrast(a, b):
    """WCAG 2 contrast of two colours."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1])
def test_text_and_lines_can_be_read_on_their_ground(mode):
    paper = style.PALETTE["paper"][mode]
    for name, least in (("ink", 7), ("muted", 4.5), ("P", 3), ("S", 3), ("good", 3), ("station", 7)):
        assert contrast(style.PALETTE[name][mode], paper) >= least, name


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "-"),
        (0, 10, "0%"),
        (10, 10, "100%"),
        (999, 1000, "99.9%"),
        (99_999, 100_000, "99.9%"),
        (1, 100_000, "0.1%"),
        (57, 100, "57%"),
    ],
)
def test_shares_never_round_to_all_or_nothing(part, whole, shown):
    assert text.share(part, whole) == shown


def test_numbers_read_as_people_write_them():
    assert text.count(1640, "event") == "1,640 events"
    assert text.count(1, "event") == "1 event"
    assert text.value(-0.0001, 2) == "0.00"
    assert text.value(float("nan")) == "-"
    assert text.duration(0.4) == "0.4 s"
    assert text.duration(90 * 60) == "90 min"
    assert text.duration(86_400 * 2) == "2.0 days"
    assert text.duration(float("nan")) == "-"
    assert text.moment(pd.Timestamp("2019-07-04T17:33:49.999Z"), 2) == "2019-07-04 17:33:49.99"
    assert text.moment(pd.NaT) == "-"
    assert text.listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"


@pytest.mark.parametrize(("hours", "width"), [(0, 60), (1, 60), (2, 60), (48, 1800), (24 * 365, 7 * 86_400)])
def test_bins_are_round_and_at_most_two_hundred(hours, width):
    start = pd.Timestamp("2024-01-01T00:00:10", tz="UTC")
    span = (start, start + pd.Timedelta(hours=hours))
    assert bin_width_s(span) == width
    times = pd.Series(pd.date_range(*span, periods=37, unit="ns"))
    middle, found = binned(times, span, width)
    assert found.sum() == 37
    assert len(middle) <= 202


def test_a_pair_split_between_two_events_is_not_associated(run_tables):
    arrivals = run_tables["arrivals"].copy()
    wrong = arrivals[(arrivals["phase"] == "S") & (arrivals["event_id"] == 1)].index[0]
    arrivals.loc[wrong, "event_id"] = 2
    before = per_station(gather(run_tables, {}))["pairs_associated"].sum()
    after = per_station(gather({**run_tables, "arrivals": arrivals}, {}))["pairs_associated"].sum()
    assert after == before - 1


def test_counts_per_station_agree_with_counting(run_tables):
    table = per_station(gather(run_tables, {})).set_index("station_id")
    belongs = set(run_tables["arrivals"]["pick_id"])
    for name, mine in run_tables["picks"].groupby("station_id"):
        assert table.loc[name, "picks"] == len(mine)
        assert table.loc[name, "associated"] == sum(pick in belongs for pick in mine["pick_id"])
    assert list(table["picks"]) == sorted(table["picks"], reverse=True)


def test_the_kind_of_magnitude_is_ml_where_there_is_one(run_tables):
    other = run_tables["magnitudes"].assign(kind="M_PAL")
    both = pd.concat([other, run_tables["magnitudes"]])
    assert gather({**run_tables, "magnitudes": both}, {}).kind == "ML"
    assert gather({**run_tables, "magnitudes": other.assign(kind="mb")}, {}).kind == "mb"
    assert gather({}, {}).kind == ""


def test_events_that_were_not_located_stay_in_the_catalogue(run_tables):
    facts = gather({**run_tables, "origins": run_tables["origins"].iloc[:50]}, {})
    assert len(facts.catalogue) == 60
    assert len(facts.located) == 50
    assert facts.catalogue["time"].is_monotonic_increasing


def test_the_running_median_follows_a_step():
    part = pd.DataFrame({"distance_km": np.arange(240.0), "residual_s": np.where(np.arange(240) < 120, 0.0, 1.0)})
    middle, median = running_median(part, "residual_s")
    assert len(middle) == 12
    assert list(median) == [0.0] * 6 + [1.0] * 6
    assert len(running_median(part.head(19), "residual_s")[0]) == 0


def test_works_named_in_the_notes_are_in_the_references():
    notes = " ".join(meaning for _, meaning in NOTES)
    for reference in REFERENCES:
        year = reference.split("(")[1][:4]
        assert reference.split(",")[0] in notes, reference
        assert year in notes
