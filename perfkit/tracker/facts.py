"""Facts: the fills, cash and splits that books are built from, and where they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np
import polars as pl
import pyarrow as pa

from perfkit.records import CashRecord, Fill, SplitRecord, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perfkit.store import TradeStore

__all__ = ["FACTS", "Facts", "RecordedFacts"]

FACTS: Final[dict[str, type]] = {"trades": Fill, "cash": CashRecord, "splits": SplitRecord}
_FILLS = (*arrow_schema(Fill).names, "sequence")


class Facts(NamedTuple):
    """Facts, by the name of their table in a store.

    Attributes
    ----------
    trades : pyarrow.Table
        Columns of `Fill`; of recorded ones also ``sequence``.
    cash : pyarrow.Table
        Columns of `CashRecord`.
    splits : pyarrow.Table
        Columns of `SplitRecord`.
    """

    trades: pa.Table
    cash: pa.Table
    splits: pa.Table

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> Self:
        """Take what is given, and nothing for a table that is not."""
        empty = {name: arrow_schema(record).empty_table() for name, record in FACTS.items()}
        return cls(**(empty | {name: rows.combine_chunks() for name, rows in tables.items()}))

    def followed_by(self, new: Facts) -> Facts:
        """Add facts that are not recorded yet, numbered after those that are."""
        first = int(self.trades.column("sequence").to_numpy().max(initial=0)) + 1
        numbers = pa.array(np.arange(first, first + new.trades.num_rows))
        trades = new.trades.append_column("sequence", numbers)
        return Facts(
            trades=pa.concat_tables([self.trades, trades]),
            cash=pa.concat_tables([self.cash, new.cash]),
            splits=pa.concat_tables([self.splits, new.splits]),
        )


class RecordedFacts:
    """The facts of a store, read anew on every question.

    Parameters
    ----------
    store : TradeStore
        The history.
    """

    def __init__(self, store: TradeStore) -> None:
        self._store = store

    def all(self) -> Facts:
        """Read all fills, cash and splits."""
        return Facts(
            trades=self._store.read("trades", columns=_FILLS),
            cash=self._store.read("cash"),
            splits=self.splits(),
        )

    def splits(self) -> pa.Table:
        """Read all splits, which are few."""
        return self._store.read("splits")

    def where(self, table: str) -> Callable[[pl.Expr], pa.Table]:
        """Read rows of one table that meet a condition, when asked for them."""
        return lambda condition: self._store.read(table, where=condition)

    def rates(self) -> pa.Table:
        """Read the closes of exchange rates, with the columns of `Mark`."""
        is_pair = pl.col("symbol").str.contains("/", literal=True)
        columns = ["symbol", "close_time", "close"]
        bars = self._store.read("bars", where=is_pair, columns=columns)
        return bars.rename_columns(["symbol", "time", "price"])
