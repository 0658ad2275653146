"""Cash that moved other than by a fill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

import pyarrow.compute as pc

from perfkit.records.checks import check_record
from perfkit.records.rules import Finite, Identifier, RowRule, Text

__all__ = ["CashKind", "CashRecord"]


class CashKind(StrEnum):
    """Why cash moved: a deposit and a withdrawal are capital, all else is P&L."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    FUNDING = "funding"
    BORROW = "borrow"
    INTEREST = "interest"
    DIVIDEND = "dividend"
    FEE = "fee"
    TAX = "tax"


_DEPOSITS_COME = RowRule(
    field="amount",
    requirement="be > 0 for a deposit and < 0 for a withdrawal",
    remedy="turn the sign or the kind",
    accepts=lambda cash: (
        (cash.kind != CashKind.DEPOSIT or cash.amount > 0)
        and (cash.kind != CashKind.WITHDRAWAL or cash.amount < 0)
    ),
    accepts_rows=lambda cash: pc.and_(
        pc.or_(pc.not_equal(cash["kind"], CashKind.DEPOSIT), pc.greater(cash["amount"], 0.0)),
        pc.or_(pc.not_equal(cash["kind"], CashKind.WITHDRAWAL), pc.less(cash["amount"], 0.0)),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashRecord:
    """Cash that came to or left an account's strategy, other than by a fill.

    Attributes
    ----------
    cash_id : str
        Unique for the account's whole history; makes recording idempotent.
    account_id, strategy_id : str
        Whose cash it is.
    execution_time : datetime
        When it moved.
    kind : CashKind
        Why it moved.
    amount : float
        Signed: what came is positive, what was paid negative.
    currency : str, optional
        None means the account's currency.
    symbol : str, optional
        The instrument that paid or was paid for.
    recorded_at : datetime, optional
        When we knew; stamped by the tracker.
    source : str, optional
        Who reported it.

    Raises
    ------
    InvalidRecordError
        When a field breaks its rule, or an amount has not the sign of its kind.
    """

    row_rules: ClassVar[tuple[RowRule, ...]] = (_DEPOSITS_COME,)

    cash_id: Annotated[str, Identifier()]
    account_id: Annotated[str, Identifier()]
    strategy_id: Annotated[str, Identifier()]
    execution_time: datetime
    kind: CashKind
    amount: Annotated[float, "currency", Finite()]
    currency: Annotated[str, Text(16)] | None = None
    symbol: Annotated[str, Text(64)] | None = None
    recorded_at: datetime | None = None
    source: Annotated[str, Text()] | None = None

    def __post_init__(self) -> None:
        check_record(self)
