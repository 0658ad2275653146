"""The state of a ledger as plain names and arrays, to be kept and taken up again.

What a ledger remembers between two batches is small: one record a book and cost
method, one a sum. Put back into a new ledger, it goes on as if it had seen all fills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.ledger.books import Books
from perfkit.ledger.cost import AverageCost
from perfkit.ledger.state import BOOK, COST, TOTAL

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from perfkit.ledger.cost import CostMethod, Method

__all__ = ["LedgerState", "average_cost", "forget_owners", "restored", "state_of"]


class LedgerState(NamedTuple):
    """What a ledger at average cost remembers.

    Attributes
    ----------
    names : dict of str to list
        What JSON can hold: keys of books and sums, currencies, fees without a rate.
    arrays : dict of str to ndarray
        Records of books, costs and sums, without Python objects.
    """

    names: dict[str, Any]
    arrays: dict[str, npt.NDArray[np.void]]


def average_cost(costs: Mapping[Method, CostMethod]) -> AverageCost:
    """Give the one method of a ledger whose state can be kept.

    Raises
    ------
    InvalidArgumentError
        When it keeps lots, or several methods.
    """
    method = costs.get("average")
    if len(costs) > 1 or not isinstance(method, AverageCost):
        raise InvalidArgumentError(
            f"the method of a ledger whose state is kept must be 'average', was {list(costs)}; "
            "lots are built again from the fills"
        )
    return method


def state_of(books: Books, cost: AverageCost) -> LedgerState:
    """Copy the state out of the books."""
    names = {
        "books": list(books.keys),
        "totals": list(books.totals),
        "currencies": list(books.currencies),
        "unconverted": [[*owner, sorted(paid)] for owner, paid in books.unconverted.items()],
        "fills": books.fills,
    }
    arrays = {"books": books.state, "costs": cost.state, "totals": cost.totals}
    return LedgerState(names, {name: values.copy() for name, values in arrays.items()})


def restored(state: LedgerState) -> tuple[Books, AverageCost]:
    """Build books and cost from a state.

    Raises
    ------
    InvalidArgumentError
        When it is not one that `state_of` gave.
    """
    names, arrays = state
    for name, kind in (("books", BOOK), ("costs", COST), ("totals", TOTAL)):
        if arrays[name].dtype != kind:
            raise InvalidArgumentError(
                f"the state of a ledger must have {name} of {kind}, had {arrays[name].dtype}; "
                "build the books again from the fills"
            )
    books, cost = Books(), AverageCost()
    books.keys = {(a, s, y): number for number, (a, s, y) in enumerate(names["books"])}
    books.totals = {(a, s, c): number for number, (a, s, c) in enumerate(names["totals"])}
    books.currencies = list(names["currencies"])
    books.unconverted = {(a, s): set(paid) for a, s, paid in names["unconverted"]}
    books.fills = names["fills"]
    books.state, cost.state = arrays["books"].copy(), arrays["costs"].copy()
    cost.totals = arrays["totals"].copy()
    return books, cost


def forget_owners(books: Books, cost: AverageCost, owners: Collection[tuple[str, str]]) -> None:
    """Drop the books and sums of some accounts' strategies, as if they had never traded."""
    is_kept = np.array([key[:2] not in owners for key in books.keys], np.bool_)
    books.keep(is_kept)
    cost.state = cost.state[is_kept]
    for (account, strategy, _), number in books.totals.items():
        if (account, strategy) in owners and number < len(cost.totals):
            cost.totals[number] = 0.0
    for owner in owners:
        books.unconverted.pop(owner, None)
