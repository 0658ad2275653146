"""Cost: the methods by which an exit finds its entry price, each with its state.

``average`` keeps one price a position; the others keep lots and remember which entry
each exit was matched with.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import kernel, lot_kernel
from perfkit.ledger.lot_kernel import Lots, Matches
from perfkit.ledger.state import TOTAL, new_cost_state, new_costs, new_lots, new_matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.ledger.kernel import Costs, Fills, Moves

__all__ = ["AverageCost", "CostMethod", "LotCost", "Method", "cost_method"]

Method = Literal["average", "fifo", "lifo", "hifo"]
_LOT_METHODS: Mapping[str, int] = MappingProxyType(
    {"fifo": lot_kernel.FIFO, "lifo": lot_kernel.LIFO, "hifo": lot_kernel.HIFO}
)


class AverageCost:
    """Average price, unchanged by reducing fills; continues where its last call ended.

    Attributes
    ----------
    state : ndarray of shape (n_books,), dtype `COST`
        What it remembers of each book.
    totals : ndarray of shape (n_totals,), dtype `TOTAL`
        P&L of each account's strategy in each currency.
    """

    def __init__(self) -> None:
        self.state = new_cost_state(0)
        self.totals = np.zeros(0, TOTAL)

    def apply(self, fills: Fills, moves: Moves, books: npt.NDArray[np.void]) -> Costs:
        """Run over fills in canonical order."""
        self.state = _grown(self.state, new_cost_state(len(books) - len(self.state)))
        costs = new_costs(len(fills.book))
        kernel.average_cost(fills, moves, books, self.state, costs)
        return costs

    def total(
        self, fills: Fills, costs: Costs, books: npt.NDArray[np.void]
    ) -> npt.NDArray[np.float64]:
        """Sum up what `apply` answered; give the P&L of the fill's total up to each fill."""
        return _cumulative(self, fills, costs, books)


class LotCost:
    """First in, last in, or highest cost first; continues where its last call ended.

    Parameters
    ----------
    method : {"fifo", "lifo", "hifo"}
        Which of the open lots an exit closes first. The highest cost is the lot with the
        least to gain: the highest price of a long position, the lowest of a short one.

    Attributes
    ----------
    state, totals : ndarray
        As of `AverageCost`.
    matches : Matches
        Pairs of entry and exit of the last call.
    """

    def __init__(self, method: str) -> None:
        self.state = new_cost_state(0)
        self.totals = np.zeros(0, TOTAL)
        self.matches = new_matches(0, 0)
        self._method = _LOT_METHODS[method]
        self._lots = new_lots(0)

    def apply(self, fills: Fills, moves: Moves, books: npt.NDArray[np.void]) -> Costs:
        """Run over fills in canonical order."""
        self.state = _grown(self.state, new_cost_state(len(books) - len(self.state)))
        count = len(fills.book)
        costs, matches = new_costs(count), new_matches(count, int(self._lots.open[0]))
        self._lots = _with_room(self._lots, count)
        lot_kernel.lot_cost(
            fills, moves, books, self.state, self._lots, matches, costs, self._method
        )
        found = int(matches.matched[0])
        self.matches = Matches(
            matches.entry[:found], matches.exit[:found], matches.quantity[:found], matches.matched
        )
        return costs

    def total(
        self, fills: Fills, costs: Costs, books: npt.NDArray[np.void]
    ) -> npt.NDArray[np.float64]:
        """Sum up what `apply` answered; give the P&L of the fill's total up to each fill."""
        return _cumulative(self, fills, costs, books)


CostMethod: TypeAlias = AverageCost | LotCost


def cost_method(method: str) -> CostMethod:
    """Return a new cost method by its name.

    Raises
    ------
    InvalidArgumentError
        When there is no method of that name.
    """
    if method == "average":
        return AverageCost()
    if method in _LOT_METHODS:
        return LotCost(method)
    raise InvalidArgumentError(f"method must be one of {get_args(Method)}, was {method!r}")


def _cumulative(
    method: CostMethod, fills: Fills, costs: Costs, books: npt.NDArray[np.void]
) -> npt.NDArray[np.float64]:
    count = int(books["total"].max(initial=-1)) + 1
    missing = max(count - len(method.totals), 0)  # sums of forgotten books stay
    method.totals = _grown(method.totals, np.zeros(missing, TOTAL))
    cumulative = np.empty(len(fills.book))
    kernel.follow_totals(fills, costs.realized, books, method.state, method.totals, cumulative)
    return cumulative


def _grown(known: npt.NDArray[np.void], more: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    return np.concatenate([known, more]) if len(more) else known


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
    other = np.concatenate([lots.other, more.other])
    return Lots(entry, price, opened, quantity, following, other, np.array([size]), lots.open)
