"""Facts: the fills, cash and splits that books are built from, and where they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np
import polars as pl
import pyarrow as pa

from perfkit.records import CashRecord, Fill, SplitRecord, TradeRecord, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from perfkit.store import TradeStore

__all__ = ["FACTS", "NO_LABELS", "Facts", "RecordedFacts", "numbered"]

FACTS: Final[dict[str, type]] = {"trades": Fill, "cash": CashRecord, "splits": SplitRecord}
_LABELS = arrow_schema(TradeRecord).field("labels")
NO_LABELS: Final[pa.ChunkedArray] = pa.chunked_array([], _LABELS.type)
_NOTHING = {name: arrow_schema(cls).empty_table() for name, cls in FACTS.items()}
_COLUMNS = {name: (*arrow_schema(cls).names, "sequence") for name, cls in FACTS.items()}
_COLUMNS["trades"] += ("labels",)


class Facts(NamedTuple):
    """Facts, by the name of their table in a store.

    Attributes
    ----------
    trades : pyarrow.Table
        Columns of `Fill`; of recorded ones also ``sequence`` and ``labels``.
    cash : pyarrow.Table
        Columns of `CashRecord`, likewise.
    splits : pyarrow.Table
        Columns of `SplitRecord`, likewise.
    """

    trades: pa.Table
    cash: pa.Table
    splits: pa.Table

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> Self:
        """Take what is given, and nothing for a table that is not."""
        return cls(**(_NOTHING | {name: rows.combine_chunks() for name, rows in tables.items()}))


class RecordedFacts:
    """The facts of a store, read anew on every question.

    Parameters
    ----------
    store : TradeStore
        The history.
    """

    def __init__(self, store: TradeStore) -> None:
        self._store = store

    def after(self, sequence: int) -> Facts:
        """Read all fills, cash and splits that were numbered after one."""
        return Facts(
            **{
                name: self._store.read(name, columns=_COLUMNS[name], after=sequence)
                for name in FACTS
            }
        )

    def fills_of(self, owners: Collection[tuple[str, str]]) -> pa.Table:
        """Read the fills of some accounts' strategies."""
        is_own = pl.lit(False)
        for account, strategy in sorted(owners):
            is_own |= (pl.col("account_id") == account) & (pl.col("strategy_id") == strategy)
        return self._fills(is_own)

    def corrections(self) -> pa.Table:
        """Read the corrections and busts of all trades."""
        return self._fills(pl.col("record_type") != "new")

    def fills_named(self, names: Collection[tuple[str, str]]) -> pa.Table:
        """Read the fills of some accounts by their ids."""
        accounts, trades = sorted({a for a, _ in names}), sorted({t for _, t in names})
        return self._fills(pl.col("account_id").is_in(accounts) & pl.col("trade_id").is_in(trades))

    def cash(self) -> pa.Table:
        """Read all cash that moved other than by a fill."""
        return self._store.read("cash")

    def splits(self) -> pa.Table:
        """Read all splits, which are few."""
        return self._store.read("splits")

    def where(self, table: str) -> Callable[[pl.Expr], pa.Table]:
        """Read rows of one table that meet a condition, when asked for them."""
        columns = _COLUMNS[table]
        return lambda condition: self._store.read(table, where=condition, columns=columns)

    def rates(self, after: int = 0) -> pa.Table:
        """Read the closes of exchange rates numbered after one, with the columns of `Mark`."""
        is_pair = pl.col("symbol").str.contains("/", literal=True)
        columns = ["symbol", "close_time", "close"]
        bars = self._store.read("bars", where=is_pair, columns=columns, after=after)
        return bars.rename_columns(["symbol", "time", "price"])

    def _fills(self, where: pl.Expr) -> pa.Table:
        return self._store.read("trades", where=where, columns=_COLUMNS["trades"])


def numbered(fills: pa.Table, first: int, labels: pa.Array | None = None) -> pa.Table:
    """Number fills as recorded ones are.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of `Fill`.
    first : int
        Number of the first of them.
    labels : array of list<string>, optional
        Of each; empty where they are not known yet.
    """
    numbers = pa.array(np.arange(first, first + fills.num_rows))
    known = pa.array([[]] * fills.num_rows, _LABELS.type) if labels is None else labels
    return fills.append_column("sequence", numbers).append_column(_LABELS, known)
