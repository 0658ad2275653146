"""A market with a calendar: sessions, prior levels, times of day, and news beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError, InvalidTableError, UnknownNameError
from perfkit.market import DAILY, INTRADAY, MarketState, context_asof
from perfkit.records import Bar, NewsEvent, to_table

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPEN = datetime(2025, 1, 6, 14, 30, tzinfo=UTC)  # Monday, 9:30 in New York
CLOSE = OPEN + timedelta(hours=6, minutes=30)


def half_hours(bars_at, start, close, volume=None, symbol="X"):
    """Bars that close half an hour, an hour ... after a start."""
    times = [start + (n + 1) * 30 * MINUTE for n in range(len(close))]
    return bars_at(times, close, volume=volume, symbol=symbol)


def test_the_session_is_told_of_symbols_without_bars_too():
    state = MarketState("XNYS")
    for time, session, minutes in (
        (OPEN - MINUTE, "pre_market", (None, None)),
        (OPEN, "regular", (0.0, 390.0)),
        (OPEN + 90 * MINUTE, "regular", (90.0, 300.0)),
        (CLOSE, "regular", (390.0, 0.0)),
        (CLOSE + MINUTE, "after_hours", (None, None)),
        (CLOSE + 5 * HOUR, "closed", (None, None)),
    ):
        context = state.context_at("anything", time)
        assert context.market_session == session
        assert (context.minutes_from_open, context.minutes_to_close) == minutes
        assert (context.calendar, context.session_reason) == ("XNYS", None)
        assert context.context_reason == "no_market_data"


def test_each_symbol_follows_its_own_calendar_in_one_question():
    state = MarketState({"SPY": "XNYS", "BTC": "24/7", "DAX": "XETR"})
    evening = OPEN + 8 * HOUR  # 17:30 in New York, 23:30 in Frankfurt
    symbols = ["SPY", "BTC", "DAX", "EUR", "SPY"]
    answer = state.contexts(symbols, [evening] * 4 + [OPEN]).to_pydict()
    assert answer["market_session"] == ["after_hours", "regular", "closed", None, "regular"]
    assert answer["calendar"] == ["XNYS", "24/7", "XETR", None, "XNYS"]
    assert answer["session_reason"] == [None, None, None, "no_calendar", None]
    assert answer["minutes_from_open"] == [None, None, None, None, 0.0]


def test_a_time_that_the_calendar_does_not_reach_has_no_session():
    context = MarketState("XNYS").context_at("X", datetime(2070, 1, 2, 15, tzinfo=UTC))
    assert (context.market_session, context.session_reason) == (None, "outside_calendar")
    assert context.calendar == "XNYS"


def test_levels_of_a_session_are_known_from_its_close_on(bars_at):
    state = MarketState("XNYS")
    state.on_bars(half_hours(bars_at, OPEN, [10.0, 14.0, 9.0, 11.0, 12.0]))
    during, after = (state.context_at("X", time) for time in (CLOSE - MINUTE, CLOSE))
    assert (during.prior_high, during.context_reason) == (None, "warming_up")
    assert (after.prior_high, after.prior_low, after.prior_close) == (14.0, 9.0, 12.0)


def test_levels_change_at_the_close_even_where_no_bar_comes(bars_at):
    state = MarketState("XNYS")
    state.on_bars(half_hours(bars_at, OPEN, [10.0, 11.0, 12.0, 13.0]))
    state.on_bars(half_hours(bars_at, OPEN + DAY, [20.0, 21.0]))
    tuesday = CLOSE + DAY
    # one after the other, as a live desk asks, and back again
    for time, high in (
        (tuesday - HOUR, 13.0),
        (tuesday - timedelta(microseconds=1), 13.0),
        (tuesday, 21.0),
        (tuesday - timedelta(microseconds=1), 13.0),
        (tuesday + DAY, 21.0),
        (tuesday - HOUR, 13.0),
        (OPEN + HOUR, None),
    ):
        assert state.context_at("X", time).prior_high == high


def test_a_point_of_control_needs_more_than_daily_bars(bars_of):
    daily = bars_of(np.arange(100.0, 400.0), volume=[1.0] * 300, first=CLOSE)
    state = MarketState("24/7")
    state.on_bars(daily)
    context = state.context_at("X", CLOSE + 299 * DAY)
    assert (context.prior_high, context.prior_close) == (398.0, 398.0)
    assert (context.point_of_control, context.context_reason) == (None, "no_profile")


def test_relative_volume_is_of_the_same_time_of_day(bars_at):
    definition = INTRADAY._replace(name="two-days", volume=2, volume_bucket=30)
    state = MarketState("XNYS", definition=definition)
    # the first half hour is always busy; on the third day it is twice as busy as before
    volumes = ([900.0, 100.0, 100.0], [1100.0, 100.0, 300.0], [2000.0, 100.0, 100.0])
    for day, volume in enumerate(volumes):
        state.on_bars(half_hours(bars_at, OPEN + day * DAY, [10.0] * 3, volume))
    third = OPEN + 2 * DAY
    relative = [state.context_at("X", third + n * 30 * MINUTE).relative_volume for n in (1, 2, 3)]
    assert relative == [2000 / 1000, 100 / 100, 100 / 200]


def test_the_time_of_day_is_that_of_the_exchange_when_clocks_change(bars_at):
    definition = INTRADAY._replace(name="one-day", volume=1, volume_bucket=30)
    state = MarketState("XNYS", definition=definition)
    friday = datetime(2024, 3, 8, 14, 30, tzinfo=UTC)
    monday = datetime(2024, 3, 11, 13, 30, tzinfo=UTC)  # an hour earlier by UTC
    for start, volume in ((friday, [500.0, 100.0]), (monday, [1000.0, 100.0])):
        state.on_bars(half_hours(bars_at, start, [10.0] * 2, volume))
    assert state.context_at("X", monday + 30 * MINUTE).relative_volume == 1000 / 500


def test_a_definition_that_reads_the_clock_needs_a_calendar(bars_at):
    with pytest.raises(InvalidArgumentError, match="'intraday-1': calendar must be given"):
        MarketState(definition=INTRADAY)
    state = MarketState({"other": "XNYS"}, definition=INTRADAY)
    state.on_bars(half_hours(bars_at, OPEN, [10.0] * 5, [1.0] * 5))
    context = state.context_at("X", OPEN + 3 * HOUR)
    assert (context.relative_volume, context.session_reason) == (None, "no_calendar")


def test_minutes_of_open_market_make_a_bar_stale_and_nights_do_not(bars_at):
    state = MarketState("XNYS", definition=INTRADAY)
    state.on_bars(half_hours(bars_at, CLOSE - 15 * MINUTE - 30 * MINUTE, [10.0]))
    # 15 minutes of Monday's session are left; another 15 of Tuesday's are still good
    for time, reason in (
        (OPEN + DAY, "warming_up"),
        (OPEN + DAY + 15 * MINUTE, "warming_up"),
        (OPEN + DAY + 16 * MINUTE, "stale"),
    ):
        assert state.context_at("X", time).context_reason == reason
    daily = MarketState("XNYS", definition=DAILY)
    daily.on_bar(Bar(symbol="X", close_time=CLOSE, close=10.0))
    assert daily.context_at("X", CLOSE + 4 * DAY).context_reason == "warming_up"


@pytest.mark.parametrize("calendar", ["XNYZ", {"X": "Nasdaq New York"}, ["XNYS"], {"X": None}])
def test_an_unknown_calendar_is_refused(calendar):
    with pytest.raises(UnknownNameError, match="calendar must be the name"):
        MarketState(calendar)


def test_high_below_low_is_refused_and_no_volume_is_not(bars_at):
    with pytest.raises(InvalidTableError, match="high must be at least the low"):
        MarketState("XNYS").on_bars(bars_at([CLOSE], [1.0], [1.0], [2.0]))
    state = MarketState("XNYS")
    assert state.on_bars(half_hours(bars_at, OPEN, [1.0] * 9, [0.0] * 9)) == 9
    context = state.context_at("X", CLOSE)
    assert (context.prior_close, context.point_of_control) == (1.0, None)


def event(event_id, minutes, **fields):
    known = {"event_time": OPEN + minutes * MINUTE, "known_at": OPEN - DAY} | fields
    return NewsEvent(event_id=event_id, **known)


def test_news_counts_within_its_window_and_from_when_it_is_known():
    state = MarketState("XNYS")
    assert state.context_at("X", OPEN).news_reason == "no_events"
    state.on_news(to_table([event("fomc", 270), event("jobs", 0, known_at=OPEN)], NewsEvent))
    for minutes, is_news, event_id, apart in (
        (-1, False, None, None),  # jobs are not known yet
        (0, True, "jobs", 0.0),
        (30, True, "jobs", 30.0),
        (31, False, None, None),
        (240, True, "fomc", -30.0),
        (300, True, "fomc", 30.0),
    ):
        context = state.context_at("X", OPEN + minutes * MINUTE)
        assert (context.news_event, context.news_id, context.news_minutes) == (
            is_news, event_id, apart,
        )  # fmt: skip
        assert context.news_reason is None
    assert state.context_at("X", OPEN - 2 * DAY).news_event is None


def test_news_of_a_calendar_concerns_its_symbols_only():
    state = MarketState({"SPY": "XNYS", "BTC": "24/7"})
    state.on_news(to_table([event("halt", 60, calendar="XNYS")], NewsEvent))
    answer = state.contexts(["SPY", "BTC", "EUR"], [OPEN + HOUR] * 3)
    assert answer["news_id"].to_pylist() == ["halt", None, None]
    assert answer["news_event"].to_pylist() == [True, False, False]


def test_the_window_of_news_is_part_of_the_definition(bars_of):
    definition = DAILY._replace(name="short-news", news_minutes=5.0)
    trades = pa.table({"symbol": ["X", "X"], "execution_time": [OPEN, OPEN + 5 * MINUTE]})
    trades = trades.set_column(1, "execution_time", trades[1].cast(pa.timestamp("us", "UTC")))
    news = to_table([event("fomc", 10)], NewsEvent)
    context = context_asof(trades, bars_of([1.0]), news=news, definition=definition)
    assert context["news_event"].to_pylist() == [False, True]
    assert context["context_definition"].to_pylist() == ["short-news"] * 2
