"""The flusher: whole groups go from the journal into the tables.

Files first, synced and read back; then one commit that carries the number of
its last group as application transaction; then the log is synced and read
back; only then does the journal forget. Cut short between any two steps, by a
crash or by a place that refuses, the next flush compares with that
transaction and goes on from there: nothing is lost and nothing is written
twice. It is the same in the process that records and in one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import Transaction
from deltalake.exceptions import DeltaError

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.data_file import DataFile, data_files, is_whole
from perfkit.store.evolution import conformed
from perfkit.store.flush_lock import flush_lock
from perfkit.store.log_entry import read_entry
from perfkit.store.repair import repair
from perfkit.store.tables import TABLES, TableLayout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from perfkit.store.delta_tables import DeltaTables
    from perfkit.store.journal import Journal
    from perfkit.store.journal_group import Group

__all__ = ["flush", "flush_steps", "prepare"]

COMMIT_ROWS = 1_000_000  # bounds memory, and a step; a commit writes one file a partition


def prepare(tables: DeltaTables) -> tuple[str, ...]:
    """Make the tables ready to be flushed into, under the flush lock.

    What a crash left half done is set aside, and what is absent is made.

    Parameters
    ----------
    tables : DeltaTables
        Of the history.

    Returns
    -------
    tuple of str
        A sentence on each thing that was set aside or put back.

    Raises
    ------
    DamagedStoreError
        When something is damaged that can't be mended without loss.
    StoreError
        When the place can't be written, or a store in S3 does not honour
        conditional puts.
    """
    tables.location.prepare()
    with flush_lock(tables.location.journal):
        repaired = repair(tables.location)
        tables.create()
    return repaired


def flush(journal: Journal, tables: DeltaTables) -> int:
    """Move every group that the journal holds now into the tables.

    Parameters
    ----------
    journal : Journal
        Open for writing.
    tables : DeltaTables
        Already made.

    Returns
    -------
    int
        How many rows left the journal.

    Raises
    ------
    DamagedStoreError
        When a group, or a file read back, is not what was written.
    StoreError
        When the tables refuse; the rows stay in the journal, and the next
        flush goes on where this one was cut short.
    """
    return sum(flush_steps(journal, tables))


def flush_steps(journal: Journal, tables: DeltaTables) -> Iterator[int]:
    """Flush as `flush`, commit by commit.

    Each step waits for the flush lock, and may be the last: between two of
    them nothing is half done.

    Yields
    ------
    int
        How many rows left the journal with this step.
    """
    last = journal.backlog().last_group  # what comes meanwhile is for the next flush
    while last:
        try:
            groups = _step(journal, tables, last)
        except (DeltaError, OSError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"{tables.location.uri}: the journal could not be moved into the tables: {error}; "
                "its trades are safe where they are, mend the place and flush again"
            ) from error
        if groups:  # or another process was quicker
            yield sum(group.rows.num_rows for group in groups)
        if not groups or groups[-1].number == last:
            return


def _step(journal: Journal, tables: DeltaTables, last: int) -> list[Group]:
    with flush_lock(tables.location.journal):
        groups = _first_groups(journal.groups(), last)
        for layout in TABLES.values():
            _move([g for g in groups if g.kind == layout.name], layout, journal.id, tables)
        if groups:
            journal.forget(groups[-1])
        return groups


def _first_groups(groups: Iterator[Group], last: int) -> list[Group]:
    first: list[Group] = []
    rows = 0
    for group in groups:
        rows += group.rows.num_rows
        if group.number > last or (first and rows > COMMIT_ROWS):
            break
        first.append(group)
    return first


def _move(groups: list[Group], layout: TableLayout, writer: str, tables: DeltaTables) -> None:
    if not groups:
        return
    table = tables.open(layout.name)
    done = table.transaction_version(writer) or 0
    if landed := [group for group in groups if group.number <= done]:
        _settle(landed, layout, table.version(), tables)
    if fresh := [group for group in groups if group.number > done]:
        rows = pa.concat_tables(conformed(group.rows, layout) for group in fresh)
        files = _written(data_files(rows, layout), layout, tables)
        tables.commit(layout, files, Transaction(writer, fresh[-1].number))
        _check_commit(files, layout, table.version() + 1, tables)


def _written(files: Iterable[DataFile], layout: TableLayout, tables: DeltaTables) -> list[DataFile]:
    written = []
    for file in files:
        tables.location.put(f"{layout.name}/{file.path}", file.data)
        _check_file(file.path, layout, tables)
        written.append(file)
    return written


def _check_file(path: str, layout: TableLayout, tables: DeltaTables) -> None:
    if not is_whole(path, tables.location.get(f"{layout.name}/{path}")):
        raise DamagedStoreError(
            f"the file {tables.uri(layout.name)}/{path} reads back otherwise than it was "
            "written; the journal still has its rows, check the disk"
        )


def _check_commit(
    files: list[DataFile], layout: TableLayout, version: int, tables: DeltaTables
) -> None:
    found = read_entry(tables.location, layout.name, version).added
    if {path: rows for path, (rows, _) in found.items()} != {f.path: f.rows for f in files}:
        raise DamagedStoreError(
            f"the commit {version} of {tables.uri(layout.name)} does not say what was committed; "
            "the journal still has its rows, run `perfkit verify`"
        )


def _settle(landed: list[Group], layout: TableLayout, version: int, tables: DeltaTables) -> None:
    """Finish commits that were cut short before the journal forgot their groups.

    Nobody knows whether they were synced, and an fsync that failed once says
    nothing the second time: their entries in the log are written anew. Their
    files are where they were, for none is merged whose rows the journal has.
    """
    missing = sum(group.rows.num_rows for group in landed)
    while missing > 0:
        entry = read_entry(tables.location, layout.name, version)
        if not tables.location.is_atomic:
            tables.location.put(entry.path, entry.content)
        for path, (rows, low) in entry.added.items():
            if low >= landed[0].first_sequence:
                missing -= rows
                _check_file(path, layout, tables)
        version -= 1
