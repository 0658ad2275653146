"""The flusher as a process: it follows the journal of a tracker in another one.

It needs no right of the writer's. What is acknowledged is moved in rounds;
between them it sleeps. When the tables refuse it tries again, less and less
often, and says how much waits meanwhile; only an error of the journal's disk
ends it. It may be killed at any point: the next one goes on from there.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.errors import StoreError
from perfkit.store.backlog import Backlog
from perfkit.store.flusher import flush_steps, prepare
from perfkit.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.store.delta_tables import DeltaTables

__all__ = ["Round", "flush_once", "follow"]

LONGEST_PAUSE = 60.0  # seconds between two tries while the tables refuse
_GLANCE = 0.1  # seconds between two looks at whether to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of a flusher came to.

    Attributes
    ----------
    moved : int
        Rows that left the journal.
    seconds : float
        How long that took.
    backlog : Backlog
        What waits after it.
    repaired : tuple of str
        A sentence on each thing that an earlier crash left half done, and
        that was set aside or put back before the first round.
    refusal : str, optional
        Why the tables refused, and what to do; None when they did not.
    pause : float
        Seconds until the next round.
    """

    moved: int = 0
    seconds: float = 0.0
    backlog: Backlog
    repaired: tuple[str, ...] = ()
    refusal: str | None = None
    pause: float = 0.0


def flush_once(tables: DeltaTables) -> Iterator[Round]:
    """Move what a journal holds now into the tables, whoever writes to it.

    Parameters
    ----------
    tables : DeltaTables
        Of the history.

    Yields
    ------
    Round
        After each commit, and one at the least.

    Raises
    ------
    StoreError
        When this machine has no journal of the history, or the tables refuse.
    """
    location = tables.location
    if not location.journal.exists():
        raise StoreError(
            f"{location.uri}: there is no journal {location.journal} on this machine; check the "
            "address, or flush where the trades are recorded"
        )
    repaired = prepare(tables)
    with closing(Journal(location.journal, location.journal_home)) as journal:
        yield Round(backlog=journal.backlog(), repaired=repaired)
        yield from _rounds(journal, tables)


def follow(tables: DeltaTables, *, every: float, is_ending: Callable[[], bool]) -> Iterator[Round]:
    """Move what a tracker acknowledges into the tables, round after round.

    Parameters
    ----------
    tables : DeltaTables
        Of the history; its journal may be absent still.
    every : float
        Seconds from the end of a round to the next one, > 0. While the tables
        refuse it doubles with each try, up to a minute.
    is_ending : callable
        Whether to end after the round; asked often.

    Yields
    ------
    Round
        After each round that moved something or was refused.

    Raises
    ------
    StoreError
        When the journal belongs to another history, or its disk fails.
    """
    location = tables.location
    while not (is_ending() or location.journal.exists()):
        time.sleep(_GLANCE)
    if is_ending():
        return
    with closing(Journal(location.journal, location.journal_home)) as journal:
        is_prepared, pause = False, every
        while not is_ending():
            try:
                if not is_prepared:
                    yield Round(backlog=journal.backlog(), repaired=prepare(tables))
                    is_prepared = True
                for done in _rounds(journal, tables):
                    yield done
                    if is_ending():
                        return
                pause = every
            except StoreError as error:
                if journal.is_stopped:
                    raise
                journal.copy_log()
                pause = min(2 * pause, max(every, LONGEST_PAUSE))
                yield Round(backlog=journal.backlog(), refusal=str(error), pause=pause)
            _sleep(pause, is_ending)


def _rounds(journal: Journal, tables: DeltaTables) -> Iterator[Round]:
    started = time.monotonic()
    for moved in flush_steps(journal, tables):
        now = time.monotonic()
        yield Round(moved=moved, seconds=now - started, backlog=journal.backlog())
        started = now


def _sleep(seconds: float, is_ending: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not is_ending():
        time.sleep(min(left, _GLANCE))
