"""The ledger: positions, cost and P&L of every (account, strategy, symbol).

Fills go in as tables of any size, in any order across books; what comes out for a
fill does not depend on how the fills were cut into tables.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from perfkit.ledger import kernel
from perfkit.ledger.books import Books
from perfkit.ledger.cost import Method, cost_method
from perfkit.ledger.fill_columns import BOOK_KEY, fill_columns
from perfkit.ledger.state import new_trips
from perfkit.records.pnl import StrategyPnl
from perfkit.records.schema import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.ledger.kernel import Costs, Fills, Trips

__all__ = ["LEDGER_SCHEMA", "Ledger"]

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("realized_pnl", pa.float64(), nullable=False),
        pa.field("fees", pa.float64(), nullable=False),
        pa.field("pnl", pa.float64(), nullable=False),
        pa.field("cumulative_pnl", pa.float64(), nullable=False),
        pa.field("position", pa.float64(), nullable=False),
        pa.field("average_price", pa.float64()),
        pa.field("position_before", pa.float64(), nullable=False),
        pa.field("average_price_before", pa.float64()),
        pa.field("entry_time", TIMESTAMP, nullable=False),
        pa.field("trades_since_flat", pa.int64(), nullable=False),
        pa.field("usual_entry_notional", pa.float64()),
        pa.field("round_trip_pnl", pa.float64()),
    ]
)


class Ledger:
    """Books that take fills and answer what each of them did.

    Parameters
    ----------
    method : {"average", "fifo"}
        How an exit finds its entry price. Positions, fees, and P&L of a position
        that is flat again do not depend on it.

    Raises
    ------
    InvalidArgumentError
        When there is no method of that name.

    Notes
    -----
    A fill against the position realises ``(price - entry) * closed * multiplier``
    (the sign turned for a short) at the method's entry price; one that is larger than
    the position closes it at its own price and reopens at it. A position counts as
    flat below 1e-9 of the volume that was traded since it was last flat.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from perfkit.records import Fill, to_table
    >>> def fill(trade_id, day, side, price):
    ...     return Fill(trade_id=trade_id, account_id="main", strategy_id="trend",
    ...                 execution_time=datetime(2024, 1, day, tzinfo=UTC), symbol="SPY",
    ...                 side=side, price=price, volume=100)
    >>> fills = to_table([fill("1", 2, "buy", 50.0), fill("2", 3, "sell", 60.0)], Fill)
    >>> Ledger().apply(fills).column("pnl").to_pylist()
    [0.0, 1000.0]
    """

    def __init__(self, method: Method = "average") -> None:
        self.method = method
        self._cost = cost_method(method)
        self._books = Books()

    def apply(self, fills: pa.Table) -> pa.Table:
        """Take fills into the books.

        Parameters
        ----------
        fills : pyarrow.Table
            Columns of ``Fill``, and ``sequence`` where there is one. Applied in
            canonical order, (execution_time, sequence); row order stands for a missing
            sequence.

        Returns
        -------
        pyarrow.Table of n_fills rows, in the order of the input
            realized_pnl : gross P&L of what the fill closed.
            fees : the fill's commission.
            pnl : ``realized_pnl - fees``.
            cumulative_pnl : sum of ``pnl`` of the account's strategy up to this fill,
            in the order in which fills were applied.
            position, average_price : after the fill; the price is null when flat.
            position_before, average_price_before : before it, likewise.
            entry_time : when the position that the fill opened, added to or closed was
            opened.
            trades_since_flat : fills of that position before this one.
            usual_entry_notional : running average value of the book's last 20 or so
            opening fills before this one (weight 1/20 a fill); null before 5 of them.
            round_trip_pnl : net P&L of the flat-to-flat round trip that the fill
            closed, all fees included; null when it closed none.

        Raises
        ------
        SchemaError
            When a column is missing, or a time has no zone.
        LateFillError
            When a fill is older than the last one of its book, or corrects another; the
            books are then as before.
        InvalidArgumentError
            When a fee is in another currency than its price, or a book's multiplier
            changes; the books are then as before.
        """
        columns = fill_columns(fills)
        entered = self._books.enter(columns)
        costs = self._cost.apply(entered, self._books.state)
        trips = new_trips(len(entered.book))
        kernel.follow_trips(entered, costs, self._books.state, self._books.strategy_state, trips)
        answer = _answer(entered, costs, trips)
        if (columns.order[1:] < columns.order[:-1]).any():
            answer = answer.take(np.argsort(columns.order))
        return answer

    def positions(self) -> pd.DataFrame:
        """Every book that had a fill, flat ones too.

        Returns
        -------
        DataFrame
            account_id, strategy_id, symbol, position (signed units), average_price (NaN
            when flat), multiplier, realized_pnl (gross), fees, trades, last_time.
        """
        keys = [key for key, number in self._books.keys.items() if self._is_used(number)]
        numbers = [self._books.keys[key] for key in keys]
        state = self._books.state[numbers]
        frame = pd.DataFrame(keys, columns=list(BOOK_KEY))
        frame["position"] = state["position"] + state["position_low"]
        frame["average_price"] = state["average_price"]
        frame["multiplier"] = state["multiplier"]
        frame["realized_pnl"] = state["realized"] + state["realized_low"]
        frame["fees"] = state["fees"] + state["fees_low"]
        frame["trades"] = state["fills"]
        times = state["last_time"].view("datetime64[us]")
        frame["last_time"] = pd.DatetimeIndex(times).tz_localize("UTC")
        return frame

    def mark(self, prices: Mapping[str, float]) -> list[StrategyPnl]:
        """Value every account's strategy at given prices.

        Parameters
        ----------
        prices : mapping of str to float
            Price of each symbol. A symbol that is missing, or NaN, is unpriced.

        Returns
        -------
        list of StrategyPnl
            Sorted by account and strategy. Where a position has no price, its symbol
            stands in ``unpriced`` and what depends on it is NaN.
        """
        groups = self.positions().groupby(["account_id", "strategy_id"], sort=True)
        return [_strategy_pnl(books, prices) for _, books in groups]

    def _is_used(self, number: int) -> bool:
        return bool(self._books.state["fills"][number] > 0)


def _answer(fills: Fills, costs: Costs, trips: Trips) -> pa.Table:
    columns: list[Any] = [
        costs.realized,
        fills.commission,
        costs.realized - fills.commission,
        trips.cumulative_pnl,
        costs.position,
        _null_where_nan(costs.average),
        costs.position_before,
        _null_where_nan(costs.average_before),
        trips.entry_time.view("datetime64[us]"),
        trips.fills_since_flat,
        _null_where_nan(trips.usual_notional),
        _null_where_nan(trips.trip_pnl),
    ]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, LEDGER_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=LEDGER_SCHEMA)


def _null_where_nan(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _strategy_pnl(books: pd.DataFrame, prices: Mapping[str, float]) -> StrategyPnl:
    held = books[books["position"] != 0.0]
    marks = np.array([prices.get(symbol, math.nan) for symbol in held["symbol"]], np.float64)
    marks[~np.isfinite(marks)] = math.nan
    units = (held["position"] * held["multiplier"]).to_numpy()
    realized, fees = math.fsum(books["realized_pnl"]), math.fsum(books["fees"])
    unrealized = math.fsum(units * (marks - held["average_price"].to_numpy()))
    return StrategyPnl(
        account_id=books["account_id"].iloc[0],
        strategy_id=books["strategy_id"].iloc[0],
        realized_pnl=realized,
        fees=fees,
        unrealized_pnl=unrealized,
        total_pnl=realized + unrealized - fees,
        market_value=math.fsum(units * marks),
        positions=dict(zip(held["symbol"], held["position"], strict=True)),
        unpriced=tuple(held["symbol"][np.isnan(marks)]),
    )
