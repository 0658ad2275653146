"""Trade batch: recorded trades as the numbers that metrics are folded from."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.metrics.day_kernel import Trades
from perfkit.metrics.label_bits import bits_of_lists, bits_of_words
from perfkit.metrics.tally import LARGEST, check_countable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

    from perfkit.metrics.day_kernel import Floats, Integers
    from perfkit.metrics.day_rows import DayRows
    from perfkit.records import TradeRecord

__all__ = ["Days", "TradingDay", "numbers_of_records", "numbers_of_table", "utc_day"]

Days: TypeAlias = npt.NDArray[np.datetime64]
TradingDay: TypeAlias = Callable[[Days], Days]

MONEY = ("pnl", "commission", "position", "round_trip_pnl")
COLUMNS = ("account_id", "strategy_id", "symbol", "execution_time", "labels", *MONEY)

_EPOCH = date(1970, 1, 1).toordinal()


def utc_day(times: Days) -> Days:
    """Name the UTC date of each moment."""
    return times.astype("M8[D]")


def numbers_of_table(
    trades: pa.Table | pd.DataFrame, days: DayRows, trading_day: TradingDay
) -> Trades:
    """Read the columns of recorded trades, numbering what has a name as ``days`` does.

    Raises
    ------
    SchemaError
        When a column is missing.
    InvalidArgumentError
        When a P&L or a position is not known, or too large to be counted.
    """
    table = _table(trades)
    money = np.empty((table.num_rows, len(MONEY)))
    for place, name in enumerate(MONEY):
        money[:, place] = _floats(table[name])
    _check_money(money)
    keys = np.empty((table.num_rows, 3), np.int64)
    keys[:, 0], keys[:, 1] = _numbered(table, days)
    keys[:, 2] = trading_day(_utc(table["execution_time"])).astype("M8[D]").astype(np.int64)
    return Trades(keys, money, bits_of_lists(table["labels"], days.labels))


def numbers_of_records(
    trades: Sequence[TradeRecord], days: DayRows, trading_day: TradingDay
) -> Trades:
    """Read a few recorded trades, whose times are UTC by their rule; as `numbers_of_table`."""
    books, keys = days.books, []
    numbers = _days_of([trade.execution_time for trade in trades], trading_day)
    for trade, day in zip(trades, numbers, strict=True):
        owner = trade.account_id, trade.strategy_id
        book = books.setdefault((*owner, trade.symbol), len(books))
        keys.append((days.number_of(owner), book, day))
    money = np.array([(t.pnl, t.commission, t.position, t.round_trip_pnl) for t in trades], float)
    if not all(map(_is_plain, trades)):
        _check_money(money)
    bits = bits_of_words([trade.labels for trade in trades], days.labels)
    return Trades(np.array(keys), money, bits)


def _is_plain(trade: TradeRecord) -> bool:
    """Tell without an array whether a trade need not be checked as an array."""
    pnl, position, trip = trade.pnl or 0.0, trade.position, trade.round_trip_pnl or 0.0
    is_known = position is not None and math.isfinite(position)
    return is_known and abs(pnl) < LARGEST and abs(trip) < LARGEST


def _days_of(moments: list[datetime], trading_day: TradingDay) -> list[int]:
    if trading_day is utc_day:
        return [moment.toordinal() - _EPOCH for moment in moments]
    utc = np.array([moment.replace(tzinfo=None) for moment in moments], "M8[us]")
    days: list[int] = trading_day(utc).astype("M8[D]").astype(np.int64).tolist()
    return days


def _numbered(table: pa.Table, days: DayRows) -> tuple[Integers, Integers]:
    """Number the owner and the book of each row as they are known."""
    keys = [_encoded(table[name]) for name in ("account_id", "strategy_id", "symbol")]
    code = np.zeros(table.num_rows, np.int64)
    for key in keys:
        code = code * max(len(key.dictionary), 1) + key.indices.to_numpy()
    distinct = pa.array(code).dictionary_encode()
    local, left = distinct.indices.to_numpy(), distinct.dictionary.to_numpy()
    words = []
    for key in reversed(keys):
        names = key.dictionary.to_pylist()
        size = max(len(names), 1)
        words.append([names[place] for place in (left % size).tolist()])
        left = left // size
    books, found = days.books, []
    for symbol, strategy, account in zip(*words, strict=True):
        number = days.number_of((account, strategy))
        found.append((number, books.setdefault((account, strategy, symbol), len(books))))
    owner, book = np.array(found, np.int64).reshape(-1, 2).T
    return owner[local], book[local]


def _table(trades: pa.Table | pd.DataFrame) -> pa.Table:
    named = trades.column_names if isinstance(trades, pa.Table) else list(trades.columns)
    if missing := [name for name in COLUMNS if name not in named]:
        raise SchemaError(
            f"recorded trades must have the columns {', '.join(COLUMNS)}; missing {missing}"
        )
    if isinstance(trades, pa.Table):
        return trades.select(COLUMNS)
    return pa.table({name: _arrow(trades[name]) for name in COLUMNS})


def _arrow(column: pd.Series[Any]) -> pa.Array:
    # pyarrow reads zoned pandas times through an accessor that pandas 3.1 deprecates
    if getattr(column.dtype, "tz", None) is not None:
        utc = column.dt.tz_convert(None).to_numpy()
        return pa.array(utc.astype("M8[us]"), type=pa.timestamp("us", tz="UTC"))
    return pa.array(column, from_pandas=True)


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    flat = column.combine_chunks()
    if not pa.types.is_string(flat.type):
        flat = flat.cast(pa.string())
    return flat.dictionary_encode()


def _utc(times: pa.ChunkedArray) -> Days:
    if getattr(times.type, "tz", None) is None:
        raise SchemaError(
            f"execution_time must be a timestamp with a zone, was {times.type}; "
            "give the zone of the source, e.g. frame[name].dt.tz_localize('UTC')"
        )
    moments: Days = times.to_numpy().astype("M8[us]")
    return moments


def _floats(column: pa.ChunkedArray) -> Floats:
    if column.type != pa.float64():
        column = column.cast(pa.float64())
    values: Floats = column.to_numpy()
    return values


def _check_money(money: Floats) -> None:
    pnl, fees, position, trip = money.T
    check_countable(pnl)
    check_countable(trip)
    for name, values in (("commission", fees), ("position", position)):
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise InvalidArgumentError(
                f"{name} of a recorded trade must be finite, was {values[row]} in row {row}; "
                "let the ledger compute it before metrics are updated"
            )
