r"""Equity: what each strategy was worth at the end of each trading day.

.. math:: NAV_d = \sum_{t \le d} flow_t + \sum_{t \le d} pnl_t

A day's P&L is the cash of its fills plus the change in the value of the position, so it
holds realised and unrealised P&L and fees without knowing a cost method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.ledger.books import Books
from perfkit.ledger.cash_days import cash_days
from perfkit.ledger.corrections import effective_fills
from perfkit.ledger.cost import AverageCost
from perfkit.ledger.day_fills import DayFills, FillsByDay, Rows
from perfkit.ledger.exchange_rates import ExchangeRates
from perfkit.ledger.fill_columns import FillColumns, fill_columns
from perfkit.ledger.marks import mark_columns
from perfkit.ledger.money import money_of
from perfkit.ledger.nav import OWNER, SUMMED, with_nav
from perfkit.ledger.owner_equity import EquityDesk, owner_equity
from perfkit.ledger.position_values import book_marks
from perfkit.ledger.splits import SplitFactors
from perfkit.ledger.trading_day import TradingClock, day_ends, trading_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa


__all__ = ["daily_equity"]

_UTC = TradingClock()


def daily_equity(
    fills: pa.Table,
    marks: pa.Table,
    cash: pa.Table | None = None,
    *,
    splits: pa.Table | None = None,
    convert_to: str | None = None,
    clock: TradingClock = _UTC,
) -> pd.DataFrame:
    """Value every account's strategy at the end of each trading day.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of ``Fill``: the whole history. Corrections and busts are applied first.
    marks : pyarrow.Table
        Columns of ``Mark``: symbol, time, price, as quoted on their day. The last one
        known values a position at the end of a day, or the price of the position's last
        fill where that is newer. Symbols such as ``EUR/USD`` are exchange rates.
    cash : pyarrow.Table, optional
        Columns of ``CashRecord``.
    splits : pyarrow.Table, optional
        Columns of ``SplitRecord``.
    convert_to : str, optional
        Currency of the answer: fills and cash are converted at the rate of their own
        time, positions at that of the end of the day; money that names no currency is
        taken to be in it. Without it all money must be of one currency.
    clock : TradingClock
        The desk's trading day; UTC midnight to midnight by default.

    Returns
    -------
    DataFrame, one row per account_id, strategy_id and day, sorted so
        From a strategy's first fill or cash on, every day on which there is any mark or
        any fill. Cash of another day counts on the next such day, or on its own when none
        follows. Columns in account currency, or in ``convert_to``:
        pnl : ``price_pnl + fx_pnl - fees + funding + dividends``.
        price_pnl : what prices did, before fees, at the day's rate.
        fx_pnl : what exchange rates did to the positions, and to fills until the evening.
        fees : commissions, and fees that were no fill's.
        funding : funding, borrow and interest, signed as cash.
        dividends : dividends less tax, likewise.
        realized_pnl : gross, by average cost, of the day.
        flow : deposits less withdrawals of the day.
        market_value : signed value of the positions at the end of the day.
        nav : sum of flow and pnl so far.
        return : ``pnl / capital``, where the capital is the nav of the day before plus
        what the day's net flow brought; what it took leaves at the day's end. NaN
        before the first flow, or where the capital is not above 0.
        exposure : sum of absolute values of the positions.
        turnover : sum of absolute values of the day's fills.
        trades : number of the day's fills.
        stale_marks : positions valued at a price that is not a mark of that day.
        unfunded : strategies with P&L or a position before their first flow; a return
        of a sum with any is NaN.
        What needs an exchange rate that was not known is NaN, and the nav from there on.

    Raises
    ------
    SchemaError, UnknownNameError
        When a table lacks a column, or a correction points at nothing.
    InvalidArgumentError
        When a zone or cut-off does not exist, a mark is not finite, a book's multiplier
        changes, or money of several currencies is to be added up without ``convert_to``.
    """
    rates, factors = ExchangeRates(marks), SplitFactors(splits)
    columns = fill_columns(effective_fills(fills), factors, rates)
    flows = cash_days(cash, clock, rates, convert_to)
    if convert_to is None:
        _require_one_currency(columns, flows)
    prices = mark_columns(marks, clock.zone, clock.cutoff)
    books, method = Books(), AverageCost()
    entered = books.enter(columns)
    moves = books.move(entered)
    fill_day = trading_day(columns.time.view("datetime64[us]"), clock.zone, clock.cutoff)
    market_day = np.concatenate([prices.day, clock.further_days])
    days = _calendar(fill_day, market_day, flows["day"].to_numpy().astype("datetime64[D]"))
    money = money_of(columns, books, entered.book, rates, convert_to)
    walked = FillsByDay(
        fills=entered,
        moves=moves,
        costs=method.apply(entered, moves, books.state),
        multiplier=books.state["multiplier"],
        rate=money.of_fill,
        day=np.searchsorted(days, fill_day),
        days=len(days),
    )
    desk = EquityDesk(
        books=books,
        cash=flows,
        days=days,
        ends=day_ends(days, clock.zone, clock.cutoff),
        marks=book_marks(prices, books, days, factors),
        money=money,
    )
    frames = [
        owner_equity(desk, owner, DayFills.of(walked, fill_rows), cash_rows)
        for owner, fill_rows, cash_rows in _rows_by_owner(desk, entered.book)
    ]
    return with_nav(pd.concat([_empty(), *frames], ignore_index=True), OWNER)


def _require_one_currency(columns: FillColumns, cash: pd.DataFrame) -> None:
    found = {*columns.currency.unique().to_pylist(), *cash["currency"].dropna()} - {None}
    if len(found) > 1:
        raise InvalidArgumentError(
            f"money must be of one currency to be added up, was of {', '.join(sorted(found))}; "
            "say convert_to='USD' and give prices of symbols such as EUR/USD, or ask for one, "
            "e.g. currency='USD'"
        )


def _calendar(
    fill_day: npt.NDArray[np.datetime64],
    mark_day: npt.NDArray[np.datetime64],
    cash_day: npt.NDArray[np.datetime64],
) -> npt.NDArray[np.datetime64]:
    acted = np.concatenate([fill_day, cash_day])
    if not len(acted):
        return acted
    days = np.unique(np.concatenate([fill_day, mark_day]))
    days = days[days >= acted.min()]
    after = cash_day > days[-1] if len(days) else np.ones(len(cash_day), np.bool_)
    return np.concatenate([days, np.unique(cash_day[after])])


def _rows_by_owner(
    desk: EquityDesk, book: npt.NDArray[np.int64]
) -> Iterator[tuple[tuple[str, str], Rows, Rows]]:
    """Rows of the fills and of the cash of each account's strategy."""
    number: dict[tuple[str, str], int] = {}
    of_book = np.array([number.setdefault(k[:2], len(number)) for k in desk.books.keys], np.int64)
    owners = zip(desk.cash["account_id"], desk.cash["strategy_id"], strict=True)
    of_cash = np.array([number.setdefault(owner, len(number)) for owner in owners], np.int64)
    fill_rows = _split(of_book[book], len(number))
    cash_rows = _split(of_cash, len(number))
    for owner in sorted(number):
        yield owner, fill_rows[number[owner]], cash_rows[number[owner]]


def _split(codes: npt.NDArray[np.int64], count: int) -> list[Rows]:
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count)))


def _empty() -> pd.DataFrame:
    text, number = pd.Series(dtype="str"), pd.Series(dtype=np.float64)
    owner = dict.fromkeys(OWNER, text) | {"day": pd.Series(dtype="datetime64[us]")}
    counts = dict.fromkeys(("trades", "stale_marks", "unfunded"), pd.Series(dtype=np.int64))
    return pd.DataFrame(owner | dict.fromkeys(SUMMED, number) | counts)
