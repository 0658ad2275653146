"""Readings: metrics of one strategy, each with its reason where it is undefined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.catalog import METRICS, find_metrics
from perfkit.metrics.observations import aligned, observations
from perfkit.metrics.path import wealth
from perfkit.metrics.profiles import find_profile
from perfkit.metrics.returns import dispersion
from perfkit.metrics.sample import sample_of
from perfkit.metrics.trades import tally_of

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
    **terms
        ``periods``, ``rf`` and ``rf_per_period``, see `Terms`.

    Returns
    -------
    DataFrame
        Indexed by metric: ``value``, ``unit``, ``better``, ``n`` and
        ``reason`` (a code of `REASONS`, missing for a finite value). Its ``attrs`` say the
        ``profile``, the ``periods`` in a year and where they come from.

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
    if isinstance(metrics, str):
        names = tuple(name for name in names if _missing(METRICS[name], sample) is None)
    found = [read(name, sample, whose.keywords(METRICS[name])) for name in names]
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
    if missing := _missing(entry, sample):
        raise InvalidArgumentError(f"{name} needs {missing}, which was not given; pass {missing}=")
    said = dict(options or {})
    for term in ("periods", "rf", "rf_per_period"):
        if term in entry.options and getattr(sample, term) is not None:
            said.setdefault(term, getattr(sample, term))
    if said.get("rf_per_period") is not None:
        said.pop("rf", None)
    columns = sample.columns_for(entry, said)
    value = float(entry.function(*columns, **said))
    count = _count(entry, columns, said)
    if math.isfinite(value):
        return Reading(name=name, value=value, n=count)
    return Reading(name=name, value=value, n=count, reason=_reason(entry, sample, count))


def _count(entry: Metric, columns: tuple[Any, ...], said: Mapping[str, Any]) -> int:
    if entry.needs == "trades":
        return tally_of(columns[0]).n
    if entry.needs == "benchmark":
        return int(aligned(*columns)[0].size)
    rates = said.get("rf_per_period")
    if getattr(rates, "ndim", 0) > 0:
        return int(aligned(columns[0], rates)[0].size)
    return int(observations(columns[0]).size)


def _missing(entry: Metric, sample: Sample) -> str | None:
    if entry.needs == "trades":
        return "trades" if sample.trades is None else None
    if sample.returns is None:
        return "returns"
    if entry.needs == "benchmark" and sample.benchmark is None:
        return "benchmark"
    if sample.periods is None and "periods" in entry.options:
        raise InvalidArgumentError(
            f"{entry.name} needs periods, the number of periods in a year: {sample.periods_source}"
        )
    return None


def _reason(entry: Metric, sample: Sample, count: int) -> str:
    if entry.needs == "trades" and count == 0:
        return "no_trades"
    if entry.needs == "benchmark" and count == 0 and observations(sample.returns).size:
        return "no_overlap"
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
