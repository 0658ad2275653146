"""The store: a history's rows, kept; journal and tables read as one.

It keeps and does not think: what is appended is numbered, journalled,
fsynced and acknowledged; whether a trade was known before is asked above.
One process writes, any number read, and a reader sees a row from the moment
it was acknowledged.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from perfkit.errors import StoreError
from perfkit.records import check_table, conform
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.flusher import flush
from perfkit.store.journal import Journal
from perfkit.store.location import make_folder, open_location
from perfkit.store.reader import read_rows
from perfkit.store.receipt import Receipt
from perfkit.store.tables import table_layout
from perfkit.store.writer_lock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import polars as pl

__all__ = ["TradeStore"]


class TradeStore:
    """The trades, cash, bars and labels of one history.

    Parameters
    ----------
    uri : str or pathlib.Path
        A folder, or ``s3://bucket/prefix``.
    storage_options : mapping of str to str, optional
        For S3, as delta-rs names them: ``AWS_ENDPOINT_URL``, ``AWS_REGION``,
        ``AWS_ALLOW_HTTP`` ... Credentials come from the usual AWS chain.
    journal : str or pathlib.Path, optional
        File of the journal on this machine. By default ``journal.sqlite``
        in a local history; for S3 a folder below ``$XDG_STATE_HOME/perfkit``
        (``~/.local/state/perfkit``).

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
        self._location = open_location(uri, storage_options, journal)
        self._tables = DeltaTables(self._location)
        self._journal: Journal | None = None
        self._lock: WriterLock | None = None

    @property
    def uri(self) -> str:
        """Address of the history."""
        return self._location.uri

    def open(self) -> Self:
        """Become the writer of the history, which is made when it is absent.

        Raises
        ------
        StoreLockedError
            When another writer has it; the message names the process.
        StoreError
            When the place can't be written, or a store in S3 does not honour
            conditional puts.
        """
        if self._journal is not None:
            return self
        path = self._location.journal
        try:
            self._location.prepare()
            make_folder(path.parent)
            self._lock = WriterLock(path.with_suffix(".lock"))
            self._tables.create()
            self._journal = Journal(path, self._location.journal_home)
            self._journal.number_from(self._tables.last_sequence())
        except OSError as error:
            self.release()
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"{self.uri}: the history can't be opened for writing: {error}; check the "
                "folder's rights and space"
            ) from error
        return self

    def append(self, name: str, rows: pa.Table) -> Receipt:
        """Number rows and put them on disk, all or none.

        Parameters
        ----------
        name : str
            ``trades``, ``cash``, ``bars`` or ``labels``.
        rows : pyarrow.Table
            Columns of the table's record; ``sequence`` is set here.

        Returns
        -------
        Receipt
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
        layout = table_layout(name)
        rows = conform(rows, layout.record)
        check_table(rows, layout.record)
        journal = self._writer()
        if rows.num_rows == 0:
            return Receipt.of_nothing()
        if "sequence" not in rows.column_names:
            field = layout.numbered_schema.field("sequence")
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
        first, last = journal.append(name, rows)
        return Receipt(first_sequence=first, last_sequence=last, accepted=rows.num_rows)

    def read(
        self,
        name: str = "trades",
        *,
        where: pl.Expr | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Read a table and what the journal has for it.

        Parameters
        ----------
        name : str, default "trades"
            ``trades``, ``cash``, ``bars`` or ``labels``.
        where : polars.Expr, optional
            Which rows; what can be is decided before a file is read, e.g.
            ``pl.col("strategy_id") == "momentum"``.
        columns : sequence of str, optional
            Which columns, in this order; all when None.

        Returns
        -------
        pyarrow.Table
            In canonical order: by time, then by number in the journal. Of
            bars with the same symbol and close time only the last recorded.

        Raises
        ------
        UnknownNameError
            When the table or a column does not exist.
        StoreError
            When there is no history at this address.
        DamagedStoreError
            When a file is not what was written.
        """
        layout = table_layout(name)
        if self._journal is not None:
            return read_rows(layout, self._tables, self._journal, where=where, columns=columns)
        with self._location_journal() as journal:
            return read_rows(layout, self._tables, journal, where=where, columns=columns)

    def flush(self) -> int:
        """Move everything acknowledged into the tables.

        Returns
        -------
        int
            How many rows were moved.

        Raises
        ------
        StoreError
            When the tables refuse; the rows stay in the journal, and this
            store writes no more.
        """
        journal = self._writer()
        try:
            return flush(journal, self._tables)
        except StoreError as error:
            journal.stop(str(error))
            raise

    def close(self) -> None:
        """Flush, and let the next writer in. A store that has stopped only lets go."""
        try:
            if self._journal is not None and not self._journal.is_stopped:
                self.flush()
        finally:
            self.release()

    def release(self) -> None:
        """Let the next writer in without flushing; what is acknowledged is safe."""
        journal, self._journal = self._journal, None
        lock, self._lock = self._lock, None
        if journal is not None:
            journal.close()
        if lock is not None:
            lock.release()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _writer(self) -> Journal:
        journal = self.open()._journal
        assert journal is not None
        journal.refuse_if_stopped()
        return journal

    @contextmanager
    def _location_journal(self) -> Iterator[Journal | None]:
        path = self._location.journal
        if not path.exists():
            yield None
            return
        with closing(Journal(path, self._location.journal_home, read_only=True)) as journal:
            yield journal
