"""A small history with a strategy that wins, one that loses, and prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from perfkit.history import History
from perfkit.records import Bar, CashKind, CashRecord, Fill
from perfkit.tracker import TradeTracker

START = datetime(2024, 1, 1, 21, tzinfo=UTC)  # a Monday


def fill(number, day, side, price, **more):
    given = {
        "trade_id": f"t{number}", "account_id": "main", "strategy_id": "trend",
        "execution_time": START + timedelta(days=day), "symbol": "AAA", "side": side,
        "price": price, "volume": 10.0, "commission": 1.0,
    }  # fmt: skip
    return Fill(**given | more)


FILLS = [
    fill(1, 0, "buy", 100.0),
    fill(2, 2, "sell", 110.0),
    fill(3, 3, "buy", 110.0, strategy_id="revert"),
    fill(4, 7, "sell", 104.0, strategy_id="revert"),
    fill(5, 7, "buy", 50.0, symbol="BBB"),
    fill(6, 1, "sell", 50.0, account_id="other", symbol="BBB"),
]
DEPOSITS = [
    CashRecord(
        cash_id=f"{strategy}-1", account_id=account, strategy_id=strategy, execution_time=START,
        kind=CashKind.DEPOSIT, amount=1_000.0,
    )
    for account, strategy in (("main", "trend"), ("main", "revert"), ("other", "trend"))
]  # fmt: skip
CLOSES = {"AAA": (100.0, 105.0, 110.0, 111.0, 104.0), "BBB": (50.0, 50.0, 52.0, 51.0, 55.0)}
DAYS = (0, 1, 2, 3, 7)


def label_by_symbol(trades, context):
    import pyarrow as pa

    words = {"AAA": ["momentum", "breakout"], "BBB": []}
    return pa.array([words[s] for s in trades["symbol"].to_pylist()], pa.list_(pa.string()))


class Labeler:
    generate = staticmethod(label_by_symbol)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    bars = [
        Bar(symbol=symbol, close_time=START + timedelta(days=day), close=close)
        for symbol, closes in CLOSES.items()
        for day, close in zip(DAYS, closes, strict=True)
    ]
    with TradeTracker(folder, labeler=Labeler()) as tracker:
        tracker.record_bars(bars)
        tracker.record_cash(DEPOSITS)
        tracker.record_many(FILLS)
    return str(folder)


@pytest.fixture
def history(uri):
    return History(uri)
