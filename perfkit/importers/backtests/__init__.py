"""Backtests: what other libraries write of a run."""

from __future__ import annotations

from perfkit.importers.backtests.backtesting_py import read_backtesting
from perfkit.importers.backtests.backtrader import read_backtrader
from perfkit.importers.backtests.freqtrade import read_freqtrade
from perfkit.importers.backtests.lean import read_lean
from perfkit.importers.backtests.nautilus import read_nautilus
from perfkit.importers.backtests.pyfolio import read_pyfolio
from perfkit.importers.backtests.vectorbt import read_vectorbt
from perfkit.importers.backtests.zipline import read_zipline

__all__ = [
    "read_backtesting",
    "read_backtrader",
    "read_freqtrade",
    "read_lean",
    "read_nautilus",
    "read_pyfolio",
    "read_vectorbt",
    "read_zipline",
]
