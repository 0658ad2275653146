"""Snapshot: a history as it was when its last row was numbered so, for many readers.

It is only an address and a number, so that it can be sent to another process; all that
read it see the same rows, whatever is recorded meanwhile.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.journal import Journal
from perfkit.store.location import open_location
from perfkit.store.reader import frames
from perfkit.store.s3_location import S3Location
from perfkit.store.tables import table_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.store.trade_store import TradeStore

__all__ = ["Snapshot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A history up to one number.

    Attributes
    ----------
    uri : str
        Address of the history.
    options : dict of str to str
        Storage options.
    journal : pathlib.Path
        File of the journal.
    last : int
        Only rows that were numbered up to here.
    known : datetime, optional
        Only what was known by then.
    waiting : str, optional
        Id of the journal that held some of the rows when the snapshot was taken; None
        when all were in the tables.
    """

    uri: str
    options: dict[str, str]
    journal: Path
    last: int
    known: datetime | None
    waiting: str | None

    @classmethod
    def of(cls, store: TradeStore) -> Snapshot:
        """Take a snapshot of what is acknowledged now.

        Raises
        ------
        StoreError
            When there is no history, or it can't be reached.
        """
        tables, location, last, waiting = store._tables, store._tables.location, 0, None
        if location.journal.exists():
            opened = Journal(location.journal, location.journal_home, read_only=True)
            with closing(opened) as journal:
                last = journal.last_sequence
                waiting = journal.id if journal.backlog().rows else None
        return cls(
            uri=location.uri,
            options=location._access._options if isinstance(location, S3Location) else {},
            journal=location.journal,
            last=max(last, tables.last_sequence()),
            known=store._known,
            waiting=waiting,
        )

    @property
    def tables(self) -> DeltaTables:
        """The tables of the history."""
        return DeltaTables(open_location(self.uri, self.options, self.journal))

    def select(
        self, name: str, shape: Callable[[pl.LazyFrame], pl.LazyFrame], after: int = 0
    ) -> pl.DataFrame:
        """Shape the rows of a table, in no order, while they are read.

        Parameters
        ----------
        name : str
            One of `TABLES`.
        shape : callable
            From all rows of the table, with ``sequence``, to those that are wanted. Rows
            that a later one with the same key replaces are there too.
        after : int
            Only rows that were numbered above.

        Raises
        ------
        StoreError
            When the history can't be reached, or the journal with the last rows is on
            another machine.
        DamagedStoreError
            When a file is not what was written.
        """
        tables = self.tables
        location = tables.location
        if not location.journal.exists():
            self._require_journal(None)
            return self._collected(name, shape, (tables, None), after)
        opened = Journal(location.journal, location.journal_home, read_only=True)
        with closing(opened) as journal:
            self._require_journal(journal)
            return self._collected(name, shape, (tables, journal), after)

    def read(self, name: str, columns: Sequence[str], where: pl.Expr | None = None) -> pa.Table:
        """Read some columns of a table in canonical order, as `TradeStore.read` does."""
        layout = table_layout(name)
        schema = layout.numbered_schema
        schema = pa.schema([schema.field(column) for column in columns])

        def shape(rows: pl.LazyFrame) -> pl.LazyFrame:
            if layout.key:
                rows = rows.sort("sequence").unique(layout.key, keep="last", maintain_order=True)
            rows = rows if where is None else rows.filter(where)
            return rows.sort(layout.time, "sequence").select(columns)

        found = self.select(name, shape)
        return found.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)

    def _collected(
        self,
        name: str,
        shape: Callable[[pl.LazyFrame], pl.LazyFrame],
        place: tuple[DeltaTables, Journal | None],
        after: int,
    ) -> pl.DataFrame:
        try:
            told = frames(table_layout(name), *place, after, self.last)
            rows = pl.concat(told, how="vertical")
            if self.known is not None:
                recorded = pl.col("recorded_at")
                rows = rows.filter(recorded.is_null() | (recorded <= self.known))
            return shape(rows).collect(engine="streaming")
        except (pl.exceptions.ComputeError, pl.exceptions.PanicException) as error:
            raise DamagedStoreError(
                f"{place[0].uri(name)} can't be read: {error}; run `perfkit verify`"
            ) from error

    def _require_journal(self, journal: Journal | None) -> None:
        if self.waiting is not None and (journal is None or journal.id != self.waiting):
            raise StoreError(
                f"{self.uri}: rows that were just recorded wait in the journal {self.journal} of "
                "another machine; flush the history there first, or compute on that machine"
            )
