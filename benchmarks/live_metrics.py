"""Live metrics: one more trade, and ten thousand, beside what one would write without them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.timing import machine
from perfkit.metrics import PerformanceMetrics
from perfkit.records import TradeRecord, to_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["rows"]

TRADES = 10_000
BOOKS = 100
LABELS = ("momentum", "breakout", "high_volatility", "market_open", "quick_exit")
COLUMNS = ["account_id", "strategy_id", "execution_time", "labels", "round_trip_pnl"]
START = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)

Days = dict[tuple[object, ...], list[float]]


def rows() -> list[tuple[str, str, float]]:
    """Give (what, who, microseconds): ours first, then the peers, all from a warm state."""
    records = _records(TRADES)
    one, table = records[-1:], to_table(records, TradeRecord)
    closing = table.filter(table["round_trip_pnl"].is_valid()).select(COLUMNS).to_pandas()
    live = PerformanceMetrics()
    live.update(table)
    days: Days = {}
    return [
        ("one trade", "perfkit", _microseconds(lambda: live.update(one))),
        ("one trade", "plain Python", _microseconds(lambda: _count(days, one))),
        ("one trade", "pandas", _microseconds(lambda: _recount(closing, closing[-1:]))),
        (f"{TRADES:,} trades", "perfkit", _microseconds(lambda: live.update(table))),
        (f"{TRADES:,} trades", "plain Python", _microseconds(lambda: _count(days, records))),
        (f"{TRADES:,} trades", "pandas", _microseconds(lambda: _recount(closing, closing))),
    ]


def _count(days: Days, trades: Iterable[TradeRecord]) -> None:
    """What plain Python counts of closing trades: no streaks, no fall, no exact sums."""
    for trade in trades:
        pnl = trade.round_trip_pnl
        if pnl is None:
            continue
        day = trade.execution_time.date()
        for label in (None, *trade.labels):
            key = trade.account_id, trade.strategy_id, day, label
            state = days.get(key)
            if state is None:
                state = days[key] = [0.0, 0.0, 0.0, 0.0, 0.0]
            state[0] += 1.0
            state[1] += pnl > 0.0
            state[2] += max(pnl, 0.0)
            state[3] += max(-pnl, 0.0)
            state[4] += pnl * pnl


def _recount(known: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """What pandas counts of closing trades: those that are there and the new ones, all again."""
    trades = pd.concat([known, more])
    trades["day"] = trades["execution_time"].dt.floor("D")
    keys = ["account_id", "strategy_id", "day"]
    whole = trades.groupby(keys)["round_trip_pnl"].agg(["count", "sum", "std", "min", "max"])
    labelled = trades.explode("labels").groupby([*keys, "labels"])["round_trip_pnl"]
    return pd.concat([whole, labelled.agg(["count", "sum"])])


def _records(count: int) -> list[TradeRecord]:
    """Trades of 5 accounts and 4 strategies in 100 books, every other one closing a trip."""
    pnl = np.random.default_rng(0).normal(0.0, 100.0, count).tolist()
    return [
        TradeRecord(
            trade_id=f"t{n}",
            account_id=f"account_{n % 5}",
            strategy_id=f"strategy_{n % 4}",
            execution_time=START + timedelta(seconds=n),
            symbol=f"S{n % BOOKS}",
            side="sell" if n // BOOKS % 2 else "buy",
            price=1.0,
            volume=1.0,
            commission=0.1,
            pnl=pnl[n],
            position=float(1 - n // BOOKS % 2),
            round_trip_pnl=pnl[n] if n // BOOKS % 2 else None,
            labels=LABELS[: n % 5],
        )
        for n in range(count)
    ]


def _microseconds(act: Callable[[], object]) -> float:
    """Median of the quicker half of many runs of a second in all: others only add to it."""
    act()
    times: list[float] = []
    end = perf_counter() + 1.0
    while len(times) < 20 or perf_counter() < end:
        start = perf_counter()
        act()
        times.append(perf_counter() - start)
    return float(np.quantile(times, 0.25)) * 1e6


def main() -> None:
    """Print the times, and how many of ours a peer's is."""
    print(f"machine: {machine()}")
    print(f"  {'what':<16} {'who':<14} {'µs':>10} {'perfkit is':>12}")
    own = 0.0
    for what, who, time in rows():
        own = time if who == "perfkit" else own
        ratio = "" if who == "perfkit" else f"{time / own:,.1f} x"
        print(f"  {what:<16} {who:<14} {time:>10,.1f} {ratio:>12}")


if __name__ == "__main__":
    main()
