"""Owner equity: one strategy's days, valued from what its fills and its positions did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.ledger.cash_days import CASH_COLUMNS
from perfkit.ledger.money import Money, converted
from perfkit.ledger.position_values import BookMarks, position_values

if TYPE_CHECKING:
    from perfkit.ledger.books import Books
    from perfkit.ledger.kernel import Costs, Fills, Moves

__all__ = ["EquityDesk", "Rows", "owner_equity"]

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.intp]


class EquityDesk(NamedTuple):
    """What all strategies share.

    Attributes
    ----------
    books : Books
        Of all strategies.
    fills, moves, costs
        Every fill, and what it did to its book.
    fill_day : ndarray of shape (n_fills,)
        Place of each fill's day in ``days``.
    cash : DataFrame
        By strategy and day, from `cash_days`.
    days : ndarray of datetime64
        The calendar.
    marks : BookMarks
        Price of each book on each day.
    """

    books: Books
    fills: Fills
    moves: Moves
    costs: Costs
    fill_day: npt.NDArray[np.int64]
    cash: pd.DataFrame
    days: npt.NDArray[np.datetime64]
    marks: BookMarks


def owner_equity(
    desk: EquityDesk,
    owner: tuple[str, str],
    fill_rows: Rows,
    cash_rows: Rows,
    money: tuple[Money, npt.NDArray[np.int64]],
) -> pd.DataFrame:
    """Value one strategy on every day from its first on.

    Parameters
    ----------
    desk : EquityDesk
        What it shares with the others.
    owner : tuple of str
        Account and strategy.
    fill_rows, cash_rows : ndarray of int, or slice
        Its rows of the fills, in canonical order, and of the cash.
    money : tuple of Money and ndarray
        Rates of the books, and the end of each day.

    Returns
    -------
    DataFrame
        The columns of `perfkit.daily_equity` that can be added up.
    """
    cash_day = np.searchsorted(desk.days, desk.cash["day"].to_numpy()[cash_rows])
    fill_day = desk.fill_day[fill_rows]
    first = int(min(cash_day.min(initial=len(desk.days)), fill_day.min(initial=len(desk.days))))
    count = len(desk.days) - first

    def total(day: npt.NDArray[np.int64], values: npt.NDArray[Any]) -> Floats:
        return np.bincount(day - first, values, count).astype(np.float64)

    cash = {name: total(cash_day, desk.cash[name].to_numpy()[cash_rows]) for name in CASH_COLUMNS}
    own = _traded(desk, fill_rows, first, money)
    fees = own.pop("fees") - cash["fees"]
    pnl = own["price_pnl"] + own["fx_pnl"] - fees + cash["funding"] + cash["dividends"]
    is_unpaid = np.cumsum(cash["flow"] != 0.0) == 0
    columns = {
        "account_id": owner[0],
        "strategy_id": owner[1],
        "day": desk.days[first:].astype("datetime64[us]"),
        "pnl": pnl,
        **own,
        "fees": fees,
        "funding": cash["funding"],
        "dividends": cash["dividends"],
        "flow": cash["flow"],
        "unfunded": (is_unpaid & ((pnl != 0.0) | (own["exposure"] > 0.0))).astype(np.int64),
    }
    return pd.DataFrame(columns)


def _traded(
    desk: EquityDesk, rows: Rows, first: int, money: tuple[Money, npt.NDArray[np.int64]]
) -> dict[str, npt.NDArray[Any]]:
    """What a strategy's fills and positions did on each day from the first on."""
    fills = desk.fills.at(rows)
    moves = desk.moves.at(rows)
    day, count = desk.fill_day[rows] - first, len(desk.days) - first
    books, place = _own_books(fills.book)
    size = desk.books.state["multiplier"][books]
    held = position_values(fills, moves, day, desk.marks.of(books, first), place)
    value, rate = held.value * size, money[0].at(books, money[1][first:])
    spent, of_fill = fills.quantity * fills.price * size[place], money[0].of_fill[rows]

    def total(values: Floats) -> Floats:
        return np.bincount(day, values, count).astype(np.float64)

    by_book = np.bincount(day * len(books) + place, spent, count * len(books))
    local = np.diff(value, axis=0, prepend=0.0) - by_book.reshape(count, len(books))
    price_pnl, worth = converted(local, rate).sum(axis=1), converted(value, rate)
    gained = np.diff(worth.sum(axis=1), prepend=0.0) - total(spent * of_fill)
    sign = np.where(desk.marks.inverse[books], -1.0, 1.0)
    return {
        "price_pnl": price_pnl,
        "fx_pnl": gained - price_pnl if money[0].target else np.zeros(count),
        "realized_pnl": total(converted(desk.costs.realized[rows], of_fill)),
        "fees": total(converted(fills.commission, of_fill)),
        "market_value": (worth * sign).sum(axis=1),
        "exposure": np.abs(worth).sum(axis=1),
        "turnover": total(np.abs(spent) * of_fill),
        "trades": np.bincount(day, minlength=count),
        "stale_marks": held.stale,
    }


def _own_books(
    book: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give the books of some fills, ascending, and the place of each fill's among them."""
    high = int(book.max(initial=0))
    low = int(book.min(initial=high))
    if high - low >= len(book):  # far apart
        return np.unique(book, return_inverse=True)
    is_own = np.zeros(high - low + 1, np.bool_)
    is_own[book - low] = True
    return low + np.flatnonzero(is_own), (np.cumsum(is_own) - 1)[book - low]
