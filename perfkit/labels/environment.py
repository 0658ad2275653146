"""Environment labels: what the market was like, whatever the trade did in it."""

from __future__ import annotations

import numpy as np

from perfkit.labels.rule import BoolColumn, WordColumn, label_rule

__all__ = ["high_volatility", "low_volatility"]

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
