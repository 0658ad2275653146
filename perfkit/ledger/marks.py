"""Marks: the last known price of each symbol at the end of each trading day.

A price is carried forward until there is a newer one; whether it is of the day itself
is kept beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.ledger.trading_day import trading_day

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DailyMarks", "MarkColumns", "carry_forward", "daily_marks", "mark_columns"]


class MarkColumns(NamedTuple):
    """Marks in order of time, each with its trading day; time in microseconds since 1970."""

    symbol: pa.ChunkedArray
    day: npt.NDArray[np.datetime64]
    time: npt.NDArray[np.int64]
    price: npt.NDArray[np.float64]


class DailyMarks(NamedTuple):
    """Arrays of shape (n_days, n_symbols).

    ``price`` and its ``time`` are NaN before a symbol's first mark; ``is_fresh`` says that
    the price is one of that day.
    """

    price: npt.NDArray[np.float64]
    time: npt.NDArray[np.float64]
    is_fresh: npt.NDArray[np.bool_]


def mark_columns(marks: pa.Table, zone: str, cutoff: str) -> MarkColumns:
    """Read a table of marks.

    Raises
    ------
    SchemaError
        When a column is missing.
    InvalidArgumentError
        When a price is not a finite number, or a time has no zone.
    """
    if missing := [n for n in ("symbol", "time", "price") if n not in marks.column_names]:
        raise SchemaError(
            f"a table of marks must have the columns of Mark; missing {missing}; "
            "of bars take close_time as time and close as price"
        )
    is_known = pc.fill_null(pc.is_finite(marks.column("price")), False).to_numpy()
    if not is_known.all():
        row = marks.slice(int(np.argmin(is_known)), 1).to_pylist()[0]
        raise InvalidArgumentError(
            f"mark of {row['symbol']!r} at {row['time']}: price must be a finite number, "
            f"was {row['price']}; leave out what is not known, the last price is carried forward"
        )
    ordered = marks.take(pc.sort_indices(marks.column("time")))
    day = trading_day(ordered.column("time"), zone, cutoff)
    time = ordered.column("time").cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    symbol = ordered.column("symbol").cast(pa.string())
    return MarkColumns(symbol, day, time, ordered.column("price").to_numpy())


def daily_marks(
    marks: MarkColumns, symbols: Sequence[str], days: npt.NDArray[np.datetime64]
) -> DailyMarks:
    """Lay marks out by day and symbol.

    Parameters
    ----------
    marks : MarkColumns
        Of any symbols and days; the last one of a day counts, those before the first day
        are carried into it.
    symbols : sequence of str
        One column each.
    days : ndarray of datetime64[D], ascending
        One row each; every later mark falls on one of them.
    """
    column = pc.index_in(marks.symbol, value_set=pa.array(symbols, pa.string()))
    column = pc.fill_null(column, -1).to_numpy()
    is_wanted = column >= 0
    # Row 0 is the time before the first day.
    row = np.searchsorted(days, marks.day[is_wanted], side="right")
    price, time = np.full((2, len(days) + 1, len(symbols)), np.nan)
    price[row, column[is_wanted]] = marks.price[is_wanted]
    time[row, column[is_wanted]] = marks.time[is_wanted]
    is_fresh = ~np.isnan(price[1:])
    return DailyMarks(carry_forward(price)[1:], carry_forward(time)[1:], is_fresh)


def carry_forward(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Fill each NaN of a (time, column) array with the last number above it."""
    rows = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.take_along_axis(values, rows, axis=0)
