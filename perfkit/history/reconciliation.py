"""Reconciliation: a broker's statement beside the recorded history.

It reports; it does not assume that either is right. Fills are compared one by one, then
what follows from them: positions, cash and realised P&L, of all strategies together, as
the broker sees an account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError
from perfkit.history.matching import COMPARED, differing_fields, matched
from perfkit.history.selection import names_of
from perfkit.history.statement_books import (
    SpanFills,
    cash_totals,
    positions,
    realized,
    splits_beside,
)
from perfkit.ledger import effective_fills
from perfkit.records import Fill, RecordType, arrow_schema

if TYPE_CHECKING:
    from perfkit.history.selection import Names

__all__ = ["Reconciliation", "Recorded", "Told", "reconciliation"]

_FILL = arrow_schema(Fill).names
_TRADE = ("account_id", "trade_id")
_SECOND = pd.Timedelta(seconds=1)


class Recorded(NamedTuple):
    """What a history holds: fills in force, fills as written, cash, splits and rates."""

    fills: pa.Table
    written: pa.Table
    cash: pa.Table
    splits: pa.Table
    rates: pa.Table

    def about(self, symbol: Names) -> Recorded:
        """Keep the fills and the cash of some symbols."""
        kept = Told(self.fills, self.cash, self.splits).about(symbol)
        return self._replace(fills=kept.fills, cash=kept.cash)


class Told(NamedTuple):
    """What a statement tells: tables of ``Fill``, ``CashRecord`` and ``SplitRecord``."""

    fills: pa.Table
    cash: pa.Table
    splits: pa.Table

    def about(self, symbol: Names) -> Told:
        """Keep what it tells of some symbols."""
        names = pa.array(names_of(symbol), pa.string())
        return Told(*(table.filter(pc.is_in(table["symbol"], names)) for table in self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Differences between a broker's statement and the recorded history.

    Attributes
    ----------
    span : DataFrame
        account_id, start, end: what the statement covers, in whole seconds, the end open.
    matched : int
        Fills that stand on both sides.
    different : DataFrame
        One row a field in which a matched fill differs: account_id, symbol, execution_time,
        trade_id (ours), statement_id, matched_by (``id``, ``content`` or ``moment``: account,
        symbol, side and second), field, ours, statement. Strategies are not compared.
    only_in_statement, only_in_history : DataFrame
        Fills without a counterpart; of the history those of the statement's accounts within
        its span.
    positions : DataFrame
        account_id, symbol, ours, statement, difference, is_equal: at the end of the span, of
        every symbol traded in it; the statement's is its fills on top of our position at its
        start.
    cash : DataFrame
        account_id, kind, currency, ours, statement, difference, is_equal: totals within the
        span. Empty when the statement tells of no cash.
    splits : DataFrame
        account_id, symbol, day, ours, statement (the ratios), is_equal: those of the span's
        days. Empty when the statement tells of none.
    realized : DataFrame
        account_id, symbol, currency, figure (``average``, ``fifo``: gross P&L by that method;
        ``fees``), ours, statement, difference, is_equal: realised within the span.
    """

    span: pd.DataFrame
    matched: int
    different: pd.DataFrame
    only_in_statement: pd.DataFrame
    only_in_history: pd.DataFrame
    positions: pd.DataFrame
    cash: pd.DataFrame
    splits: pd.DataFrame
    realized: pd.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Matched fills, how many of them differ, and those of one side only."""
        trades = self.different[["account_id", "trade_id", "statement_id"]]
        return {
            "matched": self.matched,
            "different": len(trades.drop_duplicates()),
            "only in the statement": len(self.only_in_statement),
            "only in the history": len(self.only_in_history),
        }

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        lists = (self.different, self.only_in_statement, self.only_in_history)
        totals = (self.positions, self.cash, self.splits, self.realized)
        return all(x.empty for x in lists) and all(bool(x["is_equal"].all()) for x in totals)


def reconciliation(told: Told, recorded: Recorded, tolerance: float) -> Reconciliation:
    """Compare a statement with what was recorded.

    Parameters
    ----------
    told : Told
        The statement.
    recorded : Recorded
        The history.
    tolerance : float
        Of money that has cents.

    Raises
    ------
    InvalidArgumentError
        When the statement tells of no fill and no cash.
    UnknownNameError
        When it corrects a trade that neither side has.
    """
    span = _span(told.fills, told.cash)
    fills, named = _in_force(told.fills.select(_FILL), recorded.written.select(_FILL))
    is_covered = pc.is_in(recorded.fills["account_id"], pa.array(span["account_id"]))
    own = recorded.fills.filter(is_covered).select(_FILL).sort_by("execution_time")
    ours, theirs = (table.select(COMPARED).to_pandas() for table in (own, fills))
    pairs = matched(ours, theirs)
    bounds = ours[["account_id"]].merge(span, on="account_id", how="left")
    is_before = (ours["execution_time"] < bounds["start"]).to_numpy()
    is_after = (ours["execution_time"] >= bounds["end"]).to_numpy()
    is_paired = ours.index.isin(pairs["ours"])
    is_named = pd.MultiIndex.from_frame(ours[list(_TRADE)]).isin(named)
    is_inside = ~(is_before | is_after) | is_paired | is_named
    is_counted = is_inside | is_before
    ours_in_span = SpanFills(own.filter(pa.array(is_counted)), is_inside[is_counted])
    theirs_in_span = ours_in_span.with_inside(_in_our_order(fills, own, pairs))
    both = ours.loc[pairs["ours"]], theirs.loc[pairs["statement"]]
    return Reconciliation(
        span=span,
        matched=len(pairs),
        different=differing_fields(*both, pairs["matched_by"], tolerance),
        only_in_statement=theirs.drop(index=pairs["statement"]).reset_index(drop=True),
        only_in_history=ours[is_inside & ~is_paired].reset_index(drop=True),
        positions=positions(ours_in_span, theirs_in_span, recorded.splits, span),
        cash=cash_totals(recorded.cash, told.cash, span, tolerance),
        splits=splits_beside(recorded.splits, told.splits, span),
        realized=realized(ours_in_span, theirs_in_span, recorded.splits, recorded.rates, tolerance),
    )


def _in_our_order(fills: pa.Table, own: pa.Table, pairs: pd.DataFrame) -> pa.Table:
    """Order a statement's fills as we did, where it is not finer than ours.

    A statement in whole seconds does not say in which order the fills of a second came,
    and what an exit realises may depend on it.
    """
    mine, times = (table["execution_time"].cast(pa.int64()).to_numpy() for table in (own, fills))
    times, rank = times.copy(), len(mine) + np.arange(len(times))
    ours, theirs = pairs["ours"].to_numpy(), pairs["statement"].to_numpy()
    is_same = np.abs(mine[ours] - times[theirs]) < _SECOND // pd.Timedelta(microseconds=1)
    times[theirs[is_same]], rank[theirs] = mine[ours[is_same]], ours
    place, field = fills.column_names.index("execution_time"), fills.field("execution_time")
    moved = fills.set_column(place, field, pa.array(times).cast(field.type))
    return moved.take(np.lexsort((rank, times)))


def _span(fills: pa.Table, cash: pa.Table) -> pd.DataFrame:
    """What each account's statement covers: whole seconds from its first row to its last."""
    new = fills.filter(pc.equal(fills["record_type"], RecordType.NEW.value))
    names = ["account_id", "execution_time"]
    told = pa.concat_tables([(new if new.num_rows else fills).select(names), cash.select(names)])
    if not told.num_rows:
        raise InvalidArgumentError(
            "a statement must tell of a fill or of cash, had neither; look at what was "
            "skipped and refused when it was read"
        )
    second: pd.DataFrame = told.to_pandas()
    second["execution_time"] = second["execution_time"].dt.floor("s")
    ends = second.groupby("account_id")["execution_time"].agg(["min", "max"]).reset_index()
    return pd.DataFrame(
        {"account_id": ends["account_id"], "start": ends["min"], "end": ends["max"] + _SECOND}
    )


def _in_force(fills: pa.Table, written: pa.Table) -> tuple[pa.Table, list[tuple[str, str]]]:
    """Apply a statement's corrections, also of trades that it has told of earlier.

    Such a trade is taken as it was recorded. Gives the fills, and the names of those trades.
    """
    pointed = fills.filter(pc.is_valid(fills["original_trade_id"]))
    wanted = zip(
        *(pointed[n].to_pylist() for n in ("account_id", "original_trade_id")), strict=True
    )
    known = set(zip(*(fills[n].to_pylist() for n in _TRADE), strict=True))
    missing = pd.MultiIndex.from_tuples(sorted(set(wanted) - known), names=_TRADE)
    if missing.empty:
        return effective_fills(fills).sort_by("execution_time"), []
    keys = pd.MultiIndex.from_frame(written.select(list(_TRADE)).to_pandas())
    earlier = written.filter(pa.array(keys.isin(missing)))
    told = effective_fills(pa.concat_tables([earlier, fills]))
    return told.sort_by("execution_time"), missing.to_list()


def _pairs(fills: pa.Table, *names: str) -> set[tuple[str, ...]]:
    return set(zip(*(fills[name].to_pylist() for name in names), strict=True))
