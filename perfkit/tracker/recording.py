"""Recording: the way of facts from a caller's rows to disk, and then to the listeners.

Check, tell known from new, put into the books, ask the market and the
labeler, journal, and only then answer. What is remembered is a reading of the
store, and is taken from it again whenever a step was cut short.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pyarrow as pa

from perfkit.errors import InvalidTableError, StoreError
from perfkit.tracker.batch import Batch, refuse_strangers
from perfkit.tracker.facts import FACTS, NO_LABELS
from perfkit.tracker.intake import record_rows, stamped
from perfkit.tracker.listeners import Listeners
from perfkit.tracker.memory import Memory
from perfkit.tracker.trade_rows import trade_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from perfkit.store import Receipt, TradeStore
    from perfkit.tracker.intake import Rows
    from perfkit.tracker.metric_feed import MetricFeed
    from perfkit.tracker.roles import Labeler, Market

__all__ = ["Desk", "Recording"]


class Desk(NamedTuple):
    """Whose rows are recorded, and by which clock.

    Attributes
    ----------
    defaults : mapping of str to str or None
        Account and strategy of rows that do not say.
    accounts : collection of str, optional
        The only accounts whose rows are taken; None takes all.
    clock : callable
        Gives the time that is stamped as ``recorded_at``.
    """

    defaults: Mapping[str, str | None]
    accounts: Collection[str] | None
    clock: Callable[[], datetime]


class Recording:
    """Records facts, one batch after the other.

    Parameters
    ----------
    store : TradeStore
        The history, opened for writing.
    desk : Desk
        Whose rows these are.
    market : Market, optional
        Gives each fill its context.
    labeler : Labeler, optional
        Gives each fill its labels.

    Attributes
    ----------
    memory : Memory
        What is known, and the books.
    listeners : Listeners
        Who hears of trades.
    feeds : list of MetricFeed
        Who hears of metrics.
    """

    def __init__(
        self, store: TradeStore, desk: Desk, market: Market | None, labeler: Labeler | None
    ) -> None:
        self._store, self._desk = store, desk
        self._market, self._labeler = market, labeler
        self._lock = threading.Lock()
        self._owner: int | None = None  # thread whose turn it is
        self._is_closed = False
        self.memory = Memory(store)
        self.listeners = Listeners()
        self.feeds: list[MetricFeed] = []
        self._untold: list[tuple[pa.Table, Receipt]] = []

    def take(self, given: Mapping[str, Rows], *, atomic: bool) -> dict[str, Batch]:
        """Record rows of several tables as one transaction; see `TradeTracker.record_all`.

        The listeners hear nothing of it before `tell`.

        Parameters
        ----------
        given : mapping of str to rows
            By the names in `FACTS`.
        atomic : bool
            All or none; otherwise bad rows are left out.

        Returns
        -------
        dict of str to Batch
            What became of each row. What was accepted survives a power loss.
        """
        batches = {name: self._checked(name, rows, atomic) for name, rows in given.items()}
        with self.turn():
            self._record(batches)
        return batches

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one who records or asks, from any thread.

        Raises
        ------
        StoreError
            When the tracker is closed, or its market or labeler asks it while it records.
        """
        if self._owner == threading.get_ident():
            raise StoreError(
                f"{self._store.uri}: a market or labeler must not ask the tracker that asks it; "
                "answer from what it was given"
            )
        with self._lock:
            if self._is_closed:
                raise StoreError(
                    f"{self._store.uri}: the tracker is closed; open another one to go on"
                )
            self._owner = threading.get_ident()
            try:
                yield
            finally:
                self._owner = None

    def close(self) -> None:
        """Keep a snapshot, and take nothing any more."""
        if not self._is_closed:
            with self.turn():
                self._is_closed = True
                self.memory.save()

    def _record(self, batches: dict[str, Batch]) -> None:
        self.memory.screen(batches)
        with self._splits_told(batches):
            rows = self._booked(batches)
            receipts = self._store.append_many(rows, is_checked=True)
        numbers = {
            name: (receipt.first_sequence, receipt.last_sequence)
            for name, receipt in receipts.items()
            if receipt.first_sequence is not None and receipt.last_sequence is not None
        }
        labels = rows["trades"].column("labels") if "trades" in rows else NO_LABELS
        touched = self.memory.keep(batches, numbers, labels)
        if "trades" in numbers:
            self._untold.append((rows["trades"], receipts["trades"]))
        for feed in self.feeds:
            feed.note(rows.get("trades"), touched)

    @contextmanager
    def _splits_told(self, batches: dict[str, Batch]) -> Iterator[None]:
        """Tell the market of splits, for the fills that come with them; take back what fails."""
        if self._market is None or "splits" not in batches or not batches["splits"].rows.num_rows:
            yield
            return
        splits, last = batches["splits"].rows, self._store.numbering()[1]
        self._market.on_splits(splits)
        try:
            yield
        finally:
            if self._store.numbering()[1] == last:  # they did not come as far as the disk
                self._market.forget_splits(splits)

    def tell(self) -> None:
        """Give the listeners the trades that were recorded since the last time."""
        untold, self._untold = self._untold, []
        with ExitStack() as calls:  # an error is raised after all were told
            for feed in reversed(self.feeds):
                calls.callback(feed.tell_if_due)
            for rows, receipt in reversed(untold):
                calls.callback(self.listeners.tell, rows, receipt)

    def _checked(self, name: str, rows: Rows, atomic: bool) -> Batch:
        cls = FACTS[name]
        batch = Batch(record_rows(rows, cls, self._desk.defaults), atomic=atomic)
        if isinstance(rows, pa.Table | pd.DataFrame):  # a record is checked when it is made
            batch.check(cls)
        if self._desk.accounts is not None:
            refuse_strangers(batch, self._desk.accounts)
        return batch

    def _booked(self, batches: dict[str, Batch]) -> dict[str, pa.Table]:
        """Complete the rows of each batch, leaving out what does not fit."""
        while True:
            booked = self.memory.book(batches, self._market)
            now = self._desk.clock()
            rows = {name: stamped(batch.rows, now) for name, batch in batches.items()}
            if "trades" not in rows:
                return rows
            try:
                rows["trades"] = trade_rows(rows["trades"], booked, self._market, self._labeler)
            except InvalidTableError as error:
                for bad in error.rows:
                    batches["trades"].refuse(bad.row, error, bad.field, "unfit")
                batches["trades"].drop_refused()
                self.memory.settle()
            else:
                return rows
