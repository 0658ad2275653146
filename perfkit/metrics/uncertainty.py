"""Uncertainty: within what limits the true value of each metric may lie.

One set of resamples serves all metrics that are read from the same columns.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from perfkit.metrics.catalog import METRICS
from perfkit.metrics.growth import NEEDS_DATES
from perfkit.metrics.honesty.bootstrap import intervals
from perfkit.metrics.observations import Observed
from perfkit.metrics.sample import told
from perfkit.metrics.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perfkit.metrics.observations import Floats
    from perfkit.metrics.sample import Sample

__all__ = ["limits_of"]

_DATED = tuple(name for name, _ in NEEDS_DATES)


def limits_of(
    sample: Sample, options: Mapping[str, Mapping[str, Any]], level: float
) -> pd.DataFrame:
    """Put a stationary-bootstrap interval around metrics.

    Parameters
    ----------
    sample : Sample
        What they are read from. Round trips must be given one by one: a tally can't be
        resampled.
    options : mapping of str to mapping
        By metric, the keywords that it is told.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    DataFrame
        Indexed by metric: ``low``, ``high`` and ``limits_reason``, which is
        ``insufficient``, ``zero_variance`` or ``undefined`` where they are NaN.
    """
    groups: dict[tuple[str, bool], dict[str, Callable[..., float]]] = defaultdict(dict)
    for name, said in options.items():
        entry = METRICS[name]
        is_rated = "rf_per_period" in entry.options and np.ndim(sample.rf_per_period) > 0
        keywords = told(entry, sample, said)
        groups[entry.needs, is_rated][name] = _measuring(
            entry.function, keywords, is_rated=is_rated
        )
    parts = [
        _limits(_columns(sample, needs, is_rated=is_rated), metrics, level)
        for (needs, is_rated), metrics in groups.items()
    ]
    if not parts:
        return pd.DataFrame(columns=["low", "high", "limits_reason"])
    table = pd.concat(parts).loc[list(options)]
    reason = table["limits_reason"].astype(object)
    return table.assign(limits_reason=reason.where(reason.notna(), None))


def _limits(
    columns: tuple[Any, ...], metrics: Mapping[str, Callable[..., float]], level: float
) -> pd.DataFrame:
    if isinstance(columns[0], Tally):
        nothing = {"low": np.nan, "high": np.nan, "limits_reason": "undefined"}
        return pd.DataFrame(nothing, pd.Index(list(metrics), name="metric"))
    table = intervals(columns, metrics, level=level)
    return table[["low", "high", "reason"]].rename(columns={"reason": "limits_reason"})


def _columns(sample: Sample, needs: str, *, is_rated: bool) -> tuple[Any, ...]:
    columns = sample.columns(needs)
    return (*columns, sample.rf_per_period) if is_rated else columns


def _measuring(
    function: Callable[..., float], said: Mapping[str, Any], *, is_rated: bool
) -> Callable[..., float]:
    """Make a metric a function of bare columns, the last of which is the rate if it is rated."""
    # columns have no gaps by now, and years of a resample are counted in its periods
    own = {n: v for n, v in said.items() if n not in ("nan", *_DATED)}

    def measured(*columns: Floats) -> float:
        if not is_rated:
            return float(function(*map(Observed, columns), **own))
        *bare, rates = columns
        return float(function(*map(Observed, bare), **(own | {"rf_per_period": rates})))

    return measured
