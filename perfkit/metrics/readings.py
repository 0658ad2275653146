"""Readings: metrics of one strategy, each with its reason where it is undefined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.catalog import METRICS, find_metrics
from perfkit.metrics.observations import aligned, observations
from perfkit.metrics.path import wealth
from perfkit.metrics.returns import dispersion
from perfkit.metrics.trades import tally_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.metrics.metric import Metric

__all__ = ["Reading", "Sample", "compute", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the metrics of one strategy are read from.

    Attributes
    ----------
    returns : array-like of shape (n,), optional
        Simple returns a period.
    trades : array-like of shape (n_trips,) or Tally, optional
        Net P&L of closed round trips.
    benchmark : array-like of shape (n,), optional
        The benchmark's returns.
    periods : float, optional
        Periods in a year.
    rf : float
        Risk-free rate a year.
    """

    returns: Any = None
    trades: Any = None
    benchmark: Any = None
    periods: float | None = None
    rf: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A metric's value.

    Attributes
    ----------
    name : str
        The metric.
    value : float
        NaN or infinite where it is undefined.
    n : int
        How many observations it rests on.
    reason : str, optional
        Code of `REASONS` why the value is not finite.
    """

    name: str
    value: float
    n: int
    reason: str | None = None


def compute(
    returns: Any = None,
    trades: Any = None,
    *,
    metrics: str | Sequence[str] = "headline",
    periods: float | None = None,
    rf: float = 0.0,
    benchmark: Any = None,
) -> pd.DataFrame:
    """Measure one strategy by a selection of the catalogue.

    Parameters
    ----------
    returns : array-like of shape (n,), optional
        Simple returns a period.
    trades : array-like of shape (n_trips,) or Tally, optional
        Net P&L of closed round trips.
    metrics : str or sequence of str
        ``headline``, ``all``, or names. The two words leave out what the
        given data can't answer; a name that it can't answer is an error.
    periods : float, optional
        Periods in a year; needed with returns.
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    benchmark : array-like of shape (n,), optional
        The benchmark's returns.

    Returns
    -------
    DataFrame
        Indexed by metric: ``value``, ``unit``, ``better``, ``n`` and
        ``reason`` (a code of `REASONS`, missing for a finite value).

    Raises
    ------
    UnknownNameError
        For a metric that is not in the catalogue.
    InvalidArgumentError
        When a named metric needs data that was not given.

    Examples
    --------
    >>> table = compute([0.01, -0.02, 0.03], periods=252, metrics=["max_drawdown", "calmar_ratio"])
    >>> table["value"].round(2).to_dict()
    {'max_drawdown': 0.02, 'calmar_ratio': 203.09}
    """
    if isinstance(returns, pd.DataFrame):
        raise InvalidArgumentError(
            f"compute measures one column of returns, was a frame of {returns.shape[1]}; "
            "call it for each column"
        )
    sample = Sample(returns=returns, trades=trades, benchmark=benchmark, periods=periods, rf=rf)
    names = find_metrics(metrics)
    if isinstance(metrics, str):
        names = tuple(name for name in names if _missing(METRICS[name], sample) is None)
    found = [read(name, sample) for name in names]
    return pd.DataFrame(
        {
            "value": [r.value for r in found],
            "unit": [METRICS[r.name].unit for r in found],
            "better": [METRICS[r.name].better for r in found],
            "n": [r.n for r in found],
            "reason": [r.reason for r in found],
        },
        index=pd.Index([r.name for r in found], name="metric"),
    )


def read(name: str, sample: Sample) -> Reading:
    """Read one metric, with the reason where its value is not finite.

    Raises
    ------
    UnknownNameError
        When the catalogue has no such metric.
    InvalidArgumentError
        When the sample lacks what the metric needs.
    """
    entry = METRICS[find_metrics([name])[0]]
    if missing := _missing(entry, sample):
        raise InvalidArgumentError(f"{name} needs {missing}, which was not given; pass {missing}=")
    options = {option: getattr(sample, option) for option in entry.options}
    if entry.needs == "trades":
        value, count = entry.function(sample.trades, **options), tally_of(sample.trades).n
    elif entry.needs == "benchmark":
        value = entry.function(sample.returns, sample.benchmark, **options)
        count = aligned(sample.returns, sample.benchmark)[0].size
    else:
        value, count = entry.function(sample.returns, **options), observations(sample.returns).size
    if math.isfinite(value):
        return Reading(name=name, value=value, n=count)
    return Reading(name=name, value=value, n=count, reason=_reason(entry, sample, count))


def _missing(entry: Metric, sample: Sample) -> str | None:
    if entry.needs == "trades":
        return "trades" if sample.trades is None else None
    if sample.returns is None:
        return "returns"
    if entry.needs == "benchmark" and sample.benchmark is None:
        return "benchmark"
    if sample.periods is None and "periods" in entry.options:
        raise InvalidArgumentError(
            f"{entry.name} needs periods, the number of periods in a year; "
            "give periods=252 for exchange days, 365, 52 or 12"
        )
    return None


def _reason(entry: Metric, sample: Sample, count: int) -> str:
    if entry.needs == "trades" and count == 0:
        return "no_trades"
    if count < entry.minimum:
        return "too_few"
    *asked, remaining = entry.undefined
    return next((code for code in asked if CAUSES[code](sample)), remaining)


def _never_won(sample: Sample) -> bool:
    return tally_of(sample.trades).wins == 0


def _ruined(sample: Sample) -> bool:
    return bool(observations(sample.returns).min() <= -1.0)


def _overflowed(sample: Sample) -> bool:
    return not math.isfinite(wealth(observations(sample.returns))[-1])


def _benchmark_rests(sample: Sample) -> bool:
    return dispersion(aligned(sample.returns, sample.benchmark)[1]) == 0.0


CAUSES = MappingProxyType(
    {
        "no_wins": _never_won,
        "ruin": _ruined,
        "overflow": _overflowed,
        "zero_variance": _benchmark_rests,
    }
)
