"""Market: what was known of a market when a trade happened."""

from __future__ import annotations

from perfkit.market.definition import DAILY, Definition
from perfkit.market.market_state import MarketState, context_asof

__all__ = ["DAILY", "Definition", "MarketState", "context_asof"]
