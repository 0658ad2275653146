"""Settled fills: what corrections and busts made of the few fills that they are about.

All others stand as they were recorded, so a history of which little was corrected is read
as if nothing had been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.records.trade_record import RecordType
from perfkit.tracker.booked_fills import in_force

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BOOKED", "SettledFills", "settled_fills"]

# columns of a record that books and corrections need
BOOKED = (
    *("trade_id", "account_id", "strategy_id", "execution_time", "symbol", "side", "price"),
    *("volume", "commission", "fee_currency", "currency", "base_currency", "multiplier"),
    *("contract", "record_type", "original_trade_id", "recorded_at", "sequence"),
)
_KEY = ("account_id", "trade_id")
_IS_NEW = pl.col("record_type") == RecordType.NEW.value


class SettledFills(NamedTuple):
    """Fills that a later record is about.

    Attributes
    ----------
    fills : pyarrow.Table
        Those of them that count, as they do.
    left_out : tuple of int
        Sequences of all their records, none of which counts as it stands.
    """

    fills: pa.Table
    left_out: tuple[int, ...]

    def others(self, where: pl.Expr) -> pl.Expr:
        """Of the records of a kind those that count as they stand."""
        return where & ~pl.col("sequence").is_in(self.left_out) if self.left_out else where

    def of(self, where: pl.Expr) -> pa.Table:
        """Give the fills of a kind: a correction may have moved one into it, or out of it."""
        names = list(dict.fromkeys(where.meta.root_names()))
        if not names or self.fills.num_rows == 0:
            return self.fills
        is_of = pl.DataFrame(self.fills.select(names)).select(where).to_series()
        return self.fills.filter(is_of.to_arrow())


def settled_fills(read: Callable[[pl.Expr], pa.Table]) -> SettledFills:
    """Settle the fills of a history that were corrected or busted.

    Parameters
    ----------
    read : callable
        From which records of the table of trades to those records, with their columns of
        `Fill` and ``sequence``.

    Raises
    ------
    UnknownNameError
        When a correction or bust is about a fill that is not there.
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    later = read(~_IS_NEW)
    if later.num_rows == 0:
        return SettledFills(later, ())
    accounts = pc.unique(later["account_id"]).to_pylist()
    names = pc.unique(later["original_trade_id"]).to_pylist()
    named = read(_IS_NEW & pl.col("account_id").is_in(accounts) & pl.col("trade_id").is_in(names))
    pointed = set(zip(*(later[n].to_pylist() for n in ("account_id", "original_trade_id")),
                      strict=True))  # fmt: skip
    keys = zip(*(named[name].to_pylist() for name in _KEY), strict=True)
    first = named.filter(pa.array([key in pointed for key in keys], pa.bool_()))
    records = pa.concat_tables([first, later])
    return SettledFills(in_force(records), tuple(records["sequence"].to_pylist()))
