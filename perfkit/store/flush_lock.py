"""The flush lock: one process at a time commits to the tables of a history.

Whoever flushes, compacts, vacuums or repairs holds it for as long as one step
takes, and waits for the other one. It is not the writer's lock: a tracker
journals on while another process holds this.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["flush_lock"]


@contextmanager
def flush_lock(journal: Path) -> Iterator[None]:
    """Hold the right to commit to the tables of a history.

    Waits for whoever has it. The kernel lets go when the process ends, however
    it ends; the file stays behind and means nothing by itself. It is not
    reentrant: who holds it and asks again waits for ever.

    Parameters
    ----------
    journal : pathlib.Path
        The journal's file; the lock lies beside it, in a folder that is made
        when it is absent.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    path = journal.with_name(f"{journal.name}.flush.lock")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
