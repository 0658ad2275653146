"""Known closes: one symbol's closes over a span of time, and from when each counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from perfkit.market.symbol_figures import SymbolFigures

__all__ = ["closes_between"]

Times = npt.NDArray[np.int64]


def closes_between(
    figures: SymbolFigures, start: int, stop: int, stale_after: int
) -> tuple[Times, Times, npt.NDArray[np.float64]]:
    """Give the last close at ``start`` and those that follow up to ``stop``.

    Parameters
    ----------
    figures : SymbolFigures
        Of the symbol.
    start, stop : int
        First and last moment, in microseconds since 1970, UTC.
    stale_after : int
        How long after its close a bar is stale, in microseconds.

    Returns
    -------
    since : ndarray of shape (n_closes,)
        From when each counts, rising; not before ``start``.
    asof : ndarray of shape (n_closes,)
        When its bar closed.
    close : ndarray of shape (n_closes,)
        NaN from when the bar is stale.
    """
    first, last = figures.row_asof(start), figures.row_asof(stop)
    if first == last >= 0:
        closed, price = figures.bar(first)
        if closed + stale_after > stop:
            return np.array([start]), np.array([closed]), np.array([price])
    rows = np.arange(max(first, 0), last + 1)
    asof = figures.close_times(rows)
    expired = asof + stale_after
    since = np.maximum(np.stack([asof, expired], axis=1).ravel(), start)
    both = np.stack([figures.closes(rows), np.full(len(rows), np.nan)], axis=1).ravel()
    counts = since <= stop
    counts[1:-1:2] &= expired[:-1] < asof[1:]  # else the next close comes before
    return since[counts], np.repeat(asof, 2)[counts], both[counts]
