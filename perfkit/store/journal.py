"""The journal: rows are on disk here before anyone is told so.

One SQLite file in WAL mode with ``synchronous=FULL``. Rows that are
acknowledged together are one commit, of whatever tables they are; each group
of them is one Arrow stream, chained to the group before it by sha256. Groups leave from the
front, whole, once they are safe in a table; the chain goes on from there,
and the file gives their space back. After an error of the disk nothing more
is written: an fsync is never tried twice.
"""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.journal_group import Group, chained, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Journal"]

GROUP_ROWS = 65_536  # bounds a blob, and what one step of the flusher holds
_FORMAT = 1

# auto_vacuum counts only for a file without content, and WAL is content
_PRAGMAS = ("auto_vacuum=FULL", "journal_mode=WAL", "synchronous=FULL", "fullfsync=1")
_TABLES = """
CREATE TABLE IF NOT EXISTS journal (
    one INTEGER PRIMARY KEY CHECK (one = 1), format INTEGER NOT NULL, id TEXT NOT NULL,
    home TEXT NOT NULL, number INTEGER NOT NULL, sequence INTEGER NOT NULL, digest BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS groups (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, first_sequence INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL, digest BLOB NOT NULL, payload BLOB NOT NULL
);
"""


# each group with the digest before it: of the group before, or of the last one forgotten
_GROUPS = """
SELECT g.number, g.kind, g.first_sequence, g.last_sequence, g.digest, g.payload,
       coalesce(p.digest, j.digest)
FROM journal j JOIN groups g LEFT JOIN groups p ON p.number = g.number - 1
WHERE ?1 IS NULL OR g.kind = ?1 ORDER BY g.number
"""


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
        self._failure: str | None = None
        try:
            self._open(home, read_only)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"the journal {path} can't be opened: {error}; check the folder's rights and "
                "space, and that the file is a journal of perfkit"
            ) from error
        if (self._format, self._home) != (_FORMAT, home):
            self._connection.close()
            raise StoreError(
                f"the journal {path} must have format {_FORMAT} and belong to {home!r}, has "
                f"format {self._format} and belongs to {self._home!r}; give each history a "
                "journal of its own"
            )

    def _open(self, home: str, read_only: bool) -> None:
        uri = f"{self.path.as_uri()}?mode={'ro' if read_only else 'rwc'}"
        self._connection = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)
        if not read_only:
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(_TABLES)
            self._connection.execute(
                "INSERT OR IGNORE INTO journal VALUES (1, ?, ?, ?, 0, 0, x'')",
                (_FORMAT, uuid.uuid4().hex, home),
            )
        row = self._connection.execute("SELECT format, home, id FROM journal").fetchone()
        self._format, self._home, self.id = row
        self._number, self._sequence, self._digest = self._connection.execute(
            "SELECT number, last_sequence, digest FROM groups UNION ALL "
            "SELECT number, sequence, digest FROM journal ORDER BY 1 DESC LIMIT 1"
        ).fetchone()

    def number_from(self, sequence: int) -> None:
        """Number the next row above a sequence that is in use elsewhere."""
        self._sequence = max(self._sequence, sequence)

    def refuse_if_stopped(self) -> None:
        """Raise when an error has stopped the journal.

        Raises
        ------
        StoreError
            Naming the first error.
        """
        if self._failure is not None:
            raise StoreError(
                f"the journal {self.path} has stopped after an error ({self._failure}); mend the "
                "disk and open the history again, what was acknowledged is safe"
            )

    def stop(self, reason: str) -> None:
        """Write no more: an error left the disk in a state that is not known."""
        self._failure = reason

    @property
    def is_stopped(self) -> bool:
        """Whether an error has stopped the journal."""
        return self._failure is not None

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
        number, digest, sequence = self._number, self._digest, self._sequence
        lines, numbers = [], {}
        for kind, rows in tables.items():
            first = sequence + 1
            for part in _numbered(rows, first):
                number, low, sequence = number + 1, sequence + 1, sequence + part.num_rows
                header, payload = (number, kind, low, sequence), encode(part)
                digest = chained(digest, header, payload)
                lines.append((*header, digest, payload))
            numbers[kind] = first, sequence
        with self._transaction():
            self._connection.executemany("INSERT INTO groups VALUES (?, ?, ?, ?, ?, ?)", lines)
        self._number, self._digest, self._sequence = number, digest, sequence
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
        try:
            for *header, digest, payload, before in self._connection.execute(_GROUPS, (kind,)):
                if digest != chained(before, tuple(header), payload):
                    raise DamagedStoreError(
                        f"the journal {self.path}: group {header[0]} of {header[1]} is not what "
                        "was acknowledged; keep a copy of the file and restore it from a backup"
                    )
                number, group_kind, first, last = header
                yield Group(
                    number=number,
                    kind=group_kind,
                    first_sequence=first,
                    last_sequence=last,
                    digest=digest,
                    rows=decode(payload),
                )
        except sqlite3.Error as error:
            raise DamagedStoreError(
                f"the journal {self.path} can't be read: {error}; keep a copy of the file and "
                "restore it from a backup"
            ) from error

    def forget(self, group: Group) -> None:
        """Drop a group and all before it, which are safe in their tables.

        A reader that is in the middle of them is waited for, half a minute at
        most; then the file keeps its size until the next time.

        Raises
        ------
        StoreError
            When the disk refuses, and ever after.
        """
        with self._transaction():
            self._connection.execute(
                "UPDATE journal SET number = ?, sequence = ?, digest = ?",
                (group.number, group.last_sequence, group.digest),
            )
            self._connection.execute("DELETE FROM groups WHERE number <= ?", (group.number,))
        with self._stopping():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

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
        with self._stopping():
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        self.refuse_if_stopped()
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self.stop(str(error))
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise StoreError(
                f"the journal {self.path} could not be written ({error}); nothing was "
                "acknowledged and writing has stopped, mend the disk and open the history again"
            ) from error


def _numbered(rows: pa.Table, first: int) -> Iterator[pa.Table]:
    """Fill in the numbers, and cut the rows into groups."""
    place = rows.schema.get_field_index("sequence")
    numbers = pa.array(np.arange(first, first + rows.num_rows))
    numbered = rows.set_column(place, rows.schema.field(place), numbers)
    for start in range(0, rows.num_rows, GROUP_ROWS):
        yield numbered.slice(start, GROUP_ROWS)
