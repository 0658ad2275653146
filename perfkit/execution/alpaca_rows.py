"""Alpaca's rows, read: orders, executions, positions and the account.

An execution is read from the account's activities and from nowhere else: they tell
each one once, with its price, its quantity and its time, before and after a crash. Its
id and content are those that the importer of activities gives it, so that a statement
that is imported later holds nothing but duplicates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from perfkit.errors import BrokerError
from perfkit.execution.broker import AccountInfo
from perfkit.execution.order import OrderReport, OrderStatus
from perfkit.records import Fill, Side
from perfkit.records.identifiers import identifier

__all__ = ["account_info", "amount", "fill_of", "position", "report_of", "rows", "word"]

# https://docs.alpaca.markets/docs/orders-at-alpaca, "Order Lifecycle"
_STATUS = {
    "filled": OrderStatus.FILLED,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "canceled": OrderStatus.CANCELED,
    "replaced": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "done_for_day": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
    **dict.fromkeys(
        (
            "new", "accepted", "pending_new", "accepted_for_bidding", "stopped", "suspended",
            "calculated", "held", "pending_cancel", "pending_replace", "pending_review",
        ),
        OrderStatus.ACCEPTED,
    ),
}  # fmt: skip
_OURS = re.compile(r"(?P<strategy>.+)-\d{8}T\d{9}-\d+")  # as the rebalancer names orders


def rows(answer: Any, what: str) -> list[Mapping[str, Any]]:
    """Read a list of objects.

    Raises
    ------
    BrokerError
        When it is none.
    """
    if not (isinstance(answer, list) and all(isinstance(row, Mapping) for row in answer)):
        raise BrokerError(f"Alpaca must answer with a list of {what}, answered {answer!r}")
    return answer


def word(row: Any, name: str) -> str:
    """Read a field that is text.

    Raises
    ------
    BrokerError
        When it is missing or none.
    """
    found = row.get(name) if isinstance(row, Mapping) else None
    if not (isinstance(found, str) and found):
        raise BrokerError(f"Alpaca must give {name!r} as text, gave {found!r} in {row!r}")
    return found


def amount(row: Any, name: str) -> float:
    """Read a field that is a number, which Alpaca writes as text.

    Raises
    ------
    BrokerError
        When it is missing, or no finite number.
    """
    found = row.get(name) if isinstance(row, Mapping) else None
    try:
        number = float(found) if isinstance(found, (str, int, float)) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BrokerError(f"Alpaca must give {name!r} as a number, gave {found!r} in {row!r}")
    return number


def report_of(order: Any, account_id: str) -> OrderReport:
    """Read an order.

    Raises
    ------
    BrokerError
        When a field is missing or of another kind.
    """
    client_id, said = word(order, "client_order_id"), word(order, "status")
    tag = _OURS.fullmatch(client_id)
    status, filled = _STATUS.get(said, OrderStatus.UNKNOWN), amount(order, "filled_qty")
    if status is OrderStatus.ACCEPTED and filled > 0.0:
        status = OrderStatus.PARTIALLY_FILLED
    is_telling = status in (OrderStatus.REJECTED, OrderStatus.UNKNOWN)
    return OrderReport(
        order_id=client_id,
        account_id=account_id,
        strategy_id=tag["strategy"] if tag else None,
        # an order of several legs, never ours, has neither symbol nor side of its own
        symbol=word(order, "symbol") if tag else str(order.get("symbol") or ""),
        side=_side(word(order, "side")) if tag else str(order.get("side") or ""),
        # one by value has no quantity
        volume=amount(order, "qty") if tag or order.get("qty") else math.nan,
        filled_volume=filled,
        status=status,
        reason=f"Alpaca's status is {said!r}" if is_telling else None,
    )


def fill_of(activity: Any, order: OrderReport) -> Fill:
    """Read an execution of an order that is a strategy's.

    Raises
    ------
    BrokerError
        When a field is missing or of another kind.
    InvalidRecordError
        When it is no fill.
    """
    said = word(activity, "transaction_time")
    try:
        time = datetime.fromisoformat(said)
    except ValueError as error:
        raise BrokerError(f"Alpaca must give a time, gave {said!r} in {activity!r}") from error
    return Fill(
        trade_id=identifier(word(activity, "id")),
        account_id=order.account_id,
        strategy_id=str(order.strategy_id),
        execution_time=time,
        symbol=word(activity, "symbol"),
        side=Side(_side(word(activity, "side"))),
        price=amount(activity, "price"),
        volume=amount(activity, "qty"),
        order_id=word(activity, "order_id"),
        currency="USD",
        source="alpaca",
    )


def account_info(account: Any, name: str | None) -> AccountInfo:
    """Read the account; its name in our books is Alpaca's number unless another is given.

    Raises
    ------
    BrokerError
        When a field is missing or of another kind.
    """
    return AccountInfo(
        account_id=name or word(account, "account_number"),
        cash=amount(account, "cash"),
        equity=amount(account, "equity"),
        buying_power=amount(account, "buying_power"),
        currency=word(account, "currency"),
    )


def position(row: Any) -> tuple[str, float]:
    """Read a position: its symbol and signed units.

    Raises
    ------
    BrokerError
        When a field is missing or of another kind.
    """
    sign = -1.0 if word(row, "side") == "short" else 1.0
    return word(row, "symbol"), sign * abs(amount(row, "qty"))


def _side(said: str) -> str:
    # activities of short sales say "sell_short"
    side = {"buy": "buy", "sell": "sell", "sell_short": "sell"}.get(said)
    if side is None:
        raise BrokerError(f"Alpaca must give 'side' as buy or sell, gave {said!r}")
    return side
