"""Kinds of rows in a broker's table: trades, cash, splits, and what can't be told.

A kind says which rows it is by the words in some columns, and which column gives which
field of the record. A field that a kind does not name is read as for a trade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perfkit.records import CashKind, CashRecord, Fill, SplitRecord, arrow_schema

__all__ = [
    "CAPITAL",
    "CASH_FIELDS",
    "FILL_FIELDS",
    "SPLIT_FIELDS",
    "CashRows",
    "Columns",
    "RefusedRows",
    "SplitRows",
    "TradeRows",
    "Words",
]

Words = Mapping[str, tuple[str, ...]]
Columns = Mapping[str, str | tuple[str, ...]]

# recorded_at is the tracker's to give: a file can't know when we knew
FILL_FIELDS = tuple(name for name in arrow_schema(Fill).names if name != "recorded_at")
CASH_FIELDS = tuple(name for name in arrow_schema(CashRecord).names if name != "recorded_at")
SPLIT_FIELDS = tuple(name for name in arrow_schema(SplitRecord).names if name != "recorded_at")
CAPITAL = "capital"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRows:
    """Trades that are written otherwise than the rest, such as options.

    Attributes
    ----------
    rows : mapping of str to tuple of str
        Column to the words it holds in such a row, which must be a trade.
    columns, constants : mapping
        Fields that these rows give in another column, or that are the same in all.
    """

    rows: Words = field(default_factory=dict)
    columns: Columns = field(default_factory=dict)
    constants: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashRows:
    """Rows that are cash: dividends, interest, fees, taxes, deposits, withdrawals.

    Attributes
    ----------
    rows : mapping of str to tuple of str
        Column to the words it holds in such a row.
    kind : str
        A `CashKind`, or ``capital``: a deposit where it came, a withdrawal where it
        was paid.
    columns : mapping of str to str or tuple of str
        Field of the cash record to column. ``amount`` must be there; with ``units``
        it is an amount a unit.
    constants : mapping of str to str or float
        Fields that are the same in every such row.
    paid : bool
        The amount is written without its sign, and was paid.
    beside : bool
        It may stand beside another record of the row, such as a stamp duty beside its
        trade: an empty or zero amount is none.
    """

    rows: Words = field(default_factory=dict)
    kind: str = CashKind.DIVIDEND.value
    columns: Columns = field(default_factory=dict)
    constants: Mapping[str, str | float] = field(default_factory=dict)
    paid: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRows:
    """Rows that are splits.

    Attributes
    ----------
    rows : mapping of str to tuple of str
        Column to the words it holds in such a row; of a pair, in the one with the
        new units.
    old_rows : mapping of str to tuple of str
        The same for the row with the old units, where a split stands in two rows.
    columns : mapping of str to str or tuple of str
        Field of the split record to column: ``ratio``, or ``units`` of both rows.
    """

    rows: Words = field(default_factory=dict)
    old_rows: Words = field(default_factory=dict)
    columns: Columns = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRows:
    """Rows that are no trades by their words, and change the books in an untold way.

    Attributes
    ----------
    rows : mapping of str to tuple of str
        Column to the words it holds in such a row.
    field : str
        What would have to be known.
    reason : str
        What is required, and what to do.
    """

    rows: Words = field(default_factory=dict)
    field: str = "row"
    reason: str = ""
