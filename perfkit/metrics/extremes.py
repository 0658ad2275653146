"""Extremes of closed round trips: best, worst, streaks, the fall of their sum.

They depend on single trips or on the order in which trips closed.
"""

from __future__ import annotations

from perfkit.metrics.observations import per_column
from perfkit.metrics.trades import Trips, tally_of

__all__ = [
    "best_trade",
    "current_streak",
    "longest_losing_streak",
    "longest_winning_streak",
    "pnl_drawdown",
    "worst_trade",
]


@per_column
def best_trade(pnl: Trips) -> float:
    r"""Largest P&L of a round trip.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency; NaN without trips.

    Examples
    --------
    >>> best_trade([100.0, -50.0, 200.0, -100.0])
    200.0
    """
    return tally_of(pnl).best


@per_column
def worst_trade(pnl: Trips) -> float:
    r"""Smallest P&L of a round trip.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency; NaN without trips.

    Examples
    --------
    >>> worst_trade([100.0, -50.0, 200.0, -100.0])
    -100.0
    """
    return tally_of(pnl).worst


@per_column
def longest_winning_streak(pnl: Trips) -> float:
    r"""Most wins in a row, in the order in which trips closed.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Count, at least 0; a trip of exactly zero ends a streak.

    Examples
    --------
    >>> longest_winning_streak([100.0, -50.0, 200.0, -100.0])
    1.0
    """
    return float(tally_of(pnl).longest_winning_streak)


@per_column
def longest_losing_streak(pnl: Trips) -> float:
    r"""Most losses in a row, in the order in which trips closed.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Count, at least 0; a trip of exactly zero ends a streak.

    Examples
    --------
    >>> longest_losing_streak([100.0, -50.0, 200.0, -100.0])
    1.0
    """
    return float(tally_of(pnl).longest_losing_streak)


@per_column
def current_streak(pnl: Trips) -> float:
    r"""Wins or losses in a row up to the last trip, in the order in which trips closed.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Count: of wins above 0, of losses below 0; 0 without trips or when the
        last one was exactly zero.

    Examples
    --------
    >>> current_streak([100.0, -50.0, -200.0, -100.0])
    -3.0
    """
    return float(tally_of(pnl).current_streak)


@per_column
def pnl_drawdown(pnl: Trips) -> float:
    r"""Largest fall of the cumulative P&L from its peak, the start included.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency, at least 0; NaN without trips.

    Examples
    --------
    >>> pnl_drawdown([100.0, -50.0, 200.0, -100.0])
    100.0
    """
    return tally_of(pnl).pnl_drawdown
