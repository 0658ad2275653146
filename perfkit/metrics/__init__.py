"""Metrics: one mergeable state, and pure readings of it."""

from __future__ import annotations

from perfkit.metrics.active import (
    active_return,
    active_return_t_stat,
    information_ratio,
    tracking_error,
)
from perfkit.metrics.batting import batting_average
from perfkit.metrics.benchmark import alpha, beta, correlation, r_squared
from perfkit.metrics.capture import capture_ratio, down_capture, total_capture, up_capture
from perfkit.metrics.catalog import HEADLINE, METRICS
from perfkit.metrics.compounding import PERIODS_PER_YEAR, compounded
from perfkit.metrics.downside import adjusted_sortino_ratio, downside_deviation, sortino_ratio
from perfkit.metrics.drawdown import drawdown_series, drawdown_table, longest_drawdown, max_drawdown
from perfkit.metrics.drawdown_averages import (
    average_drawdown,
    average_drawdown_length,
    conditional_drawdown_at_risk,
    pain_index,
    ulcer_index,
)
from perfkit.metrics.drawdown_ratios import calmar_ratio, recovery_factor, sterling_ratio
from perfkit.metrics.excess_drawdown_ratios import burke_ratio, pain_ratio, ulcer_performance_index
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
from perfkit.metrics.growth import cagr, geometric_mean_return, mean_return
from perfkit.metrics.market_ratios import (
    appraisal_ratio,
    m_squared,
    net_selectivity,
    treynor_ratio,
)
from perfkit.metrics.market_regression import (
    MarketModel,
    alpha_t_stat,
    beta_standard_error,
    market_model,
)
from perfkit.metrics.market_timing import henriksson_merton, treynor_mazuy
from perfkit.metrics.metric import Metric
from perfkit.metrics.money_weighted import modified_dietz, money_weighted_return
from perfkit.metrics.omega import d_ratio, gain_to_pain_ratio, omega_ratio
from perfkit.metrics.parametric_risk import (
    cvar_cornish_fisher,
    cvar_gaussian,
    var_cornish_fisher,
    var_gaussian,
)
from perfkit.metrics.partial_moments import (
    kappa_ratio,
    prospect_ratio,
    upside_potential_ratio,
    volatility_skewness,
)
from perfkit.metrics.path import Path
from perfkit.metrics.performance_metrics import PerformanceMetrics
from perfkit.metrics.period import Period, fold
from perfkit.metrics.profile import Profile
from perfkit.metrics.profiles import PROFILES
from perfkit.metrics.r_multiples import expectancy_r
from perfkit.metrics.ratios import adjusted_sharpe_ratio, kelly_fraction, sharpe_ratio
from perfkit.metrics.readings import Reading, compute, read
from perfkit.metrics.reasons import REASONS
from perfkit.metrics.returns import excess_returns, total_return, volatility
from perfkit.metrics.risk_split import residual_volatility, systematic_risk
from perfkit.metrics.rolling import RollingTerms, rolling
from perfkit.metrics.sample import Sample
from perfkit.metrics.shape import (
    autocorrelation,
    kurtosis,
    mean_absolute_deviation,
    skewness,
    stability,
)
from perfkit.metrics.single_periods import (
    best_period,
    positive_periods,
    time_in_market,
    worst_period,
)
from perfkit.metrics.tail import cvar_historical, rachev_ratio, tail_ratio, var_historical
from perfkit.metrics.tally import Tally
from perfkit.metrics.trade_counts import breakeven_count, loss_rate, trade_count, win_rate
from perfkit.metrics.trade_edge import (
    best_trade_share,
    cpc_index,
    expectancy_ratio,
    kelly_criterion,
    payoff_ratio,
    profit_to_drawdown,
)
from perfkit.metrics.trade_spread import (
    expectancy_standard_error,
    pnl_standard_deviation,
    system_quality_number,
    trade_sharpe_ratio,
)
from perfkit.metrics.trades import (
    avg_loss,
    avg_win,
    expectancy,
    gross_loss,
    gross_profit,
    profit_factor,
    total_pnl,
)
from perfkit.metrics.value_at_risk import expected_shortfall, value_at_risk

__all__ = [
    "HEADLINE",
    "METRICS",
    "PERIODS_PER_YEAR",
    "PROFILES",
    "REASONS",
    "Explanation",
    "Frequency",
    "MarketModel",
    "Metric",
    "Path",
    "PerformanceMetrics",
    "Period",
    "Profile",
    "Reading",
    "RollingTerms",
    "Sample",
    "Tally",
    "active_return",
    "active_return_t_stat",
    "adjusted_sharpe_ratio",
    "adjusted_sortino_ratio",
    "alpha",
    "alpha_t_stat",
    "appraisal_ratio",
    "autocorrelation",
    "average_drawdown",
    "average_drawdown_length",
    "avg_loss",
    "avg_win",
    "batting_average",
    "best_period",
    "best_trade",
    "best_trade_share",
    "beta",
    "beta_standard_error",
    "breakeven_count",
    "burke_ratio",
    "cagr",
    "calmar_ratio",
    "capture_ratio",
    "compounded",
    "compute",
    "conditional_drawdown_at_risk",
    "correlation",
    "cpc_index",
    "current_streak",
    "cvar_cornish_fisher",
    "cvar_gaussian",
    "cvar_historical",
    "d_ratio",
    "down_capture",
    "downside_deviation",
    "drawdown_series",
    "drawdown_table",
    "excess_returns",
    "expectancy",
    "expectancy_r",
    "expectancy_ratio",
    "expectancy_standard_error",
    "expected_shortfall",
    "explain",
    "fold",
    "gain_to_pain_ratio",
    "geometric_mean_return",
    "gross_loss",
    "gross_profit",
    "henriksson_merton",
    "information_ratio",
    "kappa_ratio",
    "kelly_criterion",
    "kelly_fraction",
    "kurtosis",
    "longest_drawdown",
    "longest_losing_streak",
    "longest_winning_streak",
    "loss_rate",
    "m_squared",
    "market_model",
    "max_drawdown",
    "mean_absolute_deviation",
    "mean_return",
    "modified_dietz",
    "money_weighted_return",
    "net_selectivity",
    "omega_ratio",
    "pain_index",
    "pain_ratio",
    "payoff_ratio",
    "periods_per_year",
    "pnl_drawdown",
    "pnl_standard_deviation",
    "positive_periods",
    "profit_factor",
    "profit_to_drawdown",
    "prospect_ratio",
    "r_squared",
    "rachev_ratio",
    "read",
    "recovery_factor",
    "residual_volatility",
    "rolling",
    "sharpe_ratio",
    "skewness",
    "sortino_ratio",
    "stability",
    "sterling_ratio",
    "system_quality_number",
    "systematic_risk",
    "tail_ratio",
    "time_in_market",
    "total_capture",
    "total_pnl",
    "total_return",
    "tracking_error",
    "trade_count",
    "trade_sharpe_ratio",
    "treynor_mazuy",
    "treynor_ratio",
    "ulcer_index",
    "ulcer_performance_index",
    "up_capture",
    "upside_potential_ratio",
    "value_at_risk",
    "var_cornish_fisher",
    "var_gaussian",
    "var_historical",
    "volatility",
    "volatility_skewness",
    "win_rate",
    "worst_period",
    "worst_trade",
]
