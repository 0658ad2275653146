"""Execution: strategies, brokers, and the backtest that runs them over prices."""

from __future__ import annotations

from perfkit.execution.backtest_engine import BacktestEngine, Tracker
from perfkit.execution.broker import Broker, Order, PaperBroker
from perfkit.execution.costs import (
    IBKR_FIXED_US,
    BasisPointCommission,
    BasisPointSlippage,
    Commission,
    PerShareCommission,
    Slippage,
)
from perfkit.execution.mandate import Mandate
from perfkit.execution.market_data import DailyPrices, at_close, load_skfolio_prices, to_bars
from perfkit.execution.prices_so_far import PricesSoFar
from perfkit.execution.rebalancing import TradingRules, order_volumes
from perfkit.execution.strategies import (
    Breakout,
    MeanReversion,
    Momentum,
    Strategy,
    Variant,
    textbook_strategies,
)

__all__ = [
    "IBKR_FIXED_US",
    "BacktestEngine",
    "BasisPointCommission",
    "BasisPointSlippage",
    "Breakout",
    "Broker",
    "Commission",
    "DailyPrices",
    "Mandate",
    "MeanReversion",
    "Momentum",
    "Order",
    "PaperBroker",
    "PerShareCommission",
    "PricesSoFar",
    "Slippage",
    "Strategy",
    "Tracker",
    "TradingRules",
    "Variant",
    "at_close",
    "load_skfolio_prices",
    "order_volumes",
    "textbook_strategies",
    "to_bars",
]
