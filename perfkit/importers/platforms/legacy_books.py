"""The old tracker's own arithmetic, replayed, to say where it left the right one.

Its positions and its realised P&L are not facts. Where they differ from what the
orders add up to, the replay tells a known mistake of it from orders that are missing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perfkit.records import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LegacyBooks"]

_CLOSED = "a sale that closed a position was booked as no P&L, its cost was forgotten before"
_OVERSOLD = "what was sold beyond a position was forgotten, it is short"
_SHORT = "a sale without a position was left out, it is short"
_TWICE = "an order that stands in the file twice was counted twice"


@dataclass(slots=True)
class _Book:
    quantity: float = 0.0
    average: float = 0.0
    cost: float = 0.0


@dataclass(slots=True)
class LegacyBooks:
    """Positions and realised P&L by the old tracker's rules, and the mistakes in them.

    Attributes
    ----------
    realized : dict of str to float
        By strategy.
    traded : dict of (str, str) to float
        Units of a strategy's symbol, bought and sold: what is nothing beside it is 0.
    turnover : dict of str to float
        Money of a strategy, likewise.
    mistakes : dict of (str, str) to list of str
        What went wrong with a strategy's symbol, each sentence once, in order.
    """

    realized: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    traded: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    turnover: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    mistakes: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _books: dict[tuple[str, str], _Book] = field(default_factory=lambda: defaultdict(_Book))
    _seen: set[str] = field(default_factory=set)

    def add(self, fill: Mapping[str, Any]) -> None:
        """Take an order, as it stands in the file, with the fields of `Fill`."""
        key = (fill["strategy_id"], fill["symbol"])
        if fill["trade_id"] in self._seen:
            self._note(key, _TWICE)
        self._seen.add(fill["trade_id"])
        book, volume, price = self._books[key], fill["volume"], fill["price"]
        self.traded[key] += volume
        self.turnover[fill["strategy_id"]] += abs(volume * price)
        if fill["side"] == Side.BUY:
            book.cost += volume * price
            book.quantity += volume
            book.average = book.cost / book.quantity if book.quantity > 0.0 else book.average
            return
        self._reduce(key, book, volume)
        if book.average > 0.0:
            self.realized[fill["strategy_id"]] += volume * (price - book.average)

    def quantity(self, strategy: str, symbol: str) -> float:
        """Give a position as the old tracker would have kept it."""
        return self._books[strategy, symbol].quantity

    def mistakes_of(self, strategy: str) -> list[str]:
        """List what went wrong with any symbol of a strategy."""
        found = [m for (owner, _), each in self.mistakes.items() if owner == strategy for m in each]
        return list(dict.fromkeys(found))

    def _reduce(self, key: tuple[str, str], book: _Book, volume: float) -> None:
        if book.quantity <= 0.0:
            self._note(key, _SHORT)
        elif volume < book.quantity:
            book.quantity -= volume
            book.cost = book.quantity * book.average
        else:
            if volume > book.quantity:
                self._note(key, _OVERSOLD)
            self._note(key, _CLOSED)
            book.quantity = book.average = book.cost = 0.0

    def _note(self, key: tuple[str, str], mistake: str) -> None:
        if mistake not in self.mistakes[key]:
            self.mistakes[key].append(mistake)
