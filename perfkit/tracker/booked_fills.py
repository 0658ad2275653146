"""Booked fills: what the books answer for each fill of a batch.

A correction is answered with the trade that it corrects, a bust with nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.ledger import effective_fills
from perfkit.ledger.fill_columns import BOOK_KEY
from perfkit.records import Fill, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.errors import UnfitFillError

__all__ = ["Applied", "BookedFills", "answered", "blamed", "in_force", "in_order", "owners_of"]

_ORDER = [("execution_time", "ascending"), ("sequence", "ascending")]


class BookedFills(NamedTuple):
    """What the books say of a batch of fills.

    Attributes
    ----------
    fills : pyarrow.Table
        The fills that count, with their corrected values.
    books : pyarrow.Table
        What `Ledger.apply` answers for them.
    account_states : pyarrow.StructArray
        The account just before each of them.
    rows : ndarray of shape (n_given,)
        For each fill of the batch its row in ``fills``; -1 for a bust, and for
        a fill that was busted.
    """

    fills: pa.Table
    books: pa.Table
    account_states: pa.Array
    rows: npt.NDArray[np.int64]


class Applied(NamedTuple):
    """Recorded fills, new ones last, those of them that count, and what the books say of these."""

    given: pa.Table
    effective: pa.Table
    books: pa.Table
    states: pa.Array


def in_force(fills: pa.Table) -> pa.Table:
    """Give the fills that count, as what was recorded later corrects them, in canonical order.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of `Fill`, and ``sequence``; others go with their fill.
    """
    return in_order(effective_fills(fills))


def in_order(fills: pa.Table) -> pa.Table:
    """Give fills in canonical order, by execution time and ``sequence``."""
    return fills.sort_by(_ORDER).combine_chunks()


def answered(new: pa.Table, applied: Applied) -> BookedFills:
    """Pick the answers for the fills of a batch.

    Parameters
    ----------
    new : pyarrow.Table
        Columns of `Fill`; among those that were applied.
    applied : Applied
        What the books said of all.
    """
    rows = _rows(new, applied.given, applied.effective)
    wanted = np.unique(rows[rows >= 0])
    return BookedFills(
        fills=applied.effective.take(wanted).select(arrow_schema(Fill).names),
        books=applied.books.take(wanted),
        account_states=applied.states.take(pa.array(wanted)),
        rows=np.where(rows < 0, -1, np.searchsorted(wanted, rows)),
    )


def blamed(error: UnfitFillError, new: pa.Table) -> int:
    """Find the new fill that an error of the ledger is about.

    Parameters
    ----------
    error : UnfitFillError
        Of any fill of a book.
    new : pyarrow.Table
        Columns of `Fill`: what was not there when the book was fine.

    Returns
    -------
    int
        Row of the first of that book, or of the first correction where none is.
    """
    keys = list(zip(*_lists(new, BOOK_KEY), strict=True))
    if error.book in keys:
        return keys.index(error.book)
    is_later = pc.not_equal(new.column("record_type"), "new")
    return max(int(pc.index(is_later, True).as_py()), 0)


def owners_of(fills: pa.Table) -> set[tuple[str, str]]:
    """Name the accounts' strategies of some fills."""
    names = ["account_id", "strategy_id"]
    distinct = fills.select(names).group_by(names).aggregate([])
    return set(zip(*_lists(distinct, names), strict=True))


def _rows(fills: pa.Table, facts: pa.Table, effective: pa.Table) -> npt.NDArray[np.int64]:
    """Find each fill, or the trade that it corrects, among the fills that count."""
    names = ("account_id", "trade_id", "original_trade_id")
    later = facts.filter(pc.not_equal(facts.column("record_type"), "new"))
    original = {
        (account, trade): target
        for account, trade, target in zip(*_lists(later, names), strict=True)
    }
    is_asked = pc.is_in(effective.column("trade_id"), value_set=_roots(fills, original))
    asked = np.flatnonzero(is_asked.to_numpy())
    keys = zip(*_lists(effective.take(asked), names[:2]), strict=True)
    places = dict(zip(keys, asked.tolist(), strict=True))
    is_bust = pc.equal(fills.column("record_type"), "bust").to_pylist()
    rows = []
    for account, trade, bust in zip(*_lists(fills, names[:2]), is_bust, strict=True):
        rows.append(-1 if bust else places.get((account, _root(account, trade, original)), -1))
    return np.array(rows, np.int64)


def _roots(fills: pa.Table, original: dict[tuple[str, str], str]) -> pa.Array:
    pairs = zip(*_lists(fills, ("account_id", "trade_id")), strict=True)
    return pa.array([_root(account, trade, original) for account, trade in pairs], pa.string())


def _root(account: str, trade: str, original: dict[tuple[str, str], str]) -> str:
    while (account, trade) in original:
        trade = original[account, trade]
    return trade


def _lists(table: pa.Table, names: Sequence[str]) -> list[list[str]]:
    return [table.column(name).to_pylist() for name in names]
