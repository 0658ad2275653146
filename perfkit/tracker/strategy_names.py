"""Strategy names: what a desk calls a strategy, and the identifier that its rows carry.

Any word or enum is a name. One that can't be an identifier gets one that is read from
it, and the name itself is written beside every order, so that it comes back as given.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from perfkit.errors import InvalidArgumentError
from perfkit.records.identifiers import identifier
from perfkit.records.rules import Text

if TYPE_CHECKING:
    from perfkit.store import TradeStore

__all__ = ["Strategy", "StrategyNames", "strategy_name", "written"]

Strategy: TypeAlias = str | Enum

_MADE = r"(^|-)[0-9a-f]{8}$"  # how an identifier ends that was made from a name


def strategy_name(strategy: Strategy) -> str:
    """Name a strategy: a word as it is, an enum by its value, or its name if that is no word.

    Raises
    ------
    InvalidArgumentError
        When it is no word, or none that can be written on one line.

    Examples
    --------
    >>> from enum import Enum
    >>> class Kind(Enum):
    ...     NUCLEAR = "nuclear"
    ...     TECL = 2
    >>> strategy_name(Kind.NUCLEAR), strategy_name(Kind.TECL), strategy_name("KLM")
    ('nuclear', 'TECL', 'KLM')
    """
    name: object = strategy
    if isinstance(strategy, Enum):
        name = strategy.value if isinstance(strategy.value, str) else strategy.name
    return written("strategy", name, "give its name, or an enum member")


def written(field: str, value: object, remedy: str) -> str:
    """Check that something is a word that can be written on one line.

    Raises
    ------
    InvalidArgumentError
        Naming the field, what it must be, what it was, and the remedy.
    """
    rule = Text()
    if isinstance(value, str) and rule.accepts(value):
        return str(value)
    raise InvalidArgumentError(f"{field} must {rule.requirement}, was {value!r}; {remedy}")


class StrategyNames:
    """The names behind the identifiers of one history.

    Parameters
    ----------
    store : TradeStore
        Where orders were recorded by name.
    """

    def __init__(self, store: TradeStore) -> None:
        self._store = store
        self._names: dict[str, str] | None = None

    def identify(self, strategy: Strategy) -> str:
        """Give the identifier of a strategy, and remember its name."""
        name = strategy_name(strategy)
        strategy_id = identifier(name)
        if strategy_id != name:
            self._known()[strategy_id] = name
        return strategy_id

    def name(self, strategy_id: str) -> str:
        """Give the name behind an identifier; the identifier where there is none."""
        return self._known().get(strategy_id, strategy_id)

    def _known(self) -> dict[str, str]:
        if self._names is None:
            rows = self._store.read(
                "trades",
                where=pl.col("strategy_id").str.contains(_MADE) & pl.col("source").is_not_null(),
                columns=["strategy_id", "source"],
            )
            pairs = rows.group_by(["strategy_id", "source"]).aggregate([]).to_pylist()
            # the hash tells a name from any other source
            self._names = {
                pair["strategy_id"]: pair["source"]
                for pair in pairs
                if identifier(pair["source"]) == pair["strategy_id"]
            }
        return self._names
