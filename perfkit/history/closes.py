"""Closes: the daily returns of a symbol to hold a strategy against, and the year's days."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import UnknownNameError
from perfkit.ledger import trading_day

__all__ = ["close_returns", "days_a_year"]


def close_returns(bars: pa.Table, symbol: str, zone: str, cutoff: str) -> pd.Series:
    """Daily returns of one symbol, by the desk's trading day.

    Parameters
    ----------
    bars : pyarrow.Table
        With ``arrow_schema(Bar)``.
    symbol : str
        Whose closes.
    zone, cutoff : str
        The trading day, see `perfkit.trading_day`.

    Returns
    -------
    Series of shape (n_days - 1,)
        Indexed by day, named by the symbol.

    Raises
    ------
    UnknownNameError
        When there are no bars of that symbol.
    """
    own = bars.filter(pc.equal(bars["symbol"], symbol)).sort_by("close_time")
    if own.num_rows == 0:
        known = sorted(pc.unique(bars["symbol"]).to_pylist())
        raise UnknownNameError(
            f"the history has no prices of {symbol!r}; "
            f"there are {', '.join(known) or 'none: record bars first'}"
        )
    days = trading_day(own["close_time"].to_numpy(), zone, cutoff)
    closes = pd.Series(own["close"].to_numpy(), pd.DatetimeIndex(days, name="day"))
    return closes.groupby(level=0).last().pct_change().iloc[1:].rename(symbol)


def days_a_year(bars: pa.Table) -> int:
    """Trading days a year: 365 where there are prices on a weekend, else 252."""
    days = pd.DatetimeIndex(bars["close_time"].to_pandas())
    return 365 if (days.day_of_week >= 5).any() else 252  # 252: NYSE average
