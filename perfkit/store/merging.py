"""Merging: small files of one partition become one sorted file, row for row.

A file is read whole and held against its name before its rows go into
another one, and that one is read back and compared before the table learns
of it. Rows that the journal still has are left where they are: their flush
is not finished, and it looks for them there.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from perfkit.errors import DamagedStoreError
from perfkit.store.data_file import data_files, is_whole
from perfkit.store.evolution import conformed
from perfkit.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.store.data_file import DataFile
    from perfkit.store.location import Location
    from perfkit.store.tables import TableLayout

__all__ = ["DUE", "ROWS", "SmallFile", "batches", "due_batches", "merged", "small_files"]

ROWS = 1_000_000  # of a merged file at most: what is held in memory at a time
DUE = 100  # small files that may collect; with a thousand opening a table costs twice as much
FEW = 20  # small files of a partition that are left alone: late rows touch many months


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallFile:
    """A file of a table that may be merged.

    Attributes
    ----------
    path : str
        Below the table's folder.
    size : int
        Bytes.
    rows : int
        How many it holds.
    partition : dict of str to str
        Value of the partition column.
    """

    path: str
    size: int
    rows: int
    partition: dict[str, str]


def small_files(live: pa.Table, layout: TableLayout, location: Location) -> list[SmallFile]:
    """List the files that are less than half full and whose rows have left the journal.

    Parameters
    ----------
    live : pyarrow.Table
        The files of the table, as Delta lists them.
    layout : TableLayout
        The table.
    location : Location
        Where the history lies.

    Returns
    -------
    list of SmallFile
        By partition, the smallest first.
    """
    waiting = _first_waiting(location)
    found = []
    for row in live.to_pylist():
        is_settled = waiting is None or row["max.sequence"] < waiting
        if row["num_records"] < ROWS // 2 and is_settled:
            part = layout.partition
            partition = {} if part is None else {part: row[f"partition.{part}"]}
            found.append(
                SmallFile(
                    path=row["path"],
                    size=row["size_bytes"],
                    rows=row["num_records"],
                    partition=partition,
                )
            )
    return sorted(found, key=lambda file: ([*file.partition.values()], file.rows, file.path))


def batches(files: list[SmallFile]) -> Iterator[list[SmallFile]]:
    """Group all small files, each group to become one file.

    Parameters
    ----------
    files : list of SmallFile
        As `small_files` gives them.

    Yields
    ------
    list of SmallFile
        Two or more of one partition, with `ROWS` rows at most.
    """
    for _, group in groupby(files, key=lambda file: file.partition):
        yield from _filled(list(group))


def due_batches(files: list[SmallFile]) -> Iterator[list[SmallFile]]:
    """Group small files when more than `DUE` have collected.

    Parameters
    ----------
    files : list of SmallFile
        As `small_files` gives them.

    Yields
    ------
    list of SmallFile
        As for `batches`. Partitions with less than `FEW` are left alone, and
        what was merged before is merged again only when as many rows have
        come: each row is written a logarithm of times.
    """
    groups = [list(group) for _, group in groupby(files, key=lambda file: file.partition)]
    collected = [group for group in groups if len(group) >= FEW]
    if sum(map(len, collected)) > DUE:
        for group in collected:
            yield from _filled(_light(group))


def merged(files: list[SmallFile], layout: TableLayout, location: Location) -> DataFile:
    """Write the rows of several files into one, which the table does not know yet.

    Parameters
    ----------
    files : list of SmallFile
        Of one partition.
    layout : TableLayout
        Their table.
    location : Location
        Where the history lies.

    Returns
    -------
    DataFile
        On disk, read back and compared.

    Raises
    ------
    DamagedStoreError
        When a file is not what was written; the table is as it was.
    """
    rows = pa.concat_tables(_read(file.path, file.rows, layout, location) for file in files)
    made = list(data_files(rows, layout))
    if [file.partition for file in made] != [files[0].partition]:
        raise DamagedStoreError(
            f"the files of {layout.name} in {files[0].partition} must hold rows of that "
            f"{layout.partition} only, hold {[file.partition for file in made]}; run "
            "`perfkit verify`"
        )
    location.put(f"{layout.name}/{made[0].path}", made[0].data)
    again = _read(made[0].path, rows.num_rows, layout, location)
    if not _by_number(again).equals(_by_number(rows)):
        raise DamagedStoreError(
            f"{location.uri}/{layout.name}/{made[0].path} must hold the rows of the files it is "
            "merged from, holds others; the table is as it was, check the disk"
        )
    return made[0]


def _first_waiting(location: Location) -> int | None:
    if not location.journal.exists():
        return None
    with closing(Journal(location.journal, location.journal_home, read_only=True)) as journal:
        first = next(journal.groups(), None)
        return None if first is None else first.first_sequence


def _filled(files: list[SmallFile]) -> Iterator[list[SmallFile]]:
    batch: list[SmallFile] = []
    for file in files:
        if sum(f.rows for f in batch) + file.rows > ROWS:
            if len(batch) > 1:
                yield batch
            batch = []
        batch.append(file)
    if len(batch) > 1:
        yield batch


def _light(files: list[SmallFile]) -> list[SmallFile]:
    total = 0
    for place, file in enumerate(files):
        if place > FEW // 2 and file.rows > total:
            return files[:place]
        total += file.rows
    return files


def _read(path: str, count: int, layout: TableLayout, location: Location) -> pa.Table:
    data = location.get(f"{layout.name}/{path}")
    if not is_whole(path, data):
        raise DamagedStoreError(
            f"the file {location.uri}/{layout.name}/{path} has other bytes than were written; "
            "nothing was merged, run `perfkit verify`"
        )
    # not of the folders' names: the partition is derived from the rows
    rows = pq.ParquetFile(pa.BufferReader(data)).read()
    if rows.num_rows != count:
        raise DamagedStoreError(
            f"the file {location.uri}/{layout.name}/{path} must hold {count:,} rows as its table "
            f"says, holds {rows.num_rows:,}; nothing was merged, run `perfkit verify`"
        )
    return conformed(rows, layout)


def _by_number(rows: pa.Table) -> Any:
    return pl.from_arrow(rows.sort_by("sequence"))
