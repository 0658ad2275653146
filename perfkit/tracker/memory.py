"""Memory: what the tracker remembers of its store.

Which ids are known and with what content, and the books. All of it is a
reading of the store: it is built from it on opening, and again whenever a
step was cut short between the books and the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.tracker.books import Books
from perfkit.tracker.facts import FACTS, Facts, RecordedFacts
from perfkit.tracker.known_records import KnownRecords
from perfkit.tracker.split_rows import require_told_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from perfkit.store import TradeStore
    from perfkit.tracker.books import BookedFills
    from perfkit.tracker.known_records import Screened
    from perfkit.tracker.roles import Market

__all__ = ["Memory"]


class Memory:
    """Known records and books of a history.

    Parameters
    ----------
    store : TradeStore
        The history.

    Attributes
    ----------
    books : Books
        Positions, P&L and account states.
    """

    def __init__(self, store: TradeStore) -> None:
        self._source = RecordedFacts(store)
        self._rebuild()

    def screen(self, tables: Mapping[str, pa.Table]) -> dict[str, Screened]:
        """Tell the rows of each table that are new from those that are known.

        Parameters
        ----------
        tables : mapping of str to pyarrow.Table
            Checked rows, by the names in `FACTS`.

        Raises
        ------
        ConflictError
            When an id is known with other content, or a split by another id.
        """
        if self.books.is_ahead:
            self._rebuild()
        screened = {
            name: self._known[name].screen(rows, self._source.where(name))
            for name, rows in tables.items()
        }
        if "splits" in screened and screened["splits"].fresh.num_rows:
            require_told_once(screened["splits"].fresh, self._source.splits())
        return screened

    def book(self, fresh: Mapping[str, pa.Table], market: Market | None) -> BookedFills:
        """Put new facts into the books; see `Books.apply`."""
        return self.books.apply(Facts.of(fresh), market)

    def keep(self, screened: Mapping[str, Screened]) -> None:
        """Remember what is on disk now."""
        for name, rows in screened.items():
            self._known[name].add(rows.digests)
        self.books.is_ahead = False

    def _rebuild(self) -> None:
        facts = self._source.all()
        self._known = {name: KnownRecords(record) for name, record in FACTS.items()}
        for name, rows in facts._asdict().items():
            self._known[name].learn(rows)
        self.books = Books(facts, self._source)
