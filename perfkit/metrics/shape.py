"""Shape: how returns are spread, leaning, tailed, and how they follow one another."""

from __future__ import annotations

import math
from typing import Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.observations import GUARD, Floats, normalised, observations, per_column
from perfkit.metrics.options import options_of

__all__ = [
    "KurtosisOptions",
    "SkewnessOptions",
    "autocorrelation",
    "kurtosis",
    "mean_absolute_deviation",
    "moments",
    "skewness",
    "stability",
]


class SkewnessOptions(TypedDict, total=False):
    """Which estimate of the skewness.

    Attributes
    ----------
    moments : str
        ``unbiased``: G1; ``biased``: g1, of the moments about the mean; ``sample``: the
        sum of the cubes with the factor of G1 and the deviation of g1.
    """

    moments: Literal["unbiased", "biased", "sample"]


class KurtosisOptions(TypedDict, total=False):
    """Which estimate of the kurtosis.

    Attributes
    ----------
    moments : str
        ``unbiased``: excess G2; ``biased``: excess g2; ``raw``: g2 + 3; ``sample``: G2
        before its 3 is taken off.
    """

    moments: Literal["unbiased", "biased", "raw", "sample"]


@per_column
def skewness(returns: npt.ArrayLike, **how: Unpack[SkewnessOptions]) -> float:
    r"""Unbiased sample skewness, G1.

    .. math:: G_1 = \frac{\sqrt{n(n-1)}}{n-2} \frac{m_3}{m_2^{3/2}}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    **how
        ``moments``, see `SkewnessOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, 0 for a symmetric sample; NaN below three
        observations or without dispersion.

    References
    ----------
    .. [1] D. N. Joanes and C. A. Gill (1998), "Comparing measures of sample
       skewness and kurtosis", *The Statistician* 47(1), 183-189.

    Examples
    --------
    >>> round(skewness([0.01, 0.02, 0.06]), 4)
    1.4579
    """
    kind = options_of(SkewnessOptions, how)["moments"]
    values = observations(returns)
    n = values.size
    if n < 3:
        return math.nan
    skew = moments(values, "biased")[0]
    if kind == "sample":
        return n * n / ((n - 1) * (n - 2)) * skew
    return skew if kind == "biased" else _fair_skewness(skew, n)


@per_column
def kurtosis(returns: npt.ArrayLike, **how: Unpack[KurtosisOptions]) -> float:
    r"""Unbiased sample excess kurtosis, G2: 0 for a normal distribution.

    .. math:: G_2 = \frac{n-1}{(n-2)(n-3)}
              \left((n+1)\left(\frac{m_4}{m_2^2} - 3\right) + 6\right)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    **how
        ``moments``, see `KurtosisOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; NaN below four observations or without dispersion.

    References
    ----------
    .. [1] D. N. Joanes and C. A. Gill (1998), "Comparing measures of sample
       skewness and kurtosis", *The Statistician* 47(1), 183-189.

    Examples
    --------
    >>> round(kurtosis([0.01, 0.02, 0.03, 0.04]), 4)
    -1.2
    """
    kind = options_of(KurtosisOptions, how)["moments"]
    values = observations(returns)
    n = values.size
    if n < 4:
        return math.nan
    excess = moments(values, "biased")[1]
    if kind in ("biased", "raw"):
        return excess + (3.0 if kind == "raw" else 0.0)
    fair = _fair_kurtosis(excess, n)
    return fair + (3.0 * (n - 1) ** 2 / ((n - 2) * (n - 3)) if kind == "sample" else 0.0)


@per_column
def mean_absolute_deviation(returns: npt.ArrayLike) -> float:
    r"""Mean distance of the returns from their mean.

    .. math:: \frac{1}{n} \sum_t |r_t - \overline{r}|

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, at least 0; NaN when empty.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, p. 62.

    Examples
    --------
    >>> round(mean_absolute_deviation([0.01, 0.03]), 4)
    0.01
    """
    scaled, scale = normalised(observations(returns))
    if not scaled.size:
        return math.nan
    distance = float(np.abs(scaled - scaled.mean()).mean())
    return distance * scale if distance > GUARD else 0.0


@per_column
def autocorrelation(returns: npt.ArrayLike, *, lag: int = 1) -> float:
    r"""Correlation of the returns with those some periods before.

    .. math:: \frac{\sum_{t > k} (r_t - \overline{r})(r_{t-k} - \overline{r})}
              {\sum_t (r_t - \overline{r})^2}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    lag : int
        Periods between the two, k, at least 1.

    Returns
    -------
    float, or Series for a frame
        -1 to 1; above 0 a trend or prices that are slow to follow. NaN below
        k + 2 observations or without dispersion.

    References
    ----------
    .. [1] G. E. P. Box and G. M. Jenkins (1976), *Time Series Analysis:
       Forecasting and Control*, Holden-Day, p. 32.

    Examples
    --------
    >>> round(autocorrelation([0.01, 0.02, 0.03, 0.04]), 4)
    0.25
    """
    if not (isinstance(lag, int) and lag >= 1):
        raise InvalidArgumentError(f"lag must be a whole number of periods >= 1, was {lag!r}")
    scaled, _ = normalised(observations(returns))
    if scaled.size < lag + 2 or float(scaled.std()) <= GUARD:
        return math.nan
    moved = scaled - scaled.mean()
    return float((moved[lag:] * moved[:-lag]).sum()) / float((moved * moved).sum())


@per_column
def stability(returns: npt.ArrayLike) -> float:
    r"""How straight the logarithm of wealth rises or falls: R squared on time.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

    Returns
    -------
    float, or Series for a frame
        0 to 1; 1 for a constant return. NaN below two observations, where
        wealth does not move, or when everything was lost.

    References
    ----------
    .. [1] empyrical, ``stability_of_timeseries``.

    Examples
    --------
    >>> round(stability([0.01, 0.01, 0.01]), 4)
    1.0
    """
    values = observations(returns)
    if values.size < 2 or values.min() <= -1.0:
        return math.nan
    path, _ = normalised(np.cumsum(np.log1p(values)))
    if float(path.std()) <= GUARD:
        return math.nan
    moved = path - path.mean()
    time = np.arange(values.size) - (values.size - 1) / 2.0
    line = float((moved * time).sum())
    return min(1.0, line * line / float((moved * moved).sum()) / float((time * time).sum()))


def moments(values: Floats, kind: str) -> tuple[float, float]:
    """Skewness and excess kurtosis, biased or unbiased; NaN without dispersion."""
    n = values.size
    if n < 2:
        return math.nan, math.nan
    scaled, _ = normalised(values)
    moved = scaled - scaled.mean()
    squares = moved * moved
    variance = float(squares.mean())
    if math.sqrt(variance) <= GUARD:
        return math.nan, math.nan
    skew = float((squares * moved).mean()) / variance**1.5
    excess = float((squares * squares).mean()) / (variance * variance) - 3.0
    if kind == "biased":
        return skew, excess
    return _fair_skewness(skew, n), _fair_kurtosis(excess, n)


def _fair_skewness(skew: float, n: int) -> float:
    return math.sqrt(n * (n - 1)) / (n - 2) * skew if n > 2 else math.nan


def _fair_kurtosis(excess: float, n: int) -> float:
    if n < 4:
        return math.nan
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6.0)
