"""The rebalancer: what strategies want of one account, as orders tagged for each of them.

A symbol has one target in the account. It is split among the strategies that want it
in proportion to their weights, in whole lots that sum to the target; what each is short
of, or has too much of, is its wish. Opposite wishes are crossed between the strategies
at the current price, without going to the market, and the rest is ordered in the names
of those on its side: a market never sees two strategies trade against each other, and
every order is of one strategy alone. Orders that close come before orders that open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import count

import numpy as np
import pyarrow as pa

from perfkit.errors import InvalidArgumentError
from perfkit.execution.netting import net_wishes
from perfkit.execution.order import Order
from perfkit.execution.rebalancing import TradingRules, whole_lots
from perfkit.ledger.apportionment import in_proportion, largest_remainder
from perfkit.records import Fill, Side, to_table

__all__ = ["Holdings", "PortfolioRebalancer", "RebalancingPlan"]

_ROUNDING = 1e-9  # a wish smaller than this part of a position is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the account holds for its strategies, and what it is worth.

    Attributes
    ----------
    account_id : str
        Whose orders they will be.
    time : datetime
        When it is decided.
    capital : float
        Money of all strategies together: cash and the value of their positions.
    allocations : mapping of str to float
        Part of the capital of each strategy that has decided; the positions of
        others are left as they are.
    positions : mapping of str to mapping of str to float
        Signed units that each strategy holds, by symbol.
    account : mapping of str to float
        Signed units that the whole account holds, by symbol.
    prices : mapping of str to float
        By symbol.
    busy : frozenset of str
        Symbols with an order that is still being worked: they are left alone.
    currency : str, optional
        Of the prices, as the broker's fills name it.
    """

    account_id: str
    time: datetime
    capital: float
    allocations: Mapping[str, float]
    positions: Mapping[str, Mapping[str, float]]
    account: Mapping[str, float]
    prices: Mapping[str, float]
    busy: frozenset[str] = frozenset()
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalancingPlan:
    """What is to be done.

    Attributes
    ----------
    closing, opening : pyarrow.Table
        With ``arrow_schema(Order)``: orders that take the account's positions towards
        zero, and those that take them away from it. The first bring the money for the
        others, and a position is turned by one of each.
    crosses : tuple of Fill
        Trades between strategies, which leave the account as it is.
    untraded : mapping of str to str
        Why a symbol is not traded, by symbol.
    """

    closing: pa.Table
    opening: pa.Table
    crosses: tuple[Fill, ...] = ()
    untraded: Mapping[str, str] = field(default_factory=dict)

    @property
    def orders(self) -> pa.Table:
        """All orders, those that close first."""
        return pa.concat_tables([self.closing, self.opening])


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRebalancer:
    """Turns target weights and their attribution into orders of each strategy.

    Attributes
    ----------
    rules : TradingRules
        Lots and no-trade band, the same as in a backtest.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> holdings = Holdings(
    ...     account_id="A1", time=datetime(2024, 1, 31, 21, tzinfo=UTC), capital=1000.0,
    ...     allocations={"a": 0.5, "b": 0.5}, positions={}, account={}, prices={"TECL": 9.0},
    ... )
    >>> plan = PortfolioRebalancer().plan({"TECL": 0.9}, {"TECL": {"a": 0.3, "b": 0.6}}, holdings)
    >>> plan.orders.select(["order_id", "strategy_id", "side", "volume"]).to_pylist()[0]
    {'order_id': 'a-20240131T210000000-1', 'strategy_id': 'a', 'side': 'buy', 'volume': 33.0}
    >>> plan.orders["volume"].to_pylist()
    [33.0, 67.0]
    """

    rules: TradingRules = field(default_factory=TradingRules)

    def plan(
        self,
        portfolio: Mapping[str, float],
        attribution: Mapping[str, Mapping[str, float]],
        holdings: Holdings,
    ) -> RebalancingPlan:
        """Plan the trades that bring every strategy to what it wants.

        Parameters
        ----------
        portfolio : mapping of str to float
            Weight of each symbol in the account.
        attribution : mapping of str to mapping of str to float
            Which strategy wants how much of each symbol; sums to the portfolio. What
            a strategy holds and does not want any more is closed.
        holdings : Holdings
            What is held now, and prices.

        Raises
        ------
        InvalidArgumentError
            When the attribution does not sum to the portfolio, names a strategy that
            has no allocation, or the capital is not known.
        """
        _check(portfolio, attribution, holdings)
        held = [holdings.positions.get(name, {}) for name in holdings.allocations]
        symbols = sorted({*attribution, *(symbol for book in held for symbol in book)})
        closing, opening = list[Order](), list[Order]()
        crosses, untraded = list[Fill](), dict[str, str]()
        numbers = count(1)
        for symbol in symbols:
            price = holdings.prices.get(symbol, math.nan)
            if not (math.isfinite(price) and price > 0.0):
                untraded[symbol] = f"the price must be known and > 0, was {price}"
                continue
            wishes = self._wishes(symbol, attribution.get(symbol, {}), holdings)
            if wishes and symbol in holdings.busy:
                untraded[symbol] = "an earlier order is still being worked"
            elif wishes:
                terms = _terms(symbol, holdings, next(numbers))
                position = holdings.account.get(symbol, 0.0)
                netted = net_wishes(wishes, position, terms, self.rules.lot_size)
                crosses += netted.crosses
                closing += _orders(netted.closing, netted.side, terms)
                if netted.closing and netted.opening:
                    terms = _terms(symbol, holdings, next(numbers))
                opening += _orders(netted.opening, netted.side, terms)
        return RebalancingPlan(
            closing=to_table(closing, Order),
            opening=to_table(opening, Order),
            crosses=tuple(crosses),
            untraded=untraded,
        )

    def _wishes(
        self, symbol: str, weights: Mapping[str, float], holdings: Holdings
    ) -> dict[str, float]:
        """Signed units that each strategy wants to trade; without those that want none."""
        capital, price = max(holdings.capital, 0.0), holdings.prices[symbol]
        targets = self._targets(weights, capital / price)
        wishes = {}
        for name, allocation in holdings.allocations.items():
            units = float(holdings.positions.get(name, {}).get(symbol, 0.0))
            value = np.array([weights.get(name, 0.0) * capital])
            if self.rules.leaves(value, np.array([units * price]), allocation * capital)[0]:
                continue
            wish = targets.get(name, 0.0) - units
            if abs(wish) > _ROUNDING * max(abs(units), self.rules.lot_size):
                wishes[name] = wish
        return wishes

    def _targets(self, weights: Mapping[str, float], worth: float) -> dict[str, float]:
        """Split the account's target among strategies, exactly; ``worth`` is of weight 1."""
        longs = {name: Fraction(w) for name, w in weights.items() if w > 0.0}
        shorts = {name: Fraction(-w) for name, w in weights.items() if w < 0.0}
        long, short = (
            Fraction(float(sum(side.values()))) * Fraction(worth) for side in (longs, shorts)
        )
        # the side that is smaller is rounded first, so that the difference is the account's target
        if long >= short:
            less = self._lots(short)
            lots = {1: self._lots(long - short) + less, -1: less}
        else:
            less = self._lots(long)
            lots = {1: less, -1: self._lots(short - long) + less}
        lot = Fraction(repr(float(self.rules.lot_size)))
        return {
            name: sign * float(count * lot)
            for sign, side in ((1, longs), (-1, shorts))
            if side
            for name, count in largest_remainder(in_proportion(Fraction(lots[sign]), side)).items()
        }

    def _lots(self, units: Fraction) -> int:
        return int(whole_lots(np.array([float(units)]), self.rules.lot_size)[0])


def _terms(symbol: str, holdings: Holdings, number: int) -> Fill:
    """Give what orders and crosses of a symbol have in common; the id names the decision."""
    time = holdings.time.astimezone(UTC)
    return Fill(
        trade_id=f"{time:%Y%m%dT%H%M%S}{time.microsecond // 1000:03d}-{number}",
        account_id=holdings.account_id,
        strategy_id="desk",
        execution_time=time,
        symbol=symbol,
        side=Side.BUY,
        price=holdings.prices[symbol],
        volume=1.0,
        currency=holdings.currency,
        source="cross",
        reason="cross",
    )


def _orders(volumes: Mapping[str, float], side: Side, terms: Fill) -> list[Order]:
    return [
        Order(
            order_id=f"{name}-{terms.trade_id}",
            account_id=terms.account_id,
            strategy_id=name,
            submitted_at=terms.execution_time,
            symbol=terms.symbol,
            side=side,
            volume=volume,
        )
        for name, volume in volumes.items()
    ]


def _check(
    portfolio: Mapping[str, float],
    attribution: Mapping[str, Mapping[str, float]],
    holdings: Holdings,
) -> None:
    if not math.isfinite(holdings.capital):
        raise InvalidArgumentError(
            f"capital must be a finite number, was {holdings.capital}; "
            "give a price for every position"
        )
    named = {name for parts in attribution.values() for name in parts}
    strangers = sorted(named - holdings.allocations.keys())
    if strangers:
        raise InvalidArgumentError(
            f"attribution must name strategies with an allocation, named {strangers} beside "
            f"{sorted(holdings.allocations)}"
        )
    for symbol in {*portfolio, *attribution}:
        total = math.fsum(attribution.get(symbol, {}).values())
        if not math.isclose(portfolio.get(symbol, 0.0), total, rel_tol=1e-9, abs_tol=1e-12):
            raise InvalidArgumentError(
                f"attribution of {symbol!r} must sum to its weight {portfolio.get(symbol, 0.0)}, "
                f"summed to {total}; take both from run_all_strategies"
            )
