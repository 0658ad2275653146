"""Trade rows: a fill with everything that was known when it was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.records import Fill, MarketContext, TradeRecord, arrow_schema, check_table

if TYPE_CHECKING:
    from perfkit.tracker.booked_fills import BookedFills
    from perfkit.tracker.roles import Labeler, Market

__all__ = ["trade_rows"]

_SCHEMA = arrow_schema(TradeRecord)
_FROM_BOOKS = ("pnl", "cumulative_pnl", "position", "average_price", "round_trip_pnl")


def trade_rows(
    fills: pa.Table, booked: BookedFills, market: Market | None, labeler: Labeler | None
) -> pa.Table:
    """Put the trade records of a batch together.

    Parameters
    ----------
    fills : pyarrow.Table
        The batch, as it came, with when we knew.
    booked : BookedFills
        What the books say of it.
    market : Market, optional
        Gives each fill its context.
    labeler : Labeler, optional
        Gives each fill its labels.

    Returns
    -------
    pyarrow.Table
        `TradeRecord` rows without ``sequence``, in the order of ``fills``. A
        bust has no P&L, context or labels of its own: they are null and empty.

    Raises
    ------
    InvalidTableError
        When the P&L or the price of a position is out of all bounds.
    """
    if fills.num_rows == 0:
        return _SCHEMA.empty_table()
    context = _contexts(booked.fills, market)
    known = {name: booked.books.column(name) for name in _FROM_BOOKS}
    known["market_context"] = context.to_struct_array()
    known["account_state"] = booked.account_states
    known["labels"] = _labels(booked, context, labeler)
    if not np.array_equal(booked.rows, np.arange(len(booked.fills))):
        rows = pa.array(booked.rows, mask=booked.rows < 0)
        known = {name: column.take(rows) for name, column in known.items()}
        known["labels"] = pc.coalesce(known["labels"], pa.scalar([], known["labels"].type))
    for name in arrow_schema(Fill).names:
        known.setdefault(name, fills.column(name))
    known["sequence"] = pa.nulls(fills.num_rows, pa.int64())
    rows = pa.Table.from_arrays([known[name] for name in _SCHEMA.names], schema=_SCHEMA)
    check_table(rows, TradeRecord, _FROM_BOOKS)
    return rows


def _contexts(fills: pa.Table, market: Market | None) -> pa.Table:
    """Give the market of each fill; nulls with their reason when there is none."""
    if market is not None:
        return market.contexts(
            fills.column("symbol").combine_chunks(), fills.column("execution_time").combine_chunks()
        )
    schema = arrow_schema(MarketContext)
    columns = [pa.nulls(fills.num_rows, field.type) for field in schema]
    reason = pa.repeat(pa.scalar("no_market_data"), fills.num_rows)
    columns[schema.get_field_index("context_reason")] = reason
    return pa.Table.from_arrays(columns, schema=schema)


def _labels(booked: BookedFills, context: pa.Table, labeler: Labeler | None) -> pa.Array:
    """Give the labels of each fill that counts; empty lists without a labeler."""
    kind = _SCHEMA.field("labels").type
    if labeler is None:
        return pa.array([[]] * booked.fills.num_rows, kind)
    fills, books = booked.fills, booked.books
    schema = pa.schema([*fills.schema, *books.schema])
    trades = pa.Table.from_arrays([*fills.columns, *books.columns], schema=schema)
    return labeler.generate(trades, context).cast(kind)
