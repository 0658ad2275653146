"""Daily returns laid out for a page: growth, drawdown, months and years.

Everything compounds; a day without a known return stands still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from perfkit.metrics import METRICS, compute

if TYPE_CHECKING:
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
        NaN before a line's first return.

    Examples
    --------
    >>> growth(pd.DataFrame({"a": [None, 0.5, None, -0.2]}, dtype=float))["a"].round(6).tolist()
    [nan, 1.5, 1.5, 1.2]
    """
    begun = returns.notna().cummax()
    wealth: pd.DataFrame = (1.0 + returns.fillna(0.0)).cumprod().where(begun)
    return wealth


def drawdowns(returns: pd.DataFrame) -> pd.DataFrame:
    """How far below its highest value so far each line stands.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_lines)
        Daily returns as fractions; NaN where unknown.

    Returns
    -------
    DataFrame of shape (n_days, n_lines)
        Fractions from 0 to 1; the 1 put in counts as a peak.

    Examples
    --------
    >>> drawdowns(pd.DataFrame({"a": [-0.1, 0.5, -0.2]}))["a"].round(6).tolist()
    [0.1, 0.0, 0.2]
    """
    wealth = growth(returns)
    depths: pd.DataFrame = 1.0 - wealth / wealth.cummax().clip(lower=1.0)
    return depths


def monthly_table(returns: pd.Series) -> pd.DataFrame:
    """Return of each month and year.

    Parameters
    ----------
    returns : Series of shape (n_days,)
        Daily returns as fractions, indexed by day.

    Returns
    -------
    DataFrame of shape (n_years, 13)
        Years by the months 1 to 12 and "year"; NaN where no day is known.
    """
    known = returns.dropna()
    days = pd.DatetimeIndex(known.index)
    wealth = 1.0 + known
    months = wealth.groupby([days.year, days.month]).prod().unstack() - 1.0
    table: pd.DataFrame = months.reindex(columns=range(1, 13))
    table["year"] = wealth.groupby(days.year).prod() - 1.0
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
        NaN where a line has no day in the year.
    """
    days = pd.DatetimeIndex(returns.index)
    wealth = (1.0 + returns).groupby(days.year).prod(min_count=1)
    table: pd.DataFrame = wealth - 1.0
    return table.rename_axis(index="year")
