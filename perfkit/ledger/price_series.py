"""Price series: bars or ticks of traded symbols, in the form that each book counts in.

Books whose symbol, splits and contract type are the same read the same series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.ledger.excursion_kernel import Prices, grow_trees
from perfkit.records.schema import TIMESTAMP

if TYPE_CHECKING:
    from perfkit.ledger.books import Books
    from perfkit.ledger.splits import SplitFactors

__all__ = ["BookPrices", "book_prices"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_BAR, _MARK = ("symbol", "close_time", "close"), ("symbol", "time", "price")


class BookPrices(NamedTuple):
    """Prices of all books; those of book b are the rows ``start[b]`` to ``stop[b]``."""

    prices: Prices
    start: Integers
    stop: Integers


class _Rows(NamedTuple):
    """Prices as quoted, by number of the symbol, then time, each time once."""

    symbol: npt.NDArray[Any]
    time: npt.NDArray[Any]
    high: npt.NDArray[Any]
    low: npt.NDArray[Any]
    high_close: npt.NDArray[Any]
    low_close: npt.NDArray[Any]


def book_prices(table: pa.Table, books: Books, splits: SplitFactors) -> BookPrices:
    """Read prices of everything that some books traded.

    Parameters
    ----------
    table : pyarrow.Table
        Columns ``symbol``, ``close_time``, ``close`` of `Bar`, with ``high`` and ``low``
        where they are known, or ``symbol``, ``time``, ``price`` of `Mark`; in any order.
    books : Books
        Whose prices.
    splits : SplitFactors
        All splits up to the last price.

    Raises
    ------
    SchemaError
        When a column is missing, or a time has no zone.
    InvalidArgumentError
        When a time is null, a price is not a finite number, or one of an inverse contract
        is not above 0.
    """
    place = {symbol: n for n, symbol in enumerate(dict.fromkeys(key[2] for key in books.keys))}
    rows = _rows(table, list(place))
    bounds = np.searchsorted(rows.symbol, np.arange(len(place) + 1))
    known: dict[tuple[str, bool, str | None], tuple[int, int]] = {}
    series: list[_Rows] = []
    start, stop = np.empty((2, len(books.keys)), np.int64)
    for number, (account, _, symbol) in enumerate(books.keys):
        own = slice(*bounds[place[symbol] : place[symbol] + 2])
        inverse = bool(books.state["inverse"][number] > 0)
        factor = _factor(splits, account, symbol, rows.time[own])
        key = symbol, inverse, None if factor is None else account
        if key not in known:
            first = known[next(reversed(known))][1] if known else 0
            known[key] = first, first + own.stop - own.start
            quoted = _Rows(*(column[own] for column in rows))
            series.append(_counted(quoted, symbol, factor, inverse))
        start[number], stop[number] = known[key]
    return BookPrices(_prices(series), start, stop)


def _rows(table: pa.Table, symbols: list[str]) -> _Rows:
    """Read the prices of some symbols, numbered by their place."""
    symbol, when, last = _names(table)
    place = pc.index_in(table[symbol], value_set=pa.array(symbols, pa.string()))
    place = pc.fill_null(place, -1).to_numpy().astype(np.int64)
    time = table[when].cast(TIMESTAMP, safe=False).cast(pa.int64()).to_numpy()
    close = _prices_of(table, last)
    high = np.fmax(close, _prices_of(table, "high")) if "high" in table.column_names else close
    low = np.fmin(close, _prices_of(table, "low")) if "low" in table.column_names else close
    own = np.flatnonzero(place >= 0)
    own = own[np.lexsort((time[own], place[own]))]
    rows = _Rows(place[own], time[own], high[own], low[own], close[own], close[own])
    starts = np.flatnonzero((np.diff(rows.symbol, prepend=-1) != 0) | _changes(rows.time))
    if len(starts) == len(own):
        return rows
    return _Rows(
        rows.symbol[starts],
        rows.time[starts],
        np.maximum.reduceat(rows.high, starts),
        np.minimum.reduceat(rows.low, starts),
        np.maximum.reduceat(rows.high_close, starts),
        np.minimum.reduceat(rows.low_close, starts),
    )


def _changes(values: Integers) -> npt.NDArray[np.bool_]:
    changes = np.ones(len(values), np.bool_)
    changes[1:] = values[1:] != values[:-1]
    return changes


def _names(table: pa.Table) -> tuple[str, str, str]:
    """Name the columns of symbol, time and last price; bars are known by ``close_time``."""
    names = _BAR if "close_time" in table.column_names else _MARK
    if missing := [name for name in names if name not in table.column_names]:
        raise SchemaError(
            f"a table of prices must have the columns {', '.join(_BAR)} of Bar, or "
            f"{', '.join(_MARK)} of Mark; missing {missing}"
        )
    times = table[names[1]]
    if not pa.types.is_timestamp(times.type) or times.type.tz is None:
        raise SchemaError(
            f"column {names[1]!r} of prices must be a timestamp with a zone, was {times.type}; "
            "give the zone of the source"
        )
    if times.null_count:
        raise InvalidArgumentError(
            f"{names[1]} of a price must be known, was null in {times.null_count} rows; "
            "leave them out"
        )
    is_known = pc.fill_null(pc.is_finite(table[names[2]]), False).to_numpy()
    if not is_known.all():
        row = table.slice(int(np.argmin(is_known)), 1).to_pylist()[0]
        raise InvalidArgumentError(
            f"price of {row['symbol']!r} at {row[names[1]]}: {names[2]} must be a finite number, "
            f"was {row[names[2]]}; leave out what is not known"
        )
    return names


def _prices_of(table: pa.Table, name: str) -> Floats:
    """Read a column of prices, NaN where there is none."""
    values = np.asarray(table[name].cast(pa.float64()).to_numpy(), np.float64)
    if np.isinf(values).any():
        row = table.slice(int(np.argmax(np.isinf(values))), 1).to_pylist()[0]
        raise InvalidArgumentError(
            f"bar of {row['symbol']!r} at {row['close_time']}: {name} must be a finite number, "
            f"was {row[name]}; null where it is not known"
        )
    return values


def _factor(splits: SplitFactors, account: str, symbol: str, time: Integers) -> Floats | None:
    """Give the units of each time for one of the beginning; None where they never changed."""
    if splits.is_empty or not len(time):
        return None
    first = np.zeros(len(time), np.int32)
    accounts, symbols = (
        pa.DictionaryArray.from_arrays(first, pa.array([name])) for name in (account, symbol)
    )
    factor = splits.at(accounts, symbols, time)
    return None if (factor == 1.0).all() else factor


def _counted(own: _Rows, symbol: str, factor: Floats | None, inverse: bool) -> _Rows:
    """Bring quoted prices to the form that the kernels count in; a high stays one."""
    prices = [*own[2:]]
    if inverse:
        if not (own.low > 0.0).all():
            low = float(own.low[~(own.low > 0.0)][0])
            raise InvalidArgumentError(
                f"prices of {symbol!r} must be > 0, because the contract is worth 1 / price; "
                f"one was {low}; leave it out"
            )
        prices = [-1.0 / price for price in prices]
    if factor is not None:
        prices = [price * factor for price in prices]
    return _Rows(own.symbol, own.time, *prices)


def _prices(series: list[_Rows]) -> Prices:
    """Lay series end to end, with the trees over them."""
    time, high, low, high_close, low_close = (
        np.concatenate(columns) for columns in zip(*(part[1:] for part in series), strict=True)
    )
    highest, lowest = np.concatenate([high, high]), np.concatenate([low, low])
    grow_trees(highest, lowest)
    return Prices(time, highest, lowest, high_close, low_close)
