"""Market: what was known of a market when a trade happened."""

from __future__ import annotations

from perfkit.market.context_asof import context_asof
from perfkit.market.definition import DAILY, INTRADAY, Definition
from perfkit.market.market_state import MarketState
from perfkit.market.session_years import sessions_a_year

__all__ = ["DAILY", "INTRADAY", "Definition", "MarketState", "context_asof", "sessions_a_year"]
