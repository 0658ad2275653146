"""Repair: what a power loss left half done is set aside, and nothing is deleted.

A file that can't be believed is moved to ``<table>/_damaged/`` under the path
it had. The table is then what it was one commit before, and the rows of that
commit come back from where they still are: the journal, out of which they are
flushed again, or their data files, which are named by their checksum.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from perfkit.errors import DamagedStoreError
from perfkit.store.data_file import data_files, is_whole
from perfkit.store.delta_log import DeltaLog
from perfkit.store.delta_tables import DeltaTables, live_files
from perfkit.store.evolution import conformed
from perfkit.store.journal import Journal
from perfkit.store.lost_rows import put_back
from perfkit.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.store.location import Location
    from perfkit.store.tables import TableLayout

__all__ = ["Repairs", "is_half_written", "mend", "repair"]


class Repairs(NamedTuple):
    """What was done, and what could not be: a sentence each."""

    done: tuple[str, ...]
    damaged: tuple[str, ...]


def repair(location: Location) -> tuple[str, ...]:
    """Bring a history back to where it can be written to.

    Parameters
    ----------
    location : Location
        Of the history; the caller holds its writer lock and its flush lock.

    Returns
    -------
    tuple of str
        A sentence on each thing that was set aside or put back; empty when
        nothing was wrong.

    Raises
    ------
    DamagedStoreError
        When acknowledged rows are lost, or a table can't be opened still.
    StoreError
        When the location can't be reached.

    Notes
    -----
    Looked at are the logs, and the data files whose rows the journal still
    has: what a power loss can have caught. `verify` looks at every byte.
    """
    done, damaged = mend(location)
    if damaged:
        said = f" ({'; '.join(done)})" if done else ""
        raise DamagedStoreError(f"{location.uri}: {'; '.join(damaged)}{said}")
    return done


def mend(location: Location, *, is_thorough: bool = False) -> Repairs:
    """Set aside and put back as `repair`, and say what remains.

    Parameters
    ----------
    location : Location
        As for `repair`.
    is_thorough : bool
        Look for lost rows even where no log is broken, and into the logs of
        tables that can be opened in S3; all numbers are read.
    """
    if not location.journal.exists():
        return _mend(location, None, is_thorough)
    with closing(Journal(location.journal, location.journal_home, read_only=True)) as journal:
        return _mend(location, journal, is_thorough)


def is_half_written(path: str) -> bool:
    """Say whether a file is a step of writing another one: ours, or one of delta-rs."""
    name = path.rpartition("/")[2]
    return "/_damaged/" not in path and (name.endswith(".tmp") or "#" in name)


def _mend(location: Location, journal: Journal | None, is_thorough: bool) -> Repairs:
    tables = DeltaTables(location)
    done: list[str] = []
    damaged: list[str] = []
    is_shorter = is_thorough
    for name in TABLES:
        if location.is_atomic and not is_thorough and _opens(tables, name):
            continue
        files = location.files(name)
        log = DeltaLog(location, name)
        left = [path for path in files if is_half_written(path)]
        done += [_set_aside(location, path, "was left half written") for path in left]
        done += [_set_aside(location, file.path, file.reason) for file in log.caches]
        is_shorter |= bool(log.commits)
        if log.commits and journal is None and any(map(_is_data, files)):
            damaged.append(
                f"{log.commits[-1].path} {log.commits[-1].reason}, and without the journal "
                f"{location.journal} it can't be told which rows are missing; say where it is"
            )
        else:
            done += [_set_aside(location, file.path, file.reason) for file in log.commits]
    if journal is not None and not damaged:
        try:
            rebuilt, lost = _bring_back(tables, journal, is_shorter=is_shorter)
            done, damaged = done + rebuilt, lost
        except DamagedStoreError as error:
            damaged = [str(error)]
    return Repairs(tuple(done), tuple(damaged))


def _bring_back(
    tables: DeltaTables, journal: Journal, *, is_shorter: bool
) -> tuple[list[str], list[str]]:
    first = next(journal.groups(), None)
    forgotten = journal.last_sequence if first is None else first.first_sequence - 1
    done: list[str] = []
    if first is not None and not tables.location.is_atomic:
        for layout in TABLES.values():
            done += _rebuilt(layout, forgotten, tables, journal)
    if is_shorter or _rows_up_to(forgotten, tables) < forgotten:
        said, lost = put_back(tables, journal)
        return done + said, [lost] if lost else []
    return done, []


def _rows_up_to(number: int, tables: DeltaTables) -> int:
    """Count the rows of the files that were flushed and forgotten, as the logs have them."""
    rows = 0
    for name in TABLES:
        table = tables.find(name)
        for file in [] if table is None else live_files(table).to_pylist():
            is_settled = (file.get("max.sequence") or 0) <= number
            rows += (file.get("num_records") or 0) if is_settled else 0
    return rows


def _rebuilt(
    layout: TableLayout, forgotten: int, tables: DeltaTables, journal: Journal
) -> Iterator[str]:
    """Write damaged files again whose rows the journal still has."""
    table = tables.find(layout.name)
    if table is None:
        return
    for row in live_files(table).to_pylist():
        path = f"{layout.name}/{row['path']}"
        if (row.get("min.sequence") or 0) <= forgotten or _is_whole(tables.location, path):
            continue
        parts = [group.rows for group in journal.groups(layout.name)]
        rows = conformed(pa.concat_tables(parts), layout)
        numbers = rows.column("sequence").to_numpy()
        is_its = (numbers >= row["min.sequence"]) & (numbers <= row["max.sequence"])
        for file in data_files(rows.filter(pa.array(is_its)), layout):
            if file.path == row["path"]:  # the same rows give the same bytes, and these the name
                if path in tables.location.files(layout.name):
                    yield _set_aside(tables.location, path, "is not what was written")
                tables.location.put(path, file.data)
                yield f"{path} was written again from the journal"


def _is_whole(location: Location, path: str) -> bool:
    try:
        return is_whole(path, location.get(path))
    except FileNotFoundError:
        return False


def _opens(tables: DeltaTables, name: str) -> bool:
    try:
        tables.find(name)
    except DamagedStoreError:
        return False
    return True


def _is_data(path: str) -> bool:
    return path.endswith(".parquet") and not path.split("/")[1].startswith("_")


def _set_aside(location: Location, path: str, reason: str) -> str:
    table, _, rest = path.partition("/")
    taken = set(location.files(f"{table}/_damaged"))
    to, count = f"{table}/_damaged/{rest}", 1
    while to in taken:
        count += 1
        to = f"{table}/_damaged/{rest}.{count}"
    location.move(path, to)
    return f"{path} {reason}; it was set aside as {to}"
