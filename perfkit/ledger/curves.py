"""Curves: the readings of a daily equity frame that a chart or a metric starts from.

Each takes the days of one thing: of one strategy, or of several combined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["daily_returns", "drawdown_curve", "nav_curve", "pnl_curve"]


def pnl_curve(equity: pd.DataFrame) -> pd.Series:
    """Cumulative P&L, net of fees, at the end of each day.

    Parameters
    ----------
    equity : DataFrame
        From `daily_equity` or `combine_equity`, one row a day.

    Returns
    -------
    Series indexed by day
        In account currency; starts with the first day's P&L.

    Raises
    ------
    InvalidArgumentError
        When a day stands there twice.
    """
    return _by_day(equity, "pnl").cumsum()


def nav_curve(equity: pd.DataFrame) -> pd.Series:
    """Net asset value at the end of each day: all flows plus all P&L.

    Parameters
    ----------
    equity : DataFrame
        From `daily_equity` or `combine_equity`, one row a day.

    Returns
    -------
    Series indexed by day
        In account currency.

    Raises
    ------
    InvalidArgumentError
        When a day stands there twice.
    """
    return _by_day(equity, "nav")


def daily_returns(equity: pd.DataFrame) -> pd.Series:
    """Simple return of each day on which there was capital.

    Parameters
    ----------
    equity : DataFrame
        From `daily_equity` or `combine_equity`, one row a day.

    Returns
    -------
    Series indexed by day
        Fractions; days without capital are left out.

    Raises
    ------
    InvalidArgumentError
        When a day stands there twice.
    """
    return _by_day(equity, "return").dropna()


def drawdown_curve(nav: pd.Series, start: float | None = None) -> pd.Series:
    r"""Fraction lost since the highest value so far.

    .. math:: DD_t = 1 - W_t / \max_{s \le t} W_s

    Parameters
    ----------
    nav : Series
        Value over time, without flows in it: capital and its P&L, or compounded returns.
    start : float, optional
        Value before the first entry, so that a loss at once is a drawdown; without it
        the first entry is the first peak.

    Returns
    -------
    Series, indexed as ``nav``
        At least 0, and above 1 when more than everything was lost; NaN while the peak is
        not above 0.

    Examples
    --------
    >>> import pandas as pd
    >>> drawdown_curve(pd.Series([90.0, 110.0, 88.0]), start=100.0).round(9).tolist()
    [0.1, 0.0, 0.2]
    """
    peak = nav.cummax()
    if start is not None:
        peak = peak.clip(lower=start)
    return 1.0 - nav / peak.where(peak > 0.0)


def _by_day(equity: pd.DataFrame, column: str) -> pd.Series:
    if equity["day"].duplicated().any():
        twice = equity.loc[equity["day"].duplicated(), "day"].iloc[0]
        raise InvalidArgumentError(
            f"equity must have one row a day, {twice.date()} stands there more than once; "
            "take one strategy, or add them up with combine_equity"
        )
    return equity.set_index("day")[column]
