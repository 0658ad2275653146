"""The window: the last fills in memory, and the books as they were before them.

A fill that comes late by a little, or corrects one of the last, is counted by
going back to the books before the window and taking its fills again in order.
Nothing is read for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

__all__ = ["Window"]

State = TypeVar("State")

_LONGEST = 65_536  # fills of one half, when fills keep coming late
_SPAN = 8_192  # fills of a half; a late fill costs taking two halves again


class Window(Generic[State]):
    """Recorded fills of the last while, in two halves, each after a state of the books.

    Parameters
    ----------
    state : object
        The books before the first fill.
    """

    def __init__(self, state: State) -> None:
        self._halves: list[tuple[State, list[pa.Table]]] = [(state, [])]
        self._rows = 0  # of the newer half

    def add(self, fills: pa.Table, state: Callable[[], State], *, is_late: bool) -> None:
        """Take fills that are recorded; begin a new half when this one is full.

        Parameters
        ----------
        fills : pyarrow.Table
            Columns of `Fill`, and ``sequence``.
        state : callable
            Gives the books after them.
        is_late : bool
            Whether they were counted from before the window: what the books were between
            its halves is then no longer so, and the halves become one.
        """
        if is_late:
            self._halves = [self.back()]
            self._rows = sum(rows.num_rows for rows in self._halves[0][1])
        self._halves[-1][1].append(fills)
        self._rows += fills.num_rows
        if self._rows >= _SPAN:
            older = [self._halves[-1]] if self._rows < _LONGEST else []
            self._halves = [*older, (state(), [])]
            self._rows = 0

    def back(self) -> tuple[State, list[pa.Table]]:
        """Give the books before the window, and its fills as they were recorded."""
        return self._halves[0][0], [rows for _, tables in self._halves for rows in tables]

    def last(self) -> tuple[State, list[pa.Table]]:
        """Give the newest books that are kept, and the fills since."""
        return self._halves[-1]
