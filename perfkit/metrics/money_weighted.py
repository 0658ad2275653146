r"""Money-weighted returns: what the money earned, at the times when it was there.

A time-weighted return (`total_return` of daily returns) is the manager's: it does not
know how much money there was. These are the owner's: a deposit before a good month
counts for more than one after it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize

from perfkit.errors import InvalidArgumentError

__all__ = ["modified_dietz", "money_weighted_return"]

Floats = npt.NDArray[np.float64]

_YEAR = 365.0  # days, Actual/365 Fixed: what XIRR of Excel counts
_DAY = np.timedelta64(1, "D")
# Logarithms of 1 + rate that are searched: from losing all but e-20 a year to a factor of e20.
_SEARCHED = np.linspace(-20.0, 20.0, 4001)


def money_weighted_return(
    flows: npt.ArrayLike, times: Any, nav: float, *, end: Any = None
) -> float:
    r"""Annual rate at which deposits and withdrawals grow to the final value (XIRR).

    .. math:: \sum_i F_i (1 + r)^{(T - t_i) / 365} = V

    Parameters
    ----------
    flows : array-like of shape (n,)
        Deposits above zero, withdrawals below, in the account currency; what was there at
        the start is the first deposit.
    times : array-like of shape (n,)
        When they came, in any order: datetimes, dates or ISO 8601 text; with or without
        a zone, but all alike.
    nav : float
        V, the value at the end, after the last flow.
    end : datetime-like, optional
        T; the last of the times unless told, and not before it.

    Returns
    -------
    float
        Fraction a year, Actual/365, at least -1: exactly -1 when something was paid in,
        nothing taken out, and nothing is left. NaN where there is no such rate: without
        flows, without time between them and the end, when no rate between a loss to
        e\ :sup:`-20` and a growth by e\ :sup:`20` a year solves the equation (money that
        never went in, a debt at the end), or when several do, as can happen where the
        money at work changes its sign.

    Raises
    ------
    InvalidArgumentError
        When flows and times differ in length, a number is not finite, or a flow comes
        after the end.

    References
    ----------
    .. [1] Microsoft, Excel functions: XIRR.
    .. [2] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, ch. 2.

    Examples
    --------
    >>> round(money_weighted_return([100.0, 100.0], ["2023-01-01", "2023-07-02"], 210.0,
    ...                             end="2024-01-01"), 4)
    0.067
    """
    moments = _moments([*times] if end is None else [*times, end])
    amounts = _amounts(flows, len(moments) - (end is not None), nav)
    if not amounts.size:
        return math.nan
    days = (moments.max() if end is None else moments[-1]) - moments[: amounts.size]
    years = days / _DAY / _YEAR
    if years.min() < 0.0:
        raise InvalidArgumentError(
            f"times must not be after the end, {end}; leave out flows that come after nav"
        )
    if not (years[amounts != 0.0] > 0.0).any():
        return math.nan
    if nav == 0.0 and (amounts >= 0.0).all():
        return -1.0
    exponents, values = np.append(years, 0.0), np.append(amounts, -nav)
    scale = np.abs(values).max()

    def missing(rate: Any) -> Any:
        # divided by the largest growth, so that no power is too large
        grown = np.multiply.outer(rate, exponents)
        return np.exp(grown - grown.max(axis=-1, keepdims=True)) @ (values / scale)

    signs = np.sign(missing(_SEARCHED))
    changes = np.flatnonzero(signs[1:] * signs[:-1] < 0.0)
    exact = _SEARCHED[signs == 0.0]
    if len(changes) + len(exact) != 1:
        return math.nan
    if len(exact):
        return math.expm1(exact[0])
    low, high = _SEARCHED[changes[0]], _SEARCHED[changes[0] + 1]
    return math.expm1(optimize.brentq(missing, low, high, xtol=1e-14, rtol=1e-14))


def modified_dietz(
    flows: npt.ArrayLike, times: Any, start_nav: float, nav: float, *, start: Any, end: Any
) -> float:
    r"""Gain over the money that was there on average; no rate has to be solved for.

    .. math:: R = \frac{V - V_0 - \sum_i F_i}{V_0 + \sum_i w_i F_i},
              \quad w_i = \frac{T - t_i}{T - t_0}

    Parameters
    ----------
    flows : array-like of shape (n,)
        Deposits above zero, withdrawals below, in the account currency.
    times : array-like of shape (n,)
        When they came, from start to end.
    start_nav, nav : float
        V_0 and V, the values at the start and at the end.
    start, end : datetime-like
        t_0 and T.

    Returns
    -------
    float
        Fraction of the span, not annualised. NaN when the average money is not above
        zero: then nothing was invested, and a gain over it says nothing.

    Raises
    ------
    InvalidArgumentError
        When flows and times differ in length, a number is not finite, the end is not
        after the start, or a flow lies outside of them.

    References
    ----------
    .. [1] P. Dietz (1966), *Pension Funds: Measuring Investment Performance*, Free Press.
    .. [2] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, ch. 2.

    Examples
    --------
    >>> round(modified_dietz([60.0], ["2024-04-25"], 500.0, 600.0,
    ...                      start="2024-03-31", end="2024-04-30"), 4)
    0.0784
    """
    moments = _moments([*times, start, end])
    amounts = _amounts(flows, len(moments) - 2, nav)
    if not math.isfinite(start_nav):
        raise InvalidArgumentError(f"start_nav must be finite, was {start_nav}")
    left, span = (moments[-1] - moments[:-2]) / _DAY, (moments[-1] - moments[-2]) / _DAY
    if not span > 0.0:
        raise InvalidArgumentError(f"end must be after start, were {end} and {start}")
    if left.size and not 0.0 <= left.min() <= left.max() <= span:
        raise InvalidArgumentError(
            f"times must lie from {start} to {end}; flows before the start belong into "
            "start_nav, and those after the end into the next span"
        )
    average = start_nav + float(np.sum(left / span * amounts))
    gain = nav - start_nav - float(np.sum(amounts))
    return gain / average if average > 0.0 else math.nan


def _amounts(flows: npt.ArrayLike, count: int, nav: float) -> Floats:
    amounts = np.asarray(flows, np.float64)
    if amounts.shape != (count,):
        raise InvalidArgumentError(
            f"flows and times must be as many, were {amounts.shape} and {count}; "
            "give each deposit and withdrawal its time"
        )
    if not (np.isfinite(amounts).all() and math.isfinite(nav)):
        raise InvalidArgumentError(
            f"flows and nav must be finite, were {amounts.tolist()} and {nav}; "
            "a value that is not known gives no return"
        )
    return amounts


def _moments(times: list[Any]) -> npt.NDArray[np.datetime64]:
    try:
        index = pd.DatetimeIndex(pd.to_datetime(times, format="ISO8601"))
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"times must be datetimes, all with a zone or all without: {error}"
        ) from error
    if index.hasnans:
        raise InvalidArgumentError("times must be known, one was missing; give each flow its time")
    naive = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    return np.asarray(naive.to_numpy(), "M8[us]")
