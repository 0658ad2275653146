"""The state of the books: what is kept of them, in memory and on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from perfkit.ledger.ledger_state import LedgerState
    from perfkit.metrics.day_rows import Mark
    from perfkit.tracker.holdings import HoldingsState

__all__ = ["BooksState", "Moment"]

Owner = tuple[str, str]


class BooksState(NamedTuple):
    """What books remember between two batches.

    Attributes
    ----------
    sequence : int
        Number of the last fact that they hold.
    ledger : LedgerState
        Positions and P&L.
    holdings : HoldingsState
        Cash and holdings of every account's strategy.
    fees_abroad : dict of (account, strategy) to int
        When each last paid a fee that needs an exchange rate.
    """

    sequence: int
    ledger: LedgerState
    holdings: HoldingsState
    fees_abroad: dict[Owner, int]


class Moment(NamedTuple):
    """Books and metrics of one moment."""

    books: BooksState
    metrics: Mark
