"""Excess frame: what several strategies earn above a benchmark, on the days that all have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.observations import Floats, aligned, observations
from perfkit.metrics.returns import dispersion

__all__ = ["excess_frame"]


def excess_frame(benchmark: Any, strategies: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Subtract a benchmark from strategies.

    Parameters
    ----------
    benchmark : Series, array-like of shape (n,) or number
        Returns, or one return a period. A Series is joined by its index.
    strategies : DataFrame of shape (n, k)
        Returns, one column a strategy.

    Returns
    -------
    DataFrame of shape (n_complete, k_moving)
        Rows without a missing value, of the strategies whose excess moves.
    tuple of str
        The strategies whose excess never moves.

    Raises
    ------
    InvalidArgumentError
        For no strategies, two of one name, infinite returns, unsorted or duplicate
        dates, time zones that don't agree, or a benchmark of another length.

    Examples
    --------
    >>> returns = pd.DataFrame({"momentum": [0.02, 0.01, None], "cash": [0.01, 0.01, 0.01]})
    >>> excess, still = excess_frame(0.01, returns)
    >>> excess["momentum"].tolist(), still
    ([0.01, 0.0], ('cash',))
    """
    _check(strategies)
    returns = strategies.astype(np.float64)
    excess = returns.sub(_column(benchmark, returns), axis=0)
    complete = excess.notna().all(axis=1).to_numpy()
    excess, returns = excess[complete], returns[complete]
    still = [
        name for name in excess.columns
        if not dispersion(excess[name].to_numpy(), returns[name].to_numpy())
    ]  # fmt: skip
    return excess.drop(columns=still), tuple(map(str, still))


def _check(strategies: pd.DataFrame) -> None:
    if not isinstance(strategies, pd.DataFrame) or strategies.shape[1] == 0:
        raise InvalidArgumentError(
            f"strategies must be a DataFrame with a column for each, was "
            f"{type(strategies).__name__}; pd.DataFrame({{'name': returns}}) is one"
        )
    if not strategies.columns.is_unique:
        twice = strategies.columns[strategies.columns.duplicated()][0]
        raise InvalidArgumentError(f"strategies must have names of their own, two are {twice!r}")
    for name in strategies.columns:
        observations(strategies[name])  # refuses what isn't finite, and dates out of order


def _column(benchmark: Any, returns: pd.DataFrame) -> Floats:
    """The benchmark's return of each row, NaN where it has none."""
    first = returns.iloc[:, 0]
    if np.ndim(benchmark) == 0:
        rate = observations([benchmark])
        if not rate.size:
            raise InvalidArgumentError(f"benchmark must be a return a period, was {benchmark}")
        return np.full(len(returns), rate[0])
    if isinstance(benchmark, pd.Series):
        observations(benchmark)
        aligned(first, benchmark)  # refuses time zones that don't agree, and names twice
        return benchmark.reindex(returns.index).to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.asarray(benchmark, dtype=np.float64)
    observations(values)
    aligned(first.to_numpy(), values)  # refuses another length
    return values
