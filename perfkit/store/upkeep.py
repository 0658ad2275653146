"""Upkeep: is what lies on disk still what was acknowledged?

Parquet has no checksum that its readers check: most flipped bits come back
as wrong prices. So every file is read whole and held against the checksum
its commit carries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.delta_tables import DeltaTables, checksums, live_files
from perfkit.store.journal import Journal
from perfkit.store.location import Location, open_location
from perfkit.store.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VerifyReport", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What a look at every byte of a history found.

    Attributes
    ----------
    table_rows : mapping of str to int
        Rows of each table.
    journal_rows : mapping of str to int
        Rows of each table that are acknowledged and still in the journal
        alone.
    files : int
        Data files that were read.
    is_chain_whole : bool
        Whether the journal is what was acknowledged.
    damaged : tuple of str
        Each thing that is wrong, named.
    """

    table_rows: Mapping[str, int]
    journal_rows: Mapping[str, int]
    files: int
    is_chain_whole: bool
    damaged: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damaged


def verify(
    uri: str | Path,
    *,
    storage_options: Mapping[str, str] | None = None,
    journal: str | Path | None = None,
) -> VerifyReport:
    """Check a history against its checksums; nothing is changed.

    Parameters
    ----------
    uri, storage_options, journal
        As for `TradeStore`.

    Returns
    -------
    VerifyReport
        Counts, and everything that is damaged.

    Raises
    ------
    StoreError
        When there is no history, or it can't be reached.
    """
    location = open_location(uri, storage_options, journal)
    tables = DeltaTables(location)
    writer, waiting, damage = _check_journal(location)
    rows: dict[str, int] = {}
    damaged = [] if damage is None else [damage]
    files = 0
    for name in TABLES:
        try:
            table = tables.find(name)
            if table is None:
                continue
            live = live_files(table)
            rows[name] = (pc.sum(live.column("num_records")).as_py() or 0) if len(live) else 0
            files += len(live)
            done = (writer and table.transaction_version(writer)) or 0
            waiting[name] = {n: count for n, count in waiting[name].items() if n > done}
            known = checksums(table)
            damaged += _damaged_files(live.column("path").to_pylist(), known, name, location)
        except DamagedStoreError as error:
            damaged.append(str(error))
    if not rows and not damaged and writer is None:
        raise StoreError(f"there is no history at {location.uri}; check the address")
    return VerifyReport(
        table_rows=rows,
        journal_rows={name: sum(counts.values()) for name, counts in waiting.items()},
        files=files,
        is_chain_whole=damage is None,
        damaged=tuple(damaged),
    )


def _check_journal(
    location: Location,
) -> tuple[str | None, dict[str, dict[int, int]], str | None]:
    waiting: dict[str, dict[int, int]] = {name: {} for name in TABLES}
    if not location.journal.exists():
        return None, waiting, None
    try:
        with closing(Journal(location.journal, location.journal_home, read_only=True)) as journal:
            damage = journal.verify()
            if damage is None:
                for group in journal.groups():
                    waiting[group.kind][group.number] = group.rows.num_rows
            return journal.id, waiting, damage
    except StoreError as error:
        return None, waiting, str(error)


def _damaged_files(
    paths: list[str], known: Mapping[str, str], name: str, location: Location
) -> Iterator[str]:
    for path in paths:
        file = f"{name}/{path}"
        try:
            found = hashlib.sha256(location.get(file)).hexdigest()
        except OSError as error:
            yield f"{file} can't be read: {error}"
            continue
        if path not in known:
            yield f"{file} has no checksum in the table's log"
        elif found != known[path]:
            yield f"{file} has other bytes than were written"
