"""The columns that a label rule may name: those of trades and context, and a few read
from them.

A null number is NaN and a null word is empty, so that no comparison with it holds. To
the columns that were given are added:

================== ==========================================================
``direction``      +1.0 for a buy, -1.0 for a sale
``opens``          the fill opens, increases or turns a position
``closes``         the fill reduces, closes or turns a position
``entry_notional`` absolute value of what it opened; on a turn the new part
``holding_days``   days since the position that it closed was opened
``adverse_move``   distance of the price from the average entry price of the
                   position before it, positive when against that position
================== ==========================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DERIVED", "TradeColumns"]

Column = npt.NDArray[Any]

_MICROSECONDS_A_DAY = 86_400_000_000.0


class TradeColumns:
    """Trades and their context as numpy columns, converted when first named.

    Parameters
    ----------
    trades : pyarrow.Table
        Fills with the columns of the ledger.
    context : pyarrow.Table
        Their market context, row for row.

    Raises
    ------
    SchemaError
        When the two differ in length.
    """

    def __init__(self, trades: pa.Table, context: pa.Table) -> None:
        if trades.num_rows != context.num_rows:
            raise SchemaError(
                f"context must have one row a trade, {trades.num_rows}, had {context.num_rows}; "
                "it is what context_asof(trades, bars) gives"
            )
        self.length = trades.num_rows
        given = (zip(table.column_names, table.columns, strict=True) for table in (context, trades))
        self._given_columns = {name: column for pairs in given for name, column in pairs}
        self._columns: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        """Give one column, of shape (n_trades,).

        Raises
        ------
        SchemaError
            When neither table has it, nor what it is read from.
        """
        if name not in self._columns:
            self._columns[name] = DERIVED[name](self) if name in DERIVED else self._given(name)
        return self._columns[name]

    def _given(self, name: str) -> Column:
        if name in self._given_columns:
            return _to_numpy(self._given_columns[name])
        raise SchemaError(
            f"trades or their context must have the column {name!r}, had "
            f"{list(self._given_columns)}; trades are fills with the columns of Ledger.apply, "
            "context is what context_asof gives"
        )


def _to_numpy(column: pa.ChunkedArray) -> Column:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        encoded = pc.fill_null(column, "").combine_chunks().dictionary_encode()
        words = np.array(encoded.dictionary.to_pylist(), dtype=np.str_)
        return np.asarray(words[encoded.indices.to_numpy()])
    if pa.types.is_boolean(column.type):
        return np.asarray(pc.fill_null(column, False).to_numpy())
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.int64())
    return np.asarray(pc.fill_null(column.cast(pa.float64(), safe=False), np.nan).to_numpy())


def _direction(columns: TradeColumns) -> Column:
    side = columns["side"]
    return np.where(side == "buy", 1.0, np.where(side == "sell", -1.0, np.nan))


def _opens(columns: TradeColumns) -> Column:
    # the position lies on the fill's side after it: opened, increased or turned
    return np.asarray(np.sign(columns["position"]) == columns["direction"])


def _closes(columns: TradeColumns) -> Column:
    return np.asarray(np.sign(columns["position_before"]) == -columns["direction"])


def _entry_notional(columns: TradeColumns) -> Column:
    opened = np.minimum(columns["volume"], np.abs(columns["position"]))
    notional = np.abs(columns["price"]) * opened * columns["multiplier"]
    return np.where(columns["opens"], notional, np.nan)


def _holding_days(columns: TradeColumns) -> Column:
    held: Column = columns["execution_time"] - columns["entry_time"]
    return held / _MICROSECONDS_A_DAY


def _adverse_move(columns: TradeColumns) -> Column:
    gap: Column = columns["average_price_before"] - columns["price"]
    return np.asarray(gap * np.sign(columns["position_before"]))


DERIVED: dict[str, Callable[[TradeColumns], Column]] = {
    "direction": _direction,
    "opens": _opens,
    "closes": _closes,
    "entry_notional": _entry_notional,
    "holding_days": _holding_days,
    "adverse_move": _adverse_move,
}
