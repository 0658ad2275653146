"""Money: the rate at which each fill and each book's value becomes one currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from perfkit.ledger.books import Books
    from perfkit.ledger.exchange_rates import ExchangeRates
    from perfkit.ledger.fill_columns import FillColumns

__all__ = ["Money", "converted", "money_of"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Money(NamedTuple):
    """Rates into one currency; 1 everywhere when nothing is converted.

    ``of_fill`` is the rate at each fill, ``currency`` the name of each book's money.
    """

    of_fill: Floats
    currency: tuple[str | None, ...]
    rates: ExchangeRates
    target: str | None

    def at(self, books: Integers, time: Integers) -> Floats:
        """Give the rates of some books at some times, of shape (n_times, n_books)."""
        found = np.ones((len(time), len(books)))
        for place, book in enumerate(books.tolist()):
            name = self.currency[book]
            if self.target is not None and name is not None:
                found[:, place] = self.rates.at(name, self.target, time)
        return found


def money_of(
    columns: FillColumns, books: Books, book: Integers, rates: ExchangeRates, target: str | None
) -> Money:
    """Find the rates of all fills, each at its own time.

    Parameters
    ----------
    columns : FillColumns
        The fills.
    books : Books
        Their books.
    book : ndarray of shape (n_fills,)
        Number of each fill's book.
    rates : ExchangeRates
        Where rates are found.
    target : str, optional
        What to convert to; None converts nothing.
    """
    names = tuple(books.currency(number) for number in range(len(books.keys)))
    of_fill = np.ones(len(book))
    if target is not None:
        for name in sorted({name for name in names if name is not None}):
            own = np.array([each == name for each in names])[book]
            of_fill[own] = rates.at(name, target, columns.time[own])
    return Money(of_fill, names, rates, target)


def converted(values: Floats, rate: Floats) -> Floats:
    """Convert values; nothing is 0 in every currency, known rate or not."""
    return np.where(values == 0.0, 0.0, values * rate)
