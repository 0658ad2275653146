"""Stored periods: what was computed from a history's facts, kept beside its tables.

A cache, never the truth: it can be removed at any time. Rows lie in Parquet files that
are named by their checksum, and one small file, written last, says which they are and of
what facts. What is damaged, foreign, of another definition or older than the facts is as
good as not there.
"""

from __future__ import annotations

import errno
import hashlib
import json
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector

from perfkit.errors import StoreError
from perfkit.store.data_file import is_whole
from perfkit.store.facts_mark import FactsMark, Growth

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from perfkit.store.trade_store import TradeStore

__all__ = ["StoredPeriods"]

_FOLDER = "periods"
_FORMAT = 2  # of the index and of the files; others lie in other folders
_INDEX = "index.json"
_STAGED = ".new"
_LONGEST_WRITE = timedelta(hours=1)
_ROWS = 32_768  # of a file: what is read and held against its checksum for one account
_ROW_GROUP = 2_048
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


class _Part(NamedTuple):
    """A file: its name, the first and the last account in it."""

    name: str
    first: str
    last: str


class StoredPeriods:
    """The stored rows of one question.

    Parameters
    ----------
    store : TradeStore
        The history; of one as of a time nothing is stored.
    question : mapping
        All that the rows depend on beside the facts, as JSON can hold it.
    """

    def __init__(self, store: TradeStore, question: Mapping[str, Any]) -> None:
        self._tables = store._tables
        self._place = store._tables.location
        self._is_kept = store._known is None
        self._question = json.dumps(question, sort_keys=True)
        name = hashlib.sha256(f"{_FORMAT} {self._question}".encode()).hexdigest()[:32]
        self._folder = f"{_FOLDER}/{name}"

    def find(self) -> dict[str, Any] | None:
        """Give what was said of the rows when they were stored, None unless they are current.

        Raises
        ------
        StoreError
            When the history can't be reached.
        """
        said = self._current()
        if said is None:
            return None
        told: dict[str, Any] = said["told"]
        return told

    def read(
        self, accounts: Collection[str] | None = None, growth: Growth = Growth.NONE
    ) -> tuple[pa.Table, dict[str, Any]] | None:
        """Read rows, and what was said of them; None unless they are current and whole.

        Parameters
        ----------
        accounts : collection of str, optional
            Only these; all when None.
        growth : Growth
            With ``APPENDED`` also rows of facts of which there are more by now.

        Raises
        ------
        StoreError
            When the history can't be reached.
        """
        said = self._current(growth)
        if said is None:
            return None
        wanted = None if accounts is None else sorted(accounts)
        found = []
        for part in (_Part(*each) for each in said["parts"]):
            if wanted is not None and not any(part.first <= w <= part.last for w in wanted):
                continue
            rows = self._rows(part.name, wanted)
            if rows is None:
                return None
            found.append(rows)
        schema = pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(said["schema"])))
        return pa.concat_tables([schema.empty_table(), *found]), said["told"]

    def mark(self) -> FactsMark | None:
        """Mark the facts that are about to be read; None where that can't be done here.

        A history as of a time is not stored, nor one in S3 without boto3.
        """
        if not self._is_kept:
            return None
        try:
            return FactsMark.of(self._tables)
        except StoreError:
            return None

    def write(self, rows: pa.Table, mark: FactsMark, told: Mapping[str, Any]) -> bool:
        """Store rows in place of those that are there.

        Parameters
        ----------
        rows : pyarrow.Table
            By account_id; it is read by account.
        mark : FactsMark
            Taken before the facts were read.
        told : mapping
            What else is to be remembered, as JSON can hold it.

        Returns
        -------
        bool
            False where the place can't be written: it may be for reading only, or full.

        Raises
        ------
        OSError
            When the disk fails.
        """
        try:
            parts = []
            for part, data in _cut(rows):
                self._put(part.name, data)
                parts.append(part)
            said = {
                "question": self._question,
                "facts": mark.to_json(),
                "told": dict(told),
                "schema": bytes(rows.schema.serialize()).hex(),
                "parts": parts,
            }
            body = json.dumps(said).encode()
            seal = hashlib.sha256(body).hexdigest().encode()
            self._put(_INDEX, seal + b"\n" + body)
            self._remove_others({_INDEX, *(part.name for part in parts)})
        except OSError as error:
            # a StoreError is a refusal of S3
            if isinstance(error, StoreError) or error.errno in _READ_ONLY:
                return False
            raise
        return True

    def _current(self, most: Growth = Growth.NONE) -> dict[str, Any] | None:
        data = self._get(_INDEX) if self._is_kept else None
        if data is None:
            return None
        seal, _, body = data.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != seal:
            return None
        said: dict[str, Any] = json.loads(body)
        if said["question"] != self._question:
            return None
        return said if FactsMark.from_json(said["facts"]).growth(self._place) <= most else None

    def _rows(self, name: str, accounts: Sequence[str] | None) -> pa.Table | None:
        data = self._get(name)
        if data is None or not is_whole(name, data):
            return None
        file = pq.ParquetFile(pa.BufferReader(data))
        if accounts is None:
            return file.read()
        groups = []
        for group in range(file.num_row_groups):
            bounds = file.metadata.row_group(group).column(0).statistics
            if any(bounds.min <= account <= bounds.max for account in accounts):
                groups.append(group)
        rows = file.read_row_groups(groups)
        return rows.filter(pc.is_in(rows.column("account_id"), pa.array(accounts)))

    def _get(self, name: str) -> bytes | None:
        try:
            return self._place.get(f"{self._folder}/{name}")
        except (
            FileNotFoundError,
            PermissionError,
            StoreError,
        ):  # S3 without boto3, or without leave
            return None

    def _put(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all, also beside another process that writes it."""
        path = f"{self._folder}/{name}"
        if self._place.is_atomic:
            self._place.put(path, data)
            return
        own = f"{self._folder}/{uuid.uuid4().hex}{_STAGED}"
        self._place.put(own, data)
        self._place.move(own, path)

    def _remove_others(self, kept: set[str]) -> None:
        storage = self._tables.storage(self._folder)
        long_ago = datetime.now(UTC) - _LONGEST_WRITE
        for file in storage.get_file_info(FileSelector("", recursive=True)):
            is_staged = file.base_name.endswith((_STAGED, ".tmp"))
            if file.base_name in kept or (is_staged and file.mtime > long_ago):
                continue
            with suppress(FileNotFoundError):  # another process was quicker
                storage.delete_file(file.path)


def _cut(rows: pa.Table) -> Iterator[tuple[_Part, bytes]]:
    for start in range(0, rows.num_rows, _ROWS):
        part = rows.slice(start, _ROWS)
        sink = pa.BufferOutputStream()
        pq.write_table(
            part,
            sink,
            compression="zstd",
            row_group_size=_ROW_GROUP,
            write_statistics=["account_id"],
        )
        data = bytes(sink.getvalue())
        accounts = part.column("account_id")
        name = f"part-{hashlib.sha256(data).hexdigest()}.parquet"
        yield _Part(name, accounts[0].as_py(), accounts[-1].as_py()), data
