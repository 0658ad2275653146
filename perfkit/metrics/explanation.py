"""Explanation: why one metric has two values, option by option, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack, cast

import pandas as pd

from perfkit.metrics.catalog import METRICS, find_metrics
from perfkit.metrics.option_words import words_for
from perfkit.metrics.profiles import find_profile
from perfkit.metrics.readings import read
from perfkit.metrics.sample import Terms, sample_of

if TYPE_CHECKING:
    from perfkit.metrics.metric import Metric
    from perfkit.metrics.profile import Profile
    from perfkit.metrics.sample import Sample

__all__ = ["Explanation", "Given", "explain"]


class _Step(NamedTuple):
    option: str
    a: Any
    b: Any
    value: float
    effect: float


class Given(Terms, total=False):
    """What both values are computed from: the terms of `compute`, and a ``benchmark``."""

    benchmark: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a metric is not the same number by two profiles.

    Attributes
    ----------
    metric : str
        The metric.
    a, b : float
        Its value by each.
    steps : DataFrame
        One row an option that differs: ``option``, its value in ``a`` and in ``b``, the
        metric's ``value`` once it is changed too, and the ``effect`` of that step. The
        effects of finite values sum to ``b - a``; their parts depend on the order.
    text : str
        The same in words.
    """

    metric: str
    a: float
    b: float
    steps: pd.DataFrame
    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def explain(
    metric: str,
    returns: Any = None,
    trades: Any = None,
    *,
    a: str | Profile = "perfkit",
    b: str | Profile = "quantstats",
    **given: Unpack[Given],
) -> Explanation:
    """Say why one metric has two values.

    Parameters
    ----------
    metric : str
        A metric of the catalogue.
    returns, trades : array-like, optional
        As `compute` takes them.
    a, b : str or Profile
        The two conventions.
    **given
        ``benchmark``, and the terms of `compute`: ``periods``, ``rf``, ``rf_per_period``.
        What is given holds for both.

    Returns
    -------
    Explanation
        Printed, it is read.

    Raises
    ------
    UnknownNameError
        When there is no such metric or profile.
    InvalidArgumentError
        When the metric needs what was not given.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=8, freq="B")
    >>> returns = pd.Series([0.01, -0.02, 0.03, 0.01, -0.01, 0.0, 0.02, -0.01], days)
    >>> print(explain("volatility", returns, b="vectorbt"))
    volatility is 0.267488 by perfkit and 0.321922 by vectorbt (vectorbt 1.2.0).
    1. Periods in a year are 365, not 252: +0.0544339, to 0.321922.
    """
    entry = METRICS[find_metrics([metric])[0]]
    profiles = find_profile(a), find_profile(b)
    terms, benchmark = dict(given), given.get("benchmark")
    terms.pop("benchmark", None)
    samples = [
        sample_of(returns, trades, benchmark, profile, cast("Terms", terms)) for profile in profiles
    ]
    sample = samples[0] if samples[0].trades is not None else samples[1]
    said = [dict(entry.options) | profile.keywords(entry) for profile in profiles]
    for options, own in zip(said, samples, strict=True):
        if "periods" in options:
            options["periods"] = own.periods
    now = dict(said[0])
    values, steps = [_value(entry, sample, now)], []
    for option in sorted(name for name in now if now[name] != said[1][name]):
        now[option] = said[1][option]
        values.append(_value(entry, sample, now))
        effect = values[-1] - values[-2]
        steps.append(_Step(option, said[0][option], now[option], values[-1], effect))
    return Explanation(
        metric=metric,
        a=values[0],
        b=values[-1],
        steps=pd.DataFrame(steps, columns=_Step._fields),
        text="\n".join(_lines(entry, profiles, values, steps)),
    )


def _value(entry: Metric, sample: Sample, options: dict[str, Any]) -> float:
    own = {n: v for n, v in options.items() if n not in ("periods", "rf", "rf_per_period")}
    return read(entry.name, replace(sample, periods=options.get("periods")), own).value


def _lines(
    entry: Metric,
    profiles: tuple[Profile, Profile],
    values: list[float],
    steps: list[_Step],
) -> list[str]:
    first, second = profiles
    named = f"{entry.name} is {values[0]:.6g} by {first.name}"
    if not steps:
        lines = [f"{named} and by {second.name} ({second.source}): no option differs."]
    else:
        source = (second if second.name != "perfkit" else first).source
        lines = [f"{named} and {values[-1]:.6g} by {second.name} ({source})."]
    for number, step in enumerate(steps, start=1):
        words = words_for(step.option, step.a, step.b)
        effect = "no effect here" if step.effect == 0.0 else f"{step.effect:+.6g}"
        if math.isnan(step.effect):
            effect = "which makes the difference between a number and none"
        lines.append(f"{number}. {words}: {effect}, to {step.value:.6g}.")
    for profile in profiles:
        if entry.name in profile.deviations:
            lines.append(f"{profile.name} differs still: {profile.deviations[entry.name]}.")
    return lines
