"""Where a history lies: a folder of this machine, or a prefix in S3.

A location puts a file so that it survives a power loss, gives it back, moves
it out of the way, and says where the journal lies. delta-rs makes no fsync,
so whatever it writes into a local folder is synced here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from perfkit.errors import InvalidArgumentError
from perfkit.store.s3_location import S3Location

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LocalLocation", "Location", "open_location"]


class Location(Protocol):
    """A place for the files of a history."""

    uri: str
    journal: Path
    journal_home: str
    is_atomic: bool  # a file is there whole or not at all, whatever fails

    @property
    def options(self) -> dict[str, str]:
        """Storage options for delta-rs; good for minutes, so ask each time."""

    @property
    def read_options(self) -> dict[str, Any]:
        """Storage options for polars, likewise."""

    def prepare(self) -> None:
        """Make the place ready for writing, or refuse it."""

    def put(self, path: str, data: bytes) -> None:
        """Write a file; it is durable when this returns."""

    def get(self, path: str) -> bytes:
        """Read a file; FileNotFoundError when it is not there."""

    def files(self, folder: str) -> list[str]:
        """List the paths of all files below a folder, in the order of their names."""

    def move(self, path: str, to: str) -> None:
        """Give a file a path that is free; durable when this returns."""

    def sync_log(self, table: str) -> None:
        """Make what delta-rs wrote into a table's log durable."""


_UNSPEAKABLE = "%[]\\^|#?"  # delta-rs 1.6 decodes, refuses or loses these in a path


class LocalLocation:
    """A folder of this machine.

    Parameters
    ----------
    root : pathlib.Path
        The history's folder.
    journal : pathlib.Path, optional
        The journal's file; ``root/journal.sqlite`` when None.
    """

    def __init__(self, root: Path, journal: Path | None = None) -> None:
        self.root = root.absolute()
        if found := [c for c in _UNSPEAKABLE if c in str(self.root)]:
            raise InvalidArgumentError(
                f"the folder of a history must be named without {_UNSPEAKABLE}, {str(self.root)!r} "
                f"has {''.join(found)}; choose another folder"
            )
        self.uri = str(self.root)
        self.options: dict[str, str] = {}
        self.read_options: dict[str, Any] = {}
        self.journal = journal or self.root / "journal.sqlite"
        self.journal_home = "local"  # a folder may be moved as a whole
        self.is_atomic = False  # a power loss may leave a name without its content

    def prepare(self) -> None:
        """Make the folder."""
        make_folder(self.root)

    def put(self, path: str, data: bytes) -> None:
        """Write a file whole or not at all, with its folders synced."""
        target = self.root / path
        make_folder(target.parent)
        staged = target.with_name(f".{target.name}.tmp")
        with staged.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(target)
        sync(target.parent)

    def get(self, path: str) -> bytes:
        """Read a file."""
        return (self.root / path).read_bytes()

    def files(self, folder: str) -> list[str]:
        """List the paths of all files below a folder, in the order of their names."""
        found = (self.root / folder).rglob("*")
        return sorted(str(path.relative_to(self.root)) for path in found if path.is_file())

    def move(self, path: str, to: str) -> None:
        """Give a file a path that is free; durable when this returns."""
        source, target = self.root / path, self.root / to
        make_folder(target.parent)
        source.rename(target)
        sync(target.parent)
        sync(source.parent)

    def sync_log(self, table: str) -> None:
        """Sync the newest commit of a table and the folders that name it."""
        log = self.root / table / "_delta_log"
        sync(max(log.glob("*.json")))
        sync(log)
        sync(log.parent)
        sync(self.root)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each synced in its own parent."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def sync(path: Path) -> None:
    """Make a file's content or a folder's names durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_location(
    uri: str | Path, options: Mapping[str, str] | None = None, journal: str | Path | None = None
) -> Location:
    """Say where a history lies.

    Parameters
    ----------
    uri : str or pathlib.Path
        A folder, or ``s3://bucket/prefix``.
    options : mapping of str to str, optional
        For S3: what delta-rs calls storage options, e.g. ``AWS_ENDPOINT_URL``.
    journal : str or pathlib.Path, optional
        The journal's file, on this machine. By default inside a local folder,
        and for S3 below ``$XDG_STATE_HOME/perfkit``.

    Raises
    ------
    InvalidArgumentError
        When it is neither.
    """
    path = None if journal is None else Path(journal).expanduser().absolute()
    text = str(uri)
    if re.match(r"s3a?://", text):
        return S3Location(text, dict(options or {}), path)
    if "://" in text or not text:
        raise InvalidArgumentError(
            f"the uri of a history must be a folder or s3://bucket/prefix, was {text!r}; "
            "give a path of this machine without a scheme"
        )
    return LocalLocation(Path(uri).expanduser(), path)
