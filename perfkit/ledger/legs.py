"""Legs: each fill cut into what it closed and what it opened, in its round trip.

A flip has two legs, any other fill one. The legs of a book, in order, fall into
flat-to-flat trips without a gap, so sums over legs are sums over the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from perfkit.ledger.kernel import Costs, Fills

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


def legs_of(fills: Fills, costs: Costs) -> Legs:
    """Cut fills into legs.

    Parameters
    ----------
    fills, costs : Fills, Costs
        Of a whole history: its first fill finds every book flat.
    """
    is_flip = np.sign(costs.position_before) * np.sign(costs.position) < 0.0
    by_book = np.argsort(fills.book, kind="stable")
    fill = np.repeat(by_book, 1 + is_flip[by_book])
    before, after, flips = costs.position_before[fill], costs.position[fill], is_flip[fill]
    quantity = fills.quantity[fill]
    reopens = np.zeros(len(fill), np.bool_)
    reopens[1:] = flips[1:] & (fill[1:] == fill[:-1])
    closes = (np.sign(before) * np.sign(quantity) < 0.0) & ~reopens
    size = np.abs(quantity)
    closed = np.where(closes, np.where(flips, np.abs(before), size), 0.0)
    opened = np.where(closes, 0.0, np.where(flips, np.abs(after), size))
    reopening_fee = fills.commission[fill] * np.abs(after) / size
    fee = fills.commission[fill] - np.where(flips, reopening_fee, 0.0)
    return Legs(
        fill=fill,
        trip=np.cumsum((before == 0.0) | reopens) - 1,
        opened=opened,
        closed=closed,
        fee=np.where(reopens, reopening_fee, fee),
        ends=closes & (flips | (after == 0.0)),
    )
