"""Bars as they enter the room: checked, split by symbol, as numpy columns.

A bar without high or low is a bar of closes only: its high and low are its close.
That is part of the definition of every figure: the true range of such bars is the
absolute change of the close.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidTableError, RowError
from perfkit.market.symbol_codes import encoded, rows_by_code
from perfkit.records import Bar, check_table, conform

__all__ = ["BarColumns", "FloatColumn", "SymbolBars", "split_bars"]

FloatColumn = npt.NDArray[np.float64]


class BarColumns(NamedTuple):
    """The prices and volumes of one symbol's bars; NaN where there is no volume."""

    close: FloatColumn
    high: FloatColumn
    low: FloatColumn
    volume: FloatColumn


class SymbolBars(NamedTuple):
    """The bars of one symbol in a delivery, and where they stood in it."""

    symbol: str
    rows: npt.NDArray[np.intp]
    times: npt.NDArray[np.int64]
    columns: BarColumns


def split_bars(bars: pa.Table) -> list[SymbolBars]:
    """Check a table of bars and split it by symbol, keeping its order.

    Parameters
    ----------
    bars : pyarrow.Table
        With the columns of `Bar`; optional ones may be absent.

    Returns
    -------
    list of SymbolBars
        In order of first appearance; times in microseconds since 1970, UTC.

    Raises
    ------
    SchemaError
        When a column is missing, unknown or of another type.
    InvalidTableError
        When a price is not finite, a high lies below its low, or a volume
        below zero; lists every such row.
    """
    table = conform(bars, Bar).combine_chunks()
    check_table(table, Bar)
    _check_shape(table)
    close = _floats(table["close"])
    has_range = pc.and_(pc.is_valid(table["high"]), pc.is_valid(table["low"])).to_numpy()
    columns = BarColumns(
        close=close,
        high=np.where(has_range, _floats(table["high"]), close),
        low=np.where(has_range, _floats(table["low"]), close),
        volume=_floats(table["volume"]),
    )
    times = table["close_time"].cast(pa.int64()).to_numpy()
    names, codes = encoded(table["symbol"].combine_chunks())
    return [
        SymbolBars(names[code], rows, times[rows], BarColumns(*(c[rows] for c in columns)))
        for code, rows in rows_by_code(codes)
    ]


def _check_shape(table: pa.Table) -> None:
    high, low, volume = (_floats(table[name]) for name in ("high", "low", "volume"))
    broken = [
        ("high", high < low, "be at least the low {low}", "look for swapped columns", high),
        ("volume", volume < 0, "be at least 0", "leave an unknown volume out", volume),
    ]
    found = [
        RowError(
            row=int(row),
            field=field,
            message=(
                f"bar {table['symbol'][row].as_py()!r} {table['close_time'][row].as_py()}: {field} "
                f"must {requirement.format(low=low[row])}, was {values[row]}; {remedy}"
            ),
        )
        for field, bad, requirement, remedy, values in broken
        for row in np.flatnonzero(bad)
    ]
    if found:
        found.sort(key=lambda error: error.row)
        raise InvalidTableError("bar", tuple(found), table.num_rows)


def _floats(column: pa.ChunkedArray) -> FloatColumn:
    return np.asarray(pc.fill_null(column, np.nan).to_numpy(), dtype=np.float64)
