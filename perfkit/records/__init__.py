"""Records: the frozen rows that enter the house, and what is derived from them."""

from __future__ import annotations

from perfkit.records.cash import CashKind, CashRecord
from perfkit.records.checks import check_table, conform, invalid_rows, rows_where
from perfkit.records.context import AccountState, MarketContext
from perfkit.records.label import LabelRecord, LabelSource
from perfkit.records.market import Bar, Importance, Mark, NewsEvent
from perfkit.records.performance_summary import (
    LabelPerformance,
    PerformanceSummary,
    SummaryMetrics,
    TradeSummary,
)
from perfkit.records.pnl import PnlLogEntry, StrategyPnl
from perfkit.records.schema import arrow_schema, from_table, to_json, to_table
from perfkit.records.signal import Action, Alert, OptimizationSignal
from perfkit.records.split import SplitRecord
from perfkit.records.trade_record import (
    ContractType,
    Fill,
    Liquidity,
    RecordType,
    Side,
    TradeRecord,
)

__all__ = [
    "AccountState",
    "Action",
    "Alert",
    "Bar",
    "CashKind",
    "CashRecord",
    "ContractType",
    "Fill",
    "Importance",
    "LabelPerformance",
    "LabelRecord",
    "LabelSource",
    "Liquidity",
    "Mark",
    "MarketContext",
    "NewsEvent",
    "OptimizationSignal",
    "PerformanceSummary",
    "PnlLogEntry",
    "RecordType",
    "Side",
    "SplitRecord",
    "StrategyPnl",
    "SummaryMetrics",
    "TradeRecord",
    "TradeSummary",
    "arrow_schema",
    "check_table",
    "conform",
    "from_table",
    "invalid_rows",
    "rows_where",
    "to_json",
    "to_table",
]
