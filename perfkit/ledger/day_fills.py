"""Day fills: what a strategy's fills came to on each day.

All that a day's value needs of them, so that years of fills can be walked piece by piece,
a whole number of days each, and be forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from perfkit.ledger.money import converted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.ledger.kernel import Costs, Fills, Moves

__all__ = ["DayFills", "FillsByDay", "Rows"]

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Rows: TypeAlias = npt.NDArray[np.intp]


class FillsByDay(NamedTuple):
    """Fills, what each did to its book, and when.

    Attributes
    ----------
    fills, moves, costs
        In canonical order of each strategy.
    multiplier : ndarray of shape (n_books,)
        Size of each book's contract.
    rate : ndarray of shape (n_fills,)
        From the money of each fill's P&L to that of the answer.
    day : ndarray of shape (n_fills,)
        Place of each fill's day in the calendar.
    days : int
        In the calendar.
    """

    fills: Fills
    moves: Moves
    costs: Costs
    multiplier: Floats
    rate: Floats
    day: Integers
    days: int


class DayFills(NamedTuple):
    """What a strategy's fills came to.

    Attributes
    ----------
    day, book : ndarray of shape (n_cells,)
        Place in the calendar, and book, once for each day and book with a fill.
    position, price, time : ndarray of shape (n_cells,)
        After the last fill of the day, and of that fill; prices as the kernels count.
    spent : ndarray of shape (n_cells,)
        What the day's fills of the book cost, in the money of its P&L.
    paid, realized, fees, turnover : ndarray of shape (n_days,)
        Of all books, on every day of the calendar, in the money of the answer.
    trades : ndarray of shape (n_days,)
        Number of fills.
    """

    day: Integers
    book: Integers
    position: Floats
    price: Floats
    time: Integers
    spent: Floats
    paid: Floats
    realized: Floats
    fees: Floats
    turnover: Floats
    trades: Integers

    @classmethod
    def none(cls, days: int) -> DayFills:
        """No fill, on so many days."""
        whole, real = np.empty(0, np.int64), np.empty(0)
        cells, each = (whole, whole, real, real, whole, real), np.zeros(days)
        return cls(*cells, each, each, each, each, np.zeros(days, np.int64))

    @classmethod
    def of(cls, walked: FillsByDay, rows: Rows | slice) -> DayFills:
        """Sum up the fills of one strategy, by their rows."""
        fills, day = walked.fills.at(rows), walked.day[rows]
        after, rate = walked.moves.after[rows], walked.rate[rows]
        low, high = int(day.min(initial=walked.days)), int(day.max(initial=0))
        books, place = _own_books(fills.book)
        count = max(high - low + 1, 0) * len(books)
        cell = (day - low) * len(books) + place
        last = np.full(count, -1)
        last[cell] = np.arange(len(cell))  # of several the last one is what the day ends with
        cells = np.flatnonzero(last >= 0)
        spent = fills.quantity * fills.price * walked.multiplier[books][place]
        last = last[cells]

        def total(values: Floats) -> Floats:
            return np.bincount(day, values, walked.days).astype(np.float64)

        return cls(
            day=cells // max(len(books), 1) + low,
            book=books[cells % max(len(books), 1)],
            position=after[last],
            price=fills.price[last],
            time=fills.time[last],
            spent=np.bincount(cell, spent, count).astype(np.float64)[cells],
            paid=total(spent * rate),
            realized=total(converted(walked.costs.realized[rows], rate)),
            fees=total(converted(fills.commission, rate)),
            turnover=total(np.abs(spent) * rate),
            trades=np.bincount(day, minlength=walked.days),
        )

    @classmethod
    def joined(cls, pieces: Sequence[DayFills]) -> DayFills:
        """Put pieces together, the earlier first; no day is in two of them."""
        if len(pieces) == 1:
            return pieces[0]
        cells, days = cls._fields[:6], cls._fields[6:]
        return cls(
            *(np.concatenate([getattr(piece, name) for piece in pieces]) for name in cells),
            *(np.sum([getattr(piece, name) for piece in pieces], axis=0) for name in days),
        )


def _own_books(book: Integers) -> tuple[Integers, Integers]:
    """Give the books of some fills, ascending, and the place of each fill's among them."""
    high = int(book.max(initial=0))
    low = int(book.min(initial=high))
    if high - low >= len(book):  # far apart
        return np.unique(book, return_inverse=True)
    is_own = np.zeros(high - low + 1, np.bool_)
    is_own[book - low] = True
    return low + np.flatnonzero(is_own), (np.cumsum(is_own) - 1)[book - low]
