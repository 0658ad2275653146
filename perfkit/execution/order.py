"""Orders: what a strategy asks of a broker, and how far the broker has come with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

from perfkit.records import Side
from perfkit.records.checks import check_record
from perfkit.records.rules import Finite, Identifier, Positive, Text

__all__ = ["Order", "OrderReport", "OrderStatus", "unfilled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A market order of one strategy.

    Attributes
    ----------
    order_id : str
        Unique for the account's whole history, and what makes sending it again
        harmless; at most 60 characters, so that the fills can carry it in their own id.
    account_id, strategy_id : str
        Who orders.
    submitted_at : datetime
        When it was decided.
    symbol : str
        As the desk names the instrument.
    side : Side
        ``buy`` or ``sell``.
    volume : float
        Units, above zero.

    Raises
    ------
    InvalidRecordError
        When a field breaks its rule.
    """

    order_id: Annotated[str, Identifier()]
    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    submitted_at: datetime
    symbol: Annotated[str, Text(64)]
    side: Side
    volume: Annotated[
        float, "units", Positive("a sale is side='sell' with a positive volume"), Finite()
    ]

    def __post_init__(self) -> None:
        check_record(self)


class OrderStatus(StrEnum):
    """How far an order has come."""

    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # the broker did not answer: it may have the order, or not
    UNSENT = "unsent"  # never given to the broker

    @property
    def is_open(self) -> bool:
        """Whether fills may still come."""
        return self in _OPEN


_OPEN = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.UNKNOWN)


class OrderReport(NamedTuple):
    """What a broker says of an order.

    Attributes
    ----------
    order_id : str
        As in the `Order`; of an order that is not ours, the broker's own id.
    account_id : str
        Whose order it is.
    strategy_id : str or None
        Who ordered; None when it is nobody of ours.
    symbol, side : str
        What was ordered.
    volume, filled_volume : float
        Units ordered, and filled so far.
    status : OrderStatus
        How far it has come.
    reason : str or None
        The broker's word on a rejection, or on why the status is not known.
    """

    order_id: str
    account_id: str
    strategy_id: str | None
    symbol: str
    side: str
    volume: float
    filled_volume: float
    status: OrderStatus
    reason: str | None = None

    @property
    def left(self) -> float:
        """Units that are not filled yet."""
        return self.volume - self.filled_volume


def unfilled(order: Order, status: OrderStatus, reason: str) -> OrderReport:
    """Report an order of which nothing was filled."""
    return OrderReport(
        order_id=order.order_id,
        account_id=order.account_id,
        strategy_id=order.strategy_id,
        symbol=order.symbol,
        side=order.side.value,
        volume=order.volume,
        filled_volume=0.0,
        status=status,
        reason=reason,
    )
