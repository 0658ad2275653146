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
    from perfkit.ledger.day_fills import DayFills, Rows

__all__ = ["EquityDesk", "owner_equity"]

Floats: TypeAlias = npt.NDArray[np.float64]


class EquityDesk(NamedTuple):
    """What all strategies share.

    Attributes
    ----------
    books : Books
        Of all strategies.
    cash : DataFrame
        By strategy and day, from `cash_days`.
    days : ndarray of datetime64
        The calendar.
    ends : ndarray of int64
        Last microsecond of each day.
    marks : BookMarks
        Price of each book on each day.
    money : Money
        Rates of the books.
    """

    books: Books
    cash: pd.DataFrame
    days: npt.NDArray[np.datetime64]
    ends: npt.NDArray[np.int64]
    marks: BookMarks
    money: Money


def owner_equity(
    desk: EquityDesk, owner: tuple[str, str], fills: DayFills, cash_rows: Rows | slice
) -> pd.DataFrame:
    """Value one strategy on every day from its first on.

    Parameters
    ----------
    desk : EquityDesk
        What it shares with the others.
    owner : tuple of str
        Account and strategy.
    fills : DayFills
        What its fills came to.
    cash_rows : ndarray of int, or slice
        Its rows of the cash.

    Returns
    -------
    DataFrame
        The columns of `perfkit.daily_equity` that can be added up.
    """
    cash_day = np.searchsorted(desk.days, desk.cash["day"].to_numpy()[cash_rows])
    first = int(min(day.min(initial=len(desk.days)) for day in (cash_day, fills.day)))
    count = len(desk.days) - first

    def total(day: npt.NDArray[np.int64], values: npt.NDArray[Any]) -> Floats:
        return np.bincount(day - first, values, count).astype(np.float64)

    cash = {name: total(cash_day, desk.cash[name].to_numpy()[cash_rows]) for name in CASH_COLUMNS}
    own = _traded(desk, fills, first)
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


def _traded(desk: EquityDesk, fills: DayFills, first: int) -> dict[str, npt.NDArray[Any]]:
    """What a strategy's fills and positions did on each day from the first on."""
    count, money = len(desk.days) - first, desk.money
    books, place = np.unique(fills.book, return_inverse=True)
    size = desk.books.state["multiplier"][books]
    held = position_values(fills, first, desk.marks.of(books, first), place)
    value, rate = held.value * size, money.at(books, desk.ends[first:])
    cell, cells = (fills.day - first) * len(books) + place, count * len(books)
    spent = np.bincount(cell, fills.spent, cells).reshape(count, len(books))
    local = np.diff(value, axis=0, prepend=0.0) - spent
    price_pnl, worth = converted(local, rate).sum(axis=1), converted(value, rate)
    gained = np.diff(worth.sum(axis=1), prepend=0.0) - fills.paid[first:]
    sign = np.where(desk.marks.inverse[books], -1.0, 1.0)
    return {
        "price_pnl": price_pnl,
        "fx_pnl": gained - price_pnl if money.target else np.zeros(count),
        "realized_pnl": fills.realized[first:],
        "fees": fills.fees[first:],
        "market_value": (worth * sign).sum(axis=1),
        "exposure": np.abs(worth).sum(axis=1),
        "turnover": fills.turnover[first:],
        "trades": fills.trades[first:],
        "stale_marks": held.stale,
    }
