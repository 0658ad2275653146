"""P&L: what a strategy has made so far, and what it had made on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from perfkit.records.checks import check_record
from perfkit.records.rules import Identifier

__all__ = ["PnlLogEntry", "StrategyPnl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPnl:
    """What a strategy has made, at given prices.

    Attributes
    ----------
    account_id, strategy_id : str
        Whose P&L it is.
    realized_pnl : float
        Gross P&L of what was closed, before fees.
    fees : float
        All commissions paid so far; a rebate lowers them.
    unrealized_pnl : float
        Open positions at the given prices; NaN when one has no price.
    total_pnl : float
        ``realized_pnl + unrealized_pnl - fees``.
    market_value : float
        Signed value of the open positions; NaN when one has no price.
    positions : mapping of str to float
        Signed units of each symbol that is not flat.
    unpriced : tuple of str
        Symbols with a position and no price, and currencies with money and no rate.
    currency : str, optional
        Of all sums; None means the account's currency.
    """

    account_id: str
    strategy_id: str
    realized_pnl: Annotated[float, "account currency"]
    fees: Annotated[float, "account currency"]
    unrealized_pnl: Annotated[float, "account currency"]
    total_pnl: Annotated[float, "account currency"]
    market_value: Annotated[float, "account currency"]
    positions: Mapping[str, float] = field(default_factory=dict)
    unpriced: tuple[str, ...] = ()
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PnlLogEntry:
    """One strategy's closed trading day.

    Attributes
    ----------
    account_id, strategy_id : str
        Whose day it is.
    day : datetime
        End of the trading day.
    realized_pnl, fees, unrealized_pnl, total_pnl : float
        Cumulative, as in `StrategyPnl`.
    trades : int
        Fills of that day.
    recorded_at : datetime, optional
        When the row was written; a later row for the same day corrects it.
    """

    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    day: datetime
    realized_pnl: Annotated[float, "account currency"]
    fees: Annotated[float, "account currency"]
    unrealized_pnl: Annotated[float, "account currency"]
    total_pnl: Annotated[float, "account currency"]
    trades: int
    recorded_at: datetime | None = None

    def __post_init__(self) -> None:
        check_record(self)
