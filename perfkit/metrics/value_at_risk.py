"""Value at risk and expected shortfall: one question, answered by one of three methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from perfkit.metrics.observations import per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.parametric_risk import (
    GaussianOptions,
    cvar_cornish_fisher,
    cvar_gaussian,
    var_cornish_fisher,
    var_gaussian,
)
from perfkit.metrics.tail import (
    HistoricalOptions,
    QuantileOptions,
    cvar_historical,
    var_historical,
)

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["ShortfallOptions", "ValueAtRiskOptions", "expected_shortfall", "value_at_risk"]


class MethodOptions(TypedDict, total=False):
    """How the tail is known.

    Attributes
    ----------
    method : str
        ``historical``: from the returns themselves; ``gaussian``: from their mean and
        deviation; ``cornish_fisher``: from their skewness and kurtosis too.
    """

    method: Literal["historical", "gaussian", "cornish_fisher"]


class ValueAtRiskOptions(MethodOptions, GaussianOptions, QuantileOptions, total=False):
    """Options of the value at risk.

    ``ddof`` is heard where the method is gaussian, ``quantile`` where it is historical.
    """


class ShortfallOptions(MethodOptions, GaussianOptions, HistoricalOptions, total=False):
    """Options of the expected shortfall.

    ``ddof`` is heard where the method is gaussian, ``rule`` where it is historical.
    """


@per_column
def value_at_risk(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[ValueAtRiskOptions]
) -> float:
    """Return that the worst part of the periods does not reach, by the method asked for.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1): 0.05 is the 95 % value at risk.
    **how
        ``method``, ``sign``, ``ddof`` and ``quantile``, see `ValueAtRiskOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative; NaN when empty, and below two
        observations where a deviation is needed.

    See Also
    --------
    var_historical, var_gaussian, var_cornish_fisher : the methods.

    Examples
    --------
    >>> round(value_at_risk([-0.02, 0.0, 0.02], method="gaussian"), 4)
    -0.0329
    """
    chosen = options_of(ValueAtRiskOptions, how)
    sign = chosen["sign"]
    if chosen["method"] == "gaussian":
        return float(var_gaussian(returns, tail=tail, ddof=chosen["ddof"], sign=sign))
    if chosen["method"] == "historical":
        return float(var_historical(returns, tail=tail, quantile=chosen["quantile"], sign=sign))
    return float(var_cornish_fisher(returns, tail=tail, sign=sign))


@per_column
def expected_shortfall(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[ShortfallOptions]
) -> float:
    """Mean return in the worst part of the periods, by the method asked for.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1).
    **how
        ``method``, ``rule``, ``sign`` and ``ddof``, see `ShortfallOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative; NaN when empty, and below two
        observations where a deviation is needed.

    See Also
    --------
    cvar_historical, cvar_gaussian, cvar_cornish_fisher : the methods.

    Examples
    --------
    >>> round(expected_shortfall([-0.02, 0.0, 0.02], method="gaussian"), 4)
    -0.0413
    """
    chosen = options_of(ShortfallOptions, how)
    sign = chosen["sign"]
    if chosen["method"] == "historical":
        return float(cvar_historical(returns, tail=tail, rule=chosen["rule"], sign=sign))
    if chosen["method"] == "gaussian":
        return float(cvar_gaussian(returns, tail=tail, ddof=chosen["ddof"], sign=sign))
    return float(cvar_cornish_fisher(returns, tail=tail, sign=sign))
