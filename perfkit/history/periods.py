"""Periods: what the strategies of one part of a history did on each trading day.

A pure function of an address and a part, which any process can be told. What it says of a
strategy does not depend on which others are in its part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import UnfitFillError
from perfkit.history.period_days import PAIR
from perfkit.history.period_fills import by_currency, fill_table, part_fills
from perfkit.history.period_plan import OWNER
from perfkit.history.period_rows import MIXED, SCHEMA
from perfkit.history.period_trips import closed_trips, trip_columns
from perfkit.history.walked_books import WalkedBooks
from perfkit.ledger import ExchangeRates, TradingClock
from perfkit.ledger.cash_days import cash_days
from perfkit.ledger.marks import mark_columns
from perfkit.ledger.money import money_of
from perfkit.ledger.owner_equity import EquityDesk, owner_equity
from perfkit.ledger.position_values import book_marks
from perfkit.ledger.trading_day import day_ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.history.period_plan import Part, Source

__all__ = ["period_table"]


def period_table(source: Source, part: Part) -> pa.Table:
    """Compute the period rows of one part.

    Parameters
    ----------
    source : Source
        What all parts share.
    part : Part
        Which strategies.

    Returns
    -------
    pyarrow.Table
        With `SCHEMA`, by account, strategy and day.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    try:
        return _table(source, part, part_fills(source, part))
    except UnfitFillError:  # said again with the name of the fill
        return _table(source, part, part_fills(source, part, "trade_id"))


def _table(source: Source, part: Part, fills: pl.DataFrame) -> pa.Table:
    cash = pl.DataFrame(source.cash).filter(part.where)
    tables = [
        _rows(source, *own) if MIXED not in (own[0] or "") else _placeholders(source, *own)
        for own in by_currency(source, fills, cash)
    ]
    order = [(name, "ascending") for name in (*OWNER, "day")]
    return pa.concat_tables([SCHEMA.empty_table(), *tables]).sort_by(order)


def _placeholders(
    source: Source, currency: str | None, fills: pl.DataFrame, cash: pl.DataFrame
) -> pa.Table:
    """Say of strategies whose money can't be added up that it can't; never shown."""
    keys = [rows.select(OWNER).cast(pl.String) for rows in (fills, cash)]
    zeros = {name: pl.lit(0) for name in SCHEMA.names[len(OWNER) :]}
    said = zeros | {"day": pl.lit(source.calendar[0]), "currency": pl.lit(currency)}
    frame = pl.concat(keys).unique().with_columns(**said)
    return frame.select(SCHEMA.names).to_arrow().cast(SCHEMA)


def _rows(
    source: Source, currency: str | None, fills: pl.DataFrame, cash: pl.DataFrame
) -> pa.Table:
    """Value the days of strategies, and count the trips that closed on them."""
    table = fill_table(fills)
    closes = source.closes
    is_pair = pc.match_substring(closes["symbol"], PAIR)
    is_held = pc.is_in(closes["symbol"], pc.unique(table["symbol"]).cast(pa.string()))
    rates = ExchangeRates(closes.filter(is_pair))
    walked = WalkedBooks.of(table, source.splits, rates)
    closes = closes.filter(pc.or_(is_held, is_pair))
    day = _places(source.question.desk.of(walked.times), source.calendar)
    own = dict(_owner_days(source, (walked, day), closes, cash.to_arrow(), rates))
    if not own:
        return SCHEMA.empty_table()
    equity = pd.concat(own.values(), ignore_index=True).assign(currency=currency)
    ends = np.cumsum([len(frame) for frame in own.values()])  # each on the calendar's last day
    first = dict(zip(own, (ends - len(source.calendar)).tolist(), strict=True))
    closed = closed_trips(walked, rates, source.question.convert_to)
    trips = trip_columns(closed, walked, day, first, len(equity))
    days = {
        name: pa.array(equity[name].to_numpy(), SCHEMA.field(name).type, from_pandas=True)
        for name in SCHEMA.names
        if name not in trips
    }
    return pa.table([(days | trips)[name] for name in SCHEMA.names], schema=SCHEMA)


def _places(
    days: npt.NDArray[np.datetime64], calendar: npt.NDArray[np.datetime64]
) -> npt.NDArray[np.int64]:
    """Find days in a calendar that has them all, by looking them up."""
    if len(days) == 0:
        return np.empty(0, np.int64)
    every = np.arange(calendar[0], calendar[-1] + 1)
    place = np.searchsorted(calendar, every)
    return np.asarray(place[(days - calendar[0]).astype(np.int64)], np.int64)


def _owner_days(
    source: Source,
    traded: tuple[WalkedBooks, npt.NDArray[np.int64]],
    closes: pa.Table,
    cash: pa.Table,
    rates: ExchangeRates,
) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Value the days of each strategy, in order, as `daily_equity` does."""
    walked, day = traded
    (zone, cutoff), target, days = source.question.desk, source.question.convert_to, source.calendar
    flows = cash_days(cash, TradingClock(zone, cutoff), rates, target)
    desk = EquityDesk(
        books=walked.books,
        fills=walked.fills,
        moves=walked.moves,
        costs=walked.costs,
        fill_day=day,
        cash=flows,
        days=days,
        marks=book_marks(mark_columns(closes, zone, cutoff), walked.books, days, walked.splits),
    )
    money = money_of(walked.columns, walked.books, walked.fills.book, rates, target)
    ends = day_ends(days, zone, cutoff)
    paid: dict[Any, Any] = dict(flows.groupby(list(OWNER)).indices)
    nothing: Any = slice(0, 0)
    for owner in sorted({*walked.rows, *paid}):
        rows = walked.rows.get(owner, nothing), paid.get(owner, nothing)
        yield owner, owner_equity(desk, owner, *rows, (money, ends))
