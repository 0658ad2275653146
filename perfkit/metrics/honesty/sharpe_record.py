"""Sharpe record: a track record as its Sharpe ratio a period, its length and its moments."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple, TypedDict, Unpack

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.honesty.enough import hangs_on_few, too_small
from perfkit.metrics.observations import GUARD, Floats, normalised, observations
from perfkit.metrics.options import options_of
from perfkit.metrics.returns import excess_returns

__all__ = ["SharpeOptions", "SharpeRecord", "sharpe_record"]


class SharpeOptions(TypedDict, total=False):
    """How the sampling error of a Sharpe ratio is computed.

    Attributes
    ----------
    variance_at : str
        ``estimate``: the variance is that at the estimated Sharpe ratio (Bailey and
        Lopez de Prado 2012); ``null``: that at the benchmark's (Lopez de Prado, Lipton
        and Zoonekynd 2025).
    variance_denominator : str
        ``n-1`` (2012) or ``n`` (2025, Lo 2002).
    skewness, kurtosis : str
        ``sample``: as observed; ``normal``: 0 and 3, as of a normal distribution.
    moments : str
        ``biased`` moments of the sample; ``unbiased`` ones; or ``unbiased_excess``, where
        the excess kurtosis stands for the raw one, a defect of LEAN.
    small_sample : str
        ``insufficient``: NaN below 30 observations, or where a few of them make nearly
        all of the mean (see `hangs_on_few`); ``answer``: whatever the formula gives from
        two on.
    """

    variance_at: Literal["estimate", "null"]
    variance_denominator: Literal["n-1", "n"]
    skewness: Literal["sample", "normal"]
    kurtosis: Literal["sample", "normal"]
    moments: Literal["biased", "unbiased", "unbiased_excess"]
    small_sample: Literal["insufficient", "answer"]


class SharpeRecord(NamedTuple):
    """A track record as its Sharpe ratio and moments.

    It may stand in the place of returns, for a record of which no more was published.

    Attributes
    ----------
    sharpe : float
        Per period.
    n : int
        Observations.
    skewness : float
        0 for a normal distribution.
    kurtosis : float
        Raw: 3 for a normal distribution.
    """

    sharpe: float
    n: int
    skewness: float = 0.0
    kurtosis: float = 3.0


def sharpe_record(
    returns: Any,
    *,
    periods: float | None = None,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[SharpeOptions],
) -> SharpeRecord:
    """Measure Sharpe ratio and moments of excess returns.

    Parameters
    ----------
    returns : array-like of shape (n,) or SharpeRecord
        Simple returns a period; NaN is dropped. A record is checked and given back.
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
    SharpeRecord
        NaN where the sample is too small, hangs on a few large returns or doesn't move.

    Raises
    ------
    InvalidArgumentError
        When `rf` is given without `periods`, or a record can't be one.

    Examples
    --------
    >>> round(sharpe_record([0.01, 0.03] * 20).kurtosis, 6)
    1.0
    """
    said = options_of(SharpeOptions, how)
    if isinstance(returns, SharpeRecord):
        return _shaped(_checked_record(returns), said)
    excess = reference = observations(returns)
    if rf != 0.0 or rf_per_period is not None:
        if periods is None and rf_per_period is None:
            raise InvalidArgumentError(
                f"periods must be given with rf, an annual rate, which was {rf}; "
                "give periods=252 for exchange days, or rf_per_period"
            )
        excess = excess_returns(returns, periods=periods or 1.0, rf=rf, rf_per_period=rf_per_period)
    unknown = SharpeRecord(math.nan, excess.size, math.nan, math.nan)
    is_strict = said["small_sample"] == "insufficient"
    if is_strict and too_small(excess.size):
        return unknown
    record = _measured(excess, reference, said["moments"])
    if is_strict and hangs_on_few(record.n, record.sharpe, record.skewness, record.kurtosis):
        return unknown
    return _shaped(record, said)


def _measured(excess: Floats, reference: Floats, moments: str) -> SharpeRecord:
    n = excess.size
    scaled, _ = normalised(excess, reference)
    deviations = scaled - scaled.mean() if n else scaled
    squares = deviations * deviations  # a power of an array is slow
    deviation = math.sqrt(float(squares.mean())) if n else 0.0
    if n < (2 if moments == "biased" else 4) or deviation <= GUARD:
        return SharpeRecord(math.nan, n, math.nan, math.nan)
    sharpe = float(scaled.mean()) / (deviation * math.sqrt(n / (n - 1)))
    skewness = float((squares * deviations).mean()) / deviation**3
    kurtosis = float((squares * squares).mean()) / deviation**4
    if moments == "biased":
        return SharpeRecord(sharpe, n, skewness, kurtosis)
    skewness *= math.sqrt(n * (n - 1)) / (n - 2)
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (kurtosis - 3.0) + 6.0)
    return SharpeRecord(sharpe, n, skewness, kurtosis + 3.0 * (moments == "unbiased"))


def _shaped(record: SharpeRecord, said: dict[str, Any]) -> SharpeRecord:
    if said["skewness"] == "normal":
        record = record._replace(skewness=0.0)
    if said["kurtosis"] == "normal":
        record = record._replace(kurtosis=3.0)
    return record


def _checked_record(record: SharpeRecord) -> SharpeRecord:
    if record.n < 2:
        raise InvalidArgumentError(
            f"n of a SharpeRecord must be at least 2, was {record.n}; give its observations"
        )
    if not all(map(math.isfinite, record)):
        raise InvalidArgumentError(f"a SharpeRecord must be finite, was {record}")
    if record.kurtosis < 1.0 + record.skewness**2 - 1e-9:
        raise InvalidArgumentError(
            f"kurtosis must be at least 1 + skewness ** 2, was {record.kurtosis} beside a "
            f"skewness of {record.skewness}; it is raw, 3 for a normal distribution"
        )
    return record
