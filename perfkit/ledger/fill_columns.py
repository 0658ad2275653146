"""Fill columns: from a table of fills to arrays in canonical order.

What a table must have for the books is checked here and nowhere else; the values
themselves were checked when they entered the house.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, LateFillError, SchemaError
from perfkit.records.schema import TIMESTAMP
from perfkit.records.trade_record import RecordType, Side

__all__ = ["BOOK_KEY", "NO_SEQUENCE", "FillColumns", "fill_columns"]

BOOK_KEY = ("account_id", "strategy_id", "symbol")
NO_SEQUENCE = -1
_NEEDED = (
    *("trade_id", *BOOK_KEY, "execution_time", "side", "price", "volume", "commission"),
    *("multiplier", "currency", "fee_currency", "record_type"),
)


class FillColumns(NamedTuple):
    """Columns of a table of fills, ordered by (execution_time, sequence).

    ``order`` is the row of the table that each entry came from; ``trade_id`` alone is in
    the table's order, for messages; ``quantity`` is
    signed; ``time`` is in microseconds since the epoch; ``currency`` and the three parts
    of the book's ``key`` are dictionary-encoded.
    """

    order: npt.NDArray[np.int64]
    trade_id: pa.ChunkedArray
    time: npt.NDArray[np.int64]
    sequence: npt.NDArray[np.int64]
    quantity: npt.NDArray[np.float64]
    price: npt.NDArray[np.float64]
    commission: npt.NDArray[np.float64]
    multiplier: npt.NDArray[np.float64]
    currency: pa.DictionaryArray
    key: tuple[pa.DictionaryArray, ...]

    def name(self, place: int) -> str:
        """Name the fill at a place of the canonical order."""
        return f"fill {self.trade_id[int(self.order[place])].as_py()!r}"


def fill_columns(table: pa.Table) -> FillColumns:
    """Read what the books need from a table of fills.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of ``Fill``, and ``sequence`` where there is one; others are not read.

    Returns
    -------
    FillColumns
        In canonical order; rows stand for ``sequence`` where it is missing.

    Raises
    ------
    SchemaError
        When a column is missing, or a time has no zone.
    LateFillError
        When a record corrects or busts another.
    InvalidArgumentError
        When a fee is in another currency than the price.
    """
    _check_schema(table)
    _check_new(table)
    _check_fees(table)
    time = table.column("execution_time").cast(TIMESTAMP, safe=False)
    times = np.asarray(time.cast(pa.int64()).to_numpy())
    sequences = _sequences(table)
    order = _canonical_order(times, sequences)
    is_buy = pc.equal(table.column("side"), Side.BUY.value).to_numpy()
    ordered = table.select([*BOOK_KEY, "currency"])
    if (order[1:] < order[:-1]).any():
        ordered = ordered.take(order)
    return FillColumns(
        order=order,
        trade_id=table.column("trade_id"),
        time=times[order],
        sequence=sequences[order],
        quantity=np.where(is_buy, 1.0, -1.0)[order] * _numbers(table, "volume", order),
        price=_numbers(table, "price", order),
        commission=_numbers(table, "commission", order),
        multiplier=_numbers(table, "multiplier", order),
        currency=ordered.column("currency").combine_chunks().dictionary_encode(),
        key=tuple(ordered.column(n).combine_chunks().dictionary_encode() for n in BOOK_KEY),
    )


def _check_schema(table: pa.Table) -> None:
    if missing := [name for name in _NEEDED if name not in table.column_names]:
        raise SchemaError(
            f"a table of fills must have the columns of Fill; missing {missing}; "
            "bring it to the schema with conform(table, Fill)"
        )
    kind = table.schema.field("execution_time").type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise SchemaError(
            f"column 'execution_time' must be a timestamp with a zone, was {kind}; "
            "bring it to the schema with conform(table, Fill)"
        )


def _check_new(table: pa.Table) -> None:
    other = pc.not_equal(table.column("record_type"), RecordType.NEW.value).to_numpy()
    if other.any():
        fill = _row(table, other)
        raise LateFillError(
            f"fill {fill['trade_id']!r}: record_type must be 'new', was {fill['record_type']!r}; "
            "rebuild the book from effective_fills(fills)"
        )


def _check_fees(table: pa.Table) -> None:
    differs = pc.not_equal(table.column("fee_currency"), table.column("currency"))
    other = pc.fill_null(differs, False).to_numpy()
    foreign = other & (table.column("commission").to_numpy() != 0.0)
    if foreign.any():
        fill = _row(table, foreign)
        raise InvalidArgumentError(
            f"fill {fill['trade_id']!r}: fee_currency must be the currency of the price, "
            f"{fill['currency']!r}, was {fill['fee_currency']!r}; convert the commission first"
        )


def _row(table: pa.Table, mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    row: dict[str, Any] = table.slice(int(np.argmax(mask)), 1).to_pylist()[0]
    return row


def _sequences(table: pa.Table) -> npt.NDArray[np.int64]:
    column = table.column("sequence") if "sequence" in table.column_names else None
    if column is None or column.null_count == len(column):
        return np.full(table.num_rows, NO_SEQUENCE)
    if column.null_count:
        raise SchemaError(
            f"column 'sequence' must number every fill or none, {column.null_count} of "
            f"{len(column)} are null; record all fills first, or drop the column"
        )
    return np.asarray(column.to_numpy(), np.int64)


def _canonical_order(
    times: npt.NDArray[np.int64], sequences: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    ties_fall = (times[1:] == times[:-1]) & (sequences[1:] < sequences[:-1])
    if not ((times[1:] < times[:-1]) | ties_fall).any():
        return np.arange(len(times))
    return np.lexsort((sequences, times)).astype(np.int64)


def _numbers(table: pa.Table, name: str, order: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.asarray(table.column(name).to_numpy(), np.float64)[order]
