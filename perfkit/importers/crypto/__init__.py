"""Crypto venues: what their APIs answer and their exports hold."""

from __future__ import annotations

from perfkit.importers.crypto.binance import read_binance
from perfkit.importers.crypto.ccxt import read_ccxt
from perfkit.importers.crypto.coinbase import read_coinbase
from perfkit.importers.crypto.hyperliquid import read_hyperliquid
from perfkit.importers.crypto.kraken import read_kraken

__all__ = [
    "read_binance",
    "read_ccxt",
    "read_coinbase",
    "read_hyperliquid",
    "read_kraken",
]
