"""The tracker: the one door through which trades enter a history."""

from __future__ import annotations

from perfkit.tracker.recorder import Recorder
from perfkit.tracker.roles import Labeler, Market
from perfkit.tracker.strategy_order_tracker import StrategyOrderTracker
from perfkit.tracker.strategy_orders import StrategyOrder, StrategyPnL, StrategyPosition
from perfkit.tracker.trade_tracker import TradeTracker

__all__ = [
    "Labeler",
    "Market",
    "Recorder",
    "StrategyOrder",
    "StrategyOrderTracker",
    "StrategyPnL",
    "StrategyPosition",
    "TradeTracker",
]
