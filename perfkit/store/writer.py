"""The writer: the one who has the lock, and through whom rows reach the disk."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from perfkit.errors import StoreError
from perfkit.store.flusher import flush, prepare
from perfkit.store.journal import Journal
from perfkit.store.location import make_folder
from perfkit.store.receipt import Receipt
from perfkit.store.writer_lock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from perfkit.store.delta_tables import DeltaTables

__all__ = ["Writer"]


class Writer:
    """The right to write to a history, held until `release`.

    Parameters
    ----------
    tables : DeltaTables
        Of the history, which is made when it is absent.

    Attributes
    ----------
    journal : Journal
        Open for writing.
    repaired : tuple of str
        A sentence on each thing that an earlier crash left half done, and that
        was set aside or put back.

    Raises
    ------
    StoreLockedError
        When another writer has it; the message names the process.
    StoreError
        When the place can't be written, or a store in S3 does not honour
        conditional puts.
    """

    def __init__(self, tables: DeltaTables) -> None:
        self._tables = tables
        location = tables.location
        try:
            with ExitStack() as undo:
                make_folder(location.journal.parent)
                undo.callback(WriterLock(location.journal.with_suffix(".lock")).release)
                # whole from now on, should an earlier start have been cut short while making it
                Journal(location.journal, location.journal_home).close()
                self.repaired = prepare(tables)
                self.journal = Journal(location.journal, location.journal_home)
                undo.callback(self.journal.close)
                self.journal.settle()
                self._go_on()
                self.span = self.journal.begin_span()
                self._undo = undo.pop_all()
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"{location.uri}: the history can't be opened for writing: {error}; check the "
                "folder's rights and space"
            ) from error

    def _go_on(self) -> None:
        """Number above what the tables have: a journal from a backup is behind them."""
        last = self._tables.last_group(self.journal.id)
        if last > self.journal._number:
            flush(self.journal, self._tables)  # groups must follow each other
        self.journal.number_from(self._tables.last_sequence(), last)

    def append(self, tables: Mapping[str, pa.Table]) -> dict[str, Receipt]:
        """Number rows and put them on disk, all or none.

        Parameters
        ----------
        tables : mapping of str to pyarrow.Table
            From each table's name its rows, checked, with an empty ``sequence``.

        Raises
        ------
        StoreError
            When the disk refuses, and ever after.
        """
        self.journal.refuse_if_stopped()
        numbers = self.journal.append({n: rows for n, rows in tables.items() if rows.num_rows})
        receipts = dict.fromkeys(tables, Receipt.of_nothing())
        for name, (first, last) in numbers.items():
            receipts[name] = Receipt(
                first_sequence=first, last_sequence=last, accepted=last - first + 1
            )
        return receipts

    def flush(self) -> int:
        """Move everything acknowledged into the tables; see `TradeStore.flush`.

        Raises
        ------
        StoreError
            When the tables refuse, which stops nothing: rows are acknowledged
            as before and wait in the journal. When the journal itself fails,
            and ever after.
        """
        self.journal.refuse_if_stopped()
        with closing(self.journal.beside()) as journal:  # another thread may append meanwhile
            return flush(journal, self._tables)

    def release(self) -> None:
        """Let the next writer in without flushing; what is acknowledged is safe."""
        self._undo.close()
