"""Day rows: what every strategy did on every day, as rows that grow.

The rows are the state of live metrics: they can be copied out and taken up again, and
moved back to a mark, for whoever must count the last trades anew. Beside them stand the
round trips that closed last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self
from weakref import WeakSet

import numpy as np
import numpy.typing as npt

from perfkit.metrics import day_kernel as kernel
from perfkit.metrics.day_arrays import new_open_trips, new_rows, new_undo
from perfkit.metrics.day_kernel import OpenTrips
from perfkit.metrics.day_mark import Mark
from perfkit.metrics.label_bits import words_for
from perfkit.metrics.owner_days import OwnerDays
from perfkit.metrics.row_chain import rows_back_from
from perfkit.metrics.trip_log import TripLog

if TYPE_CHECKING:
    from collections.abc import Collection

    from perfkit.metrics.day_kernel import Floats, Integers, Trades
    from perfkit.metrics.last_trips import LastTrips

__all__ = ["DayRows", "DayState", "Mark"]

Owner = tuple[str, str]
_ROOM = 256  # rows to begin with
_WORD = 64  # labels of a word


class DayState(NamedTuple):
    """What day rows remember: names that JSON can hold, and arrays."""

    names: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]


class DayRows:
    """Every (account, strategy, day), and every label of it.

    Parameters
    ----------
    kept_trips : int
        How many of a strategy's closed round trips are kept one by one, the last ones.
    """

    def __init__(self, kept_trips: int = 1_000) -> None:
        self.owners: dict[Owner, int] = {}
        self.labels: dict[str, int] = {}
        self.books: dict[tuple[str, str, str], int] = {}
        self._next = 0  # number of the next owner
        self._rows, self._undo = new_rows(_ROOM, _ROOM), new_undo(_ROOM)
        self._trips, self._closed = new_open_trips(0, 1), TripLog(kept_trips)
        self._last: Mark | None = None
        self._marks: WeakSet[Mark] = WeakSet()

    def __len__(self) -> int:
        return int(self._rows.counts[kernel.COUNT])

    def add(self, trades: Trades) -> None:
        """Fold trades in, in canonical order; their numbers are those of this object."""
        self._make_room()
        start, count = 0, len(trades.labels)
        while True:
            start = kernel.follow_trades(
                trades, start, self._rows, self._trips, self._closed.arrays, self._undo
            )
            self._keep()
            if start == count:
                return
            self._grow()

    def mark_days(self, owners: Integers, days: Integers, values: Floats) -> None:
        """Set P&L, value and return of some days.

        Parameters
        ----------
        owners : ndarray of shape (n_days,)
            Numbers of ``owners``.
        days : ndarray of shape (n_days,)
            Days since 1970.
        values : ndarray of shape (n_days, 3)
            P&L, net asset value and return.
        """
        self._make_room()
        start, keys = 0, np.column_stack((owners, days))
        values = np.ascontiguousarray(values)  # compiled anew for columns that lie otherwise
        while True:
            start = kernel.mark_days(keys, values, start, self._rows, self._undo)
            self._keep()
            if start == len(keys):
                return
            self._grow()

    def number_of(self, owner: Owner) -> int:
        """Number an owner, as new where it is not known."""
        number = self.owners.get(owner)
        if number is None:
            number = self.owners[owner] = self._next
            self._next += 1
        return number

    def strategies(self) -> list[Owner]:
        """Name every owner that has a day."""
        return sorted(owner for owner in self.owners if self.has_days(owner))

    def has_days(self, owner: Owner) -> bool:
        """Tell whether an owner has a day."""
        newest, number = self._rows.newest, self.owners.get(owner)
        return number is not None and number < len(newest) and bool(newest[number] >= 0)

    def days_of(self, owner: Owner, first: int | None, last: int | None) -> OwnerDays:
        """Read the days of one strategy, the earlier first; ``first`` and ``last`` are inside."""
        found = np.empty(0, np.int64)
        if self.has_days(owner):
            found = rows_back_from(int(self._rows.newest[self.owners[owner]]), self._rows.before)
        keys = self._rows.keys[found]
        is_asked = np.ones(len(found), np.bool_)
        if first is not None:
            is_asked &= keys[:, 1] >= first
        if last is not None:
            is_asked &= keys[:, 1] <= last
        found, keys = found[is_asked], keys[is_asked]
        order = np.lexsort((keys[:, 1], keys[:, 2]))  # by label, the whole days first
        found, keys = found[order], keys[order]
        return OwnerDays(keys[:, 1], keys[:, 2], self._rows.values[found], list(self.labels))

    def trips_of(self, owner: Owner, count: int) -> LastTrips:
        """Read the last closed round trips of a strategy, at most ``kept_trips``."""
        return self._closed.last_of(self.owners.get(owner, -1), count, list(self.labels))

    @property
    def kept_trips(self) -> int:
        """How many of a strategy's closed round trips are kept."""
        return self._closed.kept

    def mark(self) -> Mark:
        """Mark this moment, for `back_to`."""
        mark = Mark(len(self), len(self._closed), self._trips)
        if self._last is not None:
            self._last.later = mark
        self._last = mark
        self._marks.add(mark)
        self._rows.counts[kernel.MARK] += 1
        return mark

    def back_to(self, mark: Mark) -> None:
        """Make everything what it was at a mark."""
        for each in reversed(list(mark.chain())):
            for rows, values in reversed(each.kept):
                self._rows.values[rows] = values
        kernel.drop_rows(self._rows, mark.rows)
        self._rows.counts[kernel.MARK] += 1
        self._closed.shorten(mark.closed)
        self._trips = OpenTrips(mark.trips.is_open.copy(), mark.trips.entry.copy())
        mark.kept.clear()
        mark.later, self._last = None, mark

    def forget(self, owners: Collection[Owner]) -> None:
        """Forget some strategies, as if they had never traded; earlier marks are void."""
        for owner in owners:
            if owner in self.owners:  # its rows are left to nobody, until the next `restored`
                self.owners[owner] = self._next
                self._next += 1
        self._make_room()
        for book, number in self.books.items():
            if book[:2] in owners:
                self._trips.is_open[number] = False
        self._last = None
        self._marks.clear()
        if self._next > 2 * len(self.owners) + _ROOM:
            self._take_up(self.state())

    def state(self) -> DayState:
        """Copy what is remembered; see `restored`."""
        names = {
            "owners": list(self.owners),
            "books": list(self.books),
            "labels": list(self.labels),
            "kept_trips": self.kept_trips,
        }
        self._make_room()
        place = np.full(max(self._next, 1), -1)
        place[np.array(list(self.owners.values()), np.int64)] = np.arange(len(self.owners))
        keys = self._rows.keys[: len(self)].copy()
        keys[:, 0] = place[keys[:, 0]]
        is_owned = keys[:, 0] >= 0
        arrays = {
            "keys": keys[is_owned],
            "values": self._rows.values[: len(self)][is_owned],
            "is_open": self._trips.is_open[: len(self.books)].copy(),
            "entry": self._trips.entry[: len(self.books)].copy(),
        }
        return DayState(names, arrays | self._closed.state(place))

    @classmethod
    def restored(cls, state: DayState) -> Self:
        """Go on from a state."""
        days = cls(state.names["kept_trips"])
        days.owners = dict.fromkeys(map(tuple, state.names["owners"]), 0)
        days.books = {tuple(name): n for n, name in enumerate(state.names["books"])}
        days.labels = {name: n for n, name in enumerate(state.names["labels"])}
        days._take_up(state)
        return days

    def _take_up(self, state: DayState) -> None:
        self.owners = {owner: number for number, owner in enumerate(self.owners)}
        self._next = len(self.owners)
        count = len(state.arrays["keys"])
        room = max(_ROOM, 2 * count)
        self._rows, self._undo = new_rows(room, 2 * self._next), new_undo(room)
        self._rows.keys[:count] = state.arrays["keys"]
        self._rows.values[:count] = state.arrays["values"]
        self._rows.counts[kernel.COUNT] = count
        kernel.index_rows(self._rows)
        self._trips = OpenTrips(state.arrays["is_open"].copy(), state.arrays["entry"].copy())
        self._closed.take_up(state.arrays, words_for(len(self.labels)))
        self._last = None
        self._marks.clear()

    def _keep(self) -> None:
        """Hand what was kept of changed rows to the mark that it belongs to."""
        count = int(self._rows.counts[kernel.KEPT])
        if count and self._last is not None:
            kept = self._undo.rows[:count].copy(), self._undo.values[:count].copy()
            self._last.kept.append(kept)
        self._rows.counts[kernel.KEPT] = 0

    def _make_room(self) -> None:
        """Make room for books, labels and owners that are new by name."""
        if self._next > len(self._rows.newest):
            newest = np.full(2 * self._next, -1)
            newest[: len(self._rows.newest)] = self._rows.newest
            self._rows = self._rows._replace(newest=newest)
        books, words = self._trips.entry.shape
        if len(self.books) > books or len(self.labels) > words * _WORD:
            wider = max(words, words_for(len(self.labels)))
            trips = new_open_trips(max(len(self.books), 2 * books), wider)
            trips.is_open[:books], trips.entry[:books, :words] = self._trips
            self._trips = trips
            self._closed.widen(wider)

    def _grow(self) -> None:
        """Make room for rows or closed round trips, whichever were too many."""
        if len(self._closed) == len(self._closed.arrays.pnl):
            self._closed.make_room(list(self._marks))
            return
        room = 2 * len(self._rows.keys) + _WORD * words_for(len(self.labels))
        rows = new_rows(room, len(self._rows.newest))
        for name in ("keys", "values", "changed"):
            getattr(rows, name)[: len(self)] = getattr(self._rows, name)[: len(self)]
        rows.counts[:] = self._rows.counts
        kernel.index_rows(rows)
        self._rows, self._undo = rows, new_undo(room)
