"""The columns that a label rule may name: those of trades and context, and a few read
from them.

A null number is NaN, a null word is empty and a null yes-or-no is no, so that no
comparison with it holds; times are microseconds since 1970, UTC. To the columns that
were given are added:

==================== ========================================================
``direction``        +1.0 for a buy, -1.0 for a sale
``opens``            the fill opens, increases or turns a position
``closes``           the fill reduces, closes or turns a position
``entry_notional``   absolute value of what it opened; on a turn the new part
``holding_minutes``  since the position that it closed was opened
``holding_days``     the same in days
``adverse_move``     distance of the price from the average entry price of the
                     position before it, positive when against that position
``favorable_return`` the same distance turned round, as a fraction of that
                     entry price
``news_is_known``    whether ``news_event`` is not null
==================== ========================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import SchemaError
from perfkit.ledger.ledger_answer import LEDGER_SCHEMA
from perfkit.records import Fill, MarketContext, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DERIVED", "TradeColumns"]

Column = npt.NDArray[Any]

_FLOAT, _STRING, _BOOL = pa.float64(), pa.string(), pa.bool_()
_TIME = pa.timestamp("us", tz="UTC")
_FEW = 16  # words that are read faster one by one
_MICROSECONDS_A_MINUTE = 60_000_000.0
_MICROSECONDS_A_DAY = 86_400_000_000.0

_KINDS = {
    field.name: field.type
    for schema in (arrow_schema(MarketContext), LEDGER_SCHEMA, arrow_schema(Fill))
    for field in schema
}
_FACTS = (
    *("calendar", "context_asof", "context_definition"),
    *("context_reason", "session_reason", "news_reason"),
)
# columns of which a null means that one does not know, and the column that shows it; of any
# other, such as the entry time of what was flat, a null is an answer
_UNKNOWN_WHERE_NULL = {
    **{name: name for name in arrow_schema(MarketContext).names if name not in _FACTS},
    **{name: name for name in ("fees", "pnl", "cumulative_pnl", "usual_entry_notional")},
    "round_trip_pnl": "pnl",  # null too while the position is open
    "minutes_from_open": "market_session",  # null too outside the session
    "minutes_to_close": "market_session",
    "news_id": "news_event",  # null too with no event near
    "news_minutes": "news_event",
}


class TradeColumns:
    """Trades and their context as numpy columns, converted when first named.

    Parameters
    ----------
    trades : pyarrow.Table
        Fills with the columns of the ledger.
    context : pyarrow.Table
        Their market context, row for row. Where both have a column, that of the
        trades counts.

    Raises
    ------
    SchemaError
        When one is no table, or the two differ in length.
    """

    def __init__(self, trades: pa.Table, context: pa.Table) -> None:
        if not isinstance(trades, pa.Table) or not isinstance(context, pa.Table):
            raise SchemaError(
                f"trades and context must be pyarrow tables, were {type(trades).__name__} and "
                f"{type(context).__name__}; pyarrow.Table.from_pandas makes one of a frame"
            )
        if trades.num_rows != context.num_rows:
            raise SchemaError(
                f"context must have one row a trade, {trades.num_rows}, had {context.num_rows}; "
                "it is what context_asof(trades, bars) gives"
            )
        self.length = trades.num_rows
        self._tables = (trades, context)
        self._columns: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        """Give one column, of shape (n_trades,).

        Raises
        ------
        SchemaError
            When neither table has it, nor what it is read from.
        """
        column = self._columns.get(name)
        if column is None:
            derive = DERIVED.get(name)
            column = derive(self) if derive else _to_numpy(name, self.given(name))
            self._columns[name] = column
        return column

    def known(self, name: str) -> npt.NDArray[np.bool_]:
        """Say of which trades one column is known, of shape (n_trades,).

        A null that is an answer is known: the entry time of what was flat, the minutes to
        the close outside the session.

        Raises
        ------
        SchemaError
            When neither table has the column that shows it.
        """
        shown_by = _UNKNOWN_WHERE_NULL.get(name)
        if shown_by is None:
            return np.ones(self.length, np.bool_)
        return np.asarray(self.given(shown_by).is_valid())

    def given(self, name: str) -> pa.ChunkedArray:
        """Give one column as it came.

        Raises
        ------
        SchemaError
            When neither table has it.
        """
        for table in self._tables:
            place = table.schema.get_field_index(name)
            if place >= 0:
                return table.column(place)
        names = [name for table in self._tables for name in table.column_names]
        raise SchemaError(
            f"trades or their context must have the column {name!r}, once, had {names}; trades "
            "are fills with the columns of Ledger.apply, context is what context_asof gives"
        )


def _to_numpy(name: str, column: pa.ChunkedArray) -> Column:
    """Convert a column; of a live batch of 80 rows each call of Arrow counts."""
    kind = column.type
    if kind != _KINDS.get(name, kind):
        column = _fitting(name, column)
        kind = column.type
    if kind == _FLOAT:
        return np.asarray(column.to_numpy())
    if kind == _STRING:
        return _words(column)
    if kind == _BOOL:
        return np.asarray(pc.fill_null(column, False) if column.null_count else column)
    if kind == _TIME and not column.null_count:
        return np.asarray(column.to_numpy()).view(np.int64).astype(np.float64)
    if pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        return _words(column.cast(_STRING))
    if pa.types.is_timestamp(kind):
        column = column.cast(_TIME, safe=False).cast(pa.int64())
    if pa.types.is_nested(kind):
        raise SchemaError(
            f"column {name!r} must hold numbers, words, times or yes and no to be read by a label "
            f"rule, was {kind}; name one of its fields"
        )
    return np.asarray(column.cast(_FLOAT, safe=False).to_numpy())


def _fitting(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Check a column of another type than the record's; of nothing but nulls any will do."""
    wanted, kind = _KINDS[name], column.type
    if pa.types.is_null(kind):
        return column.cast(wanted)
    if pa.types.is_string(wanted):
        value = kind.value_type if pa.types.is_dictionary(kind) else kind
        fits = pa.types.is_string(value) or pa.types.is_large_string(value)
    elif pa.types.is_timestamp(wanted):
        fits = pa.types.is_timestamp(kind)
    else:
        fits = pa.types.is_nested(kind) or pa.types.is_boolean(kind) == pa.types.is_boolean(wanted)
        fits &= not (pa.types.is_string(kind) or pa.types.is_large_string(kind))
        fits &= not (pa.types.is_temporal(kind) or pa.types.is_dictionary(kind))
    if not fits:
        raise SchemaError(
            f"column {name!r} must be {wanted} to be read by a label rule, was {kind}; cast it"
        )
    return column


def _words(column: pa.ChunkedArray) -> Column:
    if len(column) <= _FEW:
        return np.array([word or "" for word in column.to_pylist()], dtype=np.str_)
    encoded = column.combine_chunks().dictionary_encode("encode")  # null is a word too
    words = np.array([word or "" for word in encoded.dictionary.to_pylist()], dtype=np.str_)
    return np.asarray(words[encoded.indices.to_numpy()])


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


def _held(columns: TradeColumns) -> Column:
    held: Column = columns["execution_time"] - columns["entry_time"]
    return held


def _holding_minutes(columns: TradeColumns) -> Column:
    return _held(columns) / _MICROSECONDS_A_MINUTE


def _holding_days(columns: TradeColumns) -> Column:
    return _held(columns) / _MICROSECONDS_A_DAY


def _adverse_move(columns: TradeColumns) -> Column:
    gap: Column = columns["average_price_before"] - columns["price"]
    return np.asarray(gap * np.sign(columns["position_before"]))


def _favorable_return(columns: TradeColumns) -> Column:
    entry = np.abs(columns["average_price_before"])
    return -columns["adverse_move"] / np.where(entry > 0, entry, np.nan)


def _news_is_known(columns: TradeColumns) -> Column:
    return np.asarray(columns.given("news_event").is_valid())


DERIVED: dict[str, Callable[[TradeColumns], Column]] = {
    "direction": _direction,
    "opens": _opens,
    "closes": _closes,
    "entry_notional": _entry_notional,
    "holding_minutes": _holding_minutes,
    "holding_days": _holding_days,
    "adverse_move": _adverse_move,
    "favorable_return": _favorable_return,
    "news_is_known": _news_is_known,
}
