"""Market ratios: the return for the risk that the market's own return stands beside."""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.metrics.benchmark import alpha_of, compounded_mean
from perfkit.metrics.market_rows import MarketRows, market_rows
from perfkit.metrics.observations import per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.path import wealth
from perfkit.metrics.regression import slope
from perfkit.metrics.returns import average, checked_periods, dispersion, growth_rate
from perfkit.metrics.risk_split import ResidualOptions, residual_of, systematic_of

__all__ = [
    "AppraisalOptions",
    "MSquaredOptions",
    "TreynorOptions",
    "appraisal_ratio",
    "m_squared",
    "net_selectivity",
    "treynor_ratio",
]


class TreynorOptions(TypedDict, total=False):
    """What is divided by what.

    Attributes
    ----------
    excess : str
        ``geometric``: growth a year of the returns above the risk-free rate;
        ``annualised_rf``: growth a year less the rate a year; ``compound_mean``: the same
        with the compounded mean; ``total``: the total return less the rate a year.
    risk : str
        ``beta``, or ``systematic``: the systematic risk (Bacon's modified ratio).
    """

    excess: Literal["geometric", "annualised_rf", "compound_mean", "total"]
    risk: Literal["beta", "systematic"]


class MSquaredOptions(TypedDict, total=False):
    """How the return becomes a year's.

    Attributes
    ----------
    annualise : str
        ``growth``: growth a year; ``arithmetic``: p times the mean; ``per_period``: the mean.
    """

    annualise: Literal["growth", "arithmetic", "per_period"]


class AppraisalOptions(ResidualOptions, total=False):
    """Which alpha; and which residual volatility, see `ResidualOptions`.

    Attributes
    ----------
    annualise : str
        Of alpha: ``arithmetic``, ``compound`` or ``jensen``; see `AlphaOptions`.
    """

    annualise: Literal["arithmetic", "compound", "jensen"]


@per_column
def treynor_ratio(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[TreynorOptions],
) -> float:
    r"""Growth a year above the risk-free rate for each unit of beta.

    .. math:: \frac{CAGR(r - r_f)}{\beta}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    **how
        ``excess`` and ``risk``, see `TreynorOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a year; NaN where beta is, or is 0, or when more than everything was lost.

    References
    ----------
    .. [1] J. L. Treynor (1965), "How to Rate Management of Investment Funds",
       *Harvard Business Review* 43(1), 63-75.

    Examples
    --------
    >>> round(treynor_ratio([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    0.2087
    """
    said = options_of(TreynorOptions, how)
    rows = market_rows(returns, benchmark, periods=periods, rf=rf, rf_per_period=rf_per_period)
    excess = _excess(rows, periods, said["excess"])
    risk = slope(rows.excess, rows.market)
    if said["risk"] == "systematic":
        risk = systematic_of(rows, periods)
    return excess / risk if risk != 0.0 else math.nan


@per_column
def m_squared(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[MSquaredOptions],
) -> float:
    r"""Return a year, had it been geared to the benchmark's volatility.

    .. math:: M^2 = (R - R_f) \frac{\sigma(b)}{\sigma(r)} + R_f

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    **how
        ``annualise``, see `MSquaredOptions`; R is growth a year by default.

    Returns
    -------
    float, or Series for a frame
        Fraction a year, to be held against the benchmark's own. NaN below two common rows,
        when the returns do not move, or when more than everything was lost.

    References
    ----------
    .. [1] F. Modigliani and L. Modigliani (1997), "Risk-Adjusted Performance", *Journal of
       Portfolio Management* 23(2), 45-54.

    Examples
    --------
    >>> round(m_squared([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    0.2059
    """
    said = options_of(MSquaredOptions, how)["annualise"]
    rows = market_rows(returns, benchmark, periods=periods, rf=rf, rf_per_period=rf_per_period)
    own, market = dispersion(rows.returns), dispersion(rows.benchmark)
    if not own > 0.0:
        return math.nan
    geared = market / own
    if said == "growth":
        rate = rows.annual_rate(periods)
        return (growth_rate(rows.returns, periods) - rate) * geared + rate
    mean = average(rows.excess) * geared + float(np.mean(rows.rates))
    return mean * (checked_periods(periods) if said == "arithmetic" else 1.0)


@per_column
def appraisal_ratio(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[AppraisalOptions],
) -> float:
    r"""Alpha for the risk that is not the benchmark's.

    .. math:: \frac{\alpha}{\sigma(e)}, \quad e = r - r_f - \beta (b - r_f)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    **how
        ``annualise`` and ``ddof``, see `AppraisalOptions`; alpha is arithmetic by default.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; NaN below two common rows, when the benchmark does not move, or when
        it explains everything.

    References
    ----------
    .. [1] J. L. Treynor and F. Black (1973), "How to Use Security Analysis to Improve
       Portfolio Selection", *Journal of Business* 46(1), 66-86.

    Examples
    --------
    >>> round(appraisal_ratio([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    7.9472
    """
    said = options_of(AppraisalOptions, how)
    rows = market_rows(returns, benchmark, periods=periods, rf=rf, rf_per_period=rf_per_period)
    risk = residual_of(rows, periods, said["ddof"])
    return alpha_of(rows, periods, said["annualise"]) / risk if risk > 0.0 else math.nan


@per_column
def net_selectivity(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
) -> float:
    r"""Growth a year above what the benchmark pays for the same volatility.

    .. math:: (R - R_f) - \frac{\sigma(r)}{\sigma(b)} (B - R_f)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.

    Returns
    -------
    float, or Series for a frame
        Fraction a year; below 0 the own risk was not paid for. NaN below two common rows,
        when the benchmark does not move, or when more than everything was lost.

    References
    ----------
    .. [1] E. F. Fama (1972), "Components of Investment Performance", *Journal of Finance*
       27(3), 551-567.

    Examples
    --------
    >>> round(net_selectivity([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    0.1039
    """
    rows = market_rows(returns, benchmark, periods=periods, rf=rf, rf_per_period=rf_per_period)
    own, market = dispersion(rows.returns), dispersion(rows.benchmark)
    if not market > 0.0:
        return math.nan
    rate = rows.annual_rate(periods)
    paid = (growth_rate(rows.benchmark, periods) - rate) * (own / market)
    return growth_rate(rows.returns, periods) - rate - paid


def _excess(rows: MarketRows, periods: float, kind: str) -> float:
    if kind == "geometric":
        return growth_rate(rows.excess, periods)
    if kind == "total":
        end = float(wealth(rows.returns)[-1]) if rows.n else math.nan
        return end - 1.0 - rows.annual_rate(periods)
    annual = compounded_mean if kind == "compound_mean" else growth_rate
    return annual(rows.returns, periods) - rows.annual_rate(periods)
