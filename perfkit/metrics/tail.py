"""Tail: what the worst of the returns cost.

Value at risk stays in the sign of a return: a loss is negative.
"""

from __future__ import annotations

import math
from typing import Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.observations import GUARD, Floats, normalised, observations, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.ratios import quotient

__all__ = [
    "HistoricalOptions",
    "QuantileOptions",
    "SignOptions",
    "checked_tail",
    "cvar_historical",
    "mean_of_worst",
    "rachev_ratio",
    "signed",
    "tail_ratio",
    "var_historical",
]


class SignOptions(TypedDict, total=False):
    """In which sign a loss is written.

    Attributes
    ----------
    sign : str
        ``return``: a loss is negative; ``loss``: a loss is positive.
    """

    sign: Literal["return", "loss"]


class QuantileOptions(TypedDict, total=False):
    """Which quantile the historical value at risk is.

    Attributes
    ----------
    quantile : str
        ``linear``: between two observations (type 7); ``order``: an observation, the
        (floor(n tail) + 1)-th lowest.
    """

    quantile: Literal["linear", "order"]


class HistoricalRiskOptions(SignOptions, QuantileOptions, total=False):
    """Options of the historical value at risk."""


class HistoricalOptions(SignOptions, total=False):
    """Options of the historical expected shortfall.

    Attributes
    ----------
    rule : str
        Whose mean it is: ``threshold``: of the returns at or below the value at risk;
        ``lowest``: of the floor((n - 1) tail) + 1 lowest; ``weighted``: of the n tail
        lowest, the last of them in part.
    """

    rule: Literal["threshold", "lowest", "weighted"]


@per_column
def var_historical(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[HistoricalRiskOptions]
) -> float:
    """Value at risk: the return that the worst part of the periods did not reach.

    The quantile is interpolated linearly (type 7) where no other is asked for.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1): 0.05 is the 95 % value at risk.
    **how
        ``sign`` and ``quantile``, see `SignOptions` and `QuantileOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, a loss negative; NaN when empty.

    Examples
    --------
    >>> round(var_historical([-0.04, -0.02, 0.0, 0.02, 0.04], tail=0.25), 4)
    -0.02
    """
    checked_tail(tail)
    chosen = options_of(HistoricalRiskOptions, how)
    scaled, scale = normalised(observations(returns))
    if not scaled.size:
        return math.nan
    if chosen["quantile"] == "linear":
        worst = float(np.quantile(scaled, tail))
    else:
        rank = min(int(scaled.size * tail + GUARD * scaled.size), scaled.size - 1)
        worst = float(np.partition(scaled, rank)[rank])
    return signed(worst * scale, chosen["sign"])


@per_column
def cvar_historical(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[HistoricalOptions]
) -> float:
    """Expected shortfall: the mean return at or below the value at risk.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1).
    **how
        ``rule`` and ``sign``, see `HistoricalOptions`.

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
    checked_tail(tail)
    chosen = options_of(HistoricalOptions, how)
    scaled, scale = normalised(observations(returns))
    if not scaled.size:
        return math.nan
    if chosen["rule"] == "threshold":
        mean = float(scaled[scaled <= np.quantile(scaled, tail)].mean())
    elif chosen["rule"] == "lowest":
        last = int((scaled.size - 1) * tail)
        mean = float(np.partition(scaled, last)[: last + 1].mean())
    else:
        mean = mean_of_worst(scaled, tail)
    return signed(mean * scale, chosen["sign"])


@per_column
def tail_ratio(returns: npt.ArrayLike, *, tail: float = 0.05) -> float:
    r"""Size of the quantile at the upper end over the one at the lower.

    .. math:: \left| Q_{1-\alpha}(r) / Q_{\alpha}(r) \right|

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The part at either end, in (0, 1).

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least 0, above 1 for gains that reach further than
        losses; ``inf`` when the lower quantile is 0, NaN when both are, and
        when empty.

    References
    ----------
    .. [1] empyrical, ``tail_ratio``.

    Examples
    --------
    >>> round(tail_ratio([-0.02, -0.01, 0.0, 0.02, 0.04], tail=0.25), 4)
    2.0
    """
    checked_tail(tail)
    scaled, _ = normalised(observations(returns))
    if not scaled.size:
        return math.nan
    low, high = (abs(float(q)) for q in np.quantile(scaled, [tail, 1.0 - tail]))
    return quotient(high if high > GUARD else 0.0, low if low > GUARD else 0.0)


@per_column
def rachev_ratio(returns: npt.ArrayLike, *, tail: float = 0.05) -> float:
    r"""Mean of the best part of the returns over the mean loss of the worst.

    .. math:: \frac{\overline{r \mid r \ge Q_{1-\alpha}(r)}}
              {-\overline{r \mid r \le Q_{\alpha}(r)}}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, above the risk-free rate where there is one;
        NaN is dropped.
    tail : float
        The part at either end, in (0, 1).

    Returns
    -------
    float, or Series for a frame
        Dimensionless, above 1 for gains that are larger than losses; ``inf``
        when the worst part lost nothing, NaN when the best part gained
        nothing either, and when empty.

    References
    ----------
    .. [1] A. Biglova, S. Ortobelli, S. Rachev and S. Stoyanov (2004),
       "Different Approaches to Risk Estimation in Portfolio Theory",
       *Journal of Portfolio Management* 31(1), 103-112.

    Examples
    --------
    >>> round(rachev_ratio([-0.02, -0.01, 0.0, 0.02, 0.04], tail=0.25), 4)
    2.0
    """
    checked_tail(tail)
    scaled, _ = normalised(observations(returns))
    if not scaled.size:
        return math.nan
    low, high = np.quantile(scaled, [tail, 1.0 - tail])
    loss = -float(scaled[scaled <= low].mean())
    gain = float(scaled[scaled >= high].mean())
    return quotient(gain if abs(gain) > GUARD else 0.0, loss if loss > GUARD else 0.0)


def mean_of_worst(values: Floats, tail: float) -> float:
    """Mean of the n tail lowest values, the last of them in part."""
    count = values.size * tail
    whole = min(int(count), values.size - 1)
    lowest = np.partition(values, whole)[: whole + 1]
    if whole == 0:
        return float(lowest[0])
    part = count - whole
    return (float(lowest[:whole].sum()) + part * float(lowest[whole])) / count


def signed(value: float, sign: str) -> float:
    """Write a return as a return, or as a loss."""
    return value if sign == "return" else 0.0 - value


def checked_tail(tail: float) -> None:
    """Refuse what can't be the part of a sample."""
    if not 0.0 < tail < 1.0:
        raise InvalidArgumentError(
            f"tail must lie between 0 and 1, was {tail}; the 95 % value at risk is tail=0.05"
        )
