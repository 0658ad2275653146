"""The rebalancer: what strategies want of one account, as orders tagged for each of them.

A symbol has one target in the account. It is split among the strategies that want it
in proportion to their weights, in whole lots that sum to the target; what each is short
of, or has too much of, is its wish. Opposite wishes are crossed between the strategies
at the current price, without going to the market, and the rest is ordered in the names
of those on its side: a market never sees two strategies trade against each other, and
every order is of one strategy alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pyarrow as pa

from perfkit.errors import InvalidArgumentError
from perfkit.execution.order import Order
from perfkit.execution.rebalancing import TradingRules, whole_lots
from perfkit.ledger import allocate_fill, cross_fill
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
    prices: Mapping[str, float]
    busy: frozenset[str] = frozenset()
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalancingPlan:
    """What is to be done.

    Attributes
    ----------
    orders : pyarrow.Table
        With ``arrow_schema(Order)``, sales first: what they bring pays for the rest.
    crosses : tuple of Fill
        Trades between strategies, which leave the account as it is.
    untraded : mapping of str to str
        Why a symbol is not traded, by symbol.
    """

    orders: pa.Table
    crosses: tuple[Fill, ...] = ()
    untraded: Mapping[str, str] = field(default_factory=dict)


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
    ...     allocations={"a": 0.5, "b": 0.5}, positions={}, prices={"TECL": 9.0},
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
        orders, crosses, untraded = list[Order](), list[Fill](), dict[str, str]()
        for number, symbol in enumerate(symbols, 1):
            price = holdings.prices.get(symbol, math.nan)
            if not (math.isfinite(price) and price > 0.0):
                untraded[symbol] = f"the price must be known and > 0, was {price}"
                continue
            wishes = self._wishes(symbol, attribution.get(symbol, {}), holdings)
            if not wishes:
                continue
            if symbol in holdings.busy:
                untraded[symbol] = "an earlier order is still being worked"
                continue
            market, crossed = self._netted(symbol, wishes, holdings, number)
            orders += market
            crosses += crossed
        orders.sort(key=lambda order: order.side == Side.BUY)
        return RebalancingPlan(
            orders=to_table(orders, Order), crosses=tuple(crosses), untraded=untraded
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

    def _netted(
        self, symbol: str, wishes: Mapping[str, float], holdings: Holdings, number: int
    ) -> tuple[list[Order], list[Fill]]:
        """Cross opposite wishes, and order the rest."""
        net = math.fsum(wishes.values())
        buyers = {name: wish for name, wish in wishes.items() if wish > 0.0}
        sellers = {name: -wish for name, wish in wishes.items() if wish < 0.0}
        gross = math.fsum(map(abs, wishes.values()))
        is_flat = abs(net) <= _ROUNDING * gross
        volume, unit = self._in_lots(math.fsum(buyers.values()) if is_flat else abs(net), wishes)
        time = holdings.time.astimezone(UTC)
        stamp = f"{time:%Y%m%dT%H%M%S}{time.microsecond // 1000:03d}-{number}"
        fill = Fill(
            trade_id=stamp,
            account_id=holdings.account_id,
            strategy_id="desk",
            execution_time=holdings.time,
            symbol=symbol,
            side=Side.BUY if net > 0.0 else Side.SELL,
            price=holdings.prices[symbol],
            volume=volume,
            currency=holdings.currency,
            source="cross",
            reason="cross",
        )
        if is_flat:
            return [], cross_fill(fill, buyers, sellers, unit=unit)
        towards = math.copysign(1.0, net)
        shares = {name: towards * wish for name, wish in wishes.items()}
        parts = allocate_fill(fill, shares, unit=unit)
        crosses = [part for part in parts if part.trade_id.startswith(f"{stamp}.cross-")]
        orders = [
            Order(
                order_id=f"{part.strategy_id}-{stamp}",
                account_id=part.account_id,
                strategy_id=part.strategy_id,
                submitted_at=holdings.time,
                symbol=symbol,
                side=part.side,
                volume=part.volume,
            )
            for part in parts[len(crosses) :]
        ]
        return orders, crosses

    def _in_lots(self, volume: float, wishes: Mapping[str, float]) -> tuple[float, float | None]:
        """Volume as a whole number of lots, and the lot; as it is where a wish is no whole lots."""
        lot = self.rules.lot_size
        lots = [wish / lot for wish in (volume, *wishes.values())]
        if any(abs(count - round(count)) > _ROUNDING * max(abs(count), 1.0) for count in lots):
            return volume, None
        return float(round(lots[0]) * Fraction(repr(float(lot)))), lot


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
