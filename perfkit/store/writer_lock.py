"""One writer a history: a lock that dies with the process that holds it.

Readers never ask for it. The file stays behind and means nothing by itself:
the kernel's lock counts, and it ends with its process however that ends.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from perfkit.errors import StoreLockedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WriterLock"]


class WriterLock:
    """The exclusive right to write to a history, held until `release`.

    Parameters
    ----------
    path : pathlib.Path
        The lock file; its folder must exist.

    Raises
    ------
    StoreLockedError
        When a writer holds it; the message names that process.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            raise StoreLockedError(
                f"{path.parent}: a history has one writer, and process {holder or 'unknown'} "
                "is writing to this one; close its tracker or wait for it to end"
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode("ascii"), 0)

    def release(self) -> None:
        """Let the next writer in."""
        os.close(self._file)
