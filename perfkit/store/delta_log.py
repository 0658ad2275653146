"""The log of one table as files: which of them can be believed.

A Delta table is what its log says: numbered commits, now and then a
checkpoint that sums them up, and a hint where the newest one is. delta-rs 1.6
takes a commit that a power loss emptied, or cut at the end of a line, for one
that says nothing: its rows vanish without a word. So the log is read here
before delta-rs reads it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from perfkit.store.location import Location

__all__ = ["BrokenFile", "DeltaLog"]

_HINT = "_last_checkpoint"
_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenFile:
    """A file of the log that can't be believed.

    Attributes
    ----------
    path : str
        Below the history.
    reason : str
        What is wrong with it, to be read after its name.
    """

    path: str
    reason: str


class DeltaLog:
    """The files of one table's log, as they are now.

    Parameters
    ----------
    location : Location
        Where the history lies.
    table : str
        Name of the table.

    Attributes
    ----------
    caches : tuple of BrokenFile
        Hints and checkpoints that lead readers astray; without them the
        commits are read, so they can always be set aside.
    commits : tuple of BrokenFile
        The first commit that can't be believed and all that follow it, the
        newest first: without them the table is what it was before.
    """

    def __init__(self, location: Location, table: str) -> None:
        self._location = location
        self._folder = f"{table}/_delta_log"
        hint = self._read(f"{self._folder}/{_HINT}")  # first: what it names is there by then
        paths = location.files(self._folder)
        self._commits = {int(m[1]): path for path, m in _named(_COMMIT, paths)}
        checkpoints = {int(m[1]): path for path, m in _named(_CHECKPOINT, paths)}
        broken = []
        for number in sorted(checkpoints, reverse=True):
            fault = self._checkpoint_fault(checkpoints[number])
            if fault is None:
                break  # older ones are not read
            broken.append(BrokenFile(path=checkpoints.pop(number), reason=fault))
        self._summed_up = max(checkpoints, default=-1)  # up to here no commit is read
        astray = None if hint is None else _hint_fault(hint, checkpoints)
        if astray is not None:
            broken.insert(0, BrokenFile(path=f"{self._folder}/{_HINT}", reason=astray))
        self.caches = tuple(broken)
        self.commits = tuple(self._untrusted())[::-1]

    def harmless(self) -> Iterator[BrokenFile]:
        """Look at the commits that a checkpoint has summed up; nobody reads them any more."""
        for number in sorted(n for n in self._commits if n <= self._summed_up):
            if fault := self._commit_fault(number):
                yield BrokenFile(path=self._commits[number], reason=fault)

    def _untrusted(self) -> Iterator[BrokenFile]:
        expected, first = self._summed_up + 1, ""
        for number in sorted(n for n in self._commits if n > self._summed_up):
            if not first and number != expected:
                first = f"commit {expected}, which is missing"
            if first:
                yield BrokenFile(path=self._commits[number], reason=f"follows {first}")
            elif fault := self._commit_fault(number):
                first = f"commit {number}, which {fault}"
                yield BrokenFile(path=self._commits[number], reason=fault)
            expected += 1

    def _commit_fault(self, number: int) -> str | None:
        content = self._read(self._commits[number])
        if content is None:
            return None  # cleaned away meanwhile
        if not content:
            return "is empty"
        try:
            is_whole = _is_finished([json.loads(line) for line in content.splitlines()], number)
        except (ValueError, LookupError, TypeError, AttributeError):
            return "is torn"
        return None if is_whole else "is torn"

    def _checkpoint_fault(self, path: str) -> str | None:
        content = self._read(path)
        if not content:
            return "is empty"
        try:
            pq.read_table(pa.BufferReader(content))
        except (pa.ArrowException, OSError):
            return "is torn"
        return None

    def _read(self, path: str) -> bytes | None:
        try:
            return self._location.get(path)
        except FileNotFoundError:
            return None


def _hint_fault(hint: bytes, checkpoints: Collection[int]) -> str | None:
    try:
        version = json.loads(hint)["version"]
    except (ValueError, LookupError, TypeError):
        return "is torn"
    return None if version in checkpoints else f"names checkpoint {version}, which isn't there"


def _named(pattern: re.Pattern[str], paths: list[str]) -> Iterator[tuple[str, re.Match[str]]]:
    for path in paths:
        if match := pattern.fullmatch(path.rpartition("/")[2]):
            yield path, match


def _is_finished(actions: list[Any], number: int) -> bool:
    """Say whether no line is missing at the end, as far as that can be seen.

    The first commit makes the table; one that adds rows ends with the number
    of their last group; one that only rewrites them adds and removes files.
    """
    kinds = {kind for action in actions for kind in dict(action)}
    if number == 0:
        return {"protocol", "metaData"} <= kinds
    if any(action["add"]["dataChange"] for action in actions if "add" in action):
        return "txn" in kinds
    return bool(kinds - {"commitInfo"}) and ("add" in kinds) == ("remove" in kinds)
