"""Alpaca's executions: the account's activities, each with the strategy of its order."""

from __future__ import annotations

import math
import time
from datetime import UTC
from typing import TYPE_CHECKING, Any

from perfkit.errors import BrokerError, InvalidRecordError
from perfkit.execution.alpaca_rows import fill_of, report_of, rows, word
from perfkit.execution.alpaca_wire import AlpacaRefusal
from perfkit.execution.broker import Executions
from perfkit.records import Fill, to_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from perfkit.execution.alpaca_wire import AlpacaPatience, AlpacaWire
    from perfkit.execution.order import OrderReport

__all__ = ["AlpacaExecutions"]

_PAGE = 100  # most activities in an answer
_MOST_ORDERS = 500  # most orders in an answer
_FEW = 10  # orders that are asked for one by one
_LOOKS = 4  # at activities that lag behind what the order says
_NOTHING = 1e-9  # units: Alpaca counts nine decimals


class AlpacaExecutions:
    """Reads what was executed in an account.

    Parameters
    ----------
    wire : AlpacaWire
        To the trading address.
    account_id : str
        Name of the account in our books.
    patience : AlpacaPatience
        How long to wait for activities that lag behind their orders.
    """

    def __init__(self, wire: AlpacaWire, account_id: str, patience: AlpacaPatience) -> None:
        self._wire, self._account_id, self._patience = wire, account_id, patience
        self._orders: dict[str, OrderReport] = {}  # by Alpaca's own id
        self._awaited: dict[str, OrderReport] = {}

    def seen(self, order: Any) -> OrderReport:
        """Read an order, and await the executions that it tells of.

        Raises
        ------
        BrokerError
            When it can't be read.
        """
        report = report_of(order, self._account_id)
        named = word(order, "id")
        self._orders[named] = report
        known = self._awaited.get(named)
        if report.filled_volume > (known.filled_volume if known else 0.0):
            self._awaited[named] = report
        return report

    def since(self, since: datetime) -> Executions:
        """Read all executions at or after a time.

        Orders that were seen to be filled are waited for, for a while: their activities
        can be listed a little later. What is still missing then is told as such.

        Raises
        ------
        BrokerError
            When Alpaca does not answer.
        """
        for look in range(_LOOKS):
            activities = {str(row.get("id")): row for row in self._activities(since)}
            missing = self._missing(activities.values())
            if not missing or look == _LOOKS - 1:
                break
            time.sleep(self._patience.poll / _LOOKS)
        fills, refused = self._fills(activities.values(), since)
        return Executions(to_table(fills, Fill), (*refused, *missing))

    def _activities(self, since: datetime) -> list[Mapping[str, Any]]:
        query: dict[str, Any] = {
            "after": since.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "direction": "asc",
            "page_size": _PAGE,
        }
        found: list[Mapping[str, Any]] = []
        while True:
            page = rows(self._wire.get("/account/activities/FILL", query), "activities")
            found += page
            if len(page) < _PAGE:
                return found
            last = word(page[-1], "id")
            if query.get("page_token") == last:
                raise BrokerError(f"Alpaca must go on after activity {last!r}, and repeats it")
            query["page_token"] = last

    def _missing(self, activities: Iterable[Mapping[str, Any]]) -> list[str]:
        """Tell of orders whose executions are not all listed."""
        listed: dict[str, list[float]] = {}
        for row in activities:
            quantity = row.get("qty")
            if isinstance(quantity, str) and quantity.replace(".", "", 1).isdigit():
                listed.setdefault(str(row.get("order_id")), []).append(float(quantity))
        missing = []
        for named, report in list(self._awaited.items()):
            told = math.fsum(listed.get(named, []))
            if told >= report.filled_volume - _NOTHING:
                del self._awaited[named]
            else:
                missing.append(
                    f"order {report.order_id!r}: {report.filled_volume} were filled and Alpaca "
                    f"lists executions of {told} so far; a later run records the rest"
                )
        return missing

    def _fills(
        self, activities: Iterable[Mapping[str, Any]], since: datetime
    ) -> tuple[list[Fill], list[str]]:
        """Read activities; those that can't be read, or are no strategy's, become sentences."""
        rows_ = list(activities)
        self._look_up({str(row.get("order_id")) for row in rows_}, since)
        fills, refused = [], []
        for row in rows_:
            order = self._orders.get(str(row.get("order_id")))
            if order is None or order.strategy_id is None:
                known = order.order_id if order else row.get("order_id")
                refused.append(f"execution {row.get('id')!r} is of order {known!r}, no strategy's")
                continue
            try:
                fills.append(fill_of(row, order))
            except (BrokerError, InvalidRecordError) as error:
                refused.append(f"execution {row.get('id')!r} can't be recorded: {error}")
        return fills, refused

    def _look_up(self, names: set[str], since: datetime) -> None:
        """Ask for orders that are not known: many at once, then one by one."""
        if len(names - self._orders.keys()) > _FEW:
            self._list_orders(since)
        for named in sorted(names - self._orders.keys()):
            try:
                self._keep(self._wire.get(f"/orders/{named}"))
            except AlpacaRefusal as refusal:
                if refusal.status not in (404, 422):
                    raise

    def _list_orders(self, since: datetime) -> None:
        after = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        while True:
            query = {"status": "all", "limit": _MOST_ORDERS, "direction": "asc", "after": after}
            page = rows(self._wire.get("/orders", query), "orders")
            for order in page:
                self._keep(order)
            if len(page) < _MOST_ORDERS or page[-1].get("submitted_at") == after:
                return
            after = word(page[-1], "submitted_at")

    def _keep(self, order: Any) -> None:
        self._orders[word(order, "id")] = report_of(order, self._account_id)
