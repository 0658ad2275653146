"""The mark of a history's facts: whether anything was recorded since.

It is the last link of the journal's chain, and the newest entry of each table's log.
Asking costs one row of SQLite and a few small files, however long the history is. A log
that only went on with what the journal held then, or with merges, holds the same facts.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from perfkit.errors import StoreError
from perfkit.store.journal_file import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.store.delta_tables import DeltaTables
    from perfkit.store.location import Location

__all__ = ["FACTS", "FactsMark"]

FACTS = ("trades", "cash", "splits", "bars")

_LAST_LINK = """
SELECT j.id, hex(coalesce(g.digest, j.digest)) FROM journal j
LEFT JOIN groups g ON g.number = (SELECT max(number) FROM groups)
"""


class Head(NamedTuple):
    """The newest entry of a table's log: its version, -1 without a table, and its sha256."""

    version: int
    digest: str


class FactsMark(NamedTuple):
    """What there was at one moment.

    Attributes
    ----------
    journal : tuple of str or None
        The journal's id and the digest of its last group; None without one on this machine.
    tables : mapping of str to Head
        Of each table of `FACTS`.
    """

    journal: tuple[str, str] | None
    tables: Mapping[str, Head]

    @classmethod
    def of(cls, tables: DeltaTables) -> Self:
        """Mark this moment; what comes while it is looked at is not in it.

        Raises
        ------
        StoreError
            When the journal or a table can't be read.
        """
        journal = _last_link(tables.location)  # the journal first, as it is read
        return cls(journal, {name: _head(tables, name) for name in FACTS})

    @classmethod
    def from_json(cls, said: Any) -> Self:
        """Take up what `to_json` gave."""
        journal = None if said["journal"] is None else (said["journal"][0], said["journal"][1])
        return cls(journal, {name: Head(*said["tables"][name]) for name in FACTS})

    def to_json(self) -> dict[str, Any]:
        """Give it as what JSON can hold."""
        return {"journal": self.journal, "tables": dict(self.tables)}

    def is_current(self, location: Location) -> bool:
        """Tell whether the history holds the same facts still.

        Raises
        ------
        StoreError
            When the journal or the place can't be read.
        """
        if _last_link(location) != self.journal:
            return False
        return all(self._holds(location, name, head) for name, head in self.tables.items())

    def _holds(self, location: Location, name: str, head: Head) -> bool:
        if head.version >= 0 and _digest(_entry(location, name, head.version)) != head.digest:
            return False
        version = head.version + 1
        while (entry := _entry(location, name, version)) is not None:
            if not self._tells_nothing_new(entry):
                return False
            version += 1
        return True

    def _tells_nothing_new(self, entry: bytes) -> bool:
        """Tell whether a commit merged files, or flushed what the journal had."""
        try:
            actions = [json.loads(line) for line in entry.splitlines()]
        except ValueError:  # torn: whoever reads the table will say so
            return False
        if any(kind in action for action in actions for kind in ("metaData", "protocol")):
            return False
        writers = {action["txn"]["appId"] for action in actions if "txn" in action}
        if self.journal is not None and writers == {self.journal[0]}:
            return True
        changes = [a.get("add") or a.get("remove") for a in actions]
        return all(not change["dataChange"] for change in changes if change is not None)


def _last_link(location: Location) -> tuple[str, str] | None:
    if not location.journal.exists():
        return None
    try:
        with closing(connect(location.journal, location.journal_home, read_only=True)) as file:
            found = file.execute(_LAST_LINK).fetchone()
    except sqlite3.Error as error:
        raise StoreError(
            f"the journal {location.journal} can't be read: {error}; check the folder's rights, "
            "and that the file is a journal of perfkit"
        ) from error
    return None if found is None else (found[0], found[1])


def _head(tables: DeltaTables, name: str) -> Head:
    table = tables.find(name)
    if table is None:
        return Head(-1, "")
    version = int(table.version())
    return Head(version, _digest(_entry(tables.location, name, version)))


def _entry(location: Location, name: str, version: int) -> bytes | None:
    try:
        return location.get(f"{name}/_delta_log/{version:020}.json")
    except FileNotFoundError:
        return None


def _digest(entry: bytes | None) -> str:
    return "" if entry is None else hashlib.sha256(entry).hexdigest()
