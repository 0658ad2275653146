"""Corrections: which strategies hang together, because a record of one corrects another's.

A correction may move a trade into another strategy. Whoever counts one of the
two anew must then count both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

if TYPE_CHECKING:
    import pyarrow as pa

    from perfkit.tracker.facts import RecordedFacts

__all__ = ["Corrections"]

Owner = tuple[str, str]


class Corrections:
    """Corrections and busts that were recorded so far.

    Parameters
    ----------
    source : RecordedFacts
        Where they, and what they correct, are found.
    """

    def __init__(self, source: RecordedFacts) -> None:
        self._source = source
        self._groups: list[set[Owner]] = []
        self.add(source.corrections())

    def add(self, fills: pa.Table) -> None:
        """Take recorded fills, of which only corrections and busts are looked at."""
        for pair in self._pairs(fills):
            self._join(pair)

    def touched(self, fills: pa.Table) -> set[Owner]:
        """Name the accounts' strategies whose past new fills correct."""
        return self.together(set().union(*self._pairs(fills)))

    def together(self, owners: set[Owner]) -> set[Owner]:
        """Add to some accounts' strategies all that hang together with them."""
        return owners.union(*(group for group in self._groups if group & owners))

    def _pairs(self, fills: pa.Table) -> list[set[Owner]]:
        """Give for each correction its own owner, and that of what it corrects."""
        if fills.column("original_trade_id").null_count == fills.num_rows:
            return []  # as nearly always
        later = fills.filter(pc.not_equal(fills.column("record_type"), "new"))
        keys = _columns(later, ("account_id", "strategy_id", "original_trade_id"))
        found = self._source.fills_named({(account, original) for account, _, original in keys})
        names = ("account_id", "trade_id", "strategy_id")
        strategy_of = {
            (account, trade): strategy
            for account, trade, strategy in (*_columns(found, names), *_columns(fills, names))
        }
        return [
            {(account, strategy), (account, strategy_of[account, original])}
            for account, strategy, original in keys
        ]

    def _join(self, owners: set[Owner]) -> None:
        if len(owners) > 1:
            owners = self.together(owners)
            self._groups = [group for group in self._groups if not group & owners] + [owners]


def _columns(table: pa.Table, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))
