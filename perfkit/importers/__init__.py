"""Importers: outside formats into records, one file for each format."""

from __future__ import annotations

from perfkit.importers.alpaca import read_alpaca
from perfkit.importers.backtesting_py import read_backtesting
from perfkit.importers.backtests import read_pyfolio
from perfkit.importers.backtrader import read_backtrader
from perfkit.importers.binance import read_binance
from perfkit.importers.broker_maps import load_map, map_names, map_reader
from perfkit.importers.ccxt import read_ccxt
from perfkit.importers.cells import NumberStyle, TimeStyle
from perfkit.importers.coinbase import read_coinbase
from perfkit.importers.fix import read_fix
from perfkit.importers.formats import FORMATS, format_settings, read_file
from perfkit.importers.freqtrade import read_freqtrade
from perfkit.importers.hyperliquid import read_hyperliquid
from perfkit.importers.ibkr import read_ibkr
from perfkit.importers.ibkr_csv import read_ibkr_csv
from perfkit.importers.ibkr_flex import read_ibkr_flex
from perfkit.importers.kraken import read_kraken
from perfkit.importers.lean import read_lean
from perfkit.importers.legacy_json import read_legacy_json
from perfkit.importers.metatrader import read_metatrader
from perfkit.importers.nautilus import read_nautilus
from perfkit.importers.ndjson import record_from_json
from perfkit.importers.result import ImportResult, RefusedRow, SkippedRow
from perfkit.importers.source_rows import CsvStyle
from perfkit.importers.table import read_table
from perfkit.importers.table_format import TableFormat, load_format
from perfkit.importers.tradingview import read_tradingview
from perfkit.importers.tradovate import read_tradovate
from perfkit.importers.vectorbt import read_vectorbt
from perfkit.importers.zipline import read_zipline

__all__ = [
    "FORMATS",
    "CsvStyle",
    "ImportResult",
    "NumberStyle",
    "RefusedRow",
    "SkippedRow",
    "TableFormat",
    "TimeStyle",
    "format_settings",
    "load_format",
    "load_map",
    "map_names",
    "map_reader",
    "read_alpaca",
    "read_backtesting",
    "read_backtrader",
    "read_binance",
    "read_ccxt",
    "read_coinbase",
    "read_file",
    "read_fix",
    "read_freqtrade",
    "read_hyperliquid",
    "read_ibkr",
    "read_ibkr_csv",
    "read_ibkr_flex",
    "read_kraken",
    "read_lean",
    "read_legacy_json",
    "read_metatrader",
    "read_nautilus",
    "read_pyfolio",
    "read_table",
    "read_tradingview",
    "read_tradovate",
    "read_vectorbt",
    "read_zipline",
    "record_from_json",
]
