"""Checkpoints: what a table's log says, summed up, so that opening stays fast.

A checkpoint is made in a scratch folder and put into the log whole and
synced: whoever lists the log never finds half of one, also after a power
loss, and the hint is written after it. Commits that a checkpoint has long
covered are deleted, so the log does not grow.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from deltalake import DeltaTable
from pyarrow.fs import FileSelector

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

    from perfkit.store.location import Location

__all__ = ["INTERVAL", "MARGIN", "log_files", "write_checkpoint"]

INTERVAL = 20  # commits from one checkpoint to the next; opening costs as much as one commit then
MARGIN = 200  # commits that stay behind the newest checkpoint, and ten checkpoints with them
_LOG = "_delta_log"
_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")


def write_checkpoint(location: Location, name: str, storage: FileSystem) -> None:
    """Sum up the log of a table as it is now, and delete what is long covered.

    Parameters
    ----------
    location : Location
        Where the history lies.
    name : str
        Name of the table.
    storage : pyarrow.fs.FileSystem
        The table's folder.

    Raises
    ------
    DeltaError
        When the log can't be read.
    OSError
        When it can't be written.
    """
    commits, checkpoints = log_files(storage)
    version, summed_up = max(commits), max(checkpoints, default=-1)
    if version > summed_up:
        needed = [file for number, file in commits.items() if number > summed_up]
        _sum_up(location, name, [*needed, *filter(None, [checkpoints.get(summed_up)])])
    # what was summed up before this run is on disk in any case
    covered = max((number for number in checkpoints if number <= version - MARGIN), default=-1)
    for numbers in (commits, checkpoints):
        for number in sorted(number for number in numbers if number < covered):
            storage.delete_file(f"{_LOG}/{numbers[number]}")


def log_files(storage: FileSystem) -> tuple[dict[int, str], dict[int, str]]:
    """List the commits and the checkpoints of a table.

    Parameters
    ----------
    storage : pyarrow.fs.FileSystem
        The table's folder.

    Returns
    -------
    tuple of dict of int to str
        From version to the name of the file.
    """
    files = [info.base_name for info in storage.get_file_info(FileSelector(_LOG))]
    return _numbered(_COMMIT, files), _numbered(_CHECKPOINT, files)


def _sum_up(location: Location, name: str, files: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="perfkit-") as folder:
        scratch = Path(folder) / _LOG
        scratch.mkdir()
        for file in files:
            (scratch / file).write_bytes(location.get(f"{name}/{_LOG}/{file}"))
        table = DeltaTable(folder)
        table.create_checkpoint()
        for made in (f"{table.version():020}.checkpoint.parquet", "_last_checkpoint"):
            location.put(f"{name}/{_LOG}/{made}", (scratch / made).read_bytes())


def _numbered(pattern: re.Pattern[str], files: list[str]) -> dict[int, str]:
    return {int(match[1]): file for file in files if (match := pattern.fullmatch(file))}
