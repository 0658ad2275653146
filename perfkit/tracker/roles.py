"""Roles: what a tracker asks of a market and of a labeler.

Anything that answers so may be given: `perfkit.market.MarketState`,
`perfkit.labels.LabelGenerator`, or the desk's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Labeler", "Market"]


class Market(Protocol):
    """Whoever knows what the market was like."""

    def on_bars(self, bars: pa.Table) -> object:
        """Take bars with the columns of `Bar`, in the order of their close times.

        Bars that were taken before are delivered again when a history is opened.
        """

    def contexts(self, symbols: pa.Array, times: pa.Array) -> pa.Table:
        """Give a `MarketContext` row for each symbol at each time."""


class Labeler(Protocol):
    """Whoever names what can be said of a trade at execution."""

    def generate(self, trades: pa.Table, context: pa.Table) -> pa.Array:
        """Give a list of labels for each trade.

        ``trades`` has the columns of `Fill` and those that `Ledger.apply`
        answers; ``context`` those of `MarketContext`, row for row.
        """
