"""What strategies have made at given prices: the ledger's mark in the plan's words."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any, TypeAlias

from perfkit.errors import InvalidArgumentError
from perfkit.tracker.strategy_capital import NO_CAPITAL, StrategyCapital
from perfkit.tracker.strategy_orders import StrategyPnL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perfkit.records import StrategyPnl

Prices: TypeAlias = "Mapping[str, Any] | None"

__all__ = ["Prices", "email_summary", "known_prices", "nothing_made", "strategy_pnl"]

_TOTALS = {
    "total_portfolio_pnl": "total_pnl",
    "total_realized_pnl": "realized_pnl",
    "total_unrealized_pnl": "unrealized_pnl",
}
_SHOWN = (
    *("realized_pnl", "unrealized_pnl", "total_pnl", "total_return_pct", "allocation_value"),
    *("fees", "unpriced", "reason"),
)


def known_prices(prices: Prices) -> dict[str, float]:
    """Keep the prices that are numbers; None and NaN say that a symbol has none.

    Raises
    ------
    InvalidArgumentError
        When a price is no number.
    """
    known: dict[str, float] = {}
    for symbol, price in (prices or {}).items():
        if price is None:
            continue
        if isinstance(price, bool) or not isinstance(price, numbers.Real):
            raise InvalidArgumentError(
                f"current_prices[{symbol!r}] must be a number, was {price!r}; leave out a symbol "
                "that has no price"
            )
        if math.isfinite(price):
            known[symbol] = float(price)
    return known


def strategy_pnl(name: str, marked: StrategyPnl, capital: StrategyCapital) -> StrategyPnL:
    """Put a strategy's P&L together.

    Parameters
    ----------
    name : str
        Of the strategy.
    marked : StrategyPnl
        What the ledger says of its fills.
    capital : StrategyCapital
        What its cash says.
    """
    named = sorted({*capital.currencies, *_named(marked.currency)})
    foreign = tuple(each for each in named if each != marked.currency) if len(named) > 1 else ()
    earned, paid_in = (math.nan, math.nan) if foreign else (capital.earned, capital.paid_in)
    total = marked.total_pnl + earned
    unpriced = (*marked.unpriced, *foreign)
    return StrategyPnL(
        strategy=name,
        realized_pnl=marked.realized_pnl,
        unrealized_pnl=marked.unrealized_pnl,
        fees=marked.fees,
        cash_pnl=earned,
        total_pnl=total,
        positions=dict(marked.positions),
        allocation_value=marked.market_value,
        capital=paid_in,
        total_return_pct=100.0 * total / paid_in,
        unpriced=unpriced,
        reason=_reason(total, paid_in, unpriced, marked.positions),
        currency=marked.currency or next(iter(named), None),
    )


def nothing_made(name: str, capital: StrategyCapital = NO_CAPITAL) -> StrategyPnL:
    """Give the P&L of a strategy without an order: what its cash earned."""
    return StrategyPnL(
        strategy=name,
        realized_pnl=0.0,
        unrealized_pnl=0.0,
        cash_pnl=capital.earned,
        total_pnl=capital.earned,
        allocation_value=0.0,
        capital=capital.paid_in,
        total_return_pct=100.0 * capital.earned / capital.paid_in,
        reason="no_capital" if math.isnan(capital.paid_in) else None,
        currency=next(iter(sorted(capital.currencies)), None),
    )


def email_summary(pnls: Mapping[str, StrategyPnL]) -> dict[str, Any]:
    """Sum strategies up for a report.

    Parameters
    ----------
    pnls : mapping of str to StrategyPnL
        By the strategies' names.

    Returns
    -------
    dict
        As `StrategyOrderTracker.get_summary_for_email` documents it.
    """
    currencies = {name for pnl in pnls.values() for name in _named(pnl.currency)}
    is_mixed = len(currencies) > 1
    totals: dict[str, Any] = {
        total: math.nan if is_mixed else math.fsum(getattr(pnl, name) for pnl in pnls.values())
        for total, name in _TOTALS.items()
    }
    strategies = {
        name: {
            **{column: getattr(pnl, column) for column in _SHOWN},
            "position_count": len(pnl.positions),
        }
        for name, pnl in pnls.items()
    }
    unpriced = sorted({symbol for pnl in pnls.values() for symbol in pnl.unpriced})
    missing = [pnl.reason for pnl in pnls.values() if math.isnan(pnl.total_pnl)]
    reason = "no_rate" if is_mixed else next(iter(missing), None)
    return {**totals, "strategies": strategies, "unpriced": unpriced, "reason": reason}


def _named(currency: str | None) -> tuple[str, ...]:
    return () if currency is None else (currency,)


def _reason(
    total: float, paid_in: float, unpriced: Iterable[str], positions: Mapping[str, float]
) -> str | None:
    if any(name in positions for name in unpriced):
        return "no_price"
    if math.isnan(total) or unpriced:
        return "no_rate"
    return "no_capital" if math.isnan(paid_in) else None
