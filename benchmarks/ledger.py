"""Fills to closed P&L: perfkit's ledger beside vectorbt, pyfolio and a plain loop."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.timing import median_seconds
from perfkit.ledger import Ledger, round_trips
from perfkit.ledger.books import Books
from perfkit.ledger.cost import cost_method
from perfkit.ledger.fill_columns import fill_columns
from perfkit.records import Fill, conform

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["random_fills", "rows"]

FILLS, BOOKS = 5_000_000, 1_000
PEER_FILLS = 200_000
PYFOLIO_FILLS = 2_000
KEYS = ("account_id", "strategy_id", "symbol")


def random_fills(n: int, books: int) -> pa.Table:
    """Books that go long, short and flat at random, with a fee each."""
    rng = np.random.default_rng(7)
    signed = rng.choice([-1.0, 1.0], n) * rng.integers(1, 100, n)
    times = np.datetime64("2000-01-03", "us") + np.arange(n) * np.timedelta64(1, "s")
    book = rng.integers(0, books, n)
    columns = {
        "trade_id": pa.array(np.arange(n)).cast(pa.string()),
        "account_id": _names("account", book % 2),
        "strategy_id": _names("strategy", book // 2 % 10),
        "execution_time": pa.array(times).cast(pa.timestamp("us", "UTC")),
        "symbol": _names("SYM", book // 20),
        "side": np.where(signed > 0, "buy", "sell"),
        "price": 100.0 + np.cumsum(rng.normal(0.0, 0.02, n)),
        "volume": np.abs(signed),
        "commission": rng.random(n),
    }
    return conform(pa.table(columns), Fill)


def _names(word: str, number: np.ndarray) -> pa.Array:
    words = pa.array([f"{word}-{each}" for each in range(int(number.max()) + 1)])
    return words.take(pa.array(number))


def rows() -> list[tuple[str, str, float]]:
    """Give (what, who, fills a second); vectorbt's P&L is compared before it is timed."""
    fills, one_book = random_fills(FILLS, BOOKS), random_fills(PEER_FILLS, 1)
    encoded = fills
    for name in KEYS:
        place = fills.column_names.index(name)
        encoded = encoded.set_column(place, name, fills.column(name).dictionary_encode())
    own = [
        ("average", lambda: Ledger().apply(fills)),
        ("average, keys dictionary-encoded", lambda: Ledger().apply(encoded)),
        ("FIFO", lambda: Ledger("fifo").apply(fills)),
        ("FIFO, keys dictionary-encoded", lambda: Ledger("fifo").apply(encoded)),
        ("LIFO", lambda: Ledger("lifo").apply(fills)),
        ("HIFO", lambda: Ledger("hifo").apply(fills)),
        ("average and FIFO in one pass", lambda: Ledger(["average", "fifo"]).apply(fills)),
        ("average, kernels alone", _kernels(fills, "average")),
        ("FIFO, kernels alone", _kernels(fills, "fifo")),
    ]
    answer = [(what, "perfkit", FILLS / median_seconds(act, runs=3)) for what, act in own]
    trips = PEER_FILLS / median_seconds(lambda: round_trips(one_book))
    answer.append((f"round trips, {PEER_FILLS:,} of one book", "perfkit", trips))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own deprecations
        return [*answer, _vectorbt(one_book), _pyfolio(one_book), _loop(one_book)]


def _kernels(fills: pa.Table, method: str) -> Callable[[], object]:
    columns = fill_columns(fills)
    entered = Books().enter(columns)

    def act() -> object:
        books = Books()
        books.enter(columns)
        return cost_method(method).apply(entered, books.move(entered), books.state)

    return act


def _loop(fills: pa.Table) -> tuple[str, str, float]:
    rows = fills.select(["side", "price", "volume", "commission"]).to_pylist()

    def act() -> float:
        position = average = pnl = 0.0
        for row in rows:
            signed = row["volume"] if row["side"] == "buy" else -row["volume"]
            after = position + signed
            if position * signed >= 0.0:
                average = (average * position + row["price"] * signed) / after
            else:
                closed = min(abs(position), abs(signed))
                pnl += (row["price"] - average) * (closed if position > 0.0 else -closed)
                average = row["price"] if after * position < 0.0 else average
            pnl, position = pnl - row["commission"], after
        return pnl

    own = Ledger().apply(fills)["pnl"].to_numpy().sum()
    np.testing.assert_allclose(act(), own, rtol=1e-9)
    return f"average, {PEER_FILLS:,} of one book", "a Python loop", PEER_FILLS / median_seconds(act)


def _frame(fills: pa.Table) -> pd.DataFrame:
    frame = fills.select(["execution_time", "price", "volume", "side", "commission"]).to_pandas()
    frame["amount"] = np.where(frame["side"] == "buy", 1.0, -1.0) * frame["volume"]
    return frame.set_index("execution_time").assign(symbol="X")


def _vectorbt(fills: pa.Table) -> tuple[str, str, float]:
    import vectorbt

    frame = _frame(fills)

    def act() -> pd.DataFrame:
        portfolio = vectorbt.Portfolio.from_orders(
            frame["price"],
            frame["amount"],
            init_cash=1e9,
            fixed_fees=frame["commission"],
            freq="1min",
        )
        return portfolio.exit_trades.records

    closed = act().query("status == 1")["pnl"].sum()
    own = round_trips(fills, grouping="flat_to_reduced")["pnl"].sum()
    np.testing.assert_allclose(own, closed, rtol=1e-9)
    seconds, name = median_seconds(act, runs=3), f"vectorbt {vectorbt.__version__}"
    return f"from_orders + exit_trades, {len(frame):,}", name, len(frame) / seconds


def _pyfolio(fills: pa.Table) -> tuple[str, str, float]:
    import pyfolio
    from pyfolio.round_trips import extract_round_trips

    frame = _frame(fills.slice(0, PYFOLIO_FILLS))[["amount", "price", "symbol"]]
    # it merges neighbouring fills to one mean price first, so its P&L is near ours, not equal
    seconds, name = median_seconds(lambda: extract_round_trips(frame), runs=3), "pyfolio"
    what = f"extract_round_trips, {len(frame):,}"
    return what, f"{name} {pyfolio.__version__}", len(frame) / seconds
