"""Metrics: one mergeable state, and pure readings of it."""

from __future__ import annotations

from perfkit.metrics.benchmark import alpha, beta, correlation, information_ratio, tracking_error
from perfkit.metrics.capture import down_capture, up_capture
from perfkit.metrics.catalog import HEADLINE, METRICS
from perfkit.metrics.drawdown import (
    drawdown_series,
    drawdown_table,
    longest_drawdown,
    max_drawdown,
)
from perfkit.metrics.explanation import Explanation, explain
from perfkit.metrics.extremes import (
    best_trade,
    current_streak,
    longest_losing_streak,
    longest_winning_streak,
    pnl_drawdown,
    worst_trade,
)
from perfkit.metrics.frequency import Frequency, periods_per_year
from perfkit.metrics.metric import REASONS, Metric
from perfkit.metrics.money_weighted import modified_dietz, money_weighted_return
from perfkit.metrics.path import Path
from perfkit.metrics.performance_metrics import PerformanceMetrics
from perfkit.metrics.period import Period, fold
from perfkit.metrics.profile import Profile
from perfkit.metrics.profiles import PROFILES
from perfkit.metrics.r_multiples import expectancy_r
from perfkit.metrics.ratios import calmar_ratio, downside_deviation, sharpe_ratio, sortino_ratio
from perfkit.metrics.readings import Reading, compute, read
from perfkit.metrics.returns import (
    PERIODS_PER_YEAR,
    cagr,
    compounded,
    excess_returns,
    total_return,
    volatility,
)
from perfkit.metrics.sample import Sample
from perfkit.metrics.tail import cvar_historical, kurtosis, skewness, var_historical
from perfkit.metrics.tally import Tally
from perfkit.metrics.trades import (
    avg_loss,
    avg_win,
    expectancy,
    payoff_ratio,
    profit_factor,
    system_quality_number,
    total_pnl,
    trade_count,
    win_rate,
)

__all__ = [
    "HEADLINE",
    "METRICS",
    "PERIODS_PER_YEAR",
    "PROFILES",
    "REASONS",
    "Explanation",
    "Frequency",
    "Metric",
    "Path",
    "PerformanceMetrics",
    "Period",
    "Profile",
    "Reading",
    "Sample",
    "Tally",
    "alpha",
    "avg_loss",
    "avg_win",
    "best_trade",
    "beta",
    "cagr",
    "calmar_ratio",
    "compounded",
    "compute",
    "correlation",
    "current_streak",
    "cvar_historical",
    "down_capture",
    "downside_deviation",
    "drawdown_series",
    "drawdown_table",
    "excess_returns",
    "expectancy",
    "expectancy_r",
    "explain",
    "fold",
    "information_ratio",
    "kurtosis",
    "longest_drawdown",
    "longest_losing_streak",
    "longest_winning_streak",
    "max_drawdown",
    "modified_dietz",
    "money_weighted_return",
    "payoff_ratio",
    "periods_per_year",
    "pnl_drawdown",
    "profit_factor",
    "read",
    "sharpe_ratio",
    "skewness",
    "sortino_ratio",
    "system_quality_number",
    "total_pnl",
    "total_return",
    "tracking_error",
    "trade_count",
    "up_capture",
    "var_historical",
    "volatility",
    "win_rate",
    "worst_trade",
]
