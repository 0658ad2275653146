"""A group of the journal: rows as one Arrow stream, chained by sha256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEAD", "Group", "chained", "cut", "decode", "encode", "time_of"]

HEAD = 65_536  # bytes in which a stream says its schema, and when it was written; trades need 5,000
_COMPRESS_FROM_ROWS = 1_000  # below, zstd costs more time than it saves bytes
_TIME = b"perfkit.journalled_at"  # key of the schema's metadata: microseconds since 1970, UTC
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of one kind that were committed together.

    Attributes
    ----------
    number : int
        Place in the chain, from 1.
    kind : str
        Table that the rows belong to.
    first_sequence, last_sequence : int
        Numbers of its rows.
    digest : bytes
        sha256 over the digest before it, its own header and its rows.
    rows : pyarrow.Table
        The rows, with their ``sequence``.
    """

    number: int
    kind: str
    first_sequence: int
    last_sequence: int
    digest: bytes
    rows: pa.Table


def cut(rows: pa.Table, first: int, most: int) -> Iterator[pa.Table]:
    """Number rows, and cut them into groups.

    Parameters
    ----------
    rows : pyarrow.Table
        With a column ``sequence``, which is filled here.
    first : int
        Number of the first row.
    most : int
        Rows of a group.
    """
    place = rows.schema.get_field_index("sequence")
    numbers = pa.array(np.arange(first, first + rows.num_rows))
    numbered = rows.set_column(place, rows.schema.field(place), numbers)
    for start in range(0, rows.num_rows, most):
        yield numbered.slice(start, most)


def encode(rows: pa.Table, time: datetime) -> bytes:
    """Write rows as an Arrow stream, which carries its own schema.

    Parameters
    ----------
    rows : pyarrow.Table
        At least one row.
    time : datetime
        When they are journalled; with a zone.
    """
    compression = "zstd" if rows.num_rows >= _COMPRESS_FROM_ROWS else None
    options = pa.ipc.IpcWriteOptions(compression=compression)
    said = {_TIME: str((time - _EPOCH) // timedelta(microseconds=1))}
    rows = rows.replace_schema_metadata(said)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=options) as stream:
        stream.write_table(rows)
    return bytes(sink.getvalue())


def decode(payload: bytes) -> pa.Table:
    """Read an Arrow stream back."""
    return pa.ipc.open_stream(payload).read_all().replace_schema_metadata(None)


def time_of(head: bytes) -> datetime | None:
    """Read when rows were journalled; None when they were before perfkit said so.

    Parameters
    ----------
    head : bytes
        The first `HEAD` bytes of an encoded group, or all of it.

    Raises
    ------
    ValueError
        When they are not the head of a group.
    """
    try:
        said = pa.ipc.read_schema(pa.py_buffer(head)).metadata or {}
        return _EPOCH + timedelta(microseconds=int(said[_TIME])) if _TIME in said else None
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise ValueError(f"no head of a group: {error}") from error


def chained(before: bytes, header: tuple[int | str, ...], payload: bytes) -> bytes:
    """Digest a group together with the digest before it.

    Parameters
    ----------
    before : bytes
        Digest of the group before; empty for the first.
    header : tuple of int and str
        Number, kind, first and last sequence.
    payload : bytes
        The rows, encoded.
    """
    digest = hashlib.sha256(before)
    digest.update("|".join(str(part) for part in header).encode())
    digest.update(payload)
    return digest.digest()
