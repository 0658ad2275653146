"""Execution: strategies, brokers, the engine that trades them, and the backtest."""

from __future__ import annotations

from perfkit.execution.alpaca_broker import AlpacaBroker, AlpacaUrls
from perfkit.execution.alpaca_wire import AlpacaPatience
from perfkit.execution.backtest_engine import BacktestEngine, Tracker
from perfkit.execution.broker import AccountInfo, Broker, Executions, SimulatedBroker
from perfkit.execution.costs import (
    IBKR_FIXED_US,
    BasisPointCommission,
    BasisPointSlippage,
    Commission,
    PerShareCommission,
    Slippage,
)
from perfkit.execution.execution_result import ExecutionResult
from perfkit.execution.execution_summary import create_execution_summary
from perfkit.execution.mandate import Mandate
from perfkit.execution.market_data import DailyPrices, at_close, load_skfolio_prices, to_bars
from perfkit.execution.multi_strategy import MultiStrategyManager
from perfkit.execution.order import Order, OrderReport, OrderStatus
from perfkit.execution.paper_broker import PaperBroker
from perfkit.execution.prices_so_far import PricesSoFar
from perfkit.execution.rebalancer import Holdings, PortfolioRebalancer, RebalancingPlan
from perfkit.execution.rebalancing import TradingRules, order_volumes
from perfkit.execution.roles import TradingTracker
from perfkit.execution.signals import Signal, SignalStrategy
from perfkit.execution.strategies import (
    Breakout,
    MeanReversion,
    Momentum,
    Strategy,
    Variant,
    textbook_strategies,
)
from perfkit.execution.trading_engine import TradingEngine

__all__ = [
    "IBKR_FIXED_US",
    "AccountInfo",
    "AlpacaBroker",
    "AlpacaPatience",
    "AlpacaUrls",
    "BacktestEngine",
    "BasisPointCommission",
    "BasisPointSlippage",
    "Breakout",
    "Broker",
    "Commission",
    "DailyPrices",
    "ExecutionResult",
    "Executions",
    "Holdings",
    "Mandate",
    "MeanReversion",
    "Momentum",
    "MultiStrategyManager",
    "Order",
    "OrderReport",
    "OrderStatus",
    "PaperBroker",
    "PerShareCommission",
    "PortfolioRebalancer",
    "PricesSoFar",
    "RebalancingPlan",
    "Signal",
    "SignalStrategy",
    "SimulatedBroker",
    "Slippage",
    "Strategy",
    "Tracker",
    "TradingEngine",
    "TradingRules",
    "TradingTracker",
    "Variant",
    "at_close",
    "create_execution_summary",
    "load_skfolio_prices",
    "order_volumes",
    "textbook_strategies",
    "to_bars",
]
