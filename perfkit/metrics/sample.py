"""Sample: what the metrics of one strategy are read from, each column checked once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypedDict

import numpy as np
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.frequency import periods_per_year
from perfkit.metrics.growth import NEEDS_DATES
from perfkit.metrics.observations import Observed, aligned, observations
from perfkit.metrics.returns import rate_per_period
from perfkit.metrics.trades import tally_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.metrics.metric import Metric
    from perfkit.metrics.profile import Profile

__all__ = ["TERMS", "Sample", "Terms", "sample_of", "told"]

TERMS = ("periods", "rf", "rf_per_period")  # keywords of a metric that are said once for all


class Terms(TypedDict, total=False):
    """What is said once for all metrics.

    Attributes
    ----------
    periods : float
        Periods in a year. Without it, those of the profile; the default profile reads
        them from the dates of the returns, and asks where they don't say.
        `perfkit.sessions_a_year` counts those of an exchange.
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    rf_per_period : float or Series
        Risk-free rate a period instead; a Series is aligned by date, and days that it
        lacks are not measured: fill a monthly one forward first,
        ``rate.reindex(returns.index, method="ffill")``.
    """

    periods: float
    rf: float
    rf_per_period: Any


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
    periods_source : str
        Where they come from, or why they are not known.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        Risk-free rate a period instead.
    checked : mapping of str to tuple, optional
        By what a metric needs, its columns, checked once; see `once_checked`.
    """

    returns: Any = None
    trades: Any = None
    benchmark: Any = None
    periods: float | None = None
    periods_source: str = "given"
    rf: float = 0.0
    rf_per_period: Any = None
    checked: dict[str, tuple[Any, ...]] | None = None

    def once_checked(self) -> Self:
        """Check every column now, so that no metric needs to."""
        found: dict[str, tuple[Any, ...]] = {}
        if self.returns is not None:
            found["returns"] = (Observed(observations(self.returns)),)
        if self.returns is not None and self.benchmark is not None:
            pair = aligned(self.returns, self.benchmark)
            found["benchmark"] = tuple(map(Observed, pair))
        if self.trades is not None:
            found["trades"] = (tally_of(self.trades),)
        return replace(self, checked=found)

    def columns(self, needs: str) -> tuple[Any, ...]:
        """Give the columns of a metric as they were given."""
        if needs == "trades":
            return (self.trades,)
        return (self.returns,) if needs == "returns" else (self.returns, self.benchmark)

    def lacks(self, entry: Metric, options: Mapping[str, Any]) -> str | None:
        """Name what a metric needs and was not given, or None."""
        if entry.needs == "trades":
            return "trades; they were not given" if self.trades is None else None
        if self.returns is None:
            return "returns; they were not given"
        if entry.needs == "benchmark" and self.benchmark is None:
            return "benchmark; it was not given"
        if self.periods is None and "periods" in entry.required:
            return f"periods, and the returns don't tell them: {self.periods_source}"
        is_dated = isinstance(getattr(self.returns, "index", None), pd.DatetimeIndex)
        if not is_dated and _needs_dates(options):
            return "returns with dates, because it counts calendar years; they have none"
        return None

    def columns_for(self, entry: Metric, options: Mapping[str, Any]) -> tuple[Any, ...]:
        """Give the columns of a metric, those that were checked where that is the same."""
        is_by_date = np.ndim(self.rf_per_period) > 0 and "rf_per_period" in entry.options
        is_by_date |= _needs_dates(options)
        if self.checked is None or is_by_date or options.get("nan", "drop") != "drop":
            return self.columns(entry.needs)
        return self.checked[entry.needs]


def _needs_dates(options: Mapping[str, Any]) -> bool:
    return any(options.get(name) == value for name, value in NEEDS_DATES)


def told(entry: Metric, sample: Sample, options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keywords of a metric: its options, and what is said once for all metrics."""
    said = dict(options)
    for term in TERMS:
        if term in entry.options and getattr(sample, term) is not None:
            said.setdefault(term, getattr(sample, term))
    if said.get("rf_per_period") is not None:
        said.pop("rf", None)
    return said


def sample_of(returns: Any, trades: Any, benchmark: Any, profile: Profile, terms: Terms) -> Sample:
    """Make a sample for all metrics, in which each column is checked once.

    Raises
    ------
    InvalidArgumentError
        For an unknown term, a frame, two rates, or nothing to measure.
    """
    if unknown := sorted(terms.keys() - Terms.__annotations__.keys()):
        raise InvalidArgumentError(
            f"compute takes {', '.join(Terms.__annotations__)}, was given {unknown}"
        )
    if returns is None and trades is None:
        raise InvalidArgumentError("there is nothing to measure; give returns, trades or both")
    rf = terms.get("rf")
    if rf is not None and rate_per_period(rf, 1.0) and terms.get("rf_per_period") is not None:
        raise InvalidArgumentError(f"give rf (a year) or rf_per_period, not both; rf was {rf}")
    for name, column in (("returns", returns), ("trades", trades), ("benchmark", benchmark)):
        if isinstance(column, pd.DataFrame):
            raise InvalidArgumentError(
                f"compute measures one column of {name}, was a frame of {column.shape[1]}; "
                "call it for each column"
            )
    if trades is None and profile.trades_are_returns:
        trades = returns
    periods, source = _periods(returns, profile, terms)
    sample = Sample(
        returns=returns,
        trades=trades,
        benchmark=benchmark,
        periods=periods,
        periods_source=source,
        rf=terms.get("rf", 0.0),
        rf_per_period=terms.get("rf_per_period"),
    )
    return sample.once_checked()


def _periods(returns: Any, profile: Profile, terms: Terms) -> tuple[float | None, str]:
    if terms.get("periods") is not None:
        return terms["periods"], "given"
    if profile.periods is not None:
        return profile.periods, f"what {profile.name} takes where nobody says"
    try:
        return periods_per_year(returns)
    except InvalidArgumentError as error:  # of interest only to a metric that needs them
        return None, str(error)
