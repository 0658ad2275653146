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
from perfkit.metrics.period import Period
from perfkit.metrics.tally import Tally

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
        self._rows = _new_rows(_ROOM)
        self._trips = _new_trips(0, 1)
        self._undo = _new_undo(_ROOM)
        self._last: Mark | None = None

    def __len__(self) -> int:
        return int(self._rows.counts[kernel.COUNT])

    def add(self, trades: Trades) -> None:
        """Fold trades in, in canonical order; their numbers are those of this object."""
        self._make_room_for_books()
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
        start = 0
        while True:
            start = kernel.mark_days(owners, days, values, start, self._rows, self._undo)
            self._keep()
            if start == len(owners):
                return
            self._grow()

    def periods(self, owner: Owner, first: int | None, last: int | None) -> list[Period]:
        """Read the days of one strategy, the earlier first; ``first`` and ``last`` are inside."""
        keys = self._rows.keys[: len(self)]
        is_asked = keys[:, 0] == self.owners[owner]
        if first is not None:
            is_asked &= keys[:, 1] >= first
        if last is not None:
            is_asked &= keys[:, 1] <= last
        found = np.flatnonzero(is_asked)
        names = list(self.labels)
        days: dict[int, Period] = {}
        # the whole day sorts before its labels
        for row in found[np.lexsort((keys[found, 2], keys[found, 1]))].tolist():
            _, day, label = keys[row].tolist()
            tally = Tally.from_state(self._rows.values[row, kernel.TALLY :])
            if label == kernel.WHOLE:
                days[day] = _period(day, self._rows.values[row], tally)
            else:
                days[day].labels[names[label]] = tally
        return list(days.values())

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
        self._rows.counts[kernel.COUNT] = mark.rows
        self._rows.counts[kernel.MARK] += 1
        kernel.index_rows(self._rows)
        self._trips = OpenTrips(mark.trips.is_open.copy(), mark.trips.entry.copy())
        mark.kept.clear()
        mark.later, self._last = None, mark

    def forget(self, owners: Collection[Owner]) -> None:
        """Forget some strategies, as if they had never traded; no mark is left behind it."""
        numbers = [self.owners[owner] for owner in owners if owner in self.owners]
        is_left = ~np.isin(self._rows.keys[: len(self), 0], numbers)
        state = self.state()
        for name in ("keys", "values"):
            state.arrays[name] = state.arrays[name][is_left]
        for book, number in self.books.items():
            if book[:2] in owners:
                state.arrays["is_open"][number] = False
        self._take_up(state)

    def state(self) -> DayState:
        """Copy what is remembered; see `restored`."""
        names = {
            "owners": list(self.owners),
            "books": list(self.books),
            "labels": list(self.labels),
        }
        self._make_room_for_books()
        rows = self._rows
        arrays = {
            "keys": rows.keys[: len(self)].copy(),
            "values": rows.values[: len(self)].copy(),
            "is_open": self._trips.is_open[: len(self.books)].copy(),
            "entry": self._trips.entry[: len(self.books)].copy(),
        }
        return DayState(names, arrays)

    @classmethod
    def restored(cls, state: DayState) -> Self:
        """Go on from a state."""
        days = cls()
        days.owners = {tuple(name): n for n, name in enumerate(state.names["owners"])}
        days.books = {tuple(name): n for n, name in enumerate(state.names["books"])}
        days.labels = {name: n for n, name in enumerate(state.names["labels"])}
        days._take_up(state)
        return days

    def _take_up(self, state: DayState) -> None:
        count = len(state.arrays["keys"])
        self._rows = _new_rows(max(_ROOM, 2 * count))
        self._rows.keys[:count], self._rows.values[:count] = (
            state.arrays["keys"],
            state.arrays["values"],
        )
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

    def _make_room_for_books(self) -> None:
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
        rows = _new_rows(room)
        for name in ("keys", "values", "changed"):
            getattr(rows, name)[: len(self)] = getattr(self._rows, name)[: len(self)]
        rows.counts[:] = self._rows.counts
        kernel.index_rows(rows)
        self._rows, self._undo = rows, _new_undo(room)


def _period(day: int, values: Floats, trips: Tally) -> Period:
    return Period(
        day=np.datetime64(day, "D"),
        realized_pnl=float(values[kernel.PNL] + values[kernel.PNL_LOW]),
        fees=float(values[kernel.FEES] + values[kernel.FEES_LOW]),
        trades=int(values[kernel.FILLS]),
        round_trips=trips,
        marked_pnl=float(values[kernel.MARKED]),
        nav=float(values[kernel.NAV]),
        return_=float(values[kernel.RETURN]),
    )


def _new_rows(room: int) -> Rows:
    slots = 1 << (2 * room - 1).bit_length()  # at most half full
    return Rows(
        keys=np.zeros((room, 3), np.int64),
        values=np.zeros((room, kernel.FIELDS)),
        changed=np.zeros(room, np.int64),
        slots=np.zeros(slots, np.int64),
        counts=np.zeros(3, np.int64),
    )


def _new_trips(books: int, words: int) -> OpenTrips:
    return OpenTrips(np.zeros(books, np.bool_), np.zeros((books, words), np.uint64))


def _new_undo(room: int) -> Undo:
    return Undo(np.zeros(room, np.int64), np.zeros((room, kernel.FIELDS)))
