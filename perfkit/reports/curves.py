"""Daily returns laid out for a page: growth, drawdown, months and years.

Everything compounds; a day without a known return stands still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from perfkit.metrics import METRICS, compute, drawdown_series
from perfkit.metrics.path import wealth

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.history import History

__all__ = [
    "benchmark_metrics",
    "drawdowns",
    "growth",
    "monthly_table",
    "with_benchmark",
    "yearly_table",
]


def with_benchmark(returns: pd.DataFrame, history: History, symbol: str) -> pd.DataFrame:
    """Put the returns of a symbol beside others, on the days that those have.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_lines)
        Daily returns, indexed by day.
    history : History
        Where the symbol's prices are.
    symbol : str
        The benchmark; empty for none.

    Returns
    -------
    DataFrame of shape (n_days, n_lines + 1)
        Only days with a return of their own; without a symbol no new column.

    Raises
    ------
    UnknownNameError
        When the history has no prices of the symbol.
    """
    known = returns.dropna(how="all")
    return known.assign(**{symbol: history.benchmark(symbol)}) if symbol else known


def benchmark_metrics(returns: pd.DataFrame, symbol: str, periods: int, rf: float) -> pd.DataFrame:
    """Measure the benchmark alone, for a column beside the strategies'.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_lines)
        From `with_benchmark`.
    symbol : str
        The benchmark; empty for none.
    periods : int
        Trading days a year.
    rf : float
        Risk-free rate a year.

    Returns
    -------
    DataFrame of shape (1, n_metrics)
        What is measured on returns; without a symbol no row.
    """
    if not symbol:
        return pd.DataFrame()
    measured = [name for name, metric in METRICS.items() if metric.needs == "returns"]
    table = compute(returns[symbol].dropna(), periods=periods, rf=rf, metrics=measured)
    return table["value"].to_frame(symbol).T


def growth(returns: pd.DataFrame) -> pd.DataFrame:
    """Growth of 1 put in before the first day.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_lines)
        Daily returns as fractions; NaN where unknown.

    Returns
    -------
    DataFrame of shape (n_days, n_lines)
        NaN before a line's first return; from ruin on it stays where it is.

    Examples
    --------
    >>> growth(pd.DataFrame({"a": [None, 0.5, None, -0.2]}, dtype=float))["a"].round(6).tolist()
    [nan, 1.5, 1.5, 1.2]
    """
    return _day_by_day(returns, lambda known: pd.Series(wealth(known.array)[1:], known.index))


def drawdowns(returns: pd.DataFrame) -> pd.DataFrame:
    """How far below its highest value so far each line stands.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_lines)
        Daily returns as fractions; NaN where unknown.

    Returns
    -------
    DataFrame of shape (n_days, n_lines)
        Positive fractions, see `perfkit.metrics.drawdown_series`; above 1
        where more than everything was lost.

    Examples
    --------
    >>> drawdowns(pd.DataFrame({"a": [-0.1, 0.5, -0.2]}))["a"].round(6).tolist()
    [0.1, 0.0, 0.2]
    """
    return _day_by_day(returns, drawdown_series)


def monthly_table(returns: pd.Series) -> pd.DataFrame:
    """Return of each month and year.

    Parameters
    ----------
    returns : Series of shape (n_days,)
        Daily returns as fractions, indexed by day.

    Returns
    -------
    DataFrame of shape (n_years, 13)
        Years by the months 1 to 12 and "year"; NaN where no
        day is known, and after ruin.
    """
    factors = 1.0 + _until_ruin(returns)
    days = pd.DatetimeIndex(factors.index)
    months = factors.groupby([days.year, days.month]).prod().unstack() - 1.0
    table: pd.DataFrame = months.reindex(columns=range(1, 13))
    table["year"] = factors.groupby(days.year).prod() - 1.0
    return table.rename_axis(index="year", columns=None)


def yearly_table(returns: pd.DataFrame) -> pd.DataFrame:
    """Return of each calendar year, one column a line.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_lines)
        Daily returns as fractions, indexed by day.

    Returns
    -------
    DataFrame of shape (n_years, n_lines)
        NaN where a line has no day in the year, and after its ruin.
    """
    factors = 1.0 + returns.apply(_until_ruin).reindex(returns.index)
    years = factors.groupby(pd.DatetimeIndex(factors.index).year)
    table: pd.DataFrame = years.prod(min_count=1) - 1.0
    return table.rename_axis(index="year")


def _day_by_day(returns: pd.DataFrame, measure: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    """Measure each line on its known days; on the others it stands still."""
    lines = {name: measure(line.dropna()) for name, line in returns.items()}
    return pd.DataFrame(lines, index=returns.index, columns=returns.columns).ffill()


def _until_ruin(returns: pd.Series) -> pd.Series:
    """Known returns up to the one that took everything: nothing compounds after it."""
    known = returns.dropna()
    is_ruined = (known <= -1.0).cummax().shift(fill_value=False)
    return known[~is_ruined]
