"""Haircut: what is left of a Sharpe ratio once the other trials are counted.

The Sharpe ratio becomes a t statistic, its p-value is adjusted for the number of tests,
and the adjusted p-value becomes a Sharpe ratio again.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.honesty.enough import too_small
from perfkit.metrics.honesty.trials import checked_trials
from perfkit.metrics.observations import Floats, observations
from perfkit.metrics.returns import checked_periods

__all__ = ["Haircut", "adjusted_p_values", "sharpe_haircut"]

Method: TypeAlias = Literal["bonferroni", "holm", "bhy"]
METHODS: tuple[Method, ...] = ("bonferroni", "holm", "bhy")


class Haircut(NamedTuple):
    """A Sharpe ratio before and after the other trials are counted.

    Attributes
    ----------
    sharpe : float
        What is left, in the unit in which it was given; NaN where it can't be said.
    haircut : float
        The fraction that was cut, from 0 to 1.
    p_value : float
        Of this test alone, two-sided.
    adjusted_p_value : float
        With all tests counted.
    reason : str, optional
        ``insufficient`` below 30 observations; ``undefined`` for a Sharpe ratio that is
        not above 0, of which there is nothing to cut.
    """

    sharpe: float
    haircut: float
    p_value: float
    adjusted_p_value: float
    reason: str | None = None


def sharpe_haircut(
    sharpe: float,
    n: int,
    trials: int | npt.ArrayLike,
    *,
    method: Method = "bonferroni",
    periods: float = 1.0,
) -> Haircut:
    """Cut a Sharpe ratio for the number of tests it was chosen from.

    Parameters
    ----------
    sharpe : float
        Annual with `periods`, else per period.
    n : int
        Observations.
    trials : int or array-like of shape (n_trials,)
        How many were tried, this one included; or the Sharpe ratios of all of them, in
        the same unit and over as many observations, which ``holm`` and ``bhy`` need.
    method : str
        ``bonferroni``; ``holm``, its step-down form, never more severe; or ``bhy``,
        Benjamini, Hochberg and Yekutieli, which bounds the part of false discoveries.
    periods : float
        Periods in a year of an annual Sharpe ratio; 1 where it is per period.

    Returns
    -------
    Haircut

    Raises
    ------
    InvalidArgumentError
        When ``holm`` or ``bhy`` is asked of a mere number, or the Sharpe ratio is not
        among those of the trials.

    Notes
    -----
    Harvey and Liu draw the other p-values of Holm and BHY from a model of published
    factors; here they are those of your own trials. Their BHY leaves the largest p-value
    as it is; here it is adjusted as Benjamini and Yekutieli (2001) do, without which a
    family of equal p-values would all pass.

    References
    ----------
    .. [1] C. R. Harvey and Y. Liu (2015), "Backtesting", *Journal of Portfolio
       Management* 42(1), 13-28.

    Examples
    --------
    Ten years of months, an annual Sharpe ratio of 0.912, a hundred tests:

    >>> cut = sharpe_haircut(0.912, 120, 100, periods=12)
    >>> round(cut.sharpe, 3), round(cut.haircut, 2)
    (0.231, 0.75)
    """
    if method not in METHODS:
        raise InvalidArgumentError(
            f"method must be one of {', '.join(map(repr, METHODS))}, was {method!r}"
        )
    year = math.sqrt(checked_periods(periods))
    family = _family(sharpe, trials, method)
    if too_small(n) or not sharpe > 0.0:
        reason = "insufficient" if too_small(n) else "undefined"
        return Haircut(math.nan, math.nan, math.nan, math.nan, reason)
    p_values = _p_values(family / year, n)
    p_value = float(p_values[0])
    if np.ndim(trials) == 0:
        adjusted = min(p_value * checked_trials(trials), 1.0)  # type: ignore[arg-type]
    else:
        adjusted = float(adjusted_p_values(p_values, method)[0])
    left = min(_sharpe_of(adjusted, n) * year, sharpe)
    return Haircut(left, 1.0 - left / sharpe, p_value, adjusted)


def adjusted_p_values(p_values: npt.ArrayLike, method: Method) -> Floats:
    """Adjust the p-values of several tests for their number.

    Parameters
    ----------
    p_values : array-like of shape (n_tests,)
        In [0, 1].
    method : str
        ``bonferroni``, ``holm`` or ``bhy``.

    Returns
    -------
    ndarray of shape (n_tests,)

    References
    ----------
    .. [1] Y. Benjamini and D. Yekutieli (2001), "The Control of the False Discovery Rate
       in Multiple Testing under Dependency", *Annals of Statistics* 29(4), 1165-1188.
    .. [2] S. Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure",
       *Scandinavian Journal of Statistics* 6(2), 65-70.

    Examples
    --------
    >>> adjusted_p_values([0.005, 0.009, 0.0128, 0.0135, 0.045, 0.06], "holm").round(4).tolist()
    [0.03, 0.045, 0.0512, 0.0512, 0.09, 0.09]
    """
    given = observations(p_values)
    count = given.size
    order = np.argsort(given, kind="stable")
    rank = np.arange(1, count + 1)
    ordered = given[order]
    if method == "bonferroni":
        raised = ordered * count
    elif method == "holm":
        raised = np.maximum.accumulate(ordered * (count - rank + 1))
    else:
        steps = ordered * count * np.sum(1.0 / rank) / rank
        raised = np.minimum.accumulate(steps[::-1])[::-1]
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


def _family(sharpe: float, trials: int | npt.ArrayLike, method: Method) -> Floats:
    """Sharpe ratios of all tests, that in question first."""
    if not math.isfinite(sharpe):
        raise InvalidArgumentError(f"sharpe must be finite, was {sharpe}")
    if np.ndim(trials) == 0:
        if method != "bonferroni":
            raise InvalidArgumentError(
                f"method {method!r} needs the Sharpe ratios of all trials, was {trials!r}; "
                "give them, or take method='bonferroni', which needs their number alone"
            )
        checked_trials(trials)  # type: ignore[arg-type]
        return np.array([sharpe])
    others = observations(trials)
    gap = np.abs(others - sharpe)
    if not others.size or gap.min() > 1e-9 * max(abs(sharpe), 1.0):
        raise InvalidArgumentError(
            f"the trials must include the one in question, but none has a Sharpe ratio of "
            f"{sharpe}; give all of them, in the same unit"
        )
    return np.concatenate(([sharpe], np.delete(others, int(gap.argmin()))))


def _p_values(sharpes: Floats, n: int) -> Floats:
    from scipy.special import stdtr  # 0.15 s to import

    return np.asarray(2.0 * stdtr(n - 1.0, -np.abs(sharpes) * math.sqrt(n)), dtype=np.float64)


def _sharpe_of(p_value: float, n: int) -> float:
    from scipy.special import stdtrit

    return max(-float(stdtrit(n - 1.0, p_value / 2.0)), 0.0) / math.sqrt(n)
