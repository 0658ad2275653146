"""Contribution: what each group of round trips made, and whether that is clear.

The contributions of all groups sum to the total: a trip with several labels
is split equally over them, and one without any stands in a row of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONFIDENCE", "MINIMUM_DAYS", "contribution_table", "mean_interval"]

CONFIDENCE = 0.95
# Cameron and Miller (2015), section VI: with fewer clusters, intervals are too narrow.
MINIMUM_DAYS = 20


def contribution_table(
    keys: pd.DataFrame,
    weight: npt.NDArray[np.float64],
    pnl: npt.NDArray[np.float64],
    day: npt.NDArray[np.datetime64],
) -> pd.DataFrame:
    """Measure each group of round trips.

    Parameters
    ----------
    keys : DataFrame of shape (n_rows, n_dimensions)
        One row for each trip and group it stands in, indexed by the trip's
        position.
    weight : ndarray of shape (n_rows,)
        The part of the trip that the row stands for.
    pnl, day : ndarray of shape (n_trips,)
        Net P&L and closing day of each trip.

    Returns
    -------
    DataFrame
        One row a group; the columns are those of `AttributionAnalyzer`.
    """
    names = list(keys.columns)
    group = keys.groupby(names, observed=True, dropna=False).ngroup()
    code = group.to_numpy().astype(np.int64)
    first = np.unique(code, return_index=True)[1]
    rows = keys.index.to_numpy()
    values = pnl[rows]
    size = first.size

    def total(amounts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.bincount(code, weights=amounts, minlength=size).astype(np.float64)

    n = np.bincount(code, minlength=size)
    contribution, everything = total(values * weight), math.fsum(pnl)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        measures = {
            "n": n,
            "pnl": total(values),
            "contribution": contribution,
            "share": contribution / everything,
            "win_rate": total((values > 0).astype(np.float64)) / n,
            "profit_factor": total(np.maximum(values, 0)) / total(np.maximum(-values, 0)),
            "expectancy": total(values) / n,
        }
    low, high, days = mean_interval(code, values, day[rows])
    table = keys.iloc[first].reset_index(drop=True).assign(**measures)
    return table.assign(days=days, mean_low=low, mean_high=high, verdict=_verdicts(low, high))


def mean_interval(
    code: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    day: npt.NDArray[np.datetime64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    r"""95 % confidence interval of each group's mean, clustered by day.

    Trips that close on one day share its market and are not independent,
    so the days are: the variance of the mean is

    .. math:: \frac{D}{D-1} \frac{1}{n^2}
              \sum_{d=1}^{D} \Big( \sum_{i \in d} (x_i - \overline{x}) \Big)^2

    and the interval that of Student's t with D - 1 degrees of freedom.
    Trips that overlap for many days are less independent still: then the
    interval is too narrow. It holds for one group, not for all at once.

    Parameters
    ----------
    code : ndarray of shape (n,)
        Group of each value, 0 to the number of groups.
    values : ndarray of shape (n,)
        Net P&L of trips.
    day : ndarray of datetime64[D], of shape (n,)
        When each closed.

    Returns
    -------
    tuple of ndarray
        Lower and upper bound, NaN below `MINIMUM_DAYS` days; days of each
        group.

    References
    ----------
    .. [1] A. C. Cameron and D. L. Miller (2015), "A Practitioner's Guide to
       Cluster-Robust Inference", *Journal of Human Resources* 50(2), 317-372.
    """
    n = np.bincount(code)
    mean = np.bincount(code, weights=values) / n
    date = np.unique(day, return_inverse=True)[1]
    clusters, member = np.unique(code * (date.size + 1) + date, return_inverse=True)
    owner = clusters // (date.size + 1)
    residual = np.bincount(member, weights=values - mean[code])
    days = np.bincount(owner, minlength=n.size)
    enough = days >= MINIMUM_DAYS
    degrees = np.where(enough, days - 1, 1)
    spread = np.bincount(owner, weights=residual**2, minlength=n.size)
    error = np.sqrt((degrees + 1) / degrees * spread) / n
    half = np.where(enough, stdtrit(degrees, 0.5 + CONFIDENCE / 2) * error, np.nan)
    return mean - half, mean + half, days


def _verdicts(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    known = [np.isnan(low), low > 0.0, high < 0.0]
    return np.select(known, ["insufficient", "earns", "loses"], "unclear")
