"""The journal: rows are on disk here before anyone is told so.

One SQLite file in WAL mode with ``synchronous=FULL``. Rows that are
acknowledged together are one commit, of whatever tables they are; each group
of them is one Arrow stream, chained to the group before it by sha256. Groups leave
from the front, whole, once they are safe in a table; the chain goes on from there.
After an error of the disk nothing more is written: an fsync is never tried twice.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.backlog import Backlog
from perfkit.store.fail_stop import FailStop
from perfkit.store.journal_file import (
    FORMAT,
    connect,
    copy_log,
    give_space_back,
    short_steps,
    start_log,
    unsynced,
)
from perfkit.store.journal_group import HEAD, Group, chained, cut, decode, encode, time_of
from perfkit.store.writer_spans import begin_span, holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

__all__ = ["Journal"]

GROUP_ROWS = 65_536  # bounds a blob, and what one step of the flusher holds
_PAUSE = 0.002  # seconds between two steps of forgetting, in which an append gets its turn

# each group with the digest before it: of the group before, or of the last one forgotten
_GROUPS = """
SELECT g.number, g.kind, g.first_sequence, g.last_sequence, g.digest, g.payload,
       coalesce(p.digest, j.digest)
FROM journal j JOIN groups g LEFT JOIN groups p ON p.number = g.number - 1
WHERE ?1 IS NULL OR g.kind = ?1 ORDER BY g.number
"""
_BACKLOG = """
SELECT l.last_sequence - f.first_sequence + 1, l.number - f.number + 1, l.number,
       substr(f.payload, 1, ?)
FROM groups f, groups l
WHERE f.number = (SELECT min(number) FROM groups) AND l.number = (SELECT max(number) FROM groups)
"""
_FORGOTTEN = """
UPDATE journal SET (number, sequence, digest) =
    (SELECT number, last_sequence, digest FROM groups WHERE number = ?)
"""
_LAST = (
    "SELECT number, last_sequence, digest FROM groups UNION ALL "
    "SELECT number, sequence, digest FROM journal ORDER BY 1 DESC LIMIT 1"
)


class Journal:
    """Acknowledged rows that are not in a table yet.

    Parameters
    ----------
    path : pathlib.Path
        The file; made when it is absent and the journal is opened for writing.
    home : str
        The history it belongs to; a journal of another one is refused.
    read_only : bool
        Look at a journal while another process writes to it.

    Raises
    ------
    StoreError
        When the file can't be opened, is no journal, or belongs elsewhere.
    """

    def __init__(self, path: Path, home: str, *, read_only: bool = False) -> None:
        self.path = path
        self._state = FailStop(f"the journal {path}")
        try:
            self._open(home, read_only)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"the journal {path} can't be opened: {error}; check the folder's rights and "
                "space, and that the file is a journal of perfkit"
            ) from error
        if (self._format, self._home) != (FORMAT, home):
            self._connection.close()
            raise StoreError(
                f"the journal {path} must have format {FORMAT} and belong to {home!r}, has "
                f"format {self._format} and belongs to {self._home!r}; give each history a "
                "journal of its own"
            )

    def _open(self, home: str, read_only: bool) -> None:
        self._connection = connect(self.path, home, read_only=read_only)
        row = self._connection.execute("SELECT format, home, id FROM journal").fetchone()
        if row is None:
            raise sqlite3.OperationalError("it was never finished, open it for writing")
        self._format, self._home, self.id = row
        self._number, self._sequence, self._digest = self._connection.execute(_LAST).fetchone()
        self._is_cut_short = False

    def beside(self) -> Journal:
        """Open the journal again, for another thread; an error of the disk stops both."""
        journal = Journal(self.path, self._home)
        journal._state = self._state
        return journal

    def number_from(self, sequence: int, group: int = 0) -> None:
        """Number the next row, and the next group, above those that are in use elsewhere."""
        self._sequence, self._number = max(self._sequence, sequence), max(self._number, group)

    def begin_span(self) -> str:
        """Begin a span of this writer, and give its name; see `writer_spans`."""
        with self._transaction():
            return begin_span(self._connection, self._sequence + 1)

    def holds(self, span: str, sequence: int) -> bool:
        """Tell whether the writer of a span had this history when it had numbered a row."""
        return holds(self._connection, span, sequence, self._sequence)

    @property
    def last_sequence(self) -> int:
        """Number of the last row that was acknowledged; 0 when there was none."""
        if self._is_cut_short:  # by a signal, perhaps behind the commit
            self._number, last, self._digest = self._connection.execute(_LAST).fetchone()
            self.number_from(last)
            self._is_cut_short = False
        return int(self._sequence)

    @property
    def is_stopped(self) -> bool:
        """Whether an error of the disk has stopped the journal."""
        return self._state.is_stopped

    def refuse_if_stopped(self) -> None:
        """Raise when an error has stopped the journal, naming it."""
        self._state.refuse_if_stopped()

    def settle(self) -> None:
        """Bring what an earlier process left in the log into the file, synced anew.

        What it wrote without an answer may be in memory alone, and an fsync
        says nothing about it a second time; rows behind it would be lost with it.

        Raises
        ------
        StoreError
            When the disk refuses.
        """
        with self._state.writing():
            start_log(self._connection)

    def append(self, tables: Mapping[str, pa.Table]) -> dict[str, tuple[int, int]]:
        """Number rows and put them on disk, all or none.

        Parameters
        ----------
        tables : mapping of str to pyarrow.Table
            From each table's name the rows that belong to it: at least one, with
            a column ``sequence`` that is filled here.

        Returns
        -------
        dict of str to tuple of int
            First and last sequence of each table's rows; they survive a power loss
            from now on.

        Raises
        ------
        StoreError
            When the disk refuses, and ever after.
        """
        sequence = self.last_sequence
        self._is_cut_short = True
        number, digest = self._number, self._digest
        lines, numbers, now = [], {}, datetime.now(UTC)
        for kind, rows in tables.items():
            first = sequence + 1
            for part in cut(rows, first, GROUP_ROWS):
                number, low, sequence = number + 1, sequence + 1, sequence + part.num_rows
                header, payload = (number, kind, low, sequence), encode(part, now)
                digest = chained(digest, header, payload)
                lines.append((*header, digest, payload))
            numbers[kind] = first, sequence
        with self._transaction():
            self._connection.executemany("INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?)", lines)
        self._number, self._digest, self._sequence = number, digest, sequence
        self._is_cut_short = False
        return numbers

    def groups(self, kind: str | None = None) -> Iterator[Group]:
        """Read the groups in order, each checked against the chain.

        Parameters
        ----------
        kind : str, optional
            Only the groups of this table.

        Raises
        ------
        DamagedStoreError
            At the first group that is not what was written.
        """
        with self._state.reading():
            for *header, digest, payload, before in self._connection.execute(_GROUPS, (kind,)):
                number, group_kind, first, last = header
                if digest != chained(before, tuple(header), payload):
                    raise self._state.damage(
                        f"group {number} of {group_kind} is not what was acknowledged"
                    )
                yield Group(
                    number=number,
                    kind=group_kind,
                    first_sequence=first,
                    last_sequence=last,
                    digest=digest,
                    rows=decode(payload),
                )

    def backlog(self) -> Backlog:
        """Say how much waits, and since when; at the cost of reading one group.

        Raises
        ------
        DamagedStoreError
            When the file or its first group can't be read.
        """
        with self._state.reading():
            found = self._connection.execute(_BACKLOG, (HEAD,)).fetchone()
        if found is None:
            return Backlog()
        rows, groups, last, head = found
        try:
            return Backlog(rows=rows, groups=groups, last_group=last, oldest=time_of(head))
        except ValueError as error:
            raise self._state.damage("the first group is not what was acknowledged") from error

    def forget(self, group: Group) -> None:
        """Drop a group and all before it, which are safe in their tables.

        In steps, between which another process may append. It is not synced:
        after a power loss some may be there again, and are dropped again.

        Raises
        ------
        StoreError
            When the disk refuses, and ever after.
        """
        with self._state.writing(), unsynced(self._connection):
            for number in short_steps(self._connection, group.number):
                with self._transaction():
                    self._connection.execute(_FORGOTTEN, (number,))
                    self._connection.execute("DELETE FROM groups WHERE number <= ?", (number,))
                if number < group.number:
                    time.sleep(_PAUSE)
            give_space_back(self._connection)
        self.copy_log()

    def copy_log(self) -> None:
        """Keep the file's log short, beside a process that appends."""
        with self._state.writing():
            copy_log(self._connection)

    def verify(self) -> str | None:
        """Check the file and the chain; None when whole, else what is wrong."""
        try:
            numbers = [group.number for group in self.groups()]
            state = self._connection.execute("PRAGMA quick_check").fetchone()[0]
        except (DamagedStoreError, sqlite3.Error) as error:
            return str(error)
        # a writer may have gone on since this file was opened
        if numbers and numbers != list(range(numbers[0], max(self._number, numbers[-1]) + 1)):
            return f"the journal {self.path}: groups are missing between {numbers}"
        return None if state == "ok" else f"the journal {self.path}: {state}"

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._state.writing():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    with suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
