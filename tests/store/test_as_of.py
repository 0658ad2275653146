"""As of: what was known at a time, and nothing that was recorded later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, StoreError
from perfkit.records import Bar, to_table
from perfkit.store import TABLES, TradeStore

DAY = datetime(2024, 5, 1, tzinfo=UTC)


def bar(close, recorded_at, symbol="SPY"):
    return to_table([Bar(symbol=symbol, close_time=DAY, close=close, recorded_at=recorded_at)], Bar)


def day(number):
    return DAY + timedelta(days=number)


@pytest.mark.parametrize("is_flushed", [False, True])
def test_rows_that_were_recorded_later_are_left_out(tmp_path, trades, is_flushed):
    with TradeStore(tmp_path) as store:
        for number in (1, 2, 3):
            store.append("trades", trades(1, number, recorded_at=day(number)))
        if is_flushed:
            store.flush()
        known = [
            store.read(known=moment, columns=["trade_id"])["trade_id"].to_pylist()
            for moment in (day(0), day(1), day(2) - timedelta(microseconds=1), day(3))
        ]
    assert known == [[], ["T1"], ["T1"], ["T1", "T2", "T3"]]


def test_a_row_that_does_not_say_when_it_was_recorded_was_always_known(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(2))
        assert store.read(known=datetime(1970, 1, 1, tzinfo=UTC)).num_rows == 2


@pytest.mark.parametrize("is_flushed", [False, True])
def test_a_bar_counts_until_the_one_that_takes_its_place_is_known(tmp_path, is_flushed):
    with TradeStore(tmp_path) as store:
        store.append("bars", bar(1.0, day(1)))
        if is_flushed:
            store.flush()
        store.append("bars", bar(2.0, day(3)))
        store.append("bars", bar(9.0, None, "QQQ"))
        closes = [
            store.read("bars", known=moment)["close"].to_pylist()
            for moment in (day(0), day(1), day(2), day(3))
        ]
        assert closes == [[9.0], [1.0, 9.0], [1.0, 9.0], [2.0, 9.0]]
        # a condition is asked of the bars that were known, not of those that came later
        was_one = pl.col("close") == 1.0
        assert store.read("bars", where=was_one, known=day(2)).num_rows == 1
        assert store.read("bars", where=was_one, known=day(3)).num_rows == 0


def test_every_read_of_a_view_is_limited(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(1, 1, recorded_at=day(1)))
        store.append("trades", trades(1, 2, recorded_at=day(2)))
        view = store.as_of(day(1))
        assert view.uri == store.uri
        assert view.read()["trade_id"].to_pylist() == ["T1"]
        assert view.read(known=day(9)).num_rows == 1
        assert view.as_of(day(9)).read().num_rows == 1
        assert view.as_of(day(0)).read().num_rows == 0
        store.append("trades", trades(1, 3, recorded_at=day(1)))
        assert view.read()["trade_id"].to_pylist() == ["T1", "T3"]
    assert view.read()["trade_id"].to_pylist() == ["T1", "T3"]  # the writer is gone


def test_a_view_is_read_only(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(1))
        view = store.as_of(day(1))
        for write in (
            view.open,
            view.flush,
            lambda: view.append("trades", trades(1, 1)),
            view.__enter__,
        ):
            with pytest.raises(StoreError, match=r"as of 2024-05-02T00:00:00\+00:00 must only be"):
                write()
        view.close()
        assert store.append("trades", trades(1, 1)).accepted == 1  # which it did not close


def test_a_time_without_a_zone_is_refused(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(1))
        for ask in (store.as_of, lambda known: store.read(known=known)):
            with pytest.raises(InvalidArgumentError, match="known must be a time with a zone"):
                ask(DAY.replace(tzinfo=None))


bars = st.tuples(
    st.sampled_from(["SPY", "QQQ"]), st.floats(1.0, 9.0), st.none() | st.integers(0, 5)
)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(bars, st.booleans()), max_size=8))
def test_as_of_now_is_read_and_as_of_then_is_what_was_read_then(tmp_path_factory, trades, steps):
    """Recorded in the order of the clock, every state of the past is found again."""
    seen, now = [], 0
    with TradeStore(tmp_path_factory.mktemp("history")) as store:
        for n, ((symbol, close, wait), is_flushed) in enumerate(steps):
            now += wait or 0
            store.append("bars", bar(close, None if wait is None else day(now), symbol))
            store.append("trades", trades(1, n, recorded_at=day(now)))
            if is_flushed:
                store.flush()
            seen.append((now, {name: store.read(name) for name in TABLES}))
        for name in TABLES:
            assert store.as_of(day(now)).read(name).equals(store.read(name))
        if any(wait is None for (_, _, wait), _ in steps):
            return  # a bar that was always known was not read before it came
        for moment, tables in dict(seen).items():
            for name in ("bars", "trades"):
                assert store.as_of(day(moment)).read(name).equals(tables[name])
