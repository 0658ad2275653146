"""Trip log: the closed round trips of all strategies, of each the last ones at least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.day_arrays import new_closed_trips
from perfkit.metrics.day_kernel import ClosedTrips
from perfkit.metrics.last_trips import LastTrips

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from perfkit.metrics.day_kernel import Integers
    from perfkit.metrics.day_mark import Mark

__all__ = ["TripLog"]

_ROOM = 256  # trips to begin with
_COLUMNS = ("owner", "day", "pnl", "labels")


class TripLog:
    """Closed round trips in the order in which they were added.

    What is no longer among the last of its strategy is dropped when there is no room left.

    Parameters
    ----------
    kept : int
        How many of each strategy are kept, at least 1.

    Raises
    ------
    InvalidArgumentError
        When it is below 1.

    Attributes
    ----------
    arrays : ClosedTrips
        For the kernel, which adds to them.
    """

    def __init__(self, kept: int) -> None:
        if kept < 1:
            raise InvalidArgumentError(
                f"kept_trips must be at least 1, was {kept}; it is the longest window of trips"
            )
        self.kept = kept
        self.arrays = new_closed_trips(_ROOM, 1)

    def __len__(self) -> int:
        return int(self.arrays.added[0])

    def last_of(self, owner: int, count: int, names: list[str]) -> LastTrips:
        """Give the last trips of an owner by number, at most so many."""
        added = self._first(len(self))
        own = np.flatnonzero(added.owner == owner)
        place = own[np.argsort(added.day[own], kind="stable")][max(len(own) - count, 0) :]
        return LastTrips(added.day[place], added.pnl[place], added.labels[place], names)

    def shorten(self, count: int) -> None:
        """Leave only the first trips."""
        self.arrays.added[0] = count

    def widen(self, words: int) -> None:
        """Make room for more labels."""
        if words > self.arrays.labels.shape[1]:
            self._hold(self._first(len(self)), words)

    def make_room(self, marks: Collection[Mark]) -> None:
        """Make room for more trips, dropping what isn't among the last now or at a mark."""
        count = len(self)
        settled = min((mark.closed for mark in marks), default=count)
        stays = np.ones(count, np.bool_)
        stays[:settled] = self._last_of_each(self._first(settled))
        place = np.append(0, np.cumsum(stays))
        for mark in marks:
            mark.closed = int(place[mark.closed])
        self._hold(self._chosen(np.flatnonzero(stays)), self.arrays.labels.shape[1])

    def state(self, place: Integers) -> dict[str, npt.NDArray[Any]]:
        """Copy the last trips of each owner, with the number that has become its place.

        Parameters
        ----------
        place : ndarray of shape (n_owners,)
            New number of each owner; -1 is forgotten.
        """
        added = self._first(len(self))
        stays = (place[added.owner] >= 0) & self._last_of_each(added)
        found = self._chosen(np.flatnonzero(stays))
        found = found._replace(owner=place[found.owner])
        return {f"closed_{name}": getattr(found, name) for name in _COLUMNS}

    def take_up(self, state: Mapping[str, npt.NDArray[Any]], words: int) -> None:
        """Go on from a state, with room for so many words of labels."""
        owner, day, pnl, labels = (state[f"closed_{name}"] for name in _COLUMNS)
        self._hold(ClosedTrips(owner, day, pnl, labels, np.array([len(pnl)])), words)

    def _first(self, count: int) -> ClosedTrips:
        return self._chosen(slice(count))

    def _chosen(self, which: slice | npt.NDArray[np.intp]) -> ClosedTrips:
        owner, day, pnl, labels, _ = self.arrays
        chosen = pnl[which]
        count = np.array([len(chosen)])
        return ClosedTrips(owner[which], day[which], chosen, labels[which], count)

    def _last_of_each(self, trips: ClosedTrips) -> npt.NDArray[np.bool_]:
        order = np.lexsort((trips.day, trips.owner))  # stable: of one day as they were added
        owner = trips.owner[order]
        end = np.searchsorted(owner, owner, side="right")
        found = np.empty(len(order), np.bool_)
        found[order] = end - np.arange(len(order)) <= self.kept
        return found

    def _hold(self, trips: ClosedTrips, words: int) -> None:
        count, width = trips.labels.shape
        self.arrays = new_closed_trips(max(_ROOM, 2 * count), max(words, width))
        for name in ("owner", "day", "pnl"):
            getattr(self.arrays, name)[:count] = getattr(trips, name)
        self.arrays.labels[:count, :width] = trips.labels
        self.arrays.added[0] = count
