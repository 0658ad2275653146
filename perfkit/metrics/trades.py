"""Sums and averages of closed round trips: profit factor, expectancy, mean win.

A reading is a pure function of a column of P&L, or of a tally of it: live
and batch ask the same function. Trips are net of fees; open ones are not in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from perfkit.metrics.observations import observations, per_column
from perfkit.metrics.ratios import quotient
from perfkit.metrics.tally import Tally

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Trips",
    "avg_loss",
    "avg_win",
    "expectancy",
    "gross_loss",
    "gross_profit",
    "profit_factor",
    "tally_of",
    "total_pnl",
]

Trips: TypeAlias = "npt.ArrayLike | Tally"


@per_column
def total_pnl(pnl: Trips) -> float:
    r"""Net P&L of all closed round trips.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency; 0 without trips, because nothing was made.

    Examples
    --------
    >>> total_pnl([100.0, -50.0, 200.0, -100.0])
    150.0
    """
    return tally_of(pnl).total


@per_column
def profit_factor(pnl: Trips) -> float:
    r"""Gross profit over gross loss.

    .. math:: \frac{\sum_i \max(p_i, 0)}{\sum_i \max(-p_i, 0)}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least 0; ``inf`` when nothing was lost, NaN when
        nothing was won or lost.

    References
    ----------
    .. [1] R. Pardo (2008), *The Evaluation and Optimization of Trading
       Strategies*, 2nd ed., Wiley.

    Examples
    --------
    >>> profit_factor([100.0, -50.0, 200.0, -100.0])
    2.0
    """
    tally = tally_of(pnl)
    return quotient(tally.gross_profit, tally.gross_loss)


@per_column
def gross_profit(pnl: Trips) -> float:
    r"""Sum of the winners.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency, at least 0; 0 without trips.

    Examples
    --------
    >>> gross_profit([100.0, -50.0, 200.0, -100.0])
    300.0
    """
    return tally_of(pnl).gross_profit


@per_column
def gross_loss(pnl: Trips) -> float:
    r"""Sum of the losers, as a positive amount.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency, at least 0; 0 without trips. Gross profit less gross loss is
        the total.

    Examples
    --------
    >>> gross_loss([100.0, -50.0, 200.0, -100.0])
    150.0
    """
    return tally_of(pnl).gross_loss


@per_column
def expectancy(pnl: Trips) -> float:
    r"""Mean P&L of a round trip.

    .. math:: \frac{1}{n} \sum_i p_i

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency a trip; NaN without trips.

    Examples
    --------
    >>> expectancy([100.0, -50.0, 200.0, -100.0])
    37.5
    """
    return tally_of(pnl).mean


@per_column
def avg_win(pnl: Trips) -> float:
    r"""Mean P&L of the winners.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency, above 0; NaN without a winner.

    Examples
    --------
    >>> avg_win([100.0, -50.0, 200.0, -100.0])
    150.0
    """
    tally = tally_of(pnl)
    return quotient(tally.gross_profit, tally.wins)


@per_column
def avg_loss(pnl: Trips) -> float:
    r"""Mean P&L of the losers.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency, below 0; NaN without a loser.

    Examples
    --------
    >>> avg_loss([100.0, -50.0, 200.0, -100.0])
    -75.0
    """
    tally = tally_of(pnl)
    return -quotient(tally.gross_loss, tally.losses)


def tally_of(pnl: Any) -> Tally:
    """Count a column of P&L; a tally stays itself."""
    return pnl if isinstance(pnl, Tally) else Tally.of(observations(pnl))
