"""Writer spans: which writer numbered which rows.

Each time a history is opened for writing a new span begins, under a name that
no other has. Whoever kept something about the rows up to a sequence asks whether
this history is the one it was kept of: after a journal was put back from a
backup, or copied and gone on with in two places, it is not.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["begin_span", "holds"]

_TABLE = """
CREATE TABLE IF NOT EXISTS spans (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, first_sequence INTEGER NOT NULL
)
"""
_NEXT = """
SELECT s.first_sequence, (
    SELECT min(n.first_sequence) FROM spans n WHERE n.number > s.number
) FROM spans s WHERE s.id = ?
"""


def begin_span(connection: sqlite3.Connection, first: int) -> str:
    """Begin a span with the row that is numbered next, and give its name."""
    name = uuid.uuid4().hex
    connection.execute(_TABLE)
    connection.execute("INSERT INTO spans (id, first_sequence) VALUES (?, ?)", (name, first))
    return name


def holds(connection: sqlite3.Connection, span: str, sequence: int, last: int) -> bool:
    """Tell whether the writer of a span had this history when it had numbered a row.

    Parameters
    ----------
    connection : sqlite3.Connection
        To the journal, in which a span was begun.
    span : str
        Name of the span.
    sequence : int
        The row; the one before the span's first stands for its beginning.
    last : int
        The history's last row.
    """
    found = connection.execute(_NEXT, (span,)).fetchone()
    if found is None:
        return False
    first, following = found
    end = last if following is None else following - 1
    return bool(first - 1 <= sequence <= end)
