"""Pattern labels: how large a position was entered, and how it was left.

Sizes are measured against the strategy's own usual size, never against those of later
trades. A fill that turns a position leaves the old one and enters the new one, and may
carry labels of both.
"""

from __future__ import annotations

from perfkit.labels.rule import BoolColumn, FloatColumn, label_rule

__all__ = ["aggressive_entry", "conservative_entry", "hold_long", "quick_exit", "stop_loss"]

_SPECIFICATION = "Strategy Performance Tracking Module Design, Labeling Logic"


@label_rule(family="pattern", known_at="entry", source=_SPECIFICATION)
def aggressive_entry(
    entry_notional: FloatColumn, usual_entry_notional: FloatColumn, *, multiple: float = 2.0
) -> BoolColumn:
    """Entry of more than ``multiple`` times the usual size.

    Parameters
    ----------
    entry_notional : ndarray of shape (n_trades,)
        Value of what the fill opened, quote currency; NaN when it opened nothing.
    usual_entry_notional : ndarray of shape (n_trades,)
        Average value of the entries before it; NaN before there are enough.
    multiple : float
        Times the usual value.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return entry_notional > multiple * usual_entry_notional


@label_rule(family="pattern", known_at="entry", source=_SPECIFICATION)
def conservative_entry(
    entry_notional: FloatColumn, usual_entry_notional: FloatColumn, *, multiple: float = 0.5
) -> BoolColumn:
    """Entry of less than ``multiple`` times the usual size.

    Parameters
    ----------
    entry_notional : ndarray of shape (n_trades,)
        Value of what the fill opened, quote currency; NaN when it opened nothing.
    usual_entry_notional : ndarray of shape (n_trades,)
        Average value of the entries before it; NaN before there are enough.
    multiple : float
        Times the usual value.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return entry_notional < multiple * usual_entry_notional


@label_rule(family="pattern", known_at="exit", source=_SPECIFICATION)
def quick_exit(
    closes: BoolColumn, pnl: FloatColumn, holding_days: FloatColumn, *, days: float = 5.0
) -> BoolColumn:
    """Profit taken within ``days`` calendar days of the position's opening.

    Parameters
    ----------
    closes : ndarray of bool of shape (n_trades,)
        Whether the fill reduces, closes or turns a position.
    pnl : ndarray of shape (n_trades,)
        Realised by the fill, net of its commission.
    holding_days : ndarray of shape (n_trades,)
        Days since the position was opened.
    days : float
        At most so many.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return closes & (pnl > 0) & (holding_days <= days)


@label_rule(family="pattern", known_at="exit", source=_SPECIFICATION)
def hold_long(closes: BoolColumn, holding_days: FloatColumn, *, days: float = 60.0) -> BoolColumn:
    """Exit from a position that was opened at least ``days`` calendar days before.

    Parameters
    ----------
    closes : ndarray of bool of shape (n_trades,)
        Whether the fill reduces, closes or turns a position.
    holding_days : ndarray of shape (n_trades,)
        Days since the position was opened.
    days : float
        At least so many.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return closes & (holding_days >= days)


@label_rule(
    family="pattern",
    known_at="exit",
    source="Faith (2007), Way of the Turtle: stops at 2 N, N the average true range",
)
def stop_loss(
    closes: BoolColumn, adverse_move: FloatColumn, atr: FloatColumn, *, multiple: float = 2.0
) -> BoolColumn:
    """Exit at a price at least ``multiple`` average true ranges against the entry.

    Fills do not say which order they came from: this is where a usual stop would have
    stood, measured by the average true range known at the exit. Where that is not known
    the rule says nothing.

    Parameters
    ----------
    closes : ndarray of bool of shape (n_trades,)
        Whether the fill reduces, closes or turns a position.
    adverse_move : ndarray of shape (n_trades,)
        Distance of the price from the average entry price, positive when against
        the position, quote currency.
    atr : ndarray of shape (n_trades,)
        Average true range, quote currency.
    multiple : float
        Least distance, in average true ranges.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return closes & (adverse_move > 0) & (adverse_move >= multiple * atr)
