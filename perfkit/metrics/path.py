"""Path: how deep an account fell from its peak, and when.

A path begins before its first observation, so a first loss is a drawdown.
Paths are merged in the order of time; the result is that of the whole path,
because the deepest drop lies in the first part, in the second, or between
the high of the first and the low of the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

from perfkit.errors import InvalidArgumentError

__all__ = ["Drop", "Path", "Point", "wealth"]

Floats: TypeAlias = npt.NDArray[np.float64]
Times: TypeAlias = npt.NDArray[np.datetime64]

BEFORE = np.datetime64("NaT", "us")


@njit(cache=True)
def deepest(levels: Floats) -> tuple[int, int, int, int]:
    """Find the deepest drops of a path.

    Returns
    -------
    tuple of int
        Positions of peak and trough of the largest drop in money, then of
        the largest as a fraction of a positive peak; equal when it never fell.
    """
    peak = 0
    money = (0, 0)
    fraction = (0, 0)
    depth = 0.0
    part = -1.0  # below any depth, so that the first positive level is a peak
    for i in range(levels.size):
        if levels[i] > levels[peak]:
            peak = i
        if levels[peak] - levels[i] > depth:
            depth, money = levels[peak] - levels[i], (peak, i)
        if levels[peak] > 0.0 and 1.0 - levels[i] / levels[peak] > part:
            part, fraction = 1.0 - levels[i] / levels[peak], (peak, i)
    return money[0], money[1], fraction[0], fraction[1]


def wealth(returns: Floats) -> Floats:
    """Compound returns from a wealth of 1, which stands first.

    Parameters
    ----------
    returns : ndarray of shape (n,)
        Simple returns a period, finite.

    Returns
    -------
    ndarray of shape (n + 1,)
        Wealth before the first return and after each. It stays where the
        first return of -1 or less left it: nothing compounds from ruin.
    """
    growth: Floats = np.concatenate(([1.0], 1.0 + returns))
    growth[_ruin(growth) + 1 :] = 1.0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        levels: Floats = np.cumprod(growth, dtype=np.float64)
    return levels


@dataclass(frozen=True, slots=True)
class Point:
    """A level of a path and its time, NaT before the first or without times."""

    level: float
    time: np.datetime64


@dataclass(frozen=True, slots=True)
class Drop:
    """A fall from a peak to a trough; both the same point where it never fell."""

    peak: Point
    trough: Point

    @property
    def money(self) -> float:
        """Depth in the unit of the levels, at least 0."""
        return self.peak.level - self.trough.level

    @property
    def fraction(self) -> float:
        """Depth as a positive fraction of the peak; NaN of a peak of 0 or less."""
        return 1.0 - self.trough.level / self.peak.level if self.peak.level > 0.0 else math.nan


@dataclass(frozen=True, slots=True)
class Path:
    """The drawdown of a path of returns, of P&L or of net asset values.

    Attributes
    ----------
    kind : str
        ``return``: levels are wealth from 1; ``pnl``: cumulative P&L from 0;
        ``nav``: levels as given.
    n : int
        Observations.
    high, low, end : Point
        Highest, lowest and last level, the first of equals: what a merge
        needs. NaN for an empty ``nav``.
    by_money : Drop
        Largest drop in the unit of the levels.
    by_fraction : Drop
        Largest drop as a fraction of its peak, which can be another one;
        NaN for ``pnl``, which knows no capital.

    Examples
    --------
    >>> first, second = Path.of_returns([0.10, -0.20]), Path.of_returns([-0.10, 0.30])
    >>> round(first.then(second).max_drawdown, 4)
    0.28
    """

    kind: str
    n: int
    high: Point
    low: Point
    end: Point
    by_money: Drop
    by_fraction: Drop

    @classmethod
    def of_returns(cls, returns: npt.ArrayLike, times: npt.ArrayLike | None = None) -> Path:
        """Read the path of simple returns a period, from a wealth of 1."""
        values, when = _observed(returns, times)
        return cls._of_levels("return", wealth(values), np.concatenate(([BEFORE], when)))

    @classmethod
    def of_pnl(cls, pnl: npt.ArrayLike, times: npt.ArrayLike | None = None) -> Path:
        """Read the path of cumulative P&L, from 0, in the account currency."""
        values, when = _observed(pnl, times)
        levels = np.concatenate(([0.0], np.cumsum(values)))
        return cls._of_levels("pnl", levels, np.concatenate(([BEFORE], when)))

    @classmethod
    def of_nav(cls, nav: npt.ArrayLike, times: npt.ArrayLike | None = None) -> Path:
        """Read the path of net asset values, in the account currency.

        It stays at the first value of 0 or less: a fraction of nothing has
        no meaning.
        """
        values, when = _observed(nav, times)
        ruin = _ruin(values)
        values[ruin + 1 :] = values[ruin : ruin + 1]
        return cls._of_levels("nav", values, when)

    def then(self, later: Path) -> Path:
        """Merge with the path that follows this one.

        Raises
        ------
        InvalidArgumentError
            When the two are of different kinds.
        """
        if later.kind != self.kind:
            raise InvalidArgumentError(
                f"only paths of one kind merge, were {self.kind!r} and {later.kind!r}; "
                "build both from returns, from P&L or from net asset values"
            )
        if self.n == 0 or later.n == 0:
            return self if self.n else later
        if self.kind != "pnl" and self.end.level <= 0.0:
            end = Point(self.end.level, later.end.time)
            return replace(self, n=self.n + later.n, end=end)
        b = later._continued(self.end)
        between = Drop(self.high, b.low)
        high = b.high if b.high.level > self.high.level else self.high
        return Path(
            kind=self.kind,
            n=self.n + later.n,
            high=high,
            low=b.low if b.low.level < self.low.level else self.low,
            end=b.end,
            by_money=max(self.by_money, between, b.by_money, key=_money),
            by_fraction=self._deepest_fraction(between, b, Drop(high, b.low)),
        )

    @property
    def max_drawdown(self) -> float:
        """Largest drop as a positive fraction; NaN for ``pnl``, which knows no capital."""
        return self.by_fraction.fraction if self.n else math.nan

    @property
    def money_drawdown(self) -> float:
        """Largest drop in the unit of the levels, at least 0; NaN without observations."""
        return self.by_money.money if self.n else math.nan

    @classmethod
    def _of_levels(cls, kind: str, levels: Floats, times: Times) -> Path:
        def point(i: int) -> Point:
            return Point(float(levels[i]), times[i])

        nowhere = Point(math.nan, BEFORE)
        nothing = Drop(nowhere, nowhere)
        if not levels.size:
            return cls(kind, 0, nowhere, nowhere, nowhere, nothing, nothing)
        spots = deepest(levels)
        return cls(
            kind,
            levels.size - (kind != "nav"),
            high=point(int(levels.argmax())),
            low=point(int(levels.argmin())),
            end=point(-1),
            by_money=Drop(point(spots[0]), point(spots[1])),
            by_fraction=nothing if kind == "pnl" else Drop(point(spots[2]), point(spots[3])),
        )

    def _deepest_fraction(self, between: Drop, later: Path, ruin: Drop) -> Drop:
        if self.kind == "pnl":
            return self.by_fraction
        if later.low.level <= 0.0:  # the end of the path, so every high lies before it
            return ruin
        return max(self.by_fraction, between, later.by_fraction, key=_fraction)

    def _continued(self, start: Point) -> Path:
        """Move a path that began on its own to where the one before it ended."""

        def moved(point: Point) -> Point:
            level = point.level
            if self.kind == "return":
                level *= start.level
            elif self.kind == "pnl":
                level += start.level
            return Point(level, start.time if np.isnat(point.time) else point.time)

        return replace(
            self,
            high=moved(self.high),
            low=moved(self.low),
            end=moved(self.end),
            by_money=Drop(moved(self.by_money.peak), moved(self.by_money.trough)),
            by_fraction=Drop(moved(self.by_fraction.peak), moved(self.by_fraction.trough)),
        )


def _ruin(levels: Floats) -> int:
    """Position of the first level of 0 or less; the size where there is none."""
    return int((levels > 0.0).argmin()) if levels.size and levels.min() <= 0.0 else levels.size


def _money(drop: Drop) -> float:
    return drop.money


def _fraction(drop: Drop) -> float:
    return drop.fraction if drop.peak.level > 0.0 else -1.0


def _observed(values: npt.ArrayLike, times: npt.ArrayLike | None) -> tuple[Floats, Times]:
    levels = np.asarray(values, dtype=np.float64)
    when = np.full(levels.shape, BEFORE) if times is None else np.asarray(times, "M8[us]")
    if levels.shape != when.shape or levels.ndim != 1:
        raise InvalidArgumentError(
            f"a path takes one time for each value, were {levels.shape} values and "
            f"{when.shape} times; give two columns of the same length"
        )
    return levels[~np.isnan(levels)], when[~np.isnan(levels)]
