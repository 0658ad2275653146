"""Profiles by document: QuantConnect LEAN (C#) and R PerformanceAnalytics.

Neither runs here: the options come from their source, the numbers from their tests, man
pages and recorded runs.
"""

from __future__ import annotations

from types import MappingProxyType

from perfkit.metrics.profile import Profile

__all__ = ["LEAN", "PERFORMANCE_ANALYTICS"]

LEAN = Profile(
    name="lean",
    source="QuantConnect LEAN",
    periods=252,
    options=MappingProxyType(
        {
            "cagr": {"years": "calendar", "days_in_year": 365.0},
            "calmar_ratio": {"years": "calendar", "days_in_year": 365.0},
            "sharpe_ratio": {"mean": "compound_mean", "undefined": "zero"},
            "sortino_ratio": {
                "mean": "compound_mean",
                "denominator": "spread_below",
                "undefined": "zero",
            },
            "value_at_risk": {"method": "gaussian"},
            "alpha": {"annualise": "capm", "undefined": "zero"},
            "beta": {"undefined": "zero"},
            "information_ratio": {"numerator": "compound_mean_difference", "undefined": "zero"},
            "treynor_ratio": {"excess": "compound_mean", "undefined": "zero"},
            "probabilistic_sharpe_ratio": {
                "moments": "unbiased_excess",
                "small_sample": "answer",
            },
        }
    ),
    called=MappingProxyType(
        {
            "volatility": "AnnualStandardDeviation",
            "sharpe_ratio": "SharpeRatio",
            "tracking_error": "TrackingError",
        }
    ),
    deviations=MappingProxyType(
        {
            "max_drawdown": "it is rounded to 3 digits; here nothing is rounded",
            "value_at_risk": "it is of the last year alone and rounded to 3 digits; here it is of "
            "all returns",
            "payoff_ratio": "where it is undefined it is 0, or 10 without a loss; here it is NaN "
            "or inf",
            "profit_factor": "where it is undefined it is 0, or 10 without a loss; here it is NaN "
            "or inf",
        }
    ),
)

PERFORMANCE_ANALYTICS = Profile(
    name="performance_analytics",
    source="R PerformanceAnalytics 2.1.0",
    options=MappingProxyType(
        {
            "sortino_ratio": {"annualise": False},
            "downside_deviation": {"annualise": False},
            "adjusted_sharpe_ratio": {"mean": "geometric"},
            "skewness": {"moments": "biased"},
            "kurtosis": {"moments": "biased"},
            "value_at_risk": {"method": "cornish_fisher"},
            "expected_shortfall": {"method": "cornish_fisher"},
            "var_gaussian": {"ddof": 0},
            "cvar_gaussian": {"ddof": 0},
            "alpha": {"annualise": "per_period"},
            "appraisal_ratio": {"annualise": "jensen", "ddof": 0},
            "residual_volatility": {"ddof": 0},
            "information_ratio": {"numerator": "geometric_annualised_difference"},
            "up_capture": {"method": "cumulative_geometric"},
            "down_capture": {"method": "cumulative_geometric", "zero_benchmark": "down"},
        }
    ),
    called=MappingProxyType(
        {
            "total_return": "Return.cumulative",
            "cagr": "Return.annualized",
            "volatility": "sd.annualized",
            "sharpe_ratio": "SharpeRatio",
            "sortino_ratio": "SortinoRatio",
            "downside_deviation": "DownsideDeviation",
            "calmar_ratio": "CalmarRatio",
            "sterling_ratio": "SterlingRatio",
            "burke_ratio": "BurkeRatio",
            "ulcer_performance_index": "MartinRatio",
            "pain_index": "PainIndex",
            "pain_ratio": "PainRatio",
            "kelly_fraction": "KellyRatio",
            "value_at_risk": "VaR",
            "expected_shortfall": "ES",
            "alpha": "CAPM.alpha",
            "beta": "SFM.beta",
            "residual_volatility": "SpecificRisk",
            "active_return": "ActivePremium",
            "up_capture": "UpDownRatios",
            "down_capture": "UpDownRatios",
        }
    ),
    deviations=MappingProxyType(
        {
            "burke_ratio": "it skips the first period and scales returns as percent (0.74473 for "
            "Bacon's portfolio); here losing runs are added as they are (0.74462)",
            "prospect_ratio": "it subtracts the rate once from the sum of all periods; here from "
            "every period",
        }
    ),
)
