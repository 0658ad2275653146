"""Memory: what the tracker remembers of its store.

Which ids are known and with what content, and the books. All of it is a
reading of the store: it is taken up from a snapshot and what was recorded
since, and again whenever a step was cut short between the books and the disk.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from perfkit.errors import UnfitFillError, UnknownNameError
from perfkit.tracker.books import Books
from perfkit.tracker.facts import FACTS, NO_LABELS, Facts, RecordedFacts
from perfkit.tracker.known_records import KnownRecords
from perfkit.tracker.live_metrics import LiveMetrics
from perfkit.tracker.recovery import Recovery, Snapshot
from perfkit.tracker.split_rows import require_told_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from perfkit.ledger import Ledger
    from perfkit.metrics import PerformanceMetrics
    from perfkit.store import TradeStore
    from perfkit.tracker.batch import Batch
    from perfkit.tracker.booked_fills import BookedFills
    from perfkit.tracker.known_index import KnownIndex
    from perfkit.tracker.roles import Market

__all__ = ["Memory"]

_SNAPSHOT_ROWS = 250_000  # facts between two snapshots: read and applied again in a second


class Memory:
    """Known records and books of a history.

    Parameters
    ----------
    store : TradeStore
        The history, opened for writing.

    Attributes
    ----------
    books : Books
        Positions, P&L and account states.
    """

    def __init__(self, store: TradeStore) -> None:
        self._store = store
        self._source = RecordedFacts(store)
        self._recovery = Recovery(store.recovery)
        self._open()

    def _open(self) -> None:
        """Take up the last snapshot, and read what was recorded since."""
        self._span, self._last = self._store.numbering()
        snapshot = self._recovery.load(self._store.holds)
        self._known = {
            name: KnownRecords(record, index=snapshot.known.get(name))
            for name, record in FACTS.items()
        }
        self.books = Books(self._source, snapshot.books, LiveMetrics(snapshot.metrics))
        self._saved = self.books.sequence
        facts = self._source.after(self._saved)
        for name, rows in facts._asdict().items():
            self._known[name].learn(rows)
        self.books.catch_up(facts, self._last)
        self.save_if_due()

    def screen(self, batches: Mapping[str, Batch]) -> None:
        """Leave in each batch the rows that are new, in the order of their numbering.

        Parameters
        ----------
        batches : mapping of str to Batch
            Checked rows, by the names in `FACTS`.

        Raises
        ------
        ConflictError
            When an id of an atomic batch is known with other content, or a split by
            another id.
        """
        self.settle()
        self._last = self._store.numbering()[1]
        for name, batch in batches.items():
            self._known[name].screen(batch, self._source.where(name))
            batch.put_in_order()
        if "splits" in batches and batches["splits"].rows.num_rows:
            require_told_once(batches["splits"].rows, self._source.splits())
        if "trades" in batches:
            self._require_originals(batches["trades"])

    def book(self, batches: Mapping[str, Batch], market: Market | None) -> BookedFills:
        """Put new facts into the books, leaving out fills that do not fit; see `Books.apply`."""
        while True:
            try:
                return self.books.apply(_facts(batches), market)
            except UnfitFillError as error:
                batches["trades"].refuse(error.row, error, error.field, "unfit")
                batches["trades"].drop_refused()
                self.settle()

    def keep(
        self,
        batches: Mapping[str, Batch],
        numbers: Mapping[str, tuple[int, int]],
        labels: pa.ChunkedArray,
    ) -> frozenset[tuple[str, str]]:
        """Remember what is on disk now; give the strategies whose past has changed.

        Parameters
        ----------
        batches : mapping of str to Batch
            As they were booked.
        numbers : mapping of str to tuple of int
            First and last sequence of each that had rows.
        labels : array of list<string>
            Of each trade among them.
        """
        for name, (first, _) in numbers.items():
            batches[name].number(first)
            self._known[name].index.add(batches[name].entries)
        touched = self.books.keep(_facts(batches), numbers, labels)
        self.save_if_due()
        return touched

    @property
    def known(self) -> dict[str, KnownIndex]:
        """What is known of each table, as hashes."""
        return {name: records.index for name, records in self._known.items()}

    def settle(self) -> None:
        """Go back to what is on disk, where the last step was cut short."""
        if not self.books.is_ahead:
            return
        if self._store.numbering()[1] == self._last:
            self.books = self.books.rewound()
        else:  # it had come as far as the disk
            self._open()

    def ledger(self) -> Ledger:
        """Give the ledger of what is on disk, at the rates that are known."""
        self.settle()
        if self.books.has_new_rates:
            nothing = Facts.of({})
            self.books.apply(nothing, None)
            self.books.keep(nothing, {}, NO_LABELS)
        return self.books.ledger

    def performance(self) -> PerformanceMetrics:
        """Give the metrics of what is on disk, at the rates that are known."""
        self.ledger()
        return self.books.metrics.performance()

    def save_if_due(self) -> None:
        """Keep a snapshot when much was recorded since the last one."""
        if self.books.sequence - self._saved >= _SNAPSHOT_ROWS:
            self.save()

    def save(self) -> None:
        """Keep a snapshot, unless nothing was recorded since the last one.

        Where it can't be written a warning says so: nothing is lost by that, the next
        start only takes longer.
        """
        if self.books.sequence <= self._saved or self.books.is_ahead:
            return
        self._saved = self.books.sequence
        try:
            days = self.books.metrics.performance().state()
            self._recovery.save(Snapshot(self.books.state(), days, self.known, self._span))
        except OSError as error:
            warnings.warn(f"the snapshot for a fast start was not kept: {error}", stacklevel=2)

    def _require_originals(self, batch: Batch) -> None:
        """Refuse corrections of what was never recorded."""
        rows = batch.rows.to_pylist() if _has_corrections(batch.rows) else []
        asked = {
            place: (row["account_id"], row["original_trade_id"])
            for place, row in enumerate(rows)
            if row["original_trade_id"] is not None
        }
        keys = [(row["account_id"], row["trade_id"]) for row in rows]
        given = {key for place, key in enumerate(keys) if place not in asked}
        while found := [
            place
            for place, key in asked.items()
            if key in given or self._known["trades"].knows(*key)
        ]:  # a chain of corrections is followed from its root
            given |= {keys[place] for place in found}
            asked = {place: key for place, key in asked.items() if place not in found}
        for place, (account, original) in asked.items():
            error = UnknownNameError(
                f"fill {rows[place]['trade_id']!r}: original_trade_id must name a recorded trade "
                f"of account {account!r}, was {original!r}; record the original first"
            )
            batch.refuse(place, error, "original_trade_id", "unknown_trade")
        batch.drop_refused()


def _facts(batches: Mapping[str, Batch]) -> Facts:
    return Facts.of({name: batch.rows for name, batch in batches.items()})


def _has_corrections(fills: pa.Table) -> bool:
    return bool(fills.column("original_trade_id").null_count < fills.num_rows)
