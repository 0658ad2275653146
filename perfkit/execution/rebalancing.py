"""From target weights to order volumes: whole lots, and no trade for a little drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["TradingRules", "order_volumes", "whole_lots"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingRules:
    """How targets become orders.

    Attributes
    ----------
    lot_size : float
        Positions are whole multiples of it: 1.0 is whole shares, 0.0001
        what a broker with fractional shares takes.
    no_trade_band : float
        A position whose weight is nearer to its target than this fraction of
        the strategy's capital is left alone, so that drift is not traded every
        day. A position that is to be closed is always closed.
    """

    lot_size: float = 1.0
    no_trade_band: float = 0.01

    def __post_init__(self) -> None:
        if not (0.0 < self.lot_size < np.inf and 0.0 <= self.no_trade_band < 1.0):
            raise InvalidArgumentError(
                "trading rules must have lot_size > 0 and no_trade_band in [0, 1), "
                f"were {self}; whole shares are lot_size=1.0, and a band of 0.0 trades every drift"
            )

    def leaves(self, target: Floats, held: Floats, capital: float) -> npt.NDArray[np.bool_]:
        """Tell which positions are left alone.

        Parameters
        ----------
        target, held : ndarray of shape (n,)
            Value that each position should have, and has.
        capital : float
            Of the strategy, at least 0.
        """
        is_near = np.abs(target - held) <= self.no_trade_band * capital
        is_exit = (target == 0.0) & (held != 0.0)
        left: npt.NDArray[np.bool_] = is_near & ~is_exit
        return left


def whole_lots(units: Floats, lot_size: float) -> Floats:
    """Count the whole lots in signed units, towards zero, so that rounding never borrows.

    Examples
    --------
    >>> whole_lots(np.array([0.3, -16.7]), 0.1)
    array([   3., -167.])
    """
    lots = units / lot_size
    # the nudge keeps 100 from becoming 99
    return np.trunc(lots + np.copysign(1e-9, lots))


def order_volumes(
    weights: Floats, positions: Floats, prices: Floats, capital: float, rules: TradingRules
) -> Floats:
    """Signed units to trade so that positions meet their weights.

    Parameters
    ----------
    weights : ndarray of shape (n_symbols,)
        Target value of each position as a fraction of the capital.
    positions : ndarray of shape (n_symbols,)
        Signed units held.
    prices : ndarray of shape (n_symbols,)
        Quote currency a unit.
    capital : float
        Cash and market value. When nothing is left all positions are closed.
    rules : TradingRules
        Lots and band.

    Returns
    -------
    ndarray of shape (n_symbols,)
        Positive to buy, negative to sell, 0 where nothing is to be done.

    Examples
    --------
    >>> weights, positions = np.array([0.5, 0.0]), np.array([0.0, -3.0])
    >>> order_volumes(weights, positions, np.array([30.0, 10.0]), 1000.0, TradingRules())
    array([16.,  3.])
    """
    capital = max(capital, 0.0)
    value = weights * capital
    target = whole_lots(value / prices, rules.lot_size) * rules.lot_size
    is_left = rules.leaves(value, positions * prices, capital)
    return np.where(is_left, 0.0, target - positions)
