"""The store: a history on disk, where acknowledged means durable."""

from __future__ import annotations

from perfkit.store.backlog import Backlog
from perfkit.store.pnl_log import PnlLog
from perfkit.store.receipt import Receipt, Rejection
from perfkit.store.tables import TABLES, TableLayout
from perfkit.store.trade_store import TradeStore
from perfkit.store.verification import VerifyReport, verify

__all__ = [
    "TABLES",
    "Backlog",
    "PnlLog",
    "Receipt",
    "Rejection",
    "TableLayout",
    "TradeStore",
    "VerifyReport",
    "verify",
]
