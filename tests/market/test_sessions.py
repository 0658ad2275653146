"""Sessions against the calendars' own libraries, and the laws of a column of times."""

from __future__ import annotations

import subprocess
import sys
import warnings
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
import pandas as pd
import pandas_market_calendars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.market.sessions import SESSION_WORDS, sessions_of

PRE, REGULAR, AFTER, CLOSED = range(4)
MINUTE = 60_000_000
DAY = 1440 * MINUTE
# half days, holidays, lunch breaks, sessions that touch each other, no pause at all
NAMES = ["XNYS", "XLON", "XTKS", "XHKG", "CMES", "24/5", "24/7"]
every_name = pytest.mark.parametrize("name", NAMES)
# the libraries call what pandas is about to change
its_own_warnings = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
law = settings(max_examples=40, deadline=None)
instants = st.integers(-(2**60), 2**60) | st.integers(0, 2_560_000_000_000_000)


def micros(values) -> np.ndarray:
    return pd.DatetimeIndex(values).as_unit("us").asi8


def minutes_from(start: str, stop: str) -> np.ndarray:
    first, last = micros([start, stop])
    return np.arange(first, last, MINUTE)


def oracle(name, start, end, side="left"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return exchange_calendars.get_calendar(name, start=start, end=end, side=side)


def random_times(seed, size=2_000, start="2007-01-01", stop="2026-12-31"):
    first, last = micros([start, stop])
    return np.random.default_rng(seed).integers(first, last, size)


@its_own_warnings
def test_every_minute_of_nine_years_of_new_york_is_in_its_session():
    """pandas_market_calendars knows pre and post market; it calls half-open what is open to
    its end here: the instants of the close and of the end of the after-hours session."""
    schedule = pandas_market_calendars.get_calendar("NYSE").schedule(
        "2017-01-01", "2025-12-31", market_times="all"
    )
    times = minutes_from("2017-01-01", "2026-01-01")
    expected = np.full(len(times), CLOSED)
    columns = [micros(schedule[c]) for c in ("pre", "market_open", "market_close", "post")]
    for pre, start, close, post in zip(*columns, strict=True):
        marks = [(pre, start, PRE), (start, close + 1, REGULAR), (close + 1, post + 1, AFTER)]
        for since, until, code in marks:
            first, last = np.searchsorted(times, [since, until])
            expected[first:last] = code
    np.testing.assert_array_equal(sessions_of("XNYS").classify(times).code, expected)
    # trading days of these years: 251 251 252 253 252 251 250 252 250; half days: 2 3 3 2 1 1 2 3 3
    assert len(schedule) == 2262
    half_days = schedule.market_close - schedule.market_open < pd.Timedelta(hours=6)
    assert half_days.sum() == 20


@pytest.mark.parametrize("name", ["XNYS", "XLON", "XTKS", "XHKG", "CMES", "24/5"])
def test_a_market_is_open_in_the_minutes_of_its_library_and_at_their_ends(name):
    start, end = "2018-01-02", "2021-12-31"
    left, right = (oracle(name, start, end, side=side).minutes for side in ("left", "right"))
    times = minutes_from(left[0].strftime("%Y-%m-%d"), "2021-12-31")
    expected = np.isin(times, micros(left.union(right)))
    np.testing.assert_array_equal(sessions_of(name).classify(times).code == REGULAR, expected)


@its_own_warnings
@pytest.mark.parametrize("name", ["XNYS", "XHKG", "CMES"])
def test_a_random_minute_is_open_when_its_library_says_so(name):
    calendar = oracle(name, "2010-01-04", "2024-12-31")
    times = random_times(3, 300, "2010-02-01", "2024-12-01") // MINUTE * MINUTE + MINUTE // 2
    expected = [calendar.is_open_at_time(pd.Timestamp(int(t), unit="us", tz="UTC")) for t in times]
    assert (sessions_of(name).classify(times).code == REGULAR).tolist() == expected


@every_name
def test_minutes_and_numbers_are_those_of_the_session_that_a_plain_loop_finds(name):
    sessions = sessions_of(name)
    schedule = oracle(name, "2015-01-01", "2020-12-31").schedule
    rows = list(zip(micros(schedule["open"]), micros(schedule["close"]), strict=True))
    times = random_times(5, 400, "2015-02-01", "2020-12-01")
    edges = [t for start, close in rows[100:140] for t in (start, start + 1, close, close + 1)]
    times = np.append(times, edges)
    columns, numbers = sessions.classify(times), sessions.of_bar(times)
    opens = sessions.open_minutes(times)
    for row, time in enumerate(times.tolist()):
        holding = [(a, b) for a, b in rows if a <= time <= b]
        if not holding or columns.code[row] != REGULAR or sessions.is_continuous:
            assert np.isnan(columns.minutes_from_open[row])
            assert np.isnan(columns.minutes_to_close[row])
        else:
            start, close = holding[-1]  # where two touch, the one that begins
            assert columns.minutes_from_open[row] == (time - start) / MINUTE
            assert columns.minutes_to_close[row] == (close - time) / MINUTE
        own = [(a, b) for a, b in rows if a < time <= b]
        assert (numbers[row] >= 0) == bool(own)
        if own:
            assert sessions.close_of(numbers[row : row + 1])[0] == own[0][1]
    assert np.isfinite(opens).all()


@every_name
def test_open_minutes_count_the_trading_minutes_between_two_times(name):
    minutes = micros(oracle(name, "2018-01-02", "2019-12-31").minutes)
    first, *times = np.sort(random_times(7, 200, "2018-02-01", "2019-12-01") // MINUTE * MINUTE)
    counted = [np.sum((minutes >= first) & (minutes < time)) for time in times]
    open_minutes = sessions_of(name).open_minutes
    passed = open_minutes(np.array(times)) - open_minutes(np.array([first]))
    np.testing.assert_allclose(passed, counted, rtol=0, atol=1e-6)


@every_name
def test_the_minute_of_day_is_the_local_one_on_either_side_of_every_switch(name):
    sessions = sessions_of(name)
    zone = ZoneInfo(sessions.zone)
    times = random_times(11, 3_000, "1970-01-01", "2050-12-31")
    local = [pd.Timestamp(int(t), unit="us", tz="UTC").to_pydatetime() for t in times]
    expected = [(t := time.astimezone(zone)).hour * 60 + t.minute for time in local]
    assert sessions.minute_of_day(times).tolist() == expected


def test_the_clock_of_new_york_skips_an_hour_in_spring_and_repeats_one_in_autumn():
    at = ["2024-03-10T06:59:59.999999", "2024-03-10T07:00", "2024-11-03T05:59", "2024-11-03T06:00"]
    assert sessions_of("XNYS").minute_of_day(micros(at)).tolist() == [119, 180, 119, 60]


@every_name
@law
@given(times=st.lists(instants, min_size=1, max_size=30), data=st.data())
def test_a_column_says_of_each_time_what_the_time_alone_is_told(name, times, data):
    sessions = sessions_of(name)
    order = data.draw(st.permutations(range(len(times))))
    times = np.array(times)

    def answers(t):
        return [
            *sessions.classify(t), sessions.of_bar(t), sessions.open_minutes(t),
            sessions.minute_of_day(t), sessions.close_of(sessions.of_bar(t)),
        ]  # fmt: skip

    together = answers(times)
    alone = [answers(times[n : n + 1]) for n in range(len(times))]
    for place, column in enumerate(together):
        np.testing.assert_array_equal(column, np.concatenate([row[place] for row in alone]))
    for column, shuffled in zip(together, answers(times[order]), strict=True):
        np.testing.assert_array_equal(column[order], shuffled)


@every_name
@law
@given(times=st.lists(st.integers(0, 2_500_000_000_000_000), min_size=2, max_size=30))
def test_open_minutes_never_run_backwards_nor_faster_than_the_clock(name, times):
    times = np.sort(np.array(times))
    passed = np.diff(sessions_of(name).open_minutes(times))
    known = ~np.isnan(passed)
    assert (passed[known] >= 0).all()
    assert (passed[known] <= np.diff(times)[known] / MINUTE + 1e-6).all()


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        # the libraries' own bounds, or 1970 and 2050
        ("XNYS", "1970-01-02", "2050-12-30"),
        ("XTKS", "1997-01-06", "2050-12-30"),
        ("XHKG", "1960-01-01", "2049-12-31"),
        ("XBOM", "1997-01-01", "2026-12-31"),
        ("24/7", "1970-01-01", "2050-12-31"),
    ],
)
def test_a_calendar_reaches_as_far_as_it_is_known_and_says_nothing_beyond(name, first, last):
    sessions = sessions_of(name)
    far = micros([first, last]) + np.array([-DAY, 2 * DAY])
    columns = sessions.classify(far)
    assert columns.code.tolist() == [-1, -1]
    assert np.isnan([columns.minutes_from_open, columns.minutes_to_close]).all()
    assert np.isnan(sessions.open_minutes(far)).all()
    assert sessions.of_bar(far).tolist() == [-1, -1]
    days = minutes_from(first, str(pd.Timestamp(last) + pd.Timedelta(days=1)))[:: 30 * 24 * 60]
    assert (sessions.classify(days[1:]).code >= 0).all()
    for day in (first, last):
        assert REGULAR in sessions.classify(micros([day]) + np.arange(1440) * MINUTE).code


def test_a_market_that_never_stops_is_always_regular_and_its_sessions_are_the_days():
    sessions = sessions_of("24/7")
    assert (sessions.is_continuous, sessions.zone) == (True, "UTC")
    times = micros(["1970-01-02T00:00", "2017-12-17T12:30", "2017-12-17T00:00"])
    columns = sessions.classify(times)
    assert [SESSION_WORDS[code] for code in columns.code] == ["regular"] * 3
    assert np.isnan([columns.minutes_from_open, columns.minutes_to_close]).all()
    # a bar that closes at midnight tells of the day before; 2017-12-17 is day 17,517
    assert sessions.of_bar(times).tolist() == [0, 17_517, 17_516]
    assert sessions.close_of(np.array([17_517])).tolist() == micros(["2017-12-18"]).tolist()
    assert sessions.minute_of_day(times).tolist() == [0, 750, 0]


def test_no_session_has_no_close():
    assert sessions_of("XNYS").close_of(np.array([-1])) == np.iinfo(np.int64).max


@pytest.mark.parametrize("name", ["NYSE", "NASDAQ", "XNAS", "ARCX", "BATS", "XASE"])
def test_the_exchanges_of_new_york_keep_its_hours_and_their_own_names(name):
    own, new_york = sessions_of(name), sessions_of("XNYS")
    assert (own.name, own.zone) == (name, "America/New_York")
    times = minutes_from("2025-11-24", "2025-12-01")
    np.testing.assert_array_equal(own.classify(times).code, new_york.classify(times).code)


def test_an_exchange_without_known_extended_hours_has_none():
    times = minutes_from("2024-01-01", "2024-03-01")
    for name in ("XLON", "XTKS", "CMES", "XTSE"):
        assert set(sessions_of(name).classify(times).code.tolist()) == {REGULAR, CLOSED}


def test_the_same_name_gives_the_same_sessions():
    assert sessions_of("XLON") is sessions_of("XLON")
    assert repr(sessions_of("XLON")) == "Sessions('XLON')"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("xnys", "'XNYS'"), ("NYSE ", "'NYSE'"), ("24-7", "'24/7'"), ("Nasdaq", "'NASDAQ'")],
)
def test_an_unknown_calendar_is_an_error_that_names_what_may_be_meant(name, meant):
    with pytest.raises(UnknownNameError, match="exchange calendar") as caught:
        sessions_of(name)
    message = str(caught.value)
    assert repr(name) in message
    assert "did you mean" in message
    assert meant in message
    assert "get_calendar_names()" in message


@pytest.mark.parametrize(
    "name", ["", " ", "\x1b[31mXNYS", "X" * 100_000, "../etc", "\ud800", "XNYS\n", "None"]
)
def test_whatever_is_no_calendar_is_refused_in_one_short_line(name):
    with pytest.raises(UnknownNameError) as caught:
        sessions_of(name)
    message = str(caught.value)
    assert len(message) < 500
    assert message.isprintable()


@pytest.mark.parametrize("name", [None, 5, ["XNYS"], {"AAPL": "XNYS"}])
def test_what_is_no_text_is_no_calendar(name):
    with pytest.raises(UnknownNameError, match="must be the name of an exchange calendar"):
        sessions_of(name)


@pytest.mark.parametrize("name", ["ASEX", "XTAE"])
def test_a_calendar_that_its_library_cannot_build_is_an_error_that_says_so(name):
    try:
        oracle(name, None, None)
    except (NotImplementedError, ValueError):
        with pytest.raises(InvalidArgumentError, match="fails on it with pandas") as caught:
            sessions_of(name)
        assert len(str(caught.value)) < 500
    else:
        assert sessions_of(name).name == name


def test_a_calendar_is_loaded_when_it_is_asked_for_and_not_before():
    code = (
        "import sys, perfkit.market.sessions as s; s.sessions_of('24/7'); "
        "print('exchange_calendars' in sys.modules); s.sessions_of('XNYS'); "
        "print('exchange_calendars' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True"]
