"""The ledger: from fills to positions, P&L, round trips and equity."""

from __future__ import annotations

from perfkit.ledger.corrections import effective_fills
from perfkit.ledger.curves import daily_returns, drawdown_curve, nav_curve, pnl_curve
from perfkit.ledger.equity import daily_equity
from perfkit.ledger.ledger import LEDGER_SCHEMA, Ledger
from perfkit.ledger.nav import combine_equity
from perfkit.ledger.round_trip import round_trips
from perfkit.ledger.trading_day import trading_day

__all__ = [
    "LEDGER_SCHEMA",
    "Ledger",
    "combine_equity",
    "daily_equity",
    "daily_returns",
    "drawdown_curve",
    "effective_fills",
    "nav_curve",
    "pnl_curve",
    "round_trips",
    "trading_day",
]
