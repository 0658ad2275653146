"""What a paper broker has seen: the market it was shown, and all its orders and fills."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from perfkit.errors import ConflictError, InvalidArgumentError
from perfkit.execution.order import OrderReport

__all__ = ["PaperMarket", "WorkingOrder"]


@dataclass(slots=True)
class WorkingOrder:
    """An order that is not filled to its end: when it is due, and how often it was filled."""

    due: datetime
    parts: int = 0


@dataclass(slots=True)
class PaperMarket:
    """The market as it was shown last, and what was ordered and filled in it.

    Attributes
    ----------
    time : datetime or None
        Of the prices; None before the first.
    prices : mapping of str to float
        By symbol.
    reports : dict of (str, str) to OrderReport
        Of all orders, by account and id.
    working : dict of (str, str) to WorkingOrder
        Orders that may still be filled, by account and id.
    fills : list of (datetime, pyarrow.Table)
        In order of time.
    """

    time: datetime | None = None
    prices: Mapping[str, float] = field(default_factory=dict)
    reports: dict[tuple[str, str], OrderReport] = field(default_factory=dict)
    working: dict[tuple[str, str], WorkingOrder] = field(default_factory=dict)
    fills: list[tuple[datetime, pa.Table]] = field(default_factory=list)

    def move(self, prices: Mapping[str, float], time: datetime) -> None:
        """Show other prices at a later time.

        Raises
        ------
        InvalidArgumentError
            When the time is before that of the prices so far.
        """
        if self.time is not None and time < self.time:
            raise InvalidArgumentError(
                f"time: the market must not go back, was {time} after {self.time}; "
                "show prices in order, or begin with fresh()"
            )
        self.prices, self.time = prices, time

    def is_known(self, key: tuple[str, str], report: OrderReport) -> bool:
        """Tell whether an order was taken before.

        Raises
        ------
        ConflictError
            When its id was, for another order.
        """
        known = self.reports.get(key)
        if known is None:
            return False
        if _ordered(known) != _ordered(report):
            raise ConflictError(
                f"order {report.order_id!r} must be the order that is known by this id, "
                f"was {_ordered(report)} and not {_ordered(known)}; give it an id of its own"
            )
        return True

    def fills_since(self, since: datetime) -> list[pa.Table]:
        """Fills at or after a time, in order of time."""
        first = len(self.fills)
        while first and self.fills[first - 1][0] >= since:
            first -= 1
        return [table for _, table in self.fills[first:]]

    def books(self, account_id: str) -> tuple[float, dict[str, float]]:
        """Cash that fills brought to an account, and the signed units they left in it."""
        cash = [0.0]
        moves: dict[str, list[float]] = {}
        for _, table in self.fills:
            for row in table.select(_MOVED).to_pylist():
                if row["account_id"] == account_id:
                    units = row["volume"] if row["side"] == "buy" else -row["volume"]
                    cash += [-units * row["price"], -row["commission"]]
                    moves.setdefault(row["symbol"], []).append(units)
        held = {symbol: math.fsum(units) for symbol, units in moves.items()}
        traded = {symbol: math.fsum(map(abs, units)) for symbol, units in moves.items()}
        return math.fsum(cash), {s: u for s, u in held.items() if abs(u) > _FLAT * traded[s]}


def _ordered(report: OrderReport) -> tuple[object, ...]:
    return report.account_id, report.strategy_id, report.symbol, report.side, report.volume


_MOVED = ["account_id", "symbol", "side", "volume", "price", "commission"]
_FLAT = 1e-9  # of what was traded: 0.1 + 0.2 - 0.3 is flat
