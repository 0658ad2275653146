"""Books: the ledger and the account states, moved on together.

Fills that come in order go through as they are. A fill older than its book,
a correction, a bust or a split changes what came before it: the books are
then built again from all facts, and the new fill is answered as of now, as
if all had come in order. So they are where fees were paid in a third
currency and new exchange rates were recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import LateFillError
from perfkit.ledger import Ledger, effective_fills
from perfkit.ledger.splits import SplitFactors
from perfkit.records import Fill, arrow_schema
from perfkit.tracker.account_states import AccountStates
from perfkit.tracker.fees import fees_of

if TYPE_CHECKING:
    from perfkit.tracker.facts import Facts, RecordedFacts
    from perfkit.tracker.roles import Market

__all__ = ["BookedFills", "Books"]

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
    facts : Facts
        All that was recorded so far.
    source : RecordedFacts
        Asked when the books must be built again.

    Attributes
    ----------
    is_ahead : bool
        Whether they hold facts that are not known to be on disk.
    """

    def __init__(self, facts: Facts, source: RecordedFacts) -> None:
        self._source = source
        self._build(facts, None)
        self.is_ahead = False

    def on_rates(self) -> None:
        """Hear that exchange rates were recorded."""
        self._are_rates_old = True

    def apply(self, new: Facts, market: Market | None) -> BookedFills:
        """Take facts, and answer for each fill what it did.

        Parameters
        ----------
        new : Facts
            Fills by execution time; cash counts for them, and so do splits.
        market : Market, optional
            Gives the closes at which positions are valued between fills.

        Raises
        ------
        UnknownNameError
            When a correction points at a trade that is not in the history.
        InvalidArgumentError
            As `Ledger.apply`.
        """
        if new.splits.num_rows or self._wants_rates(new.trades):
            return self._apply_late(new, market)
        try:
            books = self._ledger.apply(new.trades)
        except LateFillError:
            return self._apply_late(new, market)
        self.is_ahead = True
        self._states.on_cash(new.cash)
        states = self._states.apply(new.trades, books, market)
        return BookedFills(new.trades, books, states, np.arange(new.trades.num_rows))

    def _wants_rates(self, fills: pa.Table) -> bool:
        if not self._are_rates_old:
            return False
        return self._has_foreign_fees or bool(fees_of(fills).is_foreign.any())

    def _apply_late(self, new: Facts, market: Market | None) -> BookedFills:
        facts = self._source.all().followed_by(new)
        self.is_ahead = True
        effective, books, states = self._build(facts, market)
        rows = _rows(new.trades, facts.trades, effective)
        wanted = np.unique(rows[rows >= 0])
        return BookedFills(
            fills=effective.take(wanted).select(arrow_schema(Fill).names),
            books=books.take(wanted),
            account_states=states.take(pa.array(wanted)),
            rows=np.where(rows < 0, -1, np.searchsorted(wanted, rows)),
        )

    def _build(self, facts: Facts, market: Market | None) -> tuple[pa.Table, pa.Table, pa.Array]:
        effective = effective_fills(facts.trades).sort_by(_ORDER).combine_chunks()
        has_foreign_fees = bool(fees_of(effective).is_foreign.any())
        rates = self._source.rates() if has_foreign_fees else None
        ledger = Ledger(splits=facts.splits, rates=rates)
        states = AccountStates(SplitFactors(facts.splits))
        states.on_cash(facts.cash)
        # without numbers, as live fills come: at equal times the order of rows counts
        books = ledger.apply(effective.drop_columns("sequence"))
        answer = effective, books, states.apply(effective, books, market)
        self._ledger, self._states = ledger, states
        self._has_foreign_fees, self._are_rates_old = has_foreign_fees, rates is None
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
