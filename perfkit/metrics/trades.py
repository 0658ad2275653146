"""Readings of closed round trips: win rate, profit factor, payoff, expectancy.

A reading is a pure function of a column of P&L, or of a tally of it: live
and batch ask the same function. Trips are net of fees; open ones are not in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from perfkit.metrics.observations import observations, per_column
from perfkit.metrics.ratios import quotient
from perfkit.metrics.tally import Tally

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "avg_loss",
    "avg_win",
    "expectancy",
    "payoff_ratio",
    "profit_factor",
    "system_quality_number",
    "tally_of",
    "total_pnl",
    "trade_count",
    "win_rate",
]

Trips: TypeAlias = "npt.ArrayLike | Tally"


@per_column
def trade_count(pnl: Trips) -> float:
    r"""Number of closed round trips.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Count, at least 0.

    Examples
    --------
    >>> trade_count([100.0, -50.0, 200.0, -100.0])
    4.0
    """
    return float(tally_of(pnl).n)


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
def win_rate(pnl: Trips) -> float:
    r"""Winning round trips over all closed ones.

    .. math:: \frac{\#\{p_i > 0\}}{n}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Fraction, 0 to 1; a trip of exactly zero is not won. NaN without trips.

    Examples
    --------
    >>> win_rate([100.0, -50.0, 200.0, -100.0])
    0.5
    """
    tally = tally_of(pnl)
    return quotient(tally.wins, tally.n)


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
def system_quality_number(pnl: Trips) -> float:
    r"""Mean P&L in standard errors of it.

    .. math:: \sqrt{n} \, \frac{\overline{p}}{\sigma(p)}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; NaN below two trips or without dispersion.

    References
    ----------
    .. [1] V. K. Tharp (2008), *The Definitive Guide to Position Sizing*.

    Examples
    --------
    >>> round(system_quality_number([100.0, -50.0, 200.0, -100.0]), 4)
    0.5447
    """
    tally = tally_of(pnl)
    return math.sqrt(tally.n) * tally.mean / tally.std if tally.std > 0 else math.nan


def tally_of(pnl: Any) -> Tally:
    """Count a column of P&L; a tally stays itself."""
    return pnl if isinstance(pnl, Tally) else Tally.of(observations(pnl))
