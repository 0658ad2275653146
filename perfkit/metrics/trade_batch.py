"""Trade batch: recorded trades as the numbers that metrics are folded from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.metrics.day_kernel import Trades
from perfkit.metrics.tally import check_countable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from perfkit.metrics.day_kernel import Floats, Integers, Words
    from perfkit.metrics.day_rows import DayRows
    from perfkit.records import TradeRecord

__all__ = ["Days", "TradingDay", "numbers_of_records", "numbers_of_table", "utc_day"]

Days: TypeAlias = npt.NDArray[np.datetime64]
TradingDay: TypeAlias = Callable[[Days], Days]

COLUMNS = (
    "account_id", "strategy_id", "symbol", "execution_time", "commission",
    "labels", "pnl", "position", "round_trip_pnl",
)  # fmt: skip


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
    fees, position = (_known(table, name) for name in ("commission", "position"))
    pnl, trip = _floats(table["pnl"]), _floats(table["round_trip_pnl"])
    check_countable(pnl)
    check_countable(trip)
    owner, book = _numbered(table, days)
    times = _utc(table["execution_time"])
    day = trading_day(times).astype("M8[D]").astype(np.int64)
    return Trades(owner, book, day, pnl, fees, position, trip, _label_bits(table["labels"], days))


def numbers_of_records(
    trades: Sequence[TradeRecord], days: DayRows, trading_day: TradingDay
) -> Trades:
    """Read a few recorded trades; as `numbers_of_table`."""
    books = days.books
    owner = [days.number_of((trade.account_id, trade.strategy_id)) for trade in trades]
    book = [
        books.setdefault((trade.account_id, trade.strategy_id, trade.symbol), len(books))
        for trade in trades
    ]
    moments = [trade.execution_time.replace(tzinfo=None) for trade in trades]  # UTC by their rule
    pnl, fees, position, trip = (
        np.array([getattr(trade, name) for trade in trades], np.float64)  # None is NaN
        for name in ("pnl", "commission", "position", "round_trip_pnl")
    )
    check_countable(pnl)
    check_countable(trip)
    _check_known("position", position)
    day = trading_day(np.array(moments, "M8[us]")).astype("M8[D]").astype(np.int64)
    bits = _bits_of_words([trade.labels for trade in trades], days)
    return Trades(
        np.array(owner, np.int64), np.array(book, np.int64), day, pnl, fees, position, trip, bits
    )


def _bits_of_words(labels: Sequence[tuple[str, ...]], days: DayRows) -> Words:
    numbers = [
        [days.labels.setdefault(word, len(days.labels)) for word in words] for words in labels
    ]
    bits = np.zeros((len(labels), days.words), np.uint64)
    for row, own in enumerate(numbers):
        for number in own:
            bits[row, number >> 6] |= np.uint64(1 << (number & 63))
    return bits


def _label_bits(column: pa.ChunkedArray, days: DayRows) -> Words:
    lists = column.combine_chunks()
    if not pa.types.is_list(lists.type) or not pa.types.is_string(lists.type.value_type):
        lists = lists.cast(pa.list_(pa.string()))
    words = pc.list_flatten(lists).dictionary_encode()
    known = [
        days.labels.setdefault(word, len(days.labels)) for word in words.dictionary.to_pylist()
    ]
    bits = np.zeros((len(lists), days.words), np.uint64)
    if not len(words):
        return bits
    number = np.array(known, np.uint64)[words.indices.to_numpy()]
    bit, word = np.uint64(1) << (number & np.uint64(63)), number >> np.uint64(6)
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    has_some = counts > 0
    first = (np.cumsum(counts) - counts)[has_some]
    for place in range(bits.shape[1]):
        own = np.where(word == place, bit, np.uint64(0))
        bits[has_some, place] = np.bitwise_or.reduceat(own, first)
    return bits


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
    # a copy: numba compiles anew for arrays that can't be written to, as Arrow gives some
    return np.array(column.to_numpy(), dtype=np.float64)


def _known(table: pa.Table, name: str) -> Floats:
    values = _floats(table[name])
    _check_known(name, values)
    return values


def _check_known(name: str, values: Floats) -> None:
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InvalidArgumentError(
            f"{name} of a recorded trade must be finite, was {values[row]} in row {row}; "
            "let the ledger compute it before metrics are updated"
        )
