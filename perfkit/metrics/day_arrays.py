"""Day arrays: the arrays in which day rows lie, with room for more."""

from __future__ import annotations

import numpy as np

from perfkit.metrics import day_kernel as kernel
from perfkit.metrics.day_kernel import ClosedTrips, OpenTrips, Rows, Undo

__all__ = ["new_closed_trips", "new_open_trips", "new_rows", "new_undo"]


def new_rows(room: int, owners: int) -> Rows:
    """Make room for rows, of so many owners."""
    slots = 1 << (2 * room - 1).bit_length()  # at most half full
    return Rows(
        keys=np.zeros((room, 3), np.int64),
        values=np.zeros((room, kernel.FIELDS)),
        changed=np.zeros(room, np.int64),
        before=np.full(room, -1),
        newest=np.full(max(owners, 1), -1),
        slots=np.zeros(slots, np.int64),
        counts=np.zeros(3, np.int64),
    )


def new_open_trips(books: int, words: int) -> OpenTrips:
    """Make room for books, with so many words of labels."""
    return OpenTrips(np.zeros(books, np.bool_), np.zeros((books, words), np.uint64))


def new_closed_trips(room: int, words: int) -> ClosedTrips:
    """Make room for round trips, with so many words of labels."""
    return ClosedTrips(
        owner=np.zeros(room, np.int64),
        day=np.zeros(room, np.int64),
        pnl=np.zeros(room),
        labels=np.zeros((room, words), np.uint64),
        added=np.zeros(1, np.int64),
    )


def new_undo(room: int) -> Undo:
    """Make room for what rows were."""
    return Undo(np.zeros(room, np.int64), np.zeros((room, kernel.FIELDS)))
