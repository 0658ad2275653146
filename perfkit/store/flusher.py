"""The flusher: whole groups go from the journal into the tables.

Files first, synced; then one commit that carries the number of its last
group as application transaction; then the log is synced and everything
read back; only then does the journal forget. Cut short between any two
steps, the next flush compares with that transaction and goes on from there:
nothing is lost and nothing is written twice.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import Transaction
from deltalake.exceptions import DeltaError

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.data_file import DataFile, data_files
from perfkit.store.delta_tables import DeltaTables, checksums, live_files
from perfkit.store.evolution import conformed
from perfkit.store.tables import TABLES, TableLayout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from perfkit.store.journal import Journal
    from perfkit.store.journal_group import Group

__all__ = ["flush"]

COMMIT_ROWS = 1_000_000  # bounds memory; a commit writes one file a partition


def flush(journal: Journal, tables: DeltaTables) -> int:
    """Move every group of the journal into the tables.

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
        When the tables refuse; the rows stay in the journal.
    """
    moved = 0
    try:
        for name in TABLES:
            tables.location.sync_log(name)  # a commit that was cut short before its sync
        while groups := _first_groups(journal.groups()):
            for layout in TABLES.values():
                _move([g for g in groups if g.kind == layout.name], layout, journal.id, tables)
            journal.forget(groups[-1])
            moved += sum(group.rows.num_rows for group in groups)
    except (DeltaError, OSError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"{tables.location.uri}: the journal could not be moved into the tables: {error}; "
            "its trades are safe where they are, mend the place and open the history again"
        ) from error
    return moved


def _first_groups(groups: Iterator[Group]) -> list[Group]:
    first: list[Group] = []
    rows = 0
    for group in groups:
        rows += group.rows.num_rows
        if first and rows > COMMIT_ROWS:
            break
        first.append(group)
    return first


def _move(groups: list[Group], layout: TableLayout, writer: str, tables: DeltaTables) -> None:
    if not groups:
        return
    table = tables.open(layout.name)
    done = table.transaction_version(writer) or 0
    fresh = [group for group in groups if group.number > done]
    if fresh:
        rows = pa.concat_tables(conformed(group.rows, layout) for group in fresh)
        files = _write(data_files(rows, layout), layout, tables)
        tables.commit(layout, files, Transaction(writer, fresh[-1].number))
    _verify(groups, layout, tables)


def _write(files: Iterable[DataFile], layout: TableLayout, tables: DeltaTables) -> list[DataFile]:
    written = []
    for file in files:
        tables.location.put(f"{layout.name}/{file.path}", file.data)
        written.append(file)
    return written


def _verify(groups: list[Group], layout: TableLayout, tables: DeltaTables) -> None:
    table = tables.open(layout.name)
    files = live_files(table)
    is_ours = pc.and_(
        pc.greater_equal(files.column("max.sequence"), groups[0].first_sequence),
        pc.less_equal(files.column("min.sequence"), groups[-1].last_sequence),
    )
    ours = files.filter(is_ours)
    expected = sum(group.rows.num_rows for group in groups)
    found = pc.sum(ours.column("num_records")).as_py() or 0
    if found != expected:
        raise DamagedStoreError(
            f"the table {tables.uri(layout.name)} must hold {expected} rows of the journal's "
            f"groups {groups[0].number} to {groups[-1].number}, holds {found}; the journal still "
            "has them, run `perfkit verify`"
        )
    paths = ours.column("path").to_pylist()
    known = checksums(table, paths)  # of our commit, and of those that were cut short before it
    for path in paths:
        data = tables.location.get(f"{layout.name}/{path}")
        if hashlib.sha256(data).hexdigest() != known.get(path):
            raise DamagedStoreError(
                f"the file {tables.uri(layout.name)}/{path} reads back otherwise than it was "
                "written; the journal still has its rows, check the disk"
            )
