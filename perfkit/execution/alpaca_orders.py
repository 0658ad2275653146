"""Alpaca's orders: placed once under an id of ours, and found again by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import BrokerError, ConflictError
from perfkit.execution.alpaca_wire import AlpacaRefusal

if TYPE_CHECKING:
    from perfkit.execution.alpaca_executions import AlpacaExecutions
    from perfkit.execution.alpaca_wire import AlpacaWire
    from perfkit.execution.order import Order, OrderReport

__all__ = ["AlpacaOrders"]

_NOT_FOUND = 404
_UNPROCESSABLE = 422  # among others of a client_order_id that was used before
_DECIMALS = 9  # of a quantity at Alpaca


class AlpacaOrders:
    """Places and finds orders.

    Parameters
    ----------
    wire : AlpacaWire
        To the trading address.
    executions : AlpacaExecutions
        Is told of every order that is seen.
    """

    def __init__(self, wire: AlpacaWire, executions: AlpacaExecutions) -> None:
        self._wire, self._executions = wire, executions

    def place(self, order: Order) -> OrderReport:
        """Place a market order for the day, or find it where it was placed before.

        Raises
        ------
        AlpacaRefusal
            When Alpaca won't have it.
        BrokerError
            When Alpaca does not answer: it may have the order, or not.
        ConflictError
            When its id is known with other content.
        """
        body = {
            "symbol": order.symbol,
            "qty": f"{order.volume:.{_DECIMALS}f}".rstrip("0").rstrip("."),
            "side": order.side.value,
            "type": "market",
            "time_in_force": "day",
            "client_order_id": order.order_id,
        }
        try:
            return self._executions.seen(self._wire.post("/orders", body))
        except AlpacaRefusal as refusal:
            found = self._placed_before(order) if refusal.status == _UNPROCESSABLE else None
            if found is None:
                raise
        except BrokerError:
            # no answer, or none that can be read: the order may have arrived
            found = self._placed_before(order)
            if found is None:
                raise
        return found

    def find(self, order_id: str) -> OrderReport | None:
        """Find an order by our id; None when Alpaca has none.

        Raises
        ------
        BrokerError
            When Alpaca does not answer.
        """
        query = {"client_order_id": order_id}
        try:
            return self._executions.seen(self._wire.get("/orders:by_client_order_id", query))
        except AlpacaRefusal as refusal:
            if refusal.status == _NOT_FOUND:
                return None
            raise

    def _placed_before(self, order: Order) -> OrderReport | None:
        found = self.find(order.order_id)
        if found is None:
            return None
        ordered = (order.symbol, order.side.value, round(order.volume, _DECIMALS))
        known = (found.symbol, found.side, found.volume)
        if known != ordered:
            raise ConflictError(
                f"order {order.order_id!r} must be the order that Alpaca knows by this id, was "
                f"{ordered} and not {known}; give it an id of its own"
            )
        return found
