"""Known records: which ids were recorded, and with what content.

Recording is idempotent. An id that comes again with the same content is a
duplicate and writes nothing; with other content it is a conflict. Where a
row came from and when we learned of it is not content.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import ConflictError
from perfkit.records import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["KnownRecords", "Screened"]

_PROVENANCE = ("recorded_at", "source")
_BATCH = 65_536  # rows joined to text at a time
_SEPARATOR, _NULL = "\x1f", "\x00"  # control characters are in no checked text
_REMEDY = (
    "a fact is never changed, give a new fact its own id and a correction record_type='correct'"
)


class Screened(NamedTuple):
    """Rows of a batch, told apart.

    Attributes
    ----------
    fresh : pyarrow.Table
        Rows that were not known, in their order.
    digests : dict of str to bytes
        Content of each of them by key; known once they are recorded.
    duplicates : tuple of str
        Ids that were known with the same content.
    """

    fresh: pa.Table
    digests: dict[str, bytes]
    duplicates: tuple[str, ...]


class KnownRecords:
    """Ids and contents of what was recorded, about 220 MB a million.

    An id is unique within its account: two accounts may hold the two sides
    of one venue's trade.

    Parameters
    ----------
    cls : type
        Record class; its first field is the id.
    besides : tuple of str
        Columns that belong to the identity besides account and id.
    remedy : str
        What to do about a conflict.
    """

    def __init__(self, cls: type, *, besides: tuple[str, ...] = (), remedy: str = _REMEDY) -> None:
        self.names = [n for n in arrow_schema(cls).names if n not in _PROVENANCE]
        self.id = self.names[0]
        self.identity = ("account_id", self.id, *besides)
        self.remedy = remedy
        self._digests: dict[str, bytes] = {}

    def add(self, digests: dict[str, bytes]) -> None:
        """Remember what was recorded."""
        self._digests.update(digests)

    def learn(self, rows: pa.Table) -> None:
        """Remember rows that a history holds."""
        self._digests.update(zip(self._keys(rows), self._contents(rows), strict=True))

    def screen(self, rows: pa.Table, recorded: Callable[[pl.Expr], pa.Table]) -> Screened:
        """Tell rows that are new from those that are known.

        Parameters
        ----------
        rows : pyarrow.Table
            Checked rows of the record class.
        recorded : callable
            Gives the recorded rows that meet a condition; asked only to name
            the fields of a conflict.

        Raises
        ------
        ConflictError
            When an id is known, or stands in this table twice, with other
            content; the message names the fields that differ.
        """
        fresh: list[int] = []
        duplicates: list[str] = []
        digests: dict[str, bytes] = {}
        places: dict[str, int] = {}
        for place, (key, digest) in enumerate(
            zip(self._keys(rows), self._contents(rows), strict=True)
        ):
            earlier = self._digests.get(key) or digests.get(key)
            if earlier is None:
                fresh.append(place)
                digests[key], places[key] = digest, place
            elif earlier == digest:
                duplicates.append(rows.column(self.id)[place].as_py())
            else:
                row = rows.slice(place, 1)
                same = row.select(self.identity).to_pylist()[0]
                is_same = pl.all_horizontal(pl.col(name) == same[name] for name in same)
                before = rows.slice(places[key], 1) if key in places else recorded(is_same)
                raise self._conflict(before, row)
        return Screened(
            fresh=rows if not duplicates else rows.take(pa.array(fresh, pa.int64())),
            digests=digests,
            duplicates=tuple(duplicates),
        )

    def _conflict(self, before: pa.Table, now: pa.Table) -> ConflictError:
        old, new = (table.select(self.names).to_pylist()[0] for table in (before, now))
        differences = ", ".join(
            f"{field} was {old[field]!r} and is now {new[field]!r}"
            for field in self.names
            if old[field] != new[field]
        )
        return ConflictError(
            f"{self.id} {new[self.id]!r} is recorded already with other content: {differences}; "
            f"{self.remedy}"
        )

    def _keys(self, rows: pa.Table) -> Iterator[str]:
        for batch in rows.select(self.identity).to_batches(max_chunksize=_BATCH):
            yield from pc.binary_join_element_wise(*batch.columns, "/").to_pylist()

    def _contents(self, rows: pa.Table) -> Iterator[bytes]:
        for batch in rows.select(self.names).to_batches(max_chunksize=_BATCH):
            texts = (pc.fill_null(_as_text(column), _NULL) for column in batch.columns)
            for line in pc.binary_join_element_wise(*texts, _SEPARATOR).to_pylist():
                yield hashlib.blake2b(line.encode(), digest_size=16).digest()


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    elif pa.types.is_floating(column.type):
        column = pc.add(column, 0.0)  # -0.0 is 0.0
    return column.cast(pa.string())
