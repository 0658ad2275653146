"""Known closes: what symbols closed at over a span of time, and from when each close counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.market.symbol_figures import SymbolFigures

__all__ = ["Closes", "closes_between"]

Times: TypeAlias = npt.NDArray[np.int64]
Closes: TypeAlias = tuple[Times, Times, Times, npt.NDArray[np.float64]]


def closes_between(
    symbols: Sequence[SymbolFigures | None], start: int, stop: int, stale_after: int
) -> Closes:
    """Give the last closes at ``start`` and those that follow up to ``stop``.

    Parameters
    ----------
    symbols : sequence of SymbolFigures or None
        Figures of each symbol; one without bars has no closes.
    start, stop : int
        First and last moment, in microseconds since 1970, UTC.
    stale_after : int
        How long after its close a bar is stale, in microseconds.

    Returns
    -------
    place : ndarray of shape (n_closes,)
        Of the symbol; rising.
    since : ndarray of shape (n_closes,)
        From when each counts, of a symbol rising; not before ``start``.
    asof : ndarray of shape (n_closes,)
        When its bar closed.
    close : ndarray of shape (n_closes,)
        NaN from when the bar is stale.
    """
    current, others = [], []
    for number, figures in enumerate(symbols):
        if figures is None:
            continue
        if figures.last_time <= start and stop < figures.last_time + stale_after:
            current.append((number, figures.last_time, figures.last_close))  # as always when live
        else:
            since, *known = _of_symbol(figures, start, stop, stale_after)
            others.append((np.full(len(since), number), since, *known))
    places, asof, close = zip(*current, strict=True) if current else ((), (), ())
    alone = np.full(len(places), start)
    found = np.array(places, np.int64), alone, np.array(asof, np.int64), np.array(close, np.float64)
    if not others:
        return found
    place, since, asofs, closes = (np.concatenate(c) for c in zip(found, *others, strict=True))
    order = np.argsort(place, kind="stable")
    return place[order], since[order], asofs[order], closes[order]


def _of_symbol(
    figures: SymbolFigures, start: int, stop: int, stale_after: int
) -> tuple[Times, Times, npt.NDArray[np.float64]]:
    first, last = figures.row_asof(start), figures.row_asof(stop)
    rows = np.arange(max(first, 0), last + 1)
    asof = figures.close_times(rows)
    expired = asof + stale_after
    since = np.maximum(np.stack([asof, expired], axis=1).ravel(), start)
    both = np.stack([figures.closes(rows), np.full(len(rows), np.nan)], axis=1).ravel()
    counts = since <= stop
    counts[1:-1:2] &= expired[:-1] < asof[1:]  # else the next close comes before
    return since[counts], np.repeat(asof, 2)[counts], both[counts]
