"""The store: a history's rows, kept; journal and tables read as one.

It keeps and does not think: what is appended is numbered, journalled and synced;
whether a trade was known before is asked above. One process writes, any number
read, and a reader sees a row from the moment it was acknowledged.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from copy import copy
from typing import TYPE_CHECKING, Self

from perfkit.errors import InvalidArgumentError, StoreError
from perfkit.store.backlog import Backlog
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.journal import Journal
from perfkit.store.location import open_location
from perfkit.store.reader import Question, read_rows
from perfkit.store.tables import TableLayout, table_layout
from perfkit.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    import polars as pl
    import pyarrow as pa

    from perfkit.store.receipt import Receipt

__all__ = ["TradeStore"]


class TradeStore:
    """The tables of one history.

    Parameters
    ----------
    uri : str or pathlib.Path
        A folder, or ``s3://bucket/prefix``.
    storage_options : mapping of str to str, optional
        For S3, as delta-rs names them: ``AWS_ENDPOINT_URL``, ``AWS_REGION``,
        ``AWS_ALLOW_HTTP`` ... Credentials come from the usual AWS chain.
    journal : str or pathlib.Path, optional
        File of the journal on this machine. By default ``journal.sqlite`` in a local
        history; for S3 in a folder below ``$XDG_STATE_HOME/perfkit``.

    Raises
    ------
    InvalidArgumentError
        When the uri is neither a folder nor in S3.

    Notes
    -----
    Nothing is touched before the first call. One writer: on one machine the
    lock refuses a second; histories in S3 have one writing machine, which is
    the desk's to keep, for the lock lies beside the journal.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from perfkit.records import Bar, to_table
    >>> bar = Bar(symbol="SPY", close_time=datetime(2024, 5, 1, 20, tzinfo=UTC), close=500.5)
    >>> with tempfile.TemporaryDirectory() as folder, TradeStore(folder) as store:
    ...     receipt = store.append("bars", to_table([bar], Bar))
    ...     receipt.accepted, store.read("bars").column("close").to_pylist()
    (1, [500.5])
    """

    def __init__(
        self,
        uri: str | Path,
        *,
        storage_options: Mapping[str, str] | None = None,
        journal: str | Path | None = None,
    ) -> None:
        self._tables = DeltaTables(open_location(uri, storage_options, journal))
        self._writer: Writer | None = None
        self._known: datetime | None = None

    @property
    def uri(self) -> str:
        """Address of the history."""
        return self._tables.location.uri

    def open(self) -> Self:
        """Become the writer of the history, which is made when it is absent.

        Raises
        ------
        StoreLockedError
            When another writer has it; the message names the process.
        StoreError
            When the place can't be written, or this is the history `as_of` a time.
        """
        self._opened()
        return self

    def append(self, name: str, rows: pa.Table) -> Receipt:
        """Put the rows of one table on disk; see `append_many`.

        Parameters
        ----------
        name : str
            One of `TABLES`.
        rows : pyarrow.Table
            Columns of its record; ``sequence`` is set here.
        """
        return self.append_many({name: rows})[name]

    def append_many(
        self, tables: Mapping[str, pa.Table], *, is_checked: bool = False
    ) -> dict[str, Receipt]:
        """Number rows of several tables and put them on disk, all or none.

        Parameters
        ----------
        tables : mapping of str to pyarrow.Table
            From each table's name its rows; they are numbered in this order.
        is_checked : bool
            Whether the values were held against the rules of their records already.

        Returns
        -------
        dict of str to Receipt
            The rows survive a power loss from now on.

        Raises
        ------
        UnknownNameError
            When there is no such table.
        SchemaError, InvalidTableError
            When the rows are not those of its record; nothing was written.
        StoreLockedError
            When another writer has the history.
        StoreError
            When the disk refuses; nothing was acknowledged and this store
            writes no more.
        """
        brought = TableLayout.conformed if is_checked else TableLayout.checked
        ready = {name: brought(table_layout(name), rows) for name, rows in tables.items()}
        return self._opened().append(ready)

    def read(
        self,
        name: str = "trades",
        *,
        where: pl.Expr | None = None,
        columns: Sequence[str] | None = None,
        known: datetime | None = None,
        after: int = 0,
    ) -> pa.Table:
        """Read a table and what the journal has for it.

        Parameters
        ----------
        name : str, default "trades"
            One of `TABLES`.
        where : polars.Expr, optional
            Which rows; what can be is decided before a file is read, e.g.
            ``pl.col("strategy_id") == "momentum"``.
        columns : sequence of str, optional
            Which columns, in this order; all when None.
        known : datetime, optional
            Only what was known by then: rows whose ``recorded_at`` is not later. A row
            that does not say when it was recorded was always known.
        after : int
            Only what was numbered after this sequence; other files are not read.

        Returns
        -------
        pyarrow.Table
            In canonical order: by time, then by number in the journal. Of
            bars with the same symbol and close time only the last recorded. A
            column that is younger than a row has its record's default there.

        Raises
        ------
        UnknownNameError
            When the table or a column does not exist.
        InvalidArgumentError
            When ``known`` has no zone.
        StoreError
            When there is no history at this address, or a newer perfkit wrote it.
        DamagedStoreError
            When a file is not what was written.
        """
        layout, known = table_layout(name), self._earlier(known)
        with self._open_journal() as journal:
            question = Question(where, columns, known, after)
            return read_rows(layout, self._tables, journal, question)

    def as_of(self, known: datetime) -> TradeStore:
        """Give the history as it was known at a time, for reading only.

        Parameters
        ----------
        known : datetime
            With a zone.

        Returns
        -------
        TradeStore
            Every `read` of it leaves out what was recorded later; it can't be
            opened for writing.

        Raises
        ------
        InvalidArgumentError
            When the time has no zone.
        """
        view = copy(self)
        view._writer, view._known = None, self._earlier(known)
        return view

    def flush(self) -> int:
        """Move everything acknowledged into the tables; give how many rows that were.

        Raises
        ------
        StoreError
            When the tables refuse; the rows are safe in the journal.
        """
        return self._opened().flush()

    def backlog(self) -> Backlog:
        """Tell what is acknowledged and not in the tables yet."""
        with self._open_journal() as journal:
            return Backlog() if journal is None else journal.backlog()

    def close(self) -> None:
        """Flush, and let the next writer in. A store that has stopped only lets go."""
        try:
            if self._writer is not None and not self._writer.journal.is_stopped:
                self._writer.flush()
        finally:
            self.release()

    def release(self) -> None:
        """Let the next writer in without flushing; what is acknowledged is safe."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.release()

    def numbering(self) -> tuple[str, int]:
        """Give the span in which this writer numbers rows, and the last sequence."""
        return self._opened().span, self._opened().journal.last_sequence

    def holds(self, span: str, sequence: int) -> bool:
        """Tell whether a span's writer had this history when it had numbered a row."""
        return self._opened().journal.holds(span, sequence)

    @property
    def recovery(self) -> Path:
        """Folder of this machine for what spares a writer to read the whole history."""
        return self._tables.location.journal.parent / "recovery"

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _opened(self) -> Writer:
        if self._known is not None:
            raise StoreError(
                f"{self.uri}: a history as of {self._known.isoformat()} must only be read; write "
                "through a TradeStore of the address itself"
            )
        if self._writer is None:
            self._writer = Writer(self._tables)
        return self._writer

    def _earlier(self, known: datetime | None) -> datetime | None:
        if known is not None and known.tzinfo is None:
            raise InvalidArgumentError(
                f"known must be a time with a zone, was {known!r}; give tzinfo, e.g. "
                "datetime(2024, 3, 1, tzinfo=UTC)"
            )
        limits = [limit for limit in (known, self._known) if limit is not None]
        return min(limits, default=None)

    @contextmanager
    def _open_journal(self) -> Iterator[Journal | None]:
        """Open the journal for reading, which a writer may go on with meanwhile."""
        location = self._tables.location
        if not location.journal.exists():
            yield None
            return
        with closing(Journal(location.journal, location.journal_home, read_only=True)) as journal:
            yield journal
