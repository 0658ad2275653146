"""Fail-stop: after the first error of a disk nothing more is written there.

A kernel that could not write a page may call it clean all the same, so a
second fsync says that all is well when it is not. Who has seen an error
therefore claims nothing any more, until the file is opened again.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from perfkit.errors import DamagedStoreError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FailStop"]


class FailStop:
    """Whether a journal may still be written to.

    Parameters
    ----------
    name : str
        How messages call it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._failure: str | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether an error was seen."""
        return self._failure is not None

    def refuse_if_stopped(self) -> None:
        """Raise when an error was seen.

        Raises
        ------
        StoreError
            Naming the first error.
        """
        if self._failure is not None:
            raise StoreError(
                f"{self._name} has stopped after an error ({self._failure}); mend the disk and "
                "open the history again, what was acknowledged is safe"
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Guard what writes: an error of the disk is the last thing that is heard.

        To have waited in vain for another process is none: nothing was written.

        Raises
        ------
        StoreError
            When the disk refuses, and ever after.
        """
        self.refuse_if_stopped()
        try:
            yield
        except sqlite3.Error as error:
            if _is_busy(error):
                raise StoreError(
                    f"{self._name} was held by another process for too long ({error}); nothing "
                    "was acknowledged, see what that process does and try again"
                ) from error
            self._failure = str(error)
            raise StoreError(
                f"{self._name} could not be written ({error}); nothing was acknowledged and "
                "writing has stopped, mend the disk and open the history again"
            ) from error

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Guard what reads: a file that can't be read is not written to either.

        Raises
        ------
        DamagedStoreError
            When the file can't be read.
        """
        try:
            yield
        except sqlite3.Error as error:
            raise self.damage(f"can't be read ({error})") from error

    def damage(self, what: str) -> DamagedStoreError:
        """Stop, and give the error that says what is not as it was written."""
        self._failure = what
        return DamagedStoreError(
            f"{self._name}: {what}; keep a copy of the file and restore it from a backup"
        )


def _is_busy(error: sqlite3.Error) -> bool:
    # the low byte of an extended code: https://www.sqlite.org/rescode.html
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
