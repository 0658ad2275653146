"""Day mark: a moment that day rows can be moved back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.metrics.day_kernel import OpenTrips

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.metrics.day_kernel import Floats, Integers

__all__ = ["Mark"]


class Mark:
    """A moment that day rows can be moved back to, as long as someone holds it.

    Parameters
    ----------
    rows, closed : int
        How many rows and closed round trips there are.
    trips : OpenTrips
        Those that are open; copied.
    """

    __slots__ = ("__weakref__", "closed", "kept", "later", "rows", "trips")

    def __init__(self, rows: int, closed: int, trips: OpenTrips) -> None:
        self.rows, self.closed = rows, closed
        self.trips = OpenTrips(trips.is_open.copy(), trips.entry.copy())
        self.kept: list[tuple[Integers, Floats]] = []
        self.later: Mark | None = None

    def chain(self) -> Iterator[Mark]:
        """Give this mark and those set after it."""
        mark: Mark | None = self
        while mark is not None:
            yield mark
            mark = mark.later
