"""Day rows: what every strategy did on every day, as rows that grow.

The rows are the state of live metrics: they can be copied out and taken up again, and
moved back to a mark, for whoever must count the last trades anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from perfkit.metrics import day_kernel as kernel
from perfkit.metrics.day_kernel import OpenTrips, Rows, Undo
from perfkit.metrics.owner_days import OwnerDays

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from perfkit.metrics.day_kernel import Floats, Integers, Trades

__all__ = ["DayRows", "DayState", "Mark"]

Owner = tuple[str, str]
_ROOM = 256  # rows to begin with
_WORD = 64  # labels of a word


class DayState(NamedTuple):
    """What day rows remember: names that JSON can hold, and arrays."""

    names: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]


class Mark:
    """A moment that day rows can be moved back to, as long as someone holds it."""

    __slots__ = ("kept", "later", "rows", "trips")

    def __init__(self, rows: int, trips: OpenTrips) -> None:
        self.rows = rows
        self.trips = OpenTrips(trips.is_open.copy(), trips.entry.copy())
        self.kept: list[tuple[Integers, Floats]] = []
        self.later: Mark | None = None

    def chain(self) -> Iterator[Mark]:
        """Give this mark and those set after it."""
        mark: Mark | None = self
        while mark is not None:
            yield mark
            mark = mark.later


class DayRows:
    """Every (account, strategy, day), and every label of it."""

    def __init__(self) -> None:
        self.owners: dict[Owner, int] = {}
        self.labels: dict[str, int] = {}
        self.books: dict[tuple[str, str, str], int] = {}
        self._next = 0  # number of the next owner
        self._rows = _new_rows(_ROOM, _ROOM)
        self._trips = _new_trips(0, 1)
        self._undo = _new_undo(_ROOM)
        self._last: Mark | None = None

    def __len__(self) -> int:
        return int(self._rows.counts[kernel.COUNT])

    def add(self, trades: Trades) -> None:
        """Fold trades in, in canonical order; their numbers are those of this object."""
        self._make_room()
        start, count = 0, len(trades.owner)
        while True:
            start = kernel.follow_trades(trades, start, self._rows, self._trips, self._undo)
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
        start = 0
        while True:
            start = kernel.mark_days(owners, days, values, start, self._rows, self._undo)
            self._keep()
            if start == len(owners):
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
            found = kernel.rows_of(self._rows, self.owners[owner])
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

    def mark(self) -> Mark:
        """Mark this moment, for `back_to`."""
        mark = Mark(len(self), self._trips)
        if self._last is not None:
            self._last.later = mark
        self._last = mark
        self._rows.counts[kernel.MARK] += 1
        return mark

    def back_to(self, mark: Mark) -> None:
        """Make everything what it was at a mark."""
        for each in reversed(list(mark.chain())):
            for rows, values in reversed(each.kept):
                self._rows.values[rows] = values
        kernel.drop_rows(self._rows, mark.rows)
        self._rows.counts[kernel.MARK] += 1
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
        if self._next > 2 * len(self.owners) + _ROOM:
            self._take_up(self.state())

    def state(self) -> DayState:
        """Copy what is remembered; see `restored`."""
        names = {
            "owners": list(self.owners),
            "books": list(self.books),
            "labels": list(self.labels),
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
        return DayState(names, arrays)

    @classmethod
    def restored(cls, state: DayState) -> Self:
        """Go on from a state."""
        days = cls()
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
        self._rows, self._undo = _new_rows(room, 2 * self._next), _new_undo(room)
        self._rows.keys[:count] = state.arrays["keys"]
        self._rows.values[:count] = state.arrays["values"]
        self._rows.counts[kernel.COUNT] = count
        kernel.index_rows(self._rows)
        self._trips = OpenTrips(state.arrays["is_open"].copy(), state.arrays["entry"].copy())
        self._last = None

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
            wider = max(words, self.words)
            trips = _new_trips(max(len(self.books), 2 * books), wider)
            trips.is_open[:books], trips.entry[:books, :words] = self._trips
            self._trips = trips

    @property
    def words(self) -> int:
        """Words of 64 labels that a set of labels takes."""
        return max(1, -(-len(self.labels) // _WORD))

    def _grow(self) -> None:
        room = 2 * len(self._rows.keys) + _WORD * self.words
        rows = _new_rows(room, len(self._rows.newest))
        for name in ("keys", "values", "changed"):
            getattr(rows, name)[: len(self)] = getattr(self._rows, name)[: len(self)]
        rows.counts[:] = self._rows.counts
        kernel.index_rows(rows)
        self._rows, self._undo = rows, _new_undo(room)


def _new_rows(room: int, owners: int) -> Rows:
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


def _new_trips(books: int, words: int) -> OpenTrips:
    return OpenTrips(np.zeros(books, np.bool_), np.zeros((books, words), np.uint64))


def _new_undo(room: int) -> Undo:
    return Undo(np.zeros(room, np.int64), np.zeros((room, kernel.FIELDS)))
