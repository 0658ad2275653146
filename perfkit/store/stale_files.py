"""Vacuum: files that no reader can ask for any more are removed.

A file that a merge took away stays for a while, for readers who listed it
before; counted from the merge, not from when the file was written. delta-rs
1.6 counts nothing in its full mode, so this is done here.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector

from perfkit.errors import DamagedStoreError, InvalidArgumentError
from perfkit.store.checkpoints import log_files
from perfkit.store.compaction import refuse_without_journal
from perfkit.store.delta_tables import DeltaTables, live_files
from perfkit.store.flush_lock import flush_lock
from perfkit.store.journal import Journal
from perfkit.store.location import open_location
from perfkit.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deltalake import DeltaTable
    from pyarrow.fs import FileInfo

    from perfkit.store.location import Location

__all__ = ["RETENTION", "VacuumReport", "vacuum"]

RETENTION = timedelta(days=7)  # so long the log remembers when a file was taken away
_SHORTEST = timedelta(hours=1)  # no read takes longer


@dataclass(frozen=True, slots=True, kw_only=True)
class VacuumReport:
    """What a vacuum removed, or would have.

    Attributes
    ----------
    removed : tuple of str
        Paths below the history.
    size : int
        Their bytes.
    kept : int
        Files that no version refers to and that are too young to be removed.
    """

    removed: tuple[str, ...]
    size: int
    kept: int


def vacuum(
    uri: str | Path,
    *,
    retention: timedelta = RETENTION,
    dry_run: bool = False,
    now: datetime | None = None,
    storage_options: Mapping[str, str] | None = None,
    journal: str | Path | None = None,
) -> VacuumReport:
    """Remove files that have not belonged to the history for a while.

    Parameters
    ----------
    uri, storage_options, journal
        As for `TradeStore`.
    retention : datetime.timedelta
        How long a file stays after it was taken away: an hour to seven days.
    dry_run : bool
        Only say what would be removed.
    now : datetime, optional
        The clock's time when None.

    Returns
    -------
    VacuumReport
        What was removed: files that were merged into others, and what was left
        of writes that were cut short, or set aside by a repair.

    Raises
    ------
    InvalidArgumentError
        When the retention is too short or too long.
    DamagedStoreError
        When rows are missing: what would be removed may be where they are.
    StoreError
        When the journal is not on this machine, or the place refuses.

    Notes
    -----
    Rows are never removed: a merged file holds what the removed ones held, so
    a history `as_of` any time reads as before.
    """
    if not _SHORTEST <= retention <= RETENTION:
        raise InvalidArgumentError(
            f"the retention must be one hour to seven days, was {retention}; a shorter one breaks "
            "reads that are under way, a longer one is not remembered"
        )
    location = open_location(uri, storage_options, journal)
    refuse_without_journal(location, "vacuumed")
    limit = (now or datetime.now(UTC)) - retention
    removed, size, kept = [], 0, 0
    with flush_lock(location.journal):
        tables = DeltaTables(location)
        _refuse_if_rows_are_missing(tables)
        for name in TABLES:
            for file, since in _unused(tables, name):
                if since > limit:
                    kept += 1
                    continue
                if not dry_run:
                    tables.storage(name).delete_file(file.path)
                removed.append(f"{name}/{file.path}")
                size += file.size
    return VacuumReport(removed=tuple(removed), size=size, kept=kept)


def _refuse_if_rows_are_missing(tables: DeltaTables) -> None:
    location = tables.location
    with closing(Journal(location.journal, location.journal_home, read_only=True)) as journal:
        acknowledged = journal.last_sequence
        groups = [(g.kind, g.number, g.rows.num_rows) for g in journal.groups()]
        found = 0
        for name in TABLES:
            table = tables.find(name)
            done = 0 if table is None else table.transaction_version(journal.id) or 0
            found += sum(rows for kind, number, rows in groups if kind == name and number > done)
            if table is not None:
                found += pc.sum(live_files(table).column("num_records")).as_py() or 0
    if found != acknowledged:
        raise DamagedStoreError(
            f"{location.uri} must hold the {acknowledged:,} rows that were acknowledged, holds "
            f"{found:,}; nothing was removed, run `perfkit verify`"
        )


def _unused(tables: DeltaTables, name: str) -> Iterator[tuple[FileInfo, datetime]]:
    """List what no version refers to, and since when."""
    table = tables.find(name)
    if table is None:
        return
    live = set(live_files(table).column("path").to_pylist())
    taken = _taken_away(tables, name, table)
    for file in tables.storage(name).get_file_info(FileSelector("", recursive=True)):
        if file.is_file and file.path not in live and _is_ours(file):
            yield file, taken.get(file.path, file.mtime)


def _is_ours(file: FileInfo) -> bool:
    folder = file.path.split("/")[0]
    if folder == "_damaged" or file.base_name.endswith(".tmp"):
        return True
    return file.extension == "parquet" and not folder.startswith("_")


def _taken_away(tables: DeltaTables, name: str, table: DeltaTable) -> dict[str, datetime]:
    """Read from the log when files were taken away."""
    commits, checkpoints = log_files(tables.storage(name))
    newest = max(checkpoints, default=-1)
    log, location = f"{name}/_delta_log", tables.location
    removes = [] if newest < 0 else _summed_up(f"{log}/{checkpoints[newest]}", location)
    for number in range(newest + 1, table.version() + 1):
        for line in location.get(f"{log}/{commits[number]}").splitlines():
            removes.append(json.loads(line).get("remove"))
    return {
        remove["path"]: datetime.fromtimestamp(remove["deletionTimestamp"] / 1000, UTC)
        for remove in removes
        if remove is not None
    }


def _summed_up(path: str, location: Location) -> list[Any]:
    checkpoint = pq.ParquetFile(pa.BufferReader(location.get(path)))
    return list(checkpoint.read(columns=["remove"]).column("remove").to_pylist())
