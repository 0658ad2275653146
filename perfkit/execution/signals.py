"""Signals: what a strategy wants to hold now, whatever kind of strategy it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from perfkit.errors import InvalidArgumentError
from perfkit.records.rules import Text

if TYPE_CHECKING:
    import numpy.typing as npt

    from perfkit.execution.prices_so_far import PricesSoFar
    from perfkit.execution.strategies import Strategy

__all__ = ["Signal", "SignalStrategy", "decided_weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a strategy wants to hold.

    Attributes
    ----------
    weights : mapping of str to float, or None
        Signed value of each position as a fraction of the strategy's own capital;
        what is not named is closed. None leaves everything as it is.
    reason : str, optional
        Why, in the strategy's word.

    Raises
    ------
    InvalidArgumentError
        When a symbol is no symbol or a weight is not finite.

    Examples
    --------
    >>> signal = Signal(weights={"TECL": 0.6, "BIL": 0.4}, reason="RSI below 30")
    >>> signal.action, signal.symbol
    ('BUY', 'TECL, BIL')
    >>> Signal(weights=None).action
    'HOLD'
    """

    weights: Mapping[str, float] | None
    reason: str | None = None

    def __post_init__(self) -> None:
        rule = Text(64)
        for symbol, weight in (self.weights or {}).items():
            if not rule.accepts(symbol):
                raise InvalidArgumentError(
                    f"signal: a symbol must {rule.requirement}, was {symbol!r}; {rule.remedy}"
                )
            if not math.isfinite(weight):
                raise InvalidArgumentError(
                    f"signal: the weight of {symbol!r} must be a finite number, was {weight!r}; "
                    "hold nothing with 0.0"
                )

    @property
    def action(self) -> str:
        """One word: ``BUY`` or ``SELL`` for longs or shorts alone, ``BUY/SELL`` for both.

        ``CASH`` when nothing is wanted, ``HOLD`` when all is left as it is.
        """
        if self.weights is None:
            return "HOLD"
        sides = {weight > 0.0 for weight in self.weights.values() if weight}
        if not sides:
            return "CASH"
        return "BUY/SELL" if len(sides) == 2 else ("BUY" if True in sides else "SELL")

    @property
    def symbol(self) -> str | None:
        """What is wanted, largest first, with commas between; None when nothing is."""
        wanted = {symbol: weight for symbol, weight in (self.weights or {}).items() if weight}
        return ", ".join(sorted(wanted, key=lambda symbol: -abs(wanted[symbol]))) or None


class SignalStrategy(Protocol):
    """A strategy that looks at whatever it likes and says what to hold."""

    @property
    def strategy_id(self) -> str:
        """Name of the strategy in orders and fills."""

    def generate_signal(self) -> Signal:
        """What to hold now."""


def decided_weights(strategy: Strategy, so_far: PricesSoFar) -> npt.NDArray[np.float64] | None:
    """Ask a strategy for its weights, and check them.

    Raises
    ------
    InvalidArgumentError
        When they are not one finite number for each symbol.
    """
    weights = strategy.target_weights(so_far)
    if weights is None:
        return None
    if weights.shape != (len(so_far.symbols),) or not np.isfinite(weights).all():
        raise InvalidArgumentError(
            f"strategy {strategy.strategy_id!r}: weights of {so_far.days[-1]} must be "
            f"{len(so_far.symbols)} finite numbers, were {weights}; hold nothing with 0.0"
        )
    return weights
