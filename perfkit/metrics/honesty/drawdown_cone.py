"""Drawdown cone: where a drawdown stands among those that luck alone would bring.

Paths are drawn from a span of returns by the stationary bootstrap. From a reference span,
such as a backtest, they say what the live span was to be expected to bring; from the live
span itself, only whether its own returns came in an unlucky order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.drawdown import longest_drawdown, max_drawdown
from perfkit.metrics.honesty.enough import checked_draws, checked_level, shortfall, too_small
from perfkit.metrics.honesty.resampling import block_length, drawn_positions
from perfkit.metrics.observations import Floats, observations

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DrawdownOdds", "drawdown_cone", "drawdown_odds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawdownOdds:
    """A span's worst drawdown among those of resampled paths of its length.

    Attributes
    ----------
    depth : float
        Its largest fall from a peak, a positive fraction.
    length : float
        Its most periods in a row below a peak.
    depth_percentile, length_percentile : float
        The part of the paths that fell less deep, or stayed down less long; paths that
        did just the same count half.
    depth_p_value, length_p_value : float
        The part of the paths that did at least as badly, the span itself counted as one.
    compared : str
        What the paths were drawn from, in words.
    n, reference_n : int
        Periods of the span, and of that from which the paths were drawn.
    draws : int
        Paths.
    reason : str, optional
        ``insufficient`` where the reference has less than 30 observations; ``too_few``
        for an empty span; ``overflow`` where a path grew beyond what a float can hold.
    """

    depth: float
    length: float
    depth_percentile: float
    length_percentile: float
    depth_p_value: float
    length_p_value: float
    compared: str
    n: int
    reference_n: int
    draws: int
    reason: str | None = None

    @property
    def verdict(self) -> str:
        """The result in words."""
        if self.reason == "insufficient":
            return shortfall(self.reference_n, what="observations to draw from")
        if self.reason == "too_few":
            return "too_few: there is no observation"
        if self.reason is not None:
            return "overflow: a path grows beyond what a float can hold"
        odds = "unusual" if min(self.depth_p_value, self.length_p_value) < 0.025 else "not unusual"
        return (
            f"{odds}: {self.depth_p_value:.1%} of paths fall at least {self.depth:.1%}, "
            f"{self.length_p_value:.1%} stay down at least {self.length:.0f} periods "
            f"({self.compared})"
        )


def drawdown_cone(
    returns: Any,
    *,
    horizon: int | None = None,
    levels: Sequence[float] = (0.05, 0.5, 0.95),
    draws: int = 1_000,
    block: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Quantiles of wealth and drawdown, period by period ahead.

    Parameters
    ----------
    returns : array-like of shape (n,)
        Simple returns a period that the future is assumed to resemble; NaN is dropped.
    horizon : int, optional
        Periods ahead; as many as there are observations where it isn't given.
    levels : sequence of float
        Quantiles, in (0, 1).
    draws : int
        Paths.
    block : float, optional
        Mean block length in observations; estimated where it isn't given.
    seed : int
        The same seed gives the same cone.

    Returns
    -------
    DataFrame
        One row a period and level: ``period`` from 1, ``level``, ``wealth`` (from 1 at
        the start) and ``drawdown``, a positive fraction. Each column's quantiles are of
        that column, so the 5 % of wealth is bad and the 5 % of drawdown good. No rows
        below 30 observations, for which nothing honest can be said.

    Raises
    ------
    InvalidArgumentError
        For a horizon, a level, a number of draws or a block out of its range.

    Notes
    -----
    The paths have the mean of the sample as if it were known. A backtest that was chosen
    for its mean draws a cone that is too narrow and too high.

    Examples
    --------
    >>> cone = drawdown_cone([0.02, -0.01, 0.01, 0.00] * 15, horizon=2, levels=[0.5])
    >>> cone.columns.tolist(), len(cone)
    (['period', 'level', 'wealth', 'drawdown'], 2)
    """
    values = observations(returns)
    asked = [checked_level(level, "levels") for level in levels]
    ahead = _checked_horizon(values.size if horizon is None else horizon)
    checked_draws(draws)
    if too_small(values.size):
        ahead = 0
        paths = np.empty((draws, 0))
    else:
        length = block_length(values, block)
        paths = _paths(values, ahead, length, draws, seed)
    wealth, depth = _wealth_and_depth(paths)
    with np.errstate(invalid="ignore"):  # NaN where a wealth is beyond float64
        quantiles = [np.quantile(column, asked, axis=0).T.ravel() for column in (wealth, depth)]
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(1, ahead + 1), len(asked)),
            "level": np.tile(np.array(asked, dtype=np.float64), ahead),
            "wealth": quantiles[0],
            "drawdown": quantiles[1],
        }
    )


def drawdown_odds(
    live: Any,
    *,
    reference: Any = None,
    draws: int = 1_000,
    block: float | None = None,
    seed: int = 0,
) -> DrawdownOdds:
    """Place a span's worst drawdown among those of resampled paths of its length.

    Parameters
    ----------
    live : array-like of shape (n,)
        Simple returns a period of the span in question; NaN is dropped.
    reference : array-like of shape (m,), optional
        Returns that the span was expected to resemble, such as the backtest, and that it
        is no part of. Without it the paths are drawn from the span itself: they have its
        mean, however good or bad it was, and so tell an unlucky **order** of its returns,
        not a strategy that got worse.
    draws : int
        Paths.
    block : float, optional
        Mean block length in observations; estimated where it isn't given.
    seed : int
        The same seed gives the same odds.

    Returns
    -------
    DrawdownOdds
        NaN with the reason ``insufficient`` where there are less than 30 observations to
        draw from.

    Notes
    -----
    A reference is itself a sample. So each path is drawn from a resample of it, not from
    it: of spans that are just like a reference of their own length, 6 % fall deeper than
    95 % of the paths then, 9 % where days depend on each other (``benchmarks/honesty.py``);
    of paths drawn from the reference itself, 10 to 13 % would.
    What it can't know is that a backtest was chosen for its figures; its drawdowns are
    then too mild, and these p-values too small.

    Examples
    --------
    >>> odds = drawdown_odds([-0.02] * 20, reference=[0.02, -0.01, 0.01, 0.00] * 15)
    >>> odds.depth_p_value < 0.01
    True
    """
    span = observations(live)
    source = span if reference is None else observations(reference)
    compared = (
        "paths of its own returns in another order" if reference is None
        else f"paths of the {source.size:,} returns of the reference"
    )  # fmt: skip
    with np.errstate(invalid="ignore"):  # NaN where the wealth is beyond float64
        depth, length = max_drawdown(span), longest_drawdown(span)
    checked_draws(draws)
    reason = "too_few" if not span.size else "insufficient" if too_small(source.size) else None
    unknown = (math.nan, math.nan)
    (depth_percentile, depth_p), (length_percentile, length_p) = unknown, unknown
    if reason is None:
        blocks = block_length(source, block)
        paths = _paths(source, span.size, blocks, draws, seed, uncertain=reference is not None)
        _, falls = _wealth_and_depth(paths)
        reason = None if np.isfinite(falls).all() else "overflow"
    if reason is None:
        depth_percentile, depth_p = _place(depth, falls.max(axis=1))
        length_percentile, length_p = _place(length, _longest_runs(falls > 0.0))
    return DrawdownOdds(
        depth=depth, length=length, depth_percentile=depth_percentile,
        length_percentile=length_percentile, depth_p_value=depth_p, length_p_value=length_p,
        compared=compared, n=span.size, reference_n=source.size, draws=draws, reason=reason,
    )  # fmt: skip


def _paths(
    values: Floats, length: int, block: float, draws: int, seed: int, *, uncertain: bool = False
) -> Floats:
    """Draw paths; of an uncertain sample each from a resample of its own."""
    n = values.size
    pieces = math.ceil(length / n)
    drawn = drawn_positions(n, block, draws * (pieces + uncertain), seed)
    positions = np.fromiter(drawn, dtype=(np.int64, n), count=draws * (pieces + uncertain))
    positions = positions.reshape(draws, -1)
    if uncertain:
        positions = np.take_along_axis(positions[:, :n], positions[:, n:], axis=1)
    paths: Floats = values[positions[:, :length]]
    return paths


def _wealth_and_depth(paths: Floats) -> tuple[Floats, Floats]:
    """Compound each path from 1, and measure how far it is below its peak."""
    growth = 1.0 + paths
    ruin = growth <= 0.0
    growth[np.cumsum(ruin, axis=1) - ruin > 0] = 1.0  # nothing compounds from ruin
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        wealth: Floats = np.cumprod(growth, axis=1, dtype=np.float64)
        peak = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
        return wealth, 1.0 - wealth / peak


def _longest_runs(below: npt.NDArray[np.bool_]) -> Floats:
    """Longest run of periods below the peak, path by path."""
    place = np.arange(1, below.shape[1] + 1)
    last_peak = np.maximum.accumulate(np.where(below, 0, place), axis=1)
    longest: Floats = (place - last_peak).max(axis=1).astype(np.float64)
    return longest


def _place(observed: float, drawn: Floats) -> tuple[float, float]:
    """The part of the paths below the observed figure, and its p-value."""
    below, same = float(np.mean(drawn < observed)), float(np.mean(drawn == observed))
    return below + same / 2, float((np.sum(drawn >= observed) + 1) / (drawn.size + 1))


def _checked_horizon(horizon: int) -> int:
    if horizon != int(horizon) or horizon < 0:
        raise InvalidArgumentError(
            f"horizon must be a whole number of periods, at least 0, was {horizon!r}"
        )
    return int(horizon)
