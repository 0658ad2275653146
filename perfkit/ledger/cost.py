"""Cost: the methods by which an exit finds its entry price, each with its state.

``average`` keeps one price a position; ``fifo`` keeps lots and remembers which
entry each exit was matched with.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import kernel
from perfkit.ledger.kernel import Costs, Fills, Lots, Matches
from perfkit.ledger.state import new_costs, new_lots, new_matches

__all__ = ["AverageCost", "FifoCost", "Method", "cost_method"]

Method = Literal["average", "fifo"]


class AverageCost:
    """Average price, unchanged by reducing fills; continues where its last call ended."""

    def apply(self, fills: Fills, state: npt.NDArray[np.void]) -> Costs:
        """Run over fills in canonical order, updating the state of their books."""
        costs = new_costs(len(fills.book))
        kernel.average_cost(fills, state, costs)
        return costs


class FifoCost:
    """First in, first out; continues where its last call ended.

    Attributes
    ----------
    matches : Matches
        Pairs of entry and exit of the last call.
    """

    def __init__(self) -> None:
        self.matches = new_matches(0)
        self._lots = new_lots(0)

    def apply(self, fills: Fills, state: npt.NDArray[np.void]) -> Costs:
        """Run over fills in canonical order, updating the state of their books."""
        costs, matches = new_costs(len(fills.book)), new_matches(len(fills.book))
        self._lots = _with_room(self._lots, len(fills.book))
        kernel.fifo_cost(fills, state, self._lots, matches, costs)
        found = int(matches.matched[0])
        self.matches = Matches(
            matches.entry[:found], matches.exit[:found], matches.quantity[:found], matches.matched
        )
        return costs


def cost_method(method: Method) -> AverageCost | FifoCost:
    """Return a new cost method by its name.

    Raises
    ------
    InvalidArgumentError
        When there is no method of that name.
    """
    if method == "average":
        return AverageCost()
    if method == "fifo":
        return FifoCost()
    raise InvalidArgumentError(f"method must be one of {get_args(Method)}, was {method!r}")


def _with_room(lots: Lots, fills: int) -> Lots:
    """Return lots with a free slot for each of so many fills."""
    size, needed = len(lots.price), int(lots.open[0]) + fills
    if needed <= size:
        return lots
    more = new_lots(max(needed, 2 * size) - size)
    following = more.next + size
    following[-1] = lots.free[0]
    entry, price, opened, quantity = (
        np.concatenate(pair) for pair in zip(lots[:4], more[:4], strict=True)
    )
    following = np.concatenate([lots.next, following])
    return Lots(entry, price, opened, quantity, following, np.array([size]), lots.open)
