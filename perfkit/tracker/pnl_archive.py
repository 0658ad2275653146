"""The P&L archive: closed days are computed from a history's facts and written to its log.

A price that was given for a day is kept in the day's rows: when a late fill changes the
day, it is valued again at the prices that it was closed with.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.ledger import TradingClock, trading_day
from perfkit.records import Fill, Mark, arrow_schema, to_table
from perfkit.records.schema import TIMESTAMP
from perfkit.store.pnl_log import LogReceipt, PnlLog
from perfkit.tracker.daily_pnl import PricedFacts, daily_pnl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perfkit.store import TradeStore

__all__ = ["GivenPrices", "archive_days"]

_FILLS = (*arrow_schema(Fill).names, "sequence")
_MARK = arrow_schema(Mark)
_GIVEN = {"mark_symbols": "symbol", "mark_times": "time", "mark_prices": "price"}


class GivenPrices(NamedTuple):
    """Prices from outside of the history, of one moment.

    Attributes
    ----------
    prices : mapping of str to float
        Price of each symbol.
    at : datetime
        When they were known.
    """

    prices: Mapping[str, float]
    at: datetime


def archive_days(
    store: TradeStore,
    desk: TradingClock,
    *,
    day: date | None = None,
    given: GivenPrices | None = None,
    convert_to: str | None = None,
    clock: Callable[[], datetime] | None = None,
) -> LogReceipt:
    """Write every day of a history that is missing in its P&L log, or has other numbers.

    Parameters
    ----------
    store : TradeStore
        The history, of which this process is the writer.
    desk : TradingClock
        The desk's trading day: the same zone and cut-off every time.
    day : date, optional
        Only this trading day, be there a price or a fill on it or not.
    given : GivenPrices, optional
        Prices beside the closes of the history's bars and those given before.
    convert_to : str, optional
        Currency of the log; without it each strategy's money must be of one currency.
    clock : callable, optional
        Gives the time that is stamped as ``recorded_at``.

    Returns
    -------
    LogReceipt
        How many days were new, corrected and unchanged.

    Raises
    ------
    InvalidArgumentError
        When a given price is not a finite number, or as `daily_pnl`.
    StoreError
        When the disk refuses, or another writer has the history.
    """
    log = PnlLog(store) if clock is None else PnlLog(store, clock=clock)
    before = log.read()
    prices = _given_prices(before, desk, given)
    facts = PricedFacts(
        fills=store.read("trades", columns=_FILLS),
        cash=store.read("cash"),
        splits=store.read("splits"),
        marks=pa.concat_tables([_closes(store), _table(prices)]),
    )
    further = [desk.further_days, _dates(before["day"])]
    if day is not None:
        further.append(np.array([day], "datetime64[D]"))
    desk = desk._replace(further_days=np.unique(np.concatenate(further)))
    rows = _with_given(daily_pnl(facts, desk, convert_to), prices)
    if day is not None:
        only = datetime(day.year, day.month, day.day, tzinfo=UTC)
        rows = rows.filter(pc.equal(rows["day"], pa.scalar(only, TIMESTAMP)))
    return log.append(rows)


def _closes(store: TradeStore) -> pa.Table:
    bars = store.read("bars", columns=["symbol", "close_time", "close"])
    return bars.rename_columns(_MARK.names).cast(_MARK)


def _given_prices(before: pa.Table, desk: TradingClock, given: GivenPrices | None) -> pl.DataFrame:
    """Give the last price of each symbol and day that was given, now or earlier."""
    logged = _frame(before).select(*_GIVEN).rename(_GIVEN)
    logged = logged.explode(logged.columns).drop_nulls()
    known = [_frame(_MARK.empty_table()), logged]
    if given is not None:
        marks = [
            Mark(symbol=symbol, time=given.at, price=price)
            for symbol, price in given.prices.items()
            if price is not None and not math.isnan(price)
        ]
        known.append(_frame(to_table(marks, Mark)))
    prices = pl.concat(known).sort("time", maintain_order=True)
    days = trading_day(prices["time"].to_arrow(), desk.zone, desk.cutoff)
    prices = prices.with_columns(
        day=pl.Series(days).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )
    return prices.unique(["symbol", "day"], keep="last", maintain_order=True)


def _with_given(rows: pa.Table, prices: pl.DataFrame) -> pa.Table:
    """Keep with each day the prices that were given for it."""
    of_day = prices.group_by("day").agg(
        pl.col(name).alias(column) for column, name in _GIVEN.items()
    )
    frame = _frame(rows).drop(*_GIVEN).join(of_day, on="day", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col(name).fill_null([]) for name in _GIVEN)
    table = frame.select(rows.column_names).to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.cast(rows.schema)


def _table(prices: pl.DataFrame) -> pa.Table:
    return prices.select(_MARK.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(_MARK)


def _dates(days: pa.ChunkedArray) -> npt.NDArray[np.datetime64]:
    micros = days.cast(pa.int64()).to_numpy()
    return np.asarray(micros).view("datetime64[us]").astype("datetime64[D]")


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
