"""Compaction: a history's small files become few sorted ones, and no row changes.

Tables stay append-only: a merge takes files away and adds one with the same
rows, as one commit that Delta knows to change no data. Who listed the old
files before still finds them, until `vacuum` removes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deltalake.exceptions import DeltaError

from perfkit.errors import StoreError
from perfkit.store.delta_tables import DeltaTables, live_files
from perfkit.store.flush_lock import flush_lock
from perfkit.store.location import open_location
from perfkit.store.merging import batches, merged, small_files
from perfkit.store.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.store.location import Location
    from perfkit.store.tables import TableLayout

__all__ = ["CompactionReport", "compact", "refuse_without_journal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactionReport:
    """What a compaction did.

    Attributes
    ----------
    files : mapping of str to tuple of int
        Files of each table before and after.
    rows : int
        Rows that lie in another file now.
    """

    files: Mapping[str, tuple[int, int]]
    rows: int


def compact(
    uri: str | Path,
    *,
    storage_options: Mapping[str, str] | None = None,
    journal: str | Path | None = None,
) -> CompactionReport:
    """Merge the small files of each month or year, also while the history is written to.

    Parameters
    ----------
    uri, storage_options, journal
        As for `TradeStore`.

    Returns
    -------
    CompactionReport
        Files before and after.

    Raises
    ------
    DamagedStoreError
        When a file is not what was written; it stays as it is.
    StoreError
        When the journal is not on this machine, or the tables refuse; what
        was merged until then is done.

    Notes
    -----
    Rows that are still in the journal stay where they are. Killed at any
    point, a merge has happened or it has not; what is left behind of one that
    has not is removed by `vacuum`.
    """
    location = open_location(uri, storage_options, journal)
    refuse_without_journal(location, "compacted")
    tables = DeltaTables(location)
    files: dict[str, tuple[int, int]] = {}
    rows = 0
    try:
        with flush_lock(location.journal):
            tables.create()  # merged rows have today's columns, and so must the table
        for layout in TABLES.values():
            before = _file_count(tables, layout)
            while merged_rows := _merge_next(tables, layout):
                rows += merged_rows
            files[layout.name] = before, _file_count(tables, layout)
    except (DeltaError, OSError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"{location.uri}: the tables could not be compacted: {error}; no row was lost, mend "
            "the place and compact again"
        ) from error
    return CompactionReport(files=files, rows=rows)


def refuse_without_journal(location: Location, done: str) -> None:
    """Raise when the journal of a history, and with it its lock, is not here.

    Parameters
    ----------
    location : Location
        Of the history.
    done : str
        What was asked for, as a participle.

    Raises
    ------
    StoreError
        Naming where the journal was looked for.
    """
    if not location.journal.exists():
        raise StoreError(
            f"{location.uri} must be {done} where it is recorded, and its journal is not at "
            f"{location.journal}; go to that machine, or say where the journal is"
        )


def _merge_next(tables: DeltaTables, layout: TableLayout) -> int:
    with flush_lock(tables.location.journal):  # one merge at a time: a flush need not wait for all
        live = live_files(tables.open(layout.name))
        batch = next(batches(small_files(live, layout, tables.location)), None)
        if batch is None:
            return 0
        tables.replace(layout, batch, merged(batch, layout, tables.location))
        return sum(file.rows for file in batch)


def _file_count(tables: DeltaTables, layout: TableLayout) -> int:
    return int(live_files(tables.open(layout.name)).num_rows)
