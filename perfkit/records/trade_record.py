"""A trade: the fill as it was reported, and the record we make of it.

`Fill` is a fact and never changes; a correction or a bust is another fill
that points at the first. `TradeRecord` adds what was known when the fill
was recorded: context, account state, labels and the books after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from perfkit.records.checks import check_record
from perfkit.records.context import AccountState, MarketContext
from perfkit.records.rules import Finite, Identifier, Positive, Text

__all__ = ["Fill", "Liquidity", "RecordType", "Side", "TradeRecord"]


class Side(StrEnum):
    """Direction of a fill."""

    BUY = "buy"
    SELL = "sell"


class RecordType(StrEnum):
    """What a record does to the history."""

    NEW = "new"
    CORRECT = "correct"
    BUST = "bust"


class Liquidity(StrEnum):
    """Whether a fill added liquidity to the book or took it."""

    MAKER = "maker"
    TAKER = "taker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution, as the venue or broker reported it.

    Attributes
    ----------
    trade_id : str
        Unique for the account's whole history; makes recording idempotent.
    account_id, strategy_id : str
        Whose trade it is.
    execution_time : datetime
        When it happened; any zone, kept as UTC.
    symbol : str
        As the desk names the instrument.
    side : Side
        ``buy`` or ``sell``; carries the sign.
    price : float
        Quote currency a unit; may be negative (spreads, power, oil).
    volume : float
        Units or contracts, above zero.
    commission : float
        In ``fee_currency``; a cost is positive, a rebate negative.
    order_id : str, optional
        The order that was filled.
    fee_currency : str, optional
        None means the quote currency.
    currency : str, optional
        Quote currency of the price; None means the account's currency.
    multiplier : float
        Units of the underlying in one contract.
    liquidity : Liquidity, optional
        Maker or taker, when the venue says so.
    record_type : RecordType
        ``new``, or ``correct`` / ``bust`` of ``original_trade_id``.
    original_trade_id : str, optional
        The trade that a correction or a bust points at.
    recorded_at : datetime, optional
        When we knew; stamped by the tracker.
    source : str, optional
        Who reported it: an importer, a broker, a backtest.

    Raises
    ------
    InvalidRecordError
        When a field breaks its rule.
    """

    trade_id: Annotated[str, Identifier()]
    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    execution_time: datetime
    symbol: Annotated[str, Text(64)]
    side: Side
    price: Annotated[float, "quote currency", Finite()]
    volume: Annotated[float, "units", Positive("a sale is side='sell' with a positive volume")]
    commission: Annotated[float, "fee currency", Finite("say 0.0 when there was none")] = 0.0
    order_id: Annotated[str, Text()] | None = None
    fee_currency: Annotated[str, Text(16)] | None = None
    currency: Annotated[str, Text(16)] | None = None
    multiplier: Annotated[float, "units a contract", Positive("a share has multiplier 1.0")] = 1.0
    liquidity: Liquidity | None = None
    record_type: RecordType = RecordType.NEW
    original_trade_id: Annotated[str, Identifier()] | None = None
    recorded_at: datetime | None = None
    source: Annotated[str, Text()] | None = None

    def __post_init__(self) -> None:
        check_record(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRecord(Fill):
    """A fill with what was known when it was recorded.

    Attributes
    ----------
    sequence : int, optional
        Number in the journal: with ``execution_time`` the canonical order.
    market_context : MarketContext, optional
        The market at execution, from data known then.
    account_state : AccountState, optional
        The account just before the fill.
    labels : tuple of str
        What the rules said that could be said at execution.
    pnl : float, optional
        Realised by this fill, net of its own commission, by average cost,
        in the currency of the price.
    cumulative_pnl : float, optional
        Sum of ``pnl`` of the account's strategy up to this fill.
    position : float, optional
        Signed units of (account, strategy, symbol) after the fill.
    average_price : float, optional
        Average entry price of that position; None when it is flat.
    round_trip_pnl : float, optional
        Net P&L, entry and exit fees included, of the flat-to-flat round trip
        that this fill closed; None when it closed none.
    """

    sequence: int | None = None
    market_context: MarketContext | None = None
    account_state: AccountState | None = None
    labels: tuple[str, ...] = ()
    pnl: Annotated[float, "quote currency"] | None = None
    cumulative_pnl: Annotated[float, "quote currency"] | None = None
    position: Annotated[float, "units"] | None = None
    average_price: Annotated[float, "quote currency"] | None = None
    round_trip_pnl: Annotated[float, "quote currency"] | None = None
