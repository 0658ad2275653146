"""P&L: what a strategy has made so far, and what it had made on a day."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, ClassVar

import pyarrow.compute as pc

from perfkit.records.checks import check_record
from perfkit.records.rules import Identifier, RowRule, Text

__all__ = ["PnlLogEntry", "StrategyPnl"]

_UNDEFINED_HAS_REASON = RowRule(
    field="reason",
    requirement="say why total_pnl is not known, and nothing where it is",
    remedy="give the word for what was missing, such as 'no_price', or the total",
    accepts=lambda entry: (entry.total_pnl is None) == (entry.reason is not None),
    accepts_rows=lambda entries: pc.equal(
        pc.is_null(entries["total_pnl"]), pc.is_valid(entries["reason"])
    ),
)
_SUMS = (
    *("realized_pnl", "fees", "unrealized_pnl", "funding", "dividends", "total_pnl"),
    "market_value",
)


def _finite(name: str) -> RowRule:
    # unlike what is recorded, what is added up may be larger than 1e18
    return RowRule(
        field=name,
        requirement="be a finite number where it is known",
        remedy="give None for what is not known",
        accepts=lambda entry: getattr(entry, name) is None or math.isfinite(getattr(entry, name)),
        accepts_rows=lambda entries: pc.fill_null(pc.is_finite(entries[name]), True),
    )


_MARKS = ("mark_symbols", "mark_prices", "mark_times")
_MARKS_BELONG_TOGETHER = RowRule(
    field="mark_symbols",
    requirement="have as many items as mark_prices and mark_times",
    remedy="give the three in the same order",
    accepts=lambda entry: len({len(getattr(entry, name)) for name in _MARKS}) == 1,
    accepts_rows=lambda entries: pc.and_(
        *(
            pc.equal(
                pc.list_value_length(entries["mark_symbols"]), pc.list_value_length(entries[n])
            )
            for n in _MARKS[1:]
        )
    ),
)


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
    """What one strategy had made by the end of a trading day.

    All sums are cumulative, since the strategy's first fill or cash; one that is not
    known is None, and ``reason`` says why.

    Attributes
    ----------
    account_id, strategy_id : str
        Whose day it is.
    day : datetime
        The trading day: its date, as midnight UTC.
    day_end : datetime, optional
        Last microsecond of the trading day by the desk's clock; None of a day that
        another program closed.
    realized_pnl : float, optional
        Gross P&L of what was closed, before fees, by average cost.
    fees : float, optional
        Commissions, and fees that were no fill's; a rebate lowers them.
    unrealized_pnl : float, optional
        Open positions at the last price that was known of each, and what exchange
        rates did, where it was converted.
    funding, dividends : float, optional
        Funding, borrow and interest; dividends less tax; signed as cash.
    total_pnl : float, optional
        ``realized_pnl + unrealized_pnl - fees + funding + dividends``.
    market_value : float, optional
        Signed value of the open positions.
    trades : int, optional
        Fills of that day; None where another program closed it.
    stale_marks : int
        Positions that were valued at a price which is not of that day.
    unpriced : tuple of str
        Symbols that were held and never had a price by then.
    reason : str, optional
        Why ``total_pnl`` is not known: ``no_price``, or ``no_rate`` for an exchange rate.
    currency : str, optional
        Of all sums; None means the account's currency.
    mark_symbols, mark_prices, mark_times : tuple of str, of float, of datetime
        Prices that were given for the day, beside those that the history has, and of
        when they are.
    recorded_at : datetime, optional
        When the row was written; a later row for the same day corrects it.
    source : str, optional
        Who closed the day, where it was not computed from the facts of this history.

    Raises
    ------
    InvalidRecordError
        When a field breaks its rule, or a total that is not known has no reason.
    """

    row_rules: ClassVar[tuple[RowRule, ...]] = (
        *(_finite(name) for name in _SUMS),
        _UNDEFINED_HAS_REASON,
        _MARKS_BELONG_TOGETHER,
    )

    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    day: datetime
    day_end: datetime | None = None
    realized_pnl: Annotated[float, "account currency"] | None
    fees: Annotated[float, "account currency"] | None
    unrealized_pnl: Annotated[float, "account currency"] | None
    funding: Annotated[float, "account currency"] | None = 0.0
    dividends: Annotated[float, "account currency"] | None = 0.0
    total_pnl: Annotated[float, "account currency"] | None
    market_value: Annotated[float, "account currency"] | None = None
    trades: int | None = None
    stale_marks: int = 0
    unpriced: tuple[str, ...] = ()
    reason: Annotated[str, Text(64)] | None = None
    currency: Annotated[str, Text(16)] | None = None
    mark_symbols: tuple[str, ...] = ()
    mark_prices: tuple[float, ...] = ()
    mark_times: tuple[datetime, ...] = ()
    recorded_at: datetime | None = None
    source: Annotated[str, Text()] | None = None

    def __post_init__(self) -> None:
        check_record(self)
