"""Ticks: labels with just the digits that tell each from its neighbours.

How many digits a number needs, the number alone does not know: beside 1.0005M,
1.001M must not be written 1M. So labels are made from the step between ticks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import Formatter

from perfkit.reports.figures.style import compact, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ROUND", "StepFormatter", "number_tick", "percent_tick"]

ROUND = (1, 2, 2.5, 5, 10)  # steps that a reader counts by

PART = 1e-3  # of a step: how far a label may lie from its tick
DIGITS = 17  # no float64 needs more


def number_tick(value: float, step: float) -> str:
    """Write a number in as few characters as its step allows.

    Parameters
    ----------
    value : float
        A tick.
    step : float
        Distance to the nearest other tick, above 0.

    Examples
    --------
    >>> [number_tick(value, 500.0) for value in (0.0, 100_000.0, 100_500.0, 1_000_500.0)]
    ['0', '100k', '100.5k', '1.0005M']
    """
    if abs(value) <= PART * step:
        return "0"
    near = (d for d in range(1, DIGITS) if abs(float(f"{value:.{d}g}") - value) <= PART * step)
    return compact(value, next(near, DIGITS))


def percent_tick(value: float, step: float) -> str:
    """Write a fraction as per cent, with as many decimals as its step needs.

    Parameters
    ----------
    value : float
        A tick, as a fraction.
    step : float
        Distance to the nearest other tick, above 0, as a fraction.

    Examples
    --------
    >>> percent_tick(-0.01, 0.005), percent_tick(-0.005, 0.005), percent_tick(0.2, 0.1)
    ('−1%', '−0.5%', '20%')
    """
    whole, room = 100.0 * value, 100.0 * PART * step
    near = (d for d in range(DIGITS) if abs(round(whole, d) - whole) <= room)
    return percent(value, next(near, DIGITS))


class StepFormatter(Formatter):
    """Labels of an axis, each written with the step between its ticks.

    Parameters
    ----------
    write : callable
        `number_tick` or `percent_tick`.
    """

    def __init__(self, write: Callable[[float, float], str]) -> None:
        self._write = write
        self._step = 1.0

    def set_locs(self, locs: Sequence[float]) -> None:
        """Take the ticks that will be labelled, and their smallest step."""
        ticks = np.unique(np.asarray(locs, dtype=float))
        steps = np.diff(ticks)
        alone = float(np.abs(ticks).max(initial=0.0)) or 1.0
        self._step = float(steps.min()) if steps.size else alone

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002  matplotlib's
        """Write the label of one tick."""
        return self._write(x, self._step)
