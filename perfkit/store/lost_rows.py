"""Lost rows: acknowledged, forgotten by the journal, and in no table any more.

A commit that a power loss tore takes the names of its files with it, not the
files. Each is named by its checksum and each of its rows has a number of its
own, so what they hold can be put back without believing anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import Transaction

from perfkit.store.data_file import data_files, is_whole
from perfkit.store.delta_tables import live_files
from perfkit.store.evolution import conformed
from perfkit.store.numbering import Numbering, lost_sentence
from perfkit.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.store.data_file import DataFile
    from perfkit.store.delta_tables import DeltaTables
    from perfkit.store.journal import Journal
    from perfkit.store.tables import TableLayout

__all__ = ["put_back"]

COMMIT_ROWS = 1_000_000  # bounds memory


def put_back(tables: DeltaTables, journal: Journal) -> tuple[list[str], str | None]:
    """Commit rows again that lie in data files of which no log knows.

    Parameters
    ----------
    tables : DeltaTables
        Each table can be opened or is absent; the caller holds the flush lock.
    journal : Journal
        Says what was acknowledged, and which of it has not left yet.

    Returns
    -------
    tuple of list of str and str or None
        A sentence on each table to which rows were put back, and one on the
        rows that are lost for good.
    """
    numbering, last = _found(tables, journal), journal.last_sequence
    lost = numbering.lost(last)
    if not lost:
        return [], None
    tables.create()
    said = []
    for layout in TABLES.values():
        rows = 0
        for files in _batches(layout, tables, numbering, last):
            done = tables.open(layout.name).transaction_version(journal.id) or 0
            tables.commit(layout, files, Transaction(journal.id, done))
            rows += sum(file.rows for file in files)
        if rows:
            said.append(f"{rows:,} rows of {layout.name} were put back from files without a commit")
    still = numbering.lost(last)
    return said, lost_sentence(still) if still else None


def _found(tables: DeltaTables, journal: Journal) -> Numbering:
    numbering = Numbering()
    for group in journal.groups():
        numbering.add(group.rows.column("sequence").to_numpy())
    for layout in TABLES.values():
        table = tables.find(layout.name)
        if table is None:
            continue
        for row in live_files(table).to_pylist():
            path = f"{layout.name}/{row['path']}"
            rows = _read(tables, path, columns=["sequence"])
            if rows is None:
                numbering.excuse(row.get("min.sequence") or 0, row.get("max.sequence") or 0)
            elif rows.num_rows:
                numbering.add(rows.column("sequence").to_numpy())
    return numbering


def _batches(
    layout: TableLayout, tables: DeltaTables, numbering: Numbering, last: int
) -> Iterator[list[DataFile]]:
    batch: list[DataFile] = []
    for path in _unlisted(layout, tables):
        rows = _read(tables, path)
        if rows is None or not rows.num_rows:
            continue
        numbers = rows.column("sequence").to_numpy()
        is_fresh = numbering.is_lost(numbers) & (numbers <= last)
        if not is_fresh.any():
            continue
        fresh = rows.filter(pa.array(is_fresh))
        numbering.add(numbers[is_fresh])
        for file in data_files(conformed(fresh, layout), layout):
            tables.location.put(f"{layout.name}/{file.path}", file.data)
            batch.append(file)
        if sum(file.rows for file in batch) >= COMMIT_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _unlisted(layout: TableLayout, tables: DeltaTables) -> list[str]:
    table = tables.open(layout.name)
    listed = {f"{layout.name}/{path}" for path in live_files(table).column("path").to_pylist()}
    aside = (f"{layout.name}/_delta_log/", f"{layout.name}/_damaged/")
    return [
        path
        for path in tables.location.files(layout.name)
        if path.endswith(".parquet") and path not in listed and not path.startswith(aside)
    ]


def _read(tables: DeltaTables, path: str, columns: list[str] | None = None) -> pa.Table | None:
    try:
        data = tables.location.get(path)
    except FileNotFoundError:
        return None
    if not is_whole(path, data):
        return None
    # not of the folders' names: the partition is derived from the rows
    return pq.ParquetFile(pa.BufferReader(data)).read(columns=columns)
