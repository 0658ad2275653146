"""A mandate: the capital that one strategy runs in one account."""

from __future__ import annotations

import math
from dataclasses import dataclass

from perfkit.errors import InvalidArgumentError
from perfkit.execution.strategies import Strategy
from perfkit.records.rules import Identifier

__all__ = ["Mandate"]

# leaves room for the date and the number in an order id of 62 characters
_LONGEST_STRATEGY = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """Capital that one strategy runs in one account.

    Attributes
    ----------
    account_id : str
        Where it trades.
    strategy : Strategy
        What decides; its id has at most 45 characters.
    capital : float
        Deposit at the start, in the account currency, above zero.
    pays_out : bool
        Whether gains leave at each year's last close, so that every year starts
        with at most the first capital; otherwise they stay and compound.

    Raises
    ------
    InvalidArgumentError
        When an id or the capital is out of bounds.
    """

    account_id: str
    strategy: Strategy
    capital: float
    pays_out: bool = False

    def __post_init__(self) -> None:
        rule = Identifier()
        strategy_id = self.strategy.strategy_id
        for name, value in (("account_id", self.account_id), ("strategy_id", strategy_id)):
            if not rule.accepts(value):
                raise InvalidArgumentError(
                    f"mandate: {name} must {rule.requirement}, was {value!r}; {rule.remedy}"
                )
        if len(strategy_id) > _LONGEST_STRATEGY:
            raise InvalidArgumentError(
                f"mandate: strategy_id must have at most {_LONGEST_STRATEGY} characters, "
                f"was {strategy_id!r}; orders carry it in their ids, so shorten it"
            )
        if not (math.isfinite(self.capital) and self.capital > 0):
            raise InvalidArgumentError(
                f"mandate: capital must be a finite number > 0, was {self.capital!r}; "
                "give what the strategy starts with"
            )
