"""Parametric risk: value at risk and expected shortfall of a fitted distribution.

Normal, or normal with a correction for skewness and kurtosis (Cornish-Fisher).
They stay in the sign of a return: a loss is negative.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Unpack

from perfkit.metrics.observations import Floats, observations, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.returns import SampleOptions, average, dispersion
from perfkit.metrics.shape import moments
from perfkit.metrics.tail import SignOptions, checked_tail, signed

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "GaussianOptions",
    "cvar_cornish_fisher",
    "cvar_gaussian",
    "var_cornish_fisher",
    "var_gaussian",
]

NORMAL = NormalDist()


class GaussianOptions(SignOptions, SampleOptions, total=False):
    """Options of a normal risk: the sign of a loss, and the deviation of the sample."""


@per_column
def var_gaussian(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[GaussianOptions]
) -> float:
    r"""Value at risk of a normal distribution with the returns' mean and deviation.

    .. math:: \overline{r} + z_\alpha \sigma(r)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1): 0.05 is the 95 % value at risk.
    **how
        ``sign`` and ``ddof``, see `GaussianOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative; NaN below two observations.

    References
    ----------
    .. [1] J.P. Morgan/Reuters (1996), *RiskMetrics Technical Document*, 4th ed.

    Examples
    --------
    >>> round(var_gaussian([-0.02, 0.0, 0.02]), 4)
    -0.0329
    """
    checked_tail(tail)
    chosen = options_of(GaussianOptions, how)
    values = observations(returns)
    risk = dispersion(values, ddof=chosen["ddof"])
    return signed(average(values) + NORMAL.inv_cdf(tail) * risk, chosen["sign"])


@per_column
def cvar_gaussian(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[GaussianOptions]
) -> float:
    r"""Expected shortfall of a normal distribution with the returns' mean and deviation.

    .. math:: \overline{r} - \frac{\phi(z_\alpha)}{\alpha} \sigma(r)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1).
    **how
        ``sign`` and ``ddof``, see `GaussianOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative, at most `var_gaussian`; NaN below
        two observations.

    References
    ----------
    .. [1] A. J. McNeil, R. Frey and P. Embrechts (2005), *Quantitative Risk
       Management*, Princeton, p. 45.

    Examples
    --------
    >>> round(cvar_gaussian([-0.02, 0.0, 0.02]), 4)
    -0.0413
    """
    checked_tail(tail)
    chosen = options_of(GaussianOptions, how)
    values = observations(returns)
    risk = dispersion(values, ddof=chosen["ddof"])
    depth = NORMAL.pdf(NORMAL.inv_cdf(tail)) / tail
    return signed(average(values) - depth * risk, chosen["sign"])


@per_column
def var_cornish_fisher(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[SignOptions]
) -> float:
    r"""Value at risk with the normal quantile corrected for skewness and kurtosis.

    .. math:: \overline{r} + \sigma \left(z + \frac{z^2 - 1}{6} g_1
              + \frac{z^3 - 3z}{24} g_2 - \frac{2z^3 - 5z}{36} g_1^2\right)

    with the biased deviation, skewness and excess kurtosis of the sample. Far
    from normal the correction need not grow with the tail.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1).
    **how
        ``sign``, see `SignOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative; NaN below two observations.

    References
    ----------
    .. [1] L. Favre and J.-A. Galeano (2002), "Mean-Modified Value-at-Risk
       Optimization with Hedge Funds", *Journal of Alternative Investments*
       5(2), 21-25.

    Examples
    --------
    >>> round(var_cornish_fisher([-0.02, 0.0, 0.02]), 4)
    -0.0274
    """
    checked_tail(tail)
    mean, risk, skew, excess = _described(observations(returns))
    point = _corrected(NORMAL.inv_cdf(tail), skew, excess)
    return signed(mean + point * risk, options_of(SignOptions, how)["sign"])


@per_column
def cvar_cornish_fisher(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[SignOptions]
) -> float:
    r"""Expected shortfall below the Cornish-Fisher value at risk.

    .. math:: \overline{r} - \sigma \frac{\phi(g)}{\alpha} \left(1 + \frac{g^3}{6} g_1
              + \frac{g^4 - 2 g^2 - 1}{24} g_2
              + \frac{g^6 - 9 g^4 + 9 g^2 + 3}{72} g_1^2\right)

    with g the corrected quantile of `var_cornish_fisher`. It is never better
    than that value at risk.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1).
    **how
        ``sign``, see `SignOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative; NaN below two observations.

    References
    ----------
    .. [1] K. Boudt, B. Peterson and C. Croux (2008), "Estimation and
       Decomposition of Downside Risk for Portfolios with Non-normal
       Returns", *Journal of Risk* 11(2), 79-103.

    Examples
    --------
    >>> round(cvar_cornish_fisher([-0.02, 0.0, 0.02]), 4)
    -0.0295
    """
    checked_tail(tail)
    mean, risk, skew, excess = _described(observations(returns))
    g = _corrected(NORMAL.inv_cdf(tail), skew, excess)
    depth = 1.0 + g**3 / 6.0 * skew
    depth += (g**4 - 2.0 * g**2 - 1.0) / 24.0 * excess
    depth += (g**6 - 9.0 * g**4 + 9.0 * g**2 + 3.0) / 72.0 * skew * skew
    point = min(g, -NORMAL.pdf(g) / tail * depth)
    return signed(mean + point * risk, options_of(SignOptions, how)["sign"])


def _described(values: Floats) -> tuple[float, float, float, float]:
    """Mean, biased deviation, skewness and excess kurtosis; 0 for the shape of a constant."""
    risk = dispersion(values, ddof=0)
    skew, excess = moments(values, "biased") if risk > 0.0 else (0.0, 0.0)
    return average(values), risk, skew, excess


def _corrected(z: float, skew: float, excess: float) -> float:
    shift = (z * z - 1.0) / 6.0 * skew + (z**3 - 3.0 * z) / 24.0 * excess
    return z + shift - (2.0 * z**3 - 5.0 * z) / 36.0 * skew * skew
