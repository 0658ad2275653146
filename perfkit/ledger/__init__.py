"""The ledger: from fills to positions, P&L, round trips and equity."""

from __future__ import annotations

from perfkit.ledger.allocation import allocate_fill, cross_fill
from perfkit.ledger.corrections import effective_fills
from perfkit.ledger.curves import daily_returns, drawdown_curve, nav_curve, pnl_curve
from perfkit.ledger.equity import daily_equity
from perfkit.ledger.exchange_rates import ExchangeRates
from perfkit.ledger.ledger import Ledger
from perfkit.ledger.ledger_answer import LEDGER_SCHEMA
from perfkit.ledger.nav import combine_equity
from perfkit.ledger.round_trip import round_trips
from perfkit.ledger.trading_day import TradingClock, trading_day

__all__ = [
    "LEDGER_SCHEMA",
    "ExchangeRates",
    "Ledger",
    "TradingClock",
    "allocate_fill",
    "combine_equity",
    "cross_fill",
    "daily_equity",
    "daily_returns",
    "drawdown_curve",
    "effective_fills",
    "nav_curve",
    "pnl_curve",
    "round_trips",
    "trading_day",
]
