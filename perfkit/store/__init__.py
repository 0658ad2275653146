"""The store: a history on disk, where acknowledged means durable."""

from __future__ import annotations

from perfkit.store.backlog import Backlog
from perfkit.store.compaction import CompactionReport, compact
from perfkit.store.facts_mark import FACTS, FactsMark, Growth
from perfkit.store.full_export import ExportReport, export
from perfkit.store.pnl_log import PnlLog
from perfkit.store.receipt import Receipt, Rejection
from perfkit.store.snapshot import Snapshot
from perfkit.store.stale_files import VacuumReport, vacuum
from perfkit.store.stored_periods import StoredPeriods
from perfkit.store.tables import TABLES, TableLayout
from perfkit.store.trade_store import TradeStore
from perfkit.store.verification import VerifyReport, verify

__all__ = [
    "FACTS",
    "TABLES",
    "Backlog",
    "CompactionReport",
    "ExportReport",
    "FactsMark",
    "Growth",
    "PnlLog",
    "Receipt",
    "Rejection",
    "Snapshot",
    "StoredPeriods",
    "TableLayout",
    "TradeStore",
    "VacuumReport",
    "VerifyReport",
    "compact",
    "export",
    "vacuum",
    "verify",
]
