"""Several strategies in one account: each asked for its signal, all put together.

Weights of a strategy are fractions of its own capital, the part of the account that
was allocated to it; weights that leave here are fractions of the account.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias, cast

import pandas as pd

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.execution.price_matrix import price_matrix
from perfkit.execution.prices_so_far import PricesSoFar
from perfkit.execution.signals import Signal, SignalStrategy, decided_weights
from perfkit.execution.strategies import Strategy
from perfkit.records.rules import Identifier

__all__ = ["LONGEST_STRATEGY", "MultiStrategyManager", "strategy_name"]

# leaves room for time and number in an order id, and for the part in a fill's
LONGEST_STRATEGY = 36

AnyStrategy: TypeAlias = Strategy | SignalStrategy
Prices: TypeAlias = pd.DataFrame | Callable[[], pd.DataFrame]


class MultiStrategyManager:
    """Runs the strategies of an account and consolidates what they want.

    Parameters
    ----------
    strategies : sequence of strategies, or mapping of name to strategy
        A `Strategy` (weights from the prices so far) or a `SignalStrategy` (a signal
        from anything). A name is a string or a member of an enum; without a mapping
        it is the strategy's ``strategy_id``.
    allocations : mapping of name to float, optional
        Part of the account's capital that each runs, at least 0, together at most 1;
        equal parts unless told. A strategy with 0 is not asked: all it holds is closed.
    prices : DataFrame or callable that gives one, optional
        Closes as for `BacktestEngine`, for strategies that decide by prices; a
        callable is called on every run.

    Raises
    ------
    InvalidArgumentError
        When there is no strategy, a name comes twice or is no name of at most 36
        characters, allocations break their rule, or prices are needed.
    UnknownNameError
        When an allocation names no strategy.

    Examples
    --------
    >>> class Nuclear:
    ...     strategy_id = "NUCLEAR"
    ...     def generate_signal(self):
    ...         return Signal(weights={"TECL": 0.5, "BIL": 0.5})
    >>> class Tecl(Nuclear):
    ...     strategy_id = "TECL"
    >>> manager = MultiStrategyManager([Nuclear(), Tecl()], {"NUCLEAR": 0.25, "TECL": 0.75})
    >>> signals, portfolio, attribution = manager.run_all_strategies()
    >>> portfolio, attribution["TECL"]
    ({'TECL': 0.5, 'BIL': 0.5}, {'NUCLEAR': 0.125, 'TECL': 0.375})
    """

    def __init__(
        self,
        strategies: Sequence[AnyStrategy] | Mapping[Any, AnyStrategy],
        allocations: Mapping[Any, float] | None = None,
        *,
        prices: Prices | None = None,
    ) -> None:
        self._strategies = _named(strategies)
        self._allocations = _allocations(self._strategies, allocations)
        self._prices = prices
        by_price = [name for name, each in self._strategies.items() if _is_by_price(each)]
        if by_price and prices is None:
            raise InvalidArgumentError(
                f"prices must be given for {by_price}, which decide by prices; "
                "give a DataFrame of closes, or a function that gives one"
            )

    @property
    def allocations(self) -> dict[str, float]:
        """Part of the account's capital that each strategy runs, by its name."""
        return dict(self._allocations)

    def run_all_strategies(
        self,
    ) -> tuple[dict[str, Signal], dict[str, float], dict[str, dict[str, float]]]:
        """Ask every strategy, and put their answers together.

        Returns
        -------
        signals : dict of str to Signal
            What each strategy said, by its name.
        consolidated_portfolio : dict of str to float
            Weight of each symbol in the account: the sum of its attribution.
        strategy_attribution : dict of str to dict of str to float
            Which strategy wants how much of each symbol, as fractions of the account.
            One that holds, leaving all as it is, is not in it.

        Raises
        ------
        InvalidArgumentError
            When prices or weights break their rules.
        """
        so_far = self._so_far()
        signals = {name: self._signal(name, so_far) for name in self._strategies}
        attribution: dict[str, dict[str, float]] = {}
        for name, signal in signals.items():
            for symbol, weight in (signal.weights or {}).items():
                if weight:
                    part = self._allocations[name] * float(weight)
                    attribution.setdefault(symbol, {})[name] = part
        portfolio = {symbol: math.fsum(parts.values()) for symbol, parts in attribution.items()}
        return signals, portfolio, attribution

    def _so_far(self) -> PricesSoFar | None:
        if self._prices is None:
            return None
        frame = self._prices() if callable(self._prices) else self._prices
        closes = price_matrix("prices", frame)
        return PricesSoFar(closes=closes.values, days=closes.days, symbols=closes.symbols)

    def _signal(self, name: str, so_far: PricesSoFar | None) -> Signal:
        strategy = self._strategies[name]
        if self._allocations[name] == 0.0:
            return Signal(weights={}, reason="nothing is allocated")
        if so_far is None or not _is_by_price(strategy):
            return cast("SignalStrategy", strategy).generate_signal()
        weights = decided_weights(cast("Strategy", strategy), so_far)
        if weights is None:
            return Signal(weights=None)
        return Signal(weights=dict(zip(so_far.symbols, weights.tolist(), strict=True)))


def strategy_name(name: object) -> str:
    """Name a strategy as orders and fills do: a member of an enum by its value or name.

    Raises
    ------
    InvalidArgumentError
        When that is no identifier of at most 36 characters.
    """
    if isinstance(name, Enum):
        text: object = name.value if isinstance(name.value, str) else name.name
    else:
        text = name
    rule = Identifier()
    if not rule.accepts(text):
        raise InvalidArgumentError(
            f"a strategy must {rule.requirement}, was {name!r}; {rule.remedy}"
        )
    if len(str(text)) > LONGEST_STRATEGY:
        raise InvalidArgumentError(
            f"a strategy must have a name of at most {LONGEST_STRATEGY} characters, was {text!r}; "
            "orders carry it in their ids, so shorten it"
        )
    return str(text)


def _is_by_price(strategy: AnyStrategy) -> bool:
    return hasattr(strategy, "target_weights")


def _named(
    strategies: Sequence[AnyStrategy] | Mapping[Any, AnyStrategy],
) -> dict[str, AnyStrategy]:
    pairs = (
        list(strategies.items())
        if isinstance(strategies, Mapping)
        else [(each.strategy_id, each) for each in strategies]
    )
    named = {strategy_name(name): strategy for name, strategy in pairs}
    if not named or len(named) < len(pairs):
        raise InvalidArgumentError(
            "strategies must be at least one, each with a name of its own, "
            f"were {[name for name, _ in pairs]}"
        )
    return named


def _allocations(
    strategies: Mapping[str, AnyStrategy], given: Mapping[Any, float] | None
) -> dict[str, float]:
    if given is None:
        return dict.fromkeys(strategies, 1.0 / len(strategies))
    parts = {strategy_name(name): float(part) for name, part in given.items()}
    if parts.keys() != strategies.keys():
        raise UnknownNameError(
            f"allocations must name each of {sorted(strategies)}, named {sorted(parts)}; "
            "a strategy that is to run nothing has 0.0"
        )
    is_part = all(0.0 <= part <= 1.0 for part in parts.values())
    if not is_part or math.fsum(parts.values()) > 1.0 + 1e-9:
        raise InvalidArgumentError(
            f"allocations must each be 0 to 1 and together at most 1, were {parts}; "
            "leverage is in a strategy's weights"
        )
    return {name: parts[name] for name in strategies}
