"""Alpaca: a real broker, in its paper and its live market, for US stocks and ETFs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from perfkit.errors import BrokerError
from perfkit.execution.alpaca_executions import AlpacaExecutions
from perfkit.execution.alpaca_orders import AlpacaOrders
from perfkit.execution.alpaca_rows import account_info, amount, position, report_of, rows
from perfkit.execution.alpaca_stream import StreamLostError, TradeUpdates
from perfkit.execution.alpaca_wire import (
    AlpacaKeys,
    AlpacaPatience,
    AlpacaRefusal,
    AlpacaWire,
    require_alpaca,
)
from perfkit.execution.order import Order, OrderReport, OrderStatus, unfilled
from perfkit.records import from_table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    import pyarrow as pa

    from perfkit.execution.broker import AccountInfo, Executions

__all__ = ["AlpacaBroker", "AlpacaUrls"]

_MOST_ORDERS = 500  # most orders in an answer
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class AlpacaUrls:
    """Where Alpaca is.

    Attributes
    ----------
    trading, data, stream : str
        Orders and account; market data; trade updates.
    """

    trading: str
    data: str
    stream: str

    @classmethod
    def of(cls, *, paper: bool) -> AlpacaUrls:
        """Alpaca's own addresses, of the paper or the live market."""
        from alpaca.common.enums import BaseURL

        return cls(
            trading=(BaseURL.TRADING_PAPER if paper else BaseURL.TRADING_LIVE).value,
            data=BaseURL.DATA.value,
            stream=(BaseURL.TRADING_STREAM_PAPER if paper else BaseURL.TRADING_STREAM_LIVE).value,
        )


class AlpacaBroker:
    """Trades in an account at Alpaca.

    Parameters
    ----------
    key_id, secret : str
        Of the account's API key.
    paper : bool
        Whether the key is of the paper account; False trades real money.
    account_id : str, optional
        Name of the account in our books; Alpaca's number unless told.
    urls : AlpacaUrls, optional
        Other addresses.
    patience : AlpacaPatience, optional
        How long to wait for answers, and between repetitions.

    Raises
    ------
    BrokerError
        When alpaca-py is not installed; from any method, when Alpaca does not answer
        or not as it should.

    Notes
    -----
    An order carries its id as ``client_order_id``, and in it the strategy; sent again
    it is found and not placed twice. The stream of trade updates tells when an order
    has moved; while it is down orders are polled. What was executed is read from the
    account's activities alone, each with an id of its own: heard twice, or asked for
    again after a crash, it is the same fill. Commissions are 0; the regulatory fees
    that Alpaca takes later are activities of their own, which the importer reads.

    References
    ----------
    .. [1] Alpaca, *Trading API*, https://docs.alpaca.markets/docs/trading-api.
    """

    def __init__(
        self,
        key_id: str,
        secret: str,
        *,
        paper: bool = True,
        account_id: str | None = None,
        urls: AlpacaUrls | None = None,
        patience: AlpacaPatience | None = None,
    ) -> None:
        require_alpaca()
        self._keys = AlpacaKeys(key_id=key_id, secret=secret)
        self._urls = urls or AlpacaUrls.of(paper=paper)
        self._patience = patience or AlpacaPatience()
        self._trading = AlpacaWire(self._urls.trading, self._keys, self._patience)
        self._data = AlpacaWire(self._urls.data, self._keys, self._patience)
        self._name = account_id

    def submit(self, orders: pa.Table) -> list[OrderReport]:
        """Hand over orders, to be filled at the market in the day's session.

        When Alpaca stops answering, the order at hand may or may not be there, and is
        reported as ``unknown``; those after it are ``unsent``.

        Raises
        ------
        BrokerError
            When the keys are refused.
        ConflictError
            When an order's id is known with other content.
        """
        reports: list[OrderReport] = []
        trouble: str | None = None
        for order in from_table(orders, Order):
            if trouble is not None:
                reports.append(unfilled(order, OrderStatus.UNSENT, "Alpaca stopped answering"))
                continue
            try:
                reports.append(self._orders.place(order))
            except AlpacaRefusal as refusal:
                if refusal.status == _UNAUTHORIZED:
                    raise
                reports.append(unfilled(order, OrderStatus.REJECTED, str(refusal)))
            except BrokerError as error:
                trouble = str(error)
                reports.append(unfilled(order, OrderStatus.UNKNOWN, trouble))
        return reports

    def wait(self, order_ids: Collection[str], patience: float) -> list[OrderReport]:
        """Listen to the stream until orders have ended, or ``patience`` seconds are over.

        Raises
        ------
        BrokerError
            When the keys are refused, or orders can't be asked for.
        """
        end = time.monotonic() + patience
        reports: dict[str, OrderReport] = {}
        while True:
            try:
                with TradeUpdates(
                    self._urls.stream, self._keys, timeout=self._patience.answer
                ) as updates:
                    # listening began: what came before is asked for, what comes is heard
                    reports = self._asked(order_ids, reports)
                    while (left := end - time.monotonic()) > 0.0 and _open(reports):
                        update = updates.next(min(left, self._patience.poll))
                        if update is None:
                            reports = self._asked(order_ids, reports)
                        else:
                            self._heard(update, reports)
                    return list(reports.values())
            except StreamLostError:
                # nothing is lost with it: orders are asked for here, and by the next turn
                reports = self._asked(order_ids, reports)
            left = end - time.monotonic()
            if left <= 0.0 or not _open(reports):
                return list(reports.values())
            time.sleep(min(left, self._patience.poll))

    def open_orders(self) -> list[OrderReport]:
        """Orders of the account that may still be filled, ours and others."""
        query = {"status": "open", "limit": _MOST_ORDERS, "direction": "asc"}
        answer = rows(self._trading.get("/orders", query), "orders")
        return [report_of(row, self._account_id) for row in answer]

    def fills(self, since: datetime) -> Executions:
        """What was executed at or after a time, from the account's activities."""
        return self._executions.since(since)

    def account(self) -> AccountInfo:
        """Cash, equity and buying power."""
        return account_info(self._trading.get("/account"), self._name)

    def positions(self) -> dict[str, float]:
        """Signed units, by symbol."""
        answer = rows(self._trading.get("/positions"), "positions")
        return dict(position(row) for row in answer)

    def prices(self, symbols: Collection[str]) -> dict[str, float]:
        """Prices of the latest trades; a symbol that Alpaca does not know is left out."""
        asked = list(symbols)
        if not asked:
            return {}
        try:
            answer = self._data.get("/stocks/trades/latest", {"symbols": ",".join(asked)})
        except AlpacaRefusal as refusal:
            if refusal.status == _UNAUTHORIZED:
                raise
            if len(asked) == 1:
                return {}
            # one symbol that is not known refuses the others too
            return {s: price for each in asked for s, price in self.prices([each]).items()}
        trades = answer.get("trades") if isinstance(answer, dict) else None
        if not isinstance(trades, dict):
            raise BrokerError(f"Alpaca must answer with 'trades', answered {answer!r}")
        return {symbol: amount(trade, "p") for symbol, trade in trades.items()}

    @property
    def _account_id(self) -> str:
        if self._name is None:
            self._name = self.account().account_id
        return self._name

    @cached_property
    def _executions(self) -> AlpacaExecutions:
        return AlpacaExecutions(self._trading, self._account_id, self._patience)

    @cached_property
    def _orders(self) -> AlpacaOrders:
        return AlpacaOrders(self._trading, self._executions)

    def _asked(
        self, order_ids: Collection[str], known: Mapping[str, OrderReport]
    ) -> dict[str, OrderReport]:
        """Ask for the orders that have not ended."""
        reports = dict(known)
        for order_id in order_ids:
            if order_id not in reports or reports[order_id].status.is_open:
                report = self._orders.find(order_id)
                if report is not None:
                    reports[order_id] = report
        return reports

    def _heard(self, update: Mapping[str, Any], reports: dict[str, OrderReport]) -> None:
        """Take what the stream says of one of the orders."""
        if update.get("stream") != "trade_updates":
            return
        try:
            report = self._executions.seen(update["data"].get("order"))
        except BrokerError as error:
            raise StreamLostError(f"an update can't be read: {error}") from error
        known = reports.get(report.order_id)
        # updates can be told twice, and late: an order never goes back
        if (
            known is not None
            and known.status.is_open
            and report.filled_volume >= known.filled_volume
        ):
            reports[report.order_id] = report


def _open(reports: Mapping[str, OrderReport]) -> bool:
    return any(report.status.is_open for report in reports.values())
