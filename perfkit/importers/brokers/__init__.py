"""Brokers: statements, activities and execution reports."""

from __future__ import annotations

from perfkit.importers.brokers.alpaca import read_alpaca
from perfkit.importers.brokers.fix import read_fix
from perfkit.importers.brokers.ibkr import read_ibkr
from perfkit.importers.brokers.ibkr_csv import read_ibkr_csv
from perfkit.importers.brokers.ibkr_flex import read_ibkr_flex

__all__ = [
    "read_alpaca",
    "read_fix",
    "read_ibkr",
    "read_ibkr_csv",
    "read_ibkr_flex",
]
