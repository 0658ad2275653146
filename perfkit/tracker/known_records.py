"""Known records: which ids were recorded, and with what content.

Recording is idempotent. An id that comes again with the same content is a
duplicate and writes nothing; with other content it is a conflict. Where a
row came from and when we learned of it is not content. What is remembered is
hashes; wherever they leave a doubt, the records themselves are read.
"""

from __future__ import annotations

import hashlib
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import ConflictError
from perfkit.records import arrow_schema
from perfkit.tracker.known_index import ENTRY, NOT_KNOWN, KnownIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from perfkit.tracker.batch import Batch

__all__ = ["KnownRecords"]

_PROVENANCE = ("recorded_at", "source")
_BATCH = 65_536  # rows joined to text at a time
_SEPARATOR, _NULL = "\x1f", "\x00"  # control characters are in no checked text
_REMEDY = (
    "a fact is never changed, give a new fact its own id and a correction record_type='correct'"
)


class KnownRecords:
    """Ids and contents of what was recorded, as hashes.

    An id is unique within its account: two accounts may hold the two sides
    of one venue's trade.

    Parameters
    ----------
    cls : type
        Record class; its first field is the id.
    index : KnownIndex, optional
        What is remembered already.
    besides : tuple of str
        Columns that belong to the identity besides account and id.
    remedy : str
        What to do about a conflict.
    """

    def __init__(
        self,
        cls: type,
        *,
        index: KnownIndex | None = None,
        besides: tuple[str, ...] = (),
        remedy: str = _REMEDY,
    ) -> None:
        schema = arrow_schema(cls)
        self.names = [n for n in schema.names if n not in _PROVENANCE]
        self._numbers = [n for n in self.names if _is_number(schema.field(n).type)]
        self._texts = [n for n in self.names if n not in self._numbers]
        self.id = self.names[0]
        self.identity = ("account_id", self.id, *besides)
        self.remedy = remedy
        self.index = index or KnownIndex()

    def learn(self, rows: pa.Table) -> None:
        """Remember rows that a history holds, with their ``sequence``."""
        entries = self._entries(rows)
        if rows.num_rows:
            entries["sequence"] = rows.column("sequence").to_numpy()
        self.index.add(entries)

    def knows(self, account: str, trade: str) -> bool:
        """Tell whether an id was recorded; only of records without further identity."""
        key = _hashes([f"{account}/{trade}".encode()])
        return bool(self.index.find(key)[1][0] != NOT_KNOWN)

    def screen(self, batch: Batch, recorded: Callable[[pl.Expr], pa.Table]) -> None:
        """Leave only the rows that are new; note duplicates, refuse conflicts.

        Parameters
        ----------
        batch : Batch
            Checked rows of the record class.
        recorded : callable
            Gives the recorded rows that meet a condition, with their ``sequence``;
            asked where an id is known with other content.

        Raises
        ------
        ConflictError
            With an atomic batch, when an id is known, or stands before in the batch,
            with other content; the message names the fields that differ.
        """
        rows = batch.rows
        batch.entries = entries = self._entries(rows)
        content, sequence = self.index.find(entries["key"])
        is_known = sequence != NOT_KNOWN
        _, number, count = np.unique(entries["key"], return_inverse=True, return_counts=True)
        is_same = is_known & (content == entries["content"])
        batch.duplicates |= dict(
            zip(batch.places[is_same].tolist(), sequence[is_same].tolist(), strict=True)
        )
        is_doubtful = ~is_same & (is_known | (count[number] > 1))
        fresh = np.flatnonzero(~is_same & ~is_doubtful).tolist()
        if is_doubtful.any():
            fresh += self._fresh(batch, np.flatnonzero(is_doubtful), recorded)
        if len(fresh) < len(entries):
            batch.keep(np.array(sorted(fresh), np.intp))

    def _fresh(
        self,
        batch: Batch,
        doubtful: npt.NDArray[np.intp],
        recorded: Callable[[pl.Expr], pa.Table],
    ) -> list[int]:
        """Look at rows whose id may be known; give those that are new after all."""
        rows = batch.rows
        before = self._recorded(rows.take(doubtful), recorded)
        fresh: dict[tuple[Any, ...], int] = {}
        for row in doubtful.tolist():
            key, now = self._identity(rows, row), self._content(rows, row)
            if key not in before and key not in fresh:
                fresh[key] = row
                continue
            where = "is recorded already" if key in before else "stands in this batch before"
            old, sequence = (
                before[key]
                if key in before
                else (self._content(rows, fresh[key]), -1 - int(batch.places[fresh[key]]))
            )
            if old == now:
                batch.duplicates[int(batch.places[row])] = sequence
            else:
                differing = next(name for name in self.names if old[name] != now[name])
                batch.refuse(row, self._conflict(old, now, where), differing, "conflict")
        return list(fresh.values())

    def _identity(self, rows: pa.Table, row: int) -> tuple[Any, ...]:
        return tuple(rows.column(name)[row].as_py() for name in self.identity)

    def _content(self, rows: pa.Table, row: int) -> dict[str, Any]:
        content: dict[str, Any] = rows.slice(row, 1).select(self.names).to_pylist()[0]
        return content

    def _recorded(
        self, rows: pa.Table, recorded: Callable[[pl.Expr], pa.Table]
    ) -> dict[tuple[Any, ...], tuple[dict[str, Any], int]]:
        """Read content and sequence of what is recorded under the ids of some rows."""
        asked = pl.lit(True)
        for name in self.identity:
            asked &= pl.col(name).is_in(pc.unique(rows.column(name)).to_pylist())
        found = recorded(asked)
        sequences = found.column("sequence").to_pylist()
        return {
            self._identity(found, row): (self._content(found, row), sequences[row])
            for row in range(found.num_rows)
        }

    def _conflict(self, old: dict[str, Any], new: dict[str, Any], where: str) -> ConflictError:
        differences = ", ".join(
            f"{field} was {old[field]!r} and is now {new[field]!r}"
            for field in self.names
            if old[field] != new[field]
        )
        return ConflictError(
            f"{self.id} {new[self.id]!r} {where} with other content: {differences}; {self.remedy}"
        )

    def _entries(self, rows: pa.Table) -> npt.NDArray[np.void]:
        """Hash the identity and the content of each row."""
        entries = np.zeros(rows.num_rows, ENTRY)
        for start in range(0, rows.num_rows, _BATCH):
            part = rows.slice(start, _BATCH)
            own = entries[start : start + _BATCH]
            own["key"] = _hashes(_joined(part, self.identity, "/"))
            texts = _joined(part, self._texts, _SEPARATOR)
            own["content"] = _hashes(map(operator.add, texts, _packed(part, self._numbers)))
        return entries


def _joined(rows: pa.Table, names: Iterable[str], separator: str) -> list[bytes]:
    """Join the words of each row; at least one column has some."""
    texts = [_as_text(rows.column(name)) for name in names]
    joined: list[bytes] = (
        pc.binary_join_element_wise(*texts, separator).cast(pa.binary()).to_pylist()
    )
    return joined


def _packed(rows: pa.Table, names: Sequence[str]) -> Iterator[bytes]:
    """Put the numbers of each row side by side, 8 bytes each."""
    packed = np.empty((rows.num_rows, len(names)), "<i8")
    for place, name in enumerate(names):
        values = rows.column(name).to_numpy()
        if values.dtype.kind == "f":
            values = np.where(np.isnan(values), np.nan, values + 0.0)  # -0.0 is 0.0
        packed[:, place] = values.view("<i8")
    data, width = packed.tobytes(), packed.itemsize * len(names)
    return (data[start : start + width] for start in range(0, len(data), width))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_float64(kind))


def _hashes(texts: Iterable[bytes]) -> npt.NDArray[np.uint64]:
    digests = [hashlib.blake2b(text, digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), "<u8")


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Scalar:
    if column.null_count == len(column):
        return pa.scalar(_NULL)
    text = column if pa.types.is_string(column.type) else column.cast(pa.string())
    return pc.fill_null(text, _NULL) if column.null_count else text
