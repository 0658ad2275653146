"""Asking as of a time: which bar answers, which class it gives, and why one is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from perfkit.errors import ConflictError, InvalidArgumentError, InvalidTableError, SchemaError
from perfkit.market import DAILY, MarketState, context_asof, market_state
from perfkit.records import Bar, MarketContext

FIRST = datetime(2020, 1, 1, 21, tzinfo=UTC)
DAY = timedelta(days=1)
NOTHING = {
    "context_definition": "daily-2", "session_reason": "no_calendar", "news_reason": "no_events",
}  # fmt: skip


@pytest.fixture
def state(bars_of):
    """Thirty closes 100, 101, ... of X."""
    state = MarketState()
    state.on_bars(bars_of(np.arange(100.0, 130.0)))
    return state


def test_a_bar_answers_from_the_moment_of_its_close(state):
    close = FIRST + 9 * DAY
    just_before = state.context_at("X", close - timedelta(microseconds=1))
    at_close = state.context_at("X", close)
    assert (just_before.close, just_before.context_asof) == (108.0, FIRST + 8 * DAY)
    assert (at_close.close, at_close.context_asof) == (109.0, close)


def test_before_the_first_bar_and_of_an_unknown_symbol_nothing_is_known(state):
    for symbol, time in (("X", FIRST - DAY), ("nobody", FIRST + DAY)):
        context = state.context_at(symbol, time)
        assert context == MarketContext(**NOTHING, context_reason="no_market_data")


def test_an_old_bar_says_nothing_of_now_but_when_it_closed(state):
    last = FIRST + 29 * DAY
    assert state.context_at("X", last + 5 * DAY).context_reason == "warming_up"
    stale = state.context_at("X", last + 5 * DAY + timedelta(microseconds=1))
    assert stale == MarketContext(**NOTHING, context_asof=last, context_reason="stale")


@pytest.mark.parametrize("gap", [1, 6])
def test_closes_between_two_times_are_those_of_the_contexts(gap):
    state = MarketState()
    for n in range(8):
        state.on_bar(Bar(symbol="X", close_time=FIRST + n * gap * DAY, close=100.0 + n))
    state.on_bar(Bar(symbol="Y", close_time=FIRST, close=50.0))
    hours = [FIRST + timedelta(hours=n) for n in range(-30, 24 * 8 * gap, 6)]
    micros = [int(time.timestamp() * 1e6) for time in hours]
    for start, stop in ((0, 20), (3, 3), (10, 30), (17, len(hours) - 1), (0, 1)):
        symbols = ["nobody", "Y", "X"]
        found = state.closes_between(symbols, micros[start], micros[stop])
        assert sorted(found[0]) == list(found[0])
        alone = state.closes_between(["Y"], micros[start], micros[stop])
        since, asof, close = (column[found[0] == 1] for column in found[1:])
        for column, own in zip((since, asof, close), alone[1:], strict=True):
            np.testing.assert_array_equal(column, own)
        since, asof, close = (column[found[0] == 2] for column in found[1:])
        assert sorted(since) == list(since)
        for time, hour in zip(micros[start : stop + 1], hours[start : stop + 1], strict=True):
            context, last = state.context_at("X", hour), (since <= time).sum() - 1
            known = last >= 0 and not np.isnan(close[last])
            assert (close[last] if known else None) == context.close
            if known:
                assert asof[last] == int(context.context_asof.timestamp() * 1e6)
    assert len(state.closes_between(["nobody"], micros[0], micros[-1])[0]) == 0


def test_a_missing_figure_leaves_its_class_null(state):
    context = state.context_at("X", FIRST + 29 * DAY)
    assert context.momentum == pytest.approx(129 / 109 - 1)
    assert (context.volatility_rank, context.volatility_regime) == (None, None)
    assert (context.trend, context.price_level, context.volume_profile) == (None, None, None)
    assert (context.market_session, context.news_event) == (None, None)


def test_a_bar_delivered_again_is_left_out_and_counted(bars_of):
    bars, state = bars_of(np.arange(1.0, 9.0)), MarketState()
    assert state.on_bars(bars.slice(0, 5)) == 5
    assert state.on_bars(bars.slice(2)) == 3  # rows 2 to 4 stand already
    assert state.on_bars(pa.concat_tables([bars, bars])) == 0
    once = MarketState()
    once.on_bars(bars)
    times = bars["close_time"]
    assert state.contexts(bars["symbol"], times).equals(once.contexts(bars["symbol"], times))


def test_a_bar_delivered_again_with_other_numbers_is_a_conflict(bars_of, state):
    revised = bars_of([100.0, 101.5])
    with pytest.raises(
        ConflictError, match=r"bar 'X' 2020-01-02.* close must be 101.0.* was 101.5"
    ):
        state.on_bars(revised)


def test_a_bar_twice_in_one_delivery_with_other_numbers_is_a_conflict(bars_of):
    bars = pa.concat_tables([bars_of([1.0]), bars_of([2.0])])
    with pytest.raises(ConflictError, match="close"):
        MarketState().on_bars(bars)


def test_bars_out_of_order_are_refused_all_at_once(bars_of):
    bars = bars_of([1.0, 2.0, 3.0]).take([2, 0, 1])
    with pytest.raises(InvalidTableError, match="sort the bars by close_time") as caught:
        MarketState().on_bars(bars)
    assert [(r.row, r.field) for r in caught.value.rows] == [(1, "close_time"), (2, "close_time")]


def test_after_an_error_the_state_is_what_it_was(bars_of, state):
    before = state.context_at("X", FIRST + 29 * DAY)
    bad = pa.concat_tables([bars_of([7.0], symbol="Y"), bars_of([99.0])])
    with pytest.raises(ConflictError):
        state.on_bars(bad)
    assert state.context_at("X", FIRST + 29 * DAY) == before
    assert state.context_at("Y", FIRST).context_reason == "no_market_data"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"close": [float("nan")]}, "close must be a finite number"),
        ({"close": [1.0], "high": [1.0], "low": [2.0]}, "high must be at least the low 2.0, was 1"),
        ({"close": [1.0], "volume": [-5.0]}, "volume must be at least 0, was -5.0"),
    ],
)
def test_a_bar_that_cannot_be_is_refused(bars_of, columns, message):
    with pytest.raises(InvalidTableError, match=message):
        MarketState().on_bars(bars_of(**columns))


def test_a_table_that_is_not_bars_is_refused(bars_of):
    with pytest.raises(SchemaError, match="close"):
        MarketState().on_bars(bars_of([1.0]).drop_columns("close"))
    with pytest.raises(SchemaError, match="execution_time"):
        context_asof(pa.table({"symbol": ["X"]}), bars_of([1.0]))


def test_a_time_without_a_zone_is_refused(state):
    with pytest.raises(SchemaError, match="with a zone"):
        state.context_at("X", datetime(2020, 1, 5))  # noqa: DTZ001


def test_as_many_symbols_as_times_are_asked_for(state):
    with pytest.raises(InvalidArgumentError, match="as many as times"):
        state.contexts(["X", "X"], [FIRST])


def test_each_of_many_symbols_answers_for_itself(bars_of):
    # more than there is room for at first, known and unknown ones side by side
    state, names = MarketState(), [f"S{n}" for n in range(300)]
    for n, name in enumerate(names):
        if n % 3:
            state.on_bars(bars_of([float(n), float(n) + 0.5], symbol=name))
        if n % 50 == 49:
            state.contexts(names, [FIRST + 2 * DAY] * len(names))
    for time, past in ((FIRST + 2 * DAY, 0.5), (FIRST, 0.0)):
        closes = state.contexts(names, [time] * len(names))["close"].to_pylist()
        assert closes == [n + past if n % 3 else None for n in range(300)]


def test_a_question_that_is_answered_in_blocks_is_one_table(state, monkeypatch):
    times = [FIRST + n * DAY / 2 for n in range(70)]
    symbols = ["X" if n % 5 else "nobody" for n in range(70)]
    whole = state.contexts(symbols, times)
    monkeypatch.setattr(market_state, "_BLOCK", 16)
    in_blocks = state.contexts(symbols, times)
    assert in_blocks.column(0).num_chunks == 5
    assert in_blocks.equals(whole)


def test_symbols_and_times_are_taken_in_every_form_they_come_in(state):
    times = [FIRST + n * DAY for n in range(4)]
    expected = state.contexts(["X", "Y", "X", "X"], times)
    symbols = pa.chunked_array([["X", "Y"], [], ["X", "X"]], pa.string())
    stamps = pa.chunked_array([pa.array(times[:1]), pa.array(times[1:])])
    in_new_york = stamps.cast(pa.timestamp("ns", tz="America/New_York"))
    for names in (symbols, symbols.dictionary_encode(), symbols.cast(pa.large_string())):
        for instants in (stamps, stamps.combine_chunks(), in_new_york):
            assert state.contexts(names, instants).equals(expected)
    with pytest.raises(InvalidArgumentError, match="none of them null"):
        state.contexts(["X", None], times[:2])
    with pytest.raises(SchemaError, match="none of them null"):
        state.contexts(["X", "X"], [times[0], None])


def test_no_bars_and_no_trades_are_no_error(bars_of):
    none = bars_of([])
    assert MarketState().on_bars(none) == 0
    trades = pa.table({"symbol": none["symbol"], "execution_time": none["close_time"]})
    assert context_asof(trades, none).num_rows == 0
    assert context_asof(trades, bars_of([1.0, 2.0])).num_rows == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channel": 20}, "name must be new for new numbers, was 'daily-2'"),
        ({"name": "x", "atr": 0}, "atr must be at least 1 bar, was 0"),
        ({"name": "x", "decay": 1.0}, "decay must lie between 0 and 1"),
        ({"name": "x", "low_rank": 0.8}, "low_rank must lie between 0 and high_rank"),
        ({"name": "intraday-1"}, "name must be new for new numbers, was 'intraday-1'"),
        ({"name": "x", "stale_days": 0.0}, "stale_days must be above 0 days"),
        ({"name": "x", "stale_minutes": float("nan")}, "stale_minutes must be a number, was nan"),
        ({"name": "x", "stale_minutes": -1.0}, "stale_minutes must be above 0 minutes"),
        ({"name": "x", "stale_days": float("inf")}, "stale_days must be .* at most 36525, was inf"),
        ({"name": "x", "stale_days": None}, "stale_days must be a number, was None"),
        ({"name": "x", "news_minutes": 1e300}, "news_minutes must be .* at most 525600, was 1e"),
        ({"name": "x", "news_minutes": "5"}, "news_minutes must be a number, was '5'"),
        ({"name": "x", "volume_bucket": 1.5}, "volume_bucket must be a whole number, was 1.5"),
        ({"name": "x", "atr": True}, "atr must be a whole number, was True"),
        ({"name": 5}, "name must be 1 to 64 printable characters, was 5"),
        ({"name": "x", "volume_bucket": 7}, "volume_bucket must divide the 1440 minutes of a day"),
        ({"name": "x", "volume_bucket": 0}, "volume_bucket must divide the 1440 minutes of a day"),
        ({"name": "x", "news_minutes": -1.0}, "news_minutes must be at least 0 minutes"),
    ],
)
def test_a_definition_with_impossible_numbers_is_refused(change, message):
    with pytest.raises(InvalidArgumentError, match=message):
        MarketState(definition=DAILY._replace(**change))


def test_a_definition_of_ones_own_goes_by_its_own_name(bars_of):
    state = MarketState(definition=DAILY._replace(name="channel-3", channel=3))
    state.on_bar(Bar(symbol="X", close_time=FIRST - DAY, close=9.0))
    state.on_bars(bars_of([4.0, 5.0, 6.0]))
    context = state.context_at("X", FIRST + 2 * DAY)
    assert (context.channel_high, context.context_definition) == (9.0, "channel-3")


@pytest.fixture(scope="module")
def etf_state(shared_data):
    """SPY, daily at the close of New York, 1998 to March 2021."""
    table = pq.read_table(shared_data / "daily/us_equity_daily_raw.parquet")
    table = table.filter(pc.equal(table["symbol"], "SPY"))
    close = pc.add(table["ts"], pa.scalar(timedelta(hours=16)))
    close_time = pc.assume_timezone(close, "America/New_York")
    volume = table["volume"].cast(pa.float64())
    state = MarketState()
    state.on_bars(
        table.drop_columns(["ts", "volume"])
        .append_column("close_time", close_time)
        .append_column("volume", volume)
    )
    return state


@pytest.mark.parametrize(
    ("day", "regime", "trend", "volume"),
    [
        ("2008-10-11", "high", "downtrend", "high"),  # after the worst week of the S&P 500
        ("2017-11-01", "low", "uptrend", "medium"),  # the calmest year since 1964
        ("2020-03-21", "high", "downtrend", "medium"),  # two days before the low
    ],
)
def test_days_that_everyone_remembers_are_called_by_their_name(
    etf_state, day, regime, trend, volume
):
    context = etf_state.context_at("SPY", datetime.fromisoformat(day + "T12:00+00:00"))
    assert context.volatility_regime == regime
    assert context.trend == trend
    assert context.volume_profile == volume
    assert context.context_reason is None


def test_the_market_that_was_shut_for_a_week_is_stale_when_it_opens(etf_state):
    context = etf_state.context_at("SPY", datetime(2001, 9, 17, 13, 30, tzinfo=UTC))
    assert context.context_reason == "stale"
    assert context.context_asof == datetime(2001, 9, 10, 20, tzinfo=UTC)
    assert context.close is None


def test_questions_that_are_none_are_refused_in_words():
    state, far = MarketState("XNYS"), pa.array([2**63 - 1], pa.timestamp("us", "UTC"))
    for symbols in ([1], pa.array([1]), ["\ud800"], 5, "X"):
        with pytest.raises(InvalidArgumentError, match="contexts: symbols must be"):
            state.contexts(symbols, [FIRST])
    for times in (far, pa.array([2**62], pa.timestamp("s", "UTC"))):
        with pytest.raises(SchemaError, match=r"times must lie between .*check the unit"):
            state.contexts(["X"], times)
    for times in (["2024"], 5, [FIRST, "x"]):
        with pytest.raises(SchemaError, match="times must be timestamps with a zone"):
            state.contexts(["X"], times)
    frame = pd.DataFrame({"symbol": ["X"], "time": pd.DatetimeIndex([FIRST])})
    assert state.contexts(frame["symbol"], frame["time"]).num_rows == 1
    nanoseconds = pa.array([1_700_000_000_000_000_001], pa.timestamp("ns", "UTC"))
    assert state.contexts(pa.array(["X"], pa.large_string()), nanoseconds).num_rows == 1
    assert state.contexts([], []).num_rows == 0
