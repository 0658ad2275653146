"""The paper broker: fills at the market price it is shown, less slippage and commission.

Time is what the caller shows with the prices, and chance is drawn from the seed and
the order's id alone: the same orders over the same prices give the same fills.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from perfkit.errors import BrokerError, InvalidArgumentError, UnknownNameError
from perfkit.execution.broker import AccountInfo, Executions
from perfkit.execution.costs import BasisPointCommission, BasisPointSlippage, Commission, Slippage
from perfkit.execution.order import OrderReport, OrderStatus
from perfkit.execution.paper_market import PaperMarket, WorkingOrder
from perfkit.records import Fill, arrow_schema, conform

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

__all__ = ["PaperBroker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBroker:
    """A broker that only pretends: whole fills at once, unless its settings say otherwise.

    Attributes
    ----------
    account_id : str
        The account of `account` and `positions`. Orders name their own account, and
        those of others are filled too.
    cash : float
        What the account begins with.
    commission : Commission
        Fee of a fill; 1 basis point of its value unless told.
    slippage : Slippage
        Distance from the market price; 1 basis point of it unless told.
    reject_rate : float
        Part of the orders that are rejected, 0 to 1.
    partial_rate : float
        How often an order is filled in part only when the market moves, 0 to 1; the
        rest stays open for the next move.
    delay : timedelta
        How much later than at its submission the market must be to fill an order.
    lot_size : float
        A part is a whole number of lots, at least one.
    seed : int
        Of what is rejected and how orders are parted.

    Notes
    -----
    It lends without limit: what an account can pay for is for its strategies to know.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from perfkit.execution import Order
    >>> from perfkit.records import to_table
    >>> broker = PaperBroker(account_id="A1")
    >>> broker.on_market({"AAPL": 100.0}, datetime(2024, 1, 31, 21, tzinfo=UTC))
    >>> order = Order(
    ...     order_id="m-1", account_id="A1", strategy_id="momentum", symbol="AAPL", side="buy",
    ...     volume=10.0, submitted_at=datetime(2024, 1, 31, 21, tzinfo=UTC),
    ... )
    >>> broker.submit(to_table([order], Order))[0].status.value
    'filled'
    >>> fills = broker.fills(datetime(2024, 1, 31, tzinfo=UTC)).fills
    >>> fills.select(["trade_id", "price", "commission"]).to_pylist()
    [{'trade_id': 'm-1.1', 'price': 100.01, 'commission': 0.10001}]
    """

    account_id: str = "paper"
    cash: float = 100_000.0
    commission: Commission = field(default_factory=lambda: BasisPointCommission(rate=1.0))
    slippage: Slippage = field(default_factory=lambda: BasisPointSlippage(rate=1.0))
    reject_rate: float = 0.0
    partial_rate: float = 0.0
    delay: timedelta = timedelta(0)
    lot_size: float = 1.0
    seed: int = 0
    _market: PaperMarket = field(default_factory=PaperMarket, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rates = (self.reject_rate, self.partial_rate)
        if not all(0.0 <= rate <= 1.0 for rate in rates) or self.delay < timedelta(0):
            raise InvalidArgumentError(
                "a paper broker must have reject_rate and partial_rate in 0 to 1 and a delay "
                f">= 0, had {self}; leave them out for a broker that always fills"
            )
        if not (math.isfinite(self.cash) and 0.0 < self.lot_size < math.inf):
            raise InvalidArgumentError(
                f"a paper broker must have finite cash and a lot_size > 0, had {self}"
            )

    def fresh(self) -> Self:
        """Give a broker with the same settings that has seen no order."""
        return dataclasses.replace(self)

    def on_market(self, prices: Mapping[str, float], time: datetime) -> None:
        """Move the market, and work the orders that are open.

        Parameters
        ----------
        prices : mapping of str to float
            What the market trades at, by symbol.
        time : datetime
            When it does: the execution time of the fills.

        Raises
        ------
        InvalidArgumentError
            When the time is before that of the market so far.
        """
        self._market.move(prices, time)
        if self._market.working:
            self._work(list(self._market.working))

    def submit(self, orders: pa.Table) -> list[OrderReport]:
        """Take orders, and fill what is due; see `Broker.submit`.

        An order of a symbol that the market has no price of is rejected.

        Raises
        ------
        BrokerError
            When the market was never shown.
        ConflictError
            When an order's id is known with other content.
        """
        market = self._market
        if orders.num_rows == 0:
            return []
        if market.time is None:
            raise BrokerError(
                "a paper broker must be shown a market before it takes orders; "
                "call on_market(prices, time)"
            )
        due = market.time + self.delay
        keys, fresh = [], []
        for row in zip(*(orders.column(name).to_pylist() for name in _ORDERED), strict=True):
            report = OrderReport._make((*row, 0.0, OrderStatus.ACCEPTED, None))
            key = report.account_id, report.order_id
            keys.append(key)
            if market.is_known(key, report):
                continue
            reason = self._refusal(report)
            if reason is None:
                market.working[key] = WorkingOrder(due)
                fresh.append(key)
            else:
                report = report._replace(status=OrderStatus.REJECTED, reason=reason)
            market.reports[key] = report
        self._work(fresh)
        return [market.reports[key] for key in keys]

    def wait(self, order_ids: Collection[str], patience: float) -> list[OrderReport]:  # noqa: ARG002
        """Report orders of `account_id` as they are: `on_market` alone moves this market.

        Raises
        ------
        UnknownNameError
            When one was never submitted.
        """
        reports = self._market.reports
        unknown = [name for name in order_ids if (self.account_id, name) not in reports]
        if unknown:
            raise UnknownNameError(
                f"orders must have been submitted for {self.account_id!r}, {unknown} were not"
            )
        return [reports[self.account_id, order_id] for order_id in order_ids]

    def open_orders(self) -> list[OrderReport]:
        """Orders that are not filled to the end yet, of all accounts."""
        return [self._market.reports[key] for key in self._market.working]

    def fills(self, since: datetime) -> Executions:
        """Give what was filled at or after a time, of all accounts, in order of time."""
        empty = arrow_schema(Fill).empty_table()
        return Executions(pa.concat_tables([empty, *self._market.fills_since(since)]))

    def account(self) -> AccountInfo:
        """Cash and equity of `account_id` at the prices shown last."""
        brought, held = self._market.books(self.account_id)
        cash, prices = self.cash + brought, self._market.prices
        value = [units * prices.get(symbol, math.nan) for symbol, units in held.items()]
        return AccountInfo(
            account_id=self.account_id,
            cash=cash,
            equity=math.fsum([cash, *value]),
            buying_power=cash,
        )

    def positions(self) -> dict[str, float]:
        """Signed units that `account_id` holds."""
        return self._market.books(self.account_id)[1]

    def prices(self, symbols: Collection[str]) -> dict[str, float]:
        """Prices as they were shown last."""
        shown = self._market.prices
        return {symbol: shown[symbol] for symbol in symbols if symbol in shown}

    def _refusal(self, report: OrderReport) -> str | None:
        if report.symbol not in self._market.prices:
            return f"the market has no price of {report.symbol!r}"
        if self.reject_rate and self._draw("reject", report, 0) < self.reject_rate:
            return f"rejected by chance: reject_rate is {self.reject_rate}"
        return None

    def _draw(self, what: str, report: OrderReport, parts: int) -> float:
        """Draw a number in 0 to 1, the same one for the same question."""
        question = f"{self.seed} {what} {report.account_id} {report.order_id} {parts}"
        return int.from_bytes(blake2b(question.encode(), digest_size=8).digest()) / 2**64

    def _work(self, keys: list[tuple[str, str]]) -> None:
        """Fill those of the orders that are due, at the prices of now."""
        market = self._market
        orders, parts, volumes = [], [], []
        for key in keys:
            report, order = market.reports[key], market.working[key]
            if market.time is None or order.due > market.time or report.symbol not in market.prices:
                continue
            volume = self._part(report, order.parts)
            is_whole = volume == report.left
            market.reports[key] = report._replace(
                filled_volume=report.volume if is_whole else report.filled_volume + volume,
                status=OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED,
            )
            order.parts += 1
            orders.append(report)
            parts.append(order.parts)
            volumes.append(volume)
            if is_whole:
                del market.working[key]
        if orders and market.time is not None:
            market.fills.append((market.time, self._fill(orders, parts, volumes)))

    def _part(self, report: OrderReport, parts: int) -> float:
        """Volume of the next fill: all that is left, or by chance some lots of it."""
        if not self.partial_rate or self._draw("part", report, parts) >= self.partial_rate:
            return report.left
        lots = math.ceil(self._draw("size", report, parts) * report.left / self.lot_size)
        part = max(lots, 1) * self.lot_size
        return part if part < report.left * (1.0 - _ROUNDING) else report.left

    def _fill(self, orders: list[OrderReport], parts: list[int], volumes: list[float]) -> pa.Table:
        shown = self._market.prices
        market = np.array([shown[order.symbol] for order in orders], dtype=np.float64)
        sign = np.array([1.0 if order.side == "buy" else -1.0 for order in orders])
        volume = np.array(volumes)
        price = self.slippage(sign, market)
        columns: dict[str, Any] = {
            name: [getattr(order, name) for order in orders] for name in _SHARED
        }
        columns |= {
            "trade_id": [f"{o.order_id}.{n}" for o, n in zip(orders, parts, strict=True)],
            "volume": volume,
            "execution_time": pa.repeat(pa.scalar(self._market.time, _TIME), len(orders)),
            "price": price,
            "commission": self.commission(volume, price),
            "source": pa.repeat(pa.scalar("paper"), len(orders)),
        }
        return conform(pa.table(columns), Fill)


_ORDERED = ("order_id", "account_id", "strategy_id", "symbol", "side", "volume")
_SHARED = ("account_id", "strategy_id", "symbol", "side", "order_id")
_TIME = arrow_schema(Fill).field("execution_time").type
_ROUNDING = 1e-9  # a rest smaller than this part of the order is rounding, not a rest
