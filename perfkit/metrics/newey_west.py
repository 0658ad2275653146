"""Newey-West: the standard error of an estimate whose errors hang together in time.

An estimate moves by the influence of each observation. Independent influences add
up as squares; those of neighbouring periods are given weight by their distance.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.regression import inner

if TYPE_CHECKING:
    from perfkit.metrics.observations import Floats

__all__ = ["newey_west_error", "newey_west_lags"]


def newey_west_lags(n: int, lags: int | None = None) -> int:
    r"""Choose how many lags to weigh.

    .. math:: L = \left\lfloor 4 \left(\frac{n}{100}\right)^{2/9} \right\rfloor

    Parameters
    ----------
    n : int
        Observations.
    lags : int, optional
        The choice of the caller; by default the rule of thumb above.

    Returns
    -------
    int
        At least 0, below n.

    Raises
    ------
    InvalidArgumentError
        When it is no whole number, or negative.

    References
    ----------
    .. [1] W. K. Newey and K. D. West (1994), "Automatic Lag Selection in Covariance
       Matrix Estimation", *Review of Economic Studies* 61(4), 631-653.

    Examples
    --------
    >>> newey_west_lags(100), newey_west_lags(2520), newey_west_lags(2520, 1)
    (4, 8, 1)
    """
    if lags is None:
        lags = math.floor(4.0 * (n / 100.0) ** (2.0 / 9.0))
    if isinstance(lags, bool) or not isinstance(lags, int) or lags < 0:
        raise InvalidArgumentError(
            f"lags must be a whole number of periods, at least 0, was {lags!r}; "
            "leave it out for the rule of thumb"
        )
    return max(min(lags, n - 1), 0)


def newey_west_error(influence: Floats, *, lags: int, estimated: int) -> float:
    r"""Measure the standard error of a sum of influences.

    .. math:: \sqrt{\frac{n}{n - k} \left(\gamma_0 +
              2 \sum_{l=1}^{L} \left(1 - \frac{l}{L + 1}\right) \gamma_l\right)},
              \quad \gamma_l = \sum_t \psi_t \psi_{t-l}

    Parameters
    ----------
    influence : ndarray of shape (n,)
        How much each observation moved the estimate, in order of time.
    lags : int
        L; 0 allows for unequal variances alone (White).
    estimated : int
        How many numbers were estimated together, k; the factor is that of Stata.

    Returns
    -------
    float
        In the units of the estimate; NaN when n is not above k.

    References
    ----------
    .. [1] W. K. Newey and K. D. West (1987), "A Simple, Positive Semi-Definite,
       Heteroskedasticity and Autocorrelation Consistent Covariance Matrix",
       *Econometrica* 55(3), 703-708.
    """
    n = influence.size
    if n <= estimated:
        return math.nan
    variance = inner(influence, influence)
    for lag in range(1, lags + 1):
        weight = 1.0 - lag / (lags + 1.0)
        variance += 2.0 * weight * inner(influence[lag:], influence[:-lag])
    return math.sqrt(max(variance, 0.0) * n / (n - estimated))
