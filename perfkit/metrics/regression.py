"""Regression: the line of least squares, in units in which no square overflows."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from perfkit.metrics.observations import GUARD, Floats, normalised
from perfkit.metrics.returns import average

__all__ = ["Line", "deviations", "fitted_line", "inner", "slope"]


class Line(NamedTuple):
    """A line through observations, in units of `size` (values) and `step` (regressor).

    Attributes
    ----------
    intercept, slope : float
        The slope is NaN when the regressor does not move.
    residuals : ndarray of shape (n,)
        All 0 where they are only rounding.
    regressor : ndarray of shape (n,)
        Deviations from `mean`.
    mean : float
        The regressor's.
    size, step : float
        Powers of two.
    """

    intercept: float
    slope: float
    residuals: Floats
    regressor: Floats
    mean: float
    size: float
    step: float

    @property
    def beta(self) -> float:
        """Slope in the units of what was given."""
        return self.slope * (self.size / self.step)


def fitted_line(values: Floats, regressor: Floats) -> Line:
    """Fit values by a line in the regressor, by least squares."""
    residuals, size = normalised(values)
    moves, step = deviations(regressor)
    variance = inner(moves, moves)
    if variance == 0.0:
        return Line(math.nan, math.nan, np.zeros_like(residuals), moves, 0.0, size, step)
    mean, level = average(regressor) / step, float(residuals.mean())
    residuals -= level
    gradient = inner(moves, residuals) / variance
    residuals -= gradient * moves
    if _spread(residuals) <= GUARD:
        residuals[:] = 0.0
    return Line(level - gradient * mean, gradient, residuals, moves, mean, size, step)


def slope(values: Floats, regressor: Floats) -> float:
    """Fit a line and give its slope alone; NaN when the regressor does not move."""
    (own, size), (moves, step) = deviations(values), deviations(regressor)
    variance = inner(moves, moves)
    return inner(moves, own) / variance * (size / step) if variance > 0 else math.nan


def deviations(values: Floats) -> tuple[Floats, float]:
    """Subtract the mean; give deviations and their unit, all 0 where they are only rounding."""
    moves, scale = normalised(values)
    if moves.size:
        moves -= moves.mean()
    if moves.size < 2 or _spread(moves) <= GUARD:
        moves[:] = 0.0
    return moves, scale


def inner(left: Floats, right: Floats) -> float:
    """Sum of products, on one thread: the same bits however many cores there are."""
    return float(np.einsum("i,i->", left, right))


def _spread(moves: Floats) -> float:
    return math.sqrt(inner(moves, moves) / moves.size)
