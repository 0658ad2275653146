"""Brokers: orders in, fills out.

A broker is anything with `Broker.submit`; the paper broker fills at the
price it is given, less slippage and commission, and nothing about it is
left to chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Protocol

import numpy as np
import pyarrow as pa

from perfkit.errors import UnknownNameError
from perfkit.execution.costs import BasisPointCommission, BasisPointSlippage, Commission, Slippage
from perfkit.records import Fill, Side, arrow_schema, conform
from perfkit.records.checks import check_record
from perfkit.records.rules import Identifier, Positive, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Broker", "Order", "PaperBroker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A market order of one strategy.

    Attributes
    ----------
    order_id : str
        Unique for the account's whole history; at most 62 characters, so
        that the fills can carry it in their own id.
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
    volume: Annotated[float, "units", Positive("a sale is side='sell' with a positive volume")]

    def __post_init__(self) -> None:
        check_record(self)


class Broker(Protocol):
    """Works orders in a market and reports what was filled."""

    def submit(self, orders: pa.Table, prices: Mapping[str, float], time: datetime) -> pa.Table:
        """Fill orders.

        Parameters
        ----------
        orders : pyarrow.Table
            With ``arrow_schema(Order)``.
        prices : mapping of str to float
            What the market trades at, by symbol.
        time : datetime
            When it does.

        Returns
        -------
        pyarrow.Table
            With ``arrow_schema(Fill)``; none, one or several rows an order.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBroker:
    """Fills every order at once, whole, at the market price and its costs.

    Attributes
    ----------
    commission : Commission
        Fee of a fill; 1 basis point of its value unless told.
    slippage : Slippage
        Distance from the market price; 1 basis point of it unless told.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from perfkit.records import to_table
    >>> order = Order(
    ...     order_id="m-1", account_id="A1", strategy_id="momentum", symbol="AAPL", side="buy",
    ...     volume=10.0, submitted_at=datetime(2024, 1, 30, 21, tzinfo=UTC),
    ... )
    >>> fills = PaperBroker().submit(
    ...     to_table([order], Order), {"AAPL": 100.0}, datetime(2024, 1, 31, 21, tzinfo=UTC)
    ... )
    >>> fills.select(["trade_id", "price", "commission"]).to_pylist()
    [{'trade_id': 'm-1.1', 'price': 100.01, 'commission': 0.10001}]
    """

    commission: Commission = field(default_factory=lambda: BasisPointCommission(rate=1.0))
    slippage: Slippage = field(default_factory=lambda: BasisPointSlippage(rate=1.0))

    def submit(self, orders: pa.Table, prices: Mapping[str, float], time: datetime) -> pa.Table:
        """Fill orders at given prices.

        Parameters
        ----------
        orders : pyarrow.Table
            With ``arrow_schema(Order)``.
        prices : mapping of str to float
            What the market trades at, by symbol.
        time : datetime
            Execution time of the fills.

        Returns
        -------
        pyarrow.Table
            With ``arrow_schema(Fill)``, one row an order, in their order;
            the id of a fill is the order's with ``.1``.

        Raises
        ------
        UnknownNameError
            When a symbol has no price.
        """
        symbols = orders.column("symbol").to_pylist()
        unpriced = sorted({symbol for symbol in symbols if symbol not in prices})
        if unpriced:
            raise UnknownNameError(
                f"prices must hold every symbol that is ordered, lacked {unpriced}; "
                "order what the market trades at that time"
            )
        market = np.array([prices[symbol] for symbol in symbols], dtype=np.float64)
        is_buy = np.array([side == "buy" for side in orders.column("side").to_pylist()], bool)
        volume = orders.column("volume").to_numpy()
        price = self.slippage(np.where(is_buy, 1.0, -1.0), market)
        order_ids = orders.column("order_id")
        columns = {name: orders.column(name) for name in _SHARED}
        columns |= {
            "trade_id": pa.array([f"{order_id}.1" for order_id in order_ids.to_pylist()]),
            "execution_time": pa.repeat(pa.scalar(time, _TIME), len(symbols)),
            "price": pa.array(price),
            "commission": pa.array(self.commission(volume, price)),
            "source": pa.repeat(pa.scalar("paper"), len(symbols)),
        }
        return conform(pa.table(columns), Fill)


_SHARED = ("account_id", "strategy_id", "symbol", "side", "volume", "order_id")
_TIME = arrow_schema(Fill).field("execution_time").type
