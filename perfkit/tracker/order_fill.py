"""An order as a fill: what a program says of a filled order, in the record's terms."""

from __future__ import annotations

import numbers
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, TypedDict, cast
from uuid import UUID

from perfkit.errors import InvalidArgumentError
from perfkit.records import Fill
from perfkit.records.identifiers import identifier
from perfkit.tracker.strategy_names import written

if TYPE_CHECKING:
    from perfkit.records import Side

__all__ = ["OrderDetails", "order_fill", "require_details", "require_zone"]


class OrderDetails(TypedDict, total=False):
    """What may be said of an order beside the order itself.

    Attributes
    ----------
    timestamp : datetime, optional
        When it was filled, with its zone; now when None.
    commission : float
        In the currency of the price.
    """

    timestamp: datetime | None
    commission: float


def require_details(details: OrderDetails) -> None:
    """Refuse a keyword that no order has.

    Raises
    ------
    InvalidArgumentError
        Naming it, and those that there are.
    """
    if unknown := sorted(details.keys() - OrderDetails.__annotations__.keys()):
        known = ", ".join(OrderDetails.__annotations__)
        raise InvalidArgumentError(f"an order has the details {known}, was given {unknown}")


def require_zone(timestamp: object) -> None:
    """Refuse a time that does not say where its clock stands.

    Raises
    ------
    InvalidArgumentError
        When it is no time, or has no zone.
    """
    if not isinstance(timestamp, datetime) or timestamp.utcoffset() is None:
        raise InvalidArgumentError(
            f"timestamp must be a datetime with a zone, was {timestamp!r}; give the zone of the "
            "broker, e.g. datetime(2025, 7, 1, 15, 30, tzinfo=ZoneInfo('America/New_York'))"
        )


def order_fill(
    owner: tuple[str, str],
    order_id: str | UUID,
    side: str | Side,
    timestamp: datetime,
    told: dict[str, Any],
) -> Fill:
    """Make the fill of an order.

    Parameters
    ----------
    owner : tuple of str
        The account, and the strategy's name.
    order_id : str or UUID
        As the broker gave it.
    side : str or enum
        ``buy`` or ``sell``, in any case.
    timestamp : datetime
        When it was filled.
    told : dict
        Fields ``symbol``, ``volume``, ``price`` and ``commission`` of `Fill`.

    Returns
    -------
    Fill
        Its id is the order's. A strategy's name that is no identifier stands in
        ``source``.

    Raises
    ------
    InvalidRecordError, InvalidArgumentError
        When something is not what it must be.
    """
    account, strategy = owner
    number = order_id if not isinstance(order_id, UUID) else str(order_id)
    name = written("order_id", number, "give the id that the broker gave the order")
    strategy_id = identifier(strategy)
    word: Any = side.value if isinstance(side, Enum) else side
    money = {field: _number(told[field]) for field in ("volume", "price", "commission")}
    return Fill(
        trade_id=identifier(name),
        order_id=name,
        account_id=account,
        strategy_id=strategy_id,
        execution_time=timestamp,
        symbol=told["symbol"],
        side=cast("Side", word.strip().lower() if isinstance(word, str) else word),
        source=strategy if strategy != strategy_id else "record_order",
        **money,
    )


def _number(value: Any) -> Any:
    """Give any number as a float; what is none is left for the record to refuse."""
    is_number = isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool)
    return float(value) if is_number else value
