"""Netting: what strategies want of one symbol, against each other first and then in the market."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from perfkit.ledger import allocate_fill, cross_fill
from perfkit.records import Fill, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Netted", "net_wishes"]

_ROUNDING = 1e-9  # of the gross: a smaller net is rounding


class Netted(NamedTuple):
    """What becomes of the wishes for a symbol.

    Attributes
    ----------
    side : Side
        Of what goes to the market.
    closing : dict of str to float
        Units by strategy that take the account's position towards zero.
    opening : dict of str to float
        Units by strategy that take it away from zero, once that is done.
    crosses : tuple of Fill
        What strategies trade with each other.
    """

    side: Side
    closing: dict[str, float]
    opening: dict[str, float]
    crosses: tuple[Fill, ...]


def net_wishes(
    wishes: Mapping[str, float], position: float, terms: Fill, lot_size: float
) -> Netted:
    """Cross opposite wishes, and split the rest among those on its side.

    Parameters
    ----------
    wishes : mapping of str to float
        Signed units that each strategy wants to trade; none is 0.
    position : float
        Signed units of the whole account. An order that would take it through zero
        is parted there: brokers such as Alpaca refuse to turn a position in one order.
    terms : Fill
        Id, time, price and currency of the crosses; its side, volume and strategy
        are replaced.
    lot_size : float
        Where all wishes are whole lots, so is every part.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> terms = Fill(trade_id="X", account_id="A1", strategy_id="desk", symbol="SPY", side="buy",
    ...              execution_time=datetime(2024, 1, 2, tzinfo=UTC), price=470.0, volume=1.0)
    >>> netted = net_wishes({"a": 90.0, "b": 20.0, "c": -10.0}, -40.0, terms, 1.0)
    >>> netted.closing, netted.opening
    ({'a': 33.0, 'b': 7.0}, {'a': 49.0, 'b': 11.0})
    >>> [(cross.strategy_id, cross.side.value, cross.volume) for cross in netted.crosses]
    [('a', 'buy', 8.0), ('b', 'buy', 2.0), ('c', 'sell', 10.0)]
    """
    net = math.fsum(wishes.values())
    side = Side.BUY if net > 0.0 else Side.SELL
    if abs(net) <= _ROUNDING * math.fsum(map(abs, wishes.values())):
        buyers = {name: wish for name, wish in wishes.items() if wish > 0.0}
        sellers = {name: -wish for name, wish in wishes.items() if wish < 0.0}
        volume, unit = _in_lots(math.fsum(buyers.values()), wishes, lot_size)
        whole = dataclasses.replace(terms, volume=volume)
        return Netted(side, {}, {}, tuple(cross_fill(whole, buyers, sellers, unit=unit)))
    shares = {name: math.copysign(1.0, net) * wish for name, wish in wishes.items()}
    volume, unit = _in_lots(abs(net), wishes, lot_size)
    parts = allocate_fill(dataclasses.replace(terms, side=side, volume=volume), shares, unit=unit)
    # crosses come first, and are named so
    crosses = [part for part in parts if part.trade_id.startswith(f"{terms.trade_id}.cross-")]
    market = {part.strategy_id: part.volume for part in parts[len(crosses) :]}
    against = abs(position) if position * net < 0.0 else 0.0
    closing, opening = _parted(market, min(against, volume), terms, lot_size)
    return Netted(side, closing, opening, tuple(crosses))


def _parted(
    market: Mapping[str, float], against: float, terms: Fill, lot_size: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Part what goes to the market where the account's position is zero."""
    total = math.fsum(market.values())
    if against <= _ROUNDING * total:
        return {}, dict(market)
    if against >= (1.0 - _ROUNDING) * total:
        return dict(market), {}
    volume, unit = _in_lots(against, market, lot_size)
    parts = allocate_fill(dataclasses.replace(terms, volume=volume), market, unit=unit)
    closing = {part.strategy_id: part.volume for part in parts}
    rest = {
        name: Fraction(repr(units)) - Fraction(repr(closing.get(name, 0.0)))
        for name, units in market.items()
    }
    return closing, {name: float(units) for name, units in rest.items() if units > 0}


def _in_lots(
    volume: float, wishes: Mapping[str, float], lot_size: float
) -> tuple[float, float | None]:
    """Volume as a whole number of lots, and the lot; no lot where a wish is no whole lots."""
    lots = [units / lot_size for units in (volume, *wishes.values())]
    if any(abs(count - round(count)) > _ROUNDING * max(abs(count), 1.0) for count in lots):
        return volume, None
    return float(round(lots[0]) * Fraction(repr(float(lot_size)))), lot_size
