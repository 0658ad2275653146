"""The file of the journal: how SQLite keeps it, and how it stays small.

One process appends, and must not wait; another may forget what it has moved.
So what is forgotten is only marked as free (``secure_delete`` off), in short
transactions that need no fsync of their own: to forget again is harmless.
The log is copied into the file beside the writer (``PASSIVE``); only a log
that has grown past its bound is started again, which takes the writer's turn
for a moment. Measured beside groups of 80 trades every 8 ms, and a backlog of
200 MB that is forgotten meanwhile: the longest append fell from 850 ms to 40.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "FORMAT",
    "connect",
    "copy_log",
    "give_space_back",
    "short_steps",
    "start_log",
    "unsynced",
]

FORMAT = 1
MAKING_TRIES = 50
BUSY_MS = 30_000  # a reader or another process is waited for that long
PAGE = 4096  # bytes: what SQLite makes a new file of
LOG_BOUND = 8 << 20  # bytes from which on the log is started again
STEP = 4 << 20  # bytes that are forgotten at a time
KEPT_FREE = 64 << 20  # bytes that stay with the file for the next groups
KEPT_EMPTY = 1 << 20  # the same, and bytes of the log, when no group is left
SMALL = 16 << 20  # bytes that may be written again to give the others back
_INCREMENTAL = 2  # auto_vacuum by wish; FULL moves pages about while an append waits

# a log of 16 MB is copied by an append only where no flusher runs: its 60 ms are then one
# append in 400
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "fullfsync=1",
    "secure_delete=OFF",
    f"wal_autocheckpoint={(16 << 20) // PAGE}",
    f"journal_size_limit={16 << 20}",
    "temp_store=MEMORY",
)
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


def connect(path: Path, home: str, *, read_only: bool) -> sqlite3.Connection:
    """Open the file, which is made when it is absent and may be written to.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    home : str
        The history that a new journal belongs to.
    read_only : bool
        Whether nothing is written.

    Raises
    ------
    sqlite3.Error
        When it can't be opened or is no file of SQLite.
    """
    uri = f"{path.as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )
    tries = 0
    while not read_only:
        try:
            _set_up(connection, home)
            break
        except sqlite3.OperationalError as error:
            # of two that make the file at once SQLite refuses one, without a wait
            tries += 1
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or tries == MAKING_TRIES:
                raise
            time.sleep(0.02)
    return connection


@contextmanager
def unsynced(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit without an fsync: a power loss may take it back, as a whole.

    The next commit that is synced takes along what was committed before it.
    """
    connection.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous=FULL")


def short_steps(connection: sqlite3.Connection, last: int) -> list[int]:
    """Cut the groups up to one into steps that keep no append waiting for long.

    Parameters
    ----------
    connection : sqlite3.Connection
        Of the journal.
    last : int
        Number of the last group.

    Returns
    -------
    list of int
        Number of the last group of each step.
    """
    sizes = "SELECT number, length(payload) FROM groups WHERE number <= ? ORDER BY number"
    steps, size = [], 0
    for number, more in connection.execute(sizes, (last,)):
        size += more
        if size >= STEP or number == last:
            steps.append(number)
            size = 0
    return steps


def copy_log(connection: sqlite3.Connection) -> None:
    """Copy the log into the file, so that the log can start again from its beginning.

    It does so by itself with the next append if nothing came meanwhile, and
    is told to past its bound. Behind the last group it gives its space back.
    A reader in the middle of it is not waited for.
    """
    _, pages, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    size = pages * _page(connection)
    if size > KEPT_EMPTY and _is_empty(connection):
        _checkpoint(connection, "TRUNCATE")
    elif size > LOG_BOUND and copied < pages:
        _checkpoint(connection, "RESTART")


def start_log(connection: sqlite3.Connection) -> None:
    """Copy all of the log into the file and empty it; whoever reads it is waited for."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def give_space_back(connection: sqlite3.Connection) -> None:
    """Shorten a file of which most is free; what the next groups need stays."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    page = _page(connection)
    kept = KEPT_EMPTY if _is_empty(connection) else KEPT_FREE
    if free * page > kept and (pages - free) * page < SMALL:
        connection.execute("VACUUM")  # writes anew what is left, however much was free


def _set_up(connection: sqlite3.Connection, home: str) -> None:
    if connection.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
        connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")  # first: WAL is content
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(_TABLES)
    connection.execute(
        "INSERT OR IGNORE INTO journal VALUES (1, ?, ?, ?, 0, 0, x'')",
        (FORMAT, uuid.uuid4().hex, home),
    )


def _checkpoint(connection: sqlite3.Connection, mode: str) -> None:
    connection.execute("PRAGMA busy_timeout=5")  # it waits with the writer's turn in its hand
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM groups LIMIT 1").fetchone() is None


def _page(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_size").fetchone()[0])
