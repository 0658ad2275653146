"""Market model: alpha and beta with their standard errors.

Errors are those of Newey and West, so that neither changing volatility nor returns
that hang together in time make chance look like skill.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy.special import stdtr, stdtrit

from perfkit.metrics.market_rows import market_rows
from perfkit.metrics.newey_west import newey_west_error, newey_west_lags
from perfkit.metrics.observations import GUARD, per_column
from perfkit.metrics.regression import Line, fitted_line, inner
from perfkit.metrics.returns import checked_periods

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Coefficient", "MarketModel", "alpha_t_stat", "beta_standard_error", "market_model"]

_INTERVAL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """An estimate and how sure it is.

    Attributes
    ----------
    value : float
        The estimate.
    standard_error : float
        By Newey and West.
    t_stat : float
        Value in standard errors.
    p_value : float
        How often chance alone gives as much, either way.
    lower, upper : float
        Ends of the 95 % interval, by Student's t with n - 2 degrees of freedom.
    """

    value: float
    standard_error: float
    t_stat: float
    p_value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketModel:
    """Regression of the excess returns on the benchmark's.

    Attributes
    ----------
    alpha : Coefficient
        A period.
    beta : Coefficient
        Dimensionless.
    r_squared : float
        Part of the variance that the benchmark explains.
    residual_volatility : float
        A year: standard error of the regression (ddof 2).
    n : int
        Rows that all columns had.
    lags : int
        Neighbouring periods that were allowed to hang together.
    """

    alpha: Coefficient
    beta: Coefficient
    r_squared: float
    residual_volatility: float
    n: int
    lags: int


def market_model(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    lags: int | None = None,
) -> MarketModel:
    r"""Estimate alpha and beta, each with its error.

    .. math:: r_t - r_f = \alpha + \beta (b_t - r_f) + e_t

    Parameters
    ----------
    returns : array-like of shape (n,)
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    lags : int, optional
        Neighbouring periods that are allowed to hang together; by default as many as
        `newey_west_lags` gives, 0 for White's errors.

    Returns
    -------
    MarketModel
        NaN below two rows, or where the benchmark does not move; errors are NaN below three.

    Raises
    ------
    InvalidArgumentError
        When the columns can't be paired, or a number is out of its range.

    References
    ----------
    .. [1] W. K. Newey and K. D. West (1987), "A Simple, Positive Semi-Definite,
       Heteroskedasticity and Autocorrelation Consistent Covariance Matrix",
       *Econometrica* 55(3), 703-708.

    Examples
    --------
    >>> own, market = [0.02, -0.01, 0.03, 0.01], [0.01, -0.02, 0.03, 0.01]
    >>> model = market_model(own, market, periods=12)
    >>> round(model.beta.value, 4), round(model.beta.standard_error, 4), model.lags
    (0.8039, 0.0306, 1)
    """
    count = checked_periods(periods)
    rows = market_rows(returns, benchmark, periods=count, rf=rf, rf_per_period=rf_per_period)
    line, lags = fitted_line(rows.excess, rows.market), newey_west_lags(rows.n, lags)
    freedom = rows.n - 2
    intercept_error, slope_error = _intercept_error(line, lags), _slope_error(line, lags)
    left = inner(line.residuals, line.residuals)
    explained = line.slope * line.slope * inner(line.regressor, line.regressor)
    spread = math.sqrt(left / freedom) * line.size if freedom > 0 else math.nan
    return MarketModel(
        alpha=_coefficient(line.intercept, intercept_error, freedom, line.size),
        beta=_coefficient(line.slope, slope_error, freedom, line.size / line.step),
        r_squared=explained / (explained + left) if explained + left > 0.0 else math.nan,
        residual_volatility=spread * math.sqrt(count),
        n=rows.n,
        lags=lags,
    )


@per_column
def alpha_t_stat(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    lags: int | None = None,
) -> float:
    r"""Alpha in Newey-West standard errors of it.

    .. math:: \hat\alpha \, / \, se_{NW}(\hat\alpha)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year; it only turns `rf` into the rate of a period.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    lags : int, optional
        Neighbouring periods that are allowed to hang together; by default as many as
        `newey_west_lags` gives.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; beyond 2 either way it is hardly luck. NaN below three common rows,
        when the benchmark does not move, or when it explains everything.

    References
    ----------
    .. [1] W. K. Newey and K. D. West (1987), "A Simple, Positive Semi-Definite,
       Heteroskedasticity and Autocorrelation Consistent Covariance Matrix",
       *Econometrica* 55(3), 703-708.

    Examples
    --------
    >>> own, market = [0.02, -0.01, 0.03, 0.01], [0.01, -0.02, 0.03, 0.01]
    >>> round(alpha_t_stat(own, market, periods=12, lags=0), 4)
    2.7219
    """
    rows = market_rows(returns, benchmark, periods=periods, rf=rf, rf_per_period=rf_per_period)
    line, lags = fitted_line(rows.excess, rows.market), newey_west_lags(rows.n, lags)
    return _in_errors(line.intercept, _intercept_error(line, lags))


@per_column
def beta_standard_error(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    rf_per_period: Any = None,
    lags: int | None = None,
) -> float:
    r"""Newey-West standard error of beta.

    .. math:: se_{NW}(\hat\beta)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    rf_per_period : float or array-like of shape (n,), optional
        Risk-free rate a period; a constant one changes nothing.
    lags : int, optional
        Neighbouring periods that are allowed to hang together; by default as many as
        `newey_west_lags` gives.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least 0. NaN below three common rows or when the benchmark does
        not move.

    References
    ----------
    .. [1] W. K. Newey and K. D. West (1987), "A Simple, Positive Semi-Definite,
       Heteroskedasticity and Autocorrelation Consistent Covariance Matrix",
       *Econometrica* 55(3), 703-708.

    Examples
    --------
    >>> own, market = [0.02, -0.01, 0.03, 0.01], [0.01, -0.02, 0.03, 0.01]
    >>> round(beta_standard_error(own, market), 4)
    0.0306
    """
    rows = market_rows(returns, benchmark, rf_per_period=rf_per_period)
    line, lags = fitted_line(rows.excess, rows.market), newey_west_lags(rows.n, lags)
    return _slope_error(line, lags) * (line.size / line.step)


def _slope_error(line: Line, lags: int) -> float:
    if math.isnan(line.slope):
        return math.nan
    influence = line.regressor * line.residuals
    influence /= inner(line.regressor, line.regressor)
    return newey_west_error(influence, lags=lags, estimated=2)


def _intercept_error(line: Line, lags: int) -> float:
    if math.isnan(line.slope):
        return math.nan
    pull = line.mean / inner(line.regressor, line.regressor)
    influence = line.regressor * -pull
    influence += 1.0 / line.residuals.size
    influence *= line.residuals
    return newey_west_error(influence, lags=lags, estimated=2)


def _in_errors(value: float, error: float) -> float:
    return value / error if error > GUARD else math.nan


def _coefficient(value: float, error: float, freedom: int, unit: float) -> Coefficient:
    t_stat = _in_errors(value, error)
    reach = float(stdtrit(freedom, 0.5 + _INTERVAL / 2)) * error if freedom > 0 else math.nan
    return Coefficient(
        value=value * unit,
        standard_error=error * unit,
        t_stat=t_stat,
        p_value=2.0 * float(stdtr(freedom, -abs(t_stat))) if freedom > 0 else math.nan,
        lower=(value - reach) * unit,
        upper=(value + reach) * unit,
    )
