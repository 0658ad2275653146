"""Explanation: why one metric has two values, option by option, in words."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack, cast

import numpy as np
import pandas as pd

from perfkit.metrics.catalog import METRICS, find_metrics
from perfkit.metrics.option_words import words_for
from perfkit.metrics.profiles import find_profile
from perfkit.metrics.readings import read
from perfkit.metrics.sample import TERMS, Terms, sample_of

if TYPE_CHECKING:
    from perfkit.metrics.metric import Metric
    from perfkit.metrics.profile import Profile
    from perfkit.metrics.sample import Sample

__all__ = ["Explanation", "Given", "explain"]


_NO_EFFECT = "no effect here"
_ROUNDING = 1e-12  # of a value; the same sum in another order


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
    sample = samples[1] if entry.needs == "trades" and samples[0].trades is None else samples[0]
    unknown = next((s.periods_source for s in samples if s.periods is None), "")
    sample = replace(sample, periods_source=unknown)
    said = [_told(entry, *pair) for pair in zip(profiles, samples, strict=True)]
    now = dict(said[0])
    values, steps = [_value(entry, sample, now)], []
    for option in sorted((n for n in now if _differ(now[n], said[1][n])), key=_place):
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


def _told(entry: Metric, profile: Profile, sample: Sample) -> dict[str, Any]:
    """Name every option of a metric, with what is given once for all metrics."""
    given = {term: getattr(sample, term) for term in TERMS if term in entry.options}
    return dict(entry.options) | given | profile.keywords(entry)


def _differ(one: Any, other: Any) -> bool:
    if one is other:
        return False
    return np.ndim(one) > 0 or np.ndim(other) > 0 or bool(one != other)


def _value(entry: Metric, sample: Sample, options: dict[str, Any]) -> float:
    own = {n: v for n, v in options.items() if n not in TERMS or v is not None}
    return read(entry.name, replace(sample, periods=options.get("periods")), own).value


def _place(option: str) -> tuple[bool, str]:
    """Put an option after those by which alone it is heard."""
    return option in ("days_in_year", "ddof", "quantile", "rule", "undefined"), option


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
    effects = [_effect(*pair) for pair in itertools.pairwise(values)]
    for number, (step, effect) in enumerate(zip(steps, effects, strict=True), start=1):
        words = words_for(step.option, step.a, step.b)
        lines.append(f"{number}. {words}: {effect}, to {step.value:.6g}.")
    if len(effects) - effects.count(_NO_EFFECT) > 1:
        lines.append("How the steps share the difference depends on their order.")
    for profile in profiles:
        if entry.needs == "trades" and profile.trades_are_returns:
            lines.append(f"{profile.name} itself takes each period's return for a round trip.")
        if entry.name in profile.deviations:
            lines.append(f"Not reproduced of {profile.name}: {profile.deviations[entry.name]}.")
    return lines


def _effect(before: float, after: float) -> str:
    """Say what a step did, beyond rounding."""
    if math.isfinite(before) and math.isfinite(after):
        is_rounding = abs(after - before) <= _ROUNDING * abs(before)
        return _NO_EFFECT if is_rounding else f"{after - before:+.6g}"
    if before == after or (math.isnan(before) and math.isnan(after)):
        return _NO_EFFECT
    return "which makes the difference between a number and none"
