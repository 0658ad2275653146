"""Counts of closed round trips: how many there were, were won, were lost.

A trip of exactly zero is neither won nor lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from perfkit.metrics.observations import per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.ratios import quotient
from perfkit.metrics.trades import tally_of

if TYPE_CHECKING:
    from perfkit.metrics.trades import Trips

__all__ = ["ZeroOptions", "breakeven_count", "loss_rate", "trade_count", "win_rate"]


class ZeroOptions(TypedDict, total=False):
    """Whether a trip of exactly zero is among those that are divided by.

    Attributes
    ----------
    zero_pnl : str
        ``counted``, or ``excluded``.
    """

    zero_pnl: Literal["counted", "excluded"]


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
def breakeven_count(pnl: Trips) -> float:
    r"""Number of closed round trips of exactly zero, neither won nor lost.

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
    >>> breakeven_count([100.0, 0.0, 200.0, -100.0])
    1.0
    """
    tally = tally_of(pnl)
    return float(tally.n - tally.wins - tally.losses)


@per_column
def win_rate(pnl: Trips, **how: Unpack[ZeroOptions]) -> float:
    r"""Winning round trips over all closed ones.

    .. math:: \frac{\#\{p_i > 0\}}{n}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.
    **how
        ``zero_pnl``, see `ZeroOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction, 0 to 1; a trip of exactly zero is not won. NaN without trips.

    Examples
    --------
    >>> win_rate([100.0, -50.0, 200.0, -100.0])
    0.5
    >>> win_rate([100.0, 0.0]), win_rate([100.0, 0.0], zero_pnl="excluded")
    (0.5, 1.0)
    """
    tally = tally_of(pnl)
    excluded = options_of(ZeroOptions, how)["zero_pnl"] == "excluded"
    return quotient(tally.wins, tally.wins + tally.losses if excluded else tally.n)


@per_column
def loss_rate(pnl: Trips, **how: Unpack[ZeroOptions]) -> float:
    r"""Losing round trips over all closed ones.

    .. math:: \frac{\#\{p_i < 0\}}{n}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.
    **how
        ``zero_pnl``, see `ZeroOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction, 0 to 1; a trip of exactly zero is not lost. NaN without trips.

    Examples
    --------
    >>> loss_rate([100.0, -50.0, 200.0, -100.0])
    0.5
    """
    tally = tally_of(pnl)
    excluded = options_of(ZeroOptions, how)["zero_pnl"] == "excluded"
    return quotient(tally.losses, tally.wins + tally.losses if excluded else tally.n)
