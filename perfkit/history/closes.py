"""Closes and days: a symbol's daily returns, and which days there are in a year.

Frequency is read from the days on which a desk had prices or fills, in its
own zone; nothing is taken for daily that was not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import UnknownNameError
from perfkit.ledger import trading_day
from perfkit.records.schema import TIMESTAMP

__all__ = ["DeskDays", "close_returns", "days_a_year", "missing_days"]

EXCHANGE_YEAR = 252  # NYSE average
WHOLE_YEAR = 365
_WEEKEND_SHARE = 0.2  # of the days; a market that never closes has 2 in 7
_SPARSE = 0.9  # of a year's days


class DeskDays(NamedTuple):
    """What a trading day is to the desk: its zone, and when it ends there."""

    zone: str
    cutoff: str

    def of(self, times: Any) -> npt.NDArray[np.datetime64]:
        """Trading day of each moment, of shape (n,)."""
        return trading_day(times, self.zone, self.cutoff)

    def days(self, fills: pa.Table, closes: pa.Table) -> npt.NDArray[np.datetime64]:
        """Days with a fill or a price, from the first fill on, each once."""
        traded, priced = self.of(fills["execution_time"]), self.of(closes["time"])
        days = np.unique(np.concatenate([traded, priced]))
        return days[days >= traded.min()] if len(traded) else days

    def bounds(self, bounds: tuple[pd.Timestamp, pd.Timestamp]) -> npt.NDArray[np.datetime64]:
        """Give the days of two bounds, of shape (2,)."""
        return self.of(pa.array(bounds, TIMESTAMP))

    def within(
        self, frame: pd.DataFrame, bounds: tuple[pd.Timestamp, pd.Timestamp]
    ) -> pd.DataFrame:
        """Keep the rows from the day of the first bound to that before the second's."""
        first, last = pd.DatetimeIndex(self.bounds(bounds))
        return frame[(frame["day"] >= first) & (frame["day"] < last)].reset_index(drop=True)


def close_returns(closes: pa.Table, symbol: str, desk: DeskDays) -> pd.Series:
    """Daily returns of one symbol, by the desk's trading day.

    Parameters
    ----------
    closes : pyarrow.Table
        Columns symbol, time, price.
    symbol : str
        Whose closes.
    desk : DeskDays
        The trading day.

    Returns
    -------
    Series of shape (n_days - 1,)
        Indexed by day, named by the symbol.

    Raises
    ------
    UnknownNameError
        When there are no closes of that symbol.
    """
    own = closes.filter(pc.equal(closes["symbol"], symbol)).sort_by("time")
    if own.num_rows == 0:
        known = sorted(pc.unique(closes["symbol"]).to_pylist())
        raise UnknownNameError(
            f"the history has no prices of {symbol!r}; "
            f"there are {', '.join(known) or 'none: record bars first'}"
        )
    days = pd.DatetimeIndex(desk.of(own["time"]), name="day")
    prices = pd.Series(own["price"].to_numpy(), days)
    return prices.groupby(level=0).last().pct_change().iloc[1:].rename(symbol)


def days_a_year(days: npt.NDArray[np.datetime64]) -> int:
    """Trading days a year: 365 where one day in five is on a weekend, else 252.

    Parameters
    ----------
    days : ndarray of datetime64[D]
        Days with prices or fills, each once.
    """
    on_weekend = ~np.is_busday(days)
    is_open_always = len(days) > 0 and on_weekend.mean() > _WEEKEND_SHARE
    return WHOLE_YEAR if is_open_always else EXCHANGE_YEAR


def missing_days(days: npt.NDArray[np.datetime64], periods: float) -> npt.NDArray[np.datetime64]:
    """Days that a history without daily prices must be given to be annualised.

    Parameters
    ----------
    days : ndarray of datetime64[D], ascending
        Days with prices or fills, each once.
    periods : float
        Days a year that the metrics count with.

    Returns
    -------
    ndarray of datetime64[D]
        Every weekday, or every day where the market never closes, from the
        first to the last, when ``days`` are fewer than nine in ten of what a
        year should have; else none.
    """
    if len(days) < 2:
        return days[:0]
    every = np.arange(days[0], days[-1] + 1)
    if len(days) >= _SPARSE * len(every) * periods / 365.25:
        return days[:0]
    return every if periods > 300 else every[np.is_busday(every)]
