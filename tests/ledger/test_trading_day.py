"""The trading day by the clock of a desk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import trading_day


def days(texts, *args):
    return trading_day(np.array(texts, "datetime64[us]"), *args).astype(str).tolist()


def test_by_default_a_day_is_the_date_in_utc():
    assert days(["2024-01-01T00:00", "2024-01-01T23:59:59.999999"]) == ["2024-01-01"] * 2


def test_a_zone_moves_midnight():
    assert days(["2024-01-01T14:59", "2024-01-01T15:00"], "Asia/Tokyo") == [
        "2024-01-01",
        "2024-01-02",
    ]


def test_from_the_cut_off_on_it_is_the_next_day():
    texts = ["2024-01-01T16:59", "2024-01-01T17:00"]
    assert days(texts, "UTC", "17:00") == ["2024-01-01", "2024-01-02"]


def test_the_cut_off_follows_the_clock_through_daylight_saving():
    # New York moved its clocks on 2024-03-10: 17:00 there was 22:00 UTC, then 21:00.
    texts = ["2024-03-08T21:59", "2024-03-08T22:00", "2024-03-11T20:59", "2024-03-11T21:00"]
    expected = ["2024-03-08", "2024-03-09", "2024-03-11", "2024-03-12"]
    assert days(texts, "America/New_York", "17:00") == expected


def test_days_before_1970_are_days():
    assert days(["1969-12-31T23:59", "1950-06-01T00:00"]) == ["1969-12-31", "1950-06-01"]


def test_arrow_and_pandas_columns_say_the_same():
    moment = "2024-01-02T03:30"
    times = pd.DatetimeIndex([moment]).tz_localize("UTC").tz_convert("America/New_York")
    column = pa.array(np.array([moment], "datetime64[us]"), pa.timestamp("us", "America/New_York"))
    for same in (times, pd.Series(times), column, pa.chunked_array([column])):
        assert trading_day(same).astype(str).tolist() == ["2024-01-02"]


def test_no_times_have_no_days():
    assert trading_day(pa.chunked_array([], pa.timestamp("us", "UTC"))).tolist() == []


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(InvalidArgumentError, match="tz_localize"):
        trading_day(pd.DatetimeIndex(["2024-01-01"]))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_zone_that_does_not_exist_is_refused(zone):
    with pytest.raises(InvalidArgumentError, match="IANA"):
        days(["2024-01-01"], zone)


@pytest.mark.parametrize("cutoff", ["5pm", "24:00", "17", "17:00:00", ""])
def test_a_cut_off_that_is_no_clock_time_is_refused(cutoff):
    with pytest.raises(InvalidArgumentError, match="HH:MM"):
        days(["2024-01-01"], "UTC", cutoff)
