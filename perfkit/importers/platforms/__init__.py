"""Trading platforms: lists of deals, pairs and orders."""

from __future__ import annotations

from perfkit.importers.platforms.legacy_json import LegacyImport, read_legacy_json
from perfkit.importers.platforms.metatrader import read_metatrader
from perfkit.importers.platforms.tradingview import read_tradingview
from perfkit.importers.platforms.tradovate import read_tradovate

__all__ = [
    "LegacyImport",
    "read_legacy_json",
    "read_metatrader",
    "read_tradingview",
    "read_tradovate",
]
