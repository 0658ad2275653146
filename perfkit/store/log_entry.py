"""One entry of a table's log: which files a commit added."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perfkit.errors import DamagedStoreError

if TYPE_CHECKING:
    from perfkit.store.location import Location

__all__ = ["LogEntry", "read_entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A commit, as the log has it.

    Attributes
    ----------
    path : str
        Of the entry itself, below the history.
    content : bytes
        What it says, as it was read.
    added : dict of str to tuple of int
        From each file's path, below its table, how many rows it has and the
        lowest of their numbers. Files that only rewrite rows are left out.
    """

    path: str
    content: bytes
    added: dict[str, tuple[int, int]]


def read_entry(location: Location, table: str, version: int) -> LogEntry:
    """Read a commit.

    Parameters
    ----------
    location : Location
        Where the history lies.
    table : str
        Name of the table.
    version : int
        Which commit.

    Raises
    ------
    DamagedStoreError
        When it is gone, torn, or says nothing that makes sense.
    StoreError
        When the location can't be reached.
    """
    path = f"{table}/_delta_log/{version:020}.json"
    try:
        content = location.get(path)
        actions = [json.loads(line) for line in content.splitlines()]
        adds = [action["add"] for action in actions if action.get("add", {}).get("dataChange")]
        return LogEntry(
            path=path,
            content=content,
            added={add["path"]: _rows(json.loads(add["stats"])) for add in adds},
        )
    except (FileNotFoundError, ValueError, LookupError) as error:
        raise DamagedStoreError(
            f"{location.uri}/{path} can't be read back ({type(error).__name__}: {error}); the "
            "journal still has its rows, run `perfkit verify`"
        ) from error


def _rows(statistics: dict[str, Any]) -> tuple[int, int]:
    return statistics["numRecords"], statistics["minValues"]["sequence"]
