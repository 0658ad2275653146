"""Trials: what a Sharpe ratio is worth that is the best of many.

The best of N strategies without any skill has a fine Sharpe ratio too: the more were
tried, the finer. The deflated Sharpe ratio asks whether it is finer than that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.metrics.honesty.sharpe_inference import probabilistic_sharpe_ratio
from perfkit.metrics.honesty.sharpe_record import SharpeOptions  # noqa: TC001  read by name
from perfkit.metrics.observations import observations, per_column
from perfkit.metrics.returns import checked_periods

if TYPE_CHECKING:
    import pandas as pd

LARGEST = 1e100  # a Sharpe ratio above it is a mistake, and its square no longer a number

__all__ = [
    "Trials",
    "checked_trials",
    "deflated_sharpe_ratio",
    "expected_maximum_sharpe",
    "finished_trials",
    "trials_of",
]


@dataclass(frozen=True, slots=True)
class Trials:
    """What was tried.

    Attributes
    ----------
    count : int
        Trials, those without a Sharpe ratio included.
    variance : float
        Of their Sharpe ratios **per period**; NaN where fewer than two are known.
    sharpes : tuple of float
        The Sharpe ratios per period that are known.
    """

    count: int
    variance: float
    sharpes: tuple[float, ...] = ()


def trials_of(sharpes: npt.ArrayLike, *, periods: float = 1.0, count: int | None = None) -> Trials:
    """Read the number and the variance of trials from their Sharpe ratios.

    Parameters
    ----------
    sharpes : array-like of shape (n_trials,)
        Of **all** trials, not only of those that were kept; NaN where one has none.
    periods : float
        Periods in a year of annual Sharpe ratios; 1 where they are per period.
    count : int, optional
        How many were tried, where more were than have a Sharpe ratio.

    Examples
    --------
    >>> trials_of([0.0, 1.0, 2.0], periods=4)
    Trials(count=3, variance=0.25, sharpes=(0.0, 0.5, 1.0))
    """
    given = np.asarray(sharpes, dtype=np.float64)
    known = observations(given) / math.sqrt(checked_periods(periods))
    if known.size and np.abs(known).max() > LARGEST:
        raise InvalidArgumentError(
            f"Sharpe ratios must be finite and within {LARGEST:.0e}, was {np.abs(known).max():g}"
        )
    tried = checked_trials(max(given.size, 1) if count is None else count)
    if tried < given.size:
        raise InvalidArgumentError(
            f"count must be at least the {given.size} trials that are given, was {tried}"
        )
    unknown = 0.0 if tried == 1 else math.nan
    variance = float(known.var(ddof=1)) if known.size > 1 else unknown
    return Trials(tried, variance, tuple(known.tolist()))


def finished_trials(runs: pd.DataFrame, *, sharpe: str, periods: float) -> Trials:
    """Read the trials from the runs of an experiment, as `mlflow.search_runs` gives them.

    Parameters
    ----------
    runs : DataFrame
        One row a run, with a column ``status``. Every finished run counts as a trial,
        with or without a Sharpe ratio. Nested runs count like any other: leave out the
        parents where the children were the trials, and the children (such as folds)
        where the parents were.
    sharpe : str
        The column of Sharpe ratios, such as ``metrics.sharpe_ratio``.
    periods : float
        Periods in a year of those Sharpe ratios; 1 where they are per period.

    Raises
    ------
    UnknownNameError
        When the frame has no such column.

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame(
    ...     {"status": ["FINISHED", "FINISHED", "FAILED"], "metrics.sharpe_ratio": [1.0, 2.0, 9.0]}
    ... )
    >>> finished_trials(runs, sharpe="metrics.sharpe_ratio", periods=1).count
    2
    """
    for column in ("status", sharpe):
        if column not in runs.columns:
            raise UnknownNameError(
                f"the runs must have a column {column!r}, have {', '.join(map(str, runs.columns))}"
            )
    known = runs.loc[runs["status"] == "FINISHED", sharpe].astype(np.float64)
    stored_infinity = np.finfo(np.float64).max  # what mlflow keeps in a database for it
    return trials_of(known.where(known.abs() < stored_infinity), periods=periods)


def expected_maximum_sharpe(trials: int, variance: float) -> float:
    r"""Sharpe ratio that the best of many trials without skill is expected to show.

    .. math:: \sqrt{V} \left((1 - \gamma) \Phi^{-1}\left(1 - \tfrac{1}{N}\right)
              + \gamma \Phi^{-1}\left(1 - \tfrac{1}{N e}\right)\right)

    Parameters
    ----------
    trials : int
        N, independent trials; of correlated ones fewer than were run.
    variance : float
        V, of the Sharpe ratios among the trials, per period.

    Returns
    -------
    float
        Per period, at least 0; 0 for a single trial.

    References
    ----------
    .. [1] D. H. Bailey and M. Lopez de Prado (2014), "The Deflated Sharpe Ratio",
       *Journal of Portfolio Management* 40(5), 94-107.

    Examples
    --------
    >>> round(expected_maximum_sharpe(100, 0.5 / 250), 4)
    0.1132
    """
    from scipy.special import ndtri  # 0.15 s to import

    count = checked_trials(trials)
    if math.isinf(variance) or variance < 0.0:
        raise InvalidArgumentError(f"variance must be at least 0 and finite, was {variance}")
    if count == 1:
        return 0.0
    gamma = float(np.euler_gamma)
    best = (1.0 - gamma) * ndtri(1.0 - 1.0 / count) + gamma * ndtri(1.0 - 1.0 / (count * math.e))
    return math.sqrt(variance) * float(best)


@per_column
def deflated_sharpe_ratio(
    returns: Any,
    *,
    trials: int | Trials,
    trials_variance: float | None = None,
    periods: float | None = None,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[SharpeOptions],
) -> float:
    """Confidence that the best of many trials is better than the best of as many without skill.

    The probabilistic Sharpe ratio against `expected_maximum_sharpe`.

    Parameters
    ----------
    returns : array-like of shape (n,), DataFrame or SharpeRecord
        Simple returns a period of the trial that was chosen; NaN is dropped.
    trials : int or Trials
        How many were tried; `Trials`, of `trials_of` or `finished_trials`, brings its
        own variance.
    trials_variance : float, optional
        Variance of the trials' Sharpe ratios **per period**, with a plain number.
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
    float, or Series for a frame
        In [0, 1]; NaN where the probabilistic Sharpe ratio is, or where of many trials
        fewer than two Sharpe ratios are known.

    Raises
    ------
    InvalidArgumentError
        When a number of trials comes without their variance.

    References
    ----------
    .. [1] D. H. Bailey and M. Lopez de Prado (2014), "The Deflated Sharpe Ratio",
       *Journal of Portfolio Management* 40(5), 94-107.

    Examples
    --------
    >>> from perfkit.metrics.honesty.sharpe_record import SharpeRecord
    >>> best = SharpeRecord(2.5 / 250**0.5, 1250, skewness=-3.0, kurtosis=10.0)
    >>> round(deflated_sharpe_ratio(best, trials=100, trials_variance=0.5 / 250), 4)
    0.9004
    """
    hurdle = _hurdle(trials, trials_variance)
    if math.isnan(hurdle):
        return math.nan
    deflated: float = probabilistic_sharpe_ratio(
        returns, benchmark_sharpe=hurdle, periods=periods, rf=rf, rf_per_period=rf_per_period, **how
    )
    return deflated


def checked_trials(trials: int) -> int:
    """Refuse a number of trials that is none."""
    if isinstance(trials, bool) or trials != int(trials) or trials < 1:
        raise InvalidArgumentError(
            f"trials must be a whole number of at least 1, was {trials!r}; "
            "count every variant that was looked at, this one included"
        )
    return int(trials)


def _hurdle(trials: int | Trials, variance: float | None) -> float:
    if isinstance(trials, Trials):
        if variance is not None:
            raise InvalidArgumentError(
                "give Trials, which have their variance, or a number with trials_variance"
            )
        return expected_maximum_sharpe(trials.count, trials.variance)
    if variance is None and trials != 1:
        raise InvalidArgumentError(
            f"{trials} trials need trials_variance, the variance of their Sharpe ratios a "
            "period; trials_of(sharpes) reads both"
        )
    return expected_maximum_sharpe(trials, variance or 0.0)
