"""Orders, positions and P&L of a strategy, in the words of the per-strategy P&L plan.

They are read from the one history: an order is what its fills add up to, a position
and a P&L are the ledger's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from perfkit.ledger import Ledger, effective_fills
from perfkit.records import Fill, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

    from perfkit.store import TradeStore
    from perfkit.tracker.strategy_names import StrategyNames

__all__ = ["StrategyOrder", "StrategyPnL", "StrategyPosition", "orders_of", "positions_of"]

_FILLS = (*arrow_schema(Fill).names, "sequence")
_ORDER = ["strategy_id", "order", "symbol", "side"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyOrder:
    """A filled order of a strategy.

    Attributes
    ----------
    order_id : str
        As the broker gave it.
    strategy : str
        The strategy's name, as it was given.
    symbol : str
        As the desk names the instrument.
    side : str
        ``BUY`` or ``SELL``.
    quantity : float
        Units that were filled, above zero.
    price : float
        Of a unit; of several fills, weighted by their quantity.
    timestamp : datetime
        Of the last fill, UTC.
    """

    order_id: str
    strategy: str
    symbol: str
    side: str
    quantity: float
    price: float
    timestamp: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPosition:
    """A position of a strategy.

    Attributes
    ----------
    strategy, symbol : str
        Whose, and in what.
    quantity : float
        Signed units: below zero when it is short.
    average_cost : float
        Average entry price.
    total_cost : float
        ``quantity * average_cost``, times the units in a contract; signed.
    last_updated : datetime
        Of its last fill, UTC.
    """

    strategy: str
    symbol: str
    quantity: float
    average_cost: float
    total_cost: float
    last_updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPnL:
    """What a strategy has made so far, at given prices.

    Attributes
    ----------
    strategy : str
        Its name, as it was given.
    realized_pnl : float
        P&L of what was closed, by average cost, before commissions.
    unrealized_pnl : float
        Open positions at the given prices; NaN while one is ``unpriced``.
    fees : float
        Commissions.
    cash_pnl : float
        Funding, interest, dividends, taxes and fees that were no fill's.
    total_pnl : float
        ``realized_pnl + unrealized_pnl - fees + cash_pnl``.
    positions : mapping of str to float
        Signed units of each symbol that is not flat.
    allocation_value : float
        Signed market value of the open positions; NaN while one is ``unpriced``.
    capital : float
        The most that was ever paid in, less what had been withdrawn by then; NaN
        without a deposit.
    total_return_pct : float
        ``100 * total_pnl / capital``: over what was put in, not over what is left.
    unpriced : tuple of str
        Symbols that are held and have no price, and currencies without a rate.
    reason : str, optional
        Why ``total_return_pct`` is NaN: ``no_price``, ``no_rate`` or ``no_capital``.
    currency : str, optional
        Of all sums; None means the account's currency.
    """

    strategy: str
    realized_pnl: float
    unrealized_pnl: float
    total_pnl: float
    positions: Mapping[str, float] = field(default_factory=dict)
    allocation_value: float
    total_return_pct: float
    fees: float = 0.0
    cash_pnl: float = 0.0
    capital: float
    unpriced: tuple[str, ...] = ()
    reason: str | None = None
    currency: str | None = None


def orders_of(
    store: TradeStore,
    account: str,
    names: StrategyNames,
    *,
    strategy_id: str | None = None,
    symbol: str | None = None,
    since: datetime | None = None,
) -> list[StrategyOrder]:
    """Read the orders of an account, the newest first.

    Parameters
    ----------
    store : TradeStore
        The history.
    account : str
        Whose orders.
    names : StrategyNames
        Gives back the strategies' names.
    strategy_id, symbol : str, optional
        Only these.
    since : datetime, optional
        Only orders with a fill at this time or later.
    """
    fills = pl.DataFrame(_in_force(store, account))
    if strategy_id is not None:
        fills = fills.filter(pl.col("strategy_id") == strategy_id)
    if symbol is not None:
        fills = fills.filter(pl.col("symbol") == symbol)
    volume = pl.col("volume")
    orders = (
        fills.sort("execution_time", "sequence")
        .with_columns(order=pl.coalesce("order_id", "trade_id"))
        .group_by(_ORDER, maintain_order=True)
        .agg(
            quantity=volume.sum(),
            # one fill's price is its order's, to the last digit
            price=pl.when(pl.len() == 1)
            .then(pl.col("price").first())
            .otherwise((pl.col("price") * volume).sum() / volume.sum()),
            time=pl.col("execution_time").last(),
            number=pl.col("sequence").last(),
        )
        .sort("time", "number", descending=True)
    )
    if since is not None:
        orders = orders.filter(pl.col("time") >= since)
    return [_order(row, names) for row in orders.iter_rows(named=True)]


def positions_of(
    store: TradeStore, account: str, names: StrategyNames, strategy_id: str | None = None
) -> list[StrategyPosition]:
    """Read what an account's strategies hold, by strategy and symbol.

    Parameters
    ----------
    store : TradeStore
        The history.
    account : str
        Whose positions.
    names : StrategyNames
        Gives back the strategies' names.
    strategy_id : str, optional
        Only this strategy's.
    """
    splits = store.read("splits", where=pl.col("account_id") == account)
    ledger = Ledger(splits=splits)
    ledger.apply(_in_force(store, account))
    books = ledger.positions()
    held = books[books["position"] != 0.0].sort_values(["strategy_id", "symbol"])
    if strategy_id is not None:
        held = held[held["strategy_id"] == strategy_id]
    return [_position(row, names) for row in held.to_dict("records")]


def _in_force(store: TradeStore, account: str) -> pa.Table:
    fills = store.read("trades", where=pl.col("account_id") == account, columns=_FILLS)
    return effective_fills(fills)


def _order(row: dict[str, Any], names: StrategyNames) -> StrategyOrder:
    return StrategyOrder(
        order_id=row["order"],
        strategy=names.name(row["strategy_id"]),
        symbol=row["symbol"],
        side=row["side"].upper(),
        quantity=row["quantity"],
        price=row["price"],
        timestamp=row["time"].astimezone(UTC),
    )


def _position(row: dict[Any, Any], names: StrategyNames) -> StrategyPosition:
    return StrategyPosition(
        strategy=names.name(row["strategy_id"]),
        symbol=row["symbol"],
        quantity=row["position"],
        average_cost=row["average_price"],
        total_cost=row["position"] * row["average_price"] * row["multiplier"],
        last_updated=row["last_time"].to_pydatetime(),
    )
