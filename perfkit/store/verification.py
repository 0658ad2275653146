"""Verification: is what lies on disk still what was acknowledged?

Parquet has no checksum that its readers check: most flipped bits come back
as wrong prices. So every file is read whole and held against the checksum in
its name, and every number that the journal gave must be found, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfkit.errors import StoreError, StoreLockedError
from perfkit.store.doubled_trades import doubled_trades
from perfkit.store.flush_lock import flush_lock
from perfkit.store.journal import Journal
from perfkit.store.location import open_location
from perfkit.store.repair import is_half_written, mend
from perfkit.store.table_check import TableCheck
from perfkit.store.tables import TABLES
from perfkit.store.writer_lock import WriterLock

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.store.journal_group import Group
    from perfkit.store.location import Location
    from perfkit.store.repair import Repairs

__all__ = ["VerifyReport", "verify"]

_NOBODY = ""  # who has written, where there is no journal


class _Waiting(NamedTuple):
    """A group of the journal, without its rows."""

    kind: str
    number: int
    first: int
    last: int

    @classmethod
    def of(cls, group: Group) -> _Waiting:
        return cls(group.kind, group.number, group.first_sequence, group.last_sequence)


class _JournalState(NamedTuple):
    """What the journal says of the rows, or why it can't be believed."""

    id: str = _NOBODY
    last_sequence: int = 0
    groups: Sequence[_Waiting] = ()
    damage: str | None = None


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
    repaired : tuple of str
        Each thing that was wrong and is not any more.
    warnings : tuple of str
        Each thing that is not as it should be and harms nothing.
    damaged : tuple of str
        Each thing that is wrong, named.
    """

    table_rows: Mapping[str, int]
    journal_rows: Mapping[str, int]
    files: int
    is_chain_whole: bool
    repaired: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong, or not any more: every acknowledged row is here, once."""
        return not self.damaged


def verify(
    uri: str | Path,
    *,
    storage_options: Mapping[str, str] | None = None,
    journal: str | Path | None = None,
    dry_run: bool = False,
) -> VerifyReport:
    """Check every byte of a history, and repair what can be repaired without loss.

    Parameters
    ----------
    uri, storage_options, journal
        As for `TradeStore`.
    dry_run : bool
        Only look. A clean history is not written to in any case, and neither
        is one that another process is writing to.

    Returns
    -------
    VerifyReport
        Counts, and everything that was repaired, is odd or is damaged.

    Raises
    ------
    StoreError
        When there is no history, or it can't be reached.

    Notes
    -----
    A broken log is cut off before its first broken commit; the files are
    moved into the table's folder ``_damaged``. Their rows come back from the
    journal or from their data files. A data file is written again while the
    journal has its rows; after that only a backup has them.
    """
    location = open_location(uri, storage_options, journal)
    report = _look(location)
    is_mendable = report.is_chain_whole and location.journal.parent.is_dir()
    if dry_run or not is_mendable or not (report.damaged or _half_written(location)):
        return report
    try:
        done, damaged = _repaired(location)
    except OSError as error:
        if isinstance(error, StoreError) and not isinstance(error, StoreLockedError):
            raise
        warnings = (f"nothing was repaired: {error}",) if report.damaged else ()
        return replace(report, warnings=report.warnings + warnings)
    report = _look(location)
    more = tuple(line for line in damaged if line not in report.damaged)
    return replace(report, repaired=done, damaged=report.damaged + more)


def _repaired(location: Location) -> Repairs:
    lock = WriterLock(location.journal.with_suffix(".lock"))
    try:
        with flush_lock(location.journal):
            return mend(location, is_thorough=True)
    finally:
        lock.release()


def _half_written(location: Location) -> bool:
    return any(is_half_written(path) for name in TABLES for path in location.files(name))


def _look(location: Location) -> VerifyReport:
    journal = _read_journal(location)  # before the tables: what leaves it is then seen there
    check = TableCheck(location)
    waiting = {}
    for name in TABLES:
        table = check.look(name)
        done = 0 if table is None else table.transaction_version(journal.id) or 0
        fresh = [group for group in journal.groups if group.kind == name and group.number > done]
        waiting[name] = sum(group.last - group.first + 1 for group in fresh)
        for group in fresh:
            check.numbering.add(np.arange(group.first, group.last + 1))
    if not check.rows and not check.damaged and journal.id == _NOBODY:
        raise StoreError(f"there is no history at {location.uri}; check the address")
    damaged = [*([] if journal.damage is None else [journal.damage]), *check.damaged]
    if check.is_complete and journal.damage is None:
        damaged += check.numbering.faults(journal.last_sequence)
    if not damaged and check.rows.get("trades"):
        damaged += doubled_trades(location)
    return VerifyReport(
        table_rows=check.rows,
        journal_rows=waiting,
        files=check.files,
        is_chain_whole=journal.damage is None,
        warnings=tuple(check.warnings),
        damaged=tuple(damaged),
    )


def _read_journal(location: Location) -> _JournalState:
    if not location.journal.exists():
        return _JournalState()
    try:
        with closing(Journal(location.journal, location.journal_home, read_only=True)) as journal:
            damage = journal.verify()
            groups = [] if damage else [_Waiting.of(group) for group in journal.groups()]
            return _JournalState(journal.id, journal.last_sequence, groups, damage)
    except StoreError as error:
        return _JournalState(damage=str(error))
