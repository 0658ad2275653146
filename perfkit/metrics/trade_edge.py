"""Edge of closed round trips: what the odds and the payoff are worth together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.metrics.extremes import pnl_drawdown
from perfkit.metrics.observations import per_column
from perfkit.metrics.ratios import quotient
from perfkit.metrics.trades import tally_of

if TYPE_CHECKING:
    from perfkit.metrics.trades import Trips

__all__ = [
    "best_trade_share",
    "cpc_index",
    "expectancy_ratio",
    "kelly_criterion",
    "payoff_ratio",
    "profit_to_drawdown",
]


@per_column
def payoff_ratio(pnl: Trips) -> float:
    r"""Mean win over mean loss.

    .. math:: \frac{\overline{p \mid p > 0}}{-\overline{p \mid p < 0}}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` when nothing was lost, NaN without a winner.

    Examples
    --------
    >>> payoff_ratio([100.0, -50.0, 200.0, -100.0])
    2.0
    """
    tally = tally_of(pnl)
    mean_win = quotient(tally.gross_profit, tally.wins)
    return quotient(mean_win, tally.gross_loss / max(tally.losses, 1))


@per_column
def expectancy_ratio(pnl: Trips) -> float:
    r"""What a round trip is expected to make for each unit that a losing one costs.

    .. math:: (1 + W / L) \, w - 1

    W and L are the mean win and the mean loss, w is the win rate.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least -1; ``inf`` when nothing was lost, NaN without a winner.

    References
    ----------
    .. [1] V. K. Tharp (1998), *Trade Your Way to Financial Freedom*, McGraw-Hill.

    Examples
    --------
    >>> expectancy_ratio([100.0, -50.0, 200.0, -100.0])
    0.5
    """
    tally = tally_of(pnl)
    return (1.0 + float(payoff_ratio(tally))) * quotient(tally.wins, tally.n) - 1.0


@per_column
def kelly_criterion(pnl: Trips) -> float:
    r"""Part of the capital to risk on a trip, by the odds and the payoff.

    .. math:: w - \frac{1 - w}{W / L}

    W and L are the mean win and the mean loss; w is the share of winners among the trips
    that were won or lost: one of exactly zero tells nothing of the odds.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Fraction, at most 1; below 0 where there is no edge, 1 when nothing was lost, NaN
        without a winner.

    References
    ----------
    .. [1] J. L. Kelly (1956), "A New Interpretation of Information Rate", *Bell System
       Technical Journal* 35(4), 917-926.

    Examples
    --------
    >>> kelly_criterion([100.0, -50.0, 200.0, -100.0])
    0.25
    """
    tally = tally_of(pnl)
    if not tally.wins:
        return math.nan
    odds = tally.wins / (tally.wins + tally.losses)
    return odds - quotient(1.0 - odds, float(payoff_ratio(tally)))


@per_column
def cpc_index(pnl: Trips) -> float:
    r"""Profit factor times win rate times payoff.

    .. math:: PF \cdot w \cdot W / L

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least 0; ``inf`` when nothing was lost, NaN without a winner.

    References
    ----------
    .. [1] quantstats, ``cpc_index``.

    Examples
    --------
    >>> cpc_index([100.0, -50.0, 200.0, -100.0])
    2.0
    """
    tally = tally_of(pnl)
    odds = quotient(tally.wins, tally.n)
    return quotient(tally.gross_profit, tally.gross_loss) * odds * float(payoff_ratio(tally))


@per_column
def best_trade_share(pnl: Trips) -> float:
    r"""Part of the gross profit that the best round trip alone made.

    .. math:: \frac{\max_i p_i}{\sum_i \max(p_i, 0)}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Fraction, above 0 to 1; near 1 everything hangs on one trip. NaN without a winner.

    References
    ----------
    .. [1] R. Pardo (2008), *The Evaluation and Optimization of Trading
       Strategies*, 2nd ed., Wiley.

    Examples
    --------
    >>> round(best_trade_share([100.0, -50.0, 200.0, -100.0]), 4)
    0.6667
    """
    tally = tally_of(pnl)
    return tally.best / tally.gross_profit if tally.wins else math.nan


@per_column
def profit_to_drawdown(pnl: Trips) -> float:
    r"""Net P&L for the largest fall of the cumulative P&L.

    .. math:: \frac{\sum_i p_i}{\max_j \left(\max_{i \le j} P_i - P_j\right)}

    P is the cumulative P&L, which begins at 0.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least -1; ``inf`` for a gain without a fall, NaN without trips or
        when nothing was made and nothing lost.

    References
    ----------
    .. [1] R. Pardo (2008), *The Evaluation and Optimization of Trading
       Strategies*, 2nd ed., Wiley.

    Examples
    --------
    >>> profit_to_drawdown([100.0, -50.0, 200.0, -100.0])
    1.5
    """
    tally = tally_of(pnl)
    return quotient(tally.total, float(pnl_drawdown(tally)))
