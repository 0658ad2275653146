"""Readings: metrics of one strategy, each with its reason where it is undefined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.catalog import METRICS, find_metrics
from perfkit.metrics.observations import aligned, without_missing
from perfkit.metrics.profiles import find_profile
from perfkit.metrics.reasons import reason_of
from perfkit.metrics.sample import sample_of, told
from perfkit.metrics.trades import tally_of
from perfkit.metrics.uncertainty import limits_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.metrics.metric import Metric
    from perfkit.metrics.profile import Profile
    from perfkit.metrics.sample import Sample, Terms

__all__ = ["Reading", "compute", "read"]


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
    profile: str | Profile = "perfkit",
    benchmark: Any = None,
    level: float | None = None,
    **terms: Unpack[Terms],
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
    profile : str or Profile
        Whose conventions: a name of `PROFILES`, or a set of options of one's own.
    benchmark : array-like of shape (n,), optional
        The benchmark's returns.
    level : float, optional
        Confidence of an interval around each metric, such as 0.95; takes a second or so.
    **terms
        ``periods``, ``rf`` and ``rf_per_period``, see `Terms`.

    Returns
    -------
    DataFrame
        Indexed by metric: ``value``, ``unit``, ``better``, ``n`` and
        ``reason`` (a code of `REASONS`, missing for a finite value); with a ``level`` also
        ``low`` and ``high`` by the stationary bootstrap and, where they are NaN,
        ``limits_reason``. Its ``attrs`` say the ``profile``, the ``periods`` in a year and
        where they come from.

    Raises
    ------
    UnknownNameError
        For a metric that is not in the catalogue, or a profile that there is not.
    InvalidArgumentError
        When a named metric needs data that was not given.

    Examples
    --------
    >>> table = compute([0.01, -0.02, 0.03], periods=252, metrics=["max_drawdown", "calmar_ratio"])
    >>> table["value"].round(2).to_dict()
    {'max_drawdown': 0.02, 'calmar_ratio': 203.09}
    """
    whose = find_profile(profile)
    names = find_metrics(metrics)
    sample = sample_of(returns, trades, benchmark, whose, terms)
    said = {name: whose.keywords(METRICS[name]) for name in names}
    if isinstance(metrics, str):
        said = {n: how for n, how in said.items() if sample.lacks(METRICS[n], how) is None}
    found = [read(name, sample, how) for name, how in said.items()]
    table = pd.DataFrame(
        {
            "value": [r.value for r in found],
            "unit": [METRICS[r.name].unit for r in found],
            "better": [METRICS[r.name].better for r in found],
            "n": [r.n for r in found],
            "reason": [r.reason for r in found],
        },
        index=pd.Index([r.name for r in found], name="metric"),
    )
    if level is not None:
        table = table.join(limits_of(sample, said, level))
    table.attrs.update(
        profile=whose.name, periods=sample.periods, periods_source=sample.periods_source
    )
    return table


def read(name: str, sample: Sample, options: Mapping[str, Any] | None = None) -> Reading:
    """Read one metric, with the reason where its value is not finite.

    Parameters
    ----------
    name : str
        A metric of the catalogue.
    sample : Sample
        What it is read from.
    options : mapping of str to object, optional
        Keywords of the metric, beside the terms of the sample.

    Raises
    ------
    UnknownNameError
        When the catalogue has no such metric.
    InvalidArgumentError
        When the sample lacks what the metric needs.
    """
    entry = METRICS[find_metrics([name])[0]]
    said = told(entry, sample, options or {})
    if missing := sample.lacks(entry, said):
        raise InvalidArgumentError(f"{name} needs {missing}")
    columns = sample.columns_for(entry, said)
    value = float(entry.function(*columns, **said))
    count = _count(entry, columns, said)
    reason = None if math.isfinite(value) else reason_of(entry, sample, value, count)
    return Reading(name=name, value=value, n=count, reason=reason)


def _count(entry: Metric, columns: tuple[Any, ...], said: Mapping[str, Any]) -> int:
    if entry.needs == "trades":
        return tally_of(columns[0]).n
    if (rates := said.get("rf_per_period")) is not None and np.ndim(rates) > 0:
        columns = (*columns, rates)
    if said.get("nan") == "zero":
        columns = tuple(without_missing(column, "zero") for column in columns)
    return int(aligned(*columns)[0].size)
