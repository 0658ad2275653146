"""Fill columns: from a table of fills to the one form that the kernels count in.

Contracts of every kind become linear, units those of before any split, fees money of
the P&L. What a table must have for that is checked here and nowhere else; the values
themselves were checked when they entered the house.

- An inverse contract is worth ``-1 / price``: gains, averages and cash are then linear.
- A split changes the unit: quantities are divided by its factor, prices multiplied.
- A fee in the asset itself is taken from the position, and costs what it was worth at
  the fill's price; a fee in a third currency costs what the rate of that moment says.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import LateFillError, SchemaError
from perfkit.ledger.exchange_rates import ExchangeRates
from perfkit.ledger.splits import SplitFactors
from perfkit.records.schema import TIMESTAMP
from perfkit.records.trade_record import ContractType, RecordType, Side

__all__ = [
    "BOOK_KEY",
    "NO_SEQUENCE",
    "FillColumns",
    "columns_in_order",
    "fill_columns",
    "in_canonical_order",
]

BOOK_KEY = ("account_id", "strategy_id", "symbol")
NO_SEQUENCE = -1
_GIVEN = (
    *("trade_id", *BOOK_KEY, "execution_time", "side", "price", "volume", "commission"),
    *("multiplier", "contract", "record_type"),
)
_NEEDED = (*_GIVEN, "currency", "base_currency", "fee_currency")
_NO_SPLITS, _NO_RATES = SplitFactors(None), ExchangeRates()
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class FillColumns(NamedTuple):
    """Columns of a table of fills, ordered by (execution_time, sequence).

    ``order`` is the row of the table that each entry came from. ``quantity`` is signed,
    ``time`` in microseconds since the epoch. ``currency``, that of the P&L, and the three
    parts of the book's ``key`` are dictionary-encoded. ``factor`` (units of the day for one
    of the form) and ``inverse`` say how to show what was counted; None where nothing
    differs. ``unconverted`` holds the places of fees without a rate, whose commission is
    NaN, with their currencies.
    """

    order: npt.NDArray[np.int64]
    trade_id: pa.ChunkedArray
    time: npt.NDArray[np.int64]
    sequence: npt.NDArray[np.int64]
    quantity: Floats
    price: Floats
    commission: Floats
    multiplier: Floats
    currency: pa.DictionaryArray
    key: tuple[pa.DictionaryArray, ...]
    factor: Floats | None
    inverse: Flags | None
    unconverted: dict[int, str]

    def name(self, place: int) -> str:
        """Name the fill at a place of the canonical order."""
        return f"fill {self.trade_id[int(place)].as_py()!r}"

    def shown_units(self, quantity: Floats, at: Any = slice(None)) -> Floats:
        """Give quantities in the units of the day of the fills at some places."""
        return quantity if self.factor is None else quantity * self.factor[at]

    def shown_prices(self, price: Floats, at: Any = slice(None)) -> Floats:
        """Give prices as they were quoted on the day of the fills at some places."""
        if self.factor is not None:
            price = price / self.factor[at]
        if self.inverse is None:
            return price
        with np.errstate(divide="ignore"):
            return np.where(self.inverse[at], -1.0 / price, price)

    def counted_prices(self, price: Floats) -> Floats:
        """Bring prices of the day of each fill to the form that is counted in."""
        if self.inverse is not None:
            with np.errstate(divide="ignore"):  # a linear price may be 0
                price = np.where(self.inverse, -1.0 / price, price)
        return price if self.factor is None else price * self.factor


def fill_columns(
    table: pa.Table, splits: SplitFactors = _NO_SPLITS, rates: ExchangeRates = _NO_RATES
) -> FillColumns:
    """Read what the books need from a table of fills.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of ``Fill``, and ``sequence`` where there is one; others are not read.
    splits : SplitFactors
        All splits up to the last fill.
    rates : ExchangeRates
        For fees in a third currency.

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
    """
    ordered, order = in_canonical_order(table)
    columns = columns_in_order(ordered, splits, rates)
    return columns if order is None else columns._replace(order=order)


def columns_in_order(table: pa.Table, splits: SplitFactors, rates: ExchangeRates) -> FillColumns:
    """Read what the books need from fills that are in canonical order, as `fill_columns`."""
    _check_new(table)
    times = _times(table)
    is_inverse = _says(table.column("contract"), ContractType.INVERSE)
    inverse = is_inverse if is_inverse.any() else None
    key = tuple(_encoded(table.column(name)) for name in BOOK_KEY)
    columns = FillColumns(
        order=np.arange(table.num_rows),
        trade_id=table.column("trade_id"),
        time=times,
        sequence=_sequences(table),
        quantity=_quantities(table),
        price=_values(table.column("price")),
        commission=_values(table.column("commission")),
        multiplier=_values(table.column("multiplier")),
        currency=_encoded(_settlement(table, inverse)),
        key=key,
        factor=None if splits.is_empty else splits.at(key[0], key[2], times),
        inverse=inverse,
        unconverted={},
    )
    return _normal(_with_fees(columns, table, rates))


def in_canonical_order(table: pa.Table) -> tuple[pa.Table, npt.NDArray[np.int64] | None]:
    """Order fills by (execution_time, sequence), equal ones by row.

    Returns
    -------
    tuple of pyarrow.Table and ndarray or None
        The fills, and the row that each came from; None when they were in order.

    Raises
    ------
    SchemaError
        When a column is missing, or a time has no zone.
    """
    _check_schema(table)
    times, sequences = _times(table), _sequences(table)
    later = times[1:] > times[:-1]
    if (later | ((times[1:] == times[:-1]) & (sequences[1:] >= sequences[:-1]))).all():
        return table, None
    order = np.lexsort((sequences, times)).astype(np.int64)
    return table.take(order), order


def _times(table: pa.Table) -> npt.NDArray[np.int64]:
    column = table.column("execution_time")
    if column.type != TIMESTAMP:
        column = column.cast(TIMESTAMP, safe=False)
    return np.asarray(_values(column).view(np.int64))


def _normal(columns: FillColumns) -> FillColumns:
    """Count in linear prices and in units of before any split."""
    price, quantity = columns.counted_prices(columns.price), columns.quantity
    if columns.factor is not None:
        quantity = quantity / columns.factor
    return columns._replace(quantity=quantity, price=price)


def _settlement(table: pa.Table, inverse: Flags | None) -> pa.ChunkedArray:
    if inverse is None:
        return table.column("currency")
    return pc.if_else(pa.array(inverse), table.column("base_currency"), table.column("currency"))


def _with_fees(columns: FillColumns, table: pa.Table, rates: ExchangeRates) -> FillColumns:
    """Turn fees that are not money of the P&L into it."""
    paid = table.column("fee_currency")
    if paid.null_count == len(paid):
        return columns
    settled = columns.currency.cast(pa.string())
    is_fee = columns.commission != 0.0
    in_asset = _flags(pc.equal(paid, table.column("base_currency"))) & is_fee
    if columns.inverse is not None:
        in_asset &= ~columns.inverse
    taken = np.where(in_asset, columns.commission / columns.multiplier, 0.0)
    cost = np.where(in_asset, columns.commission * columns.price, columns.commission)
    # beside money without a name, what a named fee costs is not known either
    is_other = _flags(pc.is_valid(paid)) & ~_flags(pc.equal(paid, settled))
    foreign = np.flatnonzero(is_other & is_fee & ~in_asset)
    pairs = pa.table({"fee": paid, "pnl": settled}).take(foreign).to_pylist()
    for pair in {tuple(each.values()): each for each in pairs}.values():
        own = foreign[[each == pair for each in pairs]]
        cost[own] *= rates.at(pair["fee"], pair["pnl"], columns.time[own])
        columns.unconverted.update(dict.fromkeys(own[np.isnan(cost[own])].tolist(), pair["fee"]))
    return columns._replace(quantity=columns.quantity - taken, commission=cost)


def _flags(mask: pa.ChunkedArray) -> Flags:
    flags: Flags = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return flags


def _quantities(table: pa.Table) -> Floats:
    volume: Floats = _values(table.column("volume"))
    return np.where(_says(table.column("side"), Side.SELL), -volume, volume)


def _says(column: pa.ChunkedArray, word: str) -> Flags:
    """Tell where a column of checked words says one; no two of a kind are equally long."""
    if pa.types.is_dictionary(column.type):
        encoded = _one_chunk(column)
        says = pc.equal(encoded.dictionary, word).to_numpy(zero_copy_only=False)
        return np.asarray(says[encoded.indices.to_numpy()], np.bool_)
    # a fifth of what it costs to compare the words
    return np.asarray(_values(pc.binary_length(column)) == len(word), np.bool_)


def _check_schema(table: pa.Table) -> None:
    names = set(table.column_names)
    if missing := [name for name in _NEEDED if name not in names]:
        raise SchemaError(
            f"a table of fills must have the columns of Fill; missing {missing}; "
            "bring it to the schema with conform(table, Fill)"
        )
    if nulls := [name for name in _GIVEN if table.column(name).null_count]:
        raise SchemaError(
            f"a fill must have a value in {nulls}, was null in some; "
            "check_table(table, Fill) says in which rows"
        )
    kind = table.schema.field("execution_time").type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise SchemaError(
            f"column 'execution_time' must be a timestamp with a zone, was {kind}; "
            "bring it to the schema with conform(table, Fill)"
        )


def _check_new(table: pa.Table) -> None:
    is_new = _says(table.column("record_type"), RecordType.NEW)
    if not is_new.all():
        fill = table.slice(int(np.argmin(is_new)), 1).to_pylist()[0]
        raise LateFillError(
            f"fill {fill['trade_id']!r}: record_type must be 'new', was {fill['record_type']!r}; "
            "rebuild the book from effective_fills(fills)"
        )


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


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if column.null_count == len(column):
        nothing = pa.nulls(len(column), pa.int32())
        return pa.DictionaryArray.from_arrays(nothing, pa.array([], pa.string()))
    array = _one_chunk(column)
    return array if isinstance(array, pa.DictionaryArray) else array.dictionary_encode()


def _values(column: pa.ChunkedArray) -> Any:
    return _one_chunk(column).to_numpy()


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
