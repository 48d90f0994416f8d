"""Times to the nanosecond and station names: what everything else in the exchange rests on."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quakescribe.exchange import clock
from quakescribe.exchange.hypoinverse import degrees, implied
from quakescribe.exchange.names import Names, phase_word

LOW = pd.Timestamp("1678-01-01", tz="UTC").value
HIGH = pd.Timestamp("2261-12-31", tz="UTC").value


@given(st.integers(LOW, HIGH))
def test_every_nanosecond_survives_as_text(ns):
    text = clock.iso(np.array([ns]))[0]
    assert clock.parse_time(text) == ns == pd.Timestamp(text).value


@given(st.integers(LOW, HIGH), st.sampled_from([1, 100_000, 1_000_000, 10_000_000, 100_000_000]))
def test_a_rounded_time_never_shows_a_second_60(ns, step):
    near = clock.rounded(ns, step)
    assert abs(near - ns) <= step / 2 and near % step == 0
    year, month, day, hour, minute, within = clock.split(near)
    assert 0 <= within < 60 * clock.SECOND
    assert clock.instant(year, month, day, hour, minute, 0) + within == near


@given(st.floats(-180, 180))
def test_degrees_and_minutes_never_show_a_minute_60(value):
    text = degrees(value, 3, 2, "EW")
    assert len(text) == 8 and int(text[4:]) < 6000
    back = (int(text[:3]) + int(text[4:]) / 6000) * (1 if text[3] == "E" else -1)
    assert back == pytest.approx(value, abs=0.0051 / 60)


@given(st.floats(-9, 99), st.sampled_from([(4, 2), (5, 2), (3, 1)]))
def test_numbers_with_implied_points_fit_or_are_blank(value, width_and_digits):
    width, digits = width_and_digits
    text = implied(value, width, digits)
    assert len(text) == width
    assert not text.strip() or int(text) / 10**digits == pytest.approx(value, abs=0.51 / 10**digits)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2019-07-04 17:02:55,34", "2019-07-04T17:02:55.34Z"),
        ("2019/07/04T17:02", "2019-07-04T17:02:00Z"),
        ("20190704170255.34", "2019-07-04T17:02:55.34Z"),
        ("2019-07-04T19:02:55+02", "2019-07-04T17:02:55Z"),
        ("2019-07-04T11:17:55-0545", "2019-07-04T17:02:55Z"),
        ("2019-07-04", "2019-07-04T00:00:00Z"),
    ],
)
def test_the_usual_spellings_of_a_time(text, same):
    assert clock.parse_time(text) == pd.Timestamp(same).value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "2019-07-04T17:02:55 CET",
        "2019-02-30",
        "2019-07-04T24:00:00",
        "1.5e9",
        "2300-01-01",
        "2019-07-04T17:02:61",
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        clock.parse_time(text)


def test_names_are_found_whatever_their_dress():
    names = Names(pd.DataFrame({"station_id": ["CI.CCC.", "YR.ED01.00", "YR.ED01.10", "XX.SOLO.00"]}))
    for label in ("CI.CCC", "CI_CCC", "CICCC", "CCC", "CI.CCC.", "CI.CCC..HHZ"):
        assert names.resolve(label) == "CI.CCC."
    assert names.resolve("XX.SOLO") == "XX.SOLO.00" and not names.unresolved
    assert names.resolve("YR.ED01") == "YR.ED01." and names.resolve("YR.ED01.10.HHZ") == "YR.ED01.10"
    assert names.resolve("ZZ.TOP") == "ZZ.TOP." and names.resolve("TOP") == ".TOP."
    assert {key[2] for key in names.unresolved} == {"ambiguous-station", "unknown-station"}
    assert Names(None).resolve("CI.CCC") == "CI.CCC."


def test_local_phases_become_p_or_s_and_others_nothing():
    assert [phase_word(w) for w in ("P", "Pg", "Pn", "P*", "p", "Sb", "S1", "s")] == list("PPPPP") + list("SSS")
    assert [phase_word(w) for w in ("PmP", "Lg", "AML", "PKP", "pP", "", "IVmB_BB")] == [None] * 7
