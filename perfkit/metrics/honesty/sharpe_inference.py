"""Sharpe inference: how far a Sharpe ratio may be believed.

Everything is per period: nothing here is annualised, and a benchmark's Sharpe ratio is a
period's too (an annual one over the root of the periods in a year). A track record of
less than 30 observations is answered NaN.
"""

from __future__ import annotations

import math
from typing import Any, Literal, Unpack

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.honesty.enough import checked_level
from perfkit.metrics.honesty.sharpe_record import SharpeOptions, SharpeRecord, sharpe_record
from perfkit.metrics.observations import per_column
from perfkit.metrics.options import options_of

__all__ = [
    "TrackRecordOptions",
    "minimum_track_record_length",
    "probabilistic_sharpe_ratio",
    "sharpe_standard_error",
]


LEAST = 1e-100  # what a Sharpe ratio must be ahead for a length that a float can hold


class TrackRecordOptions(SharpeOptions, total=False):
    """Options of `minimum_track_record_length`.

    Attributes
    ----------
    plus_one : bool
        Whether the length counts one more observation (2012) or not (2025).
    """

    plus_one: Literal[True, False]


@per_column
def sharpe_standard_error(
    returns: Any,
    *,
    periods: float | None = None,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[SharpeOptions],
) -> float:
    r"""Standard error of the Sharpe ratio a period.

    .. math:: \sqrt{\frac{1 - \gamma_3 s + \frac{\gamma_4 - 1}{4} s^2}{n - 1}}

    It holds for independent returns of any distribution with a fourth moment. With
    ``skewness="normal", kurtosis="normal", variance_denominator="n"`` it is Lo's
    :math:`\sqrt{(1 + s^2 / 2) / n}`.

    Parameters
    ----------
    returns : array-like of shape (n,), DataFrame or SharpeRecord
        Simple returns a period; NaN is dropped.
    periods : float, optional
        Periods in a year; needed with `rf` alone.
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    **how
        Options of `SharpeOptions`.

    Returns
    -------
    float, or Series for a frame
        Per period; NaN below 30 observations, where a few large returns make nearly all
        of the mean, or without dispersion.

    References
    ----------
    .. [1] A. W. Lo (2002), "The Statistics of Sharpe Ratios", *Financial Analysts Journal*
       58(4), 36-52.
    .. [2] E. Mertens (2002), "Comments on variance of the IID estimator in Lo (2002)",
       University of Basel.

    Examples
    --------
    >>> round(sharpe_standard_error(SharpeRecord(0.5, 60), variance_denominator="n"), 3)
    0.137
    """
    said = options_of(SharpeOptions, how)
    record = sharpe_record(returns, periods=periods, rf=rf, rf_per_period=rf_per_period, **how)
    return math.sqrt(_unit_variance(record, record.sharpe) / _denominator(record.n, said))


@per_column
def probabilistic_sharpe_ratio(
    returns: Any,
    *,
    benchmark_sharpe: float = 0.0,
    periods: float | None = None,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[SharpeOptions],
) -> float:
    r"""Confidence that the true Sharpe ratio exceeds a benchmark's.

    .. math:: \Phi\left(\frac{(s - s^*) \sqrt{n - 1}}
              {\sqrt{1 - \gamma_3 s + \frac{\gamma_4 - 1}{4} s^2}}\right)

    One minus it is the p-value of a single test, not the probability of being lucky: of
    many strategies that were tried, ask `deflated_sharpe_ratio`. It takes returns for
    independent: of an AR(1) of 0.3 one record in ten without skill reaches 0.95. Where
    returns follow one another, ask `confidence_interval`.

    Parameters
    ----------
    returns : array-like of shape (n,), DataFrame or SharpeRecord
        Simple returns a period; NaN is dropped.
    benchmark_sharpe : float
        s*, **per period**: an annual 1.0 of daily returns is 1.0 / sqrt(252).
    periods : float, optional
        Periods in a year; needed with `rf` alone.
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    **how
        Options of `SharpeOptions`.

    Returns
    -------
    float, or Series for a frame
        In [0, 1]; NaN below 30 observations, where a few large returns make nearly all
        of the mean, or without dispersion.

    References
    ----------
    .. [1] D. H. Bailey and M. Lopez de Prado (2012), "The Sharpe Ratio Efficient
       Frontier", *Journal of Risk* 15(2), 3-44.
    .. [2] M. Lopez de Prado, A. Lipton and V. Zoonekynd (2025), "How to Use the Sharpe
       Ratio", SSRN 5520741.

    Examples
    --------
    A hedge fund of which moments alone were published, and one winning day:

    >>> fund = SharpeRecord(sharpe=0.458, n=24, skewness=-2.448, kurtosis=10.164)
    >>> round(probabilistic_sharpe_ratio(fund), 3)
    0.913
    >>> probabilistic_sharpe_ratio([0.02])
    nan
    """
    from scipy.special import ndtr  # 0.15 s to import

    said = options_of(SharpeOptions, how)
    record = sharpe_record(returns, periods=periods, rf=rf, rf_per_period=rf_per_period, **how)
    benchmark = _checked_benchmark(benchmark_sharpe)
    at = benchmark if said["variance_at"] == "null" else record.sharpe
    error = math.sqrt(_unit_variance(record, at) / _denominator(record.n, said))
    return float(ndtr((record.sharpe - benchmark) / error))


@per_column
def minimum_track_record_length(
    returns: Any,
    *,
    benchmark_sharpe: float = 0.0,
    level: float = 0.95,
    periods: float | None = None,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[TrackRecordOptions],
) -> float:
    r"""Observations after which such a Sharpe ratio would be believed.

    .. math:: 1 + \left(1 - \gamma_3 s + \tfrac{\gamma_4 - 1}{4} s^2\right)
              \left(\frac{\Phi^{-1}(c)}{s - s^*}\right)^2

    Parameters
    ----------
    returns : array-like of shape (n,), DataFrame or SharpeRecord
        Simple returns a period; NaN is dropped.
    benchmark_sharpe : float
        s*, **per period**.
    level : float
        c, the confidence that is asked for.
    periods : float, optional
        Periods in a year; needed with `rf` alone.
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    **how
        Options of `TrackRecordOptions`.

    Returns
    -------
    float, or Series for a frame
        Periods; infinity where the Sharpe ratio is not above the benchmark's, for then
        no length would do. NaN below 30 observations, or where a few large returns make
        nearly all of the mean: such moments can't be trusted.

    References
    ----------
    .. [1] D. H. Bailey and M. Lopez de Prado (2012), "The Sharpe Ratio Efficient
       Frontier", *Journal of Risk* 15(2), 3-44, equation 13.

    Examples
    --------
    Months until an annual Sharpe ratio of 2 is told from 1, with a hedge fund's moments:

    >>> fund = SharpeRecord(2 / 12**0.5, 59, skewness=-0.72, kurtosis=5.78)
    >>> round(minimum_track_record_length(fund, benchmark_sharpe=1 / 12**0.5), 1)
    59.9
    """
    from scipy.special import ndtri

    said = options_of(TrackRecordOptions, how)
    plus_one = said.pop("plus_one")
    record = sharpe_record(returns, periods=periods, rf=rf, rf_per_period=rf_per_period, **said)
    benchmark = _checked_benchmark(benchmark_sharpe)
    needed = float(ndtri(checked_level(level)))
    if math.isnan(record.sharpe):
        return math.nan
    ahead = record.sharpe - benchmark
    if ahead <= LEAST:
        return math.inf
    at = benchmark if said["variance_at"] == "null" else record.sharpe
    length = _unit_variance(record, at) * (needed / ahead) ** 2
    return length + 1.0 if plus_one else length


def _checked_benchmark(sharpe: float) -> float:
    if not math.isfinite(sharpe):
        raise InvalidArgumentError(
            f"benchmark_sharpe must be a finite number a period, was {sharpe}"
        )
    return sharpe


def _unit_variance(record: SharpeRecord, at: float) -> float:
    """Variance of the estimate times the sample's length; never negative for real moments."""
    variance = 1.0 - record.skewness * at + (record.kurtosis - 1.0) / 4.0 * at**2
    return variance if variance > 0.0 else math.nan


def _denominator(n: int, said: dict[str, Any]) -> float:
    return float(n if said["variance_denominator"] == "n" else max(n - 1, 1))
