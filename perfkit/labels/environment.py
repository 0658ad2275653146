"""Environment labels: what the market was like, whatever the trade did in it."""

from __future__ import annotations

import numpy as np

from perfkit.labels.rule import BoolColumn, FloatColumn, WordColumn, label_rule

__all__ = ["high_volatility", "low_volatility", "market_close", "market_open", "news_event"]

_SPECIFICATION = "Strategy Performance Tracking Module Design, Labeling Logic"
_SOURCE = "J.P. Morgan/Reuters (1996), RiskMetrics Technical Document, 4th ed."


@label_rule(family="environment", known_at="entry", source=_SOURCE)
def high_volatility(volatility_regime: WordColumn) -> BoolColumn:
    """Execution while volatility is high among its own earlier values.

    Parameters
    ----------
    volatility_regime : ndarray of str of shape (n_trades,)
        ``low``, ``medium``, ``high``, or empty when not known.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return np.asarray(volatility_regime == "high")


@label_rule(family="environment", known_at="entry", source=_SOURCE)
def low_volatility(volatility_regime: WordColumn) -> BoolColumn:
    """Execution while volatility is low among its own earlier values.

    Parameters
    ----------
    volatility_regime : ndarray of str of shape (n_trades,)
        ``low``, ``medium``, ``high``, or empty when not known.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return np.asarray(volatility_regime == "low")


@label_rule(family="environment", known_at="entry", source=_SPECIFICATION)
def market_open(minutes_from_open: FloatColumn, *, minutes: float = 30.0) -> BoolColumn:
    """Execution in the first ``minutes`` of the regular session.

    Parameters
    ----------
    minutes_from_open : ndarray of shape (n_trades,)
        Since the session opened; NaN outside a session, where trading never pauses, and
        where no calendar is known.
    minutes : float
        At most so many, the opening auction at 0 included.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return (minutes_from_open >= 0) & (minutes_from_open <= minutes)


@label_rule(family="environment", known_at="entry", source=_SPECIFICATION)
def market_close(minutes_to_close: FloatColumn, *, minutes: float = 30.0) -> BoolColumn:
    """Execution in the last ``minutes`` of the regular session.

    Parameters
    ----------
    minutes_to_close : ndarray of shape (n_trades,)
        Until the session closes, of a half day too; NaN outside a session, where trading
        never pauses, and where no calendar is known.
    minutes : float
        At most so many, the closing auction at 0 included.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return (minutes_to_close >= 0) & (minutes_to_close <= minutes)


@label_rule(family="environment", known_at="entry", source=_SPECIFICATION)
def news_event(news_event: BoolColumn) -> BoolColumn:
    """Execution near an event that was known by then.

    How near is part of the context's definition, ``news_minutes``.

    Parameters
    ----------
    news_event : ndarray of bool of shape (n_trades,)
        Whether the trade lies in the window of a known event; False where no events are
        known.

    Returns
    -------
    ndarray of bool of shape (n_trades,)
    """
    return news_event.copy()
