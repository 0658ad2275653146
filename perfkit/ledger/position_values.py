"""Position values: what each position was worth at the end of each day.

By the newest price known: a mark, or the price of the position's own last fill. All in
the form that the kernels count in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.ledger.marks import DailyMarks, MarkColumns, carry_forward, daily_marks

if TYPE_CHECKING:
    from perfkit.ledger.books import Books
    from perfkit.ledger.day_fills import DayFills
    from perfkit.ledger.splits import SplitFactors

__all__ = ["BookMarks", "DayValues", "book_marks", "position_values"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_NEVER = np.iinfo(np.int64).min


class BookMarks(NamedTuple):
    """Marks by day and symbol, and how each book reads them."""

    daily: DailyMarks
    column: npt.NDArray[np.int64]  # of each book's symbol
    inverse: npt.NDArray[np.bool_]  # of each book
    keys: tuple[tuple[str, str, str], ...]
    splits: SplitFactors

    def of(self, books: npt.NDArray[np.int64], first: int) -> DailyMarks:
        """Give the marks of some books from a day on, as the kernels count prices."""
        column = self.column[books]
        price, time = self.daily.price[first:, column], self.daily.time[first:, column]
        with np.errstate(divide="ignore"):
            price = np.where(self.inverse[books], -1.0 / price, price)
        if not self.splits.is_empty:
            since = np.where(np.isnan(time), _NEVER, np.nan_to_num(time)).astype(np.int64)
            for place, book in enumerate(books.tolist()):
                account, _, symbol = self.keys[book]
                count = len(price)
                price[:, place] *= self.splits.at(
                    [account] * count, [symbol] * count, since[:, place]
                )
        return DailyMarks(price, time, self.daily.is_fresh[first:, column])


class DayValues(NamedTuple):
    """Value of each position by (day, book), and how many a day are not freshly marked."""

    value: Floats
    stale: npt.NDArray[np.int64]


def book_marks(
    marks: MarkColumns, books: Books, days: npt.NDArray[np.datetime64], splits: SplitFactors
) -> BookMarks:
    """Lay marks out for the symbols of all books.

    Raises
    ------
    InvalidArgumentError
        When a price of an inverse contract is not above 0.
    """
    place_of = {symbol: n for n, symbol in enumerate(dict.fromkeys(k[2] for k in books.keys))}
    daily, inverse = daily_marks(marks, list(place_of), days), books.state["inverse"] > 0
    column = np.array([place_of[symbol] for _, _, symbol in books.keys], np.int64)
    for place in np.unique(column[inverse]).tolist():
        if (prices := daily.price[:, place]).min(initial=1.0, where=~np.isnan(prices)) <= 0.0:
            raise InvalidArgumentError(
                f"mark of {list(place_of)[place]!r}: price must be > 0, because the contract is "
                f"worth 1 / price, was {np.nanmin(prices)}; leave it out"
            )
    return BookMarks(
        daily=daily,
        column=column,
        inverse=inverse,
        keys=tuple(books.keys),
        splits=splits,
    )


def position_values(fills: DayFills, first: int, marks: DailyMarks, place: Integers) -> DayValues:
    """Value the positions that some fills made, before multiplying by the contract size.

    Parameters
    ----------
    fills : DayFills
        Of one strategy.
    first : int
        Place of the marks' first day in the calendar.
    marks : DailyMarks of shape (n_days, n_books)
        As `BookMarks.of` gives them.
    place : ndarray of shape (n_cells,)
        Column of the book of each day and book with a fill.
    """
    position = np.full(marks.price.shape, np.nan)
    fill_price, fill_time = position.copy(), position.copy()
    cell = fills.day - first, place
    position[cell] = fills.position
    fill_price[cell] = fills.price
    fill_time[cell] = fills.time
    position = np.nan_to_num(carry_forward(position))
    # On equal times the mark is the market's price, a fill's is the trade's.
    is_marked = marks.time >= carry_forward(fill_time)
    price = np.where(is_marked, marks.price, carry_forward(fill_price))
    is_held = position != 0.0
    value = np.where(is_held, position * price, 0.0)
    return DayValues(value, (is_held & ~(is_marked & marks.is_fresh)).sum(axis=1))
