"""Legs: each fill cut into what it closed and what it opened, in its round trip.

A flip has two legs, any other fill one. The legs of a book, in order, fall into
flat-to-flat trips without a gap, so sums over legs are sums over the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from perfkit.ledger.kernel import Fills, Moves

__all__ = ["Legs", "legs_of"]


class Legs(NamedTuple):
    """Legs sorted by book, then canonical order.

    ``fill`` is the place of the leg's fill, ``trip`` the number of its flat-to-flat
    trip; ``opened`` and ``closed`` are unsigned quantities, one of them 0; ``fee`` is
    the leg's part of the commission; ``ends`` says that the trip ended with the leg.
    """

    fill: npt.NDArray[np.int64]
    trip: npt.NDArray[np.int64]
    opened: npt.NDArray[np.float64]
    closed: npt.NDArray[np.float64]
    fee: npt.NDArray[np.float64]
    ends: npt.NDArray[np.bool_]


def legs_of(fills: Fills, moves: Moves) -> Legs:
    """Cut fills into legs.

    Parameters
    ----------
    fills, moves : Fills, Moves
        Of a whole history: its first fill finds every book flat.
    """
    flips = (moves.closed > 0.0) & (moves.opened > 0.0)
    by_book = np.argsort(fills.book, kind="stable")
    fill = np.repeat(by_book, 1 + flips[by_book])
    reopens = np.zeros(len(fill), np.bool_)
    reopens[1:] = flips[fill[1:]] & (fill[1:] == fill[:-1])
    is_first = ~(flips[fill] & reopens)
    closed = np.where(is_first, moves.closed[fill], 0.0)
    opened = np.where(flips[fill] & is_first, 0.0, moves.opened[fill])
    # a flip is never without a size, another fill may be: its fee took all that it bought
    size = np.where(flips, np.abs(fills.quantity), 1.0)
    reopening_fee = np.where(flips, fills.commission * moves.opened / size, 0.0)[fill]
    fee = np.where(reopens, reopening_fee, fills.commission[fill] - reopening_fee)
    return Legs(
        fill=fill,
        trip=np.cumsum((moves.before[fill] == 0.0) | reopens) - 1,
        opened=opened,
        closed=closed,
        fee=fee,
        ends=(closed > 0.0) & (flips[fill] | (moves.after[fill] == 0.0)),
    )
