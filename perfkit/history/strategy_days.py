"""Strategy days: what strategies did on each trading day, from fills that come piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.history.period_days import PAIR
from perfkit.history.period_plan import OWNER
from perfkit.history.period_rows import SCHEMA
from perfkit.history.period_trips import DayTrips, tally_trips, trip_columns
from perfkit.history.walked_books import BookWalk
from perfkit.ledger import ExchangeRates, TradingClock
from perfkit.ledger.cash_days import cash_days
from perfkit.ledger.day_fills import DayFills, FillsByDay
from perfkit.ledger.marks import mark_columns
from perfkit.ledger.money import Money, money_of
from perfkit.ledger.owner_equity import EquityDesk, owner_equity
from perfkit.ledger.position_values import book_marks
from perfkit.ledger.trading_day import day_ends

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.history.period_plan import Source

__all__ = ["strategy_days"]

Owner = tuple[str, str]


def strategy_days(
    source: Source, currency: str | None, pieces: Iterable[pa.Table], cash: pa.Table
) -> pa.Table:
    """Value the days of strategies, and count the trips that closed on them.

    Parameters
    ----------
    source : Source
        What all parts share.
    currency : str or None
        Of the answer.
    pieces : iterable of pyarrow.Table
        Fills in force, one strategy after the other; later pieces hold later days.
    cash : pyarrow.Table
        Of the same strategies.

    Returns
    -------
    pyarrow.Table
        With `SCHEMA`.
    """
    is_pair = pc.match_substring(source.closes["symbol"], PAIR)
    walk = BookWalk(source.splits, ExchangeRates(source.closes.filter(is_pair)))
    days = _Days(source, walk)
    for piece in pieces:
        days.add(piece)
    frames = dict(days.equity(cash))
    if not frames:
        return SCHEMA.empty_table()
    equity = pd.concat(frames.values(), ignore_index=True).assign(currency=currency)
    trips = trip_columns(days.trips_of(owner, len(frame)) for owner, frame in frames.items())
    columns = {
        name: pa.array(equity[name].to_numpy(), SCHEMA.field(name).type, from_pandas=True)
        for name in SCHEMA.names
        if name not in trips
    }
    return pa.table([(columns | trips)[name] for name in SCHEMA.names], schema=SCHEMA)


class _Days:
    """What the fills so far came to, by strategy."""

    def __init__(self, source: Source, walk: BookWalk) -> None:
        self._source, self._walk = source, walk
        self._fills: dict[Owner, list[DayFills]] = {}
        self._trips: dict[Owner, DayTrips] = {}
        self._money = Money(np.empty(0), (), walk.rates, source.question.convert_to)

    def add(self, piece: pa.Table) -> None:
        """Walk on with later fills."""
        question, calendar, walk = self._source.question, self._source.calendar, self._walk
        walked = walk.on(piece)
        day = _places(question.desk.of(walked.times), calendar)
        target = question.convert_to
        self._money = money_of(walked.columns, walk.books, walked.fills.book, walk.rates, target)
        by_day = FillsByDay(
            fills=walked.fills,
            moves=walked.moves,
            costs=walked.costs,
            multiplier=walk.books.state["multiplier"],
            rate=self._money.of_fill,
            day=day,
            days=len(calendar),
        )
        for owner, rows in walked.rows.items():
            self._fills.setdefault(owner, []).append(DayFills.of(by_day, rows))
            if owner not in self._trips:
                self._trips[owner] = DayTrips.none(len(calendar))
        tally_trips(walked, day, self._trips, (walk.rates, target))

    def equity(self, cash: pa.Table) -> Iterable[tuple[Owner, pd.DataFrame]]:
        """Value the days of each strategy, in order, as `daily_equity` does."""
        (zone, cutoff), days = self._source.question.desk, self._source.calendar
        clock, books = TradingClock(zone, cutoff), self._walk.books
        flows = cash_days(cash, clock, self._walk.rates, self._source.question.convert_to)
        desk = EquityDesk(
            books=books,
            cash=flows,
            days=days,
            ends=day_ends(days, zone, cutoff),
            marks=book_marks(
                mark_columns(self._closes(), zone, cutoff), books, days, self._walk.splits
            ),
            money=self._money,
        )
        paid: dict[Any, Any] = dict(flows.groupby(list(OWNER)).indices)
        nothing = [DayFills.none(len(days))]
        for owner in sorted({*self._fills, *paid}):
            fills = DayFills.joined(self._fills.get(owner, nothing))
            yield owner, owner_equity(desk, owner, fills, paid.get(owner, slice(0, 0)))

    def trips_of(self, owner: Owner, days: int) -> DayTrips:
        """Give a strategy's round trips on the calendar's last days."""
        states, unpriced = self._trips.get(owner) or DayTrips.none(days)
        return DayTrips(states[len(states) - days :], unpriced[len(unpriced) - days :])

    def _closes(self) -> pa.Table:
        closes = self._source.closes
        symbols = pa.array({symbol for _, _, symbol in self._walk.books.keys}, pa.string())
        is_pair = pc.match_substring(closes["symbol"], PAIR)
        return closes.filter(pc.or_(pc.is_in(closes["symbol"], symbols), is_pair))


def _places(
    days: npt.NDArray[np.datetime64], calendar: npt.NDArray[np.datetime64]
) -> npt.NDArray[np.int64]:
    """Find days in a calendar that has them all, by looking them up."""
    if len(days) == 0:
        return np.empty(0, np.int64)
    every = np.arange(calendar[0], calendar[-1] + 1)
    place = np.searchsorted(calendar, every)
    return np.asarray(place[(days - calendar[0]).astype(np.int64)], np.int64)
