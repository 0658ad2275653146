"""Tail: the shape of the returns and what the worst of them cost.

Value at risk stays in the sign of a return: a loss is negative.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.observations import GUARD, Floats, normalised, observations, per_column

__all__ = ["cvar_historical", "kurtosis", "skewness", "var_historical"]


@per_column
def skewness(returns: npt.ArrayLike) -> float:
    r"""Unbiased sample skewness, G1.

    .. math:: G_1 = \frac{\sqrt{n(n-1)}}{n-2} \frac{m_3}{m_2^{3/2}}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

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
    z = _standardised(observations(returns))
    n = z.size
    return math.sqrt(n * (n - 1)) / (n - 2) * float(np.mean(z**3)) if n > 2 else math.nan


@per_column
def kurtosis(returns: npt.ArrayLike) -> float:
    r"""Unbiased sample excess kurtosis, G2: 0 for a normal distribution.

    .. math:: G_2 = \frac{n-1}{(n-2)(n-3)}
              \left((n+1)\left(\frac{m_4}{m_2^2} - 3\right) + 6\right)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

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
    z = _standardised(observations(returns))
    n = z.size
    if n < 4:
        return math.nan
    excess = float(np.mean(z**4)) - 3.0
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6.0)


@per_column
def var_historical(returns: npt.ArrayLike, *, tail: float = 0.05) -> float:
    """Value at risk: the return that the worst part of the periods did not reach.

    The quantile is interpolated linearly (type 7).

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1): 0.05 is the 95 % value at risk.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative; NaN when empty.

    Examples
    --------
    >>> round(var_historical([-0.04, -0.02, 0.0, 0.02, 0.04], tail=0.25), 4)
    -0.02
    """
    _check_tail(tail)
    values = observations(returns)
    return float(np.quantile(values, tail)) if values.size else math.nan


@per_column
def cvar_historical(returns: npt.ArrayLike, *, tail: float = 0.05) -> float:
    """Expected shortfall: the mean return at or below the value at risk.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1).

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative; NaN when empty.

    References
    ----------
    .. [1] R. T. Rockafellar and S. Uryasev (2000), "Optimization of
       conditional value-at-risk", *Journal of Risk* 2(3), 21-41.

    Examples
    --------
    >>> round(cvar_historical([-0.04, -0.02, 0.0, 0.02, 0.04], tail=0.25), 4)
    -0.03
    """
    _check_tail(tail)
    values = observations(returns)
    if not values.size:
        return math.nan
    return float(values[values <= np.quantile(values, tail)].mean())


def _standardised(values: Floats) -> Floats:
    """Deviations from the mean in biased standard deviations; NaN without any."""
    scaled, _ = normalised(values)
    deviations = scaled - scaled.mean() if values.size else scaled
    deviation = math.sqrt(float(np.mean(deviations**2))) if values.size else 0.0
    return deviations / (deviation if deviation > GUARD else math.nan)


def _check_tail(tail: float) -> None:
    if not 0.0 < tail < 1.0:
        raise InvalidArgumentError(
            f"tail must lie between 0 and 1, was {tail}; the 95 % value at risk is tail=0.05"
        )
