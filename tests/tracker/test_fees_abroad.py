"""Fees in a third currency: worth what the bars of a currency pair say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from perfkit.records import Bar
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker

BEGIN = datetime(2024, 1, 2, 15, tzinfo=UTC)
COIN = {"symbol": "BTC/USDT", "currency": "USDT", "base_currency": "BTC"}


@pytest.fixture
def bnb(fill):
    """Make one fill that pays a fee of 0.5 BNB."""
    return lambda *arguments, **fields: fill(
        *arguments, commission=0.5, fee_currency="BNB", **(COIN | fields)
    )


def rate(hours, close, symbol="BNB/USDT"):
    return Bar(symbol=symbol, close_time=BEGIN + timedelta(hours=hours), close=close)


def pnl(history):
    return {row["trade_id"]: row["pnl"] for row in TradeStore(history).read().to_pylist()}


def test_without_a_rate_the_pnl_is_not_known_and_the_fill_is_recorded(tmp_path, bnb):
    with TradeTracker(tmp_path) as tracker:
        assert tracker.record(bnb("1", 0, "buy", 100.0, 1.0)).accepted == 1
        tracker.record_bars([rate(5, 400.0)])  # known only after the next fill
        tracker.record(bnb("2", 1, "sell", 110.0, 1.0))
    assert pnl(tmp_path) == {"1": None, "2": None}


@pytest.mark.parametrize("is_restarted", [False, True])
def test_the_newest_rate_that_was_known_counts(tmp_path, bnb, fill, is_restarted):
    tracker = TradeTracker(tmp_path)
    tracker.record_bars([rate(-1, 300.0)])
    tracker.record(bnb("1", 0, "buy", 1_000.0, 1.0))
    if is_restarted:
        tracker.close()
        tracker = TradeTracker(tmp_path)
    tracker.record(bnb("2", 1, "buy", 1_000.0, 1.0))
    tracker.record_bars([rate(2, 400.0)])
    tracker.record(bnb("3", 3, "sell", 1_500.0, 1.0))
    tracker.record(fill("4", 4, "sell", 1_500.0, 1.0, commission=2.0, **COIN))
    tracker.close()
    found = TradeStore(tmp_path).read().to_pylist()
    assert [row["pnl"] for row in found] == [-150.0, -150.0, 300.0, 498.0]
    assert found[-1]["cumulative_pnl"] == 498.0


def test_a_rate_that_comes_late_mends_what_comes_after_it(tmp_path, bnb, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(bnb("1", 0, "buy", 1_000.0, 1.0))
        tracker.record(fill("2", 1, "buy", 1_000.0, 1.0, **COIN))
        tracker.record_bars([rate(-1, 300.0)])
        tracker.record(fill("3", 2, "sell", 1_500.0, 2.0, **COIN))
    found = TradeStore(tmp_path).read().to_pylist()
    assert [row["cumulative_pnl"] for row in found] == [None, None, 850.0]


def test_only_who_paid_in_a_third_currency_builds_its_books_again(tmp_path, fill, monkeypatch):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1", 0, **COIN))
        source = tracker.recording.memory.books._source
        monkeypatch.setattr(source, "fills_of", lambda _: pytest.fail("the history was read"))
        tracker.record_bars([rate(1, 300.0)])
        tracker.record(fill("2", 2, **COIN))
    assert pnl(tmp_path) == {"1": 0.0, "2": 0.0}
