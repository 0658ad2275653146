"""What the peers are asked: the call, our name for it, our options, and on which series.

Letters name the series beside the two that every call is made on: F a loss in the first
period, Z zeros among the returns, N missing returns, G gains alone, C a constant; the
word ``daily`` leaves out the monthly one. ``p`` is the periods in a year.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CALLS", "NOT_REPRODUCED"]

P: dict[str, Any] = {"periods": "p"}
RF = P | {"rf": 0.04}
DAILY_RF = P | {"rf_per_period": 0.0002}

QUANTSTATS = [
    ("stats.comp(returns)", "total_return", {}, "FZNGC"),
    ("stats.cagr(returns, periods=p)", "cagr", P, "FNGC"),
    ("stats.geometric_mean(returns)", "geometric_mean_return", {}, "N"),
    ("stats.volatility(returns, periods=p)", "volatility", P, "ZNG"),
    ("stats.sharpe(returns, periods=p)", "sharpe_ratio", P, "ZNGC"),
    ("stats.sharpe(returns, rf=0.04, periods=p)", "sharpe_ratio", RF, "N"),
    ("stats.sharpe(returns, annualize=False)", "sharpe_ratio", P | {"annualise": False}, ""),
    ("stats.sortino(returns, periods=p)", "sortino_ratio", P, "ZNGC"),
    ("stats.sortino(returns, rf=0.04, periods=p)", "sortino_ratio", RF, "N"),
    ("stats.adjusted_sortino(returns, periods=p)", "adjusted_sortino_ratio", P, "NG"),
    ("stats.max_drawdown(returns)", "max_drawdown", {}, "FZNGC"),
    ("stats.calmar(returns, periods=p)", "calmar_ratio", P, "FNGC"),
    ("stats.omega(returns, periods=p)", "omega_ratio", P, "ZNGC"),
    ("stats.omega(returns, rf=0.04, periods=p)", "omega_ratio", RF, "N"),
    (
        "stats.omega(returns, required_return=0.05, periods=p)",
        "omega_ratio",
        P | {"threshold_annual": 0.05},
        "",
    ),
    ("stats.gain_to_pain_ratio(returns)", "gain_to_pain_ratio", {}, "ZNGC"),
    ("stats.skew(returns)", "skewness", {}, "N"),
    ("stats.kurtosis(returns)", "kurtosis", {}, "N"),
    ("stats.ulcer_index(returns)", "ulcer_index", {}, "FNGC"),
    ("stats.ulcer_performance_index(returns)", "ulcer_performance_index", P, "FNGC"),
    ("stats.ulcer_performance_index(returns, rf=0.04)", "ulcer_performance_index", RF, ""),
    ("stats.recovery_factor(returns)", "recovery_factor", {}, "FNGC"),
    ("stats.value_at_risk(returns)", "value_at_risk", {}, "N"),
    ("stats.value_at_risk(returns, confidence=0.99)", "value_at_risk", {"tail": 0.01}, ""),
    ("stats.conditional_value_at_risk(returns)", "expected_shortfall", {}, "N"),
    (
        "stats.conditional_value_at_risk(returns, confidence=0.99)",
        "expected_shortfall",
        {"tail": 0.01},
        "",
    ),
    ("stats.cvar(returns, method='historical')", "cvar_historical", {}, "N"),
    ("stats.tail_ratio(returns)", "tail_ratio", {}, "NG"),
    ("stats.exposure(returns)", "time_in_market", {}, "ZN"),
    ("stats.win_rate(returns)", "win_rate", {}, "ZNG"),
    ("stats.profit_factor(returns)", "profit_factor", {}, "ZNG"),
    ("stats.payoff_ratio(returns)", "payoff_ratio", {}, "ZNG"),
    ("stats.avg_win(returns)", "avg_win", {}, "Z"),
    ("stats.avg_loss(returns)", "avg_loss", {}, "ZG"),
    ("stats.best(returns)", "best_period", {}, "N"),
    ("stats.worst(returns)", "worst_period", {}, "N"),
    ("stats.consecutive_wins(returns)", "longest_winning_streak", {}, "ZG"),
    ("stats.consecutive_losses(returns)", "longest_losing_streak", {}, "ZG"),
    ("stats.kelly_criterion(returns)", "kelly_criterion", {}, "ZNG"),
    ("stats.cpc_index(returns)", "cpc_index", {}, "Z"),
    ("stats.probabilistic_sharpe_ratio(returns)", "probabilistic_sharpe_ratio", {}, "ZG"),
    (
        "stats.probabilistic_sharpe_ratio(returns, rf=0.04, periods=p)",
        "probabilistic_sharpe_ratio",
        RF,
        "",
    ),
    ("stats.greeks(returns, benchmark, periods=p)['alpha']", "alpha", P, "NG"),
    ("stats.greeks(returns, benchmark)['beta']", "beta", {}, "NG"),
    ("stats.information_ratio(returns, benchmark)", "information_ratio", P, "NG"),
    ("stats.r_squared(returns, benchmark)", "r_squared", {}, "N"),
    ("stats.treynor_ratio(returns, benchmark, periods=p)", "treynor_ratio", P, "N"),
    ("stats.treynor_ratio(returns, benchmark, periods=p, rf=0.04)", "treynor_ratio", RF, ""),
]

EMPYRICAL = [
    ("empyrical.cum_returns_final(returns)", "total_return", {}, "FZNGC"),
    ("empyrical.cagr(returns, annualization=p)", "cagr", P, "FNGC"),
    ("empyrical.annual_volatility(returns, annualization=p)", "volatility", P, "ZNG"),
    ("empyrical.sharpe_ratio(returns, annualization=p)", "sharpe_ratio", P, "ZNGC"),
    (
        "empyrical.sharpe_ratio(returns, risk_free=0.0002, annualization=p)",
        "sharpe_ratio",
        DAILY_RF,
        "N",
    ),
    ("empyrical.sortino_ratio(returns, annualization=p)", "sortino_ratio", P, "ZNGC"),
    (
        "empyrical.sortino_ratio(returns, required_return=0.0002, annualization=p)",
        "sortino_ratio",
        DAILY_RF,
        "N",
    ),
    ("empyrical.downside_risk(returns, annualization=p)", "downside_deviation", P, "ZNG"),
    ("empyrical.max_drawdown(returns)", "max_drawdown", {}, "FZNGC"),
    ("empyrical.calmar_ratio(returns, annualization=p)", "calmar_ratio", P, "FNGC"),
    ("empyrical.omega_ratio(returns)", "omega_ratio", P, "ZNGC"),
    ("empyrical.omega_ratio(returns, risk_free=0.0002)", "omega_ratio", DAILY_RF, "N"),
    (
        "empyrical.omega_ratio(returns, required_return=0.05, annualization=p)",
        "omega_ratio",
        P | {"threshold_annual": 0.05},
        "",
    ),
    ("empyrical.stability_of_timeseries(returns)", "stability", {}, "FN"),
    ("empyrical.tail_ratio(returns)", "tail_ratio", {}, "NG"),
    ("empyrical.value_at_risk(returns)", "value_at_risk", {}, "N"),
    ("empyrical.value_at_risk(returns, cutoff=0.01)", "value_at_risk", {"tail": 0.01}, ""),
    ("empyrical.conditional_value_at_risk(returns)", "expected_shortfall", {}, "ZNC"),
    ("scipy.stats.skew(returns)", "skewness", {}, ""),
    ("scipy.stats.kurtosis(returns)", "kurtosis", {}, ""),
    ("empyrical.excess_sharpe(returns, benchmark)", "information_ratio", P, "NG"),
    ("empyrical.alpha(returns, benchmark, annualization=p)", "alpha", P, "NG"),
    (
        "empyrical.alpha(returns, benchmark, risk_free=0.0002, annualization=p)",
        "alpha",
        DAILY_RF,
        "",
    ),
    ("empyrical.beta(returns, benchmark)", "beta", {}, "NG"),
    (
        "empyrical.up_alpha_beta(returns, benchmark, annualization=p)[0]",
        "alpha",
        P | {"side": "up"},
        "",
    ),
    (
        "empyrical.up_alpha_beta(returns, benchmark, annualization=p)[1]",
        "beta",
        {"side": "up"},
        "Z",
    ),
    (
        "empyrical.down_alpha_beta(returns, benchmark, annualization=p)[1]",
        "beta",
        {"side": "down"},
        "Z",
    ),
    ("empyrical.up_capture(returns, benchmark, period=period)", "up_capture", P, "ZNG"),
    ("empyrical.down_capture(returns, benchmark, period=period)", "down_capture", P, "ZNG"),
    (
        "empyrical.batting_average(returns, benchmark)['batting average']",
        "batting_average",
        {},
        "ZN",
    ),
]

VECTORBT = [
    ("accessor.total()", "total_return", {}, "FZNGC"),
    ("accessor.annualized()", "cagr", P, "FNGC"),
    ("returns.vbt.returns(freq='1D').annualized()", "cagr", {}, ""),
    ("accessor.annualized_volatility()", "volatility", P, "ZNG"),
    ("accessor.sharpe_ratio()", "sharpe_ratio", P, "ZNGC"),
    ("accessor.sharpe_ratio(risk_free=0.0002)", "sharpe_ratio", DAILY_RF, "N"),
    ("returns.vbt.returns(freq='1D').sharpe_ratio()", "sharpe_ratio", {}, ""),
    ("accessor.sharpe_ratio(ddof=0)", "sharpe_ratio", P | {"ddof": 0}, ""),
    ("accessor.sortino_ratio()", "sortino_ratio", P, "ZNGC"),
    ("accessor.sortino_ratio(required_return=0.0002)", "sortino_ratio", DAILY_RF, "N"),
    ("accessor.downside_risk()", "downside_deviation", P, "ZNG"),
    ("accessor.max_drawdown()", "max_drawdown", {}, "FZNGC"),
    ("accessor.calmar_ratio()", "calmar_ratio", P, "FNGC"),
    ("accessor.omega_ratio()", "omega_ratio", P, "ZNGC"),
    ("accessor.omega_ratio(risk_free=0.0002)", "omega_ratio", DAILY_RF, "N"),
    (
        "accessor.omega_ratio(required_return=0.05)",
        "omega_ratio",
        P | {"threshold_annual": 0.05},
        "",
    ),
    ("accessor.ulcer_index()", "ulcer_index", {}, "FNGC"),
    ("accessor.martin_ratio()", "ulcer_performance_index", P, "FNGC"),
    ("accessor.martin_ratio(risk_free=0.0002)", "ulcer_performance_index", DAILY_RF, ""),
    ("accessor.tail_ratio()", "tail_ratio", {}, "NG"),
    ("accessor.value_at_risk()", "value_at_risk", {}, "N"),
    ("accessor.cond_value_at_risk()", "expected_shortfall", {}, "ZNC"),
    ("returns.vbt.returns.obj.skew()", "skewness", {}, "N"),
    ("returns.vbt.returns.obj.kurtosis()", "kurtosis", {}, "N"),
    ("accessor.information_ratio()", "information_ratio", P, "NG"),
    ("accessor.alpha()", "alpha", P, "NG"),
    ("accessor.alpha(risk_free=0.0002)", "alpha", DAILY_RF, ""),
    ("accessor.beta()", "beta", {}, "NG"),
    ("accessor.up_capture()", "up_capture", P, "ZNG"),
    ("accessor.down_capture()", "down_capture", P, "ZNG"),
    (
        "accessor.deflated_sharpe_ratio(var_sharpe=0.01 * p, nb_trials=10)",
        "deflated_sharpe_ratio",
        {"trials": 10, "trials_variance": 0.01},
        "N",
    ),
]

FFN = [
    ("ffn.calc_total_return(prices)", "total_return", {}, "FZGC"),
    ("ffn.calc_cagr(prices)", "cagr", P, "FGC"),
    ("ffn.calc_sharpe(returns, nperiods=p)", "sharpe_ratio", P, "ZGC"),
    ("ffn.calc_sharpe(returns, rf=0.04, nperiods=p)", "sharpe_ratio", RF, ""),
    (
        "ffn.calc_sharpe(returns, nperiods=p, annualize=False)",
        "sharpe_ratio",
        P | {"annualise": False},
        "",
    ),
    ("ffn.calc_sortino_ratio(returns, nperiods=p)", "sortino_ratio", P, "ZGC"),
    ("ffn.calc_sortino_ratio(returns, rf=0.04, nperiods=p)", "sortino_ratio", RF, ""),
    ("ffn.calc_max_drawdown(prices)", "max_drawdown", {}, "FGC"),
    ("ffn.calc_calmar_ratio(prices)", "calmar_ratio", P, "FGC"),
    ("ffn.to_ulcer_index(prices)", "ulcer_index", {}, "FGC"),
    ("ffn.to_ulcer_performance_index(prices)", "ulcer_performance_index", P, "F"),
    ("ffn.to_ulcer_performance_index(prices, rf=0.04)", "ulcer_performance_index", RF, ""),
    ("ffn.calc_information_ratio(returns, benchmark)", "information_ratio", P, "G"),
    ("ffn.calc_stats(prices, annualization_factor=p).daily_vol", "volatility", P, "daily"),
    ("ffn.calc_stats(prices).daily_skew", "skewness", {}, "daily"),
    ("ffn.calc_stats(prices).daily_kurt", "kurtosis", {}, "daily"),
    (  # the variance of the four is 0.0081 / 3
        "ffn.calc_deflated_sharpe_ratio(returns, [0.01, 0.05, 0.1, -0.02],"
        " nperiods=p, annualized_trials=False)",
        "deflated_sharpe_ratio",
        {"trials": 4, "trials_variance": 0.0027},
        "",
    ),
]

CALLS: dict[str, list[tuple[str, str, dict[str, Any], str]]] = {
    "quantstats": QUANTSTATS,
    "empyrical": EMPYRICAL,
    "vectorbt": VECTORBT,
    "ffn": FFN,
}

# numbers that a profile leaves to its peer; it says why
NOT_REPRODUCED = {
    ("stats.recovery_factor(returns)", "first_loss"),
    ("stats.kelly_criterion(returns)", "all_gains"),
    ("stats.cpc_index(returns)", "zeros"),
    ("stats.exposure(returns)", "zeros"),
    ("stats.sharpe(returns, periods=p)", "constant"),
    ("stats.calmar(returns, periods=p)", "all_gains"),
    ("stats.calmar(returns, periods=p)", "constant"),
    ("empyrical.value_at_risk(returns)", "gaps"),
    ("accessor.sharpe_ratio()", "constant"),
    ("ffn.calc_sharpe(returns, nperiods=p)", "constant"),
}
