"""The execution summary: a run in numbers, plain enough for JSON.

P&L comes from the tracker's books, trades from the fills that were recorded. What
can't be known is NaN with its reason beside it, never 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from perfkit.execution.order import OrderStatus
from perfkit.records import Fill, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.execution.broker import AccountInfo
    from perfkit.execution.execution_result import ExecutionResult
    from perfkit.execution.order import OrderReport
    from perfkit.records import StrategyPnl

__all__ = ["create_execution_summary"]

_SUMS = {
    "realized_pnl": "realized_pnl",
    "unrealized_pnl": "unrealized_pnl",
    "fees": "fees",
    "total_pnl": "total_pnl",
    "allocation_value": "market_value",
}


def create_execution_summary(
    result: ExecutionResult, pnl: Sequence[StrategyPnl] | None
) -> dict[str, Any]:
    """Sum up a run.

    Parameters
    ----------
    result : ExecutionResult
        The run.
    pnl : sequence of StrategyPnl, optional
        Of each strategy in the account's books; None when it could not be counted,
        and ``result.pnl_error`` says why.

    Returns
    -------
    dict
        - ``allocations``: part of the capital of each strategy.
        - ``strategy_summary``: by strategy ``signal``, ``symbol``, ``reason``,
          ``allocation``, ``realized_pnl`` (before fees), ``unrealized_pnl``, ``fees``,
          ``total_pnl`` (the first two less fees), ``allocation_value`` (of its
          positions), ``positions``, ``unpriced``. Strategies that have P&L and are
          not run any more are in it, with an allocation of 0.
        - ``trading_summary``: of the fills that this run recorded and that a market
          gave, with those of earlier orders that came late: ``total_trades``,
          ``buy_orders`` and ``sell_orders`` (orders that were filled, if only in part),
          ``total_buy_value``, ``total_sell_value`` (price times quantity),
          ``commission``, ``fills``, ``crossed_value`` (traded between strategies).
        - ``pnl_summary``: ``total_realized_pnl``, ``total_unrealized_pnl``,
          ``total_fees``, ``total_pnl``, ``total_allocation_value``: sums over
          ``strategy_summary``, NaN where a part is; ``unpriced``.
        - ``account_info_before``, ``account_info_after``.
        - ``orders_submitted``, ``orders_rejected``, ``orders_unfilled`` (not filled to
          the end while the run waited), ``orders_open_before``; ``untraded``,
          ``unattributed_positions``; ``duplicates``, ``refused``, ``errors``, and
          ``pnl_error``, None when there is none.
    """
    fills = pa.concat_tables([arrow_schema(Fill).empty_table(), *result.fills])
    strategies = _strategies(result, pnl)
    return {
        "time": result.time,
        "allocations": dict(result.allocations),
        "strategy_summary": strategies,
        "trading_summary": _trades(fills.to_pylist()),
        "pnl_summary": _totals(strategies),
        "account_info_before": _account(result.before, result.positions_before),
        "account_info_after": _account(result.after, result.positions_after),
        "orders_submitted": len(result.orders),
        "orders_rejected": [_order(o) for o in result.orders if o.status in _REFUSED],
        "orders_unfilled": [_order(o) for o in result.orders if o.status in _UNFILLED],
        "orders_open_before": [_order(order) for order in result.open_before],
        "untraded": dict(result.untraded),
        "unattributed_positions": dict(result.unattributed),
        "duplicates": len(result.duplicates),
        "refused": list(result.refused),
        "errors": list(result.errors),
        "pnl_error": result.pnl_error,
    }


_REFUSED = (OrderStatus.REJECTED, OrderStatus.UNSENT)
_UNFILLED = tuple(s for s in OrderStatus if s not in (OrderStatus.FILLED, *_REFUSED))


def _strategies(
    result: ExecutionResult, pnl: Sequence[StrategyPnl] | None
) -> dict[str, dict[str, Any]]:
    by_name = {each.strategy_id: each for each in pnl or ()}
    names = [*result.signals, *sorted(by_name.keys() - result.signals.keys())]
    summary = {}
    for name in names:
        signal, made = result.signals.get(name), by_name.get(name)
        summary[name] = {
            "signal": signal.action if signal else None,
            "symbol": signal.symbol if signal else None,
            "reason": signal.reason if signal else "not run any more",
            "allocation": result.allocations.get(name, 0.0),
            **_made(made, is_known=pnl is not None),
            "positions": dict(made.positions) if made else {},
            "unpriced": list(made.unpriced) if made else [],
        }
    return summary


def _made(made: StrategyPnl | None, *, is_known: bool) -> dict[str, float]:
    """P&L of a strategy: 0 of one that never traded, NaN where it could not be counted."""
    nothing = 0.0 if is_known else math.nan
    return {name: getattr(made, field) if made else nothing for name, field in _SUMS.items()}


def _totals(strategies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    sums = {name: math.fsum(each[name] for each in strategies.values()) for name in _SUMS}
    unpriced = {symbol for each in strategies.values() for symbol in each["unpriced"]}
    return {
        "total_realized_pnl": sums["realized_pnl"],
        "total_unrealized_pnl": sums["unrealized_pnl"],
        "total_fees": sums["fees"],
        "total_pnl": sums["total_pnl"],
        "total_allocation_value": sums["allocation_value"],
        "unpriced": sorted(unpriced),
    }


def _trades(fills: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    crosses = [fill for fill in fills if fill["source"] == "cross"]
    market = {
        side: [f for f in fills if f["side"] == side and f["source"] != "cross"]
        for side in ("buy", "sell")
    }
    orders = {side: {fill["order_id"] for fill in rows} for side, rows in market.items()}
    return {
        "total_trades": sum(map(len, orders.values())),
        "buy_orders": len(orders["buy"]),
        "sell_orders": len(orders["sell"]),
        "total_buy_value": _value(market["buy"]),
        "total_sell_value": _value(market["sell"]),
        "commission": math.fsum(f["commission"] for rows in market.values() for f in rows),
        "fills": sum(map(len, market.values())),
        "crossed_value": _value([fill for fill in crosses if fill["side"] == "buy"]),
    }


def _value(fills: Sequence[Mapping[str, Any]]) -> float:
    return math.fsum(fill["price"] * fill["volume"] * fill["multiplier"] for fill in fills)


def _account(account: AccountInfo | None, positions: Mapping[str, float]) -> dict[str, Any] | None:
    if account is None:
        return None
    return {
        "account_id": account.account_id,
        "currency": account.currency,
        "cash": account.cash,
        "equity": account.equity,
        "buying_power": account.buying_power,
        "positions": dict(positions),
    }


def _order(order: OrderReport) -> dict[str, Any]:
    return {**order._asdict(), "status": order.status.value}
