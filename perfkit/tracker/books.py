"""Books: the ledger and the account states, moved on together.

Fills that come in order go through as they are. A fill older than its book,
a correction or a bust changes what came before it: the books are then built
again from all facts, and the new fill is answered as of now, as if all had
come in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import LateFillError
from perfkit.ledger import Ledger, effective_fills
from perfkit.records import Fill, arrow_schema
from perfkit.tracker.account_states import AccountStates

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.tracker.roles import Market

__all__ = ["FACTS", "BookedFills", "Books"]

FACTS = (*arrow_schema(Fill).names, "sequence")
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


class Books:
    """Positions, P&L and account states of a whole history.

    Parameters
    ----------
    facts : pyarrow.Table
        All fills so far, with the columns `FACTS`.
    cash : pyarrow.Table
        All cash so far, with the columns of `CashRecord`.

    Attributes
    ----------
    is_ahead : bool
        Whether they hold fills that are not known to be on disk.
    """

    def __init__(self, facts: pa.Table, cash: pa.Table) -> None:
        self._build(facts, cash, None)
        self.is_ahead = False

    def on_cash(self, cash: pa.Table) -> None:
        """Take deposits and withdrawals."""
        self._states.on_cash(cash)

    def apply(
        self,
        fills: pa.Table,
        market: Market | None,
        history: Callable[[], tuple[pa.Table, pa.Table]],
    ) -> BookedFills:
        """Take fills, and answer for each what it did.

        Parameters
        ----------
        fills : pyarrow.Table
            Columns of `Fill`, by execution time.
        market : Market, optional
            Gives the closes at which positions are valued between fills.
        history : callable
            Gives the facts and the cash of all that was recorded before; asked
            when the books must be built again.

        Raises
        ------
        UnknownNameError
            When a correction points at a trade that is not in the history.
        InvalidArgumentError
            As `Ledger.apply`.
        """
        try:
            books = self._ledger.apply(fills)
        except LateFillError:
            return self._apply_late(fills, market, *history())
        self.is_ahead = True
        states = self._states.apply(fills, books, market)
        return BookedFills(fills, books, states, np.arange(fills.num_rows))

    def _apply_late(
        self, fills: pa.Table, market: Market | None, facts: pa.Table, cash: pa.Table
    ) -> BookedFills:
        known = facts.column("sequence").to_numpy()
        start = int(known.max(initial=0)) + 1
        numbers = pa.array(np.arange(start, start + fills.num_rows))
        facts = pa.concat_tables([facts, fills.append_column("sequence", numbers)])
        self.is_ahead = True
        effective, books, states = self._build(facts, cash, market)
        rows = _rows(fills, facts, effective)
        wanted = np.unique(rows[rows >= 0])
        return BookedFills(
            fills=effective.take(wanted).select(arrow_schema(Fill).names),
            books=books.take(wanted),
            account_states=states.take(pa.array(wanted)),
            rows=np.where(rows < 0, -1, np.searchsorted(wanted, rows)),
        )

    def _build(
        self, facts: pa.Table, cash: pa.Table, market: Market | None
    ) -> tuple[pa.Table, pa.Table, pa.Array]:
        effective = effective_fills(facts).sort_by(_ORDER).combine_chunks()
        ledger, states = Ledger(), AccountStates()
        states.on_cash(cash)
        # without numbers, as live fills come: at equal times the order of rows counts
        books = ledger.apply(effective.drop_columns("sequence"))
        answer = effective, books, states.apply(effective, books, market)
        self._ledger, self._states = ledger, states
        return answer


def _rows(fills: pa.Table, facts: pa.Table, effective: pa.Table) -> npt.NDArray[np.int64]:
    """Find each fill, or the trade that it corrects, among the fills that count."""
    names = ("account_id", "trade_id", "original_trade_id")
    later = facts.filter(pc.not_equal(facts.column("record_type"), "new"))
    original = {
        (account, trade): target
        for account, trade, target in zip(*_lists(later, names), strict=True)
    }
    places = {key: row for row, key in enumerate(zip(*_lists(effective, names[:2]), strict=True))}
    is_bust = pc.equal(fills.column("record_type"), "bust").to_pylist()
    rows = []
    for account, trade, bust in zip(*_lists(fills, names[:2]), is_bust, strict=True):
        root = trade
        while (account, root) in original:
            root = original[account, root]
        rows.append(-1 if bust else places.get((account, root), -1))
    return np.array(rows, np.int64)


def _lists(table: pa.Table, names: tuple[str, ...]) -> list[list[str]]:
    return [table.column(name).to_pylist() for name in names]
