"""Several currencies in one history: converted at recorded rates, or not answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.history import History
from perfkit.records import Bar, CashRecord, Fill
from perfkit.tracker import TradeTracker

START = datetime(2024, 1, 2, 12, tzinfo=UTC)


def fill(trade_id, when, symbol, side, price, currency):
    return Fill(
        trade_id=trade_id, account_id="main", strategy_id="trend", symbol=symbol, side=side,
        execution_time=START + timedelta(days=when), price=price, volume=10, currency=currency,
    )  # fmt: skip


def bar(symbol, when, close):
    return Bar(symbol=symbol, close_time=START + timedelta(days=when, hours=6), close=close)


@pytest.fixture
def desk(tmp_path):
    """10 SAP bought at 100 EUR, sold at 110; 10 KO bought at 50 USD and held."""
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.record_cash(
            [
                CashRecord(
                    cash_id="c",
                    account_id="main",
                    strategy_id="trend",
                    execution_time=START,
                    kind="deposit",
                    amount=10_000.0,
                    currency="USD",
                )
            ]
        )
        tracker.record_many(
            [
                fill("1", 0, "SAP", "buy", 100.0, "EUR"),
                fill("2", 1, "KO", "buy", 50.0, "USD"),
                fill("3", 2, "SAP", "sell", 110.0, "EUR"),
            ]
        )
        tracker.record_bars([bar("KO", n, 50.0 + n) for n in range(4)])
    return tmp_path


def record_rates(desk, *rates):
    with TradeTracker(desk, market=None, labeler=None) as tracker:
        tracker.record_bars([bar("EUR/USD", when, rate) for when, rate in rates])


def test_money_of_several_currencies_is_not_added_up_unasked(desk):
    with pytest.raises(InvalidArgumentError, match="say convert_to='USD'"):
        History(str(desk)).equity()


def test_without_a_rate_nothing_is_made_up(desk):
    history = History(str(desk))
    metrics = history.metrics(convert_to="USD")
    assert np.isnan(metrics["net_pnl"].item())
    assert metrics.attrs["reasons"]["trend"]["total_return"] == "unpriced"
    assert metrics.attrs["reasons"]["trend"]["win_rate"] == "unpriced"
    assert np.isnan(history.equity(convert_to="USD")["nav"].iloc[-1])
    with pytest.raises(InvalidArgumentError, match="the P&L of 1 of 1 round trips is not known"):
        history.attribution("symbol", convert_to="USD")


def test_fills_convert_at_their_time_and_positions_in_the_evening(desk):
    # 1.10 is known when SAP is bought, 1.20 from the first evening on
    record_rates(desk, (-1, 1.10), (0, 1.20))
    days = History(str(desk)).equity((), convert_to="USD").set_index("day")
    # the first evening: 10 x 100 EUR are worth 1,200 USD and cost 1,100
    assert days["fx_pnl"].tolist() == pytest.approx([100.0, 0.0, 0.0, 0.0])
    # on the third day SAP gains 10 x 10 EUR at 1.20, and KO 10 USD a day
    assert days["price_pnl"].tolist() == pytest.approx([0.0, 10.0, 130.0, 10.0])
    parts = days["price_pnl"] + days["fx_pnl"] - days["fees"] + days["funding"] + days["dividends"]
    assert days["pnl"].tolist() == pytest.approx(parts.tolist())
    assert days["nav"].iloc[-1] == pytest.approx(10_250.0)


def test_round_trips_convert_at_the_rate_of_their_exit(desk):
    record_rates(desk, (-1, 1.10), (0, 1.20))
    (trip,) = History(str(desk)).round_trips(convert_to="USD").to_dict("records")
    assert (trip["pnl"], trip["currency"]) == (pytest.approx(120.0), "USD")
    assert (trip["entry_price"], trip["exit_price"]) == (100.0, 110.0)
    assert trip["return_"] == pytest.approx(0.1)


def test_the_money_weighted_return_is_what_the_deposit_grew_by(desk):
    record_rates(desk, (-1, 1.10), (0, 1.20))
    history = History(str(desk))
    # 10,000 became 10,250 in four days
    yearly = 1.025 ** (365 / 4) - 1
    assert history.money_weighted_return((), convert_to="USD").item() == pytest.approx(yearly)
    assert history.money_weighted_return(convert_to="USD").index.tolist() == ["trend"]
    # from the second day on what was there, 10,100, is the first deposit
    later = history.money_weighted_return(convert_to="USD", start="2024-01-03").item()
    assert later == pytest.approx((10_250 / 10_100) ** (365 / 3) - 1)


def test_a_correction_may_move_a_fill_to_another_strategy(tmp_path):
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        first, last = (
            fill("1", 0, "KO", "buy", 10.0, "USD"),
            fill("2", 1, "KO", "sell", 12.0, "USD"),
        )
        tracker.record_many([first, last])
        moved = {"trade_id": "1b", "record_type": "correct", "original_trade_id": "1"}
        tracker.record(replace(first, strategy_id="carry", **moved))
    history = History(str(tmp_path))
    assert history.trades(strategy="carry")["trade_id"].tolist() == ["1"]
    assert history.trades(strategy="trend")["trade_id"].tolist() == ["2"]
    assert history.round_trips(strategy="trend").empty
    assert history.verify().is_clean
