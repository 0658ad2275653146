"""Importers: outside formats into records, a room for each kind of source."""

from __future__ import annotations

from perfkit.importers.backtests.backtesting_py import read_backtesting
from perfkit.importers.backtests.backtrader import read_backtrader
from perfkit.importers.backtests.freqtrade import read_freqtrade
from perfkit.importers.backtests.lean import read_lean
from perfkit.importers.backtests.nautilus import read_nautilus
from perfkit.importers.backtests.pyfolio import read_pyfolio
from perfkit.importers.backtests.vectorbt import read_vectorbt
from perfkit.importers.backtests.zipline import read_zipline
from perfkit.importers.brokers.alpaca import read_alpaca
from perfkit.importers.brokers.fix import read_fix
from perfkit.importers.brokers.ibkr import read_ibkr
from perfkit.importers.brokers.ibkr_csv import read_ibkr_csv
from perfkit.importers.brokers.ibkr_flex import read_ibkr_flex
from perfkit.importers.cells import NumberStyle, TimeStyle
from perfkit.importers.crypto.binance import read_binance
from perfkit.importers.crypto.ccxt import read_ccxt
from perfkit.importers.crypto.coinbase import read_coinbase
from perfkit.importers.crypto.hyperliquid import read_hyperliquid
from perfkit.importers.crypto.kraken import read_kraken
from perfkit.importers.formats import FORMATS, format_settings, read_file
from perfkit.importers.ndjson import record_from_json
from perfkit.importers.news.news_files import read_news
from perfkit.importers.news.news_import import NewsImport
from perfkit.importers.platforms.legacy_json import LegacyImport, read_legacy_json
from perfkit.importers.platforms.metatrader import read_metatrader
from perfkit.importers.platforms.tradingview import read_tradingview
from perfkit.importers.platforms.tradovate import read_tradovate
from perfkit.importers.result import ImportResult, RefusedRow, SkippedRow
from perfkit.importers.source_rows import CsvStyle
from perfkit.importers.tables.broker_maps import load_map, map_names, map_reader
from perfkit.importers.tables.table import read_table
from perfkit.importers.tables.table_format import TableFormat, load_format

__all__ = [
    "FORMATS",
    "CsvStyle",
    "ImportResult",
    "LegacyImport",
    "NewsImport",
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
    "read_news",
    "read_pyfolio",
    "read_table",
    "read_tradingview",
    "read_tradovate",
    "read_vectorbt",
    "read_zipline",
    "record_from_json",
]
