r"""Equity: what each strategy was worth at the end of each trading day.

.. math:: NAV_d = \sum_{t \le d} flow_t + \sum_{t \le d} pnl_t

A day's P&L is the cash of its fills plus the change in the value of the position, so it
holds realised and unrealised P&L and fees without knowing a cost method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import SchemaError
from perfkit.ledger.books import Books
from perfkit.ledger.corrections import effective_fills
from perfkit.ledger.cost import AverageCost
from perfkit.ledger.fill_columns import fill_columns
from perfkit.ledger.marks import DailyMarks, carry_forward, daily_marks, mark_columns
from perfkit.ledger.nav import OWNER, SUMMED, with_nav
from perfkit.ledger.trading_day import trading_day
from perfkit.records.cash import CashRecord
from perfkit.records.schema import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from perfkit.ledger.kernel import Costs, Fills

__all__ = ["daily_equity"]

_Rows: TypeAlias = npt.NDArray[np.intp]


class _Desk(NamedTuple):
    """What all strategies share: fills with their days, flows, the calendar, the marks."""

    books: Books
    fills: Fills
    costs: Costs
    fill_day: npt.NDArray[np.int64]
    flows: pd.DataFrame
    days: npt.NDArray[np.datetime64]
    column: npt.NDArray[np.int64]  # of each book's symbol in the marks
    marks: DailyMarks


def daily_equity(
    fills: pa.Table,
    marks: pa.Table,
    cash: pa.Table | None = None,
    *,
    zone: str = "UTC",
    cutoff: str = "00:00",
    days: npt.NDArray[np.datetime64] | None = None,
) -> pd.DataFrame:
    """Value every account's strategy at the end of each trading day.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of ``Fill``: the whole history. Corrections and busts are applied first.
    marks : pyarrow.Table
        Columns of ``Mark``: symbol, time, price. The last one known values a position
        at the end of a day, or the price of the position's last fill where that is
        newer.
    cash : pyarrow.Table, optional
        Columns of ``CashRecord``: deposits and withdrawals.
    zone, cutoff : str
        The desk's trading day, see `trading_day`.
    days : ndarray of datetime64[D], optional
        Further trading days, on which there may be neither mark nor fill.

    Returns
    -------
    DataFrame, one row per account_id, strategy_id and day, sorted so
        From a strategy's first fill or cash on, every day on which there is any mark or
        any fill. Cash of another day counts on the next such day, or on its own when none
        follows. Columns in account currency:
        pnl : cash of the day's fills, plus the change in market value.
        realized_pnl : gross, by average cost, of the day.
        fees : of the day.
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

    Raises
    ------
    SchemaError, UnknownNameError
        When a table lacks a column, or a correction points at nothing.
    InvalidArgumentError
        When a zone or cut-off does not exist, a mark is not finite, a fee is in another
        currency than its price, or a book's multiplier changes.
    """
    further = np.array([] if days is None else days, "datetime64[D]")
    clock = _Clock(zone, cutoff, further)
    desk = _desk(effective_fills(fills), marks, _flows(cash, zone, cutoff), clock)
    frames = [
        _strategy_equity(desk, owner, fill_rows, flow_rows)
        for owner, fill_rows, flow_rows in _rows_by_owner(desk)
    ]
    return with_nav(pd.concat([_empty(), *frames], ignore_index=True), OWNER)


class _Clock(NamedTuple):
    """What a trading day is, and which there are beside those of marks and fills."""

    zone: str
    cutoff: str
    further_days: npt.NDArray[np.datetime64]


def _desk(table: pa.Table, marks: pa.Table, flows: pd.DataFrame, clock: _Clock) -> _Desk:
    columns, books = fill_columns(table), Books()
    fills = books.enter(columns)
    costs = AverageCost().apply(fills, books.state)
    prices = mark_columns(marks, clock.zone, clock.cutoff)
    fill_day = trading_day(columns.time.view("datetime64[us]"), clock.zone, clock.cutoff)
    market_day = np.concatenate([prices.day, clock.further_days])
    days = _calendar(fill_day, market_day, flows["day"].to_numpy().astype("datetime64[D]"))
    place_of = {symbol: n for n, symbol in enumerate(dict.fromkeys(k[2] for k in books.keys))}
    return _Desk(
        books=books,
        fills=fills,
        costs=costs,
        fill_day=np.searchsorted(days, fill_day),
        flows=flows,
        days=days,
        column=np.array([place_of[symbol] for _, _, symbol in books.keys], np.int64),
        marks=daily_marks(prices, list(place_of), days),
    )


def _flows(cash: pa.Table | None, zone: str, cutoff: str) -> pd.DataFrame:
    table = arrow_schema(CashRecord).empty_table() if cash is None else cash
    needed = [*OWNER, "execution_time", "amount"]
    if missing := [name for name in needed if name not in table.column_names]:
        raise SchemaError(
            f"a table of cash must have the columns of CashRecord; missing {missing}; "
            "bring it to the schema with conform(table, CashRecord)"
        )
    day = trading_day(table.column("execution_time"), zone, cutoff)
    flows: pd.DataFrame = table.select([*OWNER, "amount"]).to_pandas()
    return flows.assign(day=day.astype("datetime64[us]"))


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


def _rows_by_owner(desk: _Desk) -> Iterator[tuple[tuple[str, str], _Rows, _Rows]]:
    """Rows of the fills and of the flows of each account's strategy."""
    number = dict(desk.books.strategies)
    owners = zip(desk.flows["account_id"], desk.flows["strategy_id"], strict=True)
    flow_owner = np.array([number.setdefault(o, len(number)) for o in owners], np.int64)
    fill_owner = desk.books.state["strategy"][desk.fills.book]
    fill_rows, flow_rows = _split(fill_owner, len(number)), _split(flow_owner, len(number))
    for owner in sorted(number):
        yield owner, fill_rows[number[owner]], flow_rows[number[owner]]


def _split(codes: npt.NDArray[np.int64], count: int) -> list[_Rows]:
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count)))


def _strategy_equity(
    desk: _Desk,
    owner: tuple[str, str],
    fill_rows: _Rows,
    flow_rows: _Rows,
) -> pd.DataFrame:
    flow_day = np.searchsorted(desk.days, desk.flows["day"].to_numpy()[flow_rows])
    fill_day = desk.fill_day[fill_rows]
    first = int(min(flow_day.min(initial=len(desk.days)), fill_day.min(initial=len(desk.days))))
    count = len(desk.days) - first

    def total(day: npt.NDArray[np.int64], values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.bincount(day - first, values, count).astype(np.float64)

    value, stale = _market_values(desk, fill_rows, first)
    fees = desk.fills.commission[fill_rows]
    multiplier = desk.books.state["multiplier"][desk.fills.book[fill_rows]]
    traded = desk.fills.quantity[fill_rows] * desk.fills.price[fill_rows] * multiplier
    market_value = value.sum(axis=1)
    flow = total(flow_day, desk.flows["amount"].to_numpy()[flow_rows])
    pnl = total(fill_day, -traded - fees) + np.diff(market_value, prepend=0.0)
    exposure, is_unpaid = np.abs(value).sum(axis=1), np.cumsum(flow != 0.0) == 0
    columns = {
        "account_id": owner[0],
        "strategy_id": owner[1],
        "day": desk.days[first:].astype("datetime64[us]"),
        "pnl": pnl,
        "realized_pnl": total(fill_day, desk.costs.realized[fill_rows]),
        "fees": total(fill_day, fees),
        "flow": flow,
        "market_value": market_value,
        "exposure": exposure,
        "turnover": total(fill_day, np.abs(traded)),
        "trades": np.bincount(fill_day - first, minlength=count),
        "stale_marks": stale,
        "unfunded": (is_unpaid & ((pnl != 0.0) | (exposure > 0.0))).astype(np.int64),
    }
    return pd.DataFrame(columns)


def _market_values(
    desk: _Desk, rows: _Rows, first: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Value of each position by (day, book), and how many a day are not freshly marked."""
    books, place = np.unique(desk.fills.book[rows], return_inverse=True)
    day = desk.fill_day[rows] - first
    position = np.full((len(desk.days) - first, len(books)), np.nan)
    fill_price, fill_time = position.copy(), position.copy()
    # Of several fills on one day the last one is what the day ends with.
    position[day, place] = desk.costs.position[rows]
    fill_price[day, place] = desk.fills.price[rows]
    fill_time[day, place] = desk.fills.time[rows]
    position = np.nan_to_num(carry_forward(position))
    column = desk.column[books]
    # On equal times the mark is the market's price, a fill's is the trade's.
    is_marked = desk.marks.time[first:, column] >= carry_forward(fill_time)
    price = np.where(is_marked, desk.marks.price[first:, column], carry_forward(fill_price))
    is_held = position != 0.0
    unit = position * desk.books.state["multiplier"][books]
    value = np.where(is_held, unit * price, 0.0)
    is_fresh = is_marked & desk.marks.is_fresh[first:, column]
    return value, (is_held & ~is_fresh).sum(axis=1)


def _empty() -> pd.DataFrame:
    text, number = pd.Series(dtype="str"), pd.Series(dtype=np.float64)
    owner = dict.fromkeys(OWNER, text) | {"day": pd.Series(dtype="datetime64[us]")}
    counts = dict.fromkeys(("trades", "stale_marks", "unfunded"), pd.Series(dtype=np.int64))
    return pd.DataFrame(owner | dict.fromkeys(SUMMED, number) | counts)
