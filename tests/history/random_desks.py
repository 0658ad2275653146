"""A desk of several accounts with all that books must bear, drawn from a seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from perfkit.records import Bar, CashKind, CashRecord, Fill, SplitRecord
from perfkit.tracker import TradeTracker

START = datetime(2024, 1, 1, tzinfo=UTC)
ACCOUNTS, STRATEGIES, SYMBOLS = ("a", "b", "c"), ("carry", "trend"), ("AAA", "BBB", "SAP")
HOURS = 24 * 40
CURRENCY = {"AAA": "USD", "BBB": "USD", "SAP": "EUR"}


def fills_of(seed, count=240):
    """Fills of all accounts, hours apart, in two currencies."""
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.uniform(0, HOURS, count))
    found = []
    for number, hour in enumerate(hours.tolist()):
        symbol = SYMBOLS[rng.integers(3)]
        found.append(
            Fill(
                trade_id=f"t{number}",
                account_id=ACCOUNTS[rng.integers(3)],
                strategy_id=STRATEGIES[rng.integers(2)],
                execution_time=START + timedelta(hours=hour),
                symbol=symbol,
                side=("buy", "sell")[rng.integers(2)],
                price=round(float(100 + rng.normal(0, 5)), 2),
                volume=float(rng.integers(1, 4)),
                commission=0.1 * float(rng.integers(0, 4)),
                currency=CURRENCY[symbol],
            )
        )
    return found


def corrections_of(fills):
    """Move a fill of account b to its other strategy, bust one, and correct a price."""
    own = [fill for fill in fills if fill.account_id == "b"]
    moved, busted, priced = own[3], own[10], own[20]
    other = STRATEGIES[moved.strategy_id == STRATEGIES[0]]
    told = [(moved, {"strategy_id": other}), (priced, {"price": 77.0})]
    later = [
        replace(fill, trade_id=f"{fill.trade_id}-c", record_type="correct",
                original_trade_id=fill.trade_id, **change)
        for fill, change in told
    ]  # fmt: skip
    bust = replace(
        busted,
        trade_id=f"{busted.trade_id}-x",
        record_type="bust",
        original_trade_id=busted.trade_id,
    )
    return [*later, bust]


def cash_of(seed):
    """A deposit of each strategy, and what came and went later, also on a free day."""
    rng = np.random.default_rng(seed + 1)
    found = []
    for account in ACCOUNTS:
        for strategy in STRATEGIES:
            for number, kind in enumerate((CashKind.DEPOSIT, CashKind.FUNDING)):
                hours = float(number * rng.uniform(1, HOURS))
                found.append(
                    CashRecord(
                        cash_id=f"{account}-{strategy}-{number}", account_id=account,
                        strategy_id=strategy, kind=kind, currency="USD",
                        execution_time=START + timedelta(hours=hours),
                        amount=(10_000.0, -3.5)[number],
                    )
                )  # fmt: skip
    return found


def bars_of(seed):
    """A close of every symbol, and of EUR/USD, on every weekday but one."""
    rng = np.random.default_rng(seed + 2)
    days = [n for n in range(40) if (START + timedelta(days=n)).weekday() < 5 and n != 17]
    closes = {**dict.fromkeys(SYMBOLS, 100.0), "EUR/USD": 1.1}
    return [
        Bar(
            symbol=symbol,
            close_time=START + timedelta(days=n, hours=20),
            close=close * float(1 + rng.normal(0, 0.01)),
        )
        for n in [-1, *days]
        for symbol, close in closes.items()
    ]


def split_of(account="c"):
    """Two for one of AAA in one account."""
    return SplitRecord(
        split_id="s", account_id=account, symbol="AAA",
        execution_time=START + timedelta(days=21, hours=3), ratio=2.0,
    )  # fmt: skip


def recorded(folder, seed=0, *, fills=None):
    """Record a desk; give its folder as text."""
    fills = fills_of(seed) if fills is None else fills
    with TradeTracker(folder, market=None, labeler=None) as tracker:
        tracker.record_bars(bars_of(seed))
        tracker.record_cash(cash_of(seed))
        tracker.record_splits([split_of()])
        tracker.record_many(fills)
        tracker.flush()
        tracker.record_many(corrections_of(fills))
    return str(folder)
