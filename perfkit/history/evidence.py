"""Evidence: whether what each strategy earned is real or luck.

The Sharpe ratio of each, its limits, and how sure one can be that it is above 0: for
itself, and as one of all that were tried. Real is not the same as skilled: what holds
the market earns what the market does, which alpha and its t statistic tell apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import sharpe_ratio
from perfkit.metrics.honesty import (
    ENOUGH,
    confidence_interval,
    deflated_sharpe_ratio,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    superior_predictive_ability,
    trials_of,
)

if TYPE_CHECKING:
    from perfkit.metrics.honesty import Interval, Trials

__all__ = ["Doubt", "evidence"]


class Doubt(TypedDict, total=False):
    """Keywords of `evidence`.

    Attributes
    ----------
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    trials : int or Trials
        How many strategies were tried until these were kept, such as the runs that MLflow
        counted (`perfkit.finished_trials`); by default those that are measured here. With
        a number the variance of their Sharpe ratios is that of those measured here, or,
        of a single one, that of trials without skill: 1 / (n - 1).
    level : float
        How sure is sure, in (0, 1); 0.95 by default.
    seed : int
        Of the resamples.
    """

    rf: float
    trials: int | Trials
    level: float
    seed: int


def evidence(
    returns: pd.DataFrame, benchmark: Any = 0.0, *, periods: float, **doubt: Unpack[Doubt]
) -> pd.DataFrame:
    """Say of each strategy whether its Sharpe ratio is more than luck.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_strategies)
        Daily returns, NaN where there was no capital.
    benchmark : Series or float
        Returns of what the strategies must beat as a family; 0 is cash.
    periods : float
        Periods in a year.
    **doubt
        Keywords of `Doubt`.

    Returns
    -------
    DataFrame, one row a strategy
        ``n`` (days), ``sharpe_ratio`` and its ``low`` and ``high`` (a year's; stationary
        bootstrap), ``probabilistic_sharpe_ratio`` (confidence that it is above 0),
        ``deflated_sharpe_ratio`` (the same as the best of all trials),
        ``minimum_track_record_length`` (days that the first needs) and ``verdict``:
        ``real``, ``may be luck`` where the number of trials explains it, ``not proven``, or
        ``insufficient``. ``.attrs`` has the number of ``trials``, and in
        ``superiority`` the sentence of `superior_predictive_ability`.

    Raises
    ------
    InvalidArgumentError
        For an unknown keyword, or a level outside (0, 1).
    """
    if unknown := sorted(doubt.keys() - Doubt.__annotations__.keys()):
        raise InvalidArgumentError(
            f"evidence has the keywords {', '.join(Doubt.__annotations__)}, was given {unknown}"
        )
    rf, level = doubt.get("rf", 0.0), doubt.get("level", 0.95)
    sharpes = sharpe_ratio(returns, periods=periods, rf=rf)
    trials = _trials(doubt.get("trials"), sharpes, periods)
    rows = [_row(returns[name], periods, rf, trials, doubt) for name in returns.columns]
    frame = pd.DataFrame(rows, columns=_COLUMNS).set_axis(returns.columns, axis=0)
    frame.attrs["trials"] = trials.count
    if returns.notna().any().sum() > 1:
        family = superior_predictive_ability(benchmark, returns, seed=doubt.get("seed", 0))
        frame.attrs["superiority"] = family.verdict
    frame.attrs["level"] = level
    return frame


_COLUMNS = [
    *("n", "sharpe_ratio", "low", "high", "probabilistic_sharpe_ratio"),
    *("deflated_sharpe_ratio", "minimum_track_record_length", "verdict"),
]


def _trials(given: int | Trials | None, sharpes: pd.Series[float], periods: float) -> Trials:
    if given is None or isinstance(given, int | np.integer):
        return trials_of(
            sharpes, periods=periods, count=None if given is None else max(given, len(sharpes))
        )
    return given


def _row(
    returns: pd.Series[float], periods: float, rf: float, trials: Trials, doubt: Doubt
) -> tuple[Any, ...]:
    level = doubt.get("level", 0.95)

    def annual(values: npt.NDArray[np.float64]) -> float:
        return sharpe_ratio(values, periods=periods, rf=rf)

    own = confidence_interval(returns, annual, level=level, seed=doubt.get("seed", 0))
    terms = {"periods": periods, "rf": rf}
    alone = probabilistic_sharpe_ratio(returns, **terms)
    if np.isnan(trials.variance):
        trials = replace(trials, variance=1.0 / max(own.n - 1, 1))
    deflated = deflated_sharpe_ratio(returns, trials=trials, **terms)
    length = minimum_track_record_length(returns, level=level, **terms)
    verdict = _verdict(own, alone, deflated, level)
    return own.n, own.value, own.low, own.high, alone, deflated, length, verdict


def _verdict(own: Interval, alone: float, deflated: float, level: float) -> str:
    if own.n < ENOUGH or not np.isfinite(alone):
        return "insufficient"
    if alone < level:
        return "not proven"
    return "real" if deflated >= level else "may be luck"
