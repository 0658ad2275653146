"""Trade batch: the columns of recorded trades that metrics are folded from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.metrics.observations import Floats
from perfkit.metrics.tally import check_countable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Codes", "Days", "Names", "TradeBatch", "TradingDay", "groups", "read_batch"]

Codes: TypeAlias = npt.NDArray[np.int64]
Days: TypeAlias = npt.NDArray[np.datetime64]
TradingDay: TypeAlias = Callable[[Days], Days]

COLUMNS = (
    "account_id", "strategy_id", "symbol", "execution_time", "commission",
    "labels", "pnl", "position", "round_trip_pnl",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """A column of words as codes into a short list."""

    codes: Codes
    words: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeBatch:
    """Columns of shape (n_trades,), in canonical order.

    Attributes
    ----------
    account, strategy, symbol : Names
        Whose trade it is.
    day : ndarray of datetime64[D]
        Trading day.
    pnl, fees, position, round_trip_pnl : ndarray
        As recorded; ``round_trip_pnl`` is NaN where no trip closed.
    labels : Names
        All labels of all trades, one after the other.
    label_start : ndarray of shape (n_trades + 1,)
        Where each trade's labels start in ``labels``.
    """

    account: Names
    strategy: Names
    symbol: Names
    day: Days
    pnl: Floats
    fees: Floats
    position: Floats
    round_trip_pnl: Floats
    labels: Names
    label_start: Codes

    def owner(self) -> Codes:
        """Code of the (account, strategy) of each trade."""
        return self.account.codes * len(self.strategy.words) + self.strategy.codes

    def book(self) -> Codes:
        """Code of the (account, strategy, symbol) of each trade."""
        return self.owner() * len(self.symbol.words) + self.symbol.codes

    def owner_of(self, row: int) -> tuple[str, str]:
        """Account and strategy of one trade."""
        return (
            self.account.words[self.account.codes[row]],
            self.strategy.words[self.strategy.codes[row]],
        )

    def labels_of(self, row: int) -> list[str]:
        """Labels of one trade."""
        codes = self.labels.codes[self.label_start[row] : self.label_start[row + 1]]
        return [self.labels.words[code] for code in codes]


def read_batch(trades: pa.Table | pd.DataFrame, trading_day: TradingDay) -> TradeBatch:
    """Read the columns of recorded trades.

    Raises
    ------
    SchemaError
        When a column is missing.
    InvalidArgumentError
        When a P&L or a position is not known, or too large to be counted.
    """
    table = _table(trades)
    lists = table["labels"].cast(pa.list_(pa.string())).combine_chunks()
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return TradeBatch(
        account=_names(table["account_id"]),
        strategy=_names(table["strategy_id"]),
        symbol=_names(table["symbol"]),
        day=trading_day(_utc(table["execution_time"])).astype("M8[D]"),
        pnl=_known(table, "pnl"),
        fees=_known(table, "commission"),
        position=_known(table, "position"),
        round_trip_pnl=_countable(table, "round_trip_pnl"),
        labels=_names(pc.list_flatten(lists)),
        label_start=np.concatenate(([0], np.cumsum(counts, dtype=np.int64))),
    )


def groups(*keys: Codes) -> Iterator[npt.NDArray[np.intp]]:
    """Split rows by equal keys; each group keeps the order of its rows."""
    if not keys[0].size:
        return
    order = np.lexsort(keys)
    changed = np.zeros(order.size - 1, dtype=bool)
    for key in keys:
        changed |= np.diff(key[order]) != 0
    yield from np.split(order, np.flatnonzero(changed) + 1)


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


def _names(column: pa.ChunkedArray | pa.Array) -> Names:
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = flat.cast(pa.string()).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Names(codes, encoded.dictionary.to_pylist())


def _utc(times: pa.ChunkedArray) -> Days:
    if getattr(times.type, "tz", None) is None:
        raise SchemaError(
            f"execution_time must be a timestamp with a zone, was {times.type}; "
            "give the zone of the source, e.g. frame[name].dt.tz_localize('UTC')"
        )
    moments: Days = times.cast(pa.timestamp("us", tz="UTC")).to_numpy().astype("M8[us]")
    return moments


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _countable(table: pa.Table, name: str) -> Floats:
    values = _floats(table[name])
    check_countable(values)
    return values


def _known(table: pa.Table, name: str) -> Floats:
    values = _floats(table[name])
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InvalidArgumentError(
            f"{name} of a recorded trade must be finite, was {values[row]} in row {row}; "
            "let the ledger compute it before metrics are updated"
        )
    return values
