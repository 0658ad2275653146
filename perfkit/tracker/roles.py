"""Roles: what a tracker asks of a market and of a labeler.

Anything that answers so may be given in place of the tracker's own
`perfkit.market.MarketState` and `perfkit.labels.LabelGenerator`.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Integers: TypeAlias = npt.NDArray[np.int64]
    Closes: TypeAlias = tuple[Integers, Integers, Integers, npt.NDArray[np.float64]]

__all__ = ["OWN", "Labeler", "Market", "Own"]


class Own(Enum):
    """Stands for the role that a tracker makes for itself when none is given."""

    OWN = "the tracker's own"


OWN: Final = Own.OWN


class Market(Protocol):
    """Whoever knows what the market was like."""

    def on_bars(self, bars: pa.Table) -> object:
        """Take bars with the columns of `Bar`, in the order of their close times.

        Bars that were taken before are delivered again when a history is opened.
        """

    def on_splits(self, splits: pa.Table) -> object:
        """Take splits with the columns of `SplitRecord`, in any order.

        Each account tells of its own. Those that were taken before are delivered again
        when a history is opened.
        """

    def forget_splits(self, splits: pa.Table) -> object:
        """Take back splits that could not be recorded, as if they had never been told."""

    def on_news(self, events: pa.Table) -> object:
        """Take news with the columns of `NewsEvent`, in any order.

        News that was taken before is delivered again when a history is opened.
        """

    def contexts(self, symbols: pa.Array, times: pa.Array) -> pa.Table:
        """Give a `MarketContext` row for each symbol at each time."""

    def closes_between(self, symbols: Sequence[str], start: int, stop: int) -> Closes:
        """Give each symbol's last close at ``start`` and those that follow up to ``stop``.

        Four columns: the place of the symbol, from when the close counts, when its bar
        closed, and the close, NaN from when it is too old to value a position at. Those
        of a symbol stand in the order of time. Times are microseconds since 1970, UTC.
        """


class Labeler(Protocol):
    """Whoever names what can be said of a trade at execution."""

    def generate(self, trades: pa.Table, context: pa.Table) -> pa.Array:
        """Give a list of labels for each trade.

        ``trades`` has the columns of `Fill` and those that `Ledger.apply`
        answers; ``context`` those of `MarketContext`, row for row.
        """
