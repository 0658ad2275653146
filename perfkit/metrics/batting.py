"""Batting: how often a strategy beat its benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from perfkit.metrics.observations import aligned, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.ratios import quotient

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["BattingOptions", "batting_average"]


class BattingOptions(TypedDict, total=False):
    """Which periods count.

    Attributes
    ----------
    side : str
        ``all``, or those in which the benchmark went ``up`` or ``down``.
    zero_benchmark : str
        ``neither``; ``up``: a period in which it did not move counts as a rise.
    """

    side: Literal["all", "up", "down"]
    zero_benchmark: Literal["neither", "up"]


@per_column
def batting_average(
    returns: npt.ArrayLike, benchmark: npt.ArrayLike, **how: Unpack[BattingOptions]
) -> float:
    r"""Share of the periods in which the strategy beat the benchmark.

    .. math:: \frac{\#\{r_t > b_t\}}{n}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    **how
        ``side`` and ``zero_benchmark``, see `BattingOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction, 0 to 1; a tie is not won. NaN without a period of that side.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley.

    Examples
    --------
    >>> batting_average([0.02, -0.01, 0.03, 0.0], [0.01, -0.02, 0.03, 0.01])
    0.5
    """
    said = options_of(BattingOptions, how)
    values, market = aligned(returns, benchmark)
    won = values > market
    if said["side"] == "up":
        won = won[market >= 0.0 if said["zero_benchmark"] == "up" else market > 0.0]
    elif said["side"] == "down":
        won = won[market < 0.0]
    return quotient(float(won.sum()), float(won.size))
