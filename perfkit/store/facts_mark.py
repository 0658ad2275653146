"""The mark of a history's facts: what was recorded since.

It is where the journal's writer stood, and the newest entry of each table's log. Asking
costs a few rows of SQLite and a few small files, however long the history is. A log that
only went on with what the journal held then, or with merges, holds the same facts, and
what is recorded in other tables changes none of them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing, contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from perfkit.errors import StoreError
from perfkit.store.journal_file import connect
from perfkit.store.writer_spans import holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perfkit.store.delta_tables import DeltaTables
    from perfkit.store.location import Location

__all__ = ["FACTS", "FactsMark", "Growth"]

FACTS = ("trades", "cash", "splits", "bars")

_STANDING = """
SELECT j.id, s.id, max(s.first_sequence - 1, coalesce(g.last_sequence, j.sequence))
FROM journal j JOIN spans s ON s.number = (SELECT max(number) FROM spans)
LEFT JOIN groups g ON g.number = (SELECT max(number) FROM groups)
"""
_LATER = """
SELECT count(*) FROM groups WHERE last_sequence > ? AND kind IN (SELECT value FROM json_each(?))
"""


class Growth(IntEnum):
    """What became of the facts since a mark: nothing, more of them, or nobody knows what."""

    NONE = 0
    APPENDED = 1
    UNKNOWN = 2


class Standing(NamedTuple):
    """Where a journal's writer stood: the span it wrote in, and its last row."""

    journal: str
    span: str
    sequence: int


class Head(NamedTuple):
    """The newest entry of a table's log.

    Attributes
    ----------
    version : int
        Its number, -1 without a table.
    digest : str
        Its sha256.
    moved : int
        The last group of the journal that had been moved into the table; 0 before any.
    """

    version: int
    digest: str
    moved: int


class FactsMark(NamedTuple):
    """What there was at one moment.

    Attributes
    ----------
    writer : Standing, optional
        Where the journal's writer stood; None without one on this machine.
    tables : mapping of str to Head
        Of each table of `FACTS`.
    """

    writer: Standing | None
    tables: Mapping[str, Head]

    @classmethod
    def of(cls, tables: DeltaTables) -> Self:
        """Mark this moment; what comes while it is looked at is not in it.

        Raises
        ------
        StoreError
            When the journal or a table can't be read.
        """
        writer = None
        if tables.location.journal.exists():  # the journal first, as it is read
            with _looked_at(tables.location) as file:
                writer = _standing(file)
            if writer is None:
                raise StoreError(
                    f"the journal {tables.location.journal} was never opened for writing; "
                    "open the history once with TradeStore"
                )
        journal = None if writer is None else writer.journal
        return cls(writer, {name: _head(tables, name, journal) for name in FACTS})

    @classmethod
    def from_json(cls, said: Any) -> Self:
        """Take up what `to_json` gave."""
        writer = None if said["writer"] is None else Standing(*said["writer"])
        return cls(writer, {name: Head(*said["tables"][name]) for name in FACTS})

    def to_json(self) -> dict[str, Any]:
        """Give it as what JSON can hold."""
        return {"writer": self.writer, "tables": dict(self.tables)}

    def growth(self, location: Location) -> Growth:
        """Tell what became of the facts since.

        Returns
        -------
        Growth
            ``APPENDED`` when there are only more rows, each of a higher sequence than
            any there was.

        Raises
        ------
        StoreError
            When the journal or the place can't be read.
        """
        growth = self._growth_of_journal(location)
        for name, head in self.tables.items():
            if growth is Growth.UNKNOWN:
                break
            growth = max(growth, self._growth_of_table(location, name, head))
        return growth

    def _growth_of_journal(self, location: Location) -> Growth:
        if not location.journal.exists():
            return Growth.NONE if self.writer is None else Growth.UNKNOWN
        if self.writer is None:
            return Growth.UNKNOWN
        with _looked_at(location) as file:
            now = _standing(file)
            if now is None or now.journal != self.writer.journal:
                return Growth.UNKNOWN
            if not holds(file, self.writer.span, self.writer.sequence, now.sequence):
                return Growth.UNKNOWN
            later = file.execute(_LATER, (self.writer.sequence, json.dumps(FACTS))).fetchone()[0]
        return Growth.APPENDED if later else Growth.NONE

    def _growth_of_table(self, location: Location, name: str, head: Head) -> Growth:
        if head.version >= 0 and _digest(_entry(location, name, head.version)) != head.digest:
            return Growth.UNKNOWN
        growth, version, moved = Growth.NONE, head.version + 1, head.moved
        while (entry := _entry(location, name, version)) is not None:
            of_entry, moved = self._growth_of_entry(entry, moved)
            growth, version = max(growth, of_entry), version + 1
        return growth

    def _growth_of_entry(self, entry: bytes, moved: int) -> tuple[Growth, int]:
        """Tell whether a commit merged files, flushed what the journal had, or new rows.

        What is put back after a loss stands under a group that was moved before.
        """
        try:
            actions = [json.loads(line) for line in entry.splitlines()]
        except ValueError:  # torn: whoever reads the table will say so
            return Growth.UNKNOWN, moved
        if any(kind in action for action in actions for kind in ("metaData", "protocol")):
            return Growth.UNKNOWN, moved
        changes = [a.get("add") or a.get("remove") for a in actions]
        if all(not change["dataChange"] for change in changes if change is not None):
            return Growth.NONE, moved
        groups = {a["txn"]["appId"]: int(a["txn"]["version"]) for a in actions if "txn" in a}
        highest = _highest(actions)
        if self.writer is None or highest is None or groups.keys() != {self.writer.journal}:
            return Growth.UNKNOWN, moved
        group = groups[self.writer.journal]
        if group <= moved:
            return Growth.UNKNOWN, moved
        return (Growth.NONE if highest <= self.writer.sequence else Growth.APPENDED), group


def _highest(actions: list[dict[str, Any]]) -> int | None:
    """Highest sequence of the rows that a commit only adds; None where it can't be told."""
    if any("remove" in action for action in actions):
        return None
    said = (json.loads(action["add"].get("stats") or "{}") for action in actions if "add" in action)
    found = [stats.get("maxValues", {}).get("sequence") for stats in said]
    return max(found) if found and None not in found else None


@contextmanager
def _looked_at(location: Location) -> Iterator[sqlite3.Connection]:
    try:
        with closing(connect(location.journal, location.journal_home, read_only=True)) as file:
            yield file
    except sqlite3.Error as error:
        raise StoreError(
            f"the journal {location.journal} can't be read: {error}; check the folder's rights, "
            "and that the file is a journal of perfkit"
        ) from error


def _standing(file: sqlite3.Connection) -> Standing | None:
    """Read where the writer stands; None when there was none yet."""
    if not file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'spans'").fetchone()[0]:
        return None
    found = file.execute(_STANDING).fetchone()
    return None if found is None else Standing(*found)


def _head(tables: DeltaTables, name: str, journal: str | None) -> Head:
    table = tables.find(name)
    if table is None:
        return Head(-1, "", 0)
    version = int(table.version())
    moved = 0 if journal is None else table.transaction_version(journal) or 0
    return Head(version, _digest(_entry(tables.location, name, version)), moved)


def _entry(location: Location, name: str, version: int) -> bytes | None:
    try:
        return location.get(f"{name}/_delta_log/{version:020}.json")
    except FileNotFoundError:
        return None


def _digest(entry: bytes | None) -> str:
    return "" if entry is None else hashlib.sha256(entry).hexdigest()
