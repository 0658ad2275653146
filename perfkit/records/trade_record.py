"""A trade: the fill as it was reported, and the record we make of it.

`Fill` is a fact and never changes; a correction or a bust is another fill
that points at the first. `TradeRecord` adds what was known when the fill
was recorded: context, account state, labels and the books after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

import pyarrow.compute as pc

from perfkit.records.checks import check_record
from perfkit.records.context import AccountState, MarketContext
from perfkit.records.rules import Finite, Identifier, Positive, RowRule, Text

__all__ = ["ContractType", "Fill", "Liquidity", "RecordType", "Side", "TradeRecord"]


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


class ContractType(StrEnum):
    """How a price becomes money."""

    LINEAR = "linear"
    INVERSE = "inverse"


_CORRECTIONS_POINT = RowRule(
    field="original_trade_id",
    requirement="name the trade that a correction or a bust is about, and nothing on a new fill",
    remedy="give the trade_id of the first record, or record_type='new'",
    accepts=lambda fill: (fill.record_type == RecordType.NEW) == (fill.original_trade_id is None),
    accepts_rows=lambda fills: pc.equal(
        pc.equal(fills["record_type"], RecordType.NEW), pc.is_null(fills["original_trade_id"])
    ),
)
_INVERSE_HAS_BASE = RowRule(
    field="base_currency",
    requirement="be given for an inverse contract, which is settled in it",
    remedy="a BTC contract quoted in USD has currency='USD' and base_currency='BTC'",
    accepts=lambda fill: fill.contract != ContractType.INVERSE or fill.base_currency is not None,
    accepts_rows=lambda fills: pc.or_(
        pc.not_equal(fills["contract"], ContractType.INVERSE), pc.is_valid(fills["base_currency"])
    ),
)
_INVERSE_PRICE = RowRule(
    field="price",
    requirement="be > 0 for an inverse contract, which is worth 1 / price",
    remedy="a contract whose price can be 0 or negative is linear",
    accepts=lambda fill: fill.contract != ContractType.INVERSE or fill.price > 0,
    accepts_rows=lambda fills: pc.or_(
        pc.not_equal(fills["contract"], ContractType.INVERSE), pc.greater(fills["price"], 0.0)
    ),
)


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
        In ``fee_currency``; a cost is positive, a rebate negative. One in
        ``base_currency`` is taken from the position.
    order_id : str, optional
        The order that was filled.
    fee_currency : str, optional
        None means the currency of the P&L: the quote currency, of an inverse
        contract the base currency. Beside a ``currency`` that is None, what a fee
        in a named currency costs is not known.
    currency : str, optional
        Quote currency of the price; None means the account's currency.
    base_currency : str, optional
        What one unit is made of, where that is a currency or a coin; an inverse
        contract is settled in it.
    multiplier : float
        Units of the underlying in one contract; of an inverse contract, its
        value in the quote currency.
    contract : ContractType
        ``linear``: a unit gains what its price gains. ``inverse``: a contract
        is worth ``multiplier / price`` of the base currency.
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
    reason : str, optional
        Why it was traded, in the source's word: ``stop_loss``, ``roi``,
        ``expiry``, ``assignment``, ``liquidation`` ...
    stop_price : float, optional
        Price of the protective stop when the position was entered: what
        was risked.
    reference_price : float, optional
        What slippage is measured against: the price on arrival, or the mid.

    Raises
    ------
    InvalidRecordError
        When a field breaks its rule, a correction points at nothing, or an
        inverse contract names no ``base_currency`` or has no price above 0.
    """

    row_rules: ClassVar[tuple[RowRule, ...]] = (
        _CORRECTIONS_POINT,
        _INVERSE_HAS_BASE,
        _INVERSE_PRICE,
    )

    trade_id: Annotated[str, Identifier()]
    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    execution_time: datetime
    symbol: Annotated[str, Text(64)]
    side: Side
    price: Annotated[float, "quote currency", Finite()]
    volume: Annotated[
        float, "units", Positive("a sale is side='sell' with a positive volume"), Finite()
    ]
    commission: Annotated[float, "fee currency", Finite("say 0.0 when there was none")] = 0.0
    order_id: Annotated[str, Text()] | None = None
    fee_currency: Annotated[str, Text(16)] | None = None
    currency: Annotated[str, Text(16)] | None = None
    base_currency: Annotated[str, Text(16)] | None = None
    multiplier: Annotated[
        float, "units a contract", Positive("a share has multiplier 1.0"), Finite()
    ] = 1.0
    contract: ContractType = ContractType.LINEAR
    liquidity: Liquidity | None = None
    record_type: RecordType = RecordType.NEW
    original_trade_id: Annotated[str, Identifier()] | None = None
    recorded_at: datetime | None = None
    source: Annotated[str, Text()] | None = None
    reason: Annotated[str, Text(64)] | None = None
    stop_price: Annotated[float, "quote currency", Finite()] | None = None
    reference_price: Annotated[float, "quote currency", Finite()] | None = None

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
