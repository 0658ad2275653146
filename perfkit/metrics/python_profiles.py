"""Profiles of Python libraries: quantstats, empyrical, vectorbt and ffn.

Read from their source, and compared with their numbers on the same series.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from perfkit.metrics.profile import Profile

__all__ = ["EMPYRICAL", "FFN", "QUANTSTATS", "VECTORBT"]

_A_PERIODS = {"annualise": False}
_FALLS = {"sign": "return"}
_COUNTED: dict[str, Any] = {"nan": "zero"}
_NAN: dict[str, Any] = {"undefined": "nan"}
_INF: dict[str, Any] = {"undefined": "inf"}

QUANTSTATS = Profile(
    name="quantstats",
    source="quantstats 0.0.86",
    periods=252,
    trades_are_returns=True,
    options=MappingProxyType(
        {
            "max_drawdown": _FALLS,
            "sortino_ratio": _NAN,
            "adjusted_sortino_ratio": _NAN,
            "omega_ratio": _NAN,
            "gain_to_pain_ratio": _NAN,
            "ulcer_index": _COUNTED | {"ddof": 1},
            "ulcer_performance_index": _COUNTED | _NAN | {"ddof": 1, "growth": "total"},
            "recovery_factor": _NAN | {"gain": "sum"},
            "value_at_risk": {"method": "gaussian"},
            "expected_shortfall": {"method": "gaussian"},
            "tail_ratio": _NAN,
            "win_rate": {"zero_pnl": "excluded"},
            "payoff_ratio": _NAN,
            "kelly_criterion": _NAN,
            "alpha": {"annualise": "arithmetic"},
            "information_ratio": _A_PERIODS | {"undefined": "zero"},
            "treynor_ratio": {"excess": "total"},
            "probabilistic_sharpe_ratio": {"moments": "unbiased", "small_sample": "answer"},
        }
    ),
    called=MappingProxyType(
        {
            "total_return": "comp",
            "geometric_mean_return": "geometric_mean",
            "sharpe_ratio": "sharpe",
            "sortino_ratio": "sortino",
            "adjusted_sortino_ratio": "adjusted_sortino",
            "calmar_ratio": "calmar",
            "omega_ratio": "omega",
            "skewness": "skew",
            "expected_shortfall": "conditional_value_at_risk",
            "cvar_historical": "cvar",
            "time_in_market": "exposure",
            "best_period": "best",
            "worst_period": "worst",
            "longest_winning_streak": "consecutive_wins",
            "longest_losing_streak": "consecutive_losses",
            "alpha": "greeks",
            "beta": "greeks",
        }
    ),
    deviations=MappingProxyType(
        {
            "sharpe_ratio": "of a constant series it divides by the rounding of the deviation "
            "(4e16); here it is NaN",
            "calmar_ratio": "without a drawdown it raises ZeroDivisionError; here a gain for none "
            "is infinite",
            "recovery_factor": "it drops the sign of the gain, so that a loss recovers too; here "
            "it is negative",
            "time_in_market": "it rounds up to a whole percent; here nothing is rounded",
            "cpc_index": "its win rate leaves out periods of zero; here they are counted",
            "kelly_criterion": "without a loss it is NaN; here it is the win rate, 1",
            "profit_factor": "of an empty series it is 0; here it is NaN",
        }
    ),
)

EMPYRICAL = Profile(
    name="empyrical",
    source="empyrical-reloaded 0.7.1",
    periods=252,
    options=MappingProxyType(
        {
            "cagr": _COUNTED,
            "calmar_ratio": _COUNTED | _NAN,
            "max_drawdown": _FALLS,
            "sharpe_ratio": _INF,
            "omega_ratio": _NAN,
            "skewness": {"moments": "biased"},
            "kurtosis": {"moments": "biased"},
            "expected_shortfall": {"rule": "lowest"},
            "cvar_historical": {"rule": "lowest"},
            "information_ratio": _A_PERIODS | _INF,
        }
    ),
    called=MappingProxyType(
        {
            "total_return": "cum_returns_final",
            "volatility": "annual_volatility",
            "downside_deviation": "downside_risk",
            "stability": "stability_of_timeseries",
            "expected_shortfall": "conditional_value_at_risk",
            "skewness": "scipy.stats.skew",
            "kurtosis": "scipy.stats.kurtosis",
            "information_ratio": "excess_sharpe",
        }
    ),
    deviations=MappingProxyType(
        {
            "value_at_risk": "a missing return makes it NaN, while its expected shortfall leaves "
            "it out; here both leave it out",
            "sharpe_ratio": "of a constant series that loses it is -inf, of zeros NaN; here both "
            "are inf, as of one that gains",
        }
    ),
)

VECTORBT = Profile(
    name="vectorbt",
    source="vectorbt 1.2.0",
    periods=365,
    options=MappingProxyType(
        {
            "cagr": _COUNTED,
            "max_drawdown": _FALLS | {"peak": "first_close"},
            "calmar_ratio": _COUNTED | _NAN | {"peak": "first_close"},
            "ulcer_index": _COUNTED | {"peak": "first_close"},
            "ulcer_performance_index": _COUNTED | _NAN | {"peak": "first_close"},
            "sharpe_ratio": _INF,
            "sortino_ratio": _INF,
            "omega_ratio": _INF,
            "tail_ratio": _INF,
            "expected_shortfall": {"rule": "lowest"},
            "cvar_historical": {"rule": "lowest"},
            "information_ratio": _A_PERIODS | _INF,
            "up_capture": _COUNTED | _INF,
            "down_capture": _COUNTED | _INF,
            "deflated_sharpe_ratio": {"small_sample": "answer"},
        }
    ),
    called=MappingProxyType(
        {
            "total_return": "total",
            "cagr": "annualized",
            "volatility": "annualized_volatility",
            "downside_deviation": "downside_risk",
            "ulcer_performance_index": "martin_ratio",
            "expected_shortfall": "cond_value_at_risk",
            "skewness": "skew",
        }
    ),
    deviations=MappingProxyType(
        {
            "sharpe_ratio": "of a constant series it divides by the rounding of the deviation "
            "(4e16) unless that is exactly 0; here it is inf",
            "win_rate": "it counts open trades too; here only closed ones",
            "profit_factor": "it counts open trades too; here only closed ones",
            "expectancy": "it counts open trades too; here only closed ones",
            "system_quality_number": "it counts open trades too; here only closed ones",
        }
    ),
)

FFN = Profile(
    name="ffn",
    source="ffn 1.4.1",
    periods=252,
    options=MappingProxyType(
        {
            "cagr": {"years": "calendar"},
            "calmar_ratio": {"years": "calendar"},
            "max_drawdown": _FALLS,
            "ulcer_index": _COUNTED | {"unit": "percent"},
            "ulcer_performance_index": _COUNTED | {"years": "calendar"},
            "information_ratio": _A_PERIODS | {"undefined": "zero"},
            "deflated_sharpe_ratio": {"moments": "unbiased", "small_sample": "answer"},
        }
    ),
    called=MappingProxyType(
        {
            "total_return": "calc_total_return",
            "cagr": "calc_cagr",
            "volatility": "daily_vol",
            "sharpe_ratio": "calc_sharpe",
            "sortino_ratio": "calc_sortino_ratio",
            "max_drawdown": "calc_max_drawdown",
            "calmar_ratio": "calc_calmar_ratio",
            "ulcer_index": "to_ulcer_index",
            "ulcer_performance_index": "to_ulcer_performance_index",
            "information_ratio": "calc_information_ratio",
            "skewness": "daily_skew",
            "kurtosis": "daily_kurt",
        }
    ),
    deviations=MappingProxyType(
        {
            "sharpe_ratio": "of prices that grow by a constant it divides by the rounding of the "
            "deviation (2e15); here it is NaN",
        }
    ),
)
